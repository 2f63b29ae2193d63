"""The services that engines may offer their host, the program that uses them (storage/host.py)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import Closed, Engine, MemoryEngine, open_engine
from storage.host import group_commit_of, upkeep_of
from tests.support.plain_engine import PlainEngine


def put(engine: Engine, key: bytes) -> None:
    with engine.write() as txn:
        txn.put(key, b"")


@pytest.mark.parametrize("kind", [MemoryEngine, PlainEngine])
def test_an_engine_offers_nothing_by_itself(kind: Callable[[], Engine]) -> None:
    engine = kind()
    assert (group_commit_of(engine), upkeep_of(engine)) == (None, None)


def test_the_engine_on_disk_offers_both(disk: Callable[..., Any]) -> None:
    engine = disk()
    assert group_commit_of(engine) is upkeep_of(engine) is engine


@pytest.mark.parametrize("missing", ["group_writes", "pending", "commit", "read_committed"])
def test_half_an_offer_is_none(missing: str) -> None:
    names = {"group_writes", "pending", "commit", "read_committed"} - {missing}
    half = type("Half", (PlainEngine,), dict.fromkeys(names))
    whole = type("Whole", (PlainEngine,), dict.fromkeys([*names, missing], print))
    assert group_commit_of(half()) is None
    assert group_commit_of(whole()) is not None


def test_the_commit_number_changes_with_each_commit(disk: Callable[..., Any]) -> None:
    engine = disk()
    put(engine, b"a")
    before = engine.commit_number()
    with engine.read() as txn:
        txn.get(b"a")
    assert engine.commit_number() == before
    put(engine, b"b")
    assert engine.commit_number() != before


def test_nothing_can_be_synced_after_closing(disk: Callable[..., Any]) -> None:
    engine = disk()
    engine.sync()
    engine.close()
    with pytest.raises(Closed, match=r"^The store is closed\.$"):
        engine.sync()


@pytest.mark.parametrize(("durable", "ending"), [(False, ""), (True, ", every commit synced")])
def test_each_engine_describes_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool, ending: str
) -> None:
    """Users see this text when the server starts."""
    assert open_engine(durable=durable).description == "in memory, lost at exit"
    monkeypatch.chdir(tmp_path)
    engine = open_engine("store", durable=durable)
    assert engine.description == f"LMDB in {tmp_path / 'store'}{ending}"
    engine.close()
