"""Work: the generator that does an S3 job, and the objects that it yields.

Without a server, the function `run` runs work.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from emulator.database.database import Database
from emulator.objects.store import ObjectStore
from emulator.settings import Settings

_T = TypeVar("_T")


class Call(NamedTuple):
    """Yielded by the work of an S3 job: a request to call a function that blocks.

    The result of the function becomes the value of the `yield` expression in the work. An error of
    the function is raised at this `yield`.
    """

    function: Callable[[], Any]


class Pause(NamedTuple):
    """Yielded by the work of an S3 job: a request to wait before its next step."""

    seconds: float


Work = Generator[Call | Pause, Any, _T]

_NO_ROOM: Final = 0.5
"""Seconds until a slice is tried again after the disk was full."""

_FAILED: Final = object()


@dataclass(frozen=True, slots=True)
class JobContext:
    """The objects that the work of every S3 job needs.

    store: a function that returns the object storage for an access key and a region.
    """

    database: Database
    settings: Settings
    store: Callable[[str, str], ObjectStore]


def in_slice(database: Database, work: Callable[[], _T]) -> Work[_T]:
    """Call `work`, which changes the store in one transaction, and return its result.

    If the disk is full, wait and call `work` again.
    """
    while True:
        result: Any = database.try_run(work, _FAILED)
        if result is not _FAILED:
            done: _T = result
            return done
        yield Pause(_NO_ROOM)


def run(work: Work[_T]) -> _T:
    """Run the work of an S3 job on this thread, without its pauses, and return its result.

    For tests and tools.
    """
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
            except Exception as error:  # noqa: BLE001 - the work gets the error
                step = partial(work.throw, error)
            else:
                step = partial(work.send, found)
