"""Long work on tables, in slices of background work, while the server answers requests.

| file | job |
|---|---|
| `walk.py` | visits all items of a table; the three files below it use it |
| `backfill.py`, `vector_fill.py`, `ttl_fill.py` | fill a new index, vector index or TTL queue |
| `ttl_sweep.py` | deletes expired items |
| `filling.py` | fills a new table from a source: a restore, an import, a replica |
| `replica_fill.py` | the source of a new replica |
| `replication.py` | moves writes between the tables of a global table |
"""
