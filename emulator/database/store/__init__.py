"""The layer between database and storage engine: keys, ids, registries, versions, deletions."""
