"""Keys longer than LMDB allows, kept in exact order: many long keys share one record, a bucket.

LMDB keys end at 511 bytes. A key of at most LONGEST bytes is its own LMDB key in the main table. A longer one is cut
after LONGEST bytes: the *head* is the key of a bucket in a second LMDB table, the *rest* stands inside the bucket:

    bucket   = entry*                                    sorted by rest, each rest once, never empty
    entry    = u32 length of rest | u32 length of value | rest | value             (big-endian)

Why order holds. Let H be a head (exactly LONGEST bytes) and k any other short key. If k <= H, k sorts before all of
H's long keys; if k > H, the two differ within k's length (k is at most as long as H), so k sorts after all of them.
The keys of a bucket are therefore neighbours in the whole order, directly after the short key H where it exists, and
different heads of the same length compare as their keys do. Two tables mean no marker byte is needed and a walk of
the main table meets no bucket.

Changing a bucket rewrites it: linear in the bucket, because more than a handful of keys sharing their first 495 bytes
is not expected of any application.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable

from storage.errors import Corrupted

LONGEST = 495
"""Length in bytes of the longest key stored as it is, and of every head."""

_LENGTHS = struct.Struct(">II")

Entry = tuple[bytes, bytes]


def bound(key: bytes) -> bytes:
    """Return the LMDB key that splits both tables where key splits the whole order.

    No short key lies between a long key and its head, so the split moves to directly after the head.
    """
    return key[:LONGEST] + b"\x00" if len(key) > LONGEST else key


def entries(bucket: bytes) -> list[Entry]:
    """Decode a bucket to its (rest, value) pairs in order. Raises Corrupted."""
    found: list[Entry] = []
    offset, end = 0, len(bucket)
    try:
        while offset < end:
            rest_length, value_length = _LENGTHS.unpack_from(bucket, offset)
            middle = offset + 8 + rest_length
            found.append((bucket[offset + 8 : middle], bucket[middle : middle + value_length]))
            offset = middle + value_length
    except struct.error as error:
        raise Corrupted("A record of long keys ends in the middle of an entry.") from error
    if offset != end:
        raise Corrupted("A record of long keys is shorter than its entries say.")
    return found


def pack(found: Iterable[Entry]) -> bytes:
    """Encode (rest, value) pairs, given in order, as a bucket."""
    return b"".join([part for rest, value in found for part in (_LENGTHS.pack(len(rest), len(value)), rest, value)])


def find(bucket: bytes | None, rest: bytes) -> bytes | None:
    """Return the value of rest in a bucket, or None."""
    return None if bucket is None else dict(entries(bucket)).get(rest)


def changed(bucket: bytes | None, rest: bytes, value: bytes | None) -> bytes:
    """Return the bucket with rest set to value, or without rest when value is None (empty bytes: nothing is left)."""
    found = entries(bucket) if bucket else []
    place = bisect_left(found, (rest,))
    there = place < len(found) and found[place][0] == rest
    found[place : place + there] = [] if value is None else [(rest, value)]
    return pack(found)
