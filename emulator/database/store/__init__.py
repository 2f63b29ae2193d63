"""The layer between database and storage engine.

In the order in which to read the files:

| file | job |
|---|---|
| `keyspace.py` | the table of all storage keys |
| `registry.py`, `loading.py` | stored definitions that are held in memory; loading them from JSON |
| `versions.py` | notices changes of definitions by other processes |
| `access.py` | begins transactions of the engine |
| `ids.py`, `deletions.py` | numbers of tables and indexes; deleting ranges of keys in slices |
"""
