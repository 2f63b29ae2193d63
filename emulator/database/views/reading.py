"""Reads of frozen views, through layers: the originals of one or more views, then the live values.

The value of a key is that of the first layer that has the key. The layers of older views come
first, and the live values last.
"""

from collections.abc import Iterator, Sequence
from heapq import merge

from emulator.database.store.keyspace import ITEM_PREFIX
from emulator.database.views.recording import original_of, value_of
from emulator.slices import COPIED_IN_STEP, portion
from storage import ReadTxn

Pair = tuple[bytes, bytes]

Slice = tuple[list[Pair], bytes | None]
"""Pairs of key and value in the order of the keys; the last key visited, or None at the end."""


def page(
    txn: ReadTxn, layers: Sequence[bytes], start: bytes, stop: bytes, limit: int, room: int = COPIED_IN_STEP
) -> Slice:
    """Return the pairs of the first keys with start <= key < stop: `limit`, or fewer large ones.

    layers: prefixes of originals. room: a page ends with the value with which it has so many bytes.
    A key that was absent counts too, so that one page never visits more keys than `limit`. So a
    page may have fewer pairs than `limit`, although others follow.
    """
    written = [layer for layer in layers if txn.page(layer + start, layer + stop, 1)[0]]
    if not written:
        pairs, more = portion(txn.scan(start, stop), limit, room)
        return pairs, pairs[-1][0] if more else None
    live = ((key, original_of(value)) for key, value in txn.scan(start, stop))
    walks = [*(originals(txn, layer, start, stop) for layer in written), live]
    visited, more = portion(merged(walks), limit, room)
    pairs = [(key, value) for key, original in visited if (value := value_of(original)) is not None]
    return pairs, visited[-1][0] if more else None


def get(txn: ReadTxn, layers: Sequence[bytes], key: bytes) -> bytes | None:
    """Return the value of a key, None if it is absent."""
    for layer in layers:
        original = txn.get(layer + key)
        if original is not None:
            return value_of(original)
    return txn.get(key)


def merged(walks: Sequence[Iterator[Pair]]) -> Iterator[Pair]:
    """Merge walks of ordered keys.

    If several walks have the same key, yield the first walk's pair.
    """
    if len(walks) == 1:
        yield from walks[0]
        return
    last = None
    for key, _, original in merge(*(_ranked(rank, walk) for rank, walk in enumerate(walks))):
        if key != last:
            last = key
            yield key, original


def _ranked(rank: int, walk: Iterator[Pair]) -> Iterator[tuple[bytes, int, bytes]]:
    return ((key, rank, original) for key, original in walk)


def originals(txn: ReadTxn, layer: bytes, start: bytes, stop: bytes) -> Iterator[Pair]:
    """Yield the originals of one view, each with the key whose value it keeps."""
    return ((key[ITEM_PREFIX:], original) for key, original in txn.scan(layer + start, layer + stop))
