"""The coming events: what happens when the emulator's clock reaches a certain time.

A test can move the clock from event to event.

| kind                | resource                  | what happens                                              |
|---------------------|---------------------------|-----------------------------------------------------------|
| `TableStatus`       | ARN of the table          | CREATING, UPDATING or DELETING ends                       |
| `IndexStatus`       | ARN of the index          | CREATING, UPDATING or DELETING ends                       |
| `Backfill`          | ARN of the index          | the filling of an index with a pace ends, or its next     |
|                     |                           | 5,000 items are done                                      |
| `KinesisStatus`     | ARN of the table          | a status of a Kinesis destination ends                    |
| `StreamStatus`      | ARN of the stream         | ENABLING or DISABLING ends                                |
| `InsightsStatus`    | ARN of the table or index | ENABLING or DISABLING of Contributor Insights ends        |
| `ResourcePolicy`    | ARN of the table, stream  | a change of a resource policy comes into force            |
| `Settings`          | ARN of the table or index | a change of settings comes into force                     |
| `Replication`       | ARN of the replica        | a write reaches a replica after a delay (`replication`)   |
| `TimeToLive`        | ARN of the table          | an item expires                                           |
| `ShardRollover`     | ARN of the stream         | open shards are closed, and their children are opened     |
| `ShardExpiry`       | ARN of the stream         | a closed shard is deleted: all its records are too old    |
| `StreamTrimming`    | ARN of the stream         | the oldest record of a shard is no longer readable        |
| `StreamExpiry`      | ARN of the stream         | a disabled stream is deleted                              |
| `BackupExpiry`      | ARN of the backup         | a system backup is deleted                                |
| `S3Job`             | ARN of the export, import | the work begins (only with `--delay-transient-statuses`)  |
|                     | or bulk operation         |                                                           |
| `Transaction`       | table name, ARN, or token | a declared transaction ends                               |
| `MappingState`      | UUID of the mapping       | Creating, Enabling, Updating ... ends                     |
| `FunctionRetry`     | UUID of the mapping       | a failed batch is sent again                              |
| `BatchingWindow`    | UUID of the mapping       | a batch is sent although it is not full                   |
| `ScheduledAction`   | ARN of the scalable target| a scheduled action of auto scaling happens                |

The last four kinds come from event_sources and auto_scaling; `Emulator.coming_events` adds them.
Only the process that calls functions knows of retries and batching windows.

The events of the other kinds follow from declarations and from the store, so all processes of a
server find the same events. Only the owner knows the exact time of a Backfill. The time of an
event is the time at which an item expires or a shard is old enough. The sweep or rollover runs
later, because the scheduler runs it at intervals.
"""  # noqa: W505 - a table

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from emulator.database.changes import reader
from emulator.database.changes.record import record_time
from emulator.database.changes.ttl_queue import queue_of
from emulator.database.database import Database
from emulator.database.definitions.streams import SHARD_LIFE, Shard, StreamDefinition
from emulator.database.definitions.tables import ACTIVE, IndexDefinition, TableDefinition
from emulator.database.history import backups
from emulator.database.jobs import pacing, replication, ttl_sweep
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.slices import Steps
from storage import ReadTxn
from storage.keycode import prefix_end, u64

if TYPE_CHECKING:
    from emulator.database.definitions.vectors import VectorDefinition

Relation: TypeAlias = "TableDefinition | IndexDefinition | VectorDefinition"

MILLISECOND: Final = 0.001

_IN_STEP: Final = 200
"""The maximum number of tables or streams that one step of `next_events` examines.

Each table or stream takes 10 to 30 microseconds.
"""


class Event(NamedTuple):
    """Something that happens at a time of the emulator's clock (in seconds since the epoch).

    kind, resource: see the table in this module's docstring.
    """

    time: float
    kind: str
    resource: str


def next_events(database: Database) -> Steps[list[Event]]:
    """Return the next events of each table, stream, backup, S3 job and transaction, unsorted.

    The time of an event may have passed, for example if no sweep has deleted an expired item yet.
    """
    now = database.clock.now()
    found: list[Event] = [*_transactions(database, now)]
    for number, table in enumerate(list(database.catalog.everything()), start=1):
        found += _of_table(database, table, now)
        if number % _IN_STEP == 0:
            yield None
    for number, stream in enumerate(list(database.streams.visible()), start=1):
        found += _of_stream(database, stream, now)
        if number % _IN_STEP == 0:
            yield None
    for backup in database.backups:
        if backup.expires is not None:
            found.append(Event(backup.expires, "BackupExpiry", backup.arn))
    jobs = {} if database.known_s3_jobs is None else database.known_s3_jobs.unfinished()
    found += [Event(job.begins, "S3Job", job.arn) for job in jobs.values() if job.started <= now < job.begins]
    return found


def let_happen(database: Database) -> Steps[None]:
    """Do or queue the work of all events that are due, without waiting for the scheduler."""
    database.rerun(database.catalog.settle_all)
    yield from ttl_sweep.sweep(database, ttl_sweep.tables(database))
    yield from replication.finish(database)
    database.streams.begin_roll_over()
    database.histories.begin_trimming()
    backups.begin_expiry(database)


def _transactions(database: Database, now: float) -> Iterator[Event]:
    locks, tokens = database.enforcer.transactions(now)
    for lock in locks:
        yield Event(lock.until, "Transaction", lock.table)
    for token, until in tokens.items():
        yield Event(until, "Transaction", token)


# --- tables ---------------------------------------------------------------------------------------


def _of_table(database: Database, table: Table, now: float) -> Iterator[Event]:
    definition = table.definition
    if table.transient:
        yield from _of_relation(database, definition, "TableStatus", table.arn)
        for index in definition.every_index:
            yield from _of_relation(database, index, "IndexStatus", f"{table.arn}/index/{index.name}")
    for name, setting in definition.insights_settings():
        if not database.catalog.has_passed(setting.until):
            yield Event(setting.until, "InsightsStatus", table.arn if name is None else f"{table.arn}/index/{name}")
    if definition.policy is not None and not database.catalog.has_passed(definition.policy.until):
        yield Event(definition.policy.until, "ResourcePolicy", table.arn)
    for destination in definition.kinesis:
        if not database.catalog.has_passed(destination.until):
            yield Event(destination.until, "KinesisStatus", table.arn)
    for name, end in pacing.ends(database, table):
        yield Event(end + MILLISECOND, "Backfill", f"{table.arn}/index/{name}")
    if definition.membership is not None:
        for flow in replication.flows(database, definition):
            if flow.due is not None:
                yield Event(flow.due, "Replication", flow.target.arn)
    expiry = _first_expiry(database, definition, now)
    if expiry is not None:
        yield Event(expiry, "TimeToLive", table.arn)


def _of_relation(database: Database, relation: Relation, kind: str, resource: str) -> Iterator[Event]:
    has_passed = database.catalog.has_passed
    if relation.status != ACTIVE and not has_passed(relation.until):
        yield Event(relation.until, kind, resource)
    for change in relation.pending:
        if not has_passed(change.until):
            yield Event(change.until, "Settings", resource)


def _first_expiry(database: Database, definition: TableDefinition, now: float) -> float | None:
    """Return the time at which the next item of a table expires, None if no item expires.

    An item expires one millisecond after its TTL time, because the TTL time must be in the past.
    Items that expired more than five years ago do not count: no sweep deletes them.
    """
    queue = queue_of(definition)
    if queue is None:
        return None
    oldest, _ = queue.expired(now)
    with database.read() as txn:
        ticket = next(txn.scan(oldest, prefix_end(queue.prefix)), None)
    return None if ticket is None else keyspace.time_of_ticket(ticket[0]) / 1000 + MILLISECOND


# --- streams --------------------------------------------------------------------------------------


def _of_stream(database: Database, stream: StreamDefinition, now: float) -> Iterator[Event]:
    if not database.catalog.has_passed(stream.until):
        yield Event(stream.until, "StreamStatus", stream.arn)
    if stream.policy is not None and not database.catalog.has_passed(stream.policy.until):
        yield Event(stream.policy.until, "ResourcePolicy", stream.arn)
    for shard in stream.shards:
        if shard.closed is None:
            yield Event(shard.opened + SHARD_LIFE, "ShardRollover", stream.arn)
        else:
            yield Event(shard.closed + stream.retention, "ShardExpiry", stream.arn)
    if stream.disabled is not None:
        yield Event(stream.disabled + stream.retention, "StreamExpiry", stream.arn)
    with database.read() as txn:
        times = [time for shard in stream.shards if (time := _oldest(txn, stream, shard, now)) is not None]
    if times:
        yield Event(min(times) + stream.retention + MILLISECOND, "StreamTrimming", stream.arn)


def _oldest(txn: ReadTxn, stream: StreamDefinition, shard: Shard, now: float) -> float | None:
    """Return the time of a shard's oldest record that clients can read, None if there is none."""
    prefix = keyspace.shard_records(stream.id, shard.number)
    first = reader.first_since(txn, stream, shard, stream.oldest(now))
    rows, _ = txn.page(prefix + u64(first), prefix_end(prefix), 1)
    return record_time(rows[0]) if rows else None
