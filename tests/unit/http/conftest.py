"""Fixtures for tests of the console in process."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from emulator.app import Emulator
from emulator.settings import Settings
from tests.support.console import Console, in_process
from tests.support.console_process import ObservedWorld
from tests.support.tables import table_request


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Yield an emulator in memory."""
    opened = Emulator(Settings(in_memory=True))
    yield opened
    opened.close()


@pytest.fixture
def console(emulator: Emulator) -> Console:
    """Return the console of the emulator."""
    return in_process(emulator)


@pytest.fixture
def call(emulator: Emulator) -> Callable[..., Any]:
    """Return a function that calls an operation of the emulator."""

    def run(operation: str, **request: Any) -> Any:
        return orjson.loads(emulator.call(operation, request, emulator.caller("test", "us-east-1")))

    return run


@pytest.fixture
def observed() -> Iterator[ObservedWorld]:
    """Yield an emulator whose requests can be observed, with the table Orders."""
    world = ObservedWorld()
    world("CreateTable", table_request("pk:S", TableName="Orders"))
    yield world
    world.emulator.close()


@pytest.fixture
def opened(observed: ObservedWorld) -> Console:
    """Return the console of `observed` after its first page, which makes the server keep and count
    requests.
    """
    console = observed.console()
    console.get("tables")
    return console
