"""Clear messages about folders of another program or layout, and about other problems."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import Closed, Corrupted, Full, LayoutMismatch, Unavailable, open_engine
from storage.disk.claim import claimed
from storage.disk.file_system import reservable
from storage.disk.files import OpenFile, locked


def fails(path: Path, kind: type[Exception], message: str, **options: Any) -> None:
    with pytest.raises(kind) as caught:
        open_engine(path, **options)
    assert str(caught.value) == message.format(path)


def test_folder_is_created_with_its_parents(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    open_engine(path).close()
    assert sorted(entry.name for entry in path.iterdir()) == ["data.mdb", "identity", "layout", "lock.mdb", "reserve"]
    assert (path / "layout").read_text() == "dynamodb-emulator storage layout 2\n"


@pytest.fixture(params=[0o022, 0o077, 0o000])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir() if file.is_file()}


@pytest.mark.parametrize("writemap", [True, False])
def test_created_folders_are_private(tmp_path: Path, umask: None, writemap: bool) -> None:
    path = tmp_path / "a" / "b"
    with claimed(path):
        open_engine(path, writemap=writemap).close()
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path, path.parent)] == [0o700] * 2
    assert modes(path) == {0o600}


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o2770, 0o777])
@pytest.mark.parametrize("writemap", [True, False])
def test_an_existing_folder_keeps_its_mode_and_its_files_get_it(
    tmp_path: Path, umask: None, mode: int, writemap: bool
) -> None:
    path = tmp_path / "data"
    path.mkdir()
    path.chmod(mode)
    for _ in range(2):
        with claimed(path):
            open_engine(path, writemap=writemap).close()
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert modes(path) == {mode & 0o666}


def test_messages_have_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis.txt").touch()
    for attempt in (lambda: open_engine("."), lambda: claimed(Path()).__enter__()):
        with pytest.raises(Unavailable, match=f"^The folder {tmp_path} is neither empty nor"):
            attempt()


def test_the_empty_folder_of_a_new_volume_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".layout-0123").write_text("what a process killed in prepare() leaves")
    open_engine(tmp_path).close()
    open_engine(str(tmp_path)).close()


def test_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fails(tmp_path / "file", Unavailable, "The data path {} is not a folder.")
    fails(tmp_path / "file" / "below", Unavailable, "The data path {} is not a folder.")


def test_folder_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    message = "The folder {} is neither empty nor a data folder of this program: choose another."
    fails(tmp_path, Unavailable, message)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path / "layout").write_text("two columns")
    fails(tmp_path, Unavailable, message)


@pytest.mark.parametrize("version", [0, 3, 17])
def test_other_layout(tmp_path: Path, version: int) -> None:
    (tmp_path / "layout").write_text(f"dynamodb-emulator storage layout {version}\n")
    fails(
        tmp_path,
        LayoutMismatch,
        f"The data folder {{}} has storage layout {version}, but this version of the program uses layout 2:"
        " use the version of the program that wrote the folder, or another folder.",
    )


def test_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # simulated, because root may write everywhere
    fails(tmp_path, Unavailable, "The data folder {} is not writable.")
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    user = tmp_path.owner()
    number = tmp_path.stat().st_uid
    who = f"it belongs to user {number} ({user}), and this program is user 4000000000"
    fails(tmp_path, Unavailable, f"The data folder {{}} is not writable: {who}.")


def test_a_folder_that_cannot_be_made_in_that_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    owner = f"{tmp_path.stat().st_uid} ({tmp_path.owner()})"
    why = f"Permission denied: {tmp_path} belongs to user {owner}, and this program is user 4000000000"
    fails(tmp_path / "a" / "b", Unavailable, f"The data folder {{}} cannot be created: {why}.")


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.EROFS, Unavailable, "Read-only file system"),
        (errno.EACCES, Unavailable, "Permission denied"),
        (errno.ENOSPC, Full, "No space left on device"),
        (errno.EDQUOT, Full, "Disk quota exceeded"),
    ],
)
def test_errors_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception], reason: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        fails(tmp_path / "new", kind, f"The data folder {{}} cannot be created: {reason}.")
    monkeypatch.setattr(os, "fsync", refuse)
    fails(tmp_path / "new", kind, f"The data folder {{}} cannot be used: {reason}.")


@pytest.mark.parametrize("content", [b"x" * 10, b"x" * 8192])
def test_damaged_data_file(disk: Any, tmp_path: Path, content: bytes) -> None:
    disk().close()
    (tmp_path / "store" / "data.mdb").write_bytes(content)
    with pytest.raises(Corrupted, match=r"^The data folder .*/store is damaged: .*MDB_INVALID.*\.$"):
        disk()


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="files cannot be reserved")
def test_data_file_is_not_a_file(tmp_path: Path) -> None:
    open_engine(tmp_path).close()
    (tmp_path / "data.mdb").unlink()
    (tmp_path / "data.mdb").mkdir()
    with pytest.raises(Unavailable, match=r"^The data folder .* cannot be opened: .*Is a directory\.$"):
        open_engine(tmp_path)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="files are never reserved")
def test_the_lock_is_not_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lock_nothing(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with OpenFile(tmp_path / "layout") as layout:
        monkeypatch.setattr(fcntl, "flock", lock_nothing)
        with pytest.raises(Unavailable, match="cannot be locked: No locks available"), locked(layout):
            pass


def test_reservable_only_on_known_file_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    line = "36 35 {}:{} / / rw,noatime shared:1 - {} /dev/root rw\n"
    number = (os.major(device), os.minor(device))
    for kind, expected in {"ext4": True, "tmpfs": True, "btrfs": False, "zfs": False, "nfs4": False}.items():
        text = line.format(0, 99999, "xfs") + line.format(*number, kind)
        monkeypatch.setattr(Path, "read_text", lambda *_, text=text: text)
        assert reservable(tmp_path) is (expected and hasattr(os, "posix_fallocate"))
    monkeypatch.setattr(Path, "read_text", lambda *_: line.format(0, 99999, "xfs"))
    assert reservable(tmp_path) is False


def test_twice_in_one_process(disk: Any) -> None:
    first, second = disk(), disk()
    with first.write() as txn:
        txn.put(b"a", b"1")
        with second.read() as other:
            assert other.get(b"a") is None
        with pytest.raises(AssertionError):
            second.write()
    with first.read() as old:
        with second.write() as txn:
            txn.put(b"a", b"2")
        assert old.get(b"a") == b"1"
        with second.read() as new:
            assert new.get(b"a") == b"2"
    first.close()
    with pytest.raises(Closed):
        first.read()
    with second.read() as txn:
        assert txn.get(b"a") == b"2"
    second.close()
    with disk().read() as txn:
        assert txn.get(b"a") == b"2"


def test_twice_with_other_durability(disk: Any, tmp_path: Path) -> None:
    disk()
    with pytest.raises(Unavailable) as caught:
        disk(durable=True)
    path = tmp_path / "store"
    assert (
        str(caught.value)
        == f"The data folder {path} is already open in this process with a different value of `durable`."
    )


def test_everything_is_stored_after_reopening(disk: Any) -> None:
    for number in range(3):
        engine = disk(durable=number == 1)
        with engine.read() as txn:
            assert len(list(txn.scan(b"", b"\xff"))) == 2 * number
        with engine.write() as txn:
            txn.put(b"%d" % number, b"v" * 5000)
            txn.put(b"%d" % number * 600, b"w")
        engine.close()
