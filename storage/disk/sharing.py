"""Which folders this process has open: the engines of one folder share one Environment.

py-lmdb, like LMDB, forbids opening a folder twice in one process: closing the folder once would
drop the file locks of both openings.
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
"""A function that checks whether the data of a folder are sound, and raises Corrupted if not."""


@dataclass(slots=True)
class _Shared:
    """An open environment. users: how many engines use it."""

    environment: Environment
    users: int = 0


_shared: dict[tuple[int, int, int], _Shared] = {}
"""(process, device, inode of the folder) -> its environment. A forked process opens its own."""


def acquire(
    folder: Path, *, map_size: int | None, writemap: bool | None, durable: bool, verify: Verify | None
) -> Environment:
    """Return the environment of a folder; open it if this process does not have it open.

    Each call needs one call of `release`. verify: called before the opening of a folder that may be
    a damaged copy. Raises Unavailable, LayoutMismatch, Corrupted, Full.
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
        identity.adopt(folder)
    elif shared.environment.durable != durable:
        raise Unavailable(
            f"The data folder {folder} is already open in this process with other settings of durability."
        )
    shared.users += 1
    return shared.environment


def release(environment: Environment) -> None:
    """Undo one call of acquire(); the last release closes the environment."""
    [(key, shared)] = [(key, shared) for key, shared in _shared.items() if shared.environment is environment]
    shared.users -= 1
    if not shared.users:
        del _shared[key]
        environment.close()


def _check_copy(folder: Path, verify: Verify | None) -> None:
    """Verify a folder that may be a copy of a folder in use.

    With verify=None, this checks the pages of the data file. For a new folder, it records that the
    data file is about to be created.
    """
    state = identity.state_of(folder)
    if state == identity.NEW:
        identity.begin(folder)
    elif state == identity.FOREIGN:
        from storage.disk.verification import verify as verify_pages  # noqa: PLC0415 - nearly no start needs it

        (verify or verify_pages)(folder)
