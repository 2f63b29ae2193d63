"""Replication between the tables of a global table, in slices of background work.

Each table has a log of the writes that clients made in its region (changes/replicas.py). A slice
applies records of one log to the tables of the other regions. If the item in the other table has a
later version than the record, the record changes nothing. The transaction that writes the items
also stores which record of the log is the last applied one. So no write is lost or repeated if the
process is killed.

A replicated write calls `replicate` of items/write.py. So indexes, statistics, TTL queues and
streams of the other table agree with its items. The write consumes write capacity of the other
table. If throughput is enforced there and used up, the write waits. A replicated write never enters
the log of the other table.

The control `replication` sets a delay or a pause for each direction (`Direction`). Writes that wait
for a delay are applied when the scheduler polls, or when a test moves the clock to the next event.

All processes of a server write to the logs. The process that has written a record queues the
background work that applies it to the other tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from emulator.clock import microseconds
from emulator.database.changes import replicas
from emulator.database.changes.replicas import Write
from emulator.database.database import Database
from emulator.database.definitions.replicas import NO_DELAY, Direction
from emulator.database.definitions.tables import ACTIVE, DELETING, TableDefinition
from emulator.database.items.write import replicate
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.deletions import SLICE as DELETED
from emulator.database.store.registry import DefinitionChange
from emulator.errors import ApiError
from emulator.slices import Steps
from emulator.values.rows import decode_row
from storage import ReadTxn, WriteTxn

SLICE: Final = 100
"""The maximum number of records that one slice applies to the table of each other region."""

FORGOTTEN: Final = 500
"""The maximum number of versions of items that one slice deletes in each region."""


# --- the tables of a group ------------------------------------------------------------------------


def others(database: Database, definition: TableDefinition, *, settle: bool = True) -> list[Table]:
    """Return a global table's tables in the other regions, in the order of `membership.others`.

    settle: True to first end the statuses of these tables that are due to end, such as CREATING.
    To end a status, the function writes to the store.
    """
    found = list(database.catalog.group(definition))
    if not settle:
        return found
    return [table for table in map(database.catalog.settle, found) if table is not None]


def expires_here(database: Database, definition: TableDefinition) -> bool:
    """Return True if TTL deletes expired items of this table in its own region.

    In a global table, TTL deletes items only in the region that joined the global table first. The
    deletions are replicated to the other regions (control-plane 6.5).
    """
    if definition.membership is None:
        return True
    tables = [definition, *(table.definition for table in others(database, definition, settle=False))]
    ready = [each for each in tables if each.status != DELETING and each.filling is None and each.membership]
    return min(ready, key=_age, default=definition).region == definition.region


def _age(definition: TableDefinition) -> tuple[float, bool, str]:
    assert definition.membership is not None, "only a table of a group has a date of joining it"
    return definition.membership.added, definition.membership.source is not None, definition.region


# --- moving records -------------------------------------------------------------------------------


def begin(database: Database, definition: TableDefinition) -> None:
    """Queue background work that applies the writes in a table's log to the other regions."""
    database.background.add(("replicate", definition.id), partial(_slice, database, definition))


def begin_all(database: Database) -> None:
    """Queue background work that applies the writes in all tables' logs to the other regions.

    This is needed when the server starts, when the delay or pause of a direction changes, and at
    intervals for writes that had to wait.
    """
    for table in list(database.catalog.everything()):
        if table.definition.membership is not None and table.definition.filling is None:
            begin(database, table.definition)


def _slice(database: Database, queued: TableDefinition) -> bool:
    """Apply some writes of a table's log to the other regions. Return True if more are due now.

    If all other tables of the table's group have been deleted, the table leaves the group.
    """
    table = database.catalog.sibling(queued, queued.region)
    if table is None or table.id != queued.id or table.definition.membership is None:
        return False
    definition, membership = table.definition, table.definition.membership
    members = others(database, definition)
    if not members and definition.status != DELETING:
        _leave(database, definition)
        return False
    now = microseconds(database.clock.now())
    more = False
    with database.write() as txn:
        for target in filter(_is_ready, members):
            if membership.authorized and not _direction(definition, target.definition).paused:
                more = _send(txn, table, membership.log, target, now) or more
        replicas.trim(txn, membership.log, [each.definition.region for each in members], DELETED)
    if definition.status == DELETING and not more:
        database.catalog.settle(table)
    left_group = definition.is_leaving and not more and _disassociate(database, definition, members)
    for each in members:
        if left_group or each.definition.is_leaving:
            begin(database, each.definition)
    return more


def has_waiting(database: Database, definition: TableDefinition) -> bool:
    """Return True if a region that can receive the writes of a table has not yet received them all.

    If so, the table must not be removed yet. Otherwise some regions could have a write that other
    regions never get.
    """
    membership = definition.membership
    if membership is None or not membership.authorized:
        return False
    targets = [each.definition.region for each in database.catalog.group(definition) if _is_ready(each)]
    with database.read() as txn:
        last = replicas.last_number(txn, membership.log)
        return any(replicas.position(txn, membership.log, region) != last for region in targets)


def _direction(definition: TableDefinition, target: TableDefinition) -> Direction:
    """Return the setting of replication from a table to another region's table: delay and pause.

    If the first table is being deleted, there is no delay and no pause.
    """
    assert definition.membership is not None, "only a table of a group has directions of replication"
    return NO_DELAY if definition.status == DELETING else definition.membership.direction(target.region)


def _disassociate(database: Database, definition: TableDefinition, members: Sequence[Table]) -> bool:
    """Remove a table from its group, which it is leaving. Return True if the table was removed.

    Do nothing before the time `definition.until`, or while a write waits to be replicated between
    this table and the other tables, `members`.
    """
    if not database.catalog.has_passed(definition.until):
        return False
    with database.catalog.changing(urgent=True) as change:
        if not _is_complete(change.txn, definition, members):
            return False
        database.catalog.save(change, without_membership(database, change, replace(definition, status=ACTIVE)))
    return True


def _is_complete(txn: ReadTxn, definition: TableDefinition, members: Sequence[Table]) -> bool:
    """Return True if no write waits to be replicated from a table to other tables, or back.

    members: the other tables of the group.
    """
    own = definition.membership
    for each in members:
        other = each.definition.membership
        assert own is not None, "only a table of a group can be compared with its other tables"
        assert other is not None, "the other tables must belong to the same group"
        for log, region in ((own.log, each.definition.region), (other.log, definition.region)):
            if replicas.position(txn, log, region) != replicas.last_number(txn, log):
                return False
    return True


def _leave(database: Database, definition: TableDefinition) -> None:
    with database.catalog.changing(urgent=True) as change:
        database.catalog.save(change, without_membership(database, change, definition))


def without_membership(database: Database, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
    """Return a table's definition without its membership in a global table.

    This deletes the table's replication data: its log and the versions of its items. The table's
    stream stays (control-plane 6.2).
    """
    if definition.membership is not None:
        database.catalog.deletions.begin(change.txn, keyspace.replica(definition.membership.log))
    return replace(definition, membership=None)


def _is_ready(table: Table) -> bool:
    """Return True if a table can receive replicated writes."""
    definition = table.definition
    authorized = definition.membership is None or definition.membership.authorized
    return authorized and definition.filling is None and definition.status != DELETING


def _send(txn: WriteTxn, table: Table, log: int, target: Table, now: int) -> bool:
    """Apply the next writes of a table to another region's table. Return True if more are due now.

    If the delay of a write is not over, or the throughput of the target is used up, this write and
    all later writes wait.
    log: the id of the table's log.
    target: the table in the other region.
    now: the time in microseconds.
    """
    region = target.definition.region
    due = now - microseconds(_direction(table.definition, target.definition).delay)
    usage = None if table.enforcement is None else table.enforcement.usage
    position = last = replicas.position(txn, log, region)
    found = replicas.pending(txn, log, table.prefix, position, SLICE)
    for number, write in found:
        micros = replicas.micros_of(write.version)
        if micros > due and due < now:
            break
        try:
            _apply(txn, target, write)
        except ApiError:
            break
        last = number
        if usage is not None:
            usage.arrived(region, max(0, now - micros) / 1000)
    if last != position:
        replicas.set_position(txn, log, region, last)
    return len(found) == SLICE and last == found[-1][0]


def _apply(txn: WriteTxn, target: Table, write: Write) -> None:
    """Apply a write of another region to `target`, unless the item there has a later version.

    Raises ApiError if the throughput of the table `target` is used up.
    """
    membership = target.definition.membership
    assert membership is not None, "a write can only be replicated to a table of a group"
    version, item, row = write
    if version <= replicas.version_of(txn, membership.log, item):
        return
    key = target.prefix + item
    old = txn.get(key)
    new = None if row is None else decode_row(row)
    change = Change(key, old, None, row, new, version=version)
    if old != row:
        replicate(txn, target, change, waits=True)
        return
    for follower in target.rewrites:
        follower.follow(txn, change)


# --- versions that nothing needs ------------------------------------------------------------------


def begin_forgetting(database: Database) -> None:
    """Queue background work that deletes unneeded versions of items in all global tables."""
    for table in list(database.catalog.everything()):
        membership = table.definition.membership
        if membership is not None:
            database.background.add(("forget", membership.group), partial(_forget_slice, database, table.definition))


def _forget_slice(database: Database, queued: TableDefinition) -> bool:
    """Delete some versions of items in a global table. Return True if versions remain to delete.

    A version says when and where an item was last written. It is needed to ignore an older write
    that arrives later. If no write waits in any region, no older write can arrive. The versions of
    an item are deleted in all regions in one transaction. If one region kept the version and the
    clock was set back, that region would ignore new writes that all other regions accept.
    """
    table = database.catalog.sibling(queued, queued.region)
    if table is None or table.definition.membership is None:
        return False
    tables = [table, *others(database, table.definition)]
    if not all(_is_ready(each) and not _needs_versions(each.definition) for each in tables):
        return False
    with database.write() as txn:
        txn.urgent = True
        for each in tables:
            if not _is_complete(txn, each.definition, [other for other in tables if other is not each]):
                return False
        logs = [each.definition.membership.log for each in tables if each.definition.membership is not None]
        return replicas.forget(txn, logs, FORGOTTEN)


def _needs_versions(definition: TableDefinition) -> bool:
    """Return True if a table needs the versions of its items to know which writes are in flight.

    changes/strong_replicas.py explains this. In flight means: not yet in all regions.
    """
    membership = definition.membership
    return membership is not None and membership.strong and bool(membership.directions)


# --- directions -----------------------------------------------------------------------------------


class Flow(NamedTuple):
    """One direction of replication, from `source` to `target`, and the writes that wait in it.

    waiting: the number of writes that the target does not have yet.
    due: the time at which the delay of the first waiting write is over, in seconds since the epoch.
    None if no write waits, the direction has no delay, or the direction is paused.
    """

    source: TableDefinition
    target: TableDefinition
    direction: Direction
    waiting: int
    due: float | None


def flows(database: Database, definition: TableDefinition) -> list[Flow]:
    """Return one `Flow` for each direction from this table to another table of its group."""
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
                [(_, write)] = replicas.pending(txn, membership.log, keyspace.items(definition.id), position, 1)
                due = (replicas.micros_of(write.version) + microseconds(direction.delay)) / 1_000_000
            found.append(Flow(definition, target, direction, waiting, due))
    return found


def set_directions(database: Database, definition: TableDefinition, directions: Mapping[str, Direction]) -> None:
    """Set the delays and pauses of replication from a table to other regions.

    directions: region to which writes go -> delay and pause.

    The directions to regions that are not in `directions` stay as they are.
    """
    assert definition.membership is not None, "only a table of a group has directions of replication"
    now = database.clock.now()
    before = definition.membership.directions
    dated = {region: replace(each, since=_since(each, before.get(region), now)) for region, each in directions.items()}
    merged = {**before, **dated}
    kept = {region: each for region, each in merged.items() if each != NO_DELAY}
    database.catalog.change(replace(definition, membership=replace(definition.membership, directions=kept)))
    begin_all(database)


def _since(direction: Direction, before: Direction | None, now: float) -> float:
    """Return the time at which the pause of a direction began, or 0 if it is not paused.

    before: the earlier setting, or None if the direction had none.
    """
    if not direction.paused:
        return 0.0
    return before.since if before is not None and before.paused else now


def finish(database: Database) -> Steps[None]:
    """Apply to the other regions all writes that are due now, one slice in each step."""
    for table in list(database.catalog.everything()):
        if table.definition.membership is not None and table.definition.filling is None:
            while database.rerun(partial(_slice, database, table.definition)):
                yield None
