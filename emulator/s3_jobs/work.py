"""The objects that the work of a job yields, and running work without a server."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from emulator.database.database import Database
from emulator.objects.store import ObjectStore
from emulator.settings import Settings

_T = TypeVar("_T")


class Call(NamedTuple):
    """A call of blocking I/O.

    In the work, the result is the value of `yield`, and an error is raised there.
    """

    function: Callable[[], Any]


class Pause(NamedTuple):
    """The seconds until the next step."""

    seconds: float


Work = Generator[Call | Pause, Any, _T]

_NO_ROOM: Final = 0.5
"""Seconds after which a slice that found the disk full is tried again."""

_FAILED: Final = object()


@dataclass(frozen=True, slots=True)
class Workshop:
    """Objects that all work needs.

    store: returns the object storage of an access key and region.
    """

    database: Database
    settings: Settings
    store: Callable[[str, str], ObjectStore]


def in_slice(database: Database, work: Callable[[], _T]) -> Work[_T]:
    """Return the result of `work`, which changes the store in one transaction.

    This waits while the disk is full.
    """
    while True:
        result: Any = database.try_run(work, _FAILED)
        if result is not _FAILED:
            done: _T = result
            return done
        yield Pause(_NO_ROOM)


def run(work: Work[_T]) -> _T:
    """Run work to its end, on this thread; return its result. For tests and tools."""
    step: Callable[[], Call | Pause] = work.__next__
    while True:
        try:
            wanted = step()
        except StopIteration as end:
            result: _T = end.value
            return result
        step = work.__next__
        if isinstance(wanted, Call):
            try:
                found = wanted.function()
            except Exception as error:  # noqa: BLE001 - it belongs to the work
                step = partial(work.throw, error)
            else:
                step = partial(work.send, found)
