"""Limits repetition in the log: at most one line a minute about the same thing.

A client that retries in a loop, or a hostile one, must not fill a disk with log lines. So code that
logs because of a request checks a limit first:
`if once_a_minute.allows("disk full"): log.warning(...)`. If clients choose the keys (names of
tables, origins), the code has a LogLimit of its own. Then the lines of this code cannot silence
lines of other code.

The time is the machine's: the log must go on while the emulator's clock is frozen.
"""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Final

_INTERVAL: Final = 60.0  # seconds
_KEYS: Final = 1000


class LogLimit:
    """Allows each key once per interval, and only a limited number of different keys per interval.

    The second limit keeps the memory and the log small if each line has a new key.
    """

    def __init__(self, interval: float = _INTERVAL, keys: int = _KEYS, now: Callable[[], float] = monotonic) -> None:
        self._interval = interval
        self._keys = keys
        self._now = now
        # The time at which each key was last allowed, oldest first.
        self._logged: dict[Hashable, float] = {}

    def allows(self, key: Hashable) -> bool:
        """Return whether a line about this key may be logged now. If so, count it as logged."""
        now = self._now()
        logged = self._logged
        last = logged.get(key)
        if last is not None:
            if now - last < self._interval:
                return False
            del logged[key]
        elif len(logged) >= self._keys:
            oldest = next(iter(logged))
            if now - logged[oldest] < self._interval:
                return False
            del logged[oldest]
        logged[key] = now
        return True


once_a_minute: Final = LogLimit()
"""The limit of the whole process, for keys that clients do not choose."""
