"""The stored form of snapshots: a name, a scope and the number of a frozen view.

The frozen view shows the data of the resources in the scope, and also their definitions, sequence
numbers, checkpoints and records of deletions. So the stored form of a snapshot is small. This form
is not held in memory, but read from the store whenever it is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import orjson

from emulator.database.snapshots.scope import Scope
from emulator.database.store import keyspace
from emulator.database.store.loading import from_fields
from storage import ReadTxn


class UnknownSnapshot(Exception):
    """There is no snapshot with the given name."""


class Restoring(Exception):
    """A call is refused because a snapshot is being restored. name: the snapshot's name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the snapshot {name} is being restored: call again when the restore is over")


class Incomplete(Restoring):
    """A snapshot cannot be saved because a table is being filled (jobs/filling.py).

    name: the table's name.
    """

    def __init__(self, name: str) -> None:
        Exception.__init__(self, f"the table {name} is being filled: call again when it is ACTIVE")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot in its stored form.

    view: the id of the frozen view with the snapshot's data.
    created: seconds since the epoch, by the emulator's clock.
    tables, items: the number of tables and items in the snapshot.
    restoring: while the snapshot is being restored in slices, the storage key up to which values
    have been put back, as hex. Otherwise None.
    """

    name: str
    scope: Scope
    view: int
    created: float
    tables: int
    items: int
    restoring: str | None = None

    @classmethod
    def load(cls, stored: bytes) -> Self:
        """Return the snapshot from `stored`, a result of the method `dump`."""
        fields = orjson.loads(stored)
        scope: dict[str, Any] = fields["scope"]
        if scope["tables"] is not None:
            scope["tables"] = tuple(map(tuple, scope["tables"]))
        return from_fields(cls, {**fields, "scope": from_fields(Scope, scope)})

    def dump(self) -> bytes:
        """Return the stored form of the snapshot, as JSON."""
        return orjson.dumps(self)

    @property
    def key(self) -> bytes:
        """The storage key of the snapshot."""
        return keyspace.snapshot(self.name)


def snapshots(txn: ReadTxn) -> Iterator[Snapshot]:
    """Yield all snapshots in the order of their names."""
    return (Snapshot.load(stored) for _, stored in txn.scan(*keyspace.snapshots()))


def find(txn: ReadTxn, name: str) -> Snapshot:
    """Return the snapshot that is stored under this name. Raises UnknownSnapshot."""
    stored = txn.get(keyspace.snapshot(name))
    if stored is None:
        raise UnknownSnapshot(name)
    return Snapshot.load(stored)


def refuse_while_restoring(txn: ReadTxn, but: str | None = None, within: Scope | None = None) -> None:
    """Raise Restoring if a snapshot is being restored.

    During a restore, the data in the snapshot's scope are a mix of two states, and no definitions
    of this scope are stored.

    but: the name of a snapshot to ignore; None to ignore none by name.
    within: ignore snapshots that cannot have tables of this scope; None to ignore none by scope.
    """
    for snapshot in snapshots(txn):
        if snapshot.restoring is None or snapshot.name == but:
            continue
        if within is None or snapshot.scope.meets(within):
            raise Restoring(snapshot.name)
