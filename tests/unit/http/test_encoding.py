"""Content codings (behaviour 1.1, 1.2): cases that are hard to test over HTTP."""

import gzip
import zlib

import pytest

from emulator.errors import ApiError
from emulator.http.front.encoding import TooLarge, chosen, decoded, encoded

MIB16 = 16 * 1024 * 1024


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (b"", None),
        (b"gzip", "gzip"),
        (b"GZip", "gzip"),
        (b"deflate", "deflate"),
        (b"*", "gzip"),
        (b"*;q=0", None),
        (b"identity, *;q=0.1", "gzip"),
        (b"gzip, deflate, br", "gzip"),
        (b"deflate, gzip", "deflate"),
        (b"gzip;q=0.5,deflate;q=0.6", "deflate"),
        (b"gzip;q=0.000", None),
        (b"gzip;q=x", "gzip"),
        (b"gzip;q=", "gzip"),
        (b"deflate;q=0.5,gzip;q=0.x", "gzip"),
        (b"gzip;q=0.9, deflate;q=nan", "deflate"),
        (b"gzip;q=31,deflate;q=51", "gzip"),
        (b"deflate;q=7, gzip;q=1", "deflate"),
        (b"gzip;q=-1", None),
        (b"gzip;nq=0;q=1", None),
        (b"gzip;q=0;q=1", None),
        (b"gzip; Q=0", None),
        (b"*, deflate", "deflate"),
        (b"*, gzip", "gzip"),
        (b"*, gzip;q=0.5", "deflate"),
        (b"*;q=0.5, gzip;q=0.5", "gzip"),
        (b"gzip;q=0, *", "deflate"),
        (b"gzip;q=0, deflate;q=0, *", None),
        (b"*;q=0.9, deflate;q=0.8", "gzip"),
        (b"deflate;q=0.5, gzip;q=0.4, *;q=1", "deflate"),
        (b"gzip;q=0.1, deflate;q=0.2, gzip;q=0.3", "gzip"),
        (b"gzip;level=9;q=0.3, deflate;q=0.2", "gzip"),
        (b"x-gzip", None),
        (b"\xff\xfe", None),
        (b",,;q=1,", None),
    ],
)
def test_chosen(accept, coding):
    assert chosen(accept) == coding


@pytest.mark.parametrize("body", [b"", b"x", bytes(range(256)) * 50])
def test_there_and_back(body):
    for coding in ("gzip", "deflate"):
        assert decoded(encoded(body, coding), coding.encode()) == body
    bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert decoded(bare.compress(body) + bare.flush(), b"deflate") == body


def test_the_same_body_is_encoded_the_same():
    assert encoded(b"x" * 5000, "gzip") == encoded(b"x" * 5000, "gzip")


def test_a_body_may_inflate_to_sixteen_megabytes():
    assert len(decoded(gzip.compress(bytes(MIB16), 1), b"gzip")) == MIB16
    halves = gzip.compress(bytes(MIB16 // 2), 1) * 2
    assert len(decoded(halves, b"gzip")) == MIB16
    for body in (gzip.compress(bytes(MIB16 + 1), 1), halves + gzip.compress(b"x", mtime=0)):
        with pytest.raises(TooLarge):
            decoded(body, b"gzip")


@pytest.mark.parametrize("member", [b"", b"x" * 300, bytes(range(256)) * 30])
def test_many_members_are_not_copied_again_and_again(monkeypatch, member):
    body = gzip.compress(member, mtime=0) * 1000
    fed = 0

    class Counted:
        def __init__(self, bits):
            self._member = zlib_decompressobj(bits)

        def __getattr__(self, name):
            return getattr(self._member, name)

        def decompress(self, data, most):
            nonlocal fed
            fed += len(data)
            return self._member.decompress(data, most)

    zlib_decompressobj = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", Counted)
    assert decoded(body, b"gzip") == member * 1000
    assert fed < 5 * len(body) + (1 << 16)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b"abc", mtime=0)[:-1], b"gzip"),
        (gzip.compress(b"abc", mtime=0) + b"\0", b"gzip"),
        (zlib.compress(b"abc"), b"gzip"),
        (gzip.compress(b"abc", mtime=0), b"deflate"),
        (zlib.compress(b"abc")[:-1], b"deflate"),
        (b"abc", b"compress"),
        (b"", b"gzip"),
        (b"", b"Deflate"),
        (b"", b"br"),
        (gzip.compress(b"abc", mtime=0), b"gzip, gzip"),
    ],
)
def test_broken_bodies(body, coding):
    with pytest.raises(ApiError) as caught:
        decoded(body, coding)
    assert (caught.value.code, caught.value.status) == ("InternalServerError", 500)


def bare(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


EMPTY_BLOCK = b"\0\0\0\xff\xff"  # a stored deflate block without data, and not the last block


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b"x", mtime=0) * 1001, b"gzip"),
        (zlib.compress(b"x") * 1001, b"deflate"),
        (bare(b"x") * 1001, b"deflate"),
        (gzip.compress(bytes(1000), mtime=0) * 1001, b"gzip"),
        (EMPTY_BLOCK * 20_000 + bare(b"{}"), b"deflate"),
        (gzip.compress(b"")[:10] + EMPTY_BLOCK * 20_000, b"gzip"),
        (gzip.compress(bytes(100_000), mtime=0) + gzip.compress(b"")[:10] + EMPTY_BLOCK * 80_000, b"gzip"),
    ],
)
def test_bodies_of_nothing_but_frames_are_broken(body, coding):
    with pytest.raises(ApiError) as caught:
        decoded(body, coding)
    assert caught.value.code == "InternalServerError"


def test_bodies_of_nothing_but_frames_are_not_read_to_their_end(monkeypatch):
    fed = []
    zlib_decompressobj = zlib.decompressobj

    class Counted:
        def __init__(self, bits):
            self._member = zlib_decompressobj(bits)

        def __getattr__(self, name):
            return getattr(self._member, name)

        def decompress(self, data, most):
            fed.append(len(data))
            return self._member.decompress(data, most)

    monkeypatch.setattr(zlib, "decompressobj", Counted)
    for body, coding in (
        (b"\x03\0" * 500_000, b"deflate"),
        (EMPTY_BLOCK * 200_000, b"deflate"),
        (gzip.compress(b"") * 50_000, b"gzip"),
    ):
        fed.clear()
        with pytest.raises(ApiError):
            decoded(body, coding)
        assert sum(fed) < len(body) / 2


def test_a_stream_that_is_flushed_often_is_whole():
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    pieces = [b'{"pk":{"S":"%d"}},' % number for number in range(20_000)]
    body = b"".join(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces) + packer.flush()
    assert decoded(body, b"gzip") == b"".join(pieces)
