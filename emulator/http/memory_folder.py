"""Makes the folder in memory that the workers of a server share, and removes abandoned folders.

A folder gets its name, `dynamodb-emulator-*`, once its server has claimed it. So a folder of that
name without a claim belongs to a server that was killed with all its processes. The next server
that starts removes this folder. Every folder of ours contains the file `in-memory`. A user's data
folder of such a name lacks the file, and is not removed.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
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
_OLD: Final = 3600.0  # seconds; an older draft counts as abandoned


@contextmanager
def memory_folder(place: Path | None = None) -> Iterator[Path]:
    """Yield a new folder in memory that this process has claimed; remove it at the end.

    Raises StorageError.

    place: the parent of the new folder. None: /dev/shm, which is in memory; if there is no
    /dev/shm, the folder of temporary files.
    """
    if place is None:
        place = _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())
    remove_abandoned(place)
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=place))
    folder = place / draft.name.removeprefix(".")
    try:
        with claimed(draft):
            (draft / _MARK).touch()
            draft.rename(folder)
            yield folder
    finally:
        for path in (draft, folder):
            shutil.rmtree(path, ignore_errors=True)


def remove_abandoned(place: Path) -> None:
    """Remove the folders that killed servers of this user have left, and their old drafts."""
    for folder in place.glob(_NAME + "*"):
        if _ours(folder) and (folder / _MARK).exists() and (folder / "server.lock").exists() and not in_use(folder):
            log.info("removing %s, which a killed server has left in memory", folder)
            shutil.rmtree(folder, ignore_errors=True)
    for folder in place.glob(_DRAFT + "*"):
        if _ours(folder) and time() - folder.stat().st_mtime > _OLD:
            shutil.rmtree(folder, ignore_errors=True)


def _ours(path: Path) -> bool:
    """Say whether a path is a folder that belongs to this process's user."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return S_ISDIR(status.st_mode) and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())
