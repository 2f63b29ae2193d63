"""Fixtures for tests of controls."""

from collections.abc import Iterator
from copy import copy
from pathlib import Path

import pytest

from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from tests.support.in_process import InProcess


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[list[InProcess]]:
    """Yield two emulators in process that share a folder as workers do. The first is the owner."""
    sharing = SharedMemory(2)
    started = []
    for worker_index in (0, 1):
        mine = copy(sharing)
        mine.worker_index = worker_index
        started.append(InProcess(Settings(data_dir=tmp_path / "data"), mine))
    yield started
    for db in started:
        db.emulator.close()
