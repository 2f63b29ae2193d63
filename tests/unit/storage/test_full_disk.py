"""A store on a full disk, for every engine on disk. The disk is simulated."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lmdb
import pytest

from storage import Full, open_engine
from storage.disk import environment as disk_environment
from storage.disk import file_system, files, room, upkeep
from storage.keycode import LAST
from tests.support.lmdb_internals import FailingTransaction, environment_of, give_reserve

MIB = 1 << 20
VALUE = b"v" * 1900


class Disk:
    """A fake disk with room for `size` bytes of files; `asked` counts the requests for
    more room.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size, self.asked = folder, size, 0

    def used(self) -> int:
        return sum(file.stat().st_size for file in self.folder.iterdir()) if self.folder.exists() else 0

    def free(self, _: object = None) -> int:
        return max(0, self.size - self.used())

    def reserve(self, file: files.OpenFile, size: int) -> None:
        self.asked += 1
        if size - file.size > self.free():
            raise file_system.os_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "The fake disk refused")
        files.reserve(file, size)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk(tmp_path / "store", 12 * MIB)
    for module in (disk_environment, room):
        monkeypatch.setattr(module, "reserve", made.reserve)
        monkeypatch.setattr(module, "free_bytes", made.free)
    monkeypatch.setattr(upkeep, "reserve", made.reserve)
    return made


@pytest.fixture(params=[False, True], ids=["plain", "durable"])
def engine(request: pytest.FixtureRequest, disk: Disk) -> Iterator[Any]:
    opened: Any = open_engine(disk.folder, map_size=2 * MIB, writemap=True, durable=request.param)
    opened.group_writes(lambda: None)
    yield opened
    opened.close()


def put(engine: Any, number: int) -> None:
    with engine.write() as txn:
        txn.put(b"%06d" % number, VALUE)
    engine.commit()


def delete(engine: Any, *doomed: int) -> None:
    with engine.write() as txn:
        txn.urgent = True
        for number in doomed:
            assert txn.delete(b"%06d" % number)
    engine.commit()


def fill(engine: Any, start: int = 0) -> int:
    """Put rows until there is no room; return the number of the next one."""
    for number in range(start, start + 100_000):
        try:
            put(engine, number)
        except Full:
            return number
    raise AssertionError("the disk has no end")


def spend_reserve(engine: Any, disk: Disk) -> int:
    """Fill the disk; delete so many rows at once that it needs the reserve. Return the rows put."""
    count = fill(engine)
    delete(engine, *range(0, count, 20))
    assert disk.folder.joinpath("reserve").stat().st_size == 1
    return count


def numbers(engine: Any) -> list[int]:
    with engine.read() as txn:
        return [int(key) for key, _ in txn.scan(b"", LAST)]


def test_growth_uses_the_available_room(engine: Any, disk: Disk) -> None:
    count = fill(engine)
    assert numbers(engine) == list(range(count))
    assert disk.free() < MIB
    assert disk.folder.joinpath("data.mdb").stat().st_size > disk.size - 3 * MIB
    assert disk.folder.joinpath("reserve").stat().st_size == room.RESERVE


def test_not_every_write_tries_a_full_disk(engine: Any, disk: Disk) -> None:
    count = fill(engine)
    for _ in range(20):
        with pytest.raises(Full):
            put(engine, count)
    before = disk.asked
    for _ in range(320):
        with pytest.raises(Full):
            put(engine, count)
    assert disk.asked - before <= 20


def test_deletions_and_then_puts_work_on_a_full_disk(engine: Any, disk: Disk) -> None:
    spend_reserve(engine, disk)
    count = len(numbers(engine))
    for number in numbers(engine):
        delete(engine, number)
    assert numbers(engine) == []
    again = fill(engine)
    assert again > count // 2
    for number in range(again):
        delete(engine, number)
    assert numbers(engine) == []


def test_ordinary_writes_leave_room_for_urgent_ones(engine: Any) -> None:
    """Ordinary writes between deletions use the freed pages, but never the last ones."""
    count = fill(engine)
    written = count
    for number in range(count):
        delete(engine, number)
        try:
            put(engine, written)
        except Full:
            continue
        written += 1
    assert numbers(engine) == list(range(count, written))


def test_room_freed_by_another_program_helps(engine: Any, disk: Disk) -> None:
    count = fill(engine)
    for number in range(50):
        delete(engine, number)
    disk.size += 20 * MIB
    for number in range(count, count + 3000):
        put(engine, number)
    assert numbers(engine) == list(range(50, count + 3000))
    assert not environment_of(engine).tight
    assert disk.folder.joinpath("reserve").stat().st_size == room.RESERVE


def test_store_that_is_opened_on_a_full_disk_still_leaves_room(engine: Any, disk: Disk) -> None:
    count = spend_reserve(engine, disk)
    engine.close()
    opened: Any = open_engine(disk.folder, writemap=True)
    assert environment_of(opened).tight
    fill(opened, count)
    for number in numbers(opened):
        delete(opened, number)
    assert numbers(opened) == []
    opened.close()


def test_a_writer_of_another_process_notices_that_the_reserve_is_used(engine: Any, disk: Disk) -> None:
    spend_reserve(engine, disk)
    environment = environment_of(engine)
    environment.tight = False  # as in another process, until it notices the larger map
    environment.remap()
    assert environment.tight


def test_no_room_is_reserved_in_advance_on_a_nearly_full_disk(engine: Any, disk: Disk) -> None:
    """Trimming and preallocation make room for later writes, but leave the last room of a disk to
    other programs.
    """
    disk.size = disk.used() + 3 * MIB
    size = disk.folder.joinpath("data.mdb").stat().st_size
    environment_of(engine).make_room(64 * MIB)
    work = engine.preallocate()
    if work is not None:
        work()
    assert disk.folder.joinpath("data.mdb").stat().st_size == size


# Stores with a sparse file: the disk refuses commits


@pytest.fixture(params=[False, True], ids=["plain", "durable"])
def sparse(request: pytest.FixtureRequest, disk: Disk) -> Iterator[Any]:
    opened: Any = open_engine(disk.folder, writemap=False, durable=request.param)
    opened.group_writes(lambda: None)
    yield opened
    opened.close()


def failing(engine: Any, work: Callable[[Any], object]) -> None:
    """Run `work` in a transaction whose commit finds no room."""
    with engine.write() as txn:
        txn.txn = FailingTransaction(txn.txn, "commit", lmdb.DiskError("full"))
        work(txn)
    engine.commit()


def test_commit_that_finds_no_room_gets_the_reserve_if_it_is_urgent(sparse: Any, disk: Disk) -> None:
    put(sparse, 1)

    def urgently(txn: Any) -> None:
        txn.urgent = True
        txn.delete(b"000001")

    disk.size = disk.used()
    with pytest.raises(Full):
        failing(sparse, lambda txn: txn.put(b"000002", VALUE))
    assert disk.folder.joinpath("reserve").stat().st_size == room.RESERVE
    failing(sparse, urgently)
    assert disk.folder.joinpath("reserve").stat().st_size == 1
    assert numbers(sparse) == []


def test_ordinary_commits_are_refused_early_once_the_reserve_is_used(sparse: Any, disk: Disk) -> None:
    put(sparse, 1)
    disk.size = disk.used()
    give_reserve(sparse)
    with pytest.raises(Full):
        failing(sparse, lambda txn: txn.put(b"000002", VALUE))
    with pytest.raises(Full, match=r"^The disk of the data folder .* is full\.$"):
        put(sparse, 2)
    delete(sparse, 1)
    disk.size += 20 * MIB
    put(sparse, 2)
    assert numbers(sparse) == [2]


def test_a_failed_group_of_urgent_writes_is_not_tried_repeatedly(disk: Disk) -> None:
    engine: Any = open_engine(disk.folder, writemap=False, durable=True)
    engine.group_writes(lambda: None)
    put(engine, 1)
    disk.size = disk.used()
    give_reserve(engine)
    begun = 0
    for _ in range(100):
        try:
            with engine.write() as txn:
                begun += 1
                txn.urgent = True
                txn.txn = FailingTransaction(txn.txn, "commit", lmdb.DiskError("full"))
                txn.delete(b"000001")
            with pytest.raises(Full):
                engine.commit()
        except Full:
            assert not engine.pending
    assert 4 <= begun < 10
    disk.size += 20 * MIB
    delete(engine, 1)
    engine.close()


# Parts of an engine on their own


def test_a_refusal_holds_until_room_is_freed() -> None:
    free = [10 * MIB]
    refusal = room.Refusal(lambda: free[0])
    assert not refusal.stands()
    for _ in range(3):
        refusal.note()
        assert not refusal.stands()
    refusal.note()
    assert [refusal.stands() for _ in range(60)].count(False) == 2, "quotas do not show in the free bytes"
    free[0] += MIB - 1
    assert refusal.stands()
    free[0] += 1
    assert not refusal.stands()
    free[0] = 0
    assert refusal.stands()
    refusal.forget()
    assert not refusal.stands()


@pytest.mark.parametrize("reservable", [True, False])
def test_reserve_is_taken_from_a_disk_with_plenty_of_room(disk: Disk, reservable: bool) -> None:
    disk.folder.mkdir()
    disk.size = 2 * MIB
    with room.Reserve(disk.folder, reservable=reservable) as reserve:
        assert (reserve.take(), reserve.known, reserve.spent, reserve.give()) == (False, False, False, False)
        disk.size = 3 * MIB
        assert (reserve.take(), reserve.known, reserve.spent) == (True, True, False)
        assert disk.folder.joinpath("reserve").stat().st_blocks * 512 >= room.RESERVE
        assert reserve.take()
        disk.size = 2 * MIB
        assert reserve.give()
        assert (reserve.take(), reserve.known, reserve.spent, reserve.give()) == (False, True, True, False)


def test_a_reserve_that_the_disk_refuses_leaves_no_file(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.folder.mkdir()
    monkeypatch.setattr(room, "free_bytes", lambda _: 1 << 40)
    monkeypatch.setattr(os, "write", lambda _, data: len(data) // 2)
    with room.Reserve(disk.folder, reservable=False) as reserve:
        assert not reserve.take()
        assert not reserve.known
