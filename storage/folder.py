r"""The folder of a store on disk: whose it is, which layout it has, who may read it.

    <folder>/layout       "dynamodb-emulator storage layout 2\n"; only `mark` changes it
    <folder>/data.mdb     LMDB's pages
    <folder>/lock.mdb     LMDB's table of readers and its write lock, shared by all processes
    <folder>/identity     which files these are, so that a copy is recognised (identity.py)
    <folder>/closed       what data.mdb was when the last server ended; not there while one runs (identity.py)
    <folder>/reserve      room of the disk for deletions on a full disk (room.py)
    <folder>/server.lock  locked by the server that has the folder, whose process id it holds (claim.py)

A folder is ours when it has our `layout` file. One that holds nothing (but what file systems and `prepare` itself
leave behind) becomes ours. Anything else is left alone.

The open `layout` file is also what processes lock while they change the size of the map, see lmdb_environment.py.

Folders that are made here are their owner's alone (0700). A folder that was there keeps its mode. Files get the mode of
their folder, without the right to execute and whatever the umask is.
"""

import errno
import os
import shutil
import stat
from pathlib import Path

from storage.errors import Full, LayoutMismatch, StorageError, Unavailable

LAYOUT = 2
"""The version of everything that is stored. It changes with any of it."""

READABLE = frozenset({1, LAYOUT})
"""The layouts of folders that this version opens. It marks them with its own before it writes."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers that mean: no room for the write (disk full, over the quota, over the limit of a file)."""

_SIGNATURE = "dynamodb-emulator storage layout "
_PRIVATE = 0o700
_HARMLESS = {"lost+found"}
_RESERVABLE = frozenset({"ext4", "xfs", "tmpfs", "overlay"})


def prepare(folder: Path) -> int:
    """Make a folder ours, or check that it is; return its layout. Raises Unavailable, LayoutMismatch, Full."""
    make(folder)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(f"The data folder {folder} is not writable.")
    try:
        text = _layout_text(folder)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error
    return _check_layout(folder, text)


def check(folder: Path) -> None:
    """Check that a folder is ours, and change nothing. Raises Unavailable, LayoutMismatch."""
    try:
        text = (folder / "layout").read_text("utf-8", "replace")
    except FileNotFoundError:
        raise Unavailable(f"The folder {folder} is no data folder of this program.") from None
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error
    _check_layout(folder, text)


def make(folder: Path) -> None:
    """Make a folder where it is missing. Raises Unavailable, Full."""
    try:
        _make(folder)
    except (FileExistsError, NotADirectoryError):
        raise Unavailable(f"The data path {folder} is not a folder.") from None
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be created") from error


def _make(folder: Path) -> None:
    """Make a folder, and its parents, where they are missing."""
    try:
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        _make(folder.parent)
        folder.mkdir(mode=_PRIVATE, exist_ok=True)


def file_mode(folder: Path) -> int:
    """Return the mode of the files in a folder."""
    return stat.S_IMODE(folder.stat().st_mode) & 0o666


def new_file(path: Path, *, exclusive: bool = False) -> int:
    """Open a file for reading and writing, made with the mode of its folder if it is missing; return its descriptor.

    exclusive: it must be missing. Raises OSError.
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


def _layout_text(folder: Path) -> str:
    """Return the text of the layout file, which is written if the folder is new, or "" if the folder is not ours."""
    file = folder / "layout"
    if not file.exists():
        if any(entry.name not in _HARMLESS and not entry.name.startswith(".layout-") for entry in folder.iterdir()):
            # Another process may have prepared the folder since the first look.
            return file.read_text("utf-8", "replace") if file.exists() else ""
        write_layout(folder)
    return file.read_text("utf-8", "replace")


def write_layout(folder: Path) -> None:
    """Write the layout file, which makes a folder ours."""
    write_whole(folder / "layout", _text_of(LAYOUT), certain=True)


def mark(folder: Path) -> None:
    """Mark a folder of an older layout with this one, so that versions that cannot read it refuse it.

    The file is changed in place: other processes may have it open as a lock. Only a digit changes, so a
    crash leaves one of the two texts. Raises Full, Unavailable.
    """
    try:
        descriptor = new_file(folder / "layout")
        try:
            os.write(descriptor, _text_of(LAYOUT).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error


def _text_of(layout: int) -> str:
    return f"{_SIGNATURE}{layout}\n"


def write_whole(file: Path, text: str, *, certain: bool = False) -> None:
    """Write a small file so that nobody ever sees a part of it; certain: not even after a power cut."""
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


def _check_layout(folder: Path, text: str) -> int:
    version = text.removeprefix(_SIGNATURE).rstrip("\n")
    if not text.startswith(_SIGNATURE) or not version.isdecimal():
        raise Unavailable(f"The folder {folder} holds other files: choose an empty folder, or one this program made.")
    if int(version) not in READABLE:
        raise LayoutMismatch(
            f"The data folder {folder} has storage layout {version}, but this version of the program uses layout"
            f" {LAYOUT}: use the version that wrote it, or another folder."
        )
    return int(version)


def os_error(error: OSError, what: str) -> StorageError:
    """Translate an error of the operating system; what begins the sentence."""
    kind = Full if error.errno in NO_ROOM else Unavailable
    return kind(f"{what}: {error.strerror}.")


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


def disk_is_full(folder: Path) -> bool:
    """Say whether less than 1 MiB is left on the disk of folder."""
    return shutil.disk_usage(folder).free < 1 << 20


def file_size(file: Path) -> int:
    """Return the size of file in bytes, 0 if it is not there."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
