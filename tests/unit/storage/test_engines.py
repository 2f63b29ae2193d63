"""The contract of storage/engine.py, on every engine."""

import pytest

from storage import Closed, Engine
from storage.engine import ONE_WRITER
from storage.keycode import LAST, prefix_end

HEAD = b"h" * 495
SHORT = [b"\0", b"a", b"a\0", b"b", b"b" * 495, HEAD[:-1], HEAD, HEAD[:-1] + b"i", b"z", b"\xff", b"\xff" * 495]
LONG = [
    HEAD + b"\0",  # 496 bytes: the shortest long key
    HEAD + b"\0\0",
    HEAD + b"\1",
    HEAD + b"\1" * 16,  # 511 bytes: the longest key that LMDB accepts
    HEAD + b"\1" * 17,
    HEAD + b"h" * 529,  # 1024 bytes, the longest sort key
    HEAD + b"h" * 1553,  # 2048 bytes, the longest partition key
    b"b" * 496,
    b"b" * 494 + b"a\xff",
    b"\xff" * 511,
    b"\xff" * 512,
    b"\xff" * 2048,
]
KEYS = sorted(SHORT + LONG)


def value(key: bytes) -> bytes:
    return b"%d:" % len(key) + key[-4:]


def fill(engine: Engine, keys: list[bytes]) -> None:
    with engine.write() as txn:
        for key in keys:
            txn.put(key, value(key))


def rows(engine: Engine, start: bytes = b"", stop: bytes = LAST, *, reverse: bool = False) -> list[tuple[bytes, bytes]]:
    with engine.read() as txn:
        return list(txn.scan(start, stop, reverse=reverse))


def keys_of(engine: Engine) -> list[bytes]:
    return [key for key, _ in rows(engine)]


def test_empty_store(engine: Engine) -> None:
    with engine.read() as txn:
        assert txn.get(b"a") is None
        assert txn.get(HEAD + b"a") is None
        assert list(txn.scan(b"", LAST)) == list(txn.scan(b"", LAST, reverse=True)) == []
    with engine.write() as txn:
        assert txn.delete(b"a") is False
        assert txn.delete(HEAD + b"a") is False
        assert txn.drop_range(b"", LAST, 10) == 0
    assert rows(engine) == []


@pytest.mark.parametrize("order", ["up", "down"])
def test_get_and_whole_scan(engine: Engine, order: str) -> None:
    fill(engine, KEYS if order == "up" else KEYS[::-1])
    with engine.read() as txn:
        assert [txn.get(key) for key in KEYS] == [value(key) for key in KEYS]
        assert txn.get(HEAD + b"\1" * 15) is None
        assert txn.get(b"aa") is None
    assert rows(engine) == [(key, value(key)) for key in KEYS]
    assert rows(engine, reverse=True) == [(key, value(key)) for key in KEYS[::-1]]


def test_every_range(engine: Engine) -> None:
    """Scans of all pairs of bounds return the right rows: bounds on keys, between keys and inside
    buckets; empty and reversed ranges.
    """
    fill(engine, KEYS)
    bounds = sorted(
        {b"", *KEYS, *(key + b"\0" for key in KEYS), *(prefix_end(key) for key in KEYS), HEAD + b"hh", b"c" * 600}
    )
    with engine.read() as txn:
        for start in bounds:
            for stop in bounds:
                expected = [key for key in KEYS if start <= key < stop]
                assert [key for key, _ in txn.scan(start, stop)] == expected
                assert [key for key, _ in txn.scan(start, stop, reverse=True)] == expected[::-1]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [0, 1, 2, len(KEYS), 1000])
def test_page(engine: Engine, limit: int, reverse: bool) -> None:
    """A page has the first rows of its range, in a snapshot and in a write transaction."""
    fill(engine, KEYS)
    with engine.read() as reader, engine.write() as writer:
        for txn, found in ((reader, KEYS), (writer, KEYS[1:])):
            if txn is writer:
                writer.delete(KEYS[0])
            expected = (found[::-1] if reverse else found)[:limit]
            values, last = txn.page(b"", LAST, limit, reverse=reverse)
            assert values == [value(key) for key in expected]
            assert last == (expected[-1] if expected else b"")
            assert txn.page(LAST, b"", limit, reverse=reverse) == ([], b"")
        assert reader.page(b"", LAST, 1000) == ([value(key) for key in KEYS], KEYS[-1])


@pytest.mark.parametrize("reverse", [False, True])
def test_pages_of_ranges(engine: Engine, reverse: bool) -> None:
    """A page ends where its range ends, whether or not rows follow, for any number of rows that one
    read of LMDB returns.
    """
    keys = [bytes([n]) for n in range(1, 101)]
    fill(engine, keys)
    with engine.read() as reader:
        for start, stop in (
            (0, 101),
            (0, 9),
            (0, 41),
            (1, 42),
            (7, 12),
            (50, 50),
            (60, 101),
            (92, 200),
            (93, 101),
            (101, 120),
        ):
            inside = [key for key in keys if start <= key[0] < stop]
            expected = inside[::-1] if reverse else inside
            for limit in (1, 7, 8, 9, 40, 41, 200):
                values, last = reader.page(bytes([start]), bytes([stop]), limit, reverse=reverse)
                assert values == [value(key) for key in expected[:limit]]
                assert last == (expected[:limit] or [b""])[-1]


def test_overwrite_and_empty_value(engine: Engine) -> None:
    fill(engine, KEYS)
    with engine.write() as txn:
        for key in KEYS:
            txn.put(key, b"")
            assert txn.get(key) == b""
    assert rows(engine) == [(key, b"") for key in KEYS]


@pytest.mark.parametrize("size", [1, 5000, 400_000, 3_000_000])
def test_value_sizes(engine: Engine, size: int) -> None:
    with engine.write() as txn:
        txn.put(b"a", b"v" * size)
        txn.put(HEAD + b"r", b"w" * size)
    assert rows(engine) == [(b"a", b"v" * size), (HEAD + b"r", b"w" * size)]


def test_delete_one_after_another(engine: Engine) -> None:
    fill(engine, KEYS)
    left = list(KEYS)
    for key in KEYS[::2] + KEYS[1::2]:
        with engine.write() as txn:
            assert txn.delete(key) is True
            assert txn.delete(key) is False
            assert txn.get(key) is None
        left.remove(key)
        assert keys_of(engine) == left


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 9, len(KEYS), 1000])
def test_drop_range_takes_the_lowest(engine: Engine, limit: int) -> None:
    fill(engine, KEYS)
    inside = [key for key in KEYS if b"a" <= key < HEAD + b"\1" * 17]
    with engine.write() as txn:
        assert txn.drop_range(b"a", HEAD + b"\1" * 17, limit) == min(limit, len(inside))
        assert txn.drop_range(b"z", b"a", limit) == 0
    assert keys_of(engine) == [key for key in KEYS if key not in inside[:limit]]


def test_drop_range_in_slices(engine: Engine) -> None:
    fill(engine, KEYS)
    dropped = []
    while True:
        with engine.write() as txn:
            count = txn.drop_range(b"b", prefix_end(HEAD), 4)
        dropped.append(count)
        if not count:
            break
    inside = [key for key in KEYS if b"b" <= key < prefix_end(HEAD)]
    assert dropped == [4] * (len(inside) // 4) + [len(inside) % 4] * (len(inside) % 4 > 0) + [0]
    assert keys_of(engine) == [key for key in KEYS if key not in inside]


def test_write_reads_its_own_writes(engine: Engine) -> None:
    fill(engine, KEYS[::2])
    with engine.write() as txn:
        for key in KEYS[1::2]:
            txn.put(key, value(key))
        txn.delete(KEYS[0])
        assert [key for key, _ in txn.scan(b"", LAST)] == KEYS[1:]
        assert [key for key, _ in txn.scan(b"", LAST, reverse=True)] == KEYS[:0:-1]
        assert list(txn.scan(b"z", b"a")) == []


def change_everything(txn: object) -> None:
    txn.put(b"new", b"1")  # type: ignore[attr-defined]
    txn.put(HEAD + b"new", b"1")  # type: ignore[attr-defined]
    txn.put(b"a", b"changed")  # type: ignore[attr-defined]
    txn.put(b"a", b"changed twice")  # type: ignore[attr-defined]
    txn.put(HEAD + b"\1", b"changed")  # type: ignore[attr-defined]
    txn.delete(b"b")  # type: ignore[attr-defined]
    txn.put(b"b", b"back")  # type: ignore[attr-defined]
    txn.delete(b"b")  # type: ignore[attr-defined]
    txn.drop_range(b"b", b"zz", 7)  # type: ignore[attr-defined]


def test_exception_leaves_no_trace(engine: Engine) -> None:
    fill(engine, KEYS)
    before = rows(engine)

    def fail() -> None:
        with engine.write() as txn:
            change_everything(txn)
            raise LookupError("stop")

    with pytest.raises(LookupError, match=r"^stop$"):
        fail()
    assert rows(engine) == before
    fill(engine, [b"afterwards"])
    assert len(rows(engine)) == len(before) + 1


def test_abort_leaves_no_trace(engine: Engine) -> None:
    fill(engine, KEYS)
    before = rows(engine)
    with engine.write() as txn:
        change_everything(txn)
        txn.abort()
    assert rows(engine) == before


@pytest.mark.parametrize("how", ["after abort", "after block"])
@pytest.mark.parametrize("action", ["put", "delete", "put long", "drop"])
def test_ended_write_refuses(engine: Engine, how: str, action: str) -> None:
    fill(engine, KEYS)
    before = rows(engine)
    actions = {
        "put": lambda txn: txn.put(b"a", b"x"),
        "put long": lambda txn: txn.put(HEAD + b"x", b"x"),
        "delete": lambda txn: txn.delete(b"a"),
        "drop": lambda txn: txn.drop_range(b"", LAST, 1),
    }
    with engine.write() as txn:
        if how == "after abort":
            txn.abort()
            with pytest.raises(Closed, match=r"^The transaction has ended\.$"):
                actions[action](txn)
    if how == "after block":
        with pytest.raises(Closed, match=r"^The transaction has ended\.$"):
            actions[action](txn)
    assert rows(engine) == before


def test_one_writer_at_a_time(engine: Engine) -> None:
    with engine.write() as txn:
        txn.put(b"a", b"1")
        with pytest.raises(AssertionError, match=f"^{ONE_WRITER}$"):
            engine.write()
        txn.put(b"b", b"1")
    assert keys_of(engine) == [b"a", b"b"]


def test_snapshot_never_sees_a_later_write(engine: Engine) -> None:
    fill(engine, KEYS)
    before = rows(engine)
    with engine.read() as reader:
        for _ in range(2):  # the second commit must not change the old values of the first
            with engine.write() as txn:
                change_everything(txn)
                assert list(reader.scan(b"", LAST)) == before
                assert reader.get(b"a") == value(b"a")
            assert list(reader.scan(b"", LAST)) == before
            assert list(reader.scan(b"", LAST, reverse=True)) == before[::-1]
            assert [reader.get(key) for key, _ in before] == [found for _, found in before]
            assert reader.get(b"new") is None
            assert reader.get(HEAD + b"new") is None
    assert rows(engine) != before


def test_snapshots_of_different_age(engine: Engine) -> None:
    readers = []
    for count in range(4):
        readers.append(engine.read())
        with engine.write() as txn:
            txn.put(b"a", b"%d" % count)
            txn.put(b"key%d" % count, b"")
    assert [reader.get(b"a") for reader in readers] == [None, b"0", b"1", b"2"]
    assert [len(list(reader.scan(b"", LAST))) for reader in readers] == [0, 2, 3, 4]
    for reader in readers:
        with reader:
            pass
    assert len(rows(engine)) == 5


def test_snapshot_opened_inside_a_write_sees_only_commits(engine: Engine) -> None:
    fill(engine, [b"a", b"b"])
    with engine.write() as txn:
        txn.put(b"a", b"changed")
        txn.delete(b"b")
        txn.put(b"c", b"new")
        with engine.read() as reader:
            assert list(reader.scan(b"", LAST)) == [(b"a", value(b"a")), (b"b", value(b"b"))]
            txn.abort()
            assert list(reader.scan(b"", LAST)) == [(b"a", value(b"a")), (b"b", value(b"b"))]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("end", ["commit", "abort", "still open"])
def test_a_walk_continues_during_a_write(engine: Engine, end: str, reverse: bool) -> None:
    keys = [b"%04d" % number for number in range(300)]
    fill(engine, keys)
    expected = [(key, value(key)) for key in (keys[::-1] if reverse else keys)]
    with engine.read() as reader:
        walk = reader.scan(b"", LAST, reverse=reverse)
        found = [next(walk) for _ in range(100)]
        with engine.write() as txn:
            txn.drop_range(b"0050", b"0250", 1000)
            for key in keys:
                txn.put(key + b"x", b"new")
            txn.put(keys[260], b"changed")
            txn.put(keys[20], b"changed")
            if end == "abort":
                txn.abort()
            if end == "still open":
                found += [next(walk) for _ in range(100)]
        found += list(walk)
    assert found == expected


def test_nested_and_abandoned_walks(engine: Engine) -> None:
    fill(engine, KEYS)
    with engine.read() as outer:
        walk = outer.scan(b"", LAST)
        next(walk)
        with engine.read() as inner:
            assert inner is not outer
            assert inner.get(b"a") == outer.get(b"a")
            next(inner.scan(b"", LAST))
        assert next(walk)[0] == KEYS[1]
    fill(engine, [b"later"])
    with engine.read() as txn:
        assert txn.get(b"later") == value(b"later")


def test_closed(engine: Engine) -> None:
    fill(engine, [b"a"])
    engine.close()
    engine.close()
    for use in (engine.read, engine.write):
        with pytest.raises(Closed, match=r"^The store is closed\.$"):
            use()


def test_closed_while_a_reader_is_open(engine: Engine) -> None:
    with engine.read():
        engine.close()
    with pytest.raises(Closed, match=r"^The store is closed\.$"):
        engine.read()
