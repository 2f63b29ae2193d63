"""Time, and the work that is due at some time.

One clock serves everything that looks at the time: statuses, creation dates, later TTL, streams, tokens and throttling.
Tests put a ManualClock in its place and move it; nothing in the emulator sleeps.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    now = staticmethod(time.time)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time it was moved to, seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._now += seconds


Slice = Callable[[], bool]
"""A bounded piece of background work; returns True when there is more to do."""


class Background:
    """Long work in slices: dropping a table's rows, filling an index.

    Before each request, and whenever the server is idle, one slice runs; so the work advances with the traffic, a
    request never waits for more than one slice, and a test drives it by calling `run_slice`.

    A slice that raises `wait` (the disk is full) has done nothing, disturbs nobody, and is tried again later.
    """

    def __init__(self, wait: type[Exception]) -> None:
        self._wait = wait
        self._slices: deque[Slice] = deque()

    def __bool__(self) -> bool:
        return bool(self._slices)

    def add(self, work: Slice) -> None:
        """Queue work; its slices take turns with those of other work."""
        self._slices.append(work)

    def run_slice(self) -> bool:
        """Run one slice of the work that waited longest; say whether it could run."""
        if not self._slices:
            return False
        work = self._slices.popleft()
        try:
            more = work()
        except self._wait:
            self._slices.append(work)
            return False
        if more:
            self._slices.append(work)
        return True

    def run_all(self) -> None:
        """Run until nothing is left, or the work has to wait."""
        while self.run_slice():
            pass
