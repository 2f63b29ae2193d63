"""Computes and writes the changes of a vector index's entries that follow from a change of an item.

Each vector index has a record for its numbers: how often its entries have changed, how many entries
it has, and sizes. So the record with the table's numbers (statistics.py) does not include vector
indexes. Another record is written for each change of an entry, and says which entry has changed. So
a process that has the vectors in memory reads only the entries that have changed
(database/vectors/).

An indexed vector is billed as four bytes for each dimension, and not as a list of numbers. This is
true for every item with a valid vector, even if the item has no entry (features 1.4).
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from emulator.database.items import statistics
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.schema.vector_changes import VectorChange, VectorChanges
from emulator.database.schema.vector_index import VectorIndex
from emulator.database.store import keyspace
from emulator.values.rows import decode_row, row_size
from emulator.values.size import item_size, utf8_size
from emulator.values.types import Item
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end

LEAST_BILLED: Final = 1024  # the minimum number of bytes billed for a write to a vector index (features 1.4)

_NUMBERS: Final = Struct(">5Q")


class Numbers(NamedTuple):
    """The stored counts and sizes of a vector index.

    changes: how often an entry was put or removed since the index was created. entries: the number
    of entries.
    size: the total size of the entries in bytes, with their projected attributes.
    vectors: the total size in bytes of the valid vectors of all items, with four bytes for each
    dimension. An item without an entry counts too. An item that the backfill has not visited yet
    does not count.
    lists: the total size in bytes of the same vectors as attribute values (lists of numbers).
    """

    changes: int = 0
    entries: int = 0
    size: int = 0
    vectors: int = 0
    lists: int = 0


_NONE: Final = Numbers()


def numbers(txn: ReadTxn, prefix: bytes) -> Numbers:
    """Return the stored `Numbers` of a vector index. All values are 0 if nothing is stored yet.

    prefix: the index's key prefix.
    """
    stored = txn.get(prefix)
    return _NONE if stored is None else Numbers(*_NUMBERS.unpack(stored))


class VectorEntries:
    """A follower that writes the entries of a table's vector indexes at each change of an item.

    It also computes billed sizes (`Billing` in schema/followers.py). indexes: the table's vector
    indexes.
    """

    __slots__ = ("_indexes",)

    def __init__(self, indexes: Sequence[VectorIndex]) -> None:
        self._indexes = indexes

    def sizes(self, change: Change, old_size: int, new_size: int) -> tuple[int, int]:
        """Return the billed sizes in bytes of the item before and after a change.

        old_size, new_size: the item's sizes in bytes before and after the change. values/size.py
        computes both, and counts a vector as a list of numbers.
        """
        changes = self._changes(change)
        return old_size - changes.old_unbilled, new_size - changes.new_unbilled

    def by_index(self, change: Change) -> dict[str, int]:
        """Return the bytes billed for the change in each index: name of a vector index -> bytes."""
        return {each.index.name: each.billed for each in self._changes(change).indexes if each.billed}

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Write the changed entries of vector indexes, and update the indexes' stored `Numbers`."""
        for each in self._changes(change).indexes:
            write(txn, each, change.key)

    def _changes(self, change: Change) -> VectorChanges:
        if change.vectors is None:
            change.vectors = vector_changes(self._indexes, change)
        return change.vectors


def vector_changes(indexes: Sequence[VectorIndex], change: Change) -> VectorChanges:
    """Return the changes that a change of an item makes in these vector indexes.

    The result also says how many bytes of the old and the new item are not billed.
    """
    old, new = change.old_item(), change.new
    changes = VectorChanges()
    vectors: dict[str, tuple[_Vector, _Vector]] = {}
    for index in indexes:
        if index.attribute not in vectors:
            before, after = _vector(index, old, change.old_row), _vector(index, new, change.new_row)
            vectors[index.attribute] = before, after
            changes.old_unbilled += before.list_size - before.size
            changes.new_unbilled += after.list_size - after.size
        if index.covers(change.key):
            before, after = vectors[index.attribute]
            changes.indexes.append(_index_change(index, old, before, new, after))
    return changes


def change_by_backfill(index: VectorIndex, row: bytes) -> VectorChange:
    """Return the change that a vector index's backfill makes for an item. row: the item's row."""
    item = decode_row(row)
    return _index_change(index, None, _NO_VECTOR, item, _vector(index, item, row))


def write(txn: WriteTxn, change: VectorChange, item_key: bytes) -> None:
    """Write a vector index's changed entry, a record of the change, and the new `Numbers`."""
    changed = change.old_entry != change.new_entry
    if not (changed or change.count or change.size or change.vectors or change.lists):
        return
    prefix, tail = change.index.prefix, keyspace.tail_of(item_key)
    before = numbers(txn, prefix)
    if changed:
        key = keyspace.vector_entry(prefix, tail)
        if change.new_entry is None:
            txn.delete(key)
        else:
            txn.put(key, change.new_entry)
        txn.put(keyspace.vector_change(prefix, before.changes), tail)
    after = (
        before.changes + changed,
        before.entries + change.count,
        before.size + change.size,
        before.vectors + change.vectors,
        before.lists + change.lists,
    )
    txn.put(prefix, _NUMBERS.pack(*after))


def counts(txn: ReadTxn, table: Table) -> Sequence[tuple[int, int]]:
    """Return pairs (number of items or entries, billed bytes).

    The first pair is for the table, then one for each index, then one for each vector index.
    """
    found = statistics.read(txn, table.statistics_key, len(table.indexes) + 1)
    if not table.vectors:
        return found
    by_index = [(index, numbers(txn, index.prefix)) for index in table.vectors]
    found += [(each.entries, each.size) for _, each in by_index]
    items, size = found[0]
    for attribute in {index.attribute for index in table.vectors}:
        # Several vector indexes may use the same attribute, but its vectors count only once. So
        # take the `Numbers` of one index: the index whose filling has visited the most items.
        most = max((each for index, each in by_index if index.attribute == attribute), key=lambda each: each.vectors)
        size += most.vectors - most.lists
    found[0] = items, size
    return found


def matches_items(txn: ReadTxn, table: Table, index: VectorIndex) -> bool:
    """Return True if a vector index has exactly the entries and numbers that follow from the items.

    `soundness.py` calls this.
    """
    entries: dict[bytes, bytes] = {}
    size = vectors = lists = 0
    for key, row in txn.scan(table.prefix, prefix_end(table.prefix)):
        if not index.covers(key):
            break
        change = change_by_backfill(index, row)
        size += change.size
        vectors += change.vectors
        lists += change.lists
        if change.new_entry is not None:
            entries[keyspace.vector_entry(index.prefix, keyspace.tail_of(key))] = change.new_entry
    prefix = keyspace.vector_entries(index.prefix)
    stored = numbers(txn, index.prefix)
    same = dict(txn.scan(prefix, prefix_end(prefix))) == entries
    return same and stored[1:] == (len(entries), size, vectors, lists)


class _Vector(NamedTuple):
    """The vector that an attribute of an item has.

    packed: the numbers as float32, or None if the item has no vector. size: the billed size, which
    is the length of `packed`. list_size: the size of the attribute value, a list of numbers.
    """

    packed: bytes | None
    size: int = 0
    list_size: int = 0


_NO_VECTOR: Final = _Vector(None)


def _vector(index: VectorIndex, item: Item | None, row: bytes | None) -> _Vector:
    """Return the vector that an item has in a vector index's attribute. row: the item's row."""
    packed = index.vector(item)
    if item is None or row is None or packed is None:
        return _NO_VECTOR
    # The size of the vector as a list of numbers is computed as the item's size minus the size of
    # the other attributes. Adding up the sizes of the numbers is slower: for 256 numbers, it takes
    # a third of the time of a write.
    others = item_size({name: value for name, value in item.items() if name != index.attribute})
    return _Vector(packed, len(packed), row_size(row) - others - utf8_size(index.attribute))


def _index_change(
    index: VectorIndex, old: Item | None, before: _Vector, new: Item | None, after: _Vector
) -> VectorChange:
    change = VectorChange(index, vectors=after.size - before.size, lists=after.list_size - before.list_size)
    old_size = new_size = 0
    if old is not None and before.packed is not None:
        change.old_entry = index.entry(old, before.packed)
    if new is not None and after.packed is not None:
        change.new_entry = index.entry(new, after.packed)
    if old is not None and change.old_entry is not None:
        old_size = index.entry_size(old)
        change.count -= 1
    if new is not None and change.new_entry is not None:
        new_size = index.entry_size(new)
        change.count += 1
    change.size = new_size - old_size
    both = old_size and new_size
    unchanged = change.old_entry == change.new_entry and (
        not both or (old is not None and new is not None and index.same_projection(old, new))
    )
    if not unchanged:
        change.billed = max(LEAST_BILLED, new_size or old_size)
    return change
