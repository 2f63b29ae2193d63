"""Claims a data folder for one server, with a lock.

The worker processes of one server share a folder and coordinate their writes. Two servers do not
coordinate and would destroy each other's writes, so only one server may claim a folder.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from storage.disk import identity
from storage.disk.file_system import new_file, os_error
from storage.disk.folder import prepare
from storage.errors import Unavailable

_LONGEST = 20  # the maximum number of bytes to read from a lock file: enough for a process id


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Claim a folder until the `with` block and all processes forked in it have ended.

    The end of the `with` block records in the folder that the store is closed (identity.py). So the
    caller must close the store in all processes before the block ends. On systems without flock
    (Windows), the folder is not locked.

    Raises Unavailable if another server has claimed the folder. Raises LayoutMismatch or Full in
    the same cases as opening the store.
    """
    folder = folder.absolute()
    prepare(folder)
    try:
        descriptor = new_file(folder / "server.lock")
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error
    try:
        if not _locked(descriptor):
            raise Unavailable(f"The data folder {folder} is in use by another server{_holder(descriptor)}.")
        # The process id is only for the error message of another server, so a failure to write it
        # is ignored.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"%d\n" % os.getpid())
        try:
            yield
        finally:
            identity.record_closed(folder)
    finally:
        os.close(descriptor)


def in_use(folder: Path) -> bool:
    """Return True if a server has claimed a folder.

    The function tries to lock the folder. If it succeeds, it releases the lock before it returns.
    """
    try:
        descriptor = os.open(folder / "server.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Try to lock a file. Return False if another process has locked it.

    On systems and file systems without locks, return True.
    """
    try:
        import fcntl  # noqa: PLC0415 - Windows does not have it
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # The file system has no locks.
        return True
    return True


def _holder(descriptor: int) -> str:
    """Return " (process N)" for the process id in a lock file, or "" if the file has no id."""
    with contextlib.suppress(OSError):
        text = os.read(descriptor, _LONGEST).strip()
        if text.isdigit():
            return f" (process {text.decode()})"
    return ""
