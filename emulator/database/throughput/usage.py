"""What requests consumed of a table and its global indexes, and how many were throttled.

Each minute of the last hour has its own figures, under CloudWatch's names (control-plane 19). Only
a server with --metrics counts them.
"""

from collections.abc import Hashable, Iterator
from typing import Final, Generic, TypeVar

from emulator.clock import Clock

MINUTE: Final = 60
HOUR: Final = 60  # minutes

CONSUMED_READ: Final = "ConsumedReadCapacityUnits"
CONSUMED_WRITE: Final = "ConsumedWriteCapacityUnits"
THROTTLED_READ: Final = "ReadThrottleEvents"
THROTTLED_WRITE: Final = "WriteThrottleEvents"


class Statistics:
    """Values of one metric in one minute, as CloudWatch adds them up."""

    __slots__ = ("count", "highest", "lowest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.lowest = float("inf")
        self.highest = float("-inf")

    def add(self, value: float) -> None:
        """Add a value."""
        self.count += 1
        self.total += value
        self.lowest = min(self.lowest, value)
        self.highest = max(self.highest, value)


Key = TypeVar("Key", bound=Hashable)


class LastHour(Generic[Key]):
    """The values of metrics in each minute of the last hour, by the emulator's clock."""

    __slots__ = ("_clock", "_minutes")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: dict[int, dict[Key, Statistics]] = {}

    def add(self, key: Key, value: float) -> None:
        """Add a value of a metric."""
        minute = int(self._clock.now() // MINUTE)
        values = self._minutes.get(minute)
        if values is None:
            values = self._minutes[minute] = {}
            if len(self._minutes) > HOUR:
                del self._minutes[min(self._minutes)]
        statistics = values.get(key)
        if statistics is None:
            statistics = values[key] = Statistics()
        statistics.add(value)

    def __iter__(self) -> Iterator[tuple[int, Key, Statistics]]:
        """Yield minute, metric and values of the last hour."""
        now = int(self._clock.now() // MINUTE)
        for minute in sorted(self._minutes):
            if now - HOUR < minute <= now:
                for key, statistics in self._minutes[minute].items():
                    yield minute, key, statistics


TableUsage = LastHour[tuple[str, str | None]]
"""The figures of a table. Keys: name of a metric, name of a global index or None for the table."""
