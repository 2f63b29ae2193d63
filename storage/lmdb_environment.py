"""The LMDB environment of one folder: opened once per process, with room that grows.

Two tables: the main one (LMDB's unnamed database) for short keys, and `long` for buckets (buckets.py). LMDB keeps the
root of a named table as a record of the main one; its name is LONG_TABLE, longer than any short key and above all of
them, so no walk with clamped bounds meets it.

Room. LMDB maps a fixed number of bytes of its file. Two ways to choose it:

* reserved (Linux, common file systems): the map is writable and exactly as large as the file, and every block of the
  file is reserved beforehand. A commit is then a few stores to memory, 2.8 instead of 9.7 µs for a row of 1 KB. A
  writable map over a file with holes would kill the process (SIGBUS) on a full disk, which is why the map grows in
  reserved steps. LMDB cuts the file to the size of the map whenever it maps it, so all processes choose that size while
  holding `resizing`, never below the size of the file.
* sparse (everywhere else): the map is read-only and very large, the file grows by writes to it; a full disk is an
  ordinary error of the commit. On Windows LMDB makes the file as large as the map, so there the map starts at 16 MiB
  and doubles.

The pages of a reserved file that were never written are not free either: the first touch of one makes the kernel read
ahead, which for such pages means clearing memory, 8 MB of it and 30 ms where a device is set up so. Pages ahead of the
writer are therefore brought into the page cache by another thread (`work_ahead`) and, for the moment after the map has
grown, by whoever grows it. The same thread reserves the file's next step before the map is full: the file system may take
tenths of a second for it while others write to the disk. Growing is then only mapping more of the file.

A process that is killed loses no commit in either way: what it stored is in the page cache.

A full disk. The file grows by the largest step that the disk has, down to 1 MiB. After a refusal the environment is
`tight`: urgent writes get the reserve (room.py), ordinary ones leave pages for them (`fits`). In a sparse file the pages
that are there already count, as no others can be written.

Moving the map ends every LMDB transaction of this process. `_move` therefore opens the readers' snapshots again. A
snapshot is still there if nothing was committed since it was taken; otherwise its reader is lost and says so
(Interrupted). Walks go on by themselves, see LmdbTxn in lmdb_engine.py.

py-lmdb (like LMDB) forbids opening a folder twice in a process, because closing one would drop the file locks of the
other; engines of the same folder share one Environment.
"""

import contextlib
import errno
import mmap
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import lmdb

from storage import identity
from storage.errors import Closed, Corrupted, Full, Interrupted, StorageError, Unavailable
from storage.files import OpenFile, load, locked, reserve
from storage.folder import LAYOUT, NO_ROOM, disk_is_full, file_size, prepare, reservable
from storage.room import LEAST_STEP, RESERVE, SPARE_PAGES, Refusal, Reserve, free_bytes

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lmdb import _Database as Table

    from storage.lmdb_engine import LmdbRead

    Transaction = lmdb.Transaction[bytes]

LONG_TABLE = b"\xff" * 511

FIRST_RESERVED = 16 << 20
LEAST_SPARSE = 16 << 20
LARGEST_STEP = 256 << 20
"""Bytes. The map doubles until it grows by this much; a sparse one starts so large that it need not grow."""

_AHEAD = 64 << 20
"""Bytes of a reserved file beyond the last page in use that are kept ready: a writer's next seconds."""

_AT_ONCE = 1 << 20
"""Bytes of them that growing itself brings there."""

_LARGE = 8 << 20
"""Bytes in use from which it is worth to give pages back."""

_GIVEN_BACK = 64 << 20
"""Bytes that are given back in one step: 3 ms."""

_PAGE = 64 << 10
_LOCK_FILE_SIZE = 32 << 10
READERS = 254
_DAMAGED = (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)


class _Lost:
    """Stands in for the LMDB transaction of a reader whose snapshot is gone."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Interrupted("The snapshot was lost when the store grew: read again.")

    cursor = get

    def abort(self) -> None:
        """Do nothing: LMDB has ended the transaction already."""


class _Ended:
    """Stands in for the LMDB transaction of a reader or writer that is over."""

    def get(self, *_: object, **__: object) -> NoReturn:
        raise Closed("The transaction has ended.")

    put = delete = cursor = get

    def abort(self) -> None:
        """Do nothing: the transaction has ended already."""


# Typed as what they stand in for: the places that use them are hot and do not distinguish.
LOST: Any = _Lost()
ENDED: Any = _Ended()

_environments: dict[tuple[int, int, int], "Environment"] = {}


Verify = Callable[[Path], None]
"""What looks whether the data of a folder are sound. Raises Corrupted where they are not."""


def acquire(
    folder: Path, *, map_size: int | None, writemap: bool | None, durable: bool, verify: Verify | None
) -> "Environment":
    """Open the environment of folder, or join the one this process has open; release() it once for each call.

    verify: asked before a folder is opened that is a copy. Raises Unavailable, LayoutMismatch, Corrupted, Full.
    """
    folder = folder.absolute()
    layout = prepare(folder)
    status = folder.stat()
    key = (os.getpid(), status.st_dev, status.st_ino)
    environment = _environments.get(key)
    if environment is None:
        _see_to_copies(folder, verify)
        if layout != LAYOUT:
            identity.upgrade(folder)
        environment = _environments[key] = Environment(folder, map_size=map_size, writemap=writemap, durable=durable)
        identity.adopt(folder)
    elif environment.durable != durable:
        raise Unavailable(f"The data folder {folder} is open in this process with another durability.")
    environment.users += 1
    return environment


def _see_to_copies(folder: Path, verify: Verify | None) -> None:
    """Verify a folder that may be a copy of a running server's; by its pages where nothing else is given."""
    state = identity.state_of(folder)
    if state == identity.NEW:
        identity.begin(folder)
    elif state == identity.FOREIGN:
        from storage.verification import verify as verify_pages  # noqa: PLC0415 - nearly no start needs it

        (verify or verify_pages)(folder)


class Environment:
    """The one open LMDB environment of a folder in this process. Its engines and transactions use its fields directly.

    readers: every reader object made so far, idle ones included; moves: how often the map has moved; tight: the disk has
    refused to let the file grow.
    """

    def __init__(self, folder: Path, *, map_size: int | None, writemap: bool | None, durable: bool) -> None:
        self.folder = folder
        self.file = folder / "data.mdb"
        self.reserved = reservable(folder) if writemap is None else writemap
        self.durable = durable
        self.users = 0
        self.readers: list[LmdbRead] = []
        self.writing = False
        self.moves = 0
        self._loaded = 0  # where the pages end that were brought into the page cache ahead of the writer
        self._closed = False
        self._reserved = 0  # the size that was asked for ahead of the writer, whether the disk had it or not
        size = map_size or (FIRST_RESERVED if self.reserved else first_sparse())
        self._size = -(-size // _PAGE) * _PAGE
        with contextlib.ExitStack() as files:
            self.data = files.enter_context(OpenFile(self.file))
            self._layout = files.enter_context(OpenFile(folder / "layout"))
            self._layout_ahead = files.enter_context(OpenFile(folder / "layout"))  # for the other thread
            self._reserve = files.enter_context(Reserve(folder, reservable=self.reserved))
            self._refusal = Refusal(self.room)
            with self._resizing():
                self._open()
            self.tight = not self._reserve.take() and self._reserve.spent
            self._files = files.pop_all()

    def release(self) -> None:
        """Give up one acquire(); the last one closes the environment."""
        self.users -= 1
        if not self.users:
            for key in [key for key, known in _environments.items() if known is self]:
                del _environments[key]
            with self._resizing():  # the other thread may be reserving
                self._closed = True
            self.env.close()
            self._files.close()

    # Opening

    def _open(self) -> None:
        """Open the files; the caller holds `resizing`."""
        with OpenFile(self.folder / "lock.mdb") as lock:  # LMDB would give it a mode by the umask
            if self.reserved:
                reserve(lock, _LOCK_FILE_SIZE)
        if self.reserved:
            self._size = _in_pages(file_size(self.file)) or self._size
        self.env = self._open_lmdb()
        try:
            self._prepare_tables()
        except BaseException:
            self.env.close()
            raise

    def _open_lmdb(self) -> lmdb.Environment:
        """Open the files; a sparse map takes as much of the address space as it is allowed to."""
        while True:
            try:
                return lmdb.open(
                    os.fspath(self.folder),
                    map_size=self._size,
                    sync=self.durable,
                    metasync=self.durable,
                    writemap=self.reserved,
                    mode=0o644,
                    max_dbs=1,
                    max_readers=READERS,
                    max_spare_txns=1,
                )
            except lmdb.MemoryError as error:
                if self.reserved or self._size <= LEAST_SPARSE:
                    raise Full(f"The address space has no room for the data folder {self.folder}.") from error
                self._size //= 2
            except lmdb.MapResizedError:
                self._size *= 2  # another process grew a sparse map in this moment
            except lmdb.Error as error:
                raise self._not_opened(error) from error

    def _not_opened(self, error: lmdb.Error) -> StorageError:
        translated = self.translated(error)
        if type(translated) is not StorageError:
            return translated
        return Unavailable(f"The data folder {self.folder} cannot be opened: {error}.")

    def _prepare_tables(self) -> None:
        if self.reserved:
            self._size = self.env.info()["map_size"]
            reserve(self.data, self._size)
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
            except lmdb.MapResizedError:
                # Another process grew a sparse map in this moment.
                self.env.set_mapsize(0)

    def _resizing(self) -> "AbstractContextManager[None]":
        return locked(self._layout) if self.reserved else contextlib.nullcontext()

    # Beginning, and what can go wrong

    def begin_again(self, error: lmdb.Error, *, write: bool) -> "Transaction":
        """Begin a transaction after LMDB refused with error, once its cause is dealt with. Raises StorageError."""
        for _ in range(8):
            if isinstance(error, lmdb.MapResizedError):
                self.adopt()
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
        raise self.translated(error) from error

    def translated(self, error: lmdb.Error) -> StorageError:
        """Return the error of ours that says what an error of LMDB means."""
        number = errno.ENOSPC if isinstance(error, lmdb.DiskError) else getattr(error, "code", 0)
        # LMDB reports a write that was cut short by a full disk as EIO.
        if number in NO_ROOM or (number == errno.EIO and disk_is_full(self.folder)):
            return self._full()
        if isinstance(error, lmdb.TxnFullError):
            return Full("The transaction is too large.")
        if isinstance(error, _DAMAGED):
            return Corrupted(f"The data folder {self.folder} is damaged: {error}.")
        return StorageError(f"The data folder {self.folder} failed: {error}.")

    # Room

    def room(self) -> int:
        """Return the bytes that are free on the disk."""
        return free_bytes(self.folder)

    def adopt(self) -> None:
        """Use the size another process has given the map."""
        with self._resizing():
            self._move(_in_pages(file_size(self.file)) if self.reserved else 0)
        self.tight = self.tight or self._reserve.spent

    def grow(self) -> None:
        """Make the map larger; no write transaction may be open in this process. Raises Full, and then nothing changed."""
        self._grow()

    def grow_urgently(self) -> None:
        """Make the map larger for an urgent write, with the reserve if need be. Raises Full as `grow` does."""
        try:
            self._grow()
        except Full:
            if not self._reserve.give():
                raise
            self._refusal.forget()
            self._grow()

    def _grow(self) -> None:
        """Make the map larger by a step, or by less where the disk has no more.

        Readers that died (killed processes) are cleared first: they keep pages from being used again.
        """
        self.env.reader_check()
        with self._resizing():
            size = self._size
            present = _in_pages(file_size(self.file)) if self.reserved else size
            if present <= size:
                present = self._extended(size) if self.reserved else size + _step(size)
            self._move(present)

    def _extended(self, size: int) -> int:
        """Reserve the largest step beyond size that the disk has room for; return the file's new size. Raises Full."""
        step = _step(size)
        least = min(step, LEAST_STEP)
        room = self.room()
        if self._refusal.stands():
            raise self._full()
        while step > max(room, least):
            step = _half(step, least)
        while True:
            try:
                reserve(self.data, size + step)
            except Full:
                if step == least:
                    self._refusal.note()
                    self.tight = self._reserve.known
                    raise
                step = _half(step, least)
            else:
                self._refusal.forget()
                load(self.data, size, size + _AT_ONCE)
                return size + step

    def _full(self) -> Full:
        return Full(f"No room is left on the disk of the data folder {self.folder}.")

    def fits(self, transaction: "Transaction") -> bool:
        """Say whether a write leaves enough pages for urgent ones; for ordinary writes while the disk is full."""
        pages = (self._size if self.reserved else file_size(self.file)) // self._page_size
        tables = (transaction.stat(self._main), transaction.stat(self.long))
        data = sum(table["branch_pages"] + table["leaf_pages"] + table["overflow_pages"] for table in tables)
        return pages - data >= SPARE_PAGES or self._relaxes()

    def _relaxes(self) -> bool:
        """Say whether the disk has room for urgent writes again; with more of it the reserve is taken again."""
        if self._refusal.stands():
            return False
        self.tight = not self._reserve.take()
        return not self.tight or self.room() >= 2 * RESERVE

    def refused(self, *, urgent: bool) -> bool:
        """Note that the disk had no room for a commit; say whether an urgent one should try again, with the reserve.

        The pages of a reserved file are there: what it reports as a full disk is another trouble.
        """
        self._refusal.note()
        self.tight = self._reserve.known
        return urgent and not self.reserved and self._reserve.give()

    def make_room(self, least: int) -> None:
        """Grow until `least` bytes are free at the end of the map, as far as the disk has them plentifully.

        No transaction may be open. What LMDB can use again inside of the map comes on top.
        """
        with contextlib.suppress(Full):
            while self._size - self._used() < least:
                if self.reserved and self.room() < 2 * _step(self._size):
                    return
                self.grow()

    def work_ahead(self) -> Callable[[], None] | None:
        """Return what makes the part of the file ready that is used next, None while enough is."""
        if not self.reserved:
            return None
        used, size = self._used(), file_size(self.file)
        next_size = (
            max(size, self._size + _step(self._size)) if self._size - used < min(self._size // 2, _AHEAD) else size
        )
        ready = max(used, self._loaded)
        if next_size <= max(size, self._reserved) and ready >= min(used + _AHEAD // 2, size):
            return None
        self._reserved = next_size
        self._loaded = max(ready, min(used + _AHEAD, size))
        return partial(self._make_ready, next_size, ready, self._loaded)

    def _make_ready(self, size: int, start: int, stop: int) -> None:
        """Reserve the file up to a size, load its pages from start to stop: in another thread, and in vain if need be."""
        with contextlib.suppress(StorageError, OSError), locked(self._layout_ahead):
            if self._closed:
                return
            present = file_size(self.file)
            if present < size <= present + self.room():
                reserve(self.data, size)
        load(self.data, start, stop)

    def rest(self) -> Iterator[None]:
        """Make the map's pages not resident in this process, where they are many, in steps.

        Growing, too, takes milliseconds that nobody misses now: there is to be room for half as much again. No write
        transaction may be open at any step.
        """
        used = self._used()
        if used < _LARGE:
            return
        try:
            from storage import residency  # noqa: PLC0415 - ctypes, which small stores never need
        except OSError:  # no file descriptor is left to read the module
            return
        for start in range(0, used, _GIVEN_BACK):
            residency.forget(self.file, start, _GIVEN_BACK)
            yield
        self.make_room(min(used, LARGEST_STEP) // 2)

    def _used(self) -> int:
        """Return how many bytes from the beginning of the map have pages in use, or that were."""
        return (self.env.info()["last_pgno"] + 1) * self._page_size

    def _move(self, size: int) -> None:
        """Map size bytes (0: as many as another process said); the caller holds `resizing`. Raises Full."""
        with self._keeping_snapshots():
            try:
                self.env.set_mapsize(size)
            except lmdb.Error as error:
                self.env.close()
                self._open()
                raise Full(f"The address space has no room for {size} bytes: {self.folder}.") from error
            self._size = self.env.info()["map_size"]

    def _reopen(self) -> None:
        """Open LMDB anew after an error it does not recover from itself; the caller holds `resizing`."""
        with self._keeping_snapshots():
            self.env.close()
            self._open()

    @contextlib.contextmanager
    def _keeping_snapshots(self) -> Iterator[None]:
        """Give every open reader its snapshot again after the block has ended all transactions."""
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
        """Begin a read transaction that sees exactly the commits up to number, or return LOST."""
        try:
            txn = self.env.begin()
        except lmdb.Error:
            return LOST  # type: ignore[no-any-return]
        if txn.id() == number:
            return txn
        txn.abort()
        return LOST  # type: ignore[no-any-return]


def first_sparse(system: str = os.name) -> int:
    """Return the bytes of the first map of a sparse file, on a system by its name in `os.name`."""
    return LEAST_SPARSE if system == "nt" else min(1 << 40, sys.maxsize >> 3)


def _step(size: int) -> int:
    """Return by how much a map grows that was found too small."""
    return min(size, LARGEST_STEP)


def _half(step: int, least: int) -> int:
    return max(step // 2 // _PAGE * _PAGE, least)


def _in_pages(size: int) -> int:
    """Return the bytes of whole pages in a file. A disk that was full may have cut its last one."""
    return size // mmap.PAGESIZE * mmap.PAGESIZE
