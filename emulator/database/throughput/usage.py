"""The units that requests consumed of a table and its global indexes, and throttled requests.

There are figures for each minute of the last hour, under CloudWatch's names (control-plane 19).
Only a server with --metrics has them.
"""

from collections.abc import Hashable, Iterator
from math import inf
from typing import Final, Generic, Protocol, TypeVar

from emulator.clock import Clock

MINUTE: Final = 60
HOUR: Final = 60  # minutes

CONSUMED_READ: Final = "ConsumedReadCapacityUnits"
CONSUMED_WRITE: Final = "ConsumedWriteCapacityUnits"
THROTTLED_READ: Final = "ReadThrottleEvents"
THROTTLED_WRITE: Final = "WriteThrottleEvents"


class Statistics:
    """The statistics of one metric in one minute, as in CloudWatch."""

    __slots__ = ("count", "highest", "lowest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.lowest = inf
        self.highest = -inf


Key = TypeVar("Key", bound=Hashable)


class LastHour(Generic[Key]):
    """The values of metrics in each minute of the last hour, by the emulator's clock."""

    __slots__ = ("_begin", "_clock", "_current", "_minutes")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: dict[int, dict[Key, Statistics]] = {}
        self._current: dict[Key, Statistics] = {}
        self._begin = -inf  # the start of the current minute

    def add(self, key: Key, value: float) -> None:
        """Add a value of a metric. Each request does this once or twice, so this must be fast."""
        now = self._clock.now()
        if not 0 <= now - self._begin < MINUTE:
            self._open(now)
        statistics = self._current.get(key)
        if statistics is None:
            statistics = self._current[key] = Statistics()
        statistics.count += 1
        statistics.total += value
        statistics.lowest = min(statistics.lowest, value)
        statistics.highest = max(statistics.highest, value)

    def _open(self, now: float) -> None:
        """Begin a minute, or continue an earlier one if the clock was set back.

        Drop old minutes.
        """
        minute = int(now // MINUTE)
        self._begin = minute * MINUTE
        self._current = self._minutes.setdefault(minute, {})
        while len(self._minutes) > HOUR:
            del self._minutes[min(each for each in self._minutes if each != minute)]

    def __iter__(self) -> Iterator[tuple[int, Key, Statistics]]:
        """Yield minute, metric and values of the last hour."""
        now = int(self._clock.now() // MINUTE)
        for minute in sorted(self._minutes):
            if now - HOUR < minute <= now:
                for key, statistics in self._minutes[minute].items():
                    yield minute, key, statistics


class Usage(Protocol):
    """Counts the units that requests to a table consume, and its throttled requests.

    source: the name of a global index, None for the table itself.
    """

    def read(self, source: str | None, units: float) -> None:
        """Count units that reads consumed."""
        ...

    def write(self, source: str | None, units: float) -> None:
        """Count units that writes consumed."""
        ...

    def throttled_read(self, source: str | None) -> None:
        """Count a throttled read."""
        ...

    def throttled_write(self, source: str | None) -> None:
        """Count a throttled write."""
        ...


class TableUsage(LastHour[tuple[str, str | None]]):
    """The figures of a table. Keys: metric, name of a global index or None for the table itself."""

    __slots__ = ()

    def read(self, source: str | None, units: float) -> None:
        """Count units that reads consumed."""
        self.add((CONSUMED_READ, source), units)

    def write(self, source: str | None, units: float) -> None:
        """Count units that writes consumed."""
        self.add((CONSUMED_WRITE, source), units)

    def throttled_read(self, source: str | None) -> None:
        """Count a throttled read."""
        self.add((THROTTLED_READ, source), 1.0)

    def throttled_write(self, source: str | None) -> None:
        """Count a throttled write."""
        self.add((THROTTLED_WRITE, source), 1.0)
