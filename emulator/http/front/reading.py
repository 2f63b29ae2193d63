"""Reads large requests of many values in a separate thread, while other requests are answered.

Checking the types of a million values takes up to 0.6 s. The check needs only the request, so it
can run in another thread. While this thread and the main thread have work, Python switches between
them every half millisecond. Only the JSON parser still makes other requests wait, because Python
cannot switch threads inside the parser's single call.

There is only one such thread. So only one large request at a time has objects in memory, and other
large requests wait as bytes. While a large request is waiting or in memory, garbage collection is
off (collector_pause.py). Otherwise the collector would visit millions of objects again and again:
for some bodies, this took three quarters of the parsing time.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

import orjson

from emulator.app import Emulator
from emulator.errors import ApiError
from emulator.http.front.bodies import Bodies
from emulator.http.front.collector_pause import collector_pause
from emulator.slices import THREAD_SWITCH

_ARENA_MAX: Final = -8  # the parameter M_ARENA_MAX of mallopt, from malloc.h
_SPARE: Final = [
    size for size in range(16, 480, 16) for _ in range(50)
]  # the lengths of the `bytes` objects that `spare_memory` allocates


class Read(NamedTuple):
    """The result of reading a request.

    request: the parsed request.
    malformed: True if the body is not JSON, so that there is no request.
    error: the first error in types or constraints, None if the request is valid.
    """

    request: object = None
    malformed: bool = False
    error: ApiError | None = None


class Reader:
    """Reads the requests to one emulator in a separate thread."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        use_one_arena()
        self._thread = ThreadPoolExecutor(1, "reader of large requests")
        sys.setswitchinterval(THREAD_SWITCH)

    @contextmanager
    def reading(self, operation: str, body: bytes, bodies: Bodies | None) -> "Iterator[Future[Read]]":
        """Read a request in the reading thread. Yield the future result.

        At the end of the context, the reading thread frees the objects of the request.

        operation: the operation's name.
        bodies: counts the memory of the body until the end of the context.
        """
        self._emulator.load(operation)
        waiting = _Waiting()
        collector_pause.begin()
        if bodies is not None:
            bodies.record(waiting, len(body))
        reading = self._thread.submit(self._read, operation, body)
        try:
            yield reading
        finally:
            if bodies is not None:
                bodies.release(waiting)
            if reading.cancel():
                collector_pause.end()
            else:
                self._thread.submit(self._free, reading, bodies)

    def _read(self, operation: str, body: bytes) -> Read:
        try:
            with spare_memory():
                return Read(self._emulator.read(operation, body))
        except orjson.JSONDecodeError:
            return Read(malformed=True)
        except ApiError as error:
            error.__context__ = None  # the tracebacks of the error and its context keep parts of the request in memory
            return Read(error=error.with_traceback(None))

    def _free(self, reading: "Future[Read]", bodies: Bodies | None) -> None:
        try:
            if reading.exception() is None:
                self._emulator.free(reading.result().request)
        finally:
            collector_pause.end()
            if bodies is not None:
                bodies.large = True  # so that memory.py returns the freed memory to the system


def use_one_arena() -> None:
    """Make new threads allocate in the main thread's arena, if the C library has `mallopt`.

    `malloc_trim` (memory.py) does not return the free memory at the end of another thread's arena.
    With a separate arena, a server kept 130 MB after six large bodies.
    """
    with suppress(AttributeError, ImportError, OSError, TypeError):
        import _ctypes  # noqa: PLC0415 - the package ctypes would itself keep 1 MB

        _ctypes.call_function(_ctypes.dlsym(_ctypes.dlopen("", 0), "mallopt"), (_ARENA_MAX, 1))


class _Waiting:
    """Represents a complete body in `Bodies`, while it waits for the reading thread or is read.

    Nothing more of the body arrives, so there is nothing to pause.
    """

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""


@contextmanager
def spare_memory() -> Iterator[None]:
    """Keep memory free for small objects that are made later, while a large body is parsed.

    At its beginning, the context allocates small objects of all sizes. At its end, it frees them,
    and objects that are made later get their memory. Otherwise, later objects would lie among the
    objects of the body. Python returns memory in blocks of a megabyte, so one such object would
    keep a whole block. A server without this context kept another megabyte after each large body.
    """
    spare = [bytes(size) for size in _SPARE]
    try:
        yield
    finally:
        spare.clear()
