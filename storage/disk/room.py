"""Keeps room for urgent writes, so that deletions work on a full disk.

Urgent writes are those that free room or end a status. Even a deletion needs room, because it
copies the pages that it changes before it frees any page. Two classes help:

* Reserve: a file beside the data with a little more than 1 MiB. On a full disk, this file is
  emptied, and urgent writes use its room.
* Refusal: remembers that the disk had no room. Then most writes can be refused without trying the
  disk again.

After the first refusal, a store is `tight` (environment.py): ordinary writes must leave at least
SPARE_PAGES pages of the file without data, for later urgent writes. So deletions have room, and
after them ordinary writes are possible again.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from storage.disk.file_system import free_bytes
from storage.disk.files import OpenFile, reserve
from storage.errors import Full

LEAST_STEP = 1 << 20
"""The data file grows by at least this many bytes.

If the disk has less free room, the file does not grow.
"""

RESERVE = LEAST_STEP + (128 << 10)
"""The size of the reserve in bytes: one LEAST_STEP, and what the file system needs to store it."""

SPARE_PAGES = 256
"""On a full disk, ordinary writes must leave this many free pages. A deletion needs about ten."""

_PLENTY = 2 * RESERVE
"""The number of bytes that must be free on the disk, or else the reserve is not filled.

The number is low enough for small disks: a disk of 20 MB with a new store has more free bytes.
"""

_BELIEVED = 4
"""After this number of refusals in a row, most writes are refused without trying the disk.

This ends when room is freed.
"""

_ASK_AGAIN = 32
"""After _BELIEVED refusals in a row, one write of every 32 tries the disk anyway.

The reason: under a quota, the disk's number of free bytes does not show when there is room again.
"""


class Refusal:
    """Remembers that the disk had no room. room: a function that returns the disk's free bytes."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._room = room
        self._free: int | None = None  # the disk's free bytes at the last refusal
        self._times = 0

    def note(self) -> None:
        """Record that the disk has refused a write."""
        self._free = self._room()
        self._times += 1

    def forget(self) -> None:
        """Forget all refusals, because the disk had room for a write."""
        self._free = None
        self._times = 0

    def stands(self) -> bool:
        """Return True if a write should be refused without trying the disk.

        This is the case after _BELIEVED refusals, until LEAST_STEP more bytes are free. But one
        call in _ASK_AGAIN returns False, so that this write tries the disk.
        """
        if self._free is None or self._times < _BELIEVED or self._room() >= self._free + LEAST_STEP:
            return False
        self._times += 1
        return self._times % _ASK_AGAIN != 0


class Reserve:
    """The file `reserve` of a data folder: it occupies RESERVE bytes of the disk.

    The size of the file shows all processes the state of the reserve: RESERVE while the file is
    filled, 1 after it was emptied for a write, 0 if the disk never had room for it.
    """

    def __init__(self, folder: Path, *, reservable: bool) -> None:
        self._file = OpenFile(folder / "reserve")
        self._reservable = reservable

    @property
    def spent(self) -> bool:
        """True if the file `reserve` was emptied, so that a write could use its room."""
        return self._file.size == 1

    @property
    def known(self) -> bool:
        """True if the file `reserve` has ever been filled, even if it was emptied since then."""
        return self._file.size > 0

    def take(self) -> bool:
        """Fill the reserve if the disk has plenty of room. Return True if the reserve is filled."""
        if self._file.size == RESERVE:
            return True
        if free_bytes(self._file.path.parent) < _PLENTY:
            return False
        before = self._file.size
        try:
            self._fill()
        except (OSError, Full):
            with contextlib.suppress(OSError):
                os.ftruncate(self._file.descriptor, before)
        return self._file.size == RESERVE

    def _fill(self) -> None:
        if self._reservable:
            reserve(self._file, RESERVE)
            return
        os.lseek(self._file.descriptor, 0, os.SEEK_SET)
        # Random bytes occupy the disk even if the file system compresses data. On a full disk,
        # `write` may write only a part of them.
        if os.write(self._file.descriptor, os.urandom(RESERVE)) < RESERVE:
            raise Full("The disk has no room for the reserve.")

    def give(self) -> bool:
        """Empty the reserve to make room for a write. Return True if the reserve was filled."""
        if self._file.size != RESERVE:
            return False
        os.ftruncate(self._file.descriptor, 1)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
