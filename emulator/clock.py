"""Time, and the work that is due at some time.

One clock serves everything that looks at the time: statuses, creation dates, TTL, streams, tokens, throttling, retries of
functions. It follows the machine's until a test moves it; nothing in the emulator sleeps or asks the machine itself.
"""

import logging
import time
from array import array
from collections.abc import Callable, Hashable, MutableSequence
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Final, Protocol

from emulator.log_limits import once_a_minute

log = logging.getLogger("emulator")

_SHORTEST_PAUSE: Final = 0.5  # seconds
_LONGEST_PAUSE: Final = 30.0
_RECENT: Final = 60.0  # seconds between pauses that belong together
_FREED: Final = 1 << 20  # bytes that end a pause


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


CLOCK_CELLS: Final = 2
"""Numbers that a clock's state is made of."""

EARLIEST: Final = 31_536_000.0  # 1971: what looks back, a day or so, does not pass the epoch
LATEST: Final = 253_370_764_800.0  # 9999: a clock that runs on from there has a year until datetime's end


class TimeOutOfRange(Exception):
    """The clock was to be moved to before EARLIEST, to LATEST or later, or to what is no time at all."""


class EmulatorClock:
    """The machine's clock, moved by an offset, or standing still.

    cells: two numbers to keep the state in, offset and time of standing still (NaN while it runs): where several processes
    share them, all follow at once.

    A move to a time that others could not tell or store raises TimeOutOfRange, and then nothing has moved.
    """

    __slots__ = ("_cells", "_machine")

    def __init__(
        self,
        machine: Callable[[], float] = time.time,
        cells: "MutableSequence[float] | memoryview[float] | None" = None,
    ) -> None:
        self._machine = machine
        self._cells = array("d", (0.0, nan)) if cells is None else cells

    def now(self) -> float:
        """Return seconds since the epoch."""
        offset, frozen = self._cells
        return self._machine() + offset if isnan(frozen) else frozen

    @property
    def offset(self) -> float:
        """Seconds by which it is ahead of the machine's clock; while it stands still, those that it was."""
        return self._cells[0]

    @property
    def frozen(self) -> float | None:
        """The time at which it stands, None while it runs."""
        frozen = self._cells[1]
        return None if isnan(frozen) else frozen

    def ahead(self) -> float:
        """Return by how many seconds it is ahead of the machine's clock now, running or not; negative: behind."""
        offset, frozen = self._cells
        return offset if isnan(frozen) else frozen - self._machine()

    def set_offset(self, seconds: float) -> None:
        """Run, that many seconds ahead of the machine's clock (behind it, if negative)."""
        _check(self._machine() + seconds)
        self._cells[0] = seconds
        self._cells[1] = nan

    def freeze(self, at: float | None = None) -> None:
        """Stand still: at the given time, or now."""
        self._cells[1] = self.now() if at is None else _check(at)

    def advance(self, seconds: float) -> None:
        """Go forward at once; a clock that stands still goes on standing."""
        _check(self.now() + seconds)
        self._cells[0 if isnan(self._cells[1]) else 1] += seconds

    def release(self) -> None:
        """Follow the machine's clock again."""
        self.set_offset(0.0)


def _check(at: float) -> float:
    """Return a time that a clock may show. Raises TimeOutOfRange for others; NaN is one of them."""
    if EARLIEST <= at < LATEST:
        return at
    raise TimeOutOfRange


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

    A slice that raises one of `wait` has done nothing, disturbs nobody, and is tried again later. One that raises one of
    `full` found no room on the disk. Once that is so for all work in turn, nothing runs for some seconds of real time,
    twice as many after each such failure, or until room is freed or other work comes, which may free some. `hold` begins
    such a pause too. `slices` is the work that waits, by its name, for reading only.

    room: returns the free bytes of the disk; monotonic: the seconds that pauses are measured in.
    """

    def __init__(
        self,
        wait: tuple[type[Exception], ...],
        full: tuple[type[Exception], ...] = (),
        room: Callable[[], int] = lambda: 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wait = wait
        self._full = full
        self._room = room
        self._monotonic = monotonic
        self._failures = 0  # slices one after another that found no room
        self._held = False
        self._pause = 0.0  # seconds of the last pause
        self._until = -inf  # when it ends
        self._free = 0  # bytes that were free when it began
        self.slices: dict[Hashable, Slice] = {}

    def hold(self, why: Exception) -> None:
        """Begin a pause, because the disk is full."""
        now = self._monotonic()
        soon = now - self._until < _RECENT
        self._pause = min(2 * self._pause, _LONGEST_PAUSE) if soon else _SHORTEST_PAUSE
        self._held = True
        self._until = now + self._pause
        self._free = self._room()
        if once_a_minute.allows("background work waits"):
            log.warning("background work waits until the disk has room: %s", why)

    @property
    def held(self) -> bool:
        """Whether there is a pause."""
        if self._held and (self._monotonic() >= self._until or self._room() >= self._free + _FREED):
            self._held = False
        return self._held

    def add(self, name: Hashable, work: Slice) -> None:
        """Queue work, unless work of this name is waiting; its slices take turns with those of other work."""
        if name not in self.slices:
            self.slices[name] = work
            self._held = False

    def run_slice(self, name: Hashable | None = None) -> bool:
        """Run one slice, of the work with this name or else of the work that waited longest; say whether it could run."""
        if not self.slices or self.held:
            return False
        if name is None:
            name = next(iter(self.slices))
        work = self.slices.pop(name)
        try:
            more = work()
        except self._full as error:
            self.add(name, work)
            self._failures += 1
            if self._failures >= len(self.slices):
                self._failures = 0
                self.hold(error)
            return False
        except self._wait:
            self.add(name, work)
            return False
        self._failures = 0
        if more:
            self.add(name, work)
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
    """Jobs that are due at intervals of the emulator's clock: TTL sweeps, rollover and trimming of streams.

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
        """Run the jobs whose time has come, each once however much time has passed. What one raises leaves it due."""
        now = self._clock.now()
        for job in self._jobs:  # linear, because there are a handful
            if job.due <= now:
                job.work()
                job.due = now + job.seconds
            elif job.due > now + job.seconds:  # the clock was set back
                job.due = now + job.seconds
