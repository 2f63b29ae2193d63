"""Reads large requests of many small values in another thread, so that others are served meanwhile.

To check the types of a million values takes up to 0.6 s. This work needs nothing but the request.
While both threads have work, Python changes between them every half millisecond. Other requests
still wait for the JSON parser, which is one call.

There is one thread. So one request at a time has its objects in memory, and the others wait as
bytes. While it works, the garbage collector rests. The collector would visit millions of objects
again and again: for some bodies, that took three quarters of the parsing time.
"""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Final, NamedTuple

import orjson

from emulator.app import Emulator
from emulator.errors import ApiError
from emulator.http.front.bodies import Bodies

# Seconds. Python's default is 5 ms. An answer to another client needs the interpreter two or three
# times, and would wait each time.
_SWITCH: Final = 0.0005
_ARENA_MAX: Final = -8  # M_ARENA_MAX of malloc.h
_SPARE: Final = [size for size in range(16, 480, 16) for _ in range(50)]  # bytes


class Read(NamedTuple):
    """A request that was read, and what is wrong with it.

    malformed: whether its body is not JSON. error: the first error of its types or constraints.
    """

    request: object = None
    malformed: bool = False
    error: ApiError | None = None


class Reader:
    """Reads the requests to one emulator in a thread of its own."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        use_one_arena()
        self._thread = ThreadPoolExecutor(1, "reader of large requests")
        sys.setswitchinterval(_SWITCH)

    @contextmanager
    def reading(self, operation: str, body: bytes, bodies: Bodies | None) -> "Iterator[Future[Read]]":
        """Read a request in the thread. At the end of the context, free its objects there.

        operation: its name. bodies: counts the body while it waits and is read.
        """
        self._emulator.load(operation)
        waiting = _Waiting()
        resting.begin()
        if bodies is not None:
            bodies.hold(waiting, len(body))
        reading = self._thread.submit(self._read, operation, body)
        try:
            yield reading
        finally:
            if bodies is not None:
                bodies.release(waiting)
            if reading.cancel():
                resting.end()
            else:
                self._thread.submit(self._free, reading, bodies)

    def _read(self, operation: str, body: bytes) -> Read:
        try:
            with spare_memory():
                return Read(self._emulator.read(operation, body))
        except orjson.JSONDecodeError:
            return Read(malformed=True)
        except ApiError as error:
            error.__context__ = None  # its traceback, as the error's own, refers to parts of the request
            return Read(error=error.with_traceback(None))

    def _free(self, reading: "Future[Read]", bodies: Bodies | None) -> None:
        try:
            if reading.exception() is None:
                self._emulator.free(reading.result().request)
        finally:
            resting.end()
            if bodies is not None:
                bodies.large = True  # the memory that was just freed must be returned too


def use_one_arena() -> None:
    """Let new threads share the memory of the first one, where the C library has `mallopt`.

    `malloc_trim` (memory.py) returns nothing from the end of another thread's memory: a server kept
    130 MB after six large bodies.
    """
    with suppress(AttributeError, ImportError, OSError, TypeError):
        import _ctypes  # noqa: PLC0415 - the package ctypes would itself keep 1 MB

        _ctypes.call_function(_ctypes.dlsym(_ctypes.dlopen("", 0), "mallopt"), (_ARENA_MAX, 1))


class _Waiting:
    """A complete body that waits for the thread (bodies.py): nobody reads on."""

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""


@contextmanager
def spare_memory() -> Iterator[None]:
    """Make small objects of all sizes, and free them at the end of the context.

    Objects that outlive a large body, which is parsed in the context, then take the freed places.
    Otherwise they would lie among the objects of the body. Python returns memory in blocks of a
    megabyte, so each such object would keep a whole block: a server kept one more megabyte after
    each of 16 large bodies.
    """
    spare = [bytes(size) for size in _SPARE]
    try:
        yield
    finally:
        spare.clear()


class _Resting:
    """Lets the garbage collector rest while a large request has objects in memory.

    If it worked, it would visit all these objects, in one go of up to 0.4 s.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._lock = Lock()

    def begin(self) -> None:
        """Let the collector rest."""
        with self._lock:
            self._requests += 1
            gc.disable()

    def end(self) -> None:
        """Let the collector work again if no other large request is in memory."""
        with self._lock:
            self._requests -= 1
            if not self._requests:
                gc.enable()

    @contextmanager
    def context(self) -> Iterator[None]:
        """Let the collector rest in this context."""
        self.begin()
        try:
            yield
        finally:
            self.end()


resting: Final = _Resting()
