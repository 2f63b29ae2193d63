"""Decodes compressed requests, and compresses responses (behaviour 1.1, 1.2)."""

import gzip
import re
import zlib
from typing import Final

from emulator import errors, limits

MOST_INFLATED: Final = 1_032  # the maximum number of bytes to which one byte of compressed data can inflate

# A gzip body has one or more members. zlib gets each member in pieces (`_inflate` says why).
_PIECE: Final = 1 << 16  # of the first gzip member: the size of its first piece, in bytes
_NEXT_PIECE: Final = 1 << 6  # of each later gzip member: the size of its first piece, in bytes
# The maximum number of gzip members in a body. A body of 16 MB with members of the usual 64 KB has
# 256 members.
_MOST_MEMBERS: Final = 1_000
# The maximum size in bytes of a compressed body is twice its inflated size plus this number.
_SPARE: Final = 1 << 16
_CODINGS: Final = ("gzip", "deflate")
_QUALITY: Final = re.compile("q=([^;]*)")


class TooLarge(Exception):
    """The decoded body is larger than a request may be."""


def decoded(body: bytes, coding: bytes) -> bytes:
    """Return a request body after undoing its Content-Encoding.

    Raises TooLarge if the result is larger than a request may be. For an unknown coding or broken
    data, raises InternalServerError, as the service does.
    """
    coding = coding.strip().lower()
    if coding in (b"", b"identity"):
        return body
    try:
        if coding == b"gzip":
            return _inflate(body, 16 + zlib.MAX_WBITS)
        if coding == b"deflate":
            try:
                return _inflate(body, zlib.MAX_WBITS)
            # Some clients send the deflated stream without zlib's header and checksum.
            except zlib.error:
                return _inflate(body, -zlib.MAX_WBITS)
    except (zlib.error, EOFError):
        pass
    raise errors.internal_server_error()


def _inflate(body: bytes, bits: int) -> bytes:
    """Inflate all compressed members of a body.

    Raises TooLarge if the result is larger than a request may be, and zlib.error or EOFError for a
    broken body. bits: tells zlib the format of the body.

    A gzip body may consist of several members, which are inflated one after another. A body counts
    as broken if it has more than 1,000 members, or if it is larger than 64 KiB + 2 * its inflated
    size. No compressor writes such bodies. Without these limits, 16 MB of empty members took 7 s.

    At the end of a member, zlib copies the rest of its input. With the whole body as input, it
    would copy the rest of the body once for each small member. So zlib gets the body in pieces. The
    size of the pieces doubles until the member ends.
    """
    if not body:  # an empty body has no gzip member, so it is broken (behaviour 1.1)
        raise EOFError
    out = bytearray()
    rest = memoryview(body)
    size = _PIECE
    members = 0
    while rest:
        members += 1
        if members > _MOST_MEMBERS:
            raise zlib.error("the body has too many compressed members")
        member = zlib.decompressobj(bits)
        while not member.eof:
            if not rest:
                raise EOFError
            piece = rest[:size]
            out += member.decompress(piece, limits.REQUEST_BODY + 1 - len(out))
            if len(out) > limits.REQUEST_BODY:
                raise TooLarge
            rest = rest[len(piece) - len(member.unused_data) :]
            if len(body) - len(rest) > 2 * len(out) + _SPARE:
                raise zlib.error("the body has too many bytes that decompress to nothing")
            size *= 2
        size = _NEXT_PIECE
    return bytes(out)


def chosen(accept: bytes) -> str | None:
    """Return the coding for an answer, "gzip" or "deflate", or None for neither (behaviour 1.2).

    accept: the value of Accept-Encoding.

    The coding with the higher quality wins. `*` gives the quality of a coding that the value does
    not name. At equal quality, a named coding wins against a coding that is not named, and the
    first of two named codings wins.
    """
    named: dict[str, float] = {}
    others = 0.0
    for element in accept.decode("latin-1").lower().split(","):
        name, quality = element.partition(";")[0].strip(), _quality(element)
        if name == "*":
            others = max(others, quality)
        elif name in _CODINGS:
            named[name] = max(named.get(name, 0.0), quality)
    ranked = named | {name: others for name in _CODINGS if name not in named}
    # `max` returns the first coding if both have the same quality.
    best = max(ranked, key=lambda name: ranked[name])
    return best if ranked[best] > 0 else None


def _quality(element: str) -> float:
    """Return the quality of an element of Accept-Encoding: its first `q=`, but at most 1.

    Without a `q=`, or if its value is not a number, the quality is 1.
    """
    found = _QUALITY.search(element)
    try:
        quality = float(found[1]) if found else 1.0
    except ValueError:
        return 1.0
    return min(quality, 1.0) if quality == quality else 1.0  # noqa: PLR0124 - NaN is not a number


def encoded(body: bytes, coding: str) -> bytes:
    """Return a response body compressed with gzip or deflate."""
    return gzip.compress(body, 1, mtime=0) if coding == "gzip" else zlib.compress(body, 1)
