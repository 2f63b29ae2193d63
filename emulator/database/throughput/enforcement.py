"""Refuses and counts the reads and writes of one table, and makes its reads lag.

Throughput limits, transactions that a test declares, and faults can refuse a read or write.
Accessed keys and consumed units can be counted. Reads can lag: they can show an earlier state. All
these features are off until a test or a setting turns them on (catalog/enforcer.py). While they are
all off for a table, the table has no `Enforcement`. So a request to such a table costs only one
more comparison.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from emulator import errors
from emulator.clock import Clock
from emulator.database.definitions.tables import TableDefinition
from emulator.database.throughput.capacity import Consumed
from emulator.database.throughput.throttle import TableThrottle
from emulator.values.types import Item
from storage import ReadTxn

if TYPE_CHECKING:
    from emulator.database.throughput.gate import Kind, TableGate
    from emulator.database.throughput.insights import TableInsights
    from emulator.database.throughput.metering import Meter
    from emulator.database.throughput.throttle import Refusal
    from emulator.database.throughput.throttles import ThrottleLog
    from emulator.database.throughput.usage import TableUsage


class Lag(Protocol):
    """Makes the reads of a table lag, which means show an earlier state (database/lagging/)."""

    def past(self, txn: ReadTxn) -> ReadTxn:
        """Return a transaction that shows the table as it was at an earlier time.

        txn: a transaction that shows the current state.
        """
        ...


class EntryWrite(NamedTuple):
    """A write of an entry of a global index, which follows from a write of an item.

    name: the name of the index. partition: the digest of the entry's partition key. units: the
    write units that the write costs. item: the item to which the entry belongs, or None if the item
    is not known.
    """

    name: str
    partition: bytes
    units: float
    item: Item | None


class InFlight(Protocol):
    """The writes of other regions that have not reached a table yet, as a test declares them.

    Only a global table with strong consistency has such writes.
    """

    def refuse(self, txn: ReadTxn, key: bytes) -> None:
        """Raise ReplicatedWriteConflictException if another region is writing the item.

        key: the item's storage key.
        """
        ...


class Enforcement:
    """Refuses and counts the reads and writes of one table, and makes its reads lag.

    throttle: the throughput limits, or None if throughput is not enforced.
    locked: storage key of an item in a transaction that a test has declared -> the time at which
    that transaction ends.
    insights: counts keys, or None if neither the table nor an index has Contributor Insights.
    usage: counts units, or None if the server does not count requests.
    in_flight: the writes of other regions, or None if the table has no strong consistency.
    meter: counts the units of the table's owner, or None if no test counts them.
    gate: refuses reads and writes for faults, or None if there are no such faults.
    lag: lets reads see an earlier state, or None if the table has no lag.
    throttle_log: the log of throttles and the table's definition, or None if nothing can throttle.
    """

    __slots__ = (
        "_clock",
        "_in_flight",
        "_locked",
        "_meter",
        "_throttle_log",
        "gate",
        "insights",
        "lag",
        "throttle",
        "usage",
    )

    def __init__(
        self,
        clock: Clock,
        throttle: TableThrottle | None,
        locked: Mapping[bytes, float],
        insights: "TableInsights | None" = None,
        usage: "TableUsage | None" = None,
        in_flight: InFlight | None = None,
        meter: "Meter | None" = None,
        gate: "TableGate | None" = None,
        lag: Lag | None = None,
        throttle_log: "tuple[ThrottleLog, TableDefinition] | None" = None,
    ) -> None:
        self._clock = clock
        self._locked = locked
        self._in_flight = in_flight
        self._meter = meter
        self.throttle = throttle
        self.insights = insights
        self.usage = usage
        self.gate = gate
        self.lag = lag
        self._throttle_log = throttle_log

    def refuse_conflict(self, key: bytes) -> None:
        """Raise TransactionConflictException if a test has declared a transaction with the item.

        key: the item's storage key. If a fault refuses the access, raise the error of the fault.
        """
        if self.gate is not None:
            self.gate.refuse_conflict(key)
        until = self._locked.get(key)
        if until is not None and until > self._clock.now():
            raise errors.transaction_conflict()

    def refuse_write(self, txn: ReadTxn, key: bytes) -> None:
        """Raise if a test has declared that a transaction or another region is writing the item.

        key: the item's storage key. If a fault refuses the write, raise the error of the fault.
        """
        self.refuse_conflict(key)
        if self._in_flight is not None:
            self._in_flight.refuse(txn, key)

    def read(self, partition: bytes, units: float, item: Item) -> None:
        """Charge and count a read of one item. Raises ApiError if a limit or a fault refuses it.

        partition: the digest of the item's partition key. units: the read units that the read
        costs. item: the item, or at least its key attributes.
        """
        if self.throttle is not None or self.gate is not None:
            try:
                self._pass_gate("Read", None, partition, item)
                if self.throttle is not None:
                    self.throttle.read(None, partition, units)
            except errors.ApiError as error:
                self._note("Read", None, item, error, units)
                if self.insights is not None:
                    self.insights.throttled(None, partition, item)
                if self.usage is not None:
                    self.usage.throttled_read(None)
                raise
        if self.insights is not None:
            self.insights.accessed(None, partition, units, item)
        if self.usage is not None:
            self.usage.read(None, units)
        if self._meter is not None:
            self._meter.read += units

    def admit(self, index: str | None, partition: bytes | None) -> None:
        """Admit the read of a page of a Query or Scan.

        The cost of the page is not known before the read. So the caller calls `charge_page` after
        the read.

        Raises ApiError if a limit or a fault refuses the read.

        index: the name of a global index, or None for the table.
        partition: the digest of the partition key that a Query reads, or None for a Scan.
        """
        if self.throttle is not None or self.gate is not None:
            try:
                self._pass_gate("Read", index, partition, None)
                if self.throttle is not None:
                    self.throttle.admit(index, partition)
            except errors.ApiError as error:
                self._note("Read", index, None, error, 0.5)
                if self.insights is not None:
                    self.insights.throttled(index, partition, None)
                if self.usage is not None:
                    self.usage.throttled_read(index)
                raise

    def charge_page(self, index: str | None, partition: bytes | None, units: float) -> None:
        """Charge and count the read of a page that `admit` has admitted.

        units: the read units that the page costs. index, partition: as for `admit`.
        """
        if self.throttle is not None:
            self.throttle.charge(index, partition, units)
        if self.usage is not None:
            self.usage.read(index, units)
        if self._meter is not None:
            self._meter.read += units

    def write(self, partition: bytes, consumed: Consumed, item: Item | None, entries: Sequence[EntryWrite]) -> None:
        """Charge and count a write. Raises ApiError if a limit or a fault refuses the write.

        partition: the digest of the item's partition key. item: the item, or at least its key
        attributes; None if they are not known. entries: the writes of entries of global indexes.
        """
        if self.throttle is not None or self.gate is not None:
            try:
                self._pass_gate("Write", None, partition, item)
                if self.throttle is not None:
                    self.throttle.write(partition, consumed, [each[:3] for each in entries])
            except errors.ApiError as error:
                refusal = self._note("Write", None, item, error, consumed.total())
                refused = None if refusal is None else refusal.index_name
                if self.insights is not None:
                    self._count_throttled(refused, partition, item, entries)
                if self.usage is not None:
                    self.usage.throttled_write(refused)
                raise
        if self.usage is not None:
            _count(self.usage.write, consumed)
        if self._meter is not None:
            self._meter.write += consumed.total()
        self._count_keys(partition, consumed, item, entries)

    def replicate(
        self, partition: bytes, consumed: Consumed, item: Item | None, entries: Sequence[EntryWrite], *, waits: bool
    ) -> None:
        """Charge and count a write that was made in another region of a global table.

        Raises ApiError if `waits` is True and a throughput limit refuses the write.

        waits: True if the caller can repeat a refused write later. If False, no write is refused.
        The other parameters are as for `write`.
        """
        if self.throttle is not None:
            self.throttle.write(partition, consumed, [each[:3] for each in entries], refuses=waits)
        if self.usage is not None:
            _count(self.usage.replicated, consumed)
        # `waits` is False in a global table with strong consistency. In such a table, only the
        # region to which the client wrote counts the accessed keys.
        if waits:
            self._count_keys(partition, consumed, item, entries)

    def _count_keys(
        self, partition: bytes, consumed: Consumed, item: Item | None, entries: Sequence[EntryWrite]
    ) -> None:
        if self.insights is None:
            return
        self.insights.accessed(None, partition, _own(consumed), item)
        for entry in entries:
            if entry.units:
                self.insights.accessed(entry.name, entry.partition, entry.units, entry.item)

    def _pass_gate(self, kind: "Kind", index: str | None, partition: bytes | None, item: Item | None) -> None:
        """Raise the error of a fault if a fault refuses this read or write."""
        if self.gate is not None:
            self.gate.admit(kind, index, partition, item)

    def _note(
        self, kind: "Kind", index: str | None, item: Item | None, error: errors.ApiError, asked: float
    ) -> "Refusal | None":
        """Log a refused read or write.

        Return the refusal if a throughput limit refused the read or write, None if a fault did.

        index: the name of a global index that was read, or None. error: the error for the client.
        asked: the units that the read or write costs.
        """
        found = None if self.throttle is None else self.throttle.refused
        refusal = found if found is not None and found.error is error else None
        if self._throttle_log is not None:
            log, table = self._throttle_log
            log.add(table, kind, index if refusal is None else refusal.index_name, item, error, refusal, asked)
        return refusal

    def _count_throttled(
        self, index: str | None, partition: bytes, item: Item | None, entries: Sequence[EntryWrite]
    ) -> None:
        assert self.insights is not None, "only a table with Contributor Insights may count throttled keys"
        if index is None:
            self.insights.throttled(None, partition, item)
        for entry in entries:
            if entry.name == index:
                self.insights.throttled(index, entry.partition, entry.item)


def _own(consumed: Consumed) -> float:
    """Return the units of a write that count for the table: of the table and its local indexes."""
    return consumed.table + sum(consumed.local_indexes.values())


def _count(count: Callable[[str | None, float], None], consumed: Consumed) -> None:
    """Call `count` with the units of a write: once for the table, once for each global index."""
    count(None, _own(consumed))
    for index, units in consumed.global_indexes.items():
        count(index, units)
