"""Computes and writes the changes of index entries that follow from a change of an item."""

from emulator.database.schema.followers import Change, EntryChange
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.throughput.capacity import entry_units
from emulator.values.rows import row_size
from storage import WriteTxn


class Entries:
    """Writes the index entries of a table's items at each change of an item (a follower).

    `items.write.store` computes the changes of the entries before it calls the followers.
    """

    __slots__ = ()

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Write the changes of index entries that are in `change.entries`."""
        for entry in change.entries:
            if entry.old_key is not None:
                txn.delete(entry.old_key)
            if entry.new_key is not None:
                txn.put(entry.new_key, entry.new_row)


def entry_changes(table: Table, change: Change) -> list[EntryChange]:
    """Return one entry change for each secondary index, in the order of `table.indexes`."""
    return [_entry_change(index, change) for index in table.indexes]


def _entry_change(index: Index, change: Change) -> EntryChange:
    """Return the entry change of one index that follows from a change of an item.

    The entry change has no keys if the entry stays the same, or if a backfill will add the item
    later.
    """
    entry = EntryChange(index)
    if not index.covers(change.key):
        return entry
    old, new = change.old_item(), change.new
    new_key = None if new is None else index.key(new, change.key)
    if old is None:
        old_key = None
    # Comparing the attributes of the old and the new item is cheaper than computing the old entry's
    # key: on a table with two indexes, a write is a sixth faster.
    elif new is not None and index.same_key(old, new):
        old_key = new_key
    else:
        old_key = index.key(old, change.key)
    old_row = b"" if old_key is None else index.row(old, change.old_row)  # type: ignore[arg-type]
    new_row = b"" if new_key is None else index.row(new, change.new_row)  # type: ignore[arg-type]
    if old_key == new_key and old_row == new_row:
        return entry
    if old_key is not None:
        entry.count -= 1
        entry.size -= row_size(old_row)
    if new_key is not None:
        entry.count += 1
        entry.size += row_size(new_row)
        entry.new_key, entry.new_row = new_key, new_row
        entry.new_units = entry_units(max(row_size(new_row), row_size(old_row) if old_key == new_key else 0))
    if old_key is not None and old_key != new_key:
        entry.old_key = old_key
        entry.old_units = entry_units(row_size(old_row))
    return entry
