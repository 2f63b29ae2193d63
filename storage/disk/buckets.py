"""Keys longer than LMDB allows, in exact order: long keys with the same beginning share a bucket.

An LMDB key has at most 511 bytes. A key of at most LONGEST bytes is an LMDB key of the main table.
A longer key is cut after LONGEST bytes. The first part, its *head*, is the key of a bucket in a
second LMDB table. The second part, its *tail*, is inside the bucket:

    bucket   = entry+                                    sorted by tail; each tail once, none empty
    entry    = u32 length of tail | u32 length of value | tail | value             (big-endian)

Why the order holds. Let H be a head (exactly LONGEST bytes) and k any short key. If k <= H, then k
sorts before all long keys of H. If k > H, the two differ within the length of k, because k is not
longer than H; so k sorts after all long keys of H. The keys of a bucket are therefore neighbours in
the whole order, directly after the short key H if the store has the key H. All heads have the same
length, so heads sort as the long keys that begin with them. With two tables, keys need no marker
byte, and a walk of the main table meets no bucket.

A change rewrites the whole bucket. Its cost grows with the bucket, which is acceptable: no
application is expected to have more than a handful of keys that share their first 495 bytes.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable

from storage.errors import Corrupted

LONGEST = 495
"""Bytes of the longest key that is an LMDB key, and of every head."""

_LENGTHS = struct.Struct(">II")

Entry = tuple[bytes, bytes]


def bound(key: bytes) -> bytes:
    """Return the LMDB key that cuts both tables where the given key cuts the whole order.

    A short key is returned unchanged. The cut for a long key is right after its head, because no
    short key lies between the two.
    """
    return key[:LONGEST] + b"\x00" if len(key) > LONGEST else key


def entries(bucket: bytes) -> list[Entry]:
    """Decode a bucket to its (tail, value) pairs in order. Raises Corrupted."""
    found: list[Entry] = []
    offset, end = 0, len(bucket)
    try:
        while offset < end:
            tail_length, value_length = _LENGTHS.unpack_from(bucket, offset)
            middle = offset + 8 + tail_length
            found.append((bucket[offset + 8 : middle], bucket[middle : middle + value_length]))
            offset = middle + value_length
    except struct.error as error:
        raise Corrupted("A record of long keys ends in the middle of an entry.") from error
    if offset != end:
        raise Corrupted("A record of long keys is shorter than its entries say.")
    return found


def pack(found: Iterable[Entry]) -> bytes:
    """Encode (tail, value) pairs, given in order, as a bucket."""
    return b"".join([part for tail, value in found for part in (_LENGTHS.pack(len(tail), len(value)), tail, value)])


def find(bucket: bytes | None, tail: bytes) -> bytes | None:
    """Return the value of a tail in a bucket, or None."""
    return None if bucket is None else dict(entries(bucket)).get(tail)


def changed(bucket: bytes | None, tail: bytes, value: bytes | None) -> bytes:
    """Return the bucket with a tail set to a value, or without the tail if the value is None.

    The result is empty if no entry is left.
    """
    found = entries(bucket) if bucket else []
    place = bisect_left(found, (tail,))
    there = place < len(found) and found[place][0] == tail
    found[place : place + there] = [] if value is None else [(tail, value)]
    return pack(found)
