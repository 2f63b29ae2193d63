"""What a store does about a disk that has no room.

* Reserve: a file beside the data that takes a little more than 1 MiB of the disk. On a full disk its room goes to urgent
  writes, those that free room or end a status: deletions copy the pages that they change before they free any.
* Refusal: the memory that the disk had no room, so that not every write asks it again.

After the first refusal a store is `tight` (lmdb_environment.py). Ordinary writes then leave SPARE_PAGES pages of the file
that hold no data, in which later urgent writes do their work. Deletions thereby make ordinary writes possible again.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from storage.disk.files import OpenFile, reserve
from storage.errors import Full

LEAST_STEP = 1 << 20
"""Bytes. A file that cannot grow by this much cannot grow."""

RESERVE = LEAST_STEP + (128 << 10)
"""Bytes: a step, and what the file system needs to note it."""

SPARE_PAGES = 256
"""Pages that ordinary writes leave on a full disk. A deletion changes about ten."""

_WELL_OFF = (
    2 * RESERVE
)  # bytes free on the disk from which the reserve is taken: a 20 MB disk has them beside a new store
_BELIEVED = 4  # refusals in a row after which the next ones are taken for granted
_ASK_AGAIN = 32  # of so many requests after that one asks: where quotas refuse, the free bytes of the disk say nothing


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free for us on the disk of a folder."""
    if hasattr(os, "statvfs"):
        status = os.statvfs(folder)
        return status.f_bavail * status.f_frsize
    import shutil  # noqa: PLC0415 - only on Windows

    return shutil.disk_usage(folder).free


class Refusal:
    """The memory that the disk has refused. room: returns its free bytes."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._room = room
        self._free: int | None = None  # bytes that were free then
        self._times = 0

    def note(self) -> None:
        """Remember that the disk has refused now."""
        self._free = self._room()
        self._times += 1

    def forget(self) -> None:
        """Remember nothing any more: the disk had room."""
        self._free = None
        self._times = 0

    def stands(self) -> bool:
        """Say whether another request would be in vain: nothing has become free since the last refusals."""
        if self._free is None or self._times < _BELIEVED or self._room() >= self._free + LEAST_STEP:
            return False
        self._times += 1
        return self._times % _ASK_AGAIN != 0


class Reserve:
    """The file `reserve` of a folder, which takes RESERVE bytes of the disk until they are needed.

    Its size says which state it is in, also to other processes: 0 where the disk never had room for it, RESERVE while
    the room is there, 1 once it was given away.
    """

    def __init__(self, folder: Path, *, reservable: bool) -> None:
        self._file = OpenFile(folder / "reserve")
        self._reservable = reservable

    @property
    def spent(self) -> bool:
        """Whether the room was given away."""
        return self._file.size == 1

    @property
    def known(self) -> bool:
        """Whether the room is there, or was once."""
        return self._file.size > 0

    def take(self) -> bool:
        """Take the room where it is not taken yet and the disk has plenty; say whether it is there."""
        if self._file.size == RESERVE:
            return True
        if free_bytes(self._file.path.parent) < _WELL_OFF:
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
        # Some file systems compress, so the bytes are random. On a full disk only a part of them is written.
        if os.write(self._file.descriptor, os.urandom(RESERVE)) < RESERVE:
            raise Full("The disk has no room for the reserve.")

    def give(self) -> bool:
        """Give the room away; say whether there was any."""
        if self._file.size != RESERVE:
            return False
        os.ftruncate(self._file.descriptor, 1)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
