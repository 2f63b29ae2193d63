"""Fixtures for tests of the console in process."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from emulator.app import Emulator
from emulator.settings import Settings
from tests.support.console import Console, in_process


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator in memory."""
    opened = Emulator(Settings(in_memory=True))
    yield opened
    opened.close()


@pytest.fixture
def console(emulator: Emulator) -> Console:
    """The console of the emulator."""
    return in_process(emulator)


@pytest.fixture
def call(emulator: Emulator) -> Callable[..., Any]:
    """A function that calls an operation of the emulator."""

    def run(operation: str, **request: Any) -> Any:
        return orjson.loads(emulator.call(operation, request, emulator.caller("test", "us-east-1")))

    return run
