"""Output of commands on a terminal: attribute values, stream records, colours."""
