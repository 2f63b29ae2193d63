"""What an on-demand table or index without a maximum serves: the ramp.

It serves its warm throughput at once, or twice its previous peak if that is more: traffic may
double within 30 minutes (behaviour 16). The peak is the average of the
busiest minute that is more than 30 minutes old.
"""

from collections.abc import Mapping
from typing import Final

_MINUTE: Final = 60
_WITHIN: Final = 30
"""Minutes in which traffic may double."""


class Ramp:
    """The ramp of the reads or writes of one table or index. warm: units a second."""

    __slots__ = ("_minutes", "_peak", "warm")

    def __init__(self, warm: float) -> None:
        self.warm = warm
        self._peak = 0.0
        self._minutes: dict[int, float] = {}

    def units(self, now: float) -> float:
        """Return the units a second that are served at a time."""
        old = int(now // _MINUTE) - _WITHIN
        for minute in [minute for minute in self._minutes if minute <= old]:
            self._peak = max(self._peak, self._minutes.pop(minute) / _MINUTE)
        return max(self.warm, 2 * self._peak)

    def take(self, units: float, now: float) -> None:
        """Note consumed units."""
        minute = int(now // _MINUTE)
        self._minutes[minute] = self._minutes.get(minute, 0.0) + units


Warm = Mapping[str, int]
"""ReadUnitsPerSecond and WriteUnitsPerSecond."""
