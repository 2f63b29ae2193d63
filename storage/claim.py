"""One server for one folder: the workers of a server share a folder knowingly, two servers would undo each other's work."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from storage.errors import Unavailable
from storage.folder import os_error, prepare


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder for this process and those that it forks; the claim ends with the last of them, however it ends.

    Raises Unavailable where another server holds it, LayoutMismatch and Full as opening the store does. Where the system
    has no flock (Windows), nothing is held.
    """
    prepare(folder)
    try:
        import fcntl  # noqa: PLC0415 - which Windows does not have
    except ImportError:
        yield
        return
    try:
        descriptor = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"The data folder {folder} is in use by another server.") from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(descriptor)
