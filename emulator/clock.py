"""The emulator's clock, its scheduler, and its queue of background work.

One clock gives the time to everything that a client can observe: statuses, creation dates, TTL,
streams, tokens, throttling, retries of functions. It follows the machine's clock until a test moves
it. Nothing in the emulator sleeps, and nothing else reads the machine's clock.
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

_SHORTEST_PAUSE: Final = 0.5  # the length of the shortest pause of background work, in seconds
_LONGEST_PAUSE: Final = 30.0
# Seconds. If a pause begins within this time after the end of the last pause, the new pause is
# twice as long as the last pause.
_RECENT: Final = 60.0
_FREED: Final = 1 << 20  # bytes; a pause ends early when the disk has this many more free bytes than when it began


class Clock(Protocol):
    """What code needs of a clock: the emulator's time and the machine's time."""

    def now(self) -> float:
        """Return the emulator's time, in seconds since the epoch."""
        ...

    def machine_now(self) -> float:
        """Return the machine's time, in seconds since the epoch."""
        ...


class Stopwatch:
    """Measures real time since it was made. It does not follow the emulator's clock.

    A forked process goes on measuring from the same moment.
    """

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def seconds(self) -> float:
        """Return the seconds since this object was made."""
        return time.monotonic() - self._begun


CLOCK_CELLS: Final = 2
"""The number of values in a clock's state."""

# The start of 1971. So code can subtract some days from the time without going below the epoch.
EARLIEST: Final = 31_536_000.0
# The start of 9999. So the clock can run for a year before it passes the latest time of datetime.
LATEST: Final = 253_370_764_800.0


class TimeOutOfRange(Exception):
    """The clock cannot be set to a time before EARLIEST, to LATEST or later, or to NaN."""


class EmulatorClock:
    """A clock that follows the machine's clock at an offset, or is frozen.

    cells: the two numbers of the clock's state: the offset, and the time at which the clock is
    frozen (NaN while it runs). If processes share the cells, a change in one process takes effect
    in all of them.

    The clock can be set to times from EARLIEST up to, but not including, LATEST. For any other
    time, a method raises TimeOutOfRange and does not change the clock.
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
        """Return the emulator's time, in seconds since the epoch."""
        offset, frozen = self._cells
        return self._machine() + offset if isnan(frozen) else frozen

    def machine_now(self) -> float:
        """Return the machine's time, in seconds since the epoch."""
        return self._machine()

    @property
    def offset(self) -> float:
        """The seconds that this clock is ahead of the machine's clock, negative if it is behind.

        While the clock is frozen, this is the offset from before the freeze.
        """
        return self._cells[0]

    @property
    def frozen(self) -> float | None:
        """The time at which the clock is frozen, None while it runs."""
        frozen = self._cells[1]
        return None if isnan(frozen) else frozen

    def ahead(self) -> float:
        """Return how many seconds this clock is ahead of the machine's clock.

        The result is negative if this clock is behind. While this clock is frozen, the result
        shrinks as the machine's time passes.
        """
        offset, frozen = self._cells
        return offset if isnan(frozen) else frozen - self._machine()

    def set_offset(self, seconds: float) -> None:
        """End a freeze, and run this many seconds ahead of the machine's clock (behind if < 0)."""
        _check(self._machine() + seconds)
        self._cells[0] = seconds
        self._cells[1] = nan

    def freeze(self, at: float | None = None) -> None:
        """Freeze the clock at a time in seconds since the epoch. None means its present time."""
        self._cells[1] = self.now() if at is None else _check(at)

    def advance(self, seconds: float) -> None:
        """Move the clock forward. A frozen clock stays frozen."""
        _check(self.now() + seconds)
        self._cells[0 if isnan(self._cells[1]) else 1] += seconds

    def release(self) -> None:
        """End a freeze and an offset, so that the clock shows the machine's time again."""
        self.set_offset(0.0)


def _check(at: float) -> float:
    """Return `at` if a clock may have this time. Otherwise raise TimeOutOfRange, also for NaN."""
    if EARLIEST <= at < LATEST:
        return at
    raise TimeOutOfRange


def microseconds(seconds: float) -> int:
    """Return a number of seconds as a whole number of microseconds."""
    return round(seconds * 1_000_000)


class Moment:
    """Gives changes their time: the clock's time, or one fixed time for a whole transaction."""

    __slots__ = ("_clock", "_fixed", "_machine")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fixed: int | None = None
        self._machine: int | None = None  # the machine's time at the first change of the current transaction

    def fix(self, now: float) -> None:
        """Give all changes this time, in seconds since the epoch, until `release` is called."""
        self._fixed = microseconds(now)
        self._machine = None

    def release(self) -> None:
        """Give changes the time of the clock again."""
        self._fixed = None

    def micros(self) -> int:
        """Return the time for a change that is made now, in microseconds since the epoch."""
        return microseconds(self._clock.now()) if self._fixed is None else self._fixed

    def machine_micros(self) -> int:
        """Return the machine's time for a change that is made now, in microseconds since the epoch.

        All changes of a transaction get the same time.
        """
        if self._fixed is None:
            return microseconds(self._clock.machine_now())
        if self._machine is None:
            self._machine = microseconds(self._clock.machine_now())
        return self._machine


class ManualClock(EmulatorClock):
    """A clock that stays frozen until it is moved."""

    __slots__ = ()

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__()
        self.freeze(start)


Slice = Callable[[], bool]
"""A function that does a bounded piece of background work, and returns whether more remains."""


class Background:
    """The queue of long work that runs in slices, such as deleting a table's rows.

    The server runs one slice before each request, and more slices while it is idle. So the work
    also advances under load, and a request waits for at most one slice. Tests call `run_slice`
    themselves.

    A slice that cannot run now raises an exception, and the queue tries it again later. Exceptions
    of the types in `full` mean that the disk had no room, and those in `wait` have other reasons.

    A pause begins when the queue has tried a slice of each work, and the disk had no room for any
    of them. A pause also begins when `pause` is called. No work runs during a pause. A pause lasts
    half a second of real time. But if it begins within a minute after the last pause, it lasts
    twice as long as the last pause, at most 30 seconds. A pause ends early if 1 MiB of the disk
    becomes free. It also ends early if new work is queued, because that work may free room.

    room: a function that returns the free bytes of the disk.
    monotonic: a function that returns the time in seconds, to measure pauses.
    slices: the queued work by name. Callers may only read it.
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
        self._failures = 0  # how many slices in a row found no room
        self._paused = False
        self._length = 0.0  # the length of the last pause, in seconds
        self._until = -inf  # when the pause ends, by `monotonic`
        self._free = 0  # bytes of the disk that were free when the pause began
        self.slices: dict[Hashable, Slice] = {}

    def pause(self, why: Exception) -> None:
        """Begin a pause, because the disk is full."""
        now = self._monotonic()
        soon = now - self._until < _RECENT
        self._length = min(2 * self._length, _LONGEST_PAUSE) if soon else _SHORTEST_PAUSE
        self._paused = True
        self._until = now + self._length
        self._free = self._room()
        if once_a_minute.allows("background work waits"):
            log.warning("background work waits until the disk has room: %s", why)

    @property
    def paused(self) -> bool:
        """True during a pause, in which no work may run."""
        if self._paused and (self._monotonic() >= self._until or self._room() >= self._free + _FREED):
            self._paused = False
        return self._paused

    def add(self, name: Hashable, work: Slice) -> None:
        """Put work at the end of the queue, unless the queue already has work with this name."""
        if name not in self.slices:
            self.slices[name] = work
            self._paused = False

    def run_slice(self, name: Hashable | None = None) -> bool:
        """Run one slice of the work with this name. If `name` is None, take the first work.

        The work goes to the end of the queue if it is not complete. Return True if a slice ran, and
        False if it could not run or nothing is queued.
        """
        if not self.slices or self.paused:
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
                self.pause(error)
            return False
        except self._wait:
            self.add(name, work)
            return False
        self._failures = 0
        if more:
            self.add(name, work)
        return True

    def run_all(self) -> None:
        """Run slices until the queue is empty, or until a slice cannot run yet."""
        while self.run_slice():
            pass


@dataclass(slots=True)
class _Job:
    """A job of the scheduler.

    seconds: the interval between two runs.
    due: the time of the next run, in seconds since the epoch.
    """

    seconds: float
    work: Callable[[], object]
    due: float


class Scheduler:
    """Runs jobs at intervals of the emulator's clock: TTL sweeps, shard rollover, trimming.

    `run_due` must be called often, and after each move of the clock. The server calls it between
    requests. A job takes little time: it queues long work in `Background`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: list[_Job] = []

    def every(self, seconds: float, work: Callable[[], object]) -> None:
        """Add a job that runs `work` each time when this many seconds have passed."""
        self._jobs.append(_Job(seconds, work, self._clock.now() + seconds))

    def run_due(self) -> None:
        """Run the jobs that are due, each of them once, even if several intervals have passed.

        A job that raises an error stays due.
        """
        now = self._clock.now()
        for job in self._jobs:
            if job.due <= now:
                job.work()
                job.due = now + job.seconds
            elif job.due > now + job.seconds:  # the clock was set back, so the job would wait too long
                job.due = now + job.seconds
