"""Translates LMDB's errors to storage errors."""

import errno
from pathlib import Path

import lmdb

from storage.disk.file_system import NO_ROOM, disk_is_full
from storage.errors import Corrupted, Full, StorageError

_DAMAGED = (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)


def translated(error: lmdb.Error, folder: Path) -> StorageError:
    """Return the storage error for an error of LMDB in a data folder."""
    number = errno.ENOSPC if isinstance(error, lmdb.DiskError) else getattr(error, "code", 0)
    # LMDB reports EIO if only a part of a write fits on the disk, so EIO may mean a full disk.
    if number in NO_ROOM or (number == errno.EIO and disk_is_full(folder)):
        return no_room(folder)
    if isinstance(error, lmdb.TxnFullError):
        return Full("The transaction is too large.")
    if isinstance(error, _DAMAGED):
        return Corrupted(f"The data folder {folder} is damaged: {error}.")
    return StorageError(f"An operation on the data folder {folder} failed: {error}.")


def no_room(folder: Path) -> Full:
    """Return the error for a data folder whose disk is full."""
    return Full(f"No room is left on the disk of the data folder {folder}.")
