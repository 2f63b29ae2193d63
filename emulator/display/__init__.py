"""How commands show data on a terminal: attribute values, stream records, colours."""
