"""Claims, copies and verifies a data folder without opening its store.

The functions are those of the engine on disk (disk/). Code outside storage/ imports them from this
module, because it must not import from disk/.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from storage.disk.claim import claimed, in_use
from storage.disk.file_system import new_file
from storage.disk.verification import damaged, problem_of
from storage.engine import ReadTxn

__all__ = ["claimed", "copy", "damaged", "in_use", "new_file", "problem_of", "snapshot"]


def copy(source: Path, target: Path, verify: Callable[[Path], None]) -> int:
    """Copy the newest commit of a data folder to a folder that is missing or empty.

    A server may be using the source.

    verify: a function that checks the source, and must raise Corrupted if the source is damaged.
    `copy` calls this function first if the source itself may be a copy, which may be damaged.

    Returns the size of the new data file in bytes. After a StorageError, no part of the copy
    remains.
    """
    from storage.disk import snapshot  # noqa: PLC0415 - it imports LMDB, which most users of this module do not need

    return snapshot.copy(source, target, verify)


def snapshot(folder: Path) -> AbstractContextManager[ReadTxn]:
    """Return a context manager that reads a data folder at its newest commit.

    Raises StorageError if the folder cannot be read.
    """
    from storage.disk import snapshot  # noqa: PLC0415 - see copy

    return snapshot.snapshot(folder)
