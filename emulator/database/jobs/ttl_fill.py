"""Filling a TTL queue, in slices, with the items that existed before TTL was switched on.

A TTL queue lists the items of a table that have a time of expiry, in the order of this time. A walk
(walk.py) visits the items. Every write of an item updates the queue, even if the walk has not
reached the item yet, because adding an item to the queue twice does no harm. (A backfill of an
index is different: a write of an item that the walk has not reached does not update the index.)
Sweeps, which delete expired items, do not wait for the end of the walk.
"""

from dataclasses import replace
from functools import partial
from typing import Final

from emulator.database.changes.ttl_queue import queue_of
from emulator.database.database import Database
from emulator.database.jobs import walk
from emulator.database.schema.table import Table
from emulator.slices import Steps
from emulator.values.rows import decode_row

SLICE: Final = 500  # the maximum number of items that one slice visits, which takes about 4 ms


def begin(database: Database, table: Table) -> None:
    """Queue background work that adds the table's existing items to its TTL queue."""
    queue_id = table.definition.ttl_queue
    walk.begin(database, table, ("queue", queue_id), partial(_fill, database, queue_id))


def resume_all(database: Database) -> None:
    """Queue background work that continues to fill each incomplete TTL queue."""
    for table in list(database.catalog.everything()):
        if table.definition.ttl_filled_to is not None:
            begin(database, table)


def finish(database: Database, table: Table) -> Steps[None]:
    """Add the remaining items of a table to its TTL queue now, one slice of items in each step."""
    return walk.finish(database, table, partial(_fill, database, table.definition.ttl_queue))


def _fill(database: Database, queue_id: int | None, table: Table) -> bool:
    """Add one slice of items to the TTL queue. Return True if items remain.

    queue_id: the id of the queue to fill. If the queue has been deleted, or is already complete,
    the function adds nothing and returns False.
    """
    definition = table.definition
    queue = queue_of(definition)
    if queue is None or definition.ttl_queue != queue_id or definition.ttl_filled_to is None:
        return False
    with database.catalog.changing() as change:
        txn = change.txn
        rows, filled_to = walk.next_rows(txn, table, definition.ttl_filled_to, SLICE)
        for item_key, row in rows:
            ticket = queue.ticket(decode_row(row), item_key)
            if ticket is not None:
                txn.put(ticket, b"")
        database.catalog.save(change, replace(definition, ttl_filled_to=filled_to))
    return filled_to is not None
