"""Fixtures for tests of the advisor."""

from collections.abc import Iterator

import pytest

from emulator.settings import Settings
from tests.support.advised import Advised
from tests.support.in_process import InProcess


@pytest.fixture
def advised() -> Iterator[Advised]:
    """Yield an emulator in memory whose advisor is on. Advice does not depend on the engine."""
    db = InProcess(Settings(in_memory=True))
    yield Advised(db)
    db.emulator.close()
