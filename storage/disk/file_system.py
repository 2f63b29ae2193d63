"""What the store needs from the operating system: modes of files, errors, room on a disk."""

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import Final

from storage.errors import Full, StorageError, Unavailable

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The numbers of errors for a lack of room: full disk, used up quota, largest allowed file size."""

_RESERVABLE: Final = {"ext4", "xfs", "tmpfs", "overlay"}


def os_error(error: OSError, what: str) -> StorageError:
    """Return the storage error for an error of the operating system.

    what: the beginning of the storage error's message.
    """
    kind = Full if error.errno in NO_ROOM else Unavailable
    return kind(f"{what}: {error.strerror}.")


def file_mode(folder: Path) -> int:
    """Return the mode for files in a folder: the folder's mode without the execute permission."""
    return stat.S_IMODE(folder.stat().st_mode) & 0o666


def new_file(path: Path, *, exclusive: bool = False) -> int:
    """Open a file for reading and writing; return its descriptor. Raises OSError.

    A missing file is created, with the mode that `file_mode` returns. exclusive: the file must be
    missing.
    """
    flags = os.O_RDWR | getattr(os, "O_BINARY", 0)
    if not exclusive:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            pass
    mode = file_mode(path.parent)
    descriptor = os.open(path, flags | os.O_CREAT | (os.O_EXCL if exclusive else 0), mode)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)
    return descriptor


def write_whole(file: Path, text: str, *, certain: bool = False) -> None:
    """Write a small file so that no reader ever sees a part of it.

    certain: also sync the file, so that this holds after a power cut too.
    """
    draft = file.with_name(f".{file.name}-{os.urandom(8).hex()}")
    descriptor = new_file(draft)
    try:
        try:
            os.write(descriptor, text.encode())
            if certain:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def file_size(file: Path) -> int:
    """Return the size of a file in bytes, or 0 if it does not exist."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def free_bytes(folder: Path) -> int:
    """Return how many bytes this process may still write to the disk of a folder."""
    if hasattr(os, "statvfs"):
        status = os.statvfs(folder)
        return status.f_bavail * status.f_frsize
    return shutil.disk_usage(folder).free  # on Windows


def disk_is_full(folder: Path) -> bool:
    """Return whether less than 1 MiB is left on the disk of a folder."""
    return shutil.disk_usage(folder).free < 1 << 20


def reservable(folder: Path) -> bool:
    """Return whether blocks can be reserved for files in a folder, so that writes have room.

    True only for file systems that are known to reserve blocks and to overwrite them in place.
    Copy-on-write file systems (btrfs, zfs) need new blocks for every write. A successful
    posix_fallocate proves nothing: the C library imitates it on file systems that cannot reserve.
    """
    return hasattr(os, "posix_fallocate") and _file_system(folder) in _RESERVABLE


def _file_system(folder: Path) -> str:
    """Return the type of a folder's file system, or "" if it is unknown (proc(5), mountinfo)."""
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        mount, _, source = line.partition(" - ")
        if mount.split(" ")[2] == number:
            return source.split(" ")[0]
    return ""
