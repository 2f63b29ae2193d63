"""Walking the items that a table already has, in slices of background work, while it serves requests.

A walk remembers in the table's definition how far it has come: the storage key (hex) of the last item that it visited, an
empty text before the first, None once it has visited all. So it goes on after a restart, and items that come, go or change
meanwhile stand on one side of it: whether a write sees to them is the write path's business.
"""

from collections.abc import Callable, Hashable
from functools import partial
from itertools import islice

from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.slices import Steps
from storage import ReadTxn
from storage.keycode import prefix_end

Row = tuple[bytes, bytes]
"""An item's storage key and its row."""


Visit = Callable[[Table], bool]
"""A slice of a walk over a table, given as it is by now; returns True when there is more to do."""


def begin(database: Database, table: Table, name: Hashable, visit: Visit) -> None:
    """Queue the slices of a walk, until one returns False or the table is gone. name: of the walk, among all work."""
    database.background.add(name, partial(_visit, database, table, visit))


def finish(database: Database, table: Table, visit: Visit) -> Steps[None]:
    """Run the slices of a walk now, one in each step; those that are queued find nothing to do then."""
    while database.rerun(partial(_visit, database, table, visit)):
        yield None


def _visit(database: Database, table: Table, visit: Visit) -> bool:
    current = database.catalog.current(table)
    return current is not None and visit(current)


def next_rows(txn: ReadTxn, table: Table, walked_to: str, limit: int) -> tuple[list[Row], str | None]:
    """Return up to `limit` items after those visited so far, and how far the walk has come with them."""
    start = bytes.fromhex(walked_to) + b"\0" if walked_to else table.prefix
    rows = list(islice(txn.scan(start, prefix_end(table.prefix)), limit))
    return rows, rows[-1][0].hex() if len(rows) == limit else None
