"""Keys longer than LMDB allows, in their right order: long keys with a common start share a bucket.

An LMDB key has at most 511 bytes. A key of at most LONGEST bytes is an LMDB key of the main table.
A longer key is cut after LONGEST bytes. The first part, its *head*, is the key of a bucket in a
second LMDB table. The second part, its *tail*, is inside the bucket:

    bucket   = pair+                                     sorted by tail; each tail once, none empty
    pair     = u32 length of tail | u32 length of value | tail | value             (big-endian)

Why the order is right: let H be a head (exactly LONGEST bytes) and k any short key. If k <= H, then
k sorts before all long keys of H. If k > H, some byte of k differs from H, because k is not longer
than H; so k sorts after all long keys of H. Therefore no other key sorts between the keys of a
bucket. They come directly after the short key H, if the store has that key. All heads have the same
length, so heads sort as the long keys that begin with them. Because buckets have a table of their
own, keys need no marker byte, and a walk of the main table finds no bucket.

A change rewrites the whole bucket, so its cost grows with the bucket. This is acceptable: we expect
no application to have more than a handful of keys that share their first 495 bytes.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable

from storage.errors import Corrupted

LONGEST = 495
"""The length in bytes of the longest key that is an LMDB key, and of every head."""

_LENGTHS = struct.Struct(">II")

Pair = tuple[bytes, bytes]


def bound(key: bytes) -> bytes:
    """Return the LMDB key at which a walk that starts or stops at `key` starts or stops.

    For a short key, it is the key itself. For a long key, it is the LMDB key directly after the
    head (the first 495 bytes): no short key lies between the two. A walk through the buckets starts
    at the head itself.
    """
    return key[:LONGEST] + b"\x00" if len(key) > LONGEST else key


def pairs(bucket: bytes) -> list[Pair]:
    """Decode a bucket to its (tail, value) pairs in order. Raises Corrupted."""
    found: list[Pair] = []
    offset, end = 0, len(bucket)
    try:
        while offset < end:
            tail_length, value_length = _LENGTHS.unpack_from(bucket, offset)
            middle = offset + 8 + tail_length
            found.append((bucket[offset + 8 : middle], bucket[middle : middle + value_length]))
            offset = middle + value_length
    except struct.error as error:
        raise Corrupted("A record of long keys ends in the middle of a pair.") from error
    if offset != end:
        raise Corrupted("A record of long keys is shorter than the lengths in it say.")
    return found


def pack(found: Iterable[Pair]) -> bytes:
    """Encode sorted (tail, value) pairs as a bucket."""
    return b"".join([part for tail, value in found for part in (_LENGTHS.pack(len(tail), len(value)), tail, value)])


def find(bucket: bytes | None, tail: bytes) -> bytes | None:
    """Return the value of a tail in a bucket, or None."""
    return None if bucket is None else dict(pairs(bucket)).get(tail)


def changed(bucket: bytes | None, tail: bytes, value: bytes | None) -> bytes:
    """Return the bucket after setting a tail to a value, or after removing the tail (None).

    The result is empty if no pair is left.
    """
    found = pairs(bucket) if bucket else []
    index = bisect_left(found, (tail,))
    there = index < len(found) and found[index][0] == tail
    found[index : index + there] = [] if value is None else [(tail, value)]
    return pack(found)
