"""Filling a new index from the items that were there before it, in slices, while the table serves requests.

The index remembers how far it has come (`filled_to`, an item key). Writes to items up to there enter the index at once;
items beyond are left alone until the walk reaches them, so neither side ever enters or charges an item twice. Items
without the index's key attributes, or with a wrong type, are skipped (service-behaviour.md 10.4).
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from emulator.database import statistics
from emulator.database.definitions import IndexDefinition, TableDefinition
from emulator.database.schema import Table
from emulator.values.rows import decode_row, row_size
from storage.keycode import prefix_end

if TYPE_CHECKING:
    from emulator.database.database import Database

SLICE: Final = 500  # items visited in one slice of background work: about 10 ms


def begin(database: "Database", table: Table, index_id: int) -> None:
    """Queue the filling of an index."""
    space = database.catalog.tables_of(table)
    name, table_id = table.name, table.id

    def slice_() -> bool:
        current = space.get(name)
        if current is None or current.id != table_id:
            return False
        return _fill(database, current, index_id)

    database.background.add(slice_)


def resume_all(database: "Database") -> None:
    """Queue the fillings that an earlier process left unfinished."""
    for table in list(database.catalog.everything()):
        for index in table.definition.indexes:
            if index.filled_to is not None:
                begin(database, table, index.id)


def _fill(database: "Database", table: Table, index_id: int) -> bool:
    """Enter one slice of items; return True while there are more."""
    index = next((index for index in table.indexes if index.definition.id == index_id), None)
    if index is None or index.filled_to is None:
        return False
    count = added = size = 0
    with database.write() as txn:
        start = max(table.prefix, index.filled_to + b"\0") if index.filled_to else table.prefix
        rows = []
        for key, row in txn.scan(start, prefix_end(table.prefix)):
            rows.append((key, row))
            count += 1
            if count == SLICE:
                break
        for item_key, row in rows:
            item = decode_row(row)
            entry_key = index.key(item, item_key)
            if entry_key is None:
                continue
            entry = index.row(item, row)
            txn.put(entry_key, entry)
            added += 1
            size += row_size(entry)
        done = count < SLICE
        deltas = [(0, 0)] * (len(table.indexes) + 1)
        deltas[index.position] = (added, size)
        statistics.add(txn, table.statistics_key, deltas)
        filled_to = None if done else rows[-1][0].hex()
        saved = database.catalog.save(txn, with_index(table, replace(index.definition, filled_to=filled_to)))
    database.catalog.publish(saved)
    return not done


def with_index(table: Table, index: IndexDefinition) -> TableDefinition:
    """Return the table's definition with one index replaced."""
    indexes = tuple(index if each.id == index.id else each for each in table.definition.indexes)
    return replace(table.definition, indexes=indexes)
