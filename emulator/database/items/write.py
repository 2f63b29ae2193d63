"""The write path: the only code that changes an item.

A write has two steps. First, `prepare` of a requested write (items/requested.py) reads the old
item, tests the condition and computes the new item. Then `store` writes the item's row, and calls
the table's followers (schema/followers.py) to write the records that depend on the item. Both steps
run in the caller's transaction.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from emulator import errors
from emulator.database.items.entries import entry_changes
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput.capacity import Consumed, write_units
from emulator.database.throughput.enforcement import EntryWrite
from emulator.values.rows import row_size
from emulator.values.types import Item
from storage import WriteTxn

_EMPTY: Final = bytes(4)  # stands for the row of a missing item: `row_size(_EMPTY)` is 0


def store(txn: WriteTxn, table: Table, change: Change, *, times: int = 1) -> Consumed:
    """Write a change and the records that depend on its item. Return the units consumed.

    times: the factor by which the units of the table are multiplied: 2 in a transaction. The units
    of indexes are not multiplied. If a precondition (schema/followers.py) or the table's throughput
    refuses the change, `store` raises ApiError and writes nothing.
    """
    old_row, new_row = change.old_row, change.new_row
    old_size = 0 if old_row is None else row_size(old_row)
    new_size = 0 if new_row is None else row_size(new_row)
    if table.billing is None:
        consumed = Consumed(times * write_units(old_size, new_size))
    else:
        consumed = Consumed(times * write_units(*table.billing.sizes(change, old_size, new_size)))
    if old_row == new_row:
        charge(table, change.key, consumed, change.new)
        for follower in table.rewrites:
            follower.follow(txn, change)
        return consumed
    change.size = new_size - old_size
    if table.billing is not None:
        consumed.vector_indexes = table.billing.by_index(change)
    if table.indexes:
        if not change.entries:  # for large items, `ahead.forget_items` has computed the entries
            change.entries = entry_changes(table, change)
        for entry in change.entries:
            if entry.units:
                arms = consumed.local_indexes if entry.index.local else consumed.global_indexes
                arms[entry.index.name] = entry.units
    for precondition in table.preconditions:
        precondition.check(txn, change)
    if table.enforcement is not None and not change.expired:
        charge(table, change.key, consumed, change.new or change.old_item(), change)
    if new_row is None:
        txn.delete(change.key)
    else:
        txn.put(change.key, new_row)
    for follower in table.followers:
        follower.follow(txn, change)
    return consumed


def load(txn: WriteTxn, table: Table, change: Change) -> None:
    """Write a change of background work, such as a restore, without charging or refusing it.

    Even an item collection above the size limit is allowed, because the source of a restore may
    have one.
    """
    change.size = row_size(change.new_row or _EMPTY) - row_size(change.old_row or _EMPTY)
    if not change.entries:
        change.entries = entry_changes(table, change)
    for precondition in table.preconditions:
        with suppress(errors.ApiError):
            precondition.check(txn, change)
    if change.new_row is None:
        txn.delete(change.key)
    else:
        txn.put(change.key, change.new_row)
    for follower in table.followers:
        follower.follow(txn, change)


def replicate(txn: WriteTxn, table: Table, change: Change, *, waits: bool) -> None:
    """Write a change that was made in another region of a global table, and charge it.

    The change costs as many units as the write in the other region (control-plane 6.5).

    waits: what happens if the table's enforced throughput is used up. With True, `replicate` raises
    ApiError and writes nothing, because the caller can repeat the write later. With False, the
    change is written.
    """
    if table.enforcement is not None:
        change.entries = entry_changes(table, change)
        _charge_replicated(table, change, waits=waits)
    load(txn, table, change)


def _charge_replicated(table: Table, change: Change, *, waits: bool) -> None:
    assert table.enforcement is not None, "a table without an Enforcement must not be charged"
    sizes = row_size(change.old_row or _EMPTY), row_size(change.new_row or _EMPTY)
    if table.billing is not None:
        sizes = table.billing.sizes(change, *sizes)
    consumed = Consumed(write_units(*sizes))
    for entry in change.entries:
        if entry.units:
            arms = consumed.local_indexes if entry.index.local else consumed.global_indexes
            arms[entry.index.name] = entry.units
    item = change.new or change.old_item()
    entries = list(_entry_writes(change, item))
    table.enforcement.replicate(keyspace.partition_of(change.key), consumed, item, entries, waits=waits)


def charge(table: Table, key: bytes, consumed: Consumed, item: Item | None, change: Change | None = None) -> None:
    """Charge a write, if the table's throughput is enforced or its writes are counted.

    Raises ApiError if the throughput refuses the write.

    item: the item, or at least its key attributes; None if there is no item.
    change: the change of the item. Its writes to global indexes are charged too. None if the write
    leaves the item as it is.
    """
    if table.enforcement is None:
        return
    entries = [] if change is None else list(_entry_writes(change, item))
    table.enforcement.write(keyspace.partition_of(key), consumed, item, entries)


def _entry_writes(change: Change, item: Item | None) -> Iterator[EntryWrite]:
    """Yield the writes to entries of global indexes that follow from a change of an item.

    item: the item after the change. If a deletion has left no item, it is the old item.
    """
    for each in change.entries:
        if not each.index.is_global:
            continue
        if each.old_key is not None:
            yield EntryWrite(each.index.name, keyspace.partition_of(each.old_key), each.old_units, change.old)
        if each.new_key is not None:
            yield EntryWrite(each.index.name, keyspace.partition_of(each.new_key), each.new_units, item)
