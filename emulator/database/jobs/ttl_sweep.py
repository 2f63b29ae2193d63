"""Deleting expired items (behaviour 12), in slices of background work.

A *ticket* is a key in a table's TTL queue: an item's time of expiry, and the item's key. A sweep
first checks whether the first ticket of each queue has expired. If it has, the sweep reads the
expired tickets and their items. It deletes items with `store`, as requests do, so indexes,
statistics, item collections and streams stay correct. A deletion by TTL consumes no capacity.
Enforced throughput limits and transactions that a test declares do not prevent the deletion. Until
an expired item is deleted, clients can read and write it like any other item.
"""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Final

from emulator.database.changes.ttl_queue import TtlQueue, queue_of
from emulator.database.database import Database
from emulator.database.definitions.tables import DELETING
from emulator.database.items.write import store
from emulator.database.jobs import ttl_fill
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.slices import Steps
from emulator.values.rows import decode_row
from storage import WriteTxn

# The maximum number of items that one slice of background work deletes. This takes 6 ms, or 20 ms
# if the table has a stream and an index.
SLICE: Final = 500
# The maximum number of items that one step deletes while a request waits for the sweep (slices.py).
SLICE_OF_SWEEP: Final = 100


def begin(database: Database) -> None:
    """Queue the deletion of expired items for each table that has expired items."""
    now = database.clock.now()
    with database.read() as txn:
        for table in tables(database):
            queue = queue_of(table.definition)
            if queue is not None and next(txn.scan(*queue.expired(now)), None) is not None:
                database.background.add(("sweep", table.id), partial(_sweep_slice, database, table))


def tables(database: Database) -> list[Table]:
    """Return all tables with TTL; of a global table, only the one where TTL deletes items."""
    everything = database.catalog.everything()
    found = [
        table for table in everything if table.definition.ttl_queue is not None and table.definition.status != DELETING
    ]
    if not any(table.definition.membership for table in found):
        return found
    from emulator.database.jobs.replication import expires_here  # noqa: PLC0415 - few tables have replicas

    return [table for table in found if expires_here(database, table.definition)]


def sweep(database: Database, swept: Iterable[Table]) -> Steps[Counter[str]]:
    """Delete all expired items of these tables now, one slice of items in each step.

    Return the number of deleted items: ARN of a table -> number. A table in which no item was
    deleted is left out.
    """
    deleted: Counter[str] = Counter()
    for table in swept:
        yield from ttl_fill.finish(database, table)
        more = True
        while more:
            count, more = database.rerun(partial(_sweep, database, table, SLICE_OF_SWEEP))
            deleted[table.arn] += count
            yield None
    return +deleted


def _sweep_slice(database: Database, table: Table) -> bool:
    """Delete one slice of a table's expired items. Return True if expired items may remain."""
    _, more = _sweep(database, table, SLICE)
    return more


def _sweep(database: Database, table: Table, limit: int) -> tuple[int, bool]:
    """Delete up to `limit` expired items.

    Return a pair: the number of deleted items, and True if expired items may remain.
    """
    current = database.catalog.current(table)
    queue = None if current is None else queue_of(current.definition)
    if current is None or queue is None:
        return 0, False
    expired = queue.expired(database.clock.now())
    with database.write() as txn:
        txn.urgent = True
        tickets = [ticket for ticket, _ in islice(txn.scan(*expired), limit)]
        count = sum(_expire(txn, current, queue, ticket) for ticket in tickets)
    return count, len(tickets) == limit


def _expire(txn: WriteTxn, table: Table, queue: TtlQueue, ticket: bytes) -> bool:
    """Delete the item of an expired ticket, which is a key in the table's TTL queue.

    Return True if the item was deleted. If the item no longer exists, or has another time of expiry
    now, delete only the ticket.
    """
    key = keyspace.expiring_item(table.prefix, ticket)
    row = txn.get(key)
    item = None if row is None else decode_row(row)
    if item is None or queue.ticket(item, key) != ticket:
        txn.delete(ticket)
        return False
    store(txn, table, Change(key, row, item, None, None, expired=True))
    return True
