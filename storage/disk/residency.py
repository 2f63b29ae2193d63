"""Releases pages of a memory-mapped file from this process's memory (Linux).

After its first use, a page of a mapped file stays resident until the kernel needs memory. This
costs nothing, because the page is in the page cache anyway. But `top` and `docker stats` count the
page as memory of this process.
"""

import ctypes
from contextlib import suppress
from pathlib import Path
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
_DONT_NEED: Final = 4  # the value of MADV_DONTNEED, see madvise(2)


def forget(file: Path, start: int, size: int) -> None:
    """Release a part of a file from this process's memory, in all shared mappings of the file.

    start, size: where the part begins and how long it is, in bytes. `start` must be a multiple of
    the page size.

    No data are lost: the page cache keeps the pages, and the next use of a page maps it again.
    Releasing a gigabyte takes 40 ms.

    Only the thread that maps and unmaps the file may call this function. Otherwise the mapping
    could move meanwhile, and its old addresses could belong to other memory.
    """
    with suppress(OSError):
        wanted = str(file.stat().st_ino)
        for line in _MAPS.read_text("utf-8", "replace").splitlines():
            where, mode, _, _, inode, *path = line.split(maxsplit=5)
            if inode == wanted and mode.endswith("s") and path and path[0].endswith(f"/{file.name}"):
                first, end = (int(address, 16) for address in where.split("-"))
                length = min(size, end - first - start)
                if length > 0:
                    ctypes.CDLL(None).madvise(ctypes.c_void_p(first + start), ctypes.c_size_t(length), _DONT_NEED)
