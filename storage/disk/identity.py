r"""Detects whether the files in a data folder are the originals that a store wrote, or a copy.

The reason: if a copy was made while a server wrote the file, the copy may be damaged. LMDB may then
abort this process or return wrong data. So such a copy is verified before LMDB opens it.

A copy has the same content as its original, but other inode numbers, and other times in the inodes.
Two small files in the folder help to detect a copy:

    <folder>/identity   "new\n" until there is a data file, then "<inode of data.mdb> <inode of
                        layout> <time of the last change of layout's inode, ns>\n"
    <folder>/closed     "<number of the last commit> <size of data.mdb> <CRC-32 of its first two
                        pages>\n"; written when a server ends, removed at the next opening

The time in the inode of `layout` changes when a newer version of the program writes the file again
(`upgrade`), and when the file is copied, restored or given to another owner. It does not change
when the folder is moved within its file system.

A folder is in one of four states:

* OURS: the files are originals. This is also the state after a kill -9, which loses no commit. The
  folder is opened without verification.
* NEW: the folder has no data yet.
* CLOSED: a copy that was made while no server used the folder: `closed` matches the data. The
  folder is opened without verification.
* FOREIGN: any other copy, or a folder of an old version of the program, without the file
  `identity`. The folder is verified before it is opened (verification.py).

In a folder that is not NEW, an empty or missing `data.mdb` is damage. If the file is shorter than
its own first pages say, the folder is FOREIGN: it may be an incomplete copy, or LMDB may not have
written the free pages at its end.
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
_PAGE = 4096  # bytes of a page of data.mdb, on nearly all systems
_PAGES = range(256, 1 << 16)  # the possible sizes of a page of data.mdb in bytes

# The format of a meta page (the first two pages of a file), from LMDB's mdb.c:
#   page header: number of the page, two unused bytes, flags, four bytes of bounds
#   MDB_meta: magic, version, address, size of the map; two MDB_db of 48 bytes each, of which the
#   first begins with the page size; number of the last page, number of the last transaction
_META = struct.Struct("=Q H H 4x I I 16x I 92x Q Q") if struct.calcsize("P") == 8 else None  # noqa: PLR2004
_META_FLAG = 8


OURS: Final = "ours"
NEW: Final = "new"
CLOSED: Final = "closed"
FOREIGN: Final = "foreign"

_Head = tuple[int, int, int]
"""Facts from the first two pages of a data file.

They are the number of the last commit, the number of used bytes, and the checksum of the two pages.
"""


def state_of(folder: Path) -> str:
    """Return OURS, NEW, CLOSED or FOREIGN: whether a folder's files are originals or a copy.

    The folder must have a `layout` file. Raises Corrupted if data.mdb is missing or empty, unless
    the folder is NEW. Raises Unavailable if data.mdb is not a file.
    """
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


def record_new(folder: Path) -> None:
    """Write the file `identity` of a new folder, so that the folder is NEW until it has data.

    Raises Full or Unavailable.
    """
    try:
        write_whole(folder / "identity", _NEW)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error


def upgrade(folder: Path) -> None:
    """Mark a folder of an older layout with the current layout, before the first write to it.

    The mark changes the time in the inode of `layout`. The file `identity` still has the old time,
    so the folder would count as a copy. So if the folder is OURS, write `identity` again after the
    mark. If the process is killed between the mark and that write, the next opening verifies the
    folder without need. A process that opens the folder between them also verifies the folder.

    Raises Full or another StorageError.
    """
    ours = state_of(folder) == OURS
    mark(folder)
    if ours:
        with suppress(OSError):
            write_whole(folder / "identity", _identity(folder))


def record_ours(folder: Path) -> None:
    """Record that the files of a folder, which is open now, are originals and not a copy.

    If the disk has no room for the record, the next opening verifies the folder.
    """
    identity = _identity(folder)
    if _text(folder / "identity") != identity:
        with suppress(OSError):
            write_whole(folder / "identity", identity)
    with suppress(FileNotFoundError):
        (folder / "closed").unlink()


def record_closed(folder: Path) -> None:
    """Write the file `closed`, which says that no process has the folder open. Ignore errors.

    Write nothing if `record_ours` has not recorded the files as originals. An example is a copied
    folder that was found damaged. With `closed`, the next opening would not verify this folder.
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
    """Return the text of a small file, or "" if the file does not exist."""
    try:
        return file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise os_error(error, f"The file {file} cannot be read") from error


def _head(folder: Path) -> _Head | None:
    """Read the first two pages of the data file. Return None if they are not pages of LMDB.

    This is not an error here, because LMDB will report it.
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
