"""Long work on tables, in slices: filling a new index or TTL queue, deleting expired items."""
