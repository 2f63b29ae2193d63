"""What lies between definitions and the storage engine: keys, ids, versions, ranges that are being deleted."""
