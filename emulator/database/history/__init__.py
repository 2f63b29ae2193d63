"""Recovery: the items of a table as they were at an earlier time, backups, and restores.

While recovery of a table is on, the table has a *history* (`changes/history.py`): the row before
each change of an item. The row of an item at any time T is the row in its first record after T. If
the item has no record after T, it is the current row. Enabling recovery copies no data. Writes to a
table without recovery do no additional work.

Later writes, trimming of the history, deletion of the table and restarts must not change what a
reader sees. So a reader opens a frozen view (`database/views/`) of the items and of the history.
The view shows both as they were when it was opened. So T must be earlier than its opening.

    views = database.views                              # before the transaction
    with database.registries.changing() as change:
        past = past_items.open_past(views, change, table.definition, at)    # `at` None: now
    ...                                                 # store past.view, the number to find it by
    with database.read() as txn:
        past = past_items.find(views, txn, number)
        rows, after = past_items.page(views, txn, past, b"", 500, MIB)      # `after` None: the end
    with database.registries.changing() as change:
        past_items.close(views, change, past)

Similarly, an incremental export reads the changes in a window of time: `differences.page` returns
each changed item as it was before the window and at its end.

A *backup* is a frozen view of the current items, and the table's definition. A *restore* creates a
table and fills it from a frozen view, in slices (`jobs/filling.py`). The followers of the new table
(`schema/followers.py`) see each item, so indexes, counts and collections are right.

Stream records of a table with recovery do not contain old and new images: they refer to the history
(`changes/record.py`). While such streams exist, the history also stores the row after each change.
So each row is stored once, however many streams and Kinesis destinations the table has. When
recovery is disabled or the table is deleted, the history is closed. It is kept for one more day if
stream records refer to it. When recovery is enabled again, a new history begins.

| file | job |
|---|---|
| `past_items.py` | the items of a table at a time, in slices |
| `differences.py` | the items that changed in a window of time, in slices |
| `backups.py` | backups: making, finding, deleting, expiry |
| `restores.py` | the source from which a restored table is filled |

The window of a table is in `definitions/recovery.py`. `changes/histories.py` opens, closes and
trims histories.

The cost of recovery, measured without HTTP. The times are those of a PutItem that replaces an item
of 200 bytes. The bytes are what each such write adds to the store.

| table                                 | in memory | on disk | bytes |
|---------------------------------------|-----------|---------|-------|
| neither recovery nor stream           | 8.7 us    | 10.0 us | 0     |
| recovery                              | 14.7 us   | 14.1 us | 308   |
| stream of NEW_AND_OLD_IMAGES          | 13.8 us   | 16.3 us | 851   |
| recovery and stream                   | 19.4 us   | 21.5 us | 931   |

With items of 1 KB, the bytes in the last three rows are 1,108, 2,452 and 2,532. CreateBackup takes
0.1 ms for a million items. A restore writes 150,000 items a second into a table without indexes,
and 60,000 into one with an index, in slices of 2 to 3 ms.
"""
