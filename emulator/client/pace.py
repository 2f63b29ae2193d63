"""Decides when a client polls: often after something happened, rarely if nothing happens."""

import time
from collections.abc import Callable
from typing import Final

SHORTEST: Final = 0.2  # seconds between polls; AWS allows five reads of a shard each second
LONGEST: Final = 2.0  # seconds between polls, after several polls that found nothing


class Pace:
    """Waits between polls. A poll that finds nothing doubles the next wait, up to LONGEST."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._wait = SHORTEST

    def wait(self, *, found: bool) -> None:
        """Wait before the next poll. found: whether the last poll found something."""
        self._wait = SHORTEST if found else min(LONGEST, self._wait * 2)
        self._sleep(self._wait)
