"""Walks: visiting all items of a table in slices of background work, while it serves requests.

The table's definition stores the position of a walk, so a walk continues after a restart. The
position is the storage key of the last visited item, as hex. It is an empty text before the first
item, and None after the last item.

backfill.py and ttl_fill.py explain whether a write during a walk also updates the index or queue
that the walk fills.
"""

from collections.abc import Callable, Hashable
from functools import partial

from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.slices import DECODED_IN_STEP, Steps, first_pairs
from storage import ReadTxn
from storage.keycode import prefix_end

Row = tuple[bytes, bytes]
"""An item's storage key and its row."""


Visit = Callable[[Table], bool]
"""A function that does one slice of a walk.

It takes the table as it is now, and returns True if it must be called again.
"""


def begin(database: Database, table: Table, name: Hashable, visit: Visit) -> None:
    """Queue background work that calls `visit` until it returns False or the table is deleted.

    name: the name of this walk in the queue; no other background work has the same name.
    visit: a function that does one slice of the walk.
    """
    database.background.add(name, partial(_visit, database, table, visit))


def finish(database: Database, table: Table, visit: Visit) -> Steps[None]:
    """Run all remaining slices of a walk now, one in each step.

    If the same walk is also queued as background work, that work then finds nothing to do.
    """
    while database.rerun(partial(_visit, database, table, visit)):
        yield None


def _visit(database: Database, table: Table, visit: Visit) -> bool:
    current = database.catalog.current(table)
    return current is not None and visit(current)


def next_rows(txn: ReadTxn, table: Table, walked_to: str, limit: int) -> tuple[list[Row], str | None]:
    """Return up to `limit` items after the walk's position `walked_to`, and the new position.

    The new position is None if no items remain. The result ends early at about DECODED_IN_STEP
    bytes, because most callers decode the items, which takes time.
    """
    start = bytes.fromhex(walked_to) + b"\0" if walked_to else table.prefix
    remaining = iter(txn.scan(start, prefix_end(table.prefix)))
    rows, more = first_pairs(remaining, limit, DECODED_IN_STEP)
    return rows, rows[-1][0].hex() if more and next(remaining, None) is not None else None
