"""The contents of a scope: all that is stored for a chosen part of the tables, streams and so on.

scope.py defines scopes, which say what a reset or a snapshot covers.
"""

from dataclasses import dataclass, field
from typing import Final, TypeVar

import orjson

from emulator.database.changes.log import counter_key
from emulator.database.database import Database
from emulator.database.definitions import kinesis, mappings
from emulator.database.definitions.backups import Backup
from emulator.database.definitions.s3_jobs import S3Job
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.definitions.tables import TableDefinition
from emulator.database.definitions.tenants import SHARED
from emulator.database.history import backups
from emulator.database.jobs import filling
from emulator.database.snapshots.scope import Scope
from emulator.database.store import keyspace
from emulator.database.store.deletions import SLICE
from emulator.database.store.registry import DefinitionChange
from storage import ReadTxn, WriteTxn

_V = TypeVar("_V")

_EXPIRY: Final = 8  # a token's record begins with its time of expiry, which has this many bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """All that is stored for a scope: for the resources that a reset or a snapshot covers.

    The dictionaries with None values are ordered sets.

    tables, streams, histories, mappings, targets: storage key of a definition -> stored value. The
    targets are the scalable targets of auto scaling.
    data: key prefixes of items, entries, statistics, collections, vectors, TTL queues, and records
    of streams and histories.
    counters: storage keys of the last sequence numbers of streams.
    checkpoints: key prefixes of the checkpoints of consumers.
    incomplete: the definitions of tables that are being filled.
    backups, s3_jobs: the backups, exports, imports and bulk operations. They are empty if the scope
    is limited to some tables. `reset` deletes them, but snapshots do not contain them.
    """

    tables: dict[bytes, bytes] = field(default_factory=dict)
    streams: dict[bytes, bytes] = field(default_factory=dict)
    histories: dict[bytes, bytes] = field(default_factory=dict)
    mappings: dict[bytes, bytes] = field(default_factory=dict)
    targets: dict[bytes, bytes] = field(default_factory=dict)
    data: dict[bytes, None] = field(default_factory=dict)
    counters: dict[bytes, None] = field(default_factory=dict)
    checkpoints: dict[bytes, None] = field(default_factory=dict)
    incomplete: list[TableDefinition] = field(default_factory=list)
    backups: list[Backup] = field(default_factory=list)
    s3_jobs: list[S3Job] = field(default_factory=list)

    def add_stream(self, key: bytes, stored: bytes) -> None:
        """Add a stream with its records, counter and checkpoints.

        key: the storage key of the stream's definition. stored: the definition.
        """
        number = keyspace.stream_of(key)
        self.streams[key] = stored
        self.data[keyspace.stream_records(number)] = None
        self.counters[counter_key(number)] = None
        self.checkpoints[keyspace.checkpoints(kinesis.consumer(number))] = None

    def add_history(self, key: bytes, stored: bytes) -> None:
        """Add a table's history and its records.

        key: the storage key of the history's definition. stored: the definition.
        """
        number = keyspace.history_of(key)
        self.histories[key] = stored
        self.data[keyspace.history_records(number)] = None
        self.data[keyspace.history_pointers(number)] = None

    def add_mapping(self, key: bytes, stored: bytes) -> None:
        """Add an event source mapping and its checkpoints.

        key: the storage key of the mapping's definition. stored: the definition.
        """
        self.mappings[key] = stored
        self.checkpoints[keyspace.checkpoints(mappings.consumer(keyspace.uuid_of_mapping(key)))] = None

    def definitions(self) -> dict[bytes, bytes]:
        """Return all definitions in these contents: storage key -> stored value."""
        return self.tables | self.streams | self.histories | self.mappings | self.targets

    def without(self, other: "Contents") -> "Contents":
        """Return the part of these contents that `other` does not have.

        The result has all incomplete tables of these contents, but no backups and no S3 jobs.
        """
        return Contents(
            _less(self.tables, other.tables),
            _less(self.streams, other.streams),
            _less(self.histories, other.histories),
            _less(self.mappings, other.mappings),
            _less(self.targets, other.targets),
            _less(self.data, other.data),
            _less(self.counters, other.counters),
            _less(self.checkpoints, other.checkpoints),
            self.incomplete,
        )


def _less(mine: dict[bytes, _V], other: dict[bytes, _V]) -> dict[bytes, _V]:
    return {key: value for key, value in mine.items() if key not in other}


def contents_of(database: Database, txn: ReadTxn, scope: Scope) -> Contents:
    """Return all that is stored now for a scope.

    txn: a write transaction. Only a write transaction always sees the same definitions as this
    process has in memory.
    """
    found = Contents()
    logs: list[int] = []
    for span in scope.of_tables():
        for key, stored in txn.scan(*span):
            table = database.catalog.stored(key)
            assert table is not None, "a write transaction must see the definitions that are in memory"
            found.tables[key] = stored
            if table.filling is not None:
                found.incomplete.append(table)
            found.data.update(dict.fromkeys((*table.data_prefixes(), keyspace.statistics(table.id))))
            logs += [each.stream_id for each in table.kinesis if each.stream_id is not None]
    visible = (each.id for each in database.streams.owned(scope.owns) if scope.has(_tenant(each), each.table))
    for number in (*visible, *logs):
        key = keyspace.stream(number)
        stream = txn.get(key)
        if stream is not None:
            found.add_stream(key, stream)
    for history in database.histories.owned(scope.owns):
        key = keyspace.history(history.id)
        stored_history = txn.get(key) if scope.has((history.access_key, history.region), history.table) else None
        if stored_history is not None:
            found.add_history(key, stored_history)
    if scope.tables is None:
        found.backups.extend(each for each in database.backups if scope.owns(each.owner))
    jobs = database.known_s3_jobs
    if scope.tables is None and jobs is not None:
        found.s3_jobs.extend(job for job in jobs.everything() if scope.owns(job.owner))
    for span in scope.of_mappings():
        for key, stored in txn.scan(*span):
            if scope.tables is None or keyspace.stream(mappings.stream_of(stored)) in found.streams:
                found.add_mapping(key, stored)
    for span in scope.of_scalable_targets():
        for key, stored in txn.scan(*span):
            fields = orjson.loads(stored)
            tenant = SHARED if fields["shared"] else (fields["access_key"], fields["region"])
            if scope.has(tenant, fields["resource_id"].split("/")[1]):
                found.targets[key] = stored
    return found


def _tenant(stream: StreamDefinition) -> tuple[str, str]:
    return SHARED if stream.shared else (stream.access_key, stream.region)


def withdraw(database: Database, change: DefinitionChange, gone: Contents) -> None:
    """Remove contents of a scope. After the commit, no request can reach them.

    The transaction of `change` deletes all definitions, and data with few rows. Background work
    deletes the other data.
    """
    deletions = database.catalog.deletions
    for table in gone.incomplete:
        filling.abandon(database, change, table)
    for backup in gone.backups:
        backups.remove(database, database.views, change, backup, no_more_writes=False)
    for key in gone.definitions():
        database.registries.remove(change, key)
    for prefix in (*gone.data, *gone.checkpoints):
        deletions.drop(change.txn, prefix)
    for key in gone.counters:
        change.txn.delete(key)
    # S3 jobs come last. Removing an export closes its frozen view, and after that this transaction
    # must not write keys that the view covers. The deletions above write such keys.
    for job in gone.s3_jobs:
        database.s3_jobs.remove(change, job, database.views)


def forget_tokens(txn: WriteTxn, scope: Scope) -> None:
    """Delete the remembered ClientRequestTokens of a scope.

    If a client repeats a request with such a token, the request runs again.
    """
    spans = scope.of_tokens()
    if spans is None:
        for start, stop in keyspace.tokens():
            while txn.drop_range(start, stop, SLICE) == SLICE:
                pass
        return
    for span in spans:
        for key, record in list(txn.scan(*span)):
            txn.delete(keyspace.token_expiry(record[:_EXPIRY], key))
            txn.delete(key)
