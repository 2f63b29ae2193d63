"""What outlives a write: stream records, change logs and their readers, histories, TTL queues.

In the order in which to read the files:

| file | job |
|---|---|
| `record.py` | the bytes of a stream record |
| `log.py`, `reader.py` | writing the records of one stream; reading them |
| `streams.py` | all streams: opening, closing, shards and their rollover, deletion |
| `consumer.py`, `backlog.py` | readers that store their position; how far they are behind |
| `history.py`, `histories.py` | the history of one table; the histories of all tables |
| `replicas.py` | what replication needs: the versions of items, and the writes to send |
| `strong_replicas.py` | replication with strong consistency, which needs no log |
| `ttl_queue.py` | the queue of expiry times |
"""
