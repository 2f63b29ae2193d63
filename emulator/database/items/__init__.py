"""Reading and writing items, and the records that change with each write of an item.

The files, in the order in which a newcomer should read them:

| file | job |
|---|---|
| `requested.py` | the writes that requests ask for: Put, Update, Delete and Check |
| `write.py` | the only code that changes an item; it calls the followers of the table |
| `ahead.py` | prepares writes of large items before their transaction |
| `index_keys.py` | checks the values that a write gives to attributes of indexes |
| `entries.py`, `vectors.py` | followers that write the entries of indexes and of vector indexes |
| `statistics.py` | the follower that keeps the count and total size of items and of index entries |
| `collections.py` | the follower that keeps the sizes of item collections |
| `ranges.py`, `partitions.py` | the ranges of keys of a Query, and of a partition |
| `read.py` | pages of Query and Scan, and the cost of a read |
"""
