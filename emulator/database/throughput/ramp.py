"""The ramp: the growing throughput of an on-demand table or index for which no maximum is set.

Such a table serves its warm throughput, or twice its previous peak if that is more. This is because
traffic may double within 30 minutes (behaviour 16). The previous peak is the average throughput of
the busiest minute that is more than 30 minutes old.
"""

from collections.abc import Mapping
from typing import Final

_MINUTE: Final = 60
_WITHIN: Final = 30
"""The number of minutes within which the traffic may double."""


class Ramp:
    """The throughput of the reads, or of the writes, of one on-demand table or index.

    warm: the warm throughput, in units a second.
    """

    __slots__ = ("_minutes", "_peak", "warm")

    def __init__(self, warm: float) -> None:
        self.warm = warm
        self._peak = 0.0
        self._minutes: dict[int, float] = {}

    def units(self, now: float) -> float:
        """Return how many units a second the table or index serves at the time `now`.

        now: in seconds since the epoch.
        """
        old = int(now // _MINUTE) - _WITHIN
        for minute in [minute for minute in self._minutes if minute <= old]:
            self._peak = max(self._peak, self._minutes.pop(minute) / _MINUTE)
        return max(self.warm, 2 * self._peak)

    def take(self, units: float, now: float) -> None:
        """Add units consumed at the time `now`. The peak counts the units only after 30 minutes."""
        minute = int(now // _MINUTE)
        self._minutes[minute] = self._minutes.get(minute, 0.0) + units


Warm = Mapping[str, int]
"""A warm throughput: ReadUnitsPerSecond and WriteUnitsPerSecond -> units a second."""
