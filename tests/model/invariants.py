"""What must hold of a store whatever happened to it, looked up from the items themselves."""

from emulator.database import keyspace, statistics
from emulator.database.database import Database
from emulator.database.schema import Index, Table
from emulator.values.size import item_size
from emulator.values.wire import decode_row, encode_row, row_size
from storage import ReadTxn
from storage.keycode import prefix_end

Rows = list[tuple[bytes, bytes]]

EVERYTHING = (b"", b"\xff" * 64)


def dump(database: Database) -> Rows:
    """Return the whole store."""
    with database.engine.read() as txn:
        return list(txn.scan(*EVERYTHING))


def check_store(database: Database) -> None:
    """Assert that items, index entries, counts and sizes agree, and that nothing else is in the store."""
    with database.engine.read() as txn:
        known = [(b"\x01", b"\x03"), keyspace.drops()]
        known += [(prefix, prefix_end(prefix)) for prefix in _being_dropped(txn)]
        for table in database.catalog.everything():
            check_table(txn, table)
            known.append((table.statistics_key, table.statistics_key + b"\0"))
            known += [(source.prefix, prefix_end(source.prefix)) for source in (table, *table.indexes)]
        stray = [key for key, _ in txn.scan(*EVERYTHING) if not any(start <= key < stop for start, stop in known)]
    assert stray == []


def _being_dropped(txn: ReadTxn) -> list[bytes]:
    return [kind + record[1:] for record, kind in txn.scan(*keyspace.drops())]


def check_table(txn: ReadTxn, table: Table) -> None:
    """Assert that a table's rows are sound and that its indexes and statistics say the same as a recount."""
    rows = _rows(txn, table)
    for key, row in rows:
        item = decode_row(row)
        assert key == table.key_of_item(item)
        assert row == encode_row(item, item_size(item))
    counts = [_count(rows)]
    for index in table.indexes:
        entries = _rows(txn, index)
        assert entries == _entries(index, rows), index.name
        counts.append(_count(entries))
    assert statistics.read(txn, table.statistics_key, len(counts)) == counts


def _rows(txn: ReadTxn, source: Table | Index) -> Rows:
    return list(txn.scan(source.prefix, prefix_end(source.prefix)))


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
