"""Limits repetition in the log: at most one line a minute about the same subject.

A client that retries in a loop, or a hostile client, must not fill a disk with log lines. So code
that logs a line because of a request first calls a limit:

    if once_a_minute.allows("disk full"):
        log.warning(...)

A LogLimit also limits the number of different subjects. If clients can choose the subjects (names
of tables, origins), they could use up this number. Then lines of other code would be missing. So
code with such subjects has a separate LogLimit.

Intervals are measured by the machine's clock, because the emulator's clock may be frozen.
"""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Final

_INTERVAL: Final = 60.0  # seconds in which each key (the subject of a log line) is allowed once
_KEYS: Final = 1000


class LogLimit:
    """Allows each key once in an interval, and a limited number of different keys in an interval.

    A key names the subject of a log line. interval: in seconds. keys: the maximum number of
    different keys. This limit bounds the memory, and also the log if each line has a new key.
    """

    def __init__(self, interval: float = _INTERVAL, keys: int = _KEYS, now: Callable[[], float] = monotonic) -> None:
        self._interval = interval
        self._keys = keys
        self._now = now
        # Key -> the time at which it was last allowed, oldest first.
        self._logged: dict[Hashable, float] = {}

    def allows(self, key: Hashable) -> bool:
        """Return True if the caller may log a line about this key now.

        The caller must then log the line, because the key is not allowed again in this interval.
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
"""The limit that all code of the process shares.

Pass only keys that clients cannot choose: a client could use up the number of keys.
"""
