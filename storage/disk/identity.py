r"""Detects whether the files in a folder are the originals that a store wrote, or a copy.

If LMDB opens a copy that was made while a process wrote the file, LMDB may abort this process or
return wrong data. A copy has the same content as its original, but other inode numbers and other
times in the inodes. Two small files record these numbers and times, to distinguish a copy from its
original:

    <folder>/identity   "new\n" until there is a data file, then "<inode of data.mdb> <inode of
                        layout> <time of the last change of layout's inode, ns>\n"
    <folder>/closed     "<number of the last commit> <size of data.mdb> <CRC-32 of its first two
                        pages>\n", written when a server has ended, removed at the next opening

The inode of `layout` gets a new time when a newer version of the program writes the file again
(`upgrade`), and when the file is copied, restored or given to another owner. The time stays the
same when the folder moves within its file system.

A folder is in one of four states:

* OURS: the files are the ones that a store wrote in this folder. A kill -9 does not change this
  state, and loses no commit. The store opens the folder at once.
* NEW: the folder has no data yet.
* CLOSED: a copy that was made while no server used the folder. `closed` matches the data. The store
  opens the folder at once.
* FOREIGN: any other copy, or a folder of a version without the file `identity`. The store verifies
  the folder once (verification.py).

Except in a NEW folder, an empty or missing `data.mdb` is damage. If the file is shorter than its
own pages say, the folder is FOREIGN: perhaps LMDB has not written the free pages at its end, or
perhaps the copy is incomplete.
"""

import stat
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from storage.disk.file_system import os_error, write_whole
from storage.disk.folder import mark
from storage.errors import Corrupted, StorageError, Unavailable

_NEW = "new\n"
_MAGIC = 0xBEEFC0DE
_PAGE = 4096  # size of a page in bytes on nearly all systems
_PAGES = range(256, 1 << 16)  # possible sizes of a page in bytes

# The format of a meta page, from LMDB's mdb.c. The page begins with its number, two unused bytes,
# its flags and four bytes of bounds. Then comes MDB_meta: magic, version, address, size of the map;
# two MDB_db of 48 bytes each; last page, last transaction. The first MDB_db begins with the page
# size.
_META = struct.Struct("=Q H H 4x I I 16x I 92x Q Q") if struct.calcsize("P") == 8 else None  # noqa: PLR2004
_META_FLAG = 8


OURS: Final = "ours"
NEW: Final = "new"
CLOSED: Final = "closed"
FOREIGN: Final = "foreign"

_Head = tuple[int, int, int]
"""What the first two pages of a data file say: last commit, used bytes, checksum of the pages."""


def state_of(folder: Path) -> str:
    """Return the state of a prepared folder. Raises Corrupted, Unavailable."""
    identity = _text(folder / "identity")
    try:
        status = (folder / "data.mdb").stat()
    except FileNotFoundError:
        if identity in ("", _NEW):
            return NEW
        raise Corrupted(f"The data folder {folder} is damaged: data.mdb is missing.") from None
    if not stat.S_ISREG(status.st_mode):
        kind = "Is a directory" if stat.S_ISDIR(status.st_mode) else "Is not a file"
        raise Unavailable(f"The data folder {folder} cannot be opened: data.mdb: {kind}.")
    if not status.st_size:
        if identity == _NEW:
            return NEW
        raise Corrupted(f"The data folder {folder} is damaged: data.mdb is empty.")
    head = _head(folder)
    if head is not None and head[1] > status.st_size:
        return FOREIGN
    closed = _text(folder / "closed")
    if not closed:
        return OURS if identity == _identity(folder) else FOREIGN
    if head is not None and closed == _closed(head, status.st_size):
        return OURS if identity == _identity(folder) else CLOSED
    return FOREIGN


def begin(folder: Path) -> None:
    """Record in a folder that its data file is about to be created. Raises Full, Unavailable."""
    try:
        write_whole(folder / "identity", _NEW)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error


def upgrade(folder: Path) -> None:
    """Mark a folder of an older layout with the current layout, before the first write to it.

    Raises Full, StorageError.

    The mark changes the time of `layout`, and an identity with the old time means a copy. So this
    records the identity again if the folder was OURS. If the process is killed between the mark and
    the record, the next opening treats the folder as a copy. So does a process that opens the
    folder between the two: it verifies the folder, although that is not necessary.
    """
    ours = state_of(folder) == OURS
    mark(folder)
    if ours:
        with suppress(OSError):
            write_whole(folder / "identity", _identity(folder))


def adopt(folder: Path) -> None:
    """Record that the files of a folder that is open now are originals and not copies.

    If the disk has no room for the record, the next opening verifies the folder.
    """
    identity = _identity(folder)
    if _text(folder / "identity") != identity:
        with suppress(OSError):
            write_whole(folder / "identity", identity)
    with suppress(FileNotFoundError):
        (folder / "closed").unlink()


def close(folder: Path) -> None:
    """Record that no process has a folder open any more. Errors are ignored.

    This does not change a folder without a record of `adopt`: it may be a copy that failed its
    verification.
    """
    with suppress(OSError, StorageError):
        head = _head(folder)
        if head is not None and not (folder / "closed").exists() and _text(folder / "identity") == _identity(folder):
            write_whole(folder / "closed", _closed(head, (folder / "data.mdb").stat().st_size))


def _identity(folder: Path) -> str:
    data, layout = (folder / "data.mdb").stat(), (folder / "layout").stat()
    return f"{data.st_ino} {layout.st_ino} {layout.st_ctime_ns}\n"


def _closed(head: _Head, size: int) -> str:
    commit, _, checksum = head
    return f"{commit} {size} {checksum}\n"


def _text(file: Path) -> str:
    """Return the text of a small file, or "" if there is none."""
    try:
        return file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise os_error(error, f"The file {file} cannot be read") from error


def _head(folder: Path) -> _Head | None:
    """Read the first two pages of the data file. Return None if LMDB did not write them.

    Such a file is not an error here, because LMDB will report it.
    """
    if _META is None:
        return None
    try:
        with (folder / "data.mdb").open("rb", buffering=0) as stream:
            data = stream.read(2 * _PAGE)
            page = _META.unpack_from(data)[5] if len(data) >= _META.size else 0
            if page > _PAGE and page in _PAGES:
                data += stream.read(2 * (page - _PAGE))
    except OSError:
        return None
    if page not in _PAGES or len(data) < page + _META.size:
        return None
    metas = []
    for at in (0, page):
        _, _, flags, magic, _, _, last_page, commit = _META.unpack_from(data, at)
        if flags != _META_FLAG or magic != _MAGIC:
            return None
        metas.append((commit, (last_page + 1) * page))
    commit, used = max(metas)
    return commit, used, zlib.crc32(data[: 2 * page])
