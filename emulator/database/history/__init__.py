"""Recovery: the items of a table as they were at an earlier time, backups, and restores.

While recovery of a table is on, the table has a *history* (`changes/history.py`): the row before
each change of an item. This shows the table at any time T: the row of an item at T is the row in
its first record after T, or its current row if there is no record after T. Enabling recovery copies
no data, and a table without recovery has no additional follower.

Later writes, trimming of the history, deletion of the table and restarts must not change what a
reader sees. So a reader opens a frozen view (`database/views/`) of the items and of the history.
The view shows them as they were when it was opened, and T is before that time.

    views = database.views                              # before the transaction
    with database.registries.changing() as change:
        past = past_items.open_past(views, change, table.definition, at)    # at None: now
    ...                                                 # store past.view, the number to find it by
    with database.read() as txn:
        past = past_items.find(views, txn, number)
        rows, after = past_items.page(views, txn, past, b"", 500)           # after None: no more
    with database.registries.changing() as change:
        past_items.close(views, change, past)

In the same way, an incremental export reads the changes in a range of time: `differences.page`
returns each changed item as it was before and at the end of that range.

| file | job |
|---|---|
| `past_items.py` | the items of a table at an earlier time, in slices |
| `differences.py` | the changes in a range of time, in slices |

The window of a table is in `definitions/recovery.py`.
"""
