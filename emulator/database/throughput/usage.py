"""Counts the consumed units and throttled requests of a table and its global indexes.

The counts are kept for each minute of the last hour, under CloudWatch's names of metrics
(control-plane 19). Only a server that counts requests has these counts (controls/counters.py).
"""

from collections.abc import Hashable, Iterator
from math import inf
from typing import Final, Generic, TypeVar

from emulator.clock import Clock

MINUTE: Final = 60
HOUR: Final = 60  # in minutes

CONSUMED_READ: Final = "ConsumedReadCapacityUnits"
CONSUMED_WRITE: Final = "ConsumedWriteCapacityUnits"
THROTTLED_READ: Final = "ReadThrottleEvents"
THROTTLED_WRITE: Final = "WriteThrottleEvents"
REPLICATED_WRITE: Final = "ConsumedWriteCapacityUnits of GlobalTable"
"""Our name for the units of writes that were made in other regions.

CloudWatch shows these as ConsumedWriteCapacityUnits with the dimension Source: GlobalTable.
"""
REPLICATION_LATENCY: Final = "ReplicationLatency"


class Statistics:
    """CloudWatch's statistics of one metric in one minute: count, sum, minimum and maximum."""

    __slots__ = ("count", "highest", "lowest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.lowest = inf
        self.highest = -inf


Key = TypeVar("Key", bound=Hashable)


class LastHour(Generic[Key]):
    """The statistics of metrics in each minute of the last hour, by the emulator's clock."""

    __slots__ = ("_begin", "_clock", "_current", "_minutes")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: dict[int, dict[Key, Statistics]] = {}
        self._current: dict[Key, Statistics] = {}
        self._begin = -inf  # the start of the current minute, in seconds since the epoch

    def add(self, key: Key, value: float) -> None:
        """Add a value of a metric to the current minute.

        Each request calls this once or twice, so it must be fast.
        """
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
        """Begin a new minute, or continue an earlier minute if the clock was set back.

        Then drop the oldest minutes, so that only an hour is kept.
        """
        minute = int(now // MINUTE)
        self._begin = minute * MINUTE
        self._current = self._minutes.setdefault(minute, {})
        while len(self._minutes) > HOUR:
            del self._minutes[min(each for each in self._minutes if each != minute)]

    def __iter__(self) -> Iterator[tuple[int, Key, Statistics]]:
        """Yield (minute since the epoch, metric, statistics) for the last hour."""
        now = int(self._clock.now() // MINUTE)
        for minute in sorted(self._minutes):
            if now - HOUR < minute <= now:
                for key, statistics in self._minutes[minute].items():
                    yield minute, key, statistics


class TableUsage(LastHour[tuple[str, str | None]]):
    """The consumed units and throttled requests of one table and its global indexes.

    Each value is added under a pair: a metric, and the name of a global index or None for the table
    itself. For REPLICATION_LATENCY, the second part of the pair is the region that has received a
    write.

    meter: a list with one number, to which all tables of a process add the units of requests.
    """

    __slots__ = ("_meter",)

    def __init__(self, clock: Clock, meter: list[float]) -> None:
        super().__init__(clock)
        self._meter = meter

    def read(self, index: str | None, units: float) -> None:
        """Count the units that a read consumed. index: a global index, or None for the table."""
        self._meter[0] += units
        self.add((CONSUMED_READ, index), units)

    def write(self, index: str | None, units: float) -> None:
        """Count the units that a write consumed. index: a global index, or None for the table."""
        self._meter[0] += units
        self.add((CONSUMED_WRITE, index), units)

    def replicated(self, index: str | None, units: float) -> None:
        """Count the units that a write of another region has consumed in this table."""
        self.add((REPLICATED_WRITE, index), units)

    def arrived(self, region: str, milliseconds: float) -> None:
        """Add the latency, in milliseconds, of a write that has reached the region `region`."""
        self.add((REPLICATION_LATENCY, region), milliseconds)

    def throttled_read(self, index: str | None) -> None:
        """Count a throttled read. index: a global index, or None for the table."""
        self.add((THROTTLED_READ, index), 1.0)

    def throttled_write(self, index: str | None) -> None:
        """Count a throttled write. index: a global index, or None for the table."""
        self.add((THROTTLED_WRITE, index), 1.0)
