"""Reading and writing items, and what changes with each write of an item.

In the order in which to read the files:

| file | job |
|---|---|
| `requested.py` | the writes that requests ask for: Put, Update, Delete and Check |
| `write.py` | the only code that changes an item; it calls the followers of the table |
| `ahead.py` | prepares writes of large items before their transaction |
| `index_keys.py` | checks the values that a write gives to attributes of indexes |
| `entries.py`, `vectors.py` | followers: index entries, entries of vector indexes |
| `statistics.py`, `collections.py` | followers: counts and sizes of tables and item collections |
| `ranges.py`, `partitions.py` | the ranges of keys of a Query, and of a partition |
| `read.py` | pages of Query and Scan, and the cost of a read |
"""
