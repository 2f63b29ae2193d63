"""How often the log repeats itself: at most once a minute for the same thing.

A client that retries in a loop, or a hostile one, must not fill a disk with log lines. So code that logs because of a
request asks first: `if once_a_minute.allows("disk full"): log.warning(...)`. Where clients choose the keys (names of
tables, origins), the caller has a LogLimit of its own, so that one kind of line cannot silence the others.

Time is the machine's: a frozen clock of the emulator must not silence the log for ever.
"""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Final

_INTERVAL: Final = 60.0  # seconds
_KEYS: Final = 1000


class LogLimit:
    """Allows each key once in an interval, and no more than a number of different keys in one.

    The second bound keeps the memory, and the log, small when each line has a new key.
    """

    def __init__(self, interval: float = _INTERVAL, keys: int = _KEYS, now: Callable[[], float] = monotonic) -> None:
        self._interval = interval
        self._keys = keys
        self._now = now
        self._logged: dict[Hashable, float] = {}  # when each key was allowed last, the oldest first

    def allows(self, key: Hashable) -> bool:
        """Say whether a line about this key may be logged now, and count it as logged if so."""
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
"""The limit that the whole process shares, for keys that no client chooses."""
