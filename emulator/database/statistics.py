"""Live item counts and sizes: one record per table, kept by the write path in the write's own transaction.

The record is a row of big-endian u64 pairs (count, bytes): the table first, then its indexes in the order of the
definition. A record that is too short, because an index was added since, counts as filled up with zeros.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from storage import ReadTxn, WriteTxn

_PAIR: Final = 16
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
    count = len(deltas)
    stored = txn.get(key)
    packing = _struct(2 * count)
    if stored is None or len(stored) != packing.size:
        stored = (stored or b"").ljust(packing.size, b"\0")
    numbers = packing.unpack_from(stored)
    if count == 1:
        items, size = deltas[0]
        txn.put(key, packing.pack(numbers[0] + items, numbers[1] + size))
        return
    flat = [number for pair in deltas for number in pair]
    txn.put(key, packing.pack(*map(int.__add__, numbers, flat)))
