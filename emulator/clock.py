"""Time, and the work that is due at some time.

One clock serves everything that looks at the time: statuses, creation dates, TTL, streams, tokens, throttling, retries of
functions. It follows the machine's until a test moves it; nothing in the emulator sleeps or asks the machine itself.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class EmulatorClock:
    """The machine's clock, moved by an offset, or standing still.

    frozen: the time at which it stands, None while it runs; offset: seconds by which it is ahead of the machine's.
    """

    __slots__ = ("_machine", "frozen", "offset")

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        self._machine = machine
        self.offset = 0.0
        self.frozen: float | None = None

    def now(self) -> float:
        """Return seconds since the epoch."""
        frozen = self.frozen
        return self._machine() + self.offset if frozen is None else frozen

    def set_offset(self, seconds: float) -> None:
        """Run, that many seconds ahead of the machine's clock (behind it, if negative)."""
        self.offset = seconds
        self.frozen = None

    def freeze(self, at: float | None = None) -> None:
        """Stand still: at the given time, or now."""
        self.frozen = self.now() if at is None else at

    def advance(self, seconds: float) -> None:
        """Go forward at once; a clock that stands still goes on standing."""
        if self.frozen is None:
            self.offset += seconds
        else:
            self.frozen += seconds

    def release(self) -> None:
        """Follow the machine's clock again."""
        self.set_offset(0.0)


class ManualClock(EmulatorClock):
    """A clock that stands still until it is moved."""

    __slots__ = ()

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__()
        self.freeze(start)


Slice = Callable[[], bool]
"""A bounded piece of background work; returns True when there is more to do."""


class Background:
    """Long work in slices: dropping a table's rows, filling an index, deleting what has expired.

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


@dataclass(slots=True)
class _Job:
    """Something that is due again and again. seconds: the interval; due: the next time, seconds since the epoch."""

    seconds: float
    work: Callable[[], object]
    due: float


class Scheduler:
    """Jobs that are due at intervals of the emulator's clock: TTL sweeps, turning and trimming of streams.

    Whoever owns the emulator calls `run_due` often (the server, between requests) and after moving the clock. A job is
    short; what may take long it queues as `Background` work.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: list[_Job] = []

    def every(self, seconds: float, work: Callable[[], object]) -> None:
        """Run work each time that many seconds have passed, the first time after the first of them."""
        self._jobs.append(_Job(seconds, work, self._clock.now() + seconds))

    def run_due(self) -> None:
        """Run the jobs whose time has come, each once however much time has passed."""
        now = self._clock.now()
        for job in self._jobs:  # linear, because there are a handful
            if job.due <= now:
                job.due = now + job.seconds
                job.work()
            elif job.due > now + job.seconds:  # the clock was set back
                job.due = now + job.seconds
