"""The membership of a table in a global table, as stored (control-plane 6).

The tables of a global table have the same name, and are in different regions. They belong to one
access key or, in a group of several accounts, to several access keys. Each table stores its
membership in its definition, so removing, resetting or restoring a table does the same to its
membership. A region in `others` counts only if its table exists and has the same `group`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from emulator.database.store.loading import from_fields


@dataclass(frozen=True, slots=True)
class Direction:
    """The delay and pause of replication from one table to another region.

    delay: how many seconds after a write the region gets it, by the emulator's clock.
    paused: True while writes wait.
    since: the time (seconds) at which the pause began, 0 without a pause.
    """

    delay: float = 0.0
    paused: bool = False
    since: float = 0.0


NO_DELAY: Final = Direction()
"""Replication without delay and pause."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The membership of one table in a global table (a group of replicas).

    group: the id of the global table. All tables of the global table store this id.
    log: the id of the stored data with which this table is replicated (changes/replicas.py).
    others: the other regions, in the order in which they were added to this membership.
    added: the time (seconds) at which the table became a member.
    source: the region from which the table was filled, None for the first table.
    overrides: the settings in which this table differs from the other tables, as members of
    ReplicaDescription.
    indexes: the overrides of this table's indexes, by the name of the index.
    directions: by region, the delay and pause of this table's writes (control `replication`).
    Writes to a region that is missing here have no delay or pause.
    strong: True if the group has strong consistency (control-plane 7).
    witness: the region of the witness, None if the group has no witness.
    protected: True if the table is protected from disassociation (control-plane 6.6).
    leaving: True while the table is being disassociated.
    accounts: by region, the access key of the table there, for groups of several accounts
    (control-plane 6.7). A region that is missing here has this table's access key.
    authorized: True if the table's policy permits replication. Only groups of several accounts use
    this field.
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
        """Load the membership from its JSON in the definition of a table."""
        directions = {region: from_fields(Direction, each) for region, each in stored.get("directions", {}).items()}
        return from_fields(cls, {**stored, "others": tuple(stored["others"]), "directions": directions})

    def tenants(self, access_key: str) -> list[tuple[str, str]]:
        """Return the tenants that own the other tables of the global table.

        access_key: the access key that owns this table.
        """
        return [(self.accounts.get(region, access_key), region) for region in self.others]

    def without_overrides(self, member: str) -> Self:
        """Return the membership without the overrides of one setting, of the table and its indexes.

        member: the setting, as a member of ReplicaDescription.
        """
        indexes = {name: _less(own, member) for name, own in self.indexes.items()}
        return replace(
            self,
            overrides=_less(self.overrides, member),
            indexes={name: own for name, own in indexes.items() if own},
        )

    def direction(self, region: str) -> Direction:
        """Return the delay and pause of replication from this table to a region."""
        return self.directions.get(region, NO_DELAY)


def _less(members: Mapping[str, Any], gone: str) -> Mapping[str, Any]:
    return {member: value for member, value in members.items() if member != gone}
