"""Replication between the tables of a global table, in slices of background work.

Each table has a log of the writes in its region (changes/replicas.py). A slice moves records from
one log to the other regions. For each record, the other table compares versions: if its item has a
later version, the record changes nothing. The transaction that writes the items also stores the
position in the log. So a killed process loses no write and repeats none.

Replicated writes take the write path of background work, so indexes, statistics, TTL queues and
streams agree with the items. They are never refused. They do not enter the log of the other table.

The control `replication` sets a delay or a pause for each direction (`Direction`). Writes that wait
for a delay are moved when the scheduler polls, or when the clock moves to the next event.

All processes of a server write to the logs. The process that wrote a record queues the work.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from emulator.clock import microseconds
from emulator.database.changes import replicas
from emulator.database.changes.replicas import Write
from emulator.database.database import Database
from emulator.database.definitions.replicas import AT_ONCE, Direction, Membership
from emulator.database.definitions.tables import DELETING, TableDefinition
from emulator.database.items.write import load
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.deletions import SLICE as DELETED
from emulator.slices import Steps
from emulator.values.rows import decode_row
from storage import WriteTxn

SLICE: Final = 100
"""The most records that one slice moves to each other region."""


# --- the tables of a group ------------------------------------------------------------------------


def others(database: Database, definition: TableDefinition, *, settle: bool = True) -> list[Table]:
    """Return the other tables of a global table, in the order in which this table saw them.

    settle: whether to settle their statuses first, which may write to the store.
    """
    return list(_others(database, definition, settle=settle))


def _others(database: Database, definition: TableDefinition, *, settle: bool) -> Iterator[Table]:
    membership = definition.membership
    for region in () if membership is None else membership.others:
        table = database.catalog.sibling(definition, region)
        if table is not None and settle:
            table = database.catalog.settle(table)
        other = None if table is None else table.definition.membership
        if table is not None and membership is not None and other is not None and other.group == membership.group:
            yield table


def expires_here(database: Database, definition: TableDefinition) -> bool:
    """Return whether this region deletes the expired items of a table.

    In a global table, the region that became a member first deletes them. The other regions get the
    deletions (control-plane 6.5).
    """
    if definition.membership is None:
        return True
    tables = [definition, *(table.definition for table in others(database, definition, settle=False))]
    ready = [each for each in tables if each.status != DELETING and each.filling is None and each.membership]
    return min(ready, key=_age, default=definition).region == definition.region


def _age(definition: TableDefinition) -> tuple[float, bool, str]:
    assert definition.membership is not None, "the table is a member"
    return definition.membership.added, definition.membership.source is not None, definition.region


# --- moving records -------------------------------------------------------------------------------


def begin(database: Database, definition: TableDefinition) -> None:
    """Queue the work for the log of a table."""
    database.background.add(("replicate", definition.id), partial(_slice, database, definition))


def begin_all(database: Database) -> None:
    """Queue the work for all logs: after a start, and for writes that had to wait."""
    for table in list(database.catalog.everything()):
        if table.definition.membership is not None and table.definition.filling is None:
            begin(database, table.definition)


def _slice(database: Database, queued: TableDefinition) -> bool:
    """Move some records of a table's log; return whether others remain.

    If all other tables of the group are gone, the table stops being a member.
    """
    table = database.catalog.sibling(queued, queued.region)
    if table is None or table.id != queued.id or table.definition.membership is None:
        return False
    definition, membership = table.definition, table.definition.membership
    members = others(database, definition)
    if not members:
        _leave(database, definition, membership)
        return False
    now = microseconds(database.clock.now())
    more = False
    with database.write() as txn:
        for target in filter(_is_ready, members):
            direction = membership.direction(target.definition.region)
            until = now - microseconds(direction.delay) if direction.delay else None
            if not direction.paused:
                more = _send(txn, membership.log, target, until) or more
        replicas.trim(txn, membership.log, [each.definition.region for each in members], DELETED)
    return more


def _leave(database: Database, definition: TableDefinition, membership: Membership) -> None:
    """Make a table regional again. Its stream stays (control-plane 6.2)."""
    with database.catalog.changing(urgent=True) as change:
        database.catalog.deletions.begin(change.txn, keyspace.replica(membership.log))
        database.catalog.save(change, replace(definition, membership=None))


def _is_ready(table: Table) -> bool:
    return table.definition.filling is None and table.definition.status != DELETING


def _send(txn: WriteTxn, log: int, target: Table, until: int | None) -> bool:
    """Apply the next records of a log to another region's table; return whether others are due.

    until: the latest time of writes that are due, in microseconds. None: all writes are due.
    """
    region = target.definition.region
    position = replicas.position(txn, log, region)
    found = replicas.pending(txn, log, position, SLICE)
    last = position
    for number, write in found:
        if until is not None and replicas.micros_of(write.version) > until:
            break
        _apply(txn, target, write)
        last = number
    if last != position:
        replicas.set_position(txn, log, region, last)
    return len(found) == SLICE and last == found[-1][0]


def _apply(txn: WriteTxn, target: Table, write: Write) -> None:
    """Apply a write of another region, unless the item has a later version."""
    membership = target.definition.membership
    assert membership is not None, "only members of a group get records"
    version, item, row = write
    if version <= replicas.version_of(txn, membership.log, item):
        return
    key = target.prefix + item
    old = txn.get(key)
    if old == row:
        replicas.set_version(txn, membership.log, item, version)
        return
    new = None if row is None else decode_row(row)
    load(txn, target, Change(key, old, None, row, new, version=version))


# --- directions -----------------------------------------------------------------------------------


class Flow(NamedTuple):
    """One direction of replication.

    waiting: the number of writes that the target does not have yet. due: when the first of them is
    due (seconds), None if it does not wait for a delay.
    """

    source: TableDefinition
    target: TableDefinition
    direction: Direction
    waiting: int
    due: float | None


def flows(database: Database, definition: TableDefinition) -> list[Flow]:
    """Return the directions from a table to the other tables of its group."""
    membership = definition.membership
    if membership is None:
        return []
    found = []
    targets = others(database, definition)
    with database.read() as txn:
        for target in (table.definition for table in targets):
            direction = membership.direction(target.region)
            position = replicas.position(txn, membership.log, target.region)
            waiting = replicas.last_number(txn, membership.log) - position
            due = None
            if waiting and direction.delay and not direction.paused:
                [(_, write)] = replicas.pending(txn, membership.log, position, 1)
                due = (replicas.micros_of(write.version) + microseconds(direction.delay)) / 1_000_000
            found.append(Flow(definition, target, direction, waiting, due))
    return found


def steer(database: Database, definition: TableDefinition, directions: Mapping[str, Direction]) -> None:
    """Change how the writes of a table go to other regions."""
    assert definition.membership is not None, "the table is a member"
    merged = {**definition.membership.directions, **directions}
    kept = {region: each for region, each in merged.items() if each != AT_ONCE}
    database.catalog.change(replace(definition, membership=replace(definition.membership, directions=kept)))
    begin_all(database)


def finish(database: Database) -> Steps[None]:
    """Move all writes that are due, one slice in each step."""
    for table in list(database.catalog.everything()):
        if table.definition.membership is not None and table.definition.filling is None:
            while database.rerun(partial(_slice, database, table.definition)):
                yield None
