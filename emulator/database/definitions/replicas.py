"""What is stored about the membership of a table in a global table (control-plane 6).

The tables of a global table have the same name and access key, and are in different regions. Each
table stores its own membership, so a table that is removed, reset or restored takes its membership
with it. A region in `others` counts only if its table exists and has the same `group`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from emulator.database.store.loading import from_fields


@dataclass(frozen=True, slots=True)
class Membership:
    """The membership of one table.

    group: the id of the global table. All its tables have the same.
    log: the id of the data that replicate this table (changes/replicas.py).
    others: the other regions, in the order in which this table saw them.
    added: the time (seconds) at which the table became a member.
    source: the region from which the table was filled, None for the first table.
    overrides: the settings of this table that differ from the others, as ReplicaDescription has
    them. indexes: the same for its indexes, by name.
    """

    group: int
    log: int
    others: tuple[str, ...]
    added: float
    source: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    indexes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Return the membership in the JSON of a table."""
        return from_fields(cls, {**stored, "others": tuple(stored["others"])})
