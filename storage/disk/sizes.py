"""How large LMDB's map is: its first size, and the steps by which it grows."""

import mmap
import os
import sys
from typing import Final

FIRST_RESERVED: Final = 16 << 20
"""Bytes of the first map of a reserved file."""

LEAST_SPARSE: Final = 16 << 20
"""Bytes of the smallest sparse map that is worth trying."""

LARGEST_STEP: Final = 256 << 20
"""Bytes of the largest step. A smaller map doubles at each step."""

UNIT: Final = 64 << 10
"""Bytes. Every size of a map is a multiple of this unit."""


def first_sparse(system: str = os.name) -> int:
    """Return the bytes of the first map of a sparse file. system: as in `os.name`.

    The map takes only address space, so it starts so large that it need not grow. On Windows it
    starts small, because LMDB makes the file as large as the map.
    """
    return LEAST_SPARSE if system == "nt" else min(1 << 40, sys.maxsize >> 3)


def step_after(size: int) -> int:
    """Return the bytes by which a map of `size` bytes grows."""
    return min(size, LARGEST_STEP)


def half(step: int, least: int) -> int:
    """Return half a step, rounded down to whole units, but not less than `least`."""
    return max(step // 2 // UNIT * UNIT, least)


def in_units(size: int) -> int:
    """Return a size rounded up to whole units."""
    return -(-size // UNIT) * UNIT


def in_pages(size: int) -> int:
    """Return the size of a file, rounded down to whole pages.

    A full disk may have cut the last page.
    """
    return size // mmap.PAGESIZE * mmap.PAGESIZE
