"""What must hold of a store whatever happened to it, looked up from the items themselves."""

from collections import Counter

from emulator.database import keyspace, statistics
from emulator.database.database import Database
from emulator.database.schema import Index, Table
from emulator.values.rows import decode_row, encode_row, row_size
from emulator.values.size import item_size
from storage import ReadTxn
from storage.keycode import prefix_end

Rows = list[tuple[bytes, bytes]]

EVERYTHING = (b"", b"\xff" * 64)
OWNED = (b"\x03", b"\x04", b"\x05", b"\x09")
"""First bytes of the keys of items, index entries, statistics and item collections: all that belongs to a table."""


def dump(database: Database) -> Rows:
    """Return the whole store."""
    with database.engine.read() as txn:
        return list(txn.scan(*EVERYTHING))


def check_store(database: Database) -> None:
    """Assert that items, index entries, counts and sizes agree, and that nothing of tables that are gone is left."""
    with database.engine.read() as txn:
        known = [keyspace.dropped_range(record) for record, _ in txn.scan(*keyspace.drops())]
        for table in database.catalog.everything():
            check_table(txn, table)
            prefixes = [table.statistics_key, keyspace.collections(table.id)]
            prefixes += [source.prefix for source in (table, *table.indexes)]
            known += [(prefix, prefix_end(prefix)) for prefix in prefixes]
        owned = [key for first in OWNED for key, _ in txn.scan(first, prefix_end(first))]
        stray = [key for key in owned if not any(start <= key < stop for start, stop in known)]
    assert stray == []


def check_table(txn: ReadTxn, table: Table) -> None:
    """Assert that a table's rows are sound and that its indexes and statistics say the same as a recount."""
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
    prefix = keyspace.collections(table.id)
    assert dict(_rows(txn, prefix)) == {key: total.to_bytes(8, "big") for key, total in collections.items()}
    assert statistics.read(txn, table.statistics_key, len(counts)) == counts


def _rows(txn: ReadTxn, prefix: bytes) -> Rows:
    return list(txn.scan(prefix, prefix_end(prefix)))


def _entries(index: Index, rows: Rows) -> Rows:
    """Return what the index must hold: an entry of each item that has its key, as far as its filling has come."""
    entries = []
    for item_key, row in rows:
        item = decode_row(row)
        key = index.key(item, item_key)
        if key is not None and index.holds(item_key):
            entries.append((key, index.row(item, row)))
    return sorted(entries)


def _count(rows: Rows) -> tuple[int, int]:
    return len(rows), sum(row_size(row) for _, row in rows)
