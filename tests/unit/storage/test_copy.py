"""Copies of a store in use have only whole commits, even if the store changes meanwhile."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import Corrupted, LayoutMismatch, Unavailable, open_engine
from storage.disk.claim import claimed
from storage.disk.snapshot import copy
from storage.keycode import LAST
from tests.support.lmdb_internals import environment_of

ROOT = Path(__file__).parents[3]
TINY = 64 << 10
LONG = b"l" * 600

COPY = """
import sys
from pathlib import Path
from storage.disk.snapshot import copy
print(copy(Path(sys.argv[1]), Path(sys.argv[2]), lambda _: None))
"""

COPY_AFTER_GROWTH = """
import sys
from contextlib import nullcontext
from pathlib import Path
from storage.disk import snapshot
snapshot._AHEAD = 0
with snapshot.environment(Path(sys.argv[1])) as found:
    snapshot.environment = lambda _: nullcontext(found)
    print("open", flush=True)
    input()
    print(snapshot.copy(Path(sys.argv[1]), Path(sys.argv[2]), lambda _: None))
"""

HOLD = """
import sys
from pathlib import Path
from storage.disk.snapshot import snapshot
with snapshot(Path(sys.argv[1])) as txn:
    print("open", flush=True)
    input()
    rows = list(txn.scan(b"", b"\\xff" * 600))
    print(len(rows), int(txn.get(b"total")), txn.get(b"l" * 600) == rows[-1][1])
"""


def process(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def write(engine: Any, count: int) -> None:
    """Make commits, each of which adds one to `total` and puts a row."""
    for _ in range(count):
        with engine.write() as txn:
            total = int(txn.get(b"total") or b"0") + 1
            txn.put(b"total", b"%d" % total)
            txn.put(b"row%08d" % total, b"v" * 2000)
            txn.put(LONG, b"%d" % total)


def check(folder: Path) -> int:
    """Return the number of commits in a store, and check that each is whole."""
    engine: Any = open_engine(folder, verify=lambda _: pytest.fail("a copy needs no verification"))
    with engine.read() as txn:
        total = int(txn.get(b"total"))
        rows = [key for key, _ in txn.scan(b"", LAST)]
        assert rows == [LONG, *(b"row%08d" % number for number in range(1, total + 1)), b"total"]
        assert txn.get(LONG) == b"%d" % total
    write(engine, 5)
    engine.close()
    return total


@pytest.fixture(params=[True, False], ids=["reserved", "sparse"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    opened = open_engine(tmp_path / "data", writemap=request.param, map_size=TINY if request.param else None)
    write(opened, 10)
    yield opened
    opened.close()


def test_store_grows_while_it_is_copied(engine: Any, tmp_path: Path) -> None:
    with process(COPY, tmp_path / "data", tmp_path / "copy") as copying:
        while copying.poll() is None:
            write(engine, 20)
        assert copying.returncode == 0
    assert check(tmp_path / "copy") >= 10
    write(engine, 1)


def test_store_that_has_grown_since_the_copying_process_opened_it(engine: Any, tmp_path: Path) -> None:
    with process(COPY_AFTER_GROWTH, tmp_path / "data", tmp_path / "copy") as copying:
        assert copying.stdin
        assert copying.stdout
        assert copying.stdout.readline() == "open\n"
        write(engine, 500)
        copying.communicate("\n")
        assert copying.returncode == 0
    assert check(tmp_path / "copy") == 510


def test_a_snapshot_of_another_process_survives_when_the_store_grows(engine: Any, tmp_path: Path) -> None:
    with process(HOLD, tmp_path / "data") as reading:
        assert reading.stdout
        assert reading.stdout.readline() == "open\n"
        write(engine, 500)
        answer, _ = reading.communicate("\n")
    assert answer == "12 10 True\n"
    assert environment_of(engine).moves > 0 or not environment_of(engine).reserved


def test_copy_of_a_store_without_a_server_has_no_unused_pages(tmp_path: Path) -> None:
    source, target = tmp_path / "data", tmp_path / "new" / "copy"
    with claimed(source):
        engine = open_engine(source)
        write(engine, 100)
        with engine.write() as txn:
            txn.drop_range(b"row00000050", b"rox", 1000)
        engine.close()
    before = contents(source)
    size = copy(source, target, lambda _: pytest.fail("the source is no copy"))
    assert size == (target / "data.mdb").stat().st_size < 500_000 < len(before["data.mdb"])
    assert contents(source) == before
    assert sorted(file.name for file in target.iterdir()) == ["closed", "data.mdb", "identity", "layout"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in target.iterdir()} == {0o600}


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, without LMDB's list of readers."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "lock.mdb"}


def test_source_that_is_a_copy_is_verified(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "data")
    write(engine, 10)
    engine.close()
    again = Path(shutil.copytree(tmp_path / "data", tmp_path / "again"))
    asked: list[Path] = []
    copy(again, tmp_path / "copy", asked.append)
    assert asked == [again]

    def refuse(_: Path) -> None:
        raise Corrupted("torn")

    with pytest.raises(Corrupted, match="torn"):
        copy(again, tmp_path / "other", refuse)
    assert not (tmp_path / "other").exists()


def test_a_source_that_a_server_uses_is_not_verified(tmp_path: Path) -> None:
    """The folder's identity may have changed while the server ran, and pages that change cannot be
    verified.
    """
    engine = open_engine(tmp_path / "data")
    write(engine, 10)
    engine.close()
    again = Path(shutil.copytree(tmp_path / "data", tmp_path / "again"))
    with claimed(again):
        copy(again, tmp_path / "copy", lambda _: pytest.fail("the server knows its files"))
    assert check(tmp_path / "copy") == 10


@pytest.mark.parametrize(
    ("source", "target", "kind", "message"),
    [
        ("none", "new", Unavailable, "The folder {}/none is not a data folder of this program."),
        ("thesis", "new", Unavailable, "The folder {}/thesis is not a data folder of this program."),
        ("newer", "new", LayoutMismatch, "The data folder {}/newer has storage layout 9, but"),
        ("fresh", "new", Unavailable, "The data folder {}/fresh has no data yet."),
        ("emptied", "new", Corrupted, "The data folder {}/emptied is damaged: data.mdb is empty."),
        ("data", "data", Unavailable, "The folder {0}/data is inside the folder to copy: choose another."),
        ("data", "data/below", Unavailable, "The folder {0}/data/below is inside the folder to copy: choose another."),
        (
            "data",
            "thesis",
            Unavailable,
            "The folder {}/thesis is not empty: a copy needs a folder that is missing or empty.",
        ),
        ("data", "thesis/thesis.txt", Unavailable, "The data path {}/thesis/thesis.txt is not a folder."),
    ],
)
def test_copies_that_are_refused(tmp_path: Path, source: str, target: str, kind: type[Exception], message: str) -> None:
    engine = open_engine(tmp_path / "data")
    write(engine, 3)
    engine.close()
    for name in ("thesis", "newer", "fresh"):
        (tmp_path / name).mkdir()
    (tmp_path / "thesis" / "thesis.txt").touch()
    (tmp_path / "newer" / "layout").write_text("dynamodb-emulator storage layout 9\n")
    (tmp_path / "fresh" / "layout").write_text("dynamodb-emulator storage layout 2\n")
    shutil.copytree(tmp_path / "data", tmp_path / "emptied")
    (tmp_path / "emptied" / "data.mdb").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(kind) as caught:
        copy(tmp_path / source, tmp_path / target, lambda _: None)
    assert str(caught.value).startswith(message.format(tmp_path))
    assert sorted(tmp_path.rglob("*")) == before


def test_empty_target_keeps_its_mode_and_stays_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(tmp_path / "data")
    write(engine, 3)
    engine.close()
    target = tmp_path / "target"
    target.mkdir()
    target.chmod(0o755)

    def fail(_: int) -> None:
        raise OSError(5, os.strerror(5))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(Unavailable, match=r"^The folder .*/target cannot be written: Input/output error\.$"):
            copy(tmp_path / "data", target, lambda _: None)
    assert list(target.iterdir()) == []
    copy(tmp_path / "data", target, lambda _: None)
    assert {stat.S_IMODE(file.stat().st_mode) for file in target.iterdir()} == {0o644}
    assert check(target) == 3


def test_of_two_copies_to_one_folder_the_slower_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both copies found the folder empty. The files of the faster copy stay."""
    open_engine(tmp_path / "data").close()
    target = tmp_path / "copy"
    copy(tmp_path / "data", target, lambda _: None)
    before = {entry.name: entry.read_bytes() for entry in target.iterdir()}
    monkeypatch.setattr("storage.disk.snapshot._make_empty", lambda _: False)
    with pytest.raises(Unavailable, match="is not empty"):
        copy(tmp_path / "data", target, lambda _: None)
    assert {entry.name: entry.read_bytes() for entry in target.iterdir()} == before
