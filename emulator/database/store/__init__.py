"""The layer between the database and the storage engine.

The files, in the order in which a newcomer should read them:

| file | job |
|---|---|
| `keyspace.py` | the table of all storage keys |
| `registry.py` | holds stored definitions in memory, and changes them |
| `loading.py` | makes definitions from stored JSON |
| `versions.py` | notices that another process has changed definitions |
| `access.py` | begins transactions of the engine |
| `ids.py` | gives ids to tables, indexes and so on |
| `deletions.py` | deletes ranges of keys in slices |
"""
