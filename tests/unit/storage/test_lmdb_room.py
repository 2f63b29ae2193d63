"""A store on disk that must grow, or that cannot grow."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import lmdb
import pytest

from storage import Closed, Full, Interrupted, StorageError, open_engine
from storage.disk import environment as disk_environment
from storage.disk import files, lmdb_errors, residency, sizes, upkeep
from storage.keycode import LAST
from tests.support.lmdb_internals import FailingTransaction, environment_of

TINY = 64 << 10
HEAD = b"h" * 495
ROWS = [(b"%06d" % number, b"v" * 1000) for number in range(3000)] + [
    (HEAD + b"%06d" % number, b"w" * 1000) for number in range(20)
]
NO_ROOM = r"^No room is left on the disk of the data folder .*/store\.$"


def contents(engine: Any) -> list[tuple[bytes, bytes]]:
    with engine.read() as txn:
        return list(txn.scan(b"", LAST))


def put_all(engine: Any, rows: list[tuple[bytes, bytes]]) -> None:
    with engine.write() as txn:
        for key, value in rows:
            txn.put(key, value)


@pytest.fixture
def small(disk: Callable[..., Any]) -> Any:
    return disk(map_size=TINY)


@pytest.mark.parametrize("at_a_time", [7, 100, 5000])
def test_grows(small: Any, at_a_time: int) -> None:
    for first in range(0, len(ROWS), at_a_time):
        put_all(small, ROWS[first : first + at_a_time])
    assert contents(small) == ROWS


def test_a_sparse_map_starts_small_where_the_file_takes_its_size() -> None:
    """LMDB on Windows makes the file as large as the map. So the map starts with 16 MiB there, and
    with 1 TiB elsewhere.
    """
    assert sizes.first_sparse("nt") == 16 << 20
    assert sizes.first_sparse("posix") == 1 << 40


def test_a_sparse_map_that_starts_small_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_environment, "first_sparse", lambda: TINY)
    with closing(open_engine(tmp_path / "store", writemap=False)) as engine:
        for first in range(0, len(ROWS), 100):
            put_all(engine, ROWS[first : first + 100])
        assert contents(engine) == ROWS


def test_deletes_and_drops_are_run_again(small: Any) -> None:
    """The transaction fits only after the map has grown several times. Its writes, which are of all
    kinds, are repeated each time, but take effect once.
    """
    put_all(small, ROWS[:30])
    with small.write() as txn:
        txn.put(HEAD + b"gone", b"x")
        assert txn.drop_range(b"", LAST, 10) == 10
        assert txn.delete(ROWS[10][0]) is True
        assert txn.delete(b"nothing") is False
        assert txn.delete(HEAD + b"gone") is True
        for key, value in ROWS[11:]:
            txn.put(key, value)
        assert txn.delete(ROWS[11][0]) is True
    assert contents(small) == ROWS[12:]


def test_delete_may_grow_too(small: Any) -> None:
    put_all(small, ROWS[:20])
    with small.write() as txn:
        txn.put(b"a", b"1")
        txn.txn = FailingTransaction(txn.txn, "delete", lmdb.MapFullError("delete"))
        assert txn.delete(ROWS[3][0]) is True
        assert txn.get(b"a") == b"1"
    assert contents(small) == [*ROWS[:3], *ROWS[4:20], (b"a", b"1")]


def test_commit_may_grow_too(small: Any) -> None:
    with small.write() as txn:
        txn.put(b"a", b"1")
        txn.delete(b"b")
        txn.txn = FailingTransaction(txn.txn, "commit", lmdb.MapFullError("commit"))
    assert contents(small) == [(b"a", b"1")]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("walked", [0, 1, 50, 95])
def test_newest_snapshot_and_its_walks_survive(small: Any, reverse: bool, walked: int) -> None:
    rows = ROWS[:40] + ROWS[-20:]
    put_all(small, rows)
    expected = rows[::-1] if reverse else rows
    with small.read() as reader, small.read() as other:
        walks = [reader.scan(b"", LAST, reverse=reverse), other.scan(b"", LAST, reverse=reverse)]
        found = [[pair for pair, _ in zip(walk, range(walked), strict=False)] for walk in walks]
        put_all(small, ROWS[40:])
        for walk, pairs in zip(walks, found, strict=True):
            # Where zip stopped, it had taken one more pair from the walk than it returned.
            skipped = min(len(pairs) + 1, len(rows))
            assert pairs + expected[len(pairs) : skipped] + list(walk) == expected
        assert reader.get(ROWS[100][0]) is None
        assert list(other.scan(b"", LAST)) == rows
    assert contents(small) == ROWS


def test_older_snapshot_is_lost_and_says_so(small: Any) -> None:
    put_all(small, ROWS[:10])
    with small.read() as old:
        walk = old.scan(b"", LAST)
        next(walk)
        put_all(small, ROWS[:12])
        assert len(list(old.scan(b"", LAST))) == 10
        put_all(small, ROWS)
        for use in (lambda: old.get(b"a"), lambda: list(old.scan(b"", LAST)), lambda: next(walk)):
            with pytest.raises(Interrupted, match=r"^The snapshot was lost when the store grew: run the read again\.$"):
                use()
    assert contents(small) == ROWS


def test_snapshot_taken_inside_the_growing_write_survives(small: Any) -> None:
    put_all(small, ROWS[:10])
    with small.write() as txn:
        for key, value in ROWS[10:20]:
            txn.put(key, value)
        with small.read() as reader:
            for key, value in ROWS[20:]:
                txn.put(key, value)
            assert list(reader.scan(b"", LAST)) == ROWS[:10]
    assert contents(small) == ROWS


def test_an_ended_walk_stays_ended(small: Any) -> None:
    put_all(small, ROWS[:10])
    with small.read() as txn:
        walk = txn.scan(b"", LAST)
        next(walk)
    with pytest.raises(Closed, match=r"^The transaction has ended\.$"):
        next(walk)


def test_interrupted_when_another_process_wrote_in_between(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    grow = disk_environment.Environment.grow

    def grow_while_another_process_writes(environment: Any) -> None:
        grow(environment)
        with environment.env.begin(write=True) as other:
            other.put(b"other", b"1")

    monkeypatch.setattr(disk_environment.Environment, "grow", grow_while_another_process_writes)
    message = r"^Another process has written since this transaction began: run the transaction again."
    with pytest.raises(Interrupted, match=message):
        put_all(small, ROWS)
    assert contents(small) == [(b"other", b"1")]
    with small.write() as txn:
        with pytest.raises(Interrupted, match=message):
            txn.put(b"large", b"v" * 10_000_000)
        with pytest.raises(Closed):
            txn.put(b"a", b"after the error")
    assert contents(small) == [(b"other", b"1")]
    monkeypatch.undo()
    put_all(small, ROWS)
    assert len(contents(small)) == len(ROWS) + 1


# Full disks


def test_no_room_to_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(tmp_path / "store", map_size=TINY, writemap=True)
    put_all(engine, ROWS[:10])
    with monkeypatch.context() as patch:

        def refuse(descriptor: int, *_: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(os, "posix_fallocate", refuse)
        message = r"^The data file .*/data\.mdb cannot grow to 131072 bytes: No space left on device\.$"
        with pytest.raises(Full, match=message):
            put_all(engine, ROWS)
        assert contents(engine) == ROWS[:10]
        with engine.write() as txn:
            with pytest.raises(Full):
                txn.put(b"large", b"v" * 1_000_000)
            with pytest.raises(Closed):
                txn.put(b"a", b"after the error")
        assert contents(engine) == ROWS[:10]
        put_all(engine, ROWS[:12])
    put_all(engine, ROWS)
    assert contents(engine) == ROWS
    engine.close()


def lmdb_error(number: int) -> lmdb.Error:
    error = lmdb.Error("write")
    error.code = number  # type: ignore[misc] # the C extension sets it too
    return error


def fail_at(engine: Any, method: str, error: lmdb.Error) -> None:
    with engine.write() as txn:
        txn.put(b"a", b"1")
        txn.txn = FailingTransaction(txn.txn, method, error)
        txn.delete(ROWS[0][0])
        txn.put(b"b", b"1")


@pytest.mark.parametrize("method", ["put", "delete", "commit"])
@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (lmdb.DiskError("write"), Full, NO_ROOM),
        (lmdb_error(errno.EDQUOT), Full, NO_ROOM),
        (lmdb_error(errno.EFBIG), Full, NO_ROOM),
        (lmdb.TxnFullError("write"), Full, r"^The transaction is too large\.$"),
        (lmdb_error(errno.EIO), StorageError, r"^An operation on the data folder .*/store failed: write\.$"),
    ],
    ids=["ENOSPC", "EDQUOT", "EFBIG", "too large", "EIO"],
)
def test_write_fails(disk: Any, method: str, error: lmdb.Error, kind: type[Exception], message: str) -> None:
    engine = disk()
    put_all(engine, ROWS[:10])
    with pytest.raises(StorageError, match=message) as caught:
        fail_at(engine, method, error)
    assert type(caught.value) is kind
    assert contents(engine) == ROWS[:10]
    put_all(engine, ROWS)
    assert contents(engine) == ROWS


def test_short_write_on_a_full_disk_is_full(disk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """LMDB reports EIO if the disk accepted only a part of a write."""
    engine = disk()
    monkeypatch.setattr(lmdb_errors, "disk_is_full", lambda _: True)
    with pytest.raises(Full, match=NO_ROOM):
        fail_at(engine, "commit", lmdb_error(errno.EIO))
    assert contents(engine) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "tmpfs"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", path], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a file system can only be mounted by root")
    yield path
    subprocess.run(["umount", path], check=True)


def put_until_full(engine: Any) -> list[tuple[bytes, bytes]]:
    for first in range(0, len(ROWS), 25):
        try:
            put_all(engine, ROWS[first : first + 25])
        except Full:
            return ROWS[:first]
    return ROWS


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a file system can only be mounted by root")
@pytest.mark.parametrize("writemap", [True, False])
def test_really_full_disk(tiny_disk: Path, writemap: bool) -> None:
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"x" * (2 << 20))
    engine = open_engine(tiny_disk / "store", map_size=TINY if writemap else None, writemap=writemap)
    kept = put_until_full(engine)
    assert 100 < len(kept) < len(ROWS)
    for _ in range(3):
        with pytest.raises(Full):
            put_all(engine, ROWS)
        assert contents(engine) == kept
    engine.sync()
    ballast.unlink()
    put_all(engine, ROWS[: len(kept) + 300])
    assert contents(engine) == ROWS[: len(kept) + 300]
    engine.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a file system can only be mounted by root")
def test_opening_on_a_full_disk(tiny_disk: Path) -> None:
    with (tiny_disk / "ballast").open("wb", buffering=0) as ballast:
        size = ballast.write(b"x" * (4 << 20))  # the disk has room for only a part
    assert size < 4 << 20
    for _ in range(2):
        with pytest.raises(Full, match=r"^The data f.*: No space left on device\.$"):
            open_engine(tiny_disk / "store")
    (tiny_disk / "ballast").unlink()
    open_engine(tiny_disk / "store", map_size=TINY).close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a file system can only be mounted by root")
def test_opening_on_an_almost_full_disk(tiny_disk: Path) -> None:
    """Files are reserved before they are mapped, so opening fails with a message, not a signal."""
    ballast = tiny_disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        size = stream.write(b"x" * (4 << 20))
    script = (
        "import sys; from storage import Full, open_engine\ntry: open_engine(sys.argv[1])\nexcept Full: print('Full')"
    )
    for pages in (1, 3, 6, 12):
        os.truncate(ballast, size - pages * 4096)
        command = [sys.executable, "-c", script, str(tiny_disk / f"store{pages}")]
        result = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
        assert (result.returncode, result.stdout, result.stderr) == (0, "Full\n", "")
        shutil.rmtree(tiny_disk / f"store{pages}")


# The size of the file and of the map


def test_size_is_only_changed_under_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LMDB shortens the file to the size of its map. Another process must not read the
    size then.
    """
    held = []

    def is_held() -> bool:
        with (tmp_path / "layout").open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def reserve(file: files.OpenFile, size: int) -> None:
        held.append((file.name, is_held()))
        files.reserve(file, size)

    monkeypatch.setattr(disk_environment, "reserve", reserve)
    engine = open_engine(tmp_path, map_size=TINY, writemap=True)
    put_all(engine, ROWS[:50])
    assert held == [("lock.mdb", True), ("data.mdb", True), ("data.mdb", True)]
    assert not is_held()
    engine.close()


def test_every_byte_of_a_reserved_file_is_reserved(tmp_path: Path) -> None:
    file = tmp_path / "data.mdb"
    engine = open_engine(tmp_path, map_size=1, writemap=True)
    assert file.stat().st_size == TINY
    put_all(engine, ROWS[:200])
    status = file.stat()
    assert status.st_size == 512 << 10
    assert status.st_blocks * 512 >= status.st_size
    engine.close()


def test_opening_never_cuts_the_file(tmp_path: Path) -> None:
    for map_size in (1 << 20, TINY, None):
        engine = open_engine(tmp_path, map_size=map_size, writemap=True)
        assert (tmp_path / "data.mdb").stat().st_size == 1 << 20
        engine.close()


def test_holes_are_filled_when_opening(tmp_path: Path) -> None:
    """A restored copy may be sparse. On a full disk, a write to a hole would kill the process."""
    engine = open_engine(tmp_path, map_size=1 << 20, writemap=True)
    put_all(engine, ROWS[:10])
    engine.close()
    file = tmp_path / "data.mdb"
    data = file.read_bytes().rstrip(b"\0")
    file.unlink()
    with file.open("wb") as stream:
        stream.write(data)
        stream.truncate(1 << 20)
    assert file.stat().st_blocks * 512 < 1 << 20
    engine = open_engine(tmp_path, writemap=True)
    assert file.stat().st_blocks * 512 >= 1 << 20
    assert contents(engine) == ROWS[:10]
    engine.close()


def test_the_address_space_is_used_up(tmp_path: Path) -> None:
    engine: Any = open_engine(tmp_path, map_size=1 << 62, writemap=False)
    put_all(engine, ROWS[:10])
    environment = environment_of(engine)
    with engine.read() as reader:
        walk = reader.scan(b"", LAST)
        next(walk)
        environment.size = 1 << 61
        message = f"^This process has too little address space for {(1 << 61) + (256 << 20)} bytes: {tmp_path}.$"
        with pytest.raises(Full, match=message):
            environment.grow()
        assert list(walk) == ROWS[1:10]
    put_all(engine, ROWS)
    assert contents(engine) == ROWS
    engine.close()


def test_reopening_ends_a_panic(disk: Any) -> None:
    engine = disk()
    put_all(engine, ROWS[:10])

    class Panicking:
        def __init__(self, env: Any) -> None:
            self.close = env.close

        def begin(self, **_: Any) -> None:
            raise lmdb.PanicError("begin")

    with engine.read() as reader:
        environment_of(engine).env = Panicking(environment_of(engine).env)
        put_all(engine, ROWS[:20])
        assert list(reader.scan(b"", LAST)) == ROWS[:10]
    assert contents(engine) == ROWS[:20]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return the list of the parts of the data file, as (start, stop), that are loaded into the
    page cache.
    """
    parts: list[tuple[int, int]] = []
    for module in (disk_environment, upkeep):
        monkeypatch.setattr(module, "load", lambda _, start, stop: parts.append((start, stop)))
    return parts


def test_pages_ahead_of_the_writer_are_loaded_once(tmp_path: Path, loaded: list[tuple[int, int]]) -> None:
    engine = open_engine(tmp_path / "store", map_size=512 << 20, writemap=True)
    work = engine.preallocate()
    assert work is not None
    work()
    [(start, stop)] = loaded
    assert 0 < start < 1 << 20
    assert stop - start == 64 << 20
    assert engine.preallocate() is None
    for number in range(36):
        with engine.write() as txn:
            txn.put(b"%d" % number, bytes(1 << 20))
    work = engine.preallocate()
    assert work is not None
    work()
    assert loaded[1][0] == stop
    assert stop + (32 << 20) < loaded[1][1] < stop + (40 << 20)
    engine.close()


def test_a_map_that_grows_has_its_next_pages_loaded(tmp_path: Path, loaded: list[tuple[int, int]]) -> None:
    engine = open_engine(tmp_path / "store", map_size=TINY, writemap=True)
    put_all(engine, ROWS[:200])
    assert loaded[0] == (TINY, TINY + (1 << 20))
    engine.close()


def test_a_file_is_reserved_before_its_map_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 8 * TINY
    engine = open_engine(tmp_path / "store", map_size=size, writemap=True)
    file = tmp_path / "store" / "data.mdb"
    finish(engine)
    assert file.stat().st_size == size
    put_all(engine, ROWS[:240])
    finish(engine)
    assert file.stat().st_size == 2 * size, "less than half of the map is free"
    monkeypatch.setattr(disk_environment, "reserve", lambda *_: pytest.fail("growing reserves"))
    put_all(engine, ROWS[240:480])
    assert environment_of(engine).moves == 1
    assert contents(engine) == ROWS[:480]
    engine.close()


def test_a_map_grows_in_steps_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps release the pages in use from memory. Then the map grows into the room that was
    reserved for it.
    """
    monkeypatch.setattr(upkeep, "LARGE", 1)
    monkeypatch.setattr(upkeep, "_TRIM_STEP", 8 * TINY // 4)
    released: list[tuple[int, int]] = []
    monkeypatch.setattr(residency, "forget", lambda _, start, size: released.append((start, size)))
    engine = open_engine(tmp_path / "store", map_size=8 * TINY, writemap=True)
    assert engine.extend() is None, "there is room"
    put_all(engine, ROWS[:240])
    assert engine.extend() is None, "nothing is reserved"
    finish(engine)
    steps = engine.extend()
    assert steps is not None
    assert (len(list(steps)), environment_of(engine).size) == (len(released), 16 * TINY)
    assert [start for start, _ in released] == list(range(0, environment_of(engine).used(), 2 * TINY))
    assert engine.extend() is None
    put_all(engine, ROWS[240:480])
    assert environment_of(engine).moves == 1
    assert contents(engine) == ROWS[:480]
    engine.close()


def test_a_map_that_a_write_has_grown_does_not_grow_twice(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "store", map_size=8 * TINY, writemap=True)
    put_all(engine, ROWS[:240])
    finish(engine)
    steps = engine.extend()
    assert steps is not None
    put_all(engine, ROWS[240:480])
    size = environment_of(engine).size
    assert list(steps) == []
    assert environment_of(engine).size == size == 16 * TINY
    engine.close()


def test_more_room_than_the_disk_has_is_requested_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = open_engine(tmp_path / "store", map_size=8 * TINY, writemap=True)
    put_all(engine, ROWS[:240])
    asked = []

    def full(*request: object) -> None:
        asked.append(request)
        raise Full("no room")

    monkeypatch.setattr(upkeep, "reserve", full)
    finish(engine)
    finish(engine)
    assert asked == [(environment_of(engine).data, 16 * TINY)]
    engine.close()


def finish(engine: Any) -> None:
    """Do the preallocation that another thread does, ahead of the writer."""
    work = engine.preallocate()
    if work is not None:
        work()


def test_a_sparse_file_has_no_pages_to_load(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "store", writemap=False)
    assert engine.preallocate() is None
    assert engine.extend() is None
    engine.close()


def test_loading_missing_pages_does_no_harm(tmp_path: Path) -> None:
    with files.OpenFile(tmp_path / "data") as file:
        files.load(file, 0, 100)
        file.path.write_bytes(b"abc")
        files.load(file, 0, 5 << 20)
        assert file.path.read_bytes() == b"abc"
    files.load(file, 0, 100)


def finish_trim(engine: Any) -> None:
    """Give all memory of a store back, step by step."""
    for _ in engine.trim():
        pass


def resident(file: Path) -> int:
    """Return the bytes of a file that count as memory of this process."""
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line[:1] in "0123456789abcdef" and "-" in line.split(" ")[0]:
            inside = line.endswith(str(file))
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) << 10
    return total


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux shows what is resident")
@pytest.mark.parametrize("writemap", [True, False])
def test_trimming_removes_pages_from_memory_and_loses_nothing(tmp_path: Path, writemap: bool) -> None:
    engine = open_engine(tmp_path / "store", writemap=writemap)
    rows = [(b"%06d" % number, b"v" * 3000) for number in range(5000)]
    put_all(engine, rows)
    assert contents(engine) == rows
    file = tmp_path / "store" / "data.mdb"
    assert resident(file) > 10 << 20
    with engine.read() as txn:
        finish_trim(engine)
        assert resident(file) < 1 << 20
        assert txn.get(rows[77][0]) == rows[77][1]
    assert contents(engine) == rows
    put_all(engine, [(b"more", b"1")])
    assert contents(engine) == [*rows, (b"more", b"1")]
    engine.close()


def test_a_small_store_keeps_its_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "storage.disk.residency", None)  # makes an import of it fail
    engine = open_engine(tmp_path / "store")
    put_all(engine, ROWS[:10])
    finish_trim(engine)
    engine.close()


@pytest.mark.parametrize("writemap", [True, False])
def test_trimming_makes_room_for_later_writes(tmp_path: Path, writemap: bool) -> None:
    engine = open_engine(tmp_path / "store", map_size=TINY if writemap else None, writemap=writemap)
    put_all(engine, [(b"%06d" % number, b"v" * 3000) for number in range(5000)])
    finish_trim(engine)
    info = environment_of(engine).env.info()
    used = info["last_pgno"] * 4096
    assert info["map_size"] - used >= used // 2 - 4096
    before = info["map_size"]
    finish_trim(engine)
    assert environment_of(engine).env.info()["map_size"] == before
    engine.close()
