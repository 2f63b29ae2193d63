"""Computes sizes of LMDB's memory map: the first size, and the steps by which it grows.

The map of a *reserved* file is as large as the file, and the map of a *sparse* file may be larger
than the file (environment.py).
"""

import mmap
import os
import sys
from typing import Final

FIRST_RESERVED: Final = 16 << 20
"""The size in bytes of the first map of a reserved file."""

LEAST_SPARSE: Final = 16 << 20
"""The size in bytes of the smallest useful sparse map."""

LARGEST_STEP: Final = 256 << 20
"""The largest step by which a map grows, in bytes. A map of less than this size doubles."""

UNIT: Final = 64 << 10
"""A number of bytes. Every size of the memory map is a multiple of this number."""


def first_sparse(system: str = os.name) -> int:
    """Return the first size of the map of a sparse file, in bytes. system: a value of `os.name`.

    A large map costs only address space. So the size is usually 1 TiB, which is enough for any
    file. On Windows the size is small, because LMDB makes the file as large as the map.
    """
    return LEAST_SPARSE if system == "nt" else min(1 << 40, sys.maxsize >> 3)


def step_after(size: int) -> int:
    """Return the number of bytes by which a memory map of `size` bytes grows."""
    return min(size, LARGEST_STEP)


def half(step: int, least: int) -> int:
    """Return half of `step`, rounded down to a multiple of UNIT, but at least `least`.

    step: a number of bytes by which the map may grow.
    """
    return max(step // 2 // UNIT * UNIT, least)


def in_units(size: int) -> int:
    """Return a size, rounded up to a multiple of UNIT."""
    return -(-size // UNIT) * UNIT


def in_pages(size: int) -> int:
    """Return `size`, the bytes of a file, rounded down to whole memory pages.

    On a full disk, the last page may be incomplete.
    """
    return size // mmap.PAGESIZE * mmap.PAGESIZE
