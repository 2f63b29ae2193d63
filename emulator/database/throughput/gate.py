"""The gate: the place at which faults refuse reads and writes of a request, as real limits do.

While a fault is in force for the request in progress, the gate has an `Injection`, which decides
what the fault refuses. The `Enforcement` of each table calls the gate before it checks the real
limits. So the effect is that of a real limit: a refused write is not written, a refused item of a
batch is unprocessed, and a transaction is canceled.
"""

from typing import Literal, Protocol

from emulator.database.definitions.tables import TableDefinition
from emulator.errors import ApiError
from emulator.values.types import Item

Kind = Literal["Read", "Write"]


class Injection(Protocol):
    """Decides which reads and writes of the request in progress are refused by a fault."""

    def refusal(
        self, table: TableDefinition, kind: Kind, index: str | None, partition: bytes | None, item: Item | None
    ) -> ApiError | None:
        """Return the error with which a fault refuses a read or write, or None if no fault does.

        index: the name of a global index that is read, or None for the table.
        partition: the digest of the partition key, or None for a Scan.
        item: the item, or at least its key attributes; None if they are not known.
        """

    def conflict(self, table: TableDefinition, key: bytes) -> ApiError | None:
        """Return the error of a fault that declares a transaction conflict about an item.

        Return None if no fault does. key: the storage key of the item.
        """


class Gate:
    """The place at which faults refuse reads and writes in one process.

    injection: decides which reads and writes are refused; None if no fault is in force for the
    request in progress.
    """

    __slots__ = ("injection",)

    def __init__(self) -> None:
        self.injection: Injection | None = None


class TableGate:
    """The gate for one table: it lets faults refuse reads and writes of the table."""

    __slots__ = ("_gate", "_table")

    def __init__(self, gate: Gate, table: TableDefinition) -> None:
        self._gate = gate
        self._table = table

    def admit(self, kind: Kind, index: str | None, partition: bytes | None, item: Item | None) -> None:
        """Raise the error of a fault if a fault refuses this read or write."""
        if self._gate.injection is not None:
            error = self._gate.injection.refusal(self._table, kind, index, partition, item)
            if error is not None:
                raise error

    def refuse_conflict(self, key: bytes) -> None:
        """Raise the error of a fault if a fault declares a transaction conflict about this item."""
        if self._gate.injection is not None:
            error = self._gate.injection.conflict(self._table, key)
            if error is not None:
                raise error
