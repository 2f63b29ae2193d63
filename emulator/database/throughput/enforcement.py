"""What the emulator enforces on one table: throughput limits, and declared transactions.

Nothing is enforced unless a test or a setting turns it on (catalog/enforcer.py). A table on which
nothing is enforced has no `Enforcement`. So a request to such a table makes only one comparison.
"""

from collections.abc import Mapping

from emulator import errors
from emulator.clock import Clock
from emulator.database.throughput.throttle import TableThrottle


class Enforcement:
    """The limits and declared transactions of one table.

    throttle: the table's throughput limits, None if throughput is not enforced.
    held: the storage key of each item in a declared transaction -> when that transaction ends.
    """

    __slots__ = ("_clock", "_held", "throttle")

    def __init__(self, clock: Clock, throttle: TableThrottle | None, held: Mapping[bytes, float]) -> None:
        self._clock = clock
        self._held = held
        self.throttle = throttle

    def refuse_conflict(self, key: bytes) -> None:
        """Raise TransactionConflictException if the item is in a declared transaction."""
        until = self._held.get(key)
        if until is not None and until > self._clock.now():
            raise errors.transaction_conflict()
