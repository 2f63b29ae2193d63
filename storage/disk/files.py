"""Files that a store opens at its start and keeps open.

When the data file grows, the store needs the files `layout` (as a lock) and `data.mdb`. At that
time, the connections of clients may have used up the server's file descriptors. So the store must
have these files open already.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from storage.disk.file_system import new_file, os_error

_PIECE = 1 << 20  # bytes of one request for read-ahead; the kernel may cut larger requests


class OpenFile:
    """A file that is open for reading and writing until `close`. A missing file is created."""

    __slots__ = ("descriptor", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.descriptor = new_file(path)
        except OSError as error:
            raise os_error(error, f"The file {path} cannot be opened") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. A second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    @property
    def name(self) -> str:
        """The name of the file, without its folder."""
        return self.path.name

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return os.fstat(self.descriptor).st_size


@contextlib.contextmanager
def locked(layout: OpenFile) -> Iterator[None]:
    """Hold the lock `resizing` during a `with` block. Raises Unavailable if locking fails.

    A process must hold this lock while it reads or changes the size of the data file. Only one
    process can hold it. Two threads of one process exclude each other only if each has its own
    OpenFile for `layout`.
    """
    import fcntl  # noqa: PLC0415 - only needed to reserve files, which Windows cannot do

    try:
        fcntl.flock(layout.descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise os_error(error, f"The data folder {layout.path.parent} cannot be locked") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            fcntl.flock(layout.descriptor, fcntl.LOCK_UN)


def reserve(file: OpenFile, size: int) -> None:
    """Reserve all blocks of a file, and make it `size` bytes large.

    Raises Full if the disk has no room, or Unavailable after any other error.
    """
    try:
        os.posix_fallocate(file.descriptor, 0, size)
    except OSError as error:
        raise os_error(error, f"The data file {file.path} cannot grow to {size} bytes") from error


def load(file: OpenFile, start: int, stop: int) -> None:
    """Load the bytes from `start` to `stop` of a file into the page cache, if possible."""
    if not hasattr(os, "posix_fadvise"):
        return
    with contextlib.suppress(OSError):
        for position in range(start, stop, _PIECE):
            os.posix_fadvise(file.descriptor, position, min(_PIECE, stop - position), os.POSIX_FADV_WILLNEED)


def flush(file: OpenFile) -> None:
    """Wait until all writes to a file are on the disk. Raises StorageError if that fails."""
    try:
        getattr(os, "fdatasync", os.fsync)(file.descriptor)
    except OSError as error:
        raise os_error(error, f"The data file {file.path} cannot be synced") from error
