"""Recovery: the items of a table as they were at an earlier time, backups, and restores.

While recovery of a table is on, the table has a *history* (`changes/history.py`). Each change of an
item adds a record that has the item's row before the change. So an item's row at a time T is the
row in the item's first record after T. If the item has no record after T, its row at T is its
current row. Enabling recovery copies no data. A table without recovery causes no additional work.

Later writes, trimming of the history, deletion of the table and restarts must not change what a
reader sees. So a reader opens a frozen view (`database/views/`) of the items and of the history.
The view shows the items and the history as they were when it was opened. So a reader cannot choose
a time T after the opening.

    views = database.views                              # before the transaction
    with database.registries.changing() as change:
        # at: the time T, or None for the current items
        past = past_items.open_past(views, change, table.definition, at)
        number = past.view  # store it in this transaction: it is needed to find `past` again
    with database.read() as txn:
        past = past_items.find(views, txn, number)
        # after: the `start` of the next page, or None if no item remains
        rows, after = past_items.page(views, txn, past, b"", 500, MIB)
    with database.registries.changing() as change:
        past_items.close(views, change, past)

Similarly, an incremental export reads the changes in a window of time: `differences.page` returns
each changed item as it was at the start and at the end of the window.

A *backup* consists of the table's definition and a frozen view of the table's items. A *restore*
creates a table and fills it from a frozen view, in slices (`jobs/filling.py`). The followers of the
new table (`schema/followers.py`) see each item, so indexes, counts and collections are right.

Stream records of a table with recovery do not contain old and new images: they refer to the history
(`changes/record.py`). While a stream needs new images, the history also stores the row after each
change. So each row is stored once, however many streams and Kinesis destinations the table has.
When recovery is disabled or the table is deleted, the history is closed. It is kept for one more
day if stream records refer to it. When recovery is enabled again, a new history begins.

| file | job |
|---|---|
| `past_items.py` | reads a table as it was at an earlier time, in slices |
| `differences.py` | reads the items that changed in a window of time, in slices |
| `backups.py` | makes, finds, deletes and expires backups |
| `restores.py` | the source from which a restored table is filled |

`definitions/recovery.py` computes the times to which a table can be restored.
`changes/histories.py` opens, closes and trims histories.

The next table shows what recovery costs, measured without HTTP. The times are those of a PutItem
that replaces an item of 200 bytes. The last column is how many bytes each such write adds to the
store.

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
