"""The capacity that a request consumes, and how responses report it (behaviour 9).

Sizes are in bytes (values/size.py). Units are capacity units, of reads or of writes. An eventually
consistent read costs half as much as a consistent read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emulator.limits import READ_UNIT, WRITE_UNIT


def read_units(size: int, *, consistent: bool) -> float:
    """Return the read units that reading `size` bytes costs.

    If the size is 0, because no item was found, the read costs as much as reading a small item.
    """
    units = -(-size // READ_UNIT) or 1
    return float(units) if consistent else units / 2


def write_units(before: int, after: int) -> float:
    """Return the write units that a write of an item costs.

    before, after: the sizes of the item in bytes before and after the write, 0 if there is no item.
    """
    return float(-(-max(before, after) // WRITE_UNIT) or 1)


def entry_units(size: int) -> float:
    """Return the write units that writing one index entry of `size` bytes costs."""
    return float(-(-size // WRITE_UNIT) or 1)


@dataclass(slots=True, init=False)
class Consumed:
    """The capacity units that a request consumes on one table and its indexes.

    table: the units of the table itself.
    global_indexes, local_indexes: index name -> units.
    vector_indexes: index name -> bytes written, or None if the request wrote no vector index. Bytes
    are not units, so totals do not include them.
    """

    table: float
    global_indexes: dict[str, float]
    local_indexes: dict[str, float]
    vector_indexes: dict[str, int] | None

    def __init__(
        self,
        table: float = 0.0,
        global_indexes: dict[str, float] | None = None,
        local_indexes: dict[str, float] | None = None,
    ) -> None:  # three times as fast as the __init__ that a dataclass generates for dict fields
        self.table = table
        self.global_indexes = {} if global_indexes is None else global_indexes
        self.local_indexes = {} if local_indexes is None else local_indexes
        self.vector_indexes = None

    def total(self) -> float:
        """Return the sum of the units of the table and all its indexes."""
        return self.table + sum(self.global_indexes.values()) + sum(self.local_indexes.values())

    def add(self, other: "Consumed") -> None:
        """Add units that another part of the same request consumed on this table."""
        self.table += other.table
        for mine, theirs in (
            (self.global_indexes, other.global_indexes),
            (self.local_indexes, other.local_indexes),
        ):
            for name, units in theirs.items():
                mine[name] = mine.get(name, 0.0) + units
        if other.vector_indexes:
            own = self.vector_indexes = dict(self.vector_indexes or {})
            for name, size in other.vector_indexes.items():
                own[name] = own.get(name, 0) + size


def report_mode(request: Mapping[str, Any]) -> str | None:
    """Return the request's ReturnConsumedCapacity: TOTAL or INDEXES, or None for no report."""
    mode: str | None = request.get("ReturnConsumedCapacity")
    return None if mode == "NONE" else mode


def _units(units: float, kind: str | None) -> dict[str, float]:
    return {"CapacityUnits": units, **({f"{kind}CapacityUnits": units} if kind else {})}


def report(
    mode: str, table_name: str, consumed: Consumed, kind: Literal["Read", "Write"] | None = None
) -> dict[str, Any]:
    """Return the ConsumedCapacity member of a response.

    mode: TOTAL or INDEXES. table_name: the table's name or ARN, as in the request (behaviour 9.3).
    kind: Read or Write for a transaction, whose report also has ReadCapacityUnits or
    WriteCapacityUnits; None for other requests.
    """
    answer: dict[str, Any] = {"TableName": table_name, **_units(consumed.total(), kind)}
    if mode == "INDEXES":
        answer["Table"] = _units(consumed.table, kind)
        for member, indexes in (
            ("LocalSecondaryIndexes", consumed.local_indexes),
            ("GlobalSecondaryIndexes", consumed.global_indexes),
        ):
            if indexes:
                answer[member] = {name: {"CapacityUnits": units} for name, units in indexes.items()}
        if consumed.vector_indexes:
            answer["VectorIndexes"] = {
                name: {"VectorWriteRequestBytes": float(size)} for name, size in consumed.vector_indexes.items()
            }
    return answer
