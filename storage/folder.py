r"""The folder of a store on disk: whose it is, which layout it has, and how room for it is reserved.

    <folder>/layout       "dynamodb-emulator storage layout 1\n", written before anything else and never changed
    <folder>/data.mdb     LMDB's pages
    <folder>/lock.mdb     LMDB's table of readers and its write lock, shared by all processes
    <folder>/server.lock  empty, locked by the server that has the folder (claim.py)

A folder is ours when it has our `layout` file. One that holds nothing (but what file systems and `prepare` itself
leave behind) becomes ours. Anything else is left alone.

The open `layout` file is also what processes lock while they change the size of the map, see lmdb_environment.py.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from storage.errors import Full, LayoutMismatch, StorageError, Unavailable

LAYOUT = 1
"""Version of everything storage/ writes to disk. Changes with any of it."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers that mean: no room for the write (disk full, over the quota, over the limit of a file)."""

_PIECE = 1 << 20  # bytes that the kernel is asked to read at once: it may cut longer requests short
_SIGNATURE = "dynamodb-emulator storage layout "
_HARMLESS = {"lost+found"}
_RESERVABLE = frozenset({"ext4", "xfs", "tmpfs", "overlay"})


def prepare(folder: Path) -> None:
    """Make folder ours, or check that it is. Raises Unavailable, LayoutMismatch, Full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Unavailable(f"The data path {folder} is not a folder.") from None
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be created") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(f"The data folder {folder} is not writable.")
    try:
        text = _layout_text(folder)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error
    _check_layout(folder, text)


def _layout_text(folder: Path) -> str:
    """Return the text of the layout file, which is written if the folder is new, or "" if the folder is not ours."""
    file = folder / "layout"
    if not file.exists():
        if any(entry.name not in _HARMLESS and not entry.name.startswith(".layout-") for entry in folder.iterdir()):
            # Another process may have prepared the folder since the first look.
            return file.read_text("utf-8", "replace") if file.exists() else ""
        _write_whole(file, f"{_SIGNATURE}{LAYOUT}\n")
    return file.read_text("utf-8", "replace")


def _write_whole(file: Path, text: str) -> None:
    """Write a small file so that nobody ever sees a part of it, not even after a power cut."""
    draft = file.with_name(f".{file.name}-{os.urandom(8).hex()}")
    with draft.open("x", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _check_layout(folder: Path, text: str) -> None:
    version = text.removeprefix(_SIGNATURE).rstrip("\n")
    if not text.startswith(_SIGNATURE) or not version.isdecimal():
        raise Unavailable(f"The folder {folder} holds other files: choose an empty folder, or one this program made.")
    if int(version) != LAYOUT:
        raise LayoutMismatch(
            f"The data folder {folder} has storage layout {version}, but this version of the program uses layout"
            f" {LAYOUT}: use the version that wrote it, or another folder."
        )


def os_error(error: OSError, what: str) -> StorageError:
    """Translate an error of the operating system; what begins the sentence."""
    kind = Full if error.errno in NO_ROOM else Unavailable
    return kind(f"{what}: {error.strerror}.")


@contextlib.contextmanager
def resizing(folder: Path) -> Iterator[None]:
    """Hold the lock under which the size of the data file is looked at and changed; processes wait for each other.

    Raises Unavailable.
    """
    import fcntl  # noqa: PLC0415 - only where files are reserved, which is never on Windows

    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context((folder / "layout").open("rb"))
            fcntl.flock(stream, fcntl.LOCK_EX)
        except OSError as error:
            raise os_error(error, f"The data folder {folder} cannot be locked") from error
        yield


def reservable(folder: Path) -> bool:
    """Say whether a file in folder can be given its blocks in advance, so that writing to them cannot fail.

    Only for file systems known to do so natively and to overwrite in place; copy-on-write ones (btrfs, zfs) need new
    blocks for every write, and the C library imitates posix_fallocate where the file system has none.
    """
    return hasattr(os, "posix_fallocate") and _file_system(folder) in _RESERVABLE


def _file_system(folder: Path) -> str:
    """Return the type of the file system folder is on, or "" if that is not known (proc(5), mountinfo)."""
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


def reserve(file: Path, size: int) -> None:
    """Give file all its blocks up to size bytes, making it if needed. Raises Full, Unavailable."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise os_error(error, f"The data file {file} cannot have {size} bytes") from error


def load(file: Path, start: int, stop: int) -> None:
    """Bring the bytes from start to stop of a file into the page cache; errors do not matter."""
    if not hasattr(os, "posix_fadvise"):
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            for position in range(start, stop, _PIECE):
                os.posix_fadvise(descriptor, position, min(_PIECE, stop - position), os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)


def disk_is_full(folder: Path) -> bool:
    """Say whether less than 1 MiB is left on the disk of folder."""
    return shutil.disk_usage(folder).free < 1 << 20


def flush(file: Path) -> None:
    """Wait until all that was written to a file is on the disk. Raises StorageError."""
    try:
        handle = os.open(file, os.O_RDWR)
        try:
            getattr(os, "fdatasync", os.fsync)(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise os_error(error, f"The data file {file} cannot be flushed") from error


def file_size(file: Path) -> int:
    """Return the size of file in bytes, 0 if it is not there."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def bytes_on_disk(file: Path) -> int:
    """Return what file occupies on disk, which for a file with holes is less than its size."""
    status = file.stat()
    return getattr(status, "st_blocks", -(-status.st_size // 512)) * 512
