"""Limits repetition in the log: at most one line a minute about the same subject.

A client that retries in a loop, or a hostile one, must not fill a disk with log lines. So code that
logs because of a request checks a limit first: `if once_a_minute.allows("disk full"):
log.warning(...)`. A LogLimit also limits the number of subjects. So code whose subjects come from
clients (names of tables, origins) has a LogLimit of its own, and a client with many subjects cannot
suppress lines of other code.

Intervals are measured by the machine's clock, because the emulator's clock may be frozen.
"""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Final

_INTERVAL: Final = 60.0  # each key is allowed once in so many seconds
_KEYS: Final = 1000


class LogLimit:
    """Allows each key once in an interval, and a limited number of different keys in an interval.

    A key names the subject of a log line. The second limit bounds the memory, and it bounds the log
    if each line has a new key.
    """

    def __init__(self, interval: float = _INTERVAL, keys: int = _KEYS, now: Callable[[], float] = monotonic) -> None:
        self._interval = interval
        self._keys = keys
        self._now = now
        # Key -> the time at which it was last allowed, oldest first.
        self._logged: dict[Hashable, float] = {}

    def allows(self, key: Hashable) -> bool:
        """Return whether a line about this key may be logged now.

        If so, the key counts as logged.
        """
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
