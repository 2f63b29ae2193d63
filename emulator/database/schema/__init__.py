"""Tables and indexes compiled from their definitions, what follows their writes, and how clients see them."""
