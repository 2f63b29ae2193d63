"""Stream records, change logs and their readers, histories, replication and TTL queues.

The files, in the order in which to read them:

| file | job |
|---|---|
| `record.py` | the bytes of a stream record |
| `log.py`, `reader.py` | writing the records of one stream; reading them |
| `streams.py` | all streams: opening, closing, shards and their rollover, deletion |
| `consumer.py`, `backlog.py` | readers that store their positions; counting the records not done |
| `history.py`, `histories.py` | the history of one table; the histories of all tables |
| `replicas.py` | versions of items in groups, and the log of writes to send to other regions |
| `strong_replicas.py` | replication with strong consistency, which needs no log |
| `ttl_queue.py` | the queue of the items that expire, sorted by time |
"""
