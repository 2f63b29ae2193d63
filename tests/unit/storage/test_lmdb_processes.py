"""Several processes on one folder, and processes that are killed."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storage import open_engine
from storage.keycode import LAST

ROOT = Path(__file__).parents[3]
TINY = 64 << 10
HEAD = b"h" * 495

WRITER = """
import os, sys
from storage import Interrupted, open_engine
path, writemap, first, last, answer = sys.argv[1], sys.argv[2] == "True", int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
engine = open_engine(path, writemap=writemap, map_size=64 << 10)
for number in range(first, last):
    while True:
        try:
            with engine.write() as txn:
                total = int(txn.get(b"total") or b"0") + 1
                txn.put(b"total", b"%d" % total)
                txn.put(b"row%08d" % total, b"%08d" % number * 100)
                txn.put(b"h" * 495 + b"%d" % (total % 50), b"%d" % total)
            break
        except Interrupted:
            pass
    if answer == "each":
        os.write(1, b"%d\\n" % total)
engine.close()
"""

READER = """
import sys
from storage import open_engine
reader = open_engine(sys.argv[1]).read()
print(1, flush=True)
input()
"""


def writer(path: Path, writemap: bool, first: int, last: int, answer: str = "none") -> subprocess.Popen[bytes]:
    arguments = [str(path), str(writemap), str(first), str(last), answer]
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, cwd=ROOT)


def check(engine: Any) -> int:
    """Return the number of commits, and check that each is whole."""
    with engine.read() as txn:
        total = int(txn.get(b"total") or b"0")
        assert [key for key, _ in txn.scan(b"row", b"rox")] == [b"row%08d" % n for n in range(1, total + 1)]
        assert {key[495:]: value for key, value in txn.scan(HEAD, HEAD + b"\xff")} == {
            b"%d" % (n % 50): b"%d" % n for n in range(max(1, total - 49), total + 1)
        }
    return total


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("writemap", [True, False])
def test_kill_loses_no_commit(tmp_path: Path, writemap: bool) -> None:
    acknowledged = 0
    for commits in (1, 40, 333):
        with writer(tmp_path / "store", writemap, 0, 10**9, "each") as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(commits)]
            process.kill()
            lines += process.stdout.readlines()
        acknowledged = int(lines[-1])
        engine = open_engine(tmp_path / "store", writemap=writemap)
        # The last commit may have been made without its acknowledgement.
        assert acknowledged <= check(engine) <= acknowledged + 1
        engine.close()
    assert acknowledged >= 374


@pytest.mark.parametrize("writemap", [True, False])
def test_processes_write_at_the_same_time(tmp_path: Path, writemap: bool) -> None:
    engine: Any = open_engine(tmp_path / "store", writemap=writemap, map_size=TINY)
    processes = [writer(tmp_path / "store", writemap, 0, 400) for _ in range(2)]
    rounds = 0
    while any(process.poll() is None for process in processes):
        check(engine)
        rounds += 1
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert check(engine) == 800
    assert rounds > 1
    engine.close()


@pytest.mark.parametrize("first", ["read", "write"])
@pytest.mark.parametrize("writemap", [True, False])
def test_map_grown_by_another_process(tmp_path: Path, writemap: bool, first: str) -> None:
    engine: Any = open_engine(tmp_path / "store", writemap=writemap, map_size=TINY)
    with engine.write() as txn:
        txn.put(b"mine", b"1")
    with engine.read() as reader:
        walk = reader.scan(b"", LAST)
        with writer(tmp_path / "store", writemap, 0, 500) as process:
            assert process.wait() == 0
        # A snapshot stays readable: its pages are not moved or reused.
        assert list(walk) == [(b"mine", b"1")]
    if first == "write":
        with engine.write() as txn:
            txn.put(b"mine", b"2")
    assert check(engine) == 500
    with engine.write() as txn:
        for number in range(500):
            txn.put(b"%d" % number, b"v" * 1000)
    assert check(engine) == 500
    engine.close()


def test_readers_of_killed_processes_do_not_keep_pages(tmp_path: Path) -> None:
    """Otherwise the slot of a killed reader in the lock file would keep all later pages from being
    reused.
    """
    engine: Any = open_engine(tmp_path / "store", map_size=TINY)
    command = [sys.executable, "-c", READER, str(tmp_path / "store")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == b"1\n"
        process.kill()
    for number in range(2000):
        with engine.write() as txn:
            txn.put(b"same", b"%d" % number)
    assert (tmp_path / "store" / "data.mdb").stat().st_size <= 4 * TINY
    engine.close()
