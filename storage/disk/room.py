"""How a store works when the disk is full.

* Reserve: a file beside the data with a little more than 1 MiB. On a full disk, its room goes to
  urgent writes, which free room or end a status. Even a deletion needs room, because it copies the
  pages that it changes before it frees any.
* Refusal: a record that the disk had no room. With this record, most writes need not ask the disk
  again.

After the first refusal a store is `tight` (environment.py). Ordinary writes must then leave at
least SPARE_PAGES pages of the file without data, for later urgent writes. So deletions still have
room, and after them ordinary writes are possible again.
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
"""The smallest step in bytes. If the disk has less room, the file cannot grow."""

RESERVE = LEAST_STEP + (128 << 10)
"""The smallest step in bytes, and the bytes that the file system needs to record the step."""

SPARE_PAGES = 256
"""The number of pages that ordinary writes leave on a full disk. A deletion changes about ten."""

_PLENTY = 2 * RESERVE
"""How many bytes must be free before the reserve is filled.

A disk of 20 MB with a new store has this many.
"""

_BELIEVED = 4
"""After this many refusals in a row, `stands` is true until LEAST_STEP more bytes are free."""

_ASK_AGAIN = 32
"""After _BELIEVED refusals, every 32nd request asks the disk nevertheless.

Under a quota, the number of free bytes does not show whether there is room.
"""


class Refusal:
    """A record that the disk had no room. room: a function that returns the disk's free bytes."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._room = room
        self._free: int | None = None  # bytes that were free at the last refusal
        self._times = 0

    def note(self) -> None:
        """Record that the disk refused a write now."""
        self._free = self._room()
        self._times += 1

    def forget(self) -> None:
        """Delete the record, because the disk had room."""
        self._free = None
        self._times = 0

    def stands(self) -> bool:
        """Return whether a write can be refused without asking the disk.

        This is so after _BELIEVED refusals, until room is freed. But one of
        _ASK_AGAIN calls always returns false, so that the disk is asked.
        """
        if self._free is None or self._times < _BELIEVED or self._room() >= self._free + LEAST_STEP:
            return False
        self._times += 1
        return self._times % _ASK_AGAIN != 0


class Reserve:
    """The file `reserve` of a folder. It occupies RESERVE bytes of the disk for urgent writes.

    The size of the file shows all processes the state of the reserve: 0 if the disk never had room
    for it, RESERVE while it is filled, 1 after its room was given to a write.
    """

    def __init__(self, folder: Path, *, reservable: bool) -> None:
        self._file = OpenFile(folder / "reserve")
        self._reservable = reservable

    @property
    def spent(self) -> bool:
        """Whether the reserve's room was given to a write."""
        return self._file.size == 1

    @property
    def known(self) -> bool:
        """Whether the reserve is filled, or was filled once."""
        return self._file.size > 0

    def take(self) -> bool:
        """Fill the reserve if the disk has plenty of room; return whether the reserve is filled."""
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
        # The bytes are random, because some file systems compress data. On a full disk, `write` may
        # write only a part of them.
        if os.write(self._file.descriptor, os.urandom(RESERVE)) < RESERVE:
            raise Full("The disk has no room for the reserve.")

    def give(self) -> bool:
        """Free the reserve's room for a write; return whether the reserve was filled."""
        if self._file.size != RESERVE:
            return False
        os.ftruncate(self._file.descriptor, 1)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
