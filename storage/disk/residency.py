"""How much of a mapped file counts as this process's memory (Linux).

A page of a mapped file that was touched stays resident until the kernel needs memory. The page
belongs to the page cache, which would keep it even without this process. But `top` and
`docker stats` count it as memory of this process.
"""

import ctypes
from contextlib import suppress
from pathlib import Path
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
_DONT_NEED: Final = 4  # MADV_DONTNEED, madvise(2)


def forget(file: Path, start: int, size: int) -> None:
    """Release `size` bytes of every shared mapping of a file from the memory of this process.

    Nothing is lost: what was written stays in the page cache, and the next touch of a page maps it
    again. A gigabyte takes 40 ms.

    start: an offset in the mapping, a multiple of the page size.

    Only the thread that maps and unmaps the file may call this: after a mapping has moved, its old
    addresses may belong to other memory.
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
