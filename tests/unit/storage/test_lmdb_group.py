"""Group commits of a durable store: one synced commit for several blocks of writes."""

from collections.abc import Callable
from typing import Any

import pytest

from storage import Full, Interrupted, Lost
from storage.disk import group
from storage.keycode import LAST
from tests.support.lmdb_internals import FailingTransaction, environment_of, fail_group, group_of, lose_group

TINY = 64 << 10
LONG = b"l" * 600


@pytest.fixture
def engine(disk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(group, "GROUP_ROOM", 0)  # lets a group reach the end of the map
    opened = disk(durable=True, map_size=TINY)
    opened.group_writes(lambda: None)
    return opened


def put(engine: Any, **rows: str) -> None:
    with engine.write() as txn:
        for key, value in rows.items():
            txn.put(key.encode(), value.encode())


def write_and_fail(engine: Any) -> None:
    with engine.write() as txn:
        txn.put(b"a", b"2")
        txn.delete(b"b")
        txn.put(LONG, b"2")
        raise KeyError


def put_on_a_full_disk(engine: Any, error: Exception) -> None:
    with engine.write() as txn:
        txn.txn = FailingTransaction(txn.txn, "put", error)
        txn.put(b"a", b"1")


def contents(engine: Any) -> dict[str, str]:
    with engine.read() as txn:
        return {key.decode(): value.decode() for key, value in txn.scan(b"", LAST)}


def committed(engine: Any) -> dict[str, str]:
    """Return the rows that another process sees: those that are committed."""
    with environment_of(engine).env.begin() as txn:
        return {key.decode(): value.decode() for key, value in txn.cursor() if len(key) < 511}


def test_nothing_is_committed_before_commit(engine: Any) -> None:
    assert not engine.pending
    put(engine, a="1")
    put(engine, b="2")
    assert engine.pending
    assert committed(engine) == {}
    with engine.read_committed() as txn:
        assert txn.get(b"a") is None
    engine.commit()
    assert not engine.pending
    assert committed(engine) == {"a": "1", "b": "2"}


def test_later_transactions_see_what_is_pending(engine: Any) -> None:
    put(engine, a="1")
    assert contents(engine) == {"a": "1"}
    with engine.write() as txn:
        assert txn.get(b"a") == b"1"
        txn.delete(b"a")
        txn.put(b"b", b"2")
    with engine.read() as txn:
        assert (txn.get(b"a"), txn.get(b"b")) == (None, b"2")
        assert txn.page(b"", LAST, 10) == ([b"2"], b"b")
    engine.commit()
    assert contents(engine) == {"b": "2"}


def test_a_block_that_fails_undoes_only_its_own_writes(engine: Any) -> None:
    put(engine, a="1", b="1")
    with pytest.raises(KeyError):
        write_and_fail(engine)
    assert contents(engine) == {"a": "1", "b": "1"}
    put(engine, c="3")
    engine.commit()
    assert contents(engine) == committed(engine) == {"a": "1", "b": "1", "c": "3"}


def test_a_block_that_is_aborted_undoes_its_writes(engine: Any) -> None:
    put(engine, a="1")
    with engine.write() as txn:
        txn.put(b"a", b"2")
        txn.abort()
    engine.commit()
    assert contents(engine) == {"a": "1"}


def test_a_block_that_fails_before_it_wrote_costs_nothing(engine: Any) -> None:
    put(engine, a="1")
    before = group_of(engine).txn
    with pytest.raises(KeyError), engine.write():
        raise KeyError
    assert group_of(engine).txn is before
    engine.commit()
    assert contents(engine) == {"a": "1"}


def test_grows_in_the_middle(engine: Any) -> None:
    for number in range(300):
        put(engine, **{f"{number:03}": "v" * 1000})
    assert committed(engine) == {}
    engine.commit()
    assert len(contents(engine)) == len(committed(engine)) == 300


def test_grows_at_the_commit(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import lmdb

    put(engine, a="1")
    put(engine, b="2")
    fail_group(engine, "commit", lmdb.MapFullError())
    engine.commit()
    assert committed(engine) == {"a": "1", "b": "2"}


def test_a_commit_that_fails_raises_once_and_leaves_a_store_that_works(engine: Any) -> None:
    import lmdb

    put(engine, a="1")
    engine.commit()
    put(engine, a="2")
    fail_group(engine, "commit", lmdb.DiskError())
    with pytest.raises(Full):
        engine.commit()
    assert not engine.pending
    assert contents(engine) == {"a": "1"}
    put(engine, a="3")
    engine.commit()
    assert committed(engine) == {"a": "3"}


def test_a_put_that_fails_undoes_only_its_own_block(engine: Any) -> None:
    import lmdb

    put(engine, a="1")
    fail_group(engine, "put", lmdb.DiskError())
    with pytest.raises(Full):
        put(engine, b="2")
    assert engine.pending
    assert contents(engine) == {"a": "1"}
    put(engine, c="3")
    engine.commit()
    assert committed(engine) == {"a": "1", "c": "3"}


def test_a_first_put_that_fails_leaves_nothing_pending(engine: Any) -> None:
    import lmdb

    with pytest.raises(Full):
        put_on_a_full_disk(engine, lmdb.DiskError())
    assert not engine.pending
    put(engine, b="2")
    engine.commit()
    assert committed(engine) == {"b": "2"}


def test_growing_after_a_write_of_another_process_loses_the_group(engine: Any) -> None:
    import lmdb

    put(engine, a="1")
    fail_group(engine, "put", lmdb.MapFullError())
    lose_group(engine)
    with pytest.raises(Interrupted):
        put(engine, b="2")
    assert engine.pending
    assert contents(engine) == {}
    with pytest.raises(Lost):
        put(engine, c="3")
    with pytest.raises(Lost):
        engine.commit()
    assert not engine.pending
    put(engine, c="3")
    engine.commit()
    assert committed(engine) == {"c": "3"}


def test_each_group_calls_back_when_it_begins(disk: Callable[..., Any]) -> None:
    opened, begun = disk(durable=True), []
    opened.group_writes(lambda: begun.append(opened.pending))
    for count in (1, 2):
        put(opened, a="1")
        put(opened, a="2")
        assert begun == [True] * count
        opened.commit()


def test_a_group_reserves_room_at_its_start(disk: Callable[..., Any]) -> None:
    opened = disk(durable=True, map_size=TINY)
    opened.group_writes(lambda: None)
    for _ in range(3):
        put(opened, a="1")
        info = environment_of(opened).env.info()
        assert info["map_size"] - info["last_pgno"] * 4096 > 32 << 20
        opened.commit()


def test_closing_commits(disk: Callable[..., Any]) -> None:
    first = disk(durable=True)
    first.group_writes(lambda: None)
    put(first, a="1")
    first.close()
    assert contents(disk()) == {"a": "1"}


def test_commits_without_a_sync_are_not_grouped(disk: Callable[..., Any]) -> None:
    engine = disk()
    engine.group_writes(lambda: None)
    put(engine, a="1")
    assert not engine.pending
    engine.commit()
    assert contents(engine) == {"a": "1"}
