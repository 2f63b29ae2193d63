"""The contents of a scope: what is stored for its tables, streams and event source mappings."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from emulator.database.changes.log import counter_key
from emulator.database.database import Database
from emulator.database.definitions import kinesis, mappings
from emulator.database.snapshots.scope import Scope
from emulator.database.store import keyspace
from emulator.database.store.deletions import SLICE
from emulator.database.store.registry import DefinitionChange
from storage import ReadTxn, WriteTxn

_EXPIRY: Final = 8  # bytes at the start of a token's record: when it expires


@dataclass(frozen=True, slots=True)
class Contents:
    """What is stored for a scope. Dictionaries without values are ordered sets.

    definitions: storage keys of tables, streams and mappings, with their stored values.
    data: prefixes of items, entries, statistics, collections, TTL queues and stream records.
    counters: keys of the last sequence numbers of streams.
    checkpoints: prefixes of the checkpoints of consumers.
    tables: those keys of `definitions` that are of tables.
    """

    definitions: dict[bytes, bytes] = field(default_factory=dict)
    data: dict[bytes, None] = field(default_factory=dict)
    counters: dict[bytes, None] = field(default_factory=dict)
    checkpoints: dict[bytes, None] = field(default_factory=dict)
    tables: list[bytes] = field(default_factory=list)


def contents_of(database: Database, txn: ReadTxn, scope: Scope) -> Contents:
    """Return what is stored for a scope now. txn: of a change, so that definitions are current."""
    found = Contents()
    logs: list[int] = []
    for key, stored in txn.scan(*scope.tables()):
        table = database.catalog.stored(key)
        assert table is not None, "a write transaction sees the definitions that this process holds"
        found.definitions[key] = stored
        found.tables.append(key)
        found.data.update(dict.fromkeys((*table.data_prefixes(), keyspace.statistics(table.id))))
        logs += [each.stream_id for each in table.kinesis if each.stream_id is not None]
    _add_streams(found, txn, [*(stream.id for stream in database.streams.owned(scope.owns)), *logs])
    for key, stored in txn.scan(*scope.mappings()):
        found.definitions[key] = stored
        found.checkpoints[keyspace.checkpoints(mappings.consumer(keyspace.uuid_of_mapping(key)))] = None
    return found


def _add_streams(found: Contents, txn: ReadTxn, streams: Iterable[int]) -> None:
    for number in streams:
        key = keyspace.stream(number)
        stored = txn.get(key)
        if stored is not None:
            found.definitions[key] = stored
            found.data[keyspace.stream_records(number)] = None
            found.counters[counter_key(number)] = None
            found.checkpoints[keyspace.checkpoints(kinesis.consumer(number))] = None


def withdraw(database: Database, change: DefinitionChange, gone: Contents) -> None:
    """Remove contents. Nobody can reach them after the commit.

    What is small is deleted at once, and the rest in the background.
    """
    deletions = database.catalog.deletions
    for key in gone.definitions:
        database.registries.remove(change, key)
    for prefix in (*gone.data, *gone.checkpoints):
        deletions.drop(change.txn, prefix)
    for key in gone.counters:
        change.txn.delete(key)


def forget_tokens(txn: WriteTxn, scope: Scope) -> None:
    """Forget the ClientRequestTokens of a scope, so that repeated requests are run again."""
    tokens = scope.tokens()
    if tokens is None:
        for start, stop in keyspace.tokens():
            while txn.drop_range(start, stop, SLICE) == SLICE:
                pass
        return
    for key, record in list(txn.scan(*tokens)):
        txn.delete(keyspace.token_expiry(record[:_EXPIRY], key))
        txn.delete(key)
