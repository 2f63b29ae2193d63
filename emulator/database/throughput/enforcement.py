"""What is enforced on one table: throughput limits, and items that are "in an ongoing transaction".

Both are off unless a test or a setting turns them on (catalog/enforcer.py). A table to which
neither applies has no `Enforcement`, so ordinary requests pay one comparison.
"""

from collections.abc import Mapping

from emulator import errors
from emulator.clock import Clock
from emulator.database.throughput.throttle import TableThrottle


class Enforcement:
    """What is enforced on one table.

    throttle: the throughput limits, None if there are none.
    held: the storage key of each item in an ongoing transaction -> when that transaction ends.
    """

    __slots__ = ("_clock", "_held", "throttle")

    def __init__(self, clock: Clock, throttle: TableThrottle | None, held: Mapping[bytes, float]) -> None:
        self._clock = clock
        self._held = held
        self.throttle = throttle

    def refuse_conflict(self, key: bytes) -> None:
        """Raise TransactionConflictException if an ongoing transaction holds this storage key."""
        until = self._held.get(key)
        if until is not None and until > self._clock.now():
            raise errors.transaction_conflict()
