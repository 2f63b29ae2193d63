r"""Encodes the pieces of a key. Keys sort by their first piece, then by the second, and so on.

    piece     bytes                                              sorts as
    u32       4 bytes, big-endian                                number, 0 .. 2**32 - 1
    u64       8 bytes, big-endian                                number, 0 .. 2**64 - 1
    escape    data with 00 replaced by 00 FF, then 00 01         byte string of any length
    (fixed)   a digest or a tag byte, unchanged                  byte string of one fixed length

Pieces can be joined, because each piece has a fixed length or an end mark: if a < b, then
escape(a) + x < escape(b) + y. The end mark 00 01 sorts before an escaped zero (00 FF) and before
every other byte. So b"a" sorts before b"a\x00", which sorts before b"ab". FoundationDB's tuple
layer works in the same way, but its end mark is 00. Here it is 00 01, so that no piece is a prefix
of another piece.

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
"""A byte string that sorts after all keys.

A key attribute has at most 2048 bytes, so the first 4096 bytes of a key are never all FF.
"""

u32 = _U32.pack
"""Encode a number from 0 to 2**32 - 1 as 4 bytes. Raises struct.error for other numbers."""

u64 = _U64.pack
"""Encode a number from 0 to 2**64 - 1 as 8 bytes. Raises struct.error for other numbers."""


def escape(data: bytes) -> bytes:
    """Encode a byte string of any length as a piece with an end mark."""
    if b"\x00" in data:
        return data.replace(b"\x00", _ZERO) + _END
    return data + _END


def unescape(data: bytes, offset: int = 0) -> tuple[bytes, int]:
    """Decode the piece at `offset`, which `escape` has made. Return (data, offset after the piece).

    Raises ValueError if there is no complete piece at the offset.
    """
    start, zero = offset, data.find(b"\x00", offset)
    while data[zero : zero + 2] == _ZERO:
        zero = data.find(b"\x00", zero + 2)
    if zero < 0 or data[zero : zero + 2] != _END:
        raise ValueError(f"the escaped piece at offset {start} has no end")
    return data[start:zero].replace(_ZERO, b"\x00"), zero + 2


def prefix_end(prefix: bytes) -> bytes:
    """Return the smallest byte string that sorts after all keys with a prefix.

    Return LAST if the prefix is empty or has only FF bytes.
    """
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes((stem[-1] + 1,)) if stem else LAST
