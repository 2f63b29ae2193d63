"""Turns garbage collection off while a large request has many objects in memory.

The collector visits all objects in one run, and it begins again each time their number has grown
by a quarter. A body of 16 MB has millions of objects, and one run takes up to 0.4 s. A transaction
of 100 statements of 8 KB has 500,000 objects in its syntax trees, and one run takes 50 to 100 ms.
Other requests wait during a run.

None of these objects are garbage before their request ends. At its end, Python frees them without
the collector, unless they refer to each other in circles. So an error that is kept during a request
must have no traceback: the frames of a traceback refer to the error and to all objects of the
request, which makes a circle.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, TypeVar

from emulator.slices import Steps

_T = TypeVar("_T")


class _CollectorPause:
    """Turns garbage collection off as long as there are large requests."""

    def __init__(self) -> None:
        self._requests = 0
        self._lock = Lock()

    def begin(self) -> None:
        """Turn garbage collection off."""
        with self._lock:
            self._requests += 1
            gc.disable()

    def end(self) -> None:
        """Turn garbage collection on, unless there is another large request."""
        with self._lock:
            self._requests -= 1
            if not self._requests:
                gc.enable()

    @contextmanager
    def context(self) -> Iterator[None]:
        """Turn garbage collection off during the context. The context may last for many slices."""
        self.begin()
        try:
            yield
        finally:
            self.end()


collector_pause: Final = _CollectorPause()


def in_oldest_generation(steps: Steps[_T]) -> Steps[_T]:
    """Run steps that make objects which stay in memory. Garbage collection must be off.

    After each step, its objects are moved to the collector's oldest generation. Otherwise, as soon
    as the collector is on again, it would visit the objects of all steps in one run.
    """
    while True:
        try:
            pause = next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
        gc.collect(1)
        yield pause
