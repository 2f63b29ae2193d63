"""The LMDB environment of one folder: how it is opened, how its map grows, and a full disk.

Tables. The main table (LMDB's unnamed database) has the short keys. The table `long` has the
buckets for long keys (buckets.py). LMDB stores the root of a named table as a record of the main
table. The key of this record is LONG_TABLE, which is longer than all short keys and sorts after
them, so no scan with bounds from `buckets.bound` finds the record.

Size of the map. LMDB maps a fixed number of bytes of its file into memory. There are two ways to
choose this number:

* reserved (Linux, common file systems): the map is writable and exactly as large as the file, and
  all blocks of the file are reserved in advance. A commit then only writes to memory: for a row of
  1 KB it takes 2.8 µs, and 9.7 µs with a read-only map. Every growth is reserved first, because a
  write to a hole of the file would kill the process (SIGBUS) on a full disk. LMDB cuts a file that
  is larger than the map. So a process holds the lock `resizing` while it chooses the size of the
  map, and never chooses less than the size of the file.
* sparse (all other systems): the map is read-only and very large, and the file grows with each
  write. On a full disk, the commit fails with an ordinary error. On Windows, the map begins with
  16 MiB and doubles, because LMDB makes the file as large as the map.

In both cases, a killed process loses no commit: its commits are in the page cache of the operating
system.

A full disk. The file grows by the largest step that the disk has room for, but at least by 1 MiB.
After the disk has refused a step, the environment is `tight`: urgent writes may use the reserve
(room.py), and ordinary writes must leave some pages for urgent writes (`fits`). In a sparse file,
`fits` counts only the pages that the file has already, because on a full disk it cannot grow.

Moving the map. A change of the map's size may move the map to another address, and ends every LMDB
transaction of this process. So `_move` opens the readers' snapshots again. This succeeds if nothing
was committed after the snapshot was opened. Otherwise the reader has lost its snapshot, and its
next use raises Interrupted. A running scan continues after the move (transactions.py).
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import lmdb

from storage.disk.file_system import file_size, free_bytes, reservable
from storage.disk.files import OpenFile, load, locked, reserve
from storage.disk.handles import ENDED, LOST
from storage.disk.lmdb_errors import no_room, translated
from storage.disk.room import LEAST_STEP, RESERVE, SPARE_PAGES, Refusal, Reserve
from storage.disk.sizes import FIRST_RESERVED, LEAST_SPARSE, first_sparse, half, in_pages, in_units, step_after
from storage.errors import Full, StorageError, Unavailable

if TYPE_CHECKING:
    from storage.disk.handles import Table, Transaction

LONG_TABLE: Final = b"\xff" * 511
READERS: Final = 254
"""The maximum number of open read transactions of all processes together."""

_LOADED_BY_GROWING: Final = 1 << 20
"""The number of new bytes that `_extended` loads into the page cache while the writer waits."""

_LOCK_FILE_SIZE: Final = 32 << 10


class Reader(Protocol):
    """A reader of the store. When the memory map moves, a new LMDB transaction replaces `txn`."""

    txn: "Transaction"


class Environment:
    """The open LMDB environment of a folder. Engines and transactions use its attributes directly.

    reserved: True if the blocks of the data file are reserved, False if the file is sparse.
    size: the size of the memory map in bytes.
    readers: all readers, also those that wait for reuse.
    writing: True while a write transaction is open.
    moves: the number of times that the memory map has moved.
    tight: True if the disk is full (see "A full disk" in the head of this file).
    """

    def __init__(self, folder: Path, *, map_size: int | None, writemap: bool | None, durable: bool) -> None:
        self.folder = folder
        self.file = folder / "data.mdb"
        self.reserved = reservable(folder) if writemap is None else writemap
        self.durable = durable
        self.readers: list[Reader] = []
        self.writing = False
        self.moves = 0
        self.closed = False
        self.size = in_units(map_size or (FIRST_RESERVED if self.reserved else first_sparse()))
        with contextlib.ExitStack() as files:
            self.data = files.enter_context(OpenFile(self.file))
            self._layout = files.enter_context(OpenFile(folder / "layout"))
            self.layout_for_threads = files.enter_context(OpenFile(folder / "layout"))
            self._reserve = files.enter_context(Reserve(folder, reservable=self.reserved))
            self._refusal = Refusal(self.free_bytes)
            with self._resizing():
                self._open()
            self.tight = not self._reserve.take() and self._reserve.spent
            self._files = files.pop_all()

    def close(self) -> None:
        """Close LMDB and the files."""
        # The lock waits for a thread that is reserving blocks of the file (upkeep.py).
        with self._resizing():
            self.closed = True
        self.env.close()
        self._files.close()

    # --- opening ----------------------------------------------------------------------------------

    def _open(self) -> None:
        """Open LMDB and its tables. The caller must hold the lock `resizing`."""
        # OpenFile creates lock.mdb with the right mode. LMDB would use a mode that depends on the
        # umask.
        with OpenFile(self.folder / "lock.mdb") as lock:
            if self.reserved:
                reserve(lock, _LOCK_FILE_SIZE)
        if self.reserved:
            self.size = in_pages(file_size(self.file)) or self.size
        self.env = self._open_lmdb()
        try:
            self._prepare_tables()
        except BaseException:
            self.env.close()
            raise

    def _open_lmdb(self) -> lmdb.Environment:
        """Open LMDB. If the map of a sparse file exceeds the address space, halve it and retry."""
        while True:
            try:
                return lmdb.open(
                    os.fspath(self.folder),
                    map_size=self.size,
                    sync=self.durable,
                    metasync=self.durable,
                    writemap=self.reserved,
                    mode=0o644,
                    max_dbs=1,
                    max_readers=READERS,
                    max_spare_txns=1,
                )
            except lmdb.MemoryError as error:
                if self.reserved or self.size <= LEAST_SPARSE:
                    raise Full(f"This process has too little address space for {self.folder}.") from error
                self.size //= 2
            except lmdb.MapResizedError:
                self.size *= 2  # Another process has made the file larger than the map.
            except lmdb.Error as error:
                raise self._not_opened(error) from error

    def _not_opened(self, error: lmdb.Error) -> StorageError:
        meaning = translated(error, self.folder)
        if type(meaning) is not StorageError:
            return meaning
        return Unavailable(f"The data folder {self.folder} cannot be opened: {error}.")

    def _prepare_tables(self) -> None:
        if self.reserved:
            self.size = self.env.info()["map_size"]
            reserve(self.data, self.size)
        self.env.reader_check()
        self._page_size = self.env.stat()["psize"]
        try:
            self.long = self._open_long()
            self._main = self.env.open_db(None)
        except lmdb.Error as error:
            raise self._not_opened(error) from error

    def _open_long(self) -> "Table":
        while True:
            try:
                return self.env.open_db(LONG_TABLE)
            except lmdb.MapResizedError:  # Another process has made the file larger than the map.
                self.env.set_mapsize(0)

    def _resizing(self) -> contextlib.AbstractContextManager[None]:
        return locked(self._layout) if self.reserved else contextlib.nullcontext()

    def begin_again(self, error: lmdb.Error, *, write: bool) -> "Transaction":
        """Begin a transaction after LMDB's `begin` has failed: remove the cause and try again.

        error: the error of `begin`. Raises StorageError if the cause cannot be removed.
        """
        for _ in range(8):
            if isinstance(error, lmdb.MapResizedError):
                self.remap()
            elif isinstance(error, lmdb.ReadersFullError) and self.env.reader_check():
                pass
            elif isinstance(error, lmdb.PanicError):
                with self._resizing():
                    self._reopen()
            else:
                break
            try:
                return self.env.begin(write=write)
            except lmdb.Error as next_error:
                error = next_error
        raise translated(error, self.folder) from error

    # --- room -------------------------------------------------------------------------------------

    def used(self) -> int:
        """Return the number of bytes up to the end of the last page that was ever used."""
        return (self.env.info()["last_pgno"] + 1) * self._page_size

    def free_bytes(self) -> int:
        """Return the number of free bytes on the disk of the folder."""
        return free_bytes(self.folder)

    def grow(self) -> None:
        """Make the memory map larger by one step.

        If the disk has no room, raise Full and leave the map as it is. No write transaction may be
        open in this process.
        """
        self._grow()

    def grow_urgently(self) -> None:
        """Make the memory map larger by one step, for an urgent write.

        If the disk is full, empty the reserve (room.py) and try again. Raises Full.
        """
        try:
            self._grow()
        except Full:
            if not self._reserve.give():
                raise
            self._refusal.forget()
            self._grow()

    def _grow(self) -> None:
        """Make the memory map larger by one step, or by less if the disk has no room for a step.

        Before that, remove the readers of killed processes from LMDB's table of readers. Otherwise
        LMDB would never reuse the pages of their snapshots.
        """
        self.env.reader_check()
        with self._resizing():
            size = self.size
            present = in_pages(file_size(self.file)) if self.reserved else size
            if present <= size:
                present = self._extended(size) if self.reserved else size + step_after(size)
            self._move(present)

    def _extended(self, size: int) -> int:
        """Reserve room for the largest step that fits on the disk; return the file's new size.

        size: the present size of the file in bytes. Raises Full if not even the least step fits.
        """
        step = step_after(size)
        least = min(step, LEAST_STEP)
        room = self.free_bytes()
        if self._refusal.stands():
            raise no_room(self.folder)
        while step > max(room, least):
            step = half(step, least)
        while True:
            try:
                reserve(self.data, size + step)
            except Full:
                if step == least:
                    self._refusal.note()
                    self.tight = self._reserve.known
                    raise
                step = half(step, least)
            else:
                self._refusal.forget()
                load(self.data, size, size + _LOADED_BY_GROWING)
                return size + step

    def make_room(self, least: int) -> None:
        """Make the memory map larger until the last `least` bytes of it are unused.

        Free pages between used pages do not count. Do nothing if the disk has little room. No
        transaction may be open.
        """
        with contextlib.suppress(Full):
            while self.size - self.used() < least:
                if self.reserved and self.free_bytes() < 2 * step_after(self.size):
                    return
                self.grow()

    # --- a full disk ------------------------------------------------------------------------------

    def fits(self, transaction: "Transaction") -> bool:
        """Return True if an ordinary write may be committed while `tight` is True.

        The commit must leave enough pages for urgent writes, or the disk must have room again.
        transaction: the LMDB transaction of the write, before its commit.
        """
        pages = (self.size if self.reserved else file_size(self.file)) // self._page_size
        tables = (transaction.stat(self._main), transaction.stat(self.long))
        data = sum(table["branch_pages"] + table["leaf_pages"] + table["overflow_pages"] for table in tables)
        return pages - data >= SPARE_PAGES or self._relaxes()

    def _relaxes(self) -> bool:
        """Return True if ordinary writes may go on, because enough room for urgent writes is left.

        First fill the reserve (room.py) again, if the disk has plenty of room, and update `tight`.
        """
        if self._refusal.stands():
            return False
        self.tight = not self._reserve.take()
        return not self.tight or self.free_bytes() >= 2 * RESERVE

    def refused(self, *, urgent: bool) -> bool:
        """Record that a commit found no room. For an urgent write, empty the reserve (room.py).

        Return True if the reserve was emptied, so that the commit may now succeed. If `reserved` is
        True, all pages of the map exist already, so the error has another cause. Then an empty
        reserve would not help, and the reserve stays as it is.
        """
        self._refusal.note()
        self.tight = self._reserve.known
        return urgent and not self.reserved and self._reserve.give()

    # --- moving the map ---------------------------------------------------------------------------

    def remap(self) -> None:
        """Change the size of the memory map to the size that another process has chosen."""
        with self._resizing():
            self._move(in_pages(file_size(self.file)) if self.reserved else 0)
        self.tight = self.tight or self._reserve.spent

    def _move(self, size: int) -> None:
        """Change the size of the memory map, and open the readers' snapshots again.

        size: the new size in bytes; 0 means the size that another process has chosen.

        The caller must hold the lock `resizing`. Raises Full.
        """
        with self._keeping_snapshots():
            try:
                self.env.set_mapsize(size)
            except lmdb.Error as error:
                self.env.close()
                self._open()
                raise Full(f"This process has too little address space for {size} bytes: {self.folder}.") from error
            self.size = self.env.info()["map_size"]

    def _reopen(self) -> None:
        """Close LMDB and open it again, after an error that makes the environment unusable.

        The caller must hold the lock `resizing`.
        """
        with self._keeping_snapshots():
            self.env.close()
            self._open()

    @contextlib.contextmanager
    def _keeping_snapshots(self) -> Iterator[None]:
        """Open the readers' snapshots again after a `with` block that ends all transactions."""
        snapshots = [(reader, reader.txn.id()) for reader in self.readers if reader.txn not in (ENDED, LOST)]
        for reader, _ in snapshots:
            reader.txn = LOST
        try:
            yield
        finally:
            self.moves += 1
            for reader, number in snapshots:
                reader.txn = self._snapshot(number)

    def _snapshot(self, number: int) -> "Transaction":
        """Return a new read transaction with the same commit as an earlier snapshot, or LOST.

        number: LMDB's number of the snapshot's commit. The result is LOST if there is a later
        commit, or if LMDB refuses the new transaction.
        """
        try:
            txn = self.env.begin()
        except lmdb.Error:
            return LOST  # type: ignore[no-any-return]
        if txn.id() == number:
            return txn
        txn.abort()
        return LOST  # type: ignore[no-any-return]
