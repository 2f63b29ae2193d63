"""Lagging reads: reads that show a table and its indexes as they were some seconds ago.

On AWS, an eventually consistent read may show an old state, and so may every read of a global
index. A test asks for that with the control `consistency`. A consistent read, a transaction and the
condition of a write still see the newest state.

A table that lags has a *lag log*. Each write of an item stores in it what the item and each changed
entry of an index were before (*original*), with the time of the change. The value of a key at a
time T is the original in the key's first record after T, or the current value if there is no such
record. So a read looks only at the records of the keys that it reads. Tables that do not lag have
no log.

A log begins when the lag is set: a read of an earlier time shows the state at the beginning. Each
write also deletes a few records that are older than the lag, so a log does not grow.

    1B u32 log, 01, escape(key), u64 microseconds, u32 number    original of the key
    1B u32 log, 02, u64 microseconds, u32 number                 the key

| file | job |
|---|---|
| `setting.py` | what a test has asked for, and the time that a read shows |
| `log.py` | the writing side: follows the writes of a table |
| `past.py` | a read transaction that shows a log's table at a time |

The cost, measured without HTTP: a PutItem into a table with one index takes twice as long as
without a lag, and a GetItem two to three times as long. A page also reads the records of its keys.
"""
