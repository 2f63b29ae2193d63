"""Deleting what has expired (behaviour 12), in slices of background work.

A sweep costs what it deletes, and one look for each table with TTL. Deletions go through the one write path, so indexes,
statistics, item collections and streams follow; they cost no capacity, and neither enforced throughput nor declared
transactions hold them up. Until its slice has come, an expired item is read and written like any other.
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
from emulator.slices import Steps, finish
from emulator.values.rows import decode_row
from storage import WriteTxn

SLICE: Final = 500  # items deleted in one slice of background work: 6 ms, 20 with a stream and an index
SLICE_OF_SWEEP: Final = 100  # items deleted in one step of a sweep that somebody waits for (slices.py)


def begin(database: Database) -> None:
    """Queue the sweeping of all tables in which something has expired."""
    now = database.clock.now()
    with database.read() as txn:
        for table in tables(database):
            queue = queue_of(table.definition)
            if queue is not None and next(txn.scan(*queue.expired(now)), None) is not None:
                database.background.add(("sweep", table.id), partial(_sweep_slice, database, table))


def tables(database: Database) -> list[Table]:
    """Return all tables with TTL."""
    everything = database.catalog.everything()
    return [
        table for table in everything if table.definition.ttl_queue is not None and table.definition.status != DELETING
    ]


def sweep_now(database: Database, swept: Iterable[Table]) -> Counter[str]:
    """Delete all that has expired in these tables, at once; return how many items by the ARNs of their tables."""
    return finish(sweep(database, swept))


def sweep(database: Database, swept: Iterable[Table]) -> Steps[Counter[str]]:
    """Delete all that has expired in these tables, a slice in each step; return what `sweep_now` does."""
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
    """Delete one slice of what has expired by now; return True while there may be more."""
    _, more = _sweep(database, table, SLICE)
    return more


def _sweep(database: Database, table: Table, most: int) -> tuple[int, bool]:
    """Delete up to so many items that have expired by now; return how many, and whether there may be more."""
    current = database.catalog.current(table)
    queue = None if current is None else queue_of(current.definition)
    if current is None or queue is None:
        return 0, False
    expired = queue.expired(database.clock.now())
    with database.write() as txn:
        txn.urgent = True
        entries = [entry for entry, _ in islice(txn.scan(*expired), most)]
        count = sum(_expire(txn, current, queue, entry) for entry in entries)
    return count, len(entries) == most


def _expire(txn: WriteTxn, table: Table, queue: TtlQueue, entry: bytes) -> bool:
    """Delete the item of an entry, if it is still the item's; else only the entry. Say whether an item went."""
    key = keyspace.expiring_item(table.prefix, entry)
    row = txn.get(key)
    item = None if row is None else decode_row(row)
    if item is None or queue.entry(item, key) != entry:
        txn.delete(entry)
        return False
    store(txn, table, Change(key, row, item, None, None, expired=True))
    return True
