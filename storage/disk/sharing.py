"""Shares one Environment between all engines of a folder in this process.

The reason: LMDB must not open a folder twice in one process, because the first `close` would also
release the file locks of the other opening.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.disk import identity
from storage.disk.environment import Environment
from storage.disk.folder import LAYOUT, prepare
from storage.errors import Unavailable

Verify = Callable[[Path], None]
"""A function that checks the data of a folder, and raises Corrupted if they are damaged."""


@dataclass(slots=True)
class _Shared:
    """An open environment. users: the number of engines that use it."""

    environment: Environment
    users: int = 0


_shared: dict[tuple[int, int, int], _Shared] = {}
"""(process, device, inode of the folder) -> the folder's open environment.

The process is part of the key, because a forked process must open the folder again.
"""


def acquire(
    folder: Path, *, map_size: int | None, writemap: bool | None, durable: bool, verify: Verify | None
) -> Environment:
    """Return the environment of a folder. Open the folder if it is not open in this process.

    The caller must call `release` at the end. verify: a function that checks the folder before it
    is opened, if the folder may be a damaged copy. Raises Unavailable, LayoutMismatch, Corrupted or
    Full.
    """
    folder = folder.absolute()
    layout = prepare(folder)
    status = folder.stat()
    key = (os.getpid(), status.st_dev, status.st_ino)
    shared = _shared.get(key)
    if shared is None:
        _check_copy(folder, verify)
        if layout != LAYOUT:
            identity.upgrade(folder)
        environment = Environment(folder, map_size=map_size, writemap=writemap, durable=durable)
        shared = _shared[key] = _Shared(environment)
        identity.record_ours(folder)
    elif shared.environment.durable != durable:
        raise Unavailable(
            f"The data folder {folder} is already open in this process with a different value of `durable`."
        )
    shared.users += 1
    return shared.environment


def release(environment: Environment) -> None:
    """Undo one call of `acquire`. The last `release` of an environment closes it."""
    [(key, shared)] = [(key, shared) for key, shared in _shared.items() if shared.environment is environment]
    shared.users -= 1
    if not shared.users:
        del _shared[key]
        environment.close()


def _check_copy(folder: Path, verify: Verify | None) -> None:
    """Verify a folder if it may be a damaged copy (identity.py). Raises Corrupted.

    In a new folder, record that the data file will be created next.

    verify: a function that checks the folder. With None, only the pages of the data file are
    checked.
    """
    state = identity.state_of(folder)
    if state == identity.NEW:
        identity.record_new(folder)
    elif state == identity.FOREIGN:
        from storage.disk.verification import verify as verify_pages  # noqa: PLC0415 - nearly no start needs it

        (verify or verify_pages)(folder)
