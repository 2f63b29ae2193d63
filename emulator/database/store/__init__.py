"""Between the database and the storage engine: keys, ids, registries, versions, deletions."""
