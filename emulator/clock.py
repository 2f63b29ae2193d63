"""The emulator's clock, its scheduler, and its queue of background work.

One clock serves everything that needs the time: statuses, creation dates, TTL, streams, tokens,
throttling, retries of functions. It follows the machine's clock until a test moves it. Nothing in
the emulator sleeps, and nothing else reads the machine's clock.
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
# Seconds. A pause that begins within this time after the end of the last pause is twice as long as
# the last pause.
_RECENT: Final = 60.0
_FREED: Final = 1 << 20  # bytes: a pause ends when the disk has this many more free


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class Stopwatch:
    """Measures the real time since it was made, also when a test moves the clock.

    Forked processes go on measuring from the same moment.
    """

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def seconds(self) -> float:
        """Return the seconds since this object was made."""
        return time.monotonic() - self._begun


CLOCK_CELLS: Final = 2
"""The number of values in a clock's state."""

# In 1971, so that code can subtract a day or so and stay after the epoch.
EARLIEST: Final = 31_536_000.0
# In 9999, so that a clock can run for a year before it reaches the last time of datetime.
LATEST: Final = 253_370_764_800.0


class TimeOutOfRange(Exception):
    """The clock was set to a time before EARLIEST, to LATEST or later, or to NaN."""


class EmulatorClock:
    """The machine's clock, moved by an offset, or frozen.

    cells: the two numbers of the clock's state: the offset, and the time at which the clock is
    frozen (NaN while it runs). If processes share the cells, a change in one counts in all of them.

    Setting a time that cannot be printed or stored raises TimeOutOfRange. The clock is then
    unchanged.
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
        """Offset from the machine's clock in seconds.

        While the clock is frozen: the offset before the freeze.
        """
        return self._cells[0]

    @property
    def frozen(self) -> float | None:
        """The time at which the clock is frozen, None while it runs."""
        frozen = self._cells[1]
        return None if isnan(frozen) else frozen

    def ahead(self) -> float:
        """Return how many seconds this clock is ahead of the machine's clock.

        The result is negative if this clock is behind. This clock may be frozen.
        """
        offset, frozen = self._cells
        return offset if isnan(frozen) else frozen - self._machine()

    def set_offset(self, seconds: float) -> None:
        """Run ahead of the machine's clock by an offset in seconds, or behind if it is negative."""
        _check(self._machine() + seconds)
        self._cells[0] = seconds
        self._cells[1] = nan

    def freeze(self, at: float | None = None) -> None:
        """Freeze at the given time, or now."""
        self._cells[1] = self.now() if at is None else _check(at)

    def advance(self, seconds: float) -> None:
        """Jump forward. A frozen clock stays frozen."""
        _check(self.now() + seconds)
        self._cells[0 if isnan(self._cells[1]) else 1] += seconds

    def release(self) -> None:
        """Follow the machine's clock again."""
        self.set_offset(0.0)


def _check(at: float) -> float:
    """Return the time if a clock may be set to it. Otherwise raise TimeOutOfRange, also for NaN."""
    if EARLIEST <= at < LATEST:
        return at
    raise TimeOutOfRange


def microseconds(seconds: float) -> int:
    """Return a time in whole microseconds."""
    return round(seconds * 1_000_000)


class Moment:
    """The time that changes have now: that of the clock, or of the transaction under way."""

    __slots__ = ("_clock", "_held")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: int | None = None

    def hold(self, now: float) -> None:
        """Give all changes until `release` this time, in seconds."""
        self._held = microseconds(now)

    def release(self) -> None:
        """Follow the clock again."""
        self._held = None

    def micros(self) -> int:
        """Return the time of a change, in microseconds since the epoch."""
        return microseconds(self._clock.now()) if self._held is None else self._held


class ManualClock(EmulatorClock):
    """A clock that stays frozen until it is moved."""

    __slots__ = ()

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__()
        self.freeze(start)


Slice = Callable[[], bool]
"""A bounded piece of background work. Returns True if there is more to do."""


class Background:
    """Long work in slices: dropping a table's rows, filling an index, deleting expired items.

    The server runs one slice before each request, and slices while it is idle. So the work advances
    with the traffic, a request waits for at most one slice, and a test drives the work by calling
    `run_slice`.

    A slice that raises an exception of a type in `wait` has done nothing, and is tried again later.
    A slice that raises an exception of a type in `full` found no room on the disk. If the slices of
    all waiting work find no room, one after another, a pause begins, in which nothing runs. `hold`
    also begins a pause. The first pause lasts half a second of real time. Each pause that follows
    within a minute lasts twice as long as the last one, at most 30 seconds. A pause ends early if
    room is freed, or if other work is added, which may free room.

    wait, full: types of exceptions.
    room: returns the free bytes of the disk.
    monotonic: returns the time in seconds, to measure pauses.
    slices: the waiting work by name, for reading only.
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
        self._failures = 0  # consecutive slices that found no room
        self._held = False
        self._pause = 0.0  # the length of the last pause, in seconds
        self._until = -inf  # when the pause ends
        self._free = 0  # bytes that were free when the pause began
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
        """Whether a pause keeps all work from running."""
        if self._held and (self._monotonic() >= self._until or self._room() >= self._free + _FREED):
            self._held = False
        return self._held

    def add(self, name: Hashable, work: Slice) -> None:
        """Queue work, unless work of this name is waiting. All work takes turns, slice by slice."""
        if name not in self.slices:
            self.slices[name] = work
            self._held = False

    def run_slice(self, name: Hashable | None = None) -> bool:
        """Run one slice of the named work, or of the work that has waited longest.

        Say whether the slice ran.
        """
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
        """Run slices until no work is left, or until a slice cannot run yet."""
        while self.run_slice():
            pass


@dataclass(slots=True)
class _Job:
    """Work that is due again and again.

    seconds: the interval.
    due: the next time, in seconds since the epoch.
    """

    seconds: float
    work: Callable[[], object]
    due: float


class Scheduler:
    """Jobs that are due at intervals of the emulator's clock: TTL sweeps, shard rollover, trimming.

    The owner of the emulator must call `run_due` often (the server does it between requests), and
    each time the clock was moved. A job is short. It queues long work in `Background`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: list[_Job] = []

    def every(self, seconds: float, work: Callable[[], object]) -> None:
        """Run work once per interval, first after one interval."""
        self._jobs.append(_Job(seconds, work, self._clock.now() + seconds))

    def run_due(self) -> None:
        """Run the jobs that are due, each of them once, however much time has passed.

        A job that raises stays due.
        """
        now = self._clock.now()
        for job in self._jobs:  # linear, because there are a handful
            if job.due <= now:
                job.work()
                job.due = now + job.seconds
            elif job.due > now + job.seconds:  # the clock was set back
                job.due = now + job.seconds
