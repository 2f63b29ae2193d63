"""Buckets: store keys that are longer than LMDB allows, and keep the order of all keys.

An LMDB key has at most 511 bytes. A *short* key has at most LONGEST bytes and is an LMDB key of the
main table. A longer key is cut after LONGEST bytes. The first part is its *head*, the rest is its
*tail*. All long keys with the same head share a *bucket*: a record in a second LMDB table, under
the head.

    bucket   = pair+                            sorted by tail; no tail is empty or occurs twice
    pair     = u32 length of tail | u32 length of value | tail | value             (big-endian)

This keeps the order of keys, because no other key sorts between the keys of a bucket. Proof: let H
be a head, which has exactly LONGEST bytes, and k a short key.

- If k <= H, then k sorts before all long keys with the head H.
- If k > H, some byte of k differs from H, because k is not longer than H. So k sorts after all long
  keys with the head H.
- All heads have the same length, so two buckets sort in the order of their heads.

Because buckets are in a second table, keys need no marker byte, and a scan of the main table finds
no bucket.

A change rewrites the whole bucket, so its cost grows with the bucket. This is acceptable: we expect
no application to have more than a handful of keys with the same first 495 bytes.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable

from storage.errors import Corrupted

LONGEST = 495
"""The maximum number of bytes of a short key, and the number of bytes of every head."""

_LENGTHS = struct.Struct(">II")

Pair = tuple[bytes, bytes]


def bound(key: bytes) -> bytes:
    """Convert a bound of a scan to the bound for the main table, which has the short keys.

    A short key is its own bound. The bound for a long key is its head (the first LONGEST bytes) and
    a zero byte, which sorts directly after the head: no short key sorts between the head and `key`.
    (A scan of the buckets must start at the head itself.)
    """
    return key[:LONGEST] + b"\x00" if len(key) > LONGEST else key


def pairs(bucket: bytes) -> list[Pair]:
    """Return the (tail, value) pairs of a bucket, sorted by tail.

    A tail is the end of a long key. Raises Corrupted if the bucket is damaged.
    """
    found: list[Pair] = []
    offset, end = 0, len(bucket)
    try:
        while offset < end:
            tail_length, value_length = _LENGTHS.unpack_from(bucket, offset)
            middle = offset + 8 + tail_length
            found.append((bucket[offset + 8 : middle], bucket[middle : middle + value_length]))
            offset = middle + value_length
    except struct.error as error:
        raise Corrupted("A record with long keys is damaged: it ends in the middle of a pair.") from error
    if offset != end:
        raise Corrupted("A record with long keys is damaged: it is shorter than its length fields say.")
    return found


def pack(found: Iterable[Pair]) -> bytes:
    """Return the bytes of a bucket. found: its (tail, value) pairs, in the order of the tails."""
    return b"".join([part for tail, value in found for part in (_LENGTHS.pack(len(tail), len(value)), tail, value)])


def find(bucket: bytes | None, tail: bytes) -> bytes | None:
    """Return the value of a tail (the end of a long key), or None if it is not in the bucket."""
    return None if bucket is None else dict(pairs(bucket)).get(tail)


def changed(bucket: bytes | None, tail: bytes, value: bytes | None) -> bytes:
    """Return a bucket after the value of one tail (the end of a long key) has changed.

    bucket: the old bucket, or None if there is none. value: the new value; None removes the tail.
    The result is b"" if the bucket has no pair left.
    """
    found = pairs(bucket) if bucket else []
    index = bisect_left(found, (tail,))
    there = index < len(found) and found[index][0] == tail
    found[index : index + there] = [] if value is None else [(tail, value)]
    return pack(found)
