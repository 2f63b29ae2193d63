"""Makes the folder in memory that the workers of a server share. Removes abandoned folders.

A server first claims its folder, and then renames it to `dynamodb-emulator-*`. So if a folder has
such a name and no claim, all processes of its server were killed. The next server that starts
removes the folder. Each of these folders has a file `in-memory`. A user's data folder with such a
name lacks the file, so it is not removed.

The folder is in /dev/shm, which is in memory. A Docker container has only 64 MB there, unless it
was started with `--shm-size`. If /dev/shm has less than 512 MB free and the folder for temporary
files has more room, the server makes its folder among the temporary files. The system keeps
temporary files in memory while it has enough memory, but sometimes also writes them to the disk.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR
from time import time
from typing import Final

from storage.data_folder import claimed, in_use

log = logging.getLogger("emulator")

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
_NAME: Final = "dynamodb-emulator-"
_DRAFT: Final = "." + _NAME
_MARK: Final = "in-memory"
_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
_ENOUGH: Final = 512 * _MIB  # if /dev/shm has less room, the folder for temporary files may be better
_OLD: Final = 3600.0  # seconds; a folder without its final name counts as abandoned if it is older


@contextmanager
def memory_folder(parent: Path | None = None) -> Iterator[Path]:
    """Yield a new folder in memory that this process has claimed. Remove it at the end.

    Raises StorageError.

    parent: where to make the new folder; None to choose between /dev/shm and the temporary files.
    """
    if parent is None:
        parent = best_parent(_MEMORY, _temporary_files)
        for each in {parent, _MEMORY}:
            remove_abandoned(each)
    else:
        remove_abandoned(parent)
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=parent))
    folder = parent / draft.name.removeprefix(".")
    try:
        with claimed(draft):
            (draft / _MARK).touch()
            draft.rename(folder)
            yield folder
    finally:
        for path in (draft, folder):
            shutil.rmtree(path, ignore_errors=True)


def best_parent(memory: Path, temporary_files: Callable[[], Path | None]) -> Path:
    """Return the folder in which to make the folder of the workers.

    Log a warning if `memory` exists, but has little room.

    memory: the preferred folder.
    temporary_files: a function that returns the folder for temporary files, or None if the system
    has no such folder. It is called only if `memory` has little room or is missing.
    """
    room = room_in(memory)
    if room >= _ENOUGH:
        return memory
    other = temporary_files()
    better = other if other is not None and room_in(other) > room else None
    if not memory.is_dir():
        assert better is not None, "a system without /dev/shm must have a folder for temporary files"
        return better
    effect = "" if better is None else f" So these data are in {better}, and are also lost at exit."
    log.warning(
        "%s has room for only %s of the data that the workers share.%s For more room: docker run --shm-size 2g",
        memory,
        shown(room),
        effect,
    )
    return better or memory


def _temporary_files() -> Path | None:
    try:
        return Path(tempfile.gettempdir())
    # There is no writable folder for temporary files, as in a container with a read-only root.
    except FileNotFoundError:
        return None


def room_in(folder: Path) -> int:
    """Return the free bytes of a folder's file system; 0 if the folder does not exist."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def shown(size: int) -> str:
    """Return a number of bytes for the user, in MB or GB."""
    return f"{size / _GIB:.1f} GB" if size >= _GIB else f"{size / _MIB:.0f} MB"


def remove_abandoned(parent: Path) -> None:
    """Remove the folders that killed servers of this user have left in `parent`.

    This includes old folders whose server was killed before it gave them their final name.
    """
    for folder in parent.glob(_NAME + "*"):
        if _ours(folder) and (folder / _MARK).exists() and (folder / "server.lock").exists() and not in_use(folder):
            log.info("removing %s, which a killed server has left in memory", folder)
            shutil.rmtree(folder, ignore_errors=True)
    for folder in parent.glob(_DRAFT + "*"):
        if _ours(folder) and time() - folder.stat().st_mtime > _OLD:
            shutil.rmtree(folder, ignore_errors=True)


def _ours(path: Path) -> bool:
    """Return True if a path is a folder that belongs to this process's user."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return S_ISDIR(status.st_mode) and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())
