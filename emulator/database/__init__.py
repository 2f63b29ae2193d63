"""Tables on a storage engine: what is stored, how items change, and what happens as time passes.

Each package or module uses only those above it (`tests/test_architecture.py` verifies this):

| name | what is in it |
|---|---|
| `store` | storage keys, ids, registries of stored definitions, their versions, deletions |
| `views` | frozen views: key ranges as they were, while writes go on |
| `definitions` | what is stored about tables, indexes, streams and Kinesis destinations; ARNs |
| `throughput` | capacity units, limits of tables and partitions, their enforcement; counted keys |
| `schema` | the compiled `Table` and `Index`; the followers of writes; descriptions of tables |
| `items` | reading and writing items; only `write.store` changes items and what depends on them |
| `changes` | stream records and change logs, their shards, and the queue of expiry times |
| `vectors` | vector indexes in memory, and searching them |
| `lagging` | reads of an earlier state, as a test asks for them |
| `catalog` | which tables exist, which tenants own them, and their statuses |
| `entrances` | the methods through which other packages call the database |
| `database` | gives each operation the catalog, transactions and background work |
| `s3_jobs` | which exports, imports and bulk operations exist, and their progress |
| `transactions`, `tokens` | writes that all happen or none; requests that have already run |
| `jobs` | long work on tables in slices: filling an index or a TTL queue, deleting expired items |
| `history` | backups, restores, and tables at earlier times |
| `events` | the coming events of the clock |
| `snapshots` | restoring parts of the store to an earlier state, or emptying them |
| `soundness` | whether the records of a copied store fit together |
"""
