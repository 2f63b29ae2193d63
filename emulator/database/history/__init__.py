"""Recovery: the items of a table as they were at an earlier time, backups, and restores.

While recovery of a table is on, the table has a *history* (`changes/history.py`): for each change
of an item, the row before the change. That is enough to go back: at a time T, an item was what its
first record after T says it was before, or what it is now if there is no record after T. Nothing
is copied when recovery is enabled, and a table without recovery has no follower more.

A reader must not be disturbed by later writes, by the trimming of the history, by the deletion of
the table, or by a restart. So it opens a frozen view (`database/views/`) of the items and of the
history. The view keeps them as they were when it was opened, and T lies before that.

    views = database.views                              # before the transaction
    with database.registries.changing() as change:
        past = past_items.open_past(views, change, table.definition, at)    # at None: now
    ...                                                 # store past.view, the number to find it by
    with database.read() as txn:
        past = past_items.find(views, txn, number)
        rows, after = past_items.page(views, txn, past, b"", 500)           # after None: no more
    with database.registries.changing() as change:
        past_items.close(views, change, past)

An incremental export reads what changed in a window of time in the same way: `differences.page`
gives each changed item before and at the end of the window.

| file | job |
|---|---|
| `past_items.py` | the items of a table at a time, in slices |
| `differences.py` | what changed in a window of time, in slices |

The window of a table is in `definitions/recovery.py`.
"""
