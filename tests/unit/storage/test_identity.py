"""Which folders are opened without verification, verified first, or refused as damaged."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import Corrupted, open_engine
from storage.disk import identity, sharing
from storage.disk.claim import claimed
from storage.disk.snapshot import copy
from storage.keycode import LAST

ROOT = Path(__file__).parents[3]
ROWS = [(b"%06d" % number, b"v" * 700) for number in range(300)]

UNCLEAN = """
import os, sys
from storage import open_engine
engine = open_engine(sys.argv[1])
with engine.write() as txn:
    for number in range(300):
        txn.put(b"%06d" % number, b"v" * 700)
os._exit(0)
"""


@pytest.fixture(params=[True, False], ids=["ended", "killed"])
def ended(request: pytest.FixtureRequest) -> bool:
    """Return True if the folder's server ended normally, False if it was killed."""
    return bool(request.param)


@pytest.fixture
def path(tmp_path: Path, ended: bool) -> Path:
    """Return a folder that contains ROWS."""
    folder = tmp_path / "data"
    if ended:
        with claimed(folder):
            engine = open_engine(folder)
            with engine.write() as txn:
                for key, value in ROWS:
                    txn.put(key, value)
            engine.close()
    else:
        subprocess.run([sys.executable, "-c", UNCLEAN, str(folder)], cwd=ROOT, check=True)
    return folder


def verified_by_opening(folder: Path) -> bool:
    """Open a folder and check its rows; return True if the folder was verified."""
    asked: list[Path] = []
    with claimed(folder):
        engine = open_engine(folder, verify=asked.append)
        with engine.read() as txn:
            assert list(txn.scan(b"", LAST)) == ROWS
        engine.close()
    assert asked in ([], [folder])
    return bool(asked)


def opened(folder: Path) -> None:
    open_engine(folder).close()


def renamed(folder: Path) -> Path:
    return folder.rename(folder.with_name("renamed"))


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.with_name("copy")))


def restored(folder: Path) -> Path:
    """Copy the folder away and back. On many file systems, the files get their old
    inode numbers.
    """
    away = copied(folder)
    shutil.rmtree(folder)
    shutil.copytree(away, folder)
    return folder


def overwritten(folder: Path) -> Path:
    """Overwrite the files, as `cp -r backup/. data/` does."""
    for file in folder.iterdir():
        content = file.read_bytes()
        with file.open("r+b") as stream:
            stream.write(content)
        os.utime(file)
    return folder


def of_an_older_version(folder: Path) -> Path:
    for name in ("identity", "closed", "reserve"):
        (folder / name).unlink(missing_ok=True)
    return folder


def same(folder: Path) -> Path:
    return folder


@pytest.mark.parametrize(
    ("change", "after_end", "after_kill"),
    [
        (same, False, False),
        (renamed, False, False),
        (copied, False, True),
        (restored, False, True),
        (overwritten, False, True),
        (of_an_older_version, True, True),
    ],
)
def test_only_folders_that_may_be_torn_are_verified_and_only_once(
    path: Path, ended: bool, change: Callable[[Path], Path], after_end: bool, after_kill: bool
) -> None:
    folder = change(path)
    assert verified_by_opening(folder) is (after_end if ended else after_kill)
    assert not verified_by_opening(folder)


def test_data_file_that_is_not_the_closed_one_is_verified(path: Path, ended: bool) -> None:
    """The folder's identity does not show that its data file was replaced by another one."""
    if not ended:
        pytest.skip("nothing says what the data file was")
    before = (path / "data.mdb").read_bytes()
    engine = open_engine(path)
    with engine.write() as txn:
        txn.put(b"more", b"1")
    engine.close()
    with claimed(path):
        opened(path)
    with (path / "data.mdb").open("r+b") as stream:
        stream.write(before)
    assert verified_by_opening(path)


def test_the_mark_of_a_normal_end_is_gone_while_a_store_is_open(tmp_path: Path) -> None:
    with claimed(tmp_path / "data"):
        opened(tmp_path / "data")
    assert (tmp_path / "data" / "closed").exists()
    engine = open_engine(tmp_path / "data")
    assert not (tmp_path / "data" / "closed").exists()
    engine.close()
    assert not (tmp_path / "data" / "closed").exists(), "others may have it open"


def test_a_copy_that_failed_verification_stays_refused(path: Path) -> None:
    def refuse(folder: Path) -> None:
        raise Corrupted(f"{folder} is bad")

    folder = of_an_older_version(copied(path))
    for _ in range(2):
        with claimed(folder), pytest.raises(Corrupted):
            open_engine(folder, verify=refuse)
    assert verified_by_opening(folder)


@pytest.mark.parametrize("in_use", [True, False])
def test_copy_of_a_torn_file_is_refused_without_an_assertion(path: Path, in_use: bool) -> None:
    """By default, the pages are verified before LMDB reads them."""
    folder = of_an_older_version(copied(path))
    content = bytearray((folder / "data.mdb").read_bytes())
    page = 4096
    leaf = next(at for at in range(2 * page, len(content), page) if content[at + 10] == 2 and at // page > 3)
    content[leaf : leaf + page] = content[leaf - page : leaf] if in_use else bytes(page)
    (folder / "data.mdb").write_bytes(content)
    with pytest.raises(
        Corrupted, match=r"^The data folder .*/copy is damaged \(.+\)\. It is an incomplete copy, or was copied while"
    ):
        open_engine(folder)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(64 << 10)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (emptied, r"is damaged: data\.mdb is empty\.$"),
        (Path.unlink, r"is damaged: data\.mdb is missing\.$"),
        (cut, r"is damaged \(.*\)\. It is an incomplete copy"),
    ],
)
def test_missing_data_is_reported_as_damage(path: Path, damage: Callable[[Path], Any], message: str) -> None:
    damage(path / "data.mdb")
    for _ in range(2):
        with pytest.raises(Corrupted, match=message), claimed(path):
            open_engine(path)


@pytest.mark.parametrize("file", [None, b""])
def test_a_store_whose_creation_was_interrupted_is_created_again(tmp_path: Path, file: bytes | None) -> None:
    folder = tmp_path / "data"
    opened(folder)
    (folder / "data.mdb").unlink()
    (folder / "identity").write_text("new\n")
    if file is not None:
        (folder / "data.mdb").write_bytes(file)
    opened(folder)
    assert not verified_by_opening_empty(folder)


def verified_by_opening_empty(folder: Path) -> bool:
    asked: list[Path] = []
    open_engine(folder, verify=asked.append).close()
    return bool(asked)


# --- folders of older layouts ---------------------------------------------------------------------

OLDER = "dynamodb-emulator storage layout 1\n"
NEWEST = "dynamodb-emulator storage layout 2\n"

OPENING = """
import sys
from storage import open_engine
sys.stdin.readline()
engine = open_engine(sys.argv[1])
with engine.write() as txn:
    txn.put(sys.argv[2].encode(), b"v")
engine.close()
"""


@pytest.fixture
def older(path: Path) -> Path:
    """Return the folder as a version with an older layout left it."""
    (path / "layout").write_text(OLDER)
    (path / "identity").write_text(identity._identity(path))
    return path


def test_an_older_folder_is_marked_and_stays_ours(older: Path) -> None:
    inode = (older / "layout").stat().st_ino
    assert [verified_by_opening(older) for _ in range(2)] == [False, False]
    assert (older / "layout").read_text() == NEWEST
    assert (older / "layout").stat().st_ino == inode, "other processes may hold it as a lock"


def test_an_older_folder_is_marked_before_it_can_be_written(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = sharing.Environment
    seen = []

    def opening(folder: Path, **options: Any) -> Any:
        seen.append((folder / "layout").read_text())
        return opened(folder, **options)

    monkeypatch.setattr(sharing, "Environment", opening)
    open_engine(older).close()
    assert seen == [NEWEST]


def test_a_process_killed_while_it_marks_an_older_folder(
    older: Path, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever the process is killed, nothing is lost. At worst, the folder is verified once."""
    with monkeypatch.context() as patch:
        patch.setattr(identity, "mark", killed)
        with pytest.raises(KeyboardInterrupt):
            open_engine(older)
    assert (older / "layout").read_text() == OLDER
    with monkeypatch.context() as patch:
        patch.setattr(identity, "write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            open_engine(older)
    assert (older / "layout").read_text() == NEWEST
    assert [verified_by_opening(older) for _ in range(2)] == [not ended, False]


def killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_an_older_folder_that_cannot_be_opened_is_not_marked(older: Path, tmp_path: Path) -> None:
    shutil.copytree(older, tmp_path / "copy")
    (tmp_path / "copy" / "closed").unlink(missing_ok=True)

    def refuse(_: Path) -> None:
        raise Corrupted("no")

    with pytest.raises(Corrupted):
        open_engine(tmp_path / "copy", verify=refuse)
    with claimed(tmp_path / "copy"):
        pass
    assert (tmp_path / "copy" / "layout").read_text() == OLDER


def test_a_copy_of_an_older_folder_has_the_newest_layout(older: Path, tmp_path: Path) -> None:
    copy(older, tmp_path / "copy", lambda _: None)
    assert (older / "layout").read_text() == OLDER
    assert (tmp_path / "copy" / "layout").read_text() == NEWEST
    assert not verified_by_opening(tmp_path / "copy")


def test_several_processes_open_an_older_folder_at_once(older: Path) -> None:
    command = [sys.executable, "-c", OPENING, str(older)]
    processes = [subprocess.Popen([*command, f"z{each}"], cwd=ROOT, stdin=subprocess.PIPE) for each in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    assert (older / "layout").read_text() == NEWEST
    engine = open_engine(older)
    with engine.read() as txn:
        assert [key for key, _ in txn.scan(b"z", LAST)] == [b"z0", b"z1", b"z2", b"z3"]
    engine.close()
