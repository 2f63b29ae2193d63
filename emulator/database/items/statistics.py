"""Live item counts and sizes: one record per table, kept by the write path in the write's own transaction.

The record is a row of big-endian u64 pairs (count, bytes): the table first, then its indexes in the order of the
definition. A record that is too short, because an index was added since, counts as filled up with zeros.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from storage import ReadTxn, WriteTxn

_PAIR: Final = 16
_ONE: Final = Struct(">2Q")
_structs: Final[dict[int, Struct]] = {}


def _struct(numbers: int) -> Struct:
    found = _structs.get(numbers)
    if found is None:
        found = _structs[numbers] = Struct(f">{numbers}Q")
    return found


def read(txn: ReadTxn, key: bytes, pairs: int) -> list[tuple[int, int]]:
    """Return (count, bytes) of a table and its indexes."""
    stored = (txn.get(key) or b"").ljust(pairs * _PAIR, b"\0")
    numbers = _struct(2 * pairs).unpack_from(stored)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def add(txn: WriteTxn, key: bytes, deltas: Sequence[tuple[int, int]]) -> None:
    """Add (count, bytes) differences, one pair for the table and one for each index."""
    if not any(map(any, deltas)):
        return
    packing = _struct(2 * len(deltas))
    numbers = packing.unpack_from(_stored(txn, key, packing))
    flat = [number for pair in deltas for number in pair]
    txn.put(key, packing.pack(*map(int.__add__, numbers, flat)))


def add_one(txn: WriteTxn, key: bytes, count: int, size: int) -> None:
    """Do as `add` for a table without indexes."""
    if count or size:
        stored = _stored(txn, key, _ONE)
        before, bytes_before = _ONE.unpack_from(stored)
        txn.put(key, _ONE.pack(before + count, bytes_before + size))


def _stored(txn: ReadTxn, key: bytes, packing: Struct) -> bytes:
    stored = txn.get(key)
    if stored is None or len(stored) != packing.size:
        return (stored or b"").ljust(packing.size, b"\0")
    return stored
