"""The number and the total size of the items in each table, and of the entries in its indexes.

Each table has one record, which the transaction of each write updates. The record is a sequence of
pairs (count, bytes) of big-endian u64: first the pair of the table, then one pair for each index,
in the order of the table's definition. An index that was added after the last write has no pair in
the record yet. A missing pair counts as zeros.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from emulator.database.schema.followers import Change
from storage import ReadTxn, WriteTxn

_PAIR: Final = 16
_ONE: Final = Struct(">2Q")
_structs: Final[dict[int, Struct]] = {}


class Statistics:
    """Updates the stored counts and sizes of items and index entries at each change of an item.

    The class is a follower, for a table with secondary indexes.

    key: the storage key of the record with the counts and sizes.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Update the counts and sizes of items and index entries after a change of an item."""
        add(txn, self._key, [(change.count, change.size), *((entry.count, entry.size) for entry in change.entries)])


class PlainStatistics(Statistics):
    """Updates the stored count and total size of a table's items at each change of an item.

    The class is a follower, for a table without secondary indexes. Its `follow` takes a third of
    the time of the general function, `add`.
    """

    __slots__ = ()

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Update the stored count and total size of the table's items after a change of an item."""
        count = (change.new_row is not None) - (change.old_row is not None)
        if count or change.size:
            stored = _stored(txn, self._key, _ONE)
            before, bytes_before = _ONE.unpack_from(stored)
            txn.put(self._key, _ONE.pack(before + count, bytes_before + change.size))


def _struct(numbers: int) -> Struct:
    struct = _structs.get(numbers)
    if struct is None:
        struct = _structs[numbers] = Struct(f">{numbers}Q")
    return struct


def read(txn: ReadTxn, key: bytes, pairs: int) -> list[tuple[int, int]]:
    """Return pairs (number of items or entries, bytes): for the table, then for each index.

    key: the storage key of the record with the table's statistics.
    pairs: the number of indexes plus one.
    """
    stored = (txn.get(key) or b"").ljust(pairs * _PAIR, b"\0")
    numbers = _struct(2 * pairs).unpack_from(stored)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def add(txn: WriteTxn, key: bytes, deltas: Sequence[tuple[int, int]]) -> None:
    """Add to the stored counts and sizes of a table and its indexes.

    key: the storage key of the record with these statistics.
    deltas: pairs (count, bytes) to add: first the pair of the table, then a pair for each index.
    """
    if not any(map(any, deltas)):
        return
    packing = _struct(2 * len(deltas))
    numbers = packing.unpack_from(_stored(txn, key, packing))
    flat = [number for pair in deltas for number in pair]
    txn.put(key, packing.pack(*map(int.__add__, numbers, flat)))


def _stored(txn: ReadTxn, key: bytes, packing: Struct) -> bytes:
    stored = txn.get(key)
    if stored is None or len(stored) != packing.size:
        return (stored or b"").ljust(packing.size, b"\0")
    return stored
