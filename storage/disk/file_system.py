"""Functions of the operating system that the store needs: files, their modes, room on a disk."""

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import Final

from storage.errors import Full, StorageError, Unavailable

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers that mean: disk full, quota used up, or largest allowed file size reached."""

_RESERVABLE: Final = {"ext4", "xfs", "tmpfs", "overlay"}


def os_error(error: OSError, what: str) -> StorageError:
    """Return Full or Unavailable for an error of the operating system.

    what: the first part of the message; the text of `error` follows it.
    """
    kind = Full if error.errno in NO_ROOM else Unavailable
    return kind(f"{what}: {error.strerror}.")


def file_mode(folder: Path) -> int:
    """Return the mode for new files in a folder: the folder's mode without execute permissions."""
    return stat.S_IMODE(folder.stat().st_mode) & 0o666


def new_file(path: Path, *, exclusive: bool = False) -> int:
    """Open a file for reading and writing, and return its descriptor. Raises OSError.

    A missing file is created, with the mode of `file_mode`.
    exclusive: if True, raise FileExistsError if the file exists.
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
    """Write a small file atomically: readers see the old content or the whole new content.

    certain: if True, sync the file, so that the content is complete even after a power cut.
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
    """Return the number of bytes that this process may still write to the disk of a folder."""
    if hasattr(os, "statvfs"):
        status = os.statvfs(folder)
        return status.f_bavail * status.f_frsize
    return shutil.disk_usage(folder).free  # Windows has no statvfs.


def disk_is_full(folder: Path) -> bool:
    """Return True if the disk of a folder has less than 1 MiB of free room."""
    return shutil.disk_usage(folder).free < 1 << 20


def reservable(folder: Path) -> bool:
    """Return True if the file system of a folder can reserve blocks for later writes to a file.

    The result is True only for file systems that are known to reserve blocks and to overwrite them
    in place. Copy-on-write file systems (btrfs, zfs) need new blocks for every write. A call of
    posix_fallocate would prove nothing: on file systems that cannot reserve blocks, the C library
    imitates it.
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
