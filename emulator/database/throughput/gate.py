"""The gate through which faults refuse parts of a request, at the place of real throttles.

While a fault is in force for the request in progress, the gate has its `Injection`. The enforcement
of each table asks the gate before the real limits. So a refused write is not written, a refused
read is unprocessed, and a transaction is canceled, as with a real limit.
"""

from typing import Literal, Protocol

from emulator.database.definitions.tables import TableDefinition
from emulator.errors import ApiError
from emulator.values.types import Item

Kind = Literal["Read", "Write"]


class Injection(Protocol):
    """The faults of the request in progress."""

    def refusal(
        self, table: TableDefinition, kind: Kind, index: str | None, partition: bytes | None, item: Item | None
    ) -> ApiError | None:
        """Return the error for a read or write, None if it may go on.

        index: the name of a global index that is read, None for the table. partition: the digest
        of the partition key, None for a Scan. item: at least the key attributes, None if unknown.
        """

    def conflict(self, table: TableDefinition, key: bytes) -> ApiError | None:
        """Return the error of a conflict about an item, None if there is none.

        key: the storage key of the item.
        """


class Gate:
    """The gate of one process.

    injection: None while no fault acts inside the request in progress.
    """

    __slots__ = ("injection",)

    def __init__(self) -> None:
        self.injection: Injection | None = None


class TableGate:
    """The gate, as seen from one table."""

    __slots__ = ("_gate", "_table")

    def __init__(self, gate: Gate, table: TableDefinition) -> None:
        self._gate = gate
        self._table = table

    def admit(self, kind: Kind, index: str | None, partition: bytes | None, item: Item | None) -> None:
        """Raise the error of a fault that refuses a read or write."""
        if self._gate.injection is not None:
            error = self._gate.injection.refusal(self._table, kind, index, partition, item)
            if error is not None:
                raise error

    def refuse_conflict(self, key: bytes) -> None:
        """Raise the error of a fault that declares a conflict about an item."""
        if self._gate.injection is not None:
            error = self._gate.injection.conflict(self._table, key)
            if error is not None:
                raise error
