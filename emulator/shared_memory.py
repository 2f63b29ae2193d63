"""Memory that the worker processes of a server share.

The supervisor maps a few bytes of memory before it forks the workers:

    16 bytes        the clock (clock.EmulatorClock), as two doubles: its offset, and the time at
                    which it is frozen
    8 bytes each    the hints: a counter for each worker. A worker increments its own counter when
                    it has changed definitions (database/store/versions.py)
    60 bytes        the next event in the delivery of stream records to functions. The owner writes
                    it for the other workers: its time as a double (NaN if no event is planned), the
                    UUID of the mapping in 36 bytes, and the kind of event, filled up with zeros
    1 byte          1 if the workers keep requests (controls/requests.py)
    1 byte          1 if the workers count requests (controls/counters.py)
    1 byte          1 if the workers collect evidence for the advisor (controls/advice.py)

A second map has the rules of faults (emulator/faults/rule_store.py):

    16 bytes each   two counters of a rule, in FAULT_SLOTS slots
    8 bytes         the version of the text with the rules
    4 bytes         the length of this text
    64 KB           the text with the rules
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan, nan
from struct import Struct
from typing import Final

from emulator.clock import CLOCK_CELLS, Stopwatch

# These constants are sizes in bytes, except FAULT_SLOTS.
_CLOCK: Final = 8 * CLOCK_CELLS
_DELIVERY_FORM: Final = Struct("d36s16s")
_DELIVERY: Final = _DELIVERY_FORM.size
FAULT_SLOTS: Final = 128
_FAULT_COUNTS: Final = 16 * FAULT_SLOTS + 8  # two counters for each rule; the version of the rules
_FAULT_TEXT: Final = 64 << 10
_LENGTH: Final = 4  # bytes of the number that states the length of the text with the rules


class SharedMemory:
    """The memory that the worker processes of a server share.

    workers: the number of worker processes.
    worker_index: the number of this process, counted from 0.
    run: random bytes that differ for each start of the server.
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.worker_index = 0
        self.run = os.urandom(16)
        # The uptime of the server, not of this worker, which may have been restarted.
        self.uptime = Stopwatch()
        self._hints_end = _CLOCK + 8 * workers
        self._delivery_end = self._hints_end + _DELIVERY
        self._memory = mmap.mmap(-1, self._delivery_end + 3)
        self._rules = mmap.mmap(-1, _FAULT_COUNTS + _LENGTH + _FAULT_TEXT)
        # `locked` locks this file, which the forked workers inherit. The operating system releases
        # the lock of a worker that is killed.
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
        """True if this process does the background work, such as sweeps and shard rollover."""
        return self.worker_index == 0

    @property
    def keeps_requests(self) -> bool:
        """True if the workers keep the last requests. A worker reads this when it starts."""
        return self._memory[self._delivery_end] == 1

    @keeps_requests.setter
    def keeps_requests(self, on: bool) -> None:
        self._memory[self._delivery_end] = on

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the shared memory during a `with` block.

        Other workers wait until the lock is free.
        """
        import fcntl  # noqa: PLC0415 - only POSIX systems have it, and only they have several processes

        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)

    @property
    def faults(self) -> bytes:
        """The text with the rules of faults; b"" before the first rule."""
        start = _FAULT_COUNTS + _LENGTH
        length = int.from_bytes(self._rules[_FAULT_COUNTS:start], "big")
        return self._rules[start : start + length]

    @faults.setter
    def faults(self, text: bytes) -> None:
        if len(text) > _FAULT_TEXT:
            raise ValueError(f"{len(text)} bytes, but at most {_FAULT_TEXT} are allowed")
        start = _FAULT_COUNTS + _LENGTH
        self._rules[_FAULT_COUNTS:start] = len(text).to_bytes(_LENGTH, "big")
        self._rules[start : start + len(text)] = text
        self.fault_counts[-1] += 1

    @property
    def faults_version(self) -> int:
        """A number that changes with each change of `faults`, the text with the rules."""
        return self.fault_counts[-1]

    @property
    def advises(self) -> bool:
        """True if the workers collect evidence for the advisor.

        A worker reads this when it starts.
        """
        return self._memory[self._delivery_end + 2] == 1

    @advises.setter
    def advises(self, on: bool) -> None:
        self._memory[self._delivery_end + 2] = on

    @property
    def counts_requests(self) -> bool:
        """True if the workers count requests. A worker reads this when it starts."""
        return self._memory[self._delivery_end + 1] == 1

    @counts_requests.setter
    def counts_requests(self, on: bool) -> None:
        self._memory[self._delivery_end + 1] = on

    def hints(self) -> bytes:
        """Return the counters of all workers as bytes.

        The bytes differ from an earlier result if a worker has changed definitions meanwhile.
        """
        return self._memory[_CLOCK : self._hints_end]

    def notify(self, seen: bytes) -> bytes:
        """Notify the other workers that this worker has changed definitions.

        Call this after the commit. Returns `seen` with this worker's new counter, so that the
        worker does not take its own change for a change of another worker.

        seen: the value of `hints` that this worker has read last.
        """
        self._counters[self.worker_index] += 1
        at = 8 * self.worker_index
        return seen[:at] + self.hints()[at : at + 8] + seen[at + 8 :]

    def set_delivery(self, event: tuple[float, str, str] | None) -> None:
        """Store when the next batch of stream records is sent to a function, for all workers.

        event: triple of the time in seconds since the epoch, the kind (`Lane.due`), and the UUID of
        the mapping; None if no batch is planned.
        """
        time, kind, uuid = event or (nan, "", "")
        packed = _DELIVERY_FORM.pack(time, uuid.encode(), kind.encode())
        if self._memory[self._hints_end : self._delivery_end] != packed:
            self._memory[self._hints_end : self._delivery_end] = packed

    def delivery(self) -> tuple[float, str, str] | None:
        """Return the event that `set_delivery` has stored: time, kind and UUID of the mapping.

        Return None if no event is planned.
        """
        time, uuid, kind = _DELIVERY_FORM.unpack(self._memory[self._hints_end : self._delivery_end])
        return None if isnan(time) else (time, kind.rstrip(b"\0").decode(), uuid.decode())
