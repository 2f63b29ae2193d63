"""The write path: the only code that changes an item.

A write has two halves. `prepare` of a requested write (items/requested.py) reads the old item,
tests the condition and computes the new item. `store` writes the item's row, and calls the table's
followers (schema/followers.py) to write the records that depend on the item. All this happens in
the caller's transaction.
"""

from collections.abc import Sequence

from emulator.database.items.entries import entry_changes
from emulator.database.schema.followers import Change, EntryChange
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput.capacity import Consumed, write_units
from emulator.values.rows import row_size
from storage import WriteTxn


def store(txn: WriteTxn, table: Table, change: Change, *, times: int = 1) -> Consumed:
    """Write a change and the records that depend on its item; return the units consumed.

    times: the factor for the table's own units, 2 in a transaction. If a precondition or an
    enforced limit refuses the change, this raises an error and writes nothing.
    """
    old_row, new_row = change.old_row, change.new_row
    old_size = 0 if old_row is None else row_size(old_row)
    new_size = 0 if new_row is None else row_size(new_row)
    consumed = Consumed(times * write_units(old_size, new_size))
    if old_row == new_row:
        charge(table, change.key, consumed)
        return consumed
    change.size = new_size - old_size
    if table.indexes:
        if not change.entries:  # they are already set if the write was prepared ahead (ahead.py)
            change.entries = entry_changes(table, change)
        for entry in change.entries:
            if entry.units:
                arms = consumed.local_indexes if entry.index.local else consumed.global_indexes
                arms[entry.index.name] = entry.units
    for precondition in table.preconditions:
        precondition.check(txn, change)
    if table.enforcement is not None and not change.expired:
        charge(table, change.key, consumed, change.entries)
    if new_row is None:
        txn.delete(change.key)
    else:
        txn.put(change.key, new_row)
    for follower in table.followers:
        follower.follow(txn, change)
    return consumed


def charge(table: Table, key: bytes, consumed: Consumed, changes: Sequence[EntryChange] = ()) -> None:
    """Charge a write to enforced throughput.

    Raises an error if the throughput refuses the write.
    """
    if table.enforcement is None or table.enforcement.throttle is None:
        return
    entries = [
        (change.index.name, keyspace.partition_of(entry), units)
        for change in changes
        if change.index.is_global
        for entry, units in ((change.old_key, change.old_units), (change.new_key, change.new_units))
        if entry is not None
    ]
    table.enforcement.throttle.write(keyspace.partition_of(key), consumed, entries)
