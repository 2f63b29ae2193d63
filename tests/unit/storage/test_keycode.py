"""Composed keys must sort as the tuples from which they are made, and decode to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.keycode import LAST, escape, prefix_end, u32, u64, unescape
from tests.support.profile import profile

QUICK = profile(60)
DATA = st.binary(max_size=6) | st.lists(st.sampled_from([b"\x00", b"\x01", b"\xff", b"a"]), max_size=6).map(b"".join)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", b"\x00\x01"),
        (b"a", b"a\x00\x01"),
        (b"\x00", b"\x00\xff\x00\x01"),
        (b"a\x00b", b"a\x00\xffb\x00\x01"),
        (b"\x00\x01", b"\x00\xff\x01\x00\x01"),
        (b"\xff", b"\xff\x00\x01"),
    ],
)
def test_escape(data: bytes, expected: bytes) -> None:
    assert escape(data) == expected
    assert unescape(expected) == (data, len(expected))


@QUICK
@given(st.lists(st.tuples(DATA, DATA), max_size=8))
def test_pieces_sort_as_tuples(pairs: list[tuple[bytes, bytes]]) -> None:
    assert sorted(pairs, key=lambda pair: escape(pair[0]) + escape(pair[1])) == sorted(pairs)


@QUICK
@given(DATA, DATA, DATA)
def test_unescape_finds_its_own_end(before: bytes, data: bytes, after: bytes) -> None:
    key = before + escape(data) + after
    assert unescape(key, len(before)) == (data, len(key) - len(after))


@pytest.mark.parametrize("data", [b"", b"a", b"a\x00", b"a\x00\x02", b"\x00\xff", b"a\x00\xff\x00"])
def test_incomplete_piece(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the escaped piece at offset 0 has no end$"):
        unescape(data)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        (b"a", b"b"),
        (b"a\xff", b"b"),
        (b"a\xff\xffb\xff", b"a\xff\xffc"),
        (b"\x00", b"\x01"),
        (b"\xfe\xff", b"\xff"),
        (b"", LAST),
        (b"\xff", LAST),
        (b"\xff" * 600, LAST),
    ],
)
def test_prefix_end(prefix: bytes, expected: bytes) -> None:
    assert prefix_end(prefix) == expected


@QUICK
@given(DATA, DATA)
def test_prefix_end_splits(prefix: bytes, key: bytes) -> None:
    assert (prefix <= key < prefix_end(prefix)) == key.startswith(prefix)


def test_last_is_above_the_longest_keys() -> None:
    assert max(b"\xff" * 3000, LAST) == LAST


@pytest.mark.parametrize(
    ("number", "short", "long"), [(0, b"\0" * 4, b"\0" * 8), (258, b"\0\0\1\2", b"\0" * 6 + b"\1\2")]
)
def test_numbers(number: int, short: bytes, long: bytes) -> None:
    assert (u32(number), u64(number)) == (short, long)
