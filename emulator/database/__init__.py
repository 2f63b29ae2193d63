"""Tables on a storage engine: what is stored, how items change, and the clock by which tables live.

The rooms, each built on those above it only (`tests/test_architecture.py`):

| room | what is in it |
|---|---|
| `store` | storage keys, ids, registries of stored definitions, their versions, deletions |
| `definitions` | what is stored about tables, indexes, streams and Kinesis destinations; ARNs |
| `throughput` | capacity units, limits of tables and partitions, their enforcement |
| `schema` | the compiled `Table` and `Index`; what follows their writes; descriptions |
| `items` | reading and writing items; `write.store` alone changes an item and all that follows it |
| `changes` | stream records and change logs, their shards, and the queue of expiry times |
| `catalog` | which tables exist, for which tenant, in which state |
| `database`, `transactions`, `tokens` | what every operation gets; several writes or none |
| `jobs` | long work on tables in slices: filling an index or a TTL queue, deleting expired items |
"""
