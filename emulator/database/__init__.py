"""Tables on a storage engine: what is stored, how items change, and the clock by which tables live.

1. `database.Database` is what every operation gets: the catalog, transactions, background work.
2. `catalog.Catalog` finds a caller's `schema.Table`: a stored `definitions.TableDefinition`,
   compiled, with its indexes. `attachments` gives it a stream, change logs and a TTL queue.
3. `read` and `write` are the two paths of items. `write.store` alone changes an item, with its
   index entries, `statistics`, `collections`, `ttl` queue and `stream_log` in one transaction.
   `transactions` does several writes or none.
4. `keyspace` makes every storage key, and has the table of all kinds.
5. Long work runs in slices: `walk` (`backfill`, `ttl_fill`), `ttl_sweep`, `drops`.
6. `versions` keeps the compiled definitions of several processes the same.
"""
