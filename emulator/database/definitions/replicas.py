"""What is stored about the membership of a table in a global table (control-plane 6).

The tables of a global table have the same name and access key, and are in different regions. Each
table stores its own membership, so a table that is removed, reset or restored takes its membership
with it. A region in `others` counts only if its table exists and has the same `group`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from emulator.database.store.loading import from_fields


@dataclass(frozen=True, slots=True)
class Direction:
    """How the writes of one table go to another region.

    delay: how many seconds after a write the region gets it, by the emulator's clock.
    paused: whether writes wait until this is false again.
    since: the time (seconds) at which the pause began, 0 without a pause.
    """

    delay: float = 0.0
    paused: bool = False
    since: float = 0.0


AT_ONCE: Final = Direction()


@dataclass(frozen=True, slots=True)
class Membership:
    """The membership of one table.

    group: the id of the global table. All tables of the global table store this id.
    log: the id of the data that replicate this table (changes/replicas.py).
    others: the other regions, in the order in which this table saw them.
    added: the time (seconds) at which the table became a member.
    source: the region from which the table was filled, None for the first table.
    overrides: the settings of this table that differ from the others, as ReplicaDescription has
    them. indexes: the same for its indexes, by name.
    directions: region -> how writes of this table go there (control `replication`). Writes go at
    once to a region that is missing here.
    strong: whether the group has strong consistency (control-plane 7).
    witness: the region of the witness, None if the group has none.
    protected: whether the table is protected from disassociation (control-plane 6.6).
    leaving: whether the table is being disassociated.
    accounts: region -> access key of the table there, for groups of several accounts
    (control-plane 6.7). A region that is missing here has this table's access key.
    authorized: whether the table's policy permits replication; only in groups of several accounts.
    """

    group: int
    log: int
    others: tuple[str, ...]
    added: float
    source: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    indexes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    directions: "Mapping[str, Direction]" = field(default_factory=dict)
    strong: bool = False
    witness: str | None = None
    protected: bool = True
    leaving: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)
    authorized: bool = True

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Return the membership in the JSON of a table."""
        directions = {region: from_fields(Direction, each) for region, each in stored.get("directions", {}).items()}
        return from_fields(cls, {**stored, "others": tuple(stored["others"]), "directions": directions})

    def tenants(self, access_key: str) -> list[tuple[str, str]]:
        """Return the access keys and regions of the other tables. access_key: the member's own."""
        return [(self.accounts.get(region, access_key), region) for region in self.others]

    def without_overrides(self, member: str) -> Self:
        """Return the membership without the overrides of one kind, of the table and its indexes."""
        indexes = {name: _less(own, member) for name, own in self.indexes.items()}
        return replace(
            self,
            overrides=_less(self.overrides, member),
            indexes={name: own for name, own in indexes.items() if own},
        )

    def direction(self, region: str) -> Direction:
        """Return how writes of this table go to a region."""
        return self.directions.get(region, AT_ONCE)


def _less(members: Mapping[str, Any], gone: str) -> Mapping[str, Any]:
    return {member: value for member, value in members.items() if member != gone}
