"""Rules that hold in every store: all other data, such as indexes, agree with the items."""

import struct
from collections import Counter
from fractions import Fraction
from math import floor
from typing import Any

from emulator.database.changes import replicas
from emulator.database.changes.history import record_of
from emulator.database.changes.log import counter_key
from emulator.database.changes.ttl_queue import queue_of
from emulator.database.database import Database
from emulator.database.definitions.histories import HistoryDefinition
from emulator.database.definitions.kinesis import consumer
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.items import statistics
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.schema.vector_index import VectorIndex
from emulator.database.store import keyspace
from emulator.database.views.views import View
from emulator.event_sources.mapping import EventSourceMapping
from emulator.values.rows import decode_row, encode_row, row_size
from emulator.values.size import item_size, value_size
from storage import ReadTxn
from storage.keycode import prefix_end, u64

Rows = list[tuple[bytes, bytes]]
Ranges = list[tuple[bytes, bytes]]

EVERYTHING = (b"", b"\xff" * 64)
OWNED = (
    b"\x03",
    b"\x04",
    b"\x05",
    b"\x09",
    b"\x0a",
    b"\x0b",
    b"\x0c",
    b"\x0e",
    b"\x0f",
    b"\x12",
    b"\x13",
    b"\x18",
    b"\x1b",
    b"\x20",
)
"""First bytes of keys that belong to a table, a stream, a stream's consumer or a frozen view.

They are keys of items, index entries, statistics, item collections, streams, records, TTL queues,
checkpoints, originals, records of histories, their entries, data of replicas, lag logs and data of
vector indexes.
"""


def dump(database: Database) -> Rows:
    """Return all keys and values of the store."""
    with database.engine.read() as txn:
        return list(txn.scan(*EVERYTHING))


def check_store(database: Database) -> None:
    """Assert that all data agree with the items, and that no data of deleted tables are left."""
    with database.engine.read() as txn:
        known = [keyspace.deleted_range(record) for record, _ in txn.scan(*keyspace.deletions())]
        for table in database.catalog.everything():
            check_table(txn, table)
            known += _of_table(table)
        streams = [StreamDefinition.load(value) for _, value in txn.scan(*keyspace.streams())]
        check_streams(txn, database, streams)
        for stream in streams:
            known += _of_stream(stream)
        known += check_histories(txn, database)
        for _, value in txn.scan(*keyspace.mappings()):
            known.append(_range(keyspace.checkpoints(EventSourceMapping.load(value).consumer)))
        known += [_range(View.load(value).originals) for _, value in txn.scan(*keyspace.views())]
        owned = [key for first in OWNED for key, _ in _rows(txn, first)]
        stray = [key for key in owned if not any(start <= key < stop for start, stop in known)]
    assert stray == []


def _of_table(table: Table) -> Ranges:
    """Return the ranges of keys that belong to a table."""
    prefixes = [table.statistics_key, keyspace.collections(table.id), table.prefix]
    prefixes += [index.prefix for index in table.indexes]
    prefixes += [index.prefix for index in table.vectors]
    if table.definition.membership is not None:
        prefixes.append(keyspace.replica(table.definition.membership.log))
    if table.definition.lag_log is not None:
        prefixes.append(keyspace.lag(table.definition.lag_log))
    queue = queue_of(table.definition)
    prefixes += [] if queue is None else [queue.prefix]
    return [_range(prefix) for prefix in prefixes]


def _of_stream(stream: StreamDefinition) -> Ranges:
    """Return the ranges of keys that belong to a stream, with the records of its shards."""
    prefixes = [keyspace.stream(stream.id), keyspace.checkpoints(consumer(stream.id))]
    prefixes += [keyspace.shard_records(stream.id, shard.number) for shard in stream.shards]
    return [_range(prefix) for prefix in prefixes]


def check_histories(txn: ReadTxn, database: Database) -> Ranges:
    """Assert that the records of each history agree with the entries that list them by item.

    An open history belongs to a table; a closed history belongs to none. Return the ranges of keys
    that belong to histories.
    """
    stored = [HistoryDefinition.load(value) for _, value in txn.scan(*keyspace.histories())]
    used = {table.definition.history for table in database.catalog.everything()} - {None}
    assert used == {history.id for history in stored if history.closed is None}
    known: Ranges = []
    for history in stored:
        assert database.histories.get(history.id) == history
        records, entries = keyspace.history_records(history.id), keyspace.history_pointers(history.id)
        known += [_range(records), _range(entries)]
        wanted = {
            entries + keyspace.history_item(record_of(record).item) + key[keyspace.ITEM_PREFIX :]
            for key, record in _rows(txn, records)
        }
        assert wanted == {key for key, _ in _rows(txn, entries)}
    return known


def check_streams(txn: ReadTxn, database: Database, streams: list[StreamDefinition]) -> None:
    """Assert that memory has the stored streams, and that each enabled stream has a table."""
    definitions = [table.definition for table in database.catalog.everything()]
    used = {each.stream_id for each in definitions} | {k.stream_id for each in definitions for k in each.kinesis}
    stored = {stream.id for stream in streams}
    assert used - {None} <= stored
    for stream in streams:
        assert database.streams.get(stream.id) == stream
        assert stream.disabled is not None or stream.id in used
    counters = {key for key, _ in _rows(txn, keyspace.counter("sequence "))}
    assert counters <= {counter_key(number) for number in stored}


def check_table(txn: ReadTxn, table: Table) -> None:
    """Assert that a table's rows are valid, and that indexes and statistics equal a recount."""
    rows = _rows(txn, table.prefix)
    for key, row in rows:
        item = decode_row(row)
        assert key == table.key_of_item(item)
        assert row == encode_row(item, item_size(item))
    counts = [_count(rows)]
    collections: Counter[bytes] = Counter()
    for index in table.indexes:
        entries = _rows(txn, index.prefix)
        assert entries == _entries(index, rows), index.name
        counts.append(_count(entries))
    if table.local_indexes:
        for prefix in [table.prefix, *(index.prefix for index in table.indexes if index.local)]:
            for key, row in _rows(txn, prefix):
                collections[keyspace.collection(table.prefix + key[keyspace.ITEM_PREFIX :])] += row_size(row)
    for vector_index in table.vectors:
        check_vectors(txn, vector_index, rows)
    check_queue(txn, table, rows)
    check_replica(txn, table)
    prefix = keyspace.collections(table.id)
    assert dict(_rows(txn, prefix)) == {key: total.to_bytes(8, "big") for key, total in collections.items()}
    assert statistics.read(txn, table.statistics_key, len(counts)) == counts


def check_vectors(txn: ReadTxn, index: VectorIndex, rows: Rows) -> None:
    """Assert that a vector index has an entry for each vector, and that its counts are right."""
    entries = {}
    size = vectors = lists = 0
    for key, row in rows:
        if not index.covers(key):
            continue
        item = decode_row(row)
        numbers = item.get(index.attribute, {}).get("L", ())
        if len(numbers) != index.dimensions or any("N" not in number for number in numbers):
            continue
        vectors += 4 * index.dimensions
        lists += value_size(item[index.attribute])
        hashes = [name for name, kind in index.definition.search if kind == "HASH"]
        if any(index.search[name] not in item.get(name, {}) for name in hashes):
            continue
        entry = struct.pack(f"<{index.dimensions}f", *[float(number["N"]) for number in numbers])
        for name in index.search:
            encoded = keyspace.KEY_BYTES[index.search[name]](item[name]) if name in item else None
            entry += b"\xff" * 4 if encoded is None else len(encoded).to_bytes(4, "big") + encoded
        entries[index.prefix + b"\x01" + key[keyspace.ITEM_PREFIX :]] = entry
        kept = {name: value for name, value in item.items() if index.projects_all or name in index.attributes}
        size += item_size(kept) - value_size(item[index.attribute]) + 4 * index.dimensions
    found = dict(_rows(txn, index.prefix))
    stored = struct.unpack(">5Q", found.pop(index.prefix, bytes(40)))
    changes = {key for key in found if key[keyspace.ITEM_PREFIX] == 2}
    assert {key: value for key, value in found.items() if key not in changes} == entries, index.name
    assert stored[1:] == (len(entries), size, vectors, lists), index.name
    assert len(changes) == min(stored[0], keyspace.KEPT_CHANGES)


def check_queue(txn: ReadTxn, table: Table, rows: Rows) -> None:
    """Assert that a TTL queue has a ticket for each item that can expire, and no others.

    While the queue is being filled, only the items up to `ttl_filled_to` need a ticket.
    """
    definition = table.definition
    assert (definition.ttl_queue is None) == (definition.ttl_attribute is None)
    if definition.ttl_queue is None or definition.ttl_attribute is None:
        assert definition.ttl_filled_to is None
        return
    prefix = keyspace.expiries(definition.ttl_queue)
    wanted, visited = set(), set()
    for key, row in rows:
        expiry = _expiry(decode_row(row).get(definition.ttl_attribute, {}))
        if expiry is not None:
            wanted.add(prefix + u64(expiry) + key[keyspace.ITEM_PREFIX :])
            if definition.ttl_filled_to is None or key.hex() <= definition.ttl_filled_to:
                visited.add(prefix + u64(expiry) + key[keyspace.ITEM_PREFIX :])
    entries = {key for key, _ in _rows(txn, prefix)}
    assert visited <= entries <= wanted


def check_replica(txn: ReadTxn, table: Table) -> None:
    """Assert that the log of a replica agrees with its items.

    A record of the log that contains no row is about the last write of its item: the row is the
    one in the table.
    """
    membership = table.definition.membership
    if membership is None:
        return
    prefix = keyspace.replica(membership.log)
    writes, versions = keyspace.replicated_writes(prefix), keyspace.item_versions(prefix)
    last = replicas.last_number(txn, membership.log)
    for key, record in _rows(txn, writes):
        number = key[len(writes) :]
        assert 0 < int.from_bytes(number, "big") <= last
        write = replicas.write_of(txn, record, table.prefix)
        if replicas.is_in_table(record):
            assert write.row is not None
            assert txn.get(versions + write.item) == write.version + b"\0" + number
    for _, stored in _rows(txn, versions):
        assert replicas.is_version(stored)
    assert all(replicas.position(txn, membership.log, region) <= last for region in membership.others)


def _expiry(value: dict[str, Any]) -> int | None:
    """Return a time to live in milliseconds, or None if the value is not a valid time."""
    milliseconds = floor(Fraction(value["N"]) * 1000) if "N" in value else -1
    return milliseconds if 0 <= milliseconds < 1 << 63 else None


def _range(prefix: bytes) -> tuple[bytes, bytes]:
    return prefix, prefix_end(prefix)


def _rows(txn: ReadTxn, prefix: bytes) -> Rows:
    return list(txn.scan(*_range(prefix)))


def _entries(index: Index, rows: Rows) -> Rows:
    """Return the entries that an index must have, computed from the items of its table.

    An item has an entry if it has the key attributes of the index. While the index is being
    filled, this is true only of the items that the backfill has visited.
    """
    entries = []
    for item_key, row in rows:
        item = decode_row(row)
        key = index.key(item, item_key)
        if key is not None and index.covers(item_key):
            entries.append((key, index.row(item, row)))
    return sorted(entries)


def _count(rows: Rows) -> tuple[int, int]:
    return len(rows), sum(row_size(row) for _, row in rows)
