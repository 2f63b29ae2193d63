"""Lagging reads: reads that show a table and its indexes as they were some seconds ago.

On AWS, an eventually consistent read may show an old state, and so may every read of a global
index. A test switches such reads on with the control `consistency`, which sets the *lag* of tables
in seconds. A consistent read, a transaction and the condition of a write still see the newest
state.

A table with a lag has a *lag log*. Each write of an item adds a record for the item and for each
changed entry of an index. The record has the time of the change and the *original*: the value that
the key had before the change, or a mark that the key was absent. The value that a key had at a time
T is the original in the key's first record after T. If there is no such record, the current value
is also the value at T. So a read needs only the records of the keys that it reads. Tables without a
lag have no log.

A table's log begins when its lag is set. If a read should show an older state, it shows the state
at the beginning of the log. Each write also deletes a few records that are older than the lag, so
the log does not grow without end.

The keys and values of a log in the store are, in the notation of store/keyspace.py:

    1B u32 log, 01, escape(key), u64 microseconds, u32 number    original of the key
    1B u32 log, 02, u64 microseconds, u32 number                 the key

| file | job |
|---|---|
| `setting.py` | the lag that a test has set, and the time that a read shows |
| `log.py` | writes the log: it follows the writes of a table |
| `past.py` | reads the log: a read transaction that shows a table at an earlier time |

The cost was measured without HTTP. With a lag, a PutItem into a table with one index takes twice as
long, and a GetItem takes two to three times as long. A Query or Scan also takes longer, because it
reads the records of all of its keys.
"""
