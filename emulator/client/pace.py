"""How often a command polls: soon after something has happened, more rarely while nothing does."""

import time
from collections.abc import Callable
from typing import Final

SHORTEST: Final = 0.2  # seconds. AWS allows five reads of a shard each second
LONGEST: Final = 2.0  # seconds


class Pace:
    """Waits between polls. Each poll that finds nothing doubles the wait, up to LONGEST."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._wait = SHORTEST

    def wait(self, *, found: bool) -> None:
        """Wait before the next poll. found: whether the last poll found something."""
        self._wait = SHORTEST if found else min(LONGEST, self._wait * 2)
        self._sleep(self._wait)
