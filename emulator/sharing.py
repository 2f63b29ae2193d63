"""What several worker processes over one folder share besides the store: the clock's state, and hints of change.

A few bytes of memory that every worker maps, made before they are forked:

    16 bytes       the clock: offset and time of standing still, doubles (clock.EmulatorClock)
    8 bytes each   one counter per worker, which it alone raises when it has changed definitions (database/store/versions.py)

A single process has such a block to itself, in which nothing ever changes behind its back.
"""

import mmap
import os
from math import nan
from typing import Final

from emulator.clock import CLOCK_CELLS

_CLOCK: Final = 8 * CLOCK_CELLS  # bytes


class Sharing:
    """The shared bytes of `workers` processes; `seat` is the number of this one, from 0."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.seat = 0
        self.run = os.urandom(16)  # tells this start of the server from others
        self._hints_end = _CLOCK + 8 * workers
        self._memory = mmap.mmap(-1, self._hints_end)
        self._counters = memoryview(self._memory)[_CLOCK : self._hints_end].cast("Q")
        self.clock_cells = memoryview(self._memory)[:_CLOCK].cast("d")
        self.clock_cells[1] = nan

    @property
    def owner(self) -> bool:
        """Whether this process does the work that is nobody's request: sweeps, turning of streams, functions."""
        return self.seat == 0

    def hints(self) -> bytes:
        """Return bytes that are different after any worker has changed something."""
        return self._memory[_CLOCK : self._hints_end]

    def hint(self, seen: bytes) -> bytes:
        """Tell the other workers that this one has changed something; after the commit, so that they find it.

        Returns the hints that were seen before, with this worker's own brought up to date.
        """
        self._counters[self.seat] += 1
        at = 8 * self.seat
        return seen[:at] + self.hints()[at : at + 8] + seen[at + 8 :]
