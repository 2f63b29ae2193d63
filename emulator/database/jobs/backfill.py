"""Backfill: filling a new secondary index with the items that existed before it.

A walk (walk.py) visits the table's items in slices, while the table serves requests. The index's
definition stores the position of the walk (`filled_to`). A write to an item up to this position
also updates the index. A write to an item after this position does not update the index, because
the walk will add that item. So no item is added or charged twice. A test may set the pace of the
walk, or pause it (pacing.py). The walk does not add an item that lacks a key attribute of the
index, or has one of a wrong type (behaviour 10.4).
"""

from dataclasses import replace
from functools import partial
from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.database.items import statistics
from emulator.database.jobs import pacing, walk
from emulator.database.schema.table import Table
from emulator.slices import Steps
from emulator.values.rows import decode_row, row_size

SLICE: Final = 500  # the maximum number of items that one slice visits, which takes about 10 ms


def begin(database: Database, table: Table, index_id: int) -> None:
    """Queue background work that fills the index with the id `index_id` of this table."""
    pacing.start(database, index_id)
    walk.begin(database, table, ("index", index_id), partial(_fill, database, index_id))


def resume_all(database: Database) -> None:
    """Queue the backfills that an earlier server process did not finish."""
    for table in list(database.catalog.everything()):
        for index in table.definition.indexes:
            if index.filled_to is not None:
                begin(database, table, index.id)


def advance_all(database: Database) -> Steps[None]:
    """Add items to all incomplete indexes as far as their pace allows, one slice in each step."""
    for table in list(database.catalog.everything()):
        for index in table.definition.indexes:
            if index.filled_to is not None:
                yield from walk.finish(database, table, partial(_fill, database, index.id))


def _fill(database: Database, index_id: int, table: Table) -> bool:
    """Add one slice of items to an index. Return True if the walk must go on with another slice.

    Return False if no items remain, if the index was deleted, or if its pace allows no items now.
    """
    index = next((index for index in table.indexes if index.definition.id == index_id), None)
    if index is None or index.definition.filled_to is None:
        return False
    limit = pacing.allowed(database, table.definition, index_id, SLICE)
    if limit == 0:
        return False
    added = size = 0
    with database.catalog.changing() as change:
        txn = change.txn
        rows, filled_to = walk.next_rows(txn, table, index.definition.filled_to, limit)
        for item_key, row in rows:
            item = decode_row(row)
            entry_key = index.key(item, item_key)
            if entry_key is None:
                continue
            entry = index.row(item, row)
            txn.put(entry_key, entry)
            added += 1
            size += row_size(entry)
        deltas = [(0, 0)] * (len(table.indexes) + 1)
        deltas[index.position] = (added, size)
        statistics.add(txn, table.statistics_key, deltas)
        database.catalog.save(change, with_index(table, replace(index.definition, filled_to=filled_to)))
    pacing.visited(database, index_id, len(rows))
    return filled_to is not None


def with_index(table: Table, index: IndexDefinition) -> TableDefinition:
    """Return the table's definition in which `index` replaces the definition with the same id."""
    indexes = tuple(index if old.id == index.id else old for old in table.definition.indexes)
    return replace(table.definition, indexes=indexes)
