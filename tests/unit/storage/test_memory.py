"""Behaviour that only the engine in memory has."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage import open_engine
from storage.memory import MemoryEngine


def test_closed_snapshots_cost_nothing() -> None:
    engine = MemoryEngine()
    with engine.read() as first, engine.read() as second:
        assert engine.readers == {first, second}
    assert engine.readers == set()
    assert engine.undo == {}


def test_lmdb_is_not_loaded() -> None:
    """Loading LMDB would only cost start-up time."""
    script = "import sys, storage; storage.open_engine(None).close(); print('lmdb' in sys.modules)"
    command = [sys.executable, "-c", script]
    assert subprocess.check_output(command, cwd=Path(__file__).parents[3], text=True) == "False\n"


def test_stores_in_memory_are_independent() -> None:
    first, second = open_engine(), open_engine(None)
    with first.write() as txn:
        txn.put(b"a", b"1")
    with second.read() as reader:
        assert reader.get(b"a") is None


def test_dropping_a_range_does_not_walk_over_earlier_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = MemoryEngine()
    with engine.write() as txn:
        for number in range(5000):
            txn.put(b"%06d" % number, b"")
    monkeypatch.setattr(type(engine.keys), "__iter__", lambda _: pytest.fail("walks from the first key"))
    with engine.write() as txn:
        assert txn.drop_range(b"004000", b"004100", 1000) == 100
        assert txn.drop_range(b"000000", b"004500", 3) == 3
    assert (len(engine.keys), engine.keys[0], engine.keys[3997]) == (4897, b"000003", b"004100")
