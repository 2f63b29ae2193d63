"""Walks: visiting all items of a table in slices of background work, while it serves requests.

The table's definition stores the position of a walk: the storage key (hex) of the last item
visited. It is an empty text before the first item, and None after the last one. So a walk continues
after a restart. During a walk, the write path decides whether a write to an item also updates the
index or queue that the walk fills (see backfill.py and ttl_fill.py).
"""

from collections.abc import Callable, Hashable
from functools import partial

from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.slices import DECODED_IN_STEP, Steps, portion
from storage import ReadTxn
from storage.keycode import prefix_end

Row = tuple[bytes, bytes]
"""An item's storage key and its row."""


Visit = Callable[[Table], bool]
"""A function for one slice of a walk.

It takes the newest version of the table, and returns True if there is more to do.
"""


def begin(database: Database, table: Table, name: Hashable, visit: Visit) -> None:
    """Queue the slices of a walk.

    The walk ends when a slice returns False or the table was deleted.

    name: identifies the walk among all background work.
    """
    database.background.add(name, partial(_visit, database, table, visit))


def finish(database: Database, table: Table, visit: Visit) -> Steps[None]:
    """Run the slices of a walk now, one in each step. Slices that are still queued find no work."""
    while database.rerun(partial(_visit, database, table, visit)):
        yield None


def _visit(database: Database, table: Table, visit: Visit) -> bool:
    current = database.catalog.current(table)
    return current is not None and visit(current)


def next_rows(txn: ReadTxn, table: Table, walked_to: str, limit: int) -> tuple[list[Row], str | None]:
    """Return up to `limit` items after the position `walked_to`, and the position after them.

    Large items end the slice earlier, because most visits decode the rows. The position is None if
    no items remain.
    """
    start = bytes.fromhex(walked_to) + b"\0" if walked_to else table.prefix
    remaining = iter(txn.scan(start, prefix_end(table.prefix)))
    rows, more = portion(remaining, limit, DECODED_IN_STEP)
    return rows, rows[-1][0].hex() if more and next(remaining, None) is not None else None
