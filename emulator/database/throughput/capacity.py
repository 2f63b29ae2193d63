"""What a request consumes, and how it is told (behaviour 9).

Sizes are bytes by the rules of values/size.py; units are capacity units, halves for eventually consistent reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emulator.limits import READ_UNIT, WRITE_UNIT


def read_units(size: int, *, consistent: bool) -> float:
    """Return the units of reading size bytes; a missing item (0 bytes) costs as much as a small one."""
    units = -(-size // READ_UNIT) or 1
    return float(units) if consistent else units / 2


def write_units(before: int, after: int) -> float:
    """Return the units of a write from the item's sizes before and after; 0 stands for no item."""
    return float(-(-max(before, after) // WRITE_UNIT) or 1)


def entry_units(size: int) -> float:
    """Return the units of writing one index entry."""
    return float(-(-size // WRITE_UNIT) or 1)


@dataclass(slots=True, init=False)
class Consumed:
    """Units consumed on one table: its own and those of its indexes by name."""

    table: float
    global_indexes: dict[str, float]
    local_indexes: dict[str, float]

    def __init__(
        self,
        table: float = 0.0,
        global_indexes: dict[str, float] | None = None,
        local_indexes: dict[str, float] | None = None,
    ) -> None:  # written out: default factories would take three times as long, in every write
        self.table = table
        self.global_indexes = {} if global_indexes is None else global_indexes
        self.local_indexes = {} if local_indexes is None else local_indexes

    def total(self) -> float:
        """Return the units of the table and all indexes."""
        return self.table + sum(self.global_indexes.values()) + sum(self.local_indexes.values())

    def add(self, other: "Consumed") -> None:
        """Add what another part of the same request consumed on this table."""
        self.table += other.table
        for mine, theirs in (
            (self.global_indexes, other.global_indexes),
            (self.local_indexes, other.local_indexes),
        ):
            for name, units in theirs.items():
                mine[name] = mine.get(name, 0.0) + units


def wanted(request: Mapping[str, Any]) -> str | None:
    """Return TOTAL or INDEXES where the request asks for consumed capacity, else None."""
    mode: str | None = request.get("ReturnConsumedCapacity")
    return None if mode == "NONE" else mode


def _units(units: float, kind: str | None) -> dict[str, float]:
    return {"CapacityUnits": units, **({f"{kind}CapacityUnits": units} if kind else {})}


def shape(
    mode: str, table_name: str, consumed: Consumed, kind: Literal["Read", "Write"] | None = None
) -> dict[str, Any]:
    """Return the ConsumedCapacity member; table_name echoes the request's (behaviour 9.3).

    kind: transactions tell ReadCapacityUnits or WriteCapacityUnits beside CapacityUnits, others do not.
    """
    answer: dict[str, Any] = {"TableName": table_name, **_units(consumed.total(), kind)}
    if mode == "INDEXES":
        answer["Table"] = _units(consumed.table, kind)
        for member, arms in (
            ("LocalSecondaryIndexes", consumed.local_indexes),
            ("GlobalSecondaryIndexes", consumed.global_indexes),
        ):
            if arms:
                answer[member] = {name: {"CapacityUnits": units} for name, units in arms.items()}
    return answer
