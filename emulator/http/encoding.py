"""Content codings of requests and responses (service-behaviour.md 1.1, 1.2)."""

import gzip
import zlib
from typing import Final

from emulator import errors, limits

_PIECE: Final = 1 << 16  # bytes of a body's first member that zlib gets first
_NEXT_PIECE: Final = 1 << 6  # of a further member at first
_MOST_MEMBERS: Final = 1_000  # of a body: 16 MB in the common pieces of 64 KB are 256
_SPARE: Final = 1 << 16  # bytes of a body that may inflate to nothing


class TooLarge(Exception):
    """The decoded body is larger than a request may be."""


def decoded(body: bytes, coding: bytes) -> bytes:
    """Return a request body without its Content-Encoding.

    Raises TooLarge, and the service's own InternalServerError for an unknown coding or broken data.
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
            except zlib.error:  # some clients send the bare stream, without zlib's frame
                return _inflate(body, -zlib.MAX_WBITS)
    except (zlib.error, EOFError):
        pass
    raise errors.internal_server_error()


def _inflate(body: bytes, bits: int) -> bytes:
    """Inflate all members of body, never holding more than a request may have. Raises zlib.error.

    A body of many members, or one that is twice as long as what it inflates to, is refused as broken: 16 MB of
    empty members took 7 s. No compressor writes such.

    zlib copies what comes behind the end of a member. So that many small ones do not have the rest of the body copied each
    time, it gets the body in pieces, which double in size while a member goes on.
    """
    out = bytearray()
    rest = memoryview(body)
    size = _PIECE
    members = 0
    while rest:
        members += 1
        if members > _MOST_MEMBERS:
            raise zlib.error("too many members")
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
                raise zlib.error("nothing but frames")
            size *= 2
        size = _NEXT_PIECE
    return bytes(out)


def chosen(accept: bytes) -> str | None:
    """Return gzip or deflate where the Accept-Encoding value allows it, the one it prefers; else None."""
    best, best_quality = None, 0.0
    for choice in accept.decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in choice.split(";"))
        quality = _quality(parameters)
        if name == "*":
            name = "gzip"
        if name in ("gzip", "deflate") and quality > best_quality:
            best, best_quality = name, quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def encoded(body: bytes, coding: str) -> bytes:
    """Return a response body compressed with gzip or deflate."""
    return gzip.compress(body, 1, mtime=0) if coding == "gzip" else zlib.compress(body, 1)
