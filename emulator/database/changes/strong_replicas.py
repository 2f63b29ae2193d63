"""Replication with strong consistency: all regions get a write together (control-plane 7).

All tables of a server are in one store. So a write of one region changes the tables of the other
regions in the same transaction: either all regions have the write or none. Consistent reads see it
in all regions, and the streams of all regions have the same records in the same order. There is no
log and no background work. The write consumes write capacity in each region.

On AWS, a write fails with ReplicatedWriteConflictException if another region writes the same item
at the same time. The emulator runs all writes one after another. So a test declares with the
control `replication` how long the writes of a region are *in flight* to another region:

| the direction  | a write is in flight                                           |
|----------------|----------------------------------------------------------------|
| has a delay    | for the seconds of the delay                                   |
| is paused      | until the pause ends, if the write was made during the pause   |

A write in flight is already stored in the table of the target region. Being in flight has only one
effect: the target region refuses its own clients' writes of the same item. To know of the write in
flight, the target stores its version under the key of an item's version (changes/replicas.py).
"""

from collections.abc import Callable, Iterable

from emulator import errors
from emulator.clock import Moment, microseconds
from emulator.database.changes import replicas
from emulator.database.definitions.replicas import NO_DELAY, Membership
from emulator.database.definitions.tables import DELETING, TableDefinition
from emulator.database.items.write import replicate
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.values.rows import decode_row
from storage import ReadTxn, WriteTxn

Group = Callable[[TableDefinition], Iterable[Table]]
"""A function that returns the other tables of a table's group."""


class StrongReplicas:
    """A follower that writes the changes of one table to the other tables of its group."""

    def __init__(self, definition: TableDefinition, membership: Membership, group: Group, moment: Moment) -> None:
        self._definition = definition
        self._membership = membership
        self._group = group
        self._moment = moment

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Write a change to all other regions, if it was made in this region."""
        if change.version:
            return
        item = keyspace.tail_of(change.key)
        row = change.new_row
        # Get the new item from its row, because items/ahead.py may have removed attributes from
        # `change.new`.
        new = None if row is None else decode_row(row)
        version = replicas.version_at(self._moment.micros(), self._definition.region)
        for table in self._group(self._definition):
            if table.definition.status == DELETING:
                continue
            key = table.prefix + item
            old_row = txn.get(key)
            if old_row != row:
                replicate(txn, table, Change(key, old_row, None, row, new, version=version), waits=False)
            other = table.definition.membership
            assert other is not None, "a table of a group must have a membership"
            if self._membership.direction(table.definition.region) != NO_DELAY:
                replicas.set_version(txn, other.log, item, version)


class WritesInFlight:
    """Refuses a write of an item if another region's write of the item is in flight."""

    def __init__(self, definition: TableDefinition, membership: Membership, group: Group, moment: Moment) -> None:
        self._definition = definition
        self._log = membership.log
        self._group = group
        self._moment = moment

    def refuse(self, txn: ReadTxn, key: bytes) -> None:
        """Raise ReplicatedWriteConflictException if another region's write of an item is in flight.

        key: the storage key of the item.
        """
        version = replicas.version_of(txn, self._log, keyspace.tail_of(key))
        if version and self.is_in_flight(version):
            raise errors.replicated_write_conflict()

    def is_in_flight(self, version: bytes) -> bool:
        """Return True if the write with this version is still in flight to this table's region."""
        here, micros = self._definition.region, replicas.micros_of(version)
        origin = replicas.region_of(version)
        for table in self._group(self._definition):
            membership = table.definition.membership
            if table.definition.region != origin or membership is None:
                continue
            direction = membership.direction(here)
            if direction.paused and micros >= microseconds(direction.since):
                return True
            return self._moment.micros() < micros + microseconds(direction.delay)
        return False
