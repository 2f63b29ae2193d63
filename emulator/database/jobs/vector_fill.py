"""Filling new vector indexes, in slices, with the items that existed before them.

This works like backfill.py. A walk visits the table's items. The index's definition stores the
position of the walk (`filled_to`), and a write to an item after this position does not update the
index. A pace that a test has set for the table (pacing.py) holds for vector indexes too. The walk
does not add an item without a valid vector, or an item that must not have an entry for another
reason (features 1.4).
"""

from dataclasses import replace
from functools import partial
from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.tables import DELETING
from emulator.database.items import vectors
from emulator.database.jobs import pacing, walk
from emulator.database.schema.table import Table
from emulator.database.schema.vector_index import VectorIndex
from emulator.slices import Steps

SLICE: Final = 500  # the maximum number of items that one slice visits
NUMBERS_IN_SLICE: Final = 25_600  # the maximum number of vector components that one slice adds, in 6 ms


def begin_all(database: Database, table: Table) -> None:
    """Queue background work that fills each incomplete vector index of a table."""
    for index in table.definition.vectors:
        if index.filled_to is not None:
            pacing.start(database, index.id)
            walk.begin(database, table, ("vectors", index.id), partial(_fill, database, index.id))


def resume_all(database: Database) -> None:
    """Queue background work that continues to fill each incomplete vector index of all tables."""
    for table in list(database.catalog.everything()):
        begin_all(database, table)


def advance_all(database: Database) -> Steps[None]:
    """Add items to all incomplete vector indexes as far as their pace allows.

    Each step adds one slice of items to one index.
    """
    for table in list(database.catalog.everything()):
        for index in table.definition.vectors:
            if index.filled_to is not None:
                yield from walk.finish(database, table, partial(_fill, database, index.id))


def items_in_slice(index: VectorIndex) -> int:
    """Return the maximum number of items that one slice may visit for a vector index."""
    return min(SLICE, max(1, NUMBERS_IN_SLICE // index.dimensions))


def _fill(database: Database, index_id: int, table: Table) -> bool:
    """Add one slice of items to a vector index. Return True if the caller must call again.

    Return False if no items remain, if the index was deleted, or if the pace of the index allows no
    items now.
    """
    index = next((index for index in table.vectors if index.definition.id == index_id), None)
    if index is None or index.definition.filled_to is None or index.definition.status == DELETING:
        return False
    limit = pacing.allowed(database, table.definition, index_id, items_in_slice(index))
    if limit == 0:
        return False
    with database.catalog.changing() as change:
        rows, filled_to = walk.next_rows(change.txn, table, index.definition.filled_to, limit)
        for item_key, row in rows:
            vectors.write(change.txn, vectors.change_by_backfill(index, row), item_key)
        filled = replace(index.definition, filled_to=filled_to)
        definitions = tuple(filled if each.id == index_id else each for each in table.definition.vectors)
        database.catalog.save(change, replace(table.definition, vectors=definitions))
    pacing.visited(database, index_id, len(rows))
    return filled_to is not None
