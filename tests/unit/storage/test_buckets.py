"""The format of bucket records (storage/disk/buckets.py), whole and damaged."""

import pytest

from storage import Corrupted
from storage.disk.buckets import LONGEST, bound, changed, find, pack, pairs

TWO = b"\0\0\0\1\0\0\0\2" + b"a" + b"xy" + b"\0\0\0\2\0\0\0\0" + b"bb"


def test_format() -> None:
    assert pack([(b"a", b"xy"), (b"bb", b"")]) == TWO
    assert pairs(TWO) == [(b"a", b"xy"), (b"bb", b"")]
    assert pairs(b"") == []


@pytest.mark.parametrize(
    ("tail", "value", "expected"),
    [
        (b"a", b"new", [(b"a", b"new"), (b"bb", b"")]),
        (b"0", b"new", [(b"0", b"new"), (b"a", b"xy"), (b"bb", b"")]),
        (b"b", b"new", [(b"a", b"xy"), (b"b", b"new"), (b"bb", b"")]),
        (b"c", b"new", [(b"a", b"xy"), (b"bb", b""), (b"c", b"new")]),
        (b"bb", None, [(b"a", b"xy")]),
        (b"c", None, [(b"a", b"xy"), (b"bb", b"")]),
    ],
)
def test_changed(tail: bytes, value: bytes | None, expected: list[tuple[bytes, bytes]]) -> None:
    assert pairs(changed(TWO, tail, value)) == expected


def test_first_and_last_pair() -> None:
    one = changed(None, b"r", b"v")
    assert pairs(one) == [(b"r", b"v")]
    assert changed(one, b"r", None) == b""


def test_find() -> None:
    assert (find(TWO, b"bb"), find(TWO, b"b"), find(None, b"bb")) == (b"", None, None)


@pytest.mark.parametrize(
    ("bucket", "message"),
    [
        (TWO[:-1], "A record with long keys is damaged: it is shorter than its length fields say."),
        (TWO[:14], "A record with long keys is damaged: it ends in the middle of a pair."),
    ],
)
def test_damage(bucket: bytes, message: str) -> None:
    with pytest.raises(Corrupted) as caught:
        pairs(bucket)
    assert str(caught.value) == message


def test_bound() -> None:
    head = b"h" * LONGEST
    assert bound(head) == head
    assert bound(head + b"r") == bound(head + b"zzz") == head + b"\0"
