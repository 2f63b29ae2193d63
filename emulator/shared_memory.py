"""What several worker processes over one folder share besides the store: the clock, and hints of change.

The workers map a few bytes of memory, which the supervisor makes before it forks them:

    16 bytes       the clock: its offset, and the time at which it is frozen; doubles (clock.EmulatorClock)
    8 bytes each   one counter for each worker, which only that worker raises, when it has changed
                   definitions (database/versions.py)
"""

import mmap
import os
from math import nan
from typing import Final

from emulator.clock import CLOCK_CELLS

_CLOCK: Final = 8 * CLOCK_CELLS  # bytes


class SharedMemory:
    """The bytes that `workers` processes share. worker_index: the number of this process, from 0."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.worker_index = 0
        self.run = os.urandom(16)  # identifies this start of the server
        self._hints_end = _CLOCK + 8 * workers
        self._memory = mmap.mmap(-1, self._hints_end)
        self._counters = memoryview(self._memory)[_CLOCK : self._hints_end].cast("Q")
        self.clock_cells = memoryview(self._memory)[:_CLOCK].cast("d")
        self.clock_cells[1] = nan

    @property
    def owner(self) -> bool:
        """Whether this process does the background work: sweeps, shard rollover, functions."""
        return self.worker_index == 0

    def hints(self) -> bytes:
        """Return all counters as bytes. They differ after any worker has changed something."""
        return self._memory[_CLOCK : self._hints_end]

    def notify(self, seen: bytes) -> bytes:
        """Notify the other workers that this one has changed something. Call it after the commit.

        seen: the hints that this worker knows. Returns them with this worker's own counter updated.
        """
        self._counters[self.worker_index] += 1
        at = 8 * self.worker_index
        return seen[:at] + self.hints()[at : at + 8] + seen[at + 8 :]
