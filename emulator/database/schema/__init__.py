"""Tables and indexes compiled from their definitions, the followers of writes, and descriptions."""
