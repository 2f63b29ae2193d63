"""Memory that the worker processes of a server share.

The supervisor maps a few bytes of memory before it forks the workers:

    16 bytes        the clock (clock.EmulatorClock), as two doubles: its offset, and the time at
                    which it is frozen
    8 bytes each    the hints: a counter for each worker. A worker increments its own counter when
                    it has changed definitions (database/store/versions.py)
    60 bytes        the next event of the delivery to functions, which only the owner computes:
                    time as a double (NaN: there is none), a UUID of 36 bytes, and its kind
                    filled up with zeros
    1 byte          whether the workers keep requests (controls/requests.py)
    1 byte          whether the workers count requests (controls/counters.py)
    1 byte          whether the workers collect evidence for the advisor (controls/advice.py)

A second map has the rules of faults (emulator/faults/books.py): two counters of 8 bytes for each of
FAULT_SLOTS, a version of 8 bytes, 4 bytes for the length of a text, and the text.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan, nan
from struct import Struct
from typing import Final

from emulator.clock import CLOCK_CELLS, Stopwatch

_CLOCK: Final = 8 * CLOCK_CELLS  # bytes; the clock
_DELIVERY_FORM: Final = Struct("d36s16s")
_DELIVERY: Final = _DELIVERY_FORM.size  # bytes
FAULT_SLOTS: Final = 128
_FAULT_COUNTS: Final = 16 * FAULT_SLOTS + 8  # bytes
_FAULT_TEXT: Final = 64 << 10  # bytes
_LENGTH: Final = 4  # bytes of a text's length


class SharedMemory:
    """The shared bytes of `workers` processes. worker_index: the number of this process, from 0."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.worker_index = 0
        self.run = os.urandom(16)  # identifies this start of the server
        # The time since the start of the server; a worker may have started later.
        self.uptime = Stopwatch()
        self._hints_end = _CLOCK + 8 * workers
        self._delivery_end = self._hints_end + _DELIVERY
        self._memory = mmap.mmap(-1, self._delivery_end + 3)
        self._rules = mmap.mmap(-1, _FAULT_COUNTS + _LENGTH + _FAULT_TEXT)
        # The lock of a file belongs to a process, and ends with it. The forked processes have the
        # same file.
        from tempfile import TemporaryFile  # noqa: PLC0415 - only servers with several processes need it
        from weakref import finalize  # noqa: PLC0415 - as above

        with TemporaryFile() as file:
            self._lock = os.dup(file.fileno())
        finalize(self, os.close, self._lock)
        self.fault_counts = memoryview(self._rules)[:_FAULT_COUNTS].cast("Q")
        self._counters = memoryview(self._memory)[_CLOCK : self._hints_end].cast("Q")
        self.clock_cells = memoryview(self._memory)[:_CLOCK].cast("d")
        self.clock_cells[1] = nan
        self.set_delivery(None)

    @property
    def owner(self) -> bool:
        """Whether this process does the background work: sweeps, shard rollover, functions."""
        return self.worker_index == 0

    @property
    def keeps_requests(self) -> bool:
        """Whether the workers keep requests. A worker reads this when it starts."""
        return self._memory[self._delivery_end] == 1

    @keeps_requests.setter
    def keeps_requests(self, on: bool) -> None:
        self._memory[self._delivery_end] = on

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other process run a `with` block of this method at the same time."""
        import fcntl  # noqa: PLC0415 - only POSIX systems have it, and only they have several processes

        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)

    @property
    def faults(self) -> bytes:
        """The text with the rules of faults, b"" if there was never a rule."""
        start = _FAULT_COUNTS + _LENGTH
        length = int.from_bytes(self._rules[_FAULT_COUNTS:start], "big")
        return self._rules[start : start + length]

    @faults.setter
    def faults(self, text: bytes) -> None:
        if len(text) > _FAULT_TEXT:
            raise ValueError(f"{len(text)} bytes, and there is room for {_FAULT_TEXT}")
        start = _FAULT_COUNTS + _LENGTH
        self._rules[_FAULT_COUNTS:start] = len(text).to_bytes(_LENGTH, "big")
        self._rules[start : start + len(text)] = text
        self.fault_counts[-1] += 1

    @property
    def faults_version(self) -> int:
        """A number that changes with each change of `faults`."""
        return self.fault_counts[-1]

    @property
    def advises(self) -> bool:
        """Whether the workers collect evidence for the advisor. Each reads this at its start."""
        return self._memory[self._delivery_end + 2] == 1

    @advises.setter
    def advises(self, on: bool) -> None:
        self._memory[self._delivery_end + 2] = on

    @property
    def counts_requests(self) -> bool:
        """Whether the workers count requests. A worker reads this when it starts."""
        return self._memory[self._delivery_end + 1] == 1

    @counts_requests.setter
    def counts_requests(self, on: bool) -> None:
        self._memory[self._delivery_end + 1] = on

    def hints(self) -> bytes:
        """Return all counters as bytes. They change when any worker changes definitions."""
        return self._memory[_CLOCK : self._hints_end]

    def notify(self, seen: bytes) -> bytes:
        """Notify the other workers that this worker has changed definitions.

        Call this after the commit. seen: the last hints that this worker has read. Returns `seen`
        with this worker's new counter, so that its own change is no news to this worker.
        """
        self._counters[self.worker_index] += 1
        at = 8 * self.worker_index
        return seen[:at] + self.hints()[at : at + 8] + seen[at + 8 :]

    def set_delivery(self, event: tuple[float, str, str] | None) -> None:
        """Set the next event of the delivery: time, kind, UUID of the mapping."""
        time, kind, uuid = event or (nan, "", "")
        packed = _DELIVERY_FORM.pack(time, uuid.encode(), kind.encode())
        if self._memory[self._hints_end : self._delivery_end] != packed:
            self._memory[self._hints_end : self._delivery_end] = packed

    def delivery(self) -> tuple[float, str, str] | None:
        """Return the next event of the delivery, None if there is none."""
        time, uuid, kind = _DELIVERY_FORM.unpack(self._memory[self._hints_end : self._delivery_end])
        return None if isnan(time) else (time, kind.rstrip(b"\0").decode(), uuid.decode())
