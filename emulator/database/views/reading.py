"""Reads frozen views as layers: the originals of one or more views, then the live values.

The value of a key comes from the first layer that has the key. The layers are ordered from the
oldest view to the newest view, and the live values are last.
"""

from collections.abc import Iterator, Sequence
from heapq import merge

from emulator.database.store.keyspace import ITEM_PREFIX
from emulator.database.views.recording import original_of, value_of
from emulator.slices import COPIED_IN_STEP, first_pairs
from storage import ReadTxn

Pair = tuple[bytes, bytes]

Slice = tuple[list[Pair], bytes | None]
"""The pairs of key and value of one page, in the order of the keys, and the last key visited.

The last key is None if the page reached the end.
"""


def page(
    txn: ReadTxn, layers: Sequence[bytes], start: bytes, stop: bytes, limit: int, room: int = COPIED_IN_STEP
) -> Slice:
    """Return the first pairs with start <= key < stop that a view shows.

    layers: `View.originals` (a prefix of storage keys) of each view to read, the oldest view first.
    limit: the maximum number of keys to visit. A key that is absent in the view counts too. So a
    page may have fewer pairs than `limit` although more pairs follow.
    room: the page ends as soon as its values together have this number of bytes or more.
    """
    written = [layer for layer in layers if txn.page(layer + start, layer + stop, 1)[0]]
    if not written:
        pairs, more = first_pairs(txn.scan(start, stop), limit, room)
        return pairs, pairs[-1][0] if more else None
    live = ((key, original_of(value)) for key, value in txn.scan(start, stop))
    scans = [*(originals(txn, layer, start, stop) for layer in written), live]
    visited, more = first_pairs(merged(scans), limit, room)
    pairs = [(key, value) for key, original in visited if (value := value_of(original)) is not None]
    return pairs, visited[-1][0] if more else None


def get(txn: ReadTxn, layers: Sequence[bytes], key: bytes) -> bytes | None:
    """Return the value of a key in a view, or None if the key is absent there.

    layers: `View.originals` (a prefix of storage keys) of each view to read, the oldest view first.
    """
    for layer in layers:
        original = txn.get(layer + key)
        if original is not None:
            return value_of(original)
    return txn.get(key)


def merged(scans: Sequence[Iterator[Pair]]) -> Iterator[Pair]:
    """Merge iterators that yield pairs in the order of their keys.

    If several iterators have the same key, yield only the pair of the first of these iterators.
    """
    if len(scans) == 1:
        yield from scans[0]
        return
    last = None
    for key, _, original in merge(*(_ranked(rank, scan) for rank, scan in enumerate(scans))):
        if key != last:
            last = key
            yield key, original


def _ranked(rank: int, scan: Iterator[Pair]) -> Iterator[tuple[bytes, int, bytes]]:
    return ((key, rank, original) for key, original in scan)


def originals(txn: ReadTxn, layer: bytes, start: bytes, stop: bytes) -> Iterator[Pair]:
    """Yield pairs of a key and its original in one view, for start <= key < stop.

    layer: the view's originals are stored under keys that begin with these bytes.
    """
    return ((key[ITEM_PREFIX:], original) for key, original in txn.scan(layer + start, layer + stop))
