"""Tables on a storage engine: what is stored, how items change, and what happens as time passes.

Each package or module imports only those above it in this table (`tests/test_architecture.py`
verifies this):

| name | what is in it |
|---|---|
| `store` | storage keys, ids, registries of definitions, versions of the registries, deletions |
| `views` | frozen views: key ranges as they were at one commit, while writes go on |
| `definitions` | what is stored about tables, indexes, streams and Kinesis destinations; ARNs |
| `throughput` | capacity units; enforcement of limits of tables and partitions; counts of keys |
| `schema` | the compiled `Table` and `Index`; what each write calls (followers); descriptions |
| `items` | reading and writing items; only `write.store` changes items and what depends on them |
| `changes` | stream records and change logs, their shards, and the queue of expiry times |
| `vectors` | vector indexes in memory, and searching them |
| `lagging` | reads that show an earlier state, if a test asks for that |
| `catalog` | which tables exist, which tenants own them, and their statuses |
| `entrances` | the methods through which other packages call the database |
| `database` | the class `Database`, with which operations reach everything in this package |
| `s3_jobs` | which exports, imports and bulk operations exist, and their progress |
| `transactions`, `tokens` | writes of which all happen or none; client tokens of past requests |
| `jobs` | long work on tables in slices: filling an index or a TTL queue, deleting expired items |
| `history` | backups, restores, and reading tables as they were at earlier times |
| `events` | what happens next as the emulator's clock goes on |
| `snapshots` | restoring parts of the store to an earlier state, or emptying them |
| `soundness` | verifies that the records of a copied store fit together |
"""
