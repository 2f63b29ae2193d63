r"""Pieces of keys that preserve order: joined keys sort as the tuples of their pieces.

    piece     bytes                                              compares as
    u32       4 bytes, big-endian                                number, 0 .. 2**32 - 1
    u64       8 bytes, big-endian                                number, 0 .. 2**64 - 1
    escape    data with 00 replaced by 00 FF, then 00 01         byte string of any length
    (fixed)   a digest or a tag byte, unchanged                  byte string of one fixed length

Every piece has a fixed length or marks its own end, so pieces can be joined: escape(a) + x <
escape(b) + y whenever a < b. The terminator 00 01 sorts before an escaped zero 00 FF and before
every other byte. So b"a" comes before b"a\x00", which comes before b"ab". FoundationDB's tuple
layer works in the same way, but ends a piece with 00. Here the end is 00 01, so that no piece is a
prefix of another.

    escape(b"")        00 01
    escape(b"a")       61 00 01
    escape(b"a\x00b")  61 00 FF 62 00 01
"""

from struct import Struct

_U32 = Struct(">I")
_U64 = Struct(">Q")
_END = b"\x00\x01"
_ZERO = b"\x00\xff"

LAST = b"\xff" * 4096
"""Sorts after every key: no key attribute has more than 2048 bytes, and no key only FF bytes."""

u32 = _U32.pack
"""Encode 0 .. 2**32 - 1 as 4 bytes. Raises struct.error for other numbers."""

u64 = _U64.pack
"""Encode 0 .. 2**64 - 1 as 8 bytes. Raises struct.error for other numbers."""


def escape(data: bytes) -> bytes:
    """Encode a byte string of any length as a piece that can stand anywhere in a key."""
    if b"\x00" in data:
        return data.replace(b"\x00", _ZERO) + _END
    return data + _END


def unescape(data: bytes, offset: int = 0) -> tuple[bytes, int]:
    """Decode the escaped piece at `offset`; return its data and the offset after the piece.

    Raises ValueError if there is no complete piece at the offset.
    """
    start, zero = offset, data.find(b"\x00", offset)
    while data[zero : zero + 2] == _ZERO:
        zero = data.find(b"\x00", zero + 2)
    if zero < 0 or data[zero : zero + 2] != _END:
        raise ValueError(f"the escaped piece at offset {start} has no end")
    return data[start:zero].replace(_ZERO, b"\x00"), zero + 2


def prefix_end(prefix: bytes) -> bytes:
    """Return the smallest key that sorts after all keys with a prefix.

    The result is LAST if the prefix is empty or has only FF bytes.
    """
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes((stem[-1] + 1,)) if stem else LAST
