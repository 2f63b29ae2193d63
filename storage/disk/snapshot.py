"""Reads or copies the newest commit of a store, in a process that is not the store's server.

This process opens LMDB only for reading, and changes nothing in the folder except LMDB's table of
readers. From this table, a running server knows that it must not reuse the snapshot's pages. The
server may make the file larger, which does not change the part that this process has mapped.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import lmdb

from storage.disk import identity
from storage.disk.claim import in_use
from storage.disk.environment import LONG_TABLE, READERS
from storage.disk.file_system import NO_ROOM, new_file, os_error
from storage.disk.folder import LEFT_BY_FILE_SYSTEMS, check, make, write_layout
from storage.disk.sizes import in_units
from storage.disk.transactions import LmdbTxn
from storage.disk.verification import damaged
from storage.errors import Full, StorageError, Unavailable

if TYPE_CHECKING:
    from storage.disk.handles import Table, Transaction

_AHEAD: Final = (4 << 30) if sys.maxsize > 1 << 32 else 0
"""The number of bytes that are mapped after the end of the file, because the file may grow before a
copy begins. They cost only address space.
"""


class _FixedTables:
    """The `Tables` of a Snapshot. `moves` is always 0, because this memory map never moves."""

    def __init__(self, long: "Table") -> None:
        self.long = long
        self.moves = 0


class Snapshot(LmdbTxn):
    """A read transaction at the newest commit of the store."""

    __slots__ = ()

    def __init__(self, long: "Table", transaction: "Transaction") -> None:
        super().__init__(_FixedTables(long))
        self.txn = transaction

    def __exit__(self, *_: object) -> None:
        """Do nothing: the function `snapshot` ends the transaction and closes the environment."""


@contextlib.contextmanager
def environment(folder: Path) -> Iterator[lmdb.Environment]:
    """Open the LMDB files of a data folder for reading, during a `with` block.

    Raises StorageError if the files cannot be read.
    """
    opened = _opened(folder)
    try:
        yield opened
    finally:
        opened.close()


def _opened(folder: Path) -> lmdb.Environment:
    while True:
        size = (folder / "data.mdb").stat().st_size + _AHEAD
        try:
            return lmdb.open(
                os.fspath(folder),
                map_size=in_units(size),
                readonly=True,
                create=False,
                max_dbs=1,
                max_readers=READERS,
            )
        except lmdb.MapResizedError:  # The server has made the file larger since `stat`.
            continue
        except lmdb.Error as error:
            raise damaged(folder, str(error)) from error


@contextlib.contextmanager
def snapshot(folder: Path) -> Iterator[Snapshot]:
    """Open the newest commit of a data folder for reading, during a `with` block.

    Raises StorageError if the folder cannot be read.
    """
    with environment(folder) as opened:
        try:
            long = opened.open_db(LONG_TABLE, create=False)
            with opened.begin() as transaction:
                yield Snapshot(long, transaction)
        except lmdb.Error as error:
            raise damaged(folder, str(error)) from error


def copy(source: Path, target: Path, verify: Callable[[Path], None]) -> int:
    """Copy the newest commit, without unused pages, to a folder that is missing or empty.

    verify: a function that checks the source, and must raise Corrupted if the source is damaged. It
    is called, before anything is copied, only if the source may be an incomplete copy (FOREIGN in
    identity.py) and no process uses the source.

    Returns the size of the new data file in bytes. After a StorageError, no part of the copy
    remains.
    """
    check(source)
    state = identity.state_of(source)
    if state == identity.NEW:
        raise Unavailable(f"The data folder {source} has no data yet.")
    if state == identity.FOREIGN and not in_use(source):
        verify(source)
    if target.is_relative_to(source):
        raise Unavailable(f"The folder {target} is inside the folder to copy: choose another.")
    made = _make_empty(target)
    descriptor = _begin(target)
    try:
        return _fill(source, target, descriptor)
    except BaseException:
        for name in ("layout", "identity", "closed", "data.mdb"):
            with contextlib.suppress(OSError):
                (target / name).unlink()
        if made:
            with contextlib.suppress(OSError):
                target.rmdir()
        raise


def _make_empty(target: Path) -> bool:
    """Create a folder if it is missing. Return True if it was missing.

    Raises Unavailable if the folder exists and is not empty.
    """
    made = not target.exists()
    make(target)
    try:
        if any(each.name not in LEFT_BY_FILE_SYSTEMS for each in target.iterdir()):
            raise _not_empty(target)
    except OSError as error:
        raise os_error(error, f"The folder {target} cannot be used") from error
    return made


def _begin(target: Path) -> int:
    """Create the data file of the copy, and return its descriptor.

    Raises Unavailable if the file exists: another process has begun a copy to the same folder.
    """
    try:
        return new_file(target / "data.mdb", exclusive=True)
    except FileExistsError:
        raise _not_empty(target) from None
    except OSError as error:
        raise os_error(error, f"The folder {target} cannot be written") from error


def _not_empty(target: Path) -> Unavailable:
    return Unavailable(f"The folder {target} is not empty: a copy needs a folder that is missing or empty.")


def _fill(source: Path, target: Path, descriptor: int) -> int:
    """Write all files of the copy, and return the size of the data file in bytes.

    descriptor: the open data file of the copy, which this function closes.
    """
    try:
        try:
            _copy_pages(source, descriptor)
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        # `layout` is written after all pages. A folder without `layout` is refused, so no program
        # uses an incomplete copy.
        write_layout(target)
        identity.record_ours(target)
        identity.record_closed(target)
    except OSError as error:
        raise os_error(error, f"The folder {target} cannot be written") from error
    return size


def _copy_pages(source: Path, descriptor: int) -> None:
    with environment(source) as opened:
        while True:
            try:
                opened.copyfd(descriptor, compact=True)
            except lmdb.MapResizedError:  # The server's file has grown beyond this process's map.
                opened.set_mapsize(0)
                os.ftruncate(descriptor, 0)
            except lmdb.Error as error:
                if getattr(error, "code", 0) in NO_ROOM or isinstance(error, lmdb.DiskError):
                    raise Full(f"The copy does not fit on the disk: {os.strerror(errno.ENOSPC)}.") from error
                raise StorageError(f"The data folder {source} cannot be copied: {error}.") from error
            else:
                return
