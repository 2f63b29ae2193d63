"""Long work on tables, in slices of background work, while the server answers requests.

| file | job |
|---|---|
| `walk.py` | visits all items of a table; the files of the next row use it |
| `backfill.py`, `vector_fill.py`, `ttl_fill.py` | fill a new index, vector index or TTL queue |
| `ttl_sweep.py` | deletes expired items |
| `pacing.py` | limits how fast new indexes are filled, if a test requests it |
| `filling.py` | fills the new table of a restore, or a new replica |
| `replica_fill.py` | the source from which a new replica is filled |
| `replication.py` | moves writes between the tables of a global table |
"""
