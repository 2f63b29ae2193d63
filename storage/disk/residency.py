"""How much of a mapped file counts as this process's memory (Linux).

Pages of a mapped file that were touched once are resident until the kernel needs room. They are the page cache's, which
keeps them without us too; but `top`, `docker stats` and those who look at them count them as ours.
"""

import ctypes
from contextlib import suppress
from pathlib import Path
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
_DONT_NEED: Final = 4  # MADV_DONTNEED, madvise(2)


def forget(file: Path, start: int, size: int) -> None:
    """Take some bytes of every shared mapping of a file out of this process's resident memory; nothing is lost by it.

    start: where in the mapping, a multiple of the page size. A gigabyte takes 40 ms. What was written stays in the page
    cache, from where the next touch of a page maps it again. To be called by the thread that maps and unmaps the file: a
    mapping that moved meanwhile would be another one's memory.
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
