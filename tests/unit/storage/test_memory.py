"""What only the engine in memory promises."""

import subprocess
import sys
from pathlib import Path

from storage import open_engine
from storage.memory import MemoryEngine


def test_closed_snapshots_cost_nothing() -> None:
    engine = MemoryEngine()
    with engine.read() as first, engine.read() as second:
        assert engine.readers == {first, second}
    assert engine.readers == set()
    assert engine.undo == {}


def test_lmdb_is_not_loaded() -> None:
    """Loading it would cost start-up time for nothing."""
    script = "import sys, storage; storage.open_engine(None).close(); print('lmdb' in sys.modules)"
    command = [sys.executable, "-c", script]
    assert subprocess.check_output(command, cwd=Path(__file__).parents[3], text=True) == "False\n"


def test_every_store_in_memory_is_its_own() -> None:
    first, second = open_engine(), open_engine(None)
    with first.write() as txn:
        txn.put(b"a", b"1")
    with second.read() as reader:
        assert reader.get(b"a") is None
