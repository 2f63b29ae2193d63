"""Killing servers, and opening their data folders in process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.app import Emulator
from emulator.database.database import Database
from emulator.settings import Settings
from tests.support.servers import Server


@contextmanager
def killed(folder: Path, *options: str) -> Iterator[Server]:
    """Run a server on the folder during a `with` block, and kill it at the end."""
    server = Server("--data-dir", str(folder), *options)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """Open a data folder in this process; a server may run on it at the same time."""
    emulator = Emulator(Settings(data_dir=folder))
    try:
        yield emulator.database
    finally:
        emulator.close()
