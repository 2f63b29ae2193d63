"""The pace of walks that fill new indexes (controls/backfill.py), by the emulator's clock."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.tables import DELETING, TableDefinition
from emulator.database.schema.table import Table
from storage.keycode import prefix_end

_COUNTED: Final = 5000  # items that are counted to know the end of a walk: a few milliseconds


def start(database: Database, index_id: int) -> None:
    """Note that a walk begins now, if it has not begun before and tables have paces."""
    if database.enforcer.paces:
        database.backfills.setdefault(index_id, (database.clock.now(), 0.0))


def allowed(database: Database, table: TableDefinition, index_id: int, most: int) -> int:
    """Return how many items a walk may visit now, at most `most`.

    With 0, the walk ends its work for now: the owner queues it again at intervals
    (emulator/beginnings.py). Only the owner walks at a pace.
    """
    pace = database.enforcer.pace_of(table)
    if pace is None:
        return most
    now = database.clock.now()
    since, left = database.backfills.get(index_id, (now, 0.0))
    if not database.owner or pace.paused:
        database.backfills[index_id] = now, 0.0
        return 0
    if pace.rate is None:
        return most
    left += max(0.0, now - since) * pace.rate
    database.backfills[index_id] = now, left
    return min(int(left), most)


def visited(database: Database, index_id: int, items: int) -> None:
    """Note how many items a walk has visited: fewer than allowed if they are large."""
    if index_id in database.backfills:
        since, left = database.backfills[index_id]
        database.backfills[index_id] = since, max(0.0, left - items)


def ends(database: Database, table: Table) -> Iterator[tuple[str, float]]:
    """Yield the indexes of a table that are filled at a pace, each with the time of its end.

    If many items remain, it is the time at which `_COUNTED` of them are done.
    """
    pace = database.enforcer.pace_of(table.definition)
    if pace is None or pace.rate is None or pace.paused:
        return
    for index in table.definition.every_index:
        if index.filled_to is not None and index.status != DELETING:
            since, left = database.clock.now(), 0.0
            if database.owner:  # only the owner knows how far the walk may go
                since, left = database.backfills.get(index.id, (since, left))
            yield index.name, since + max(0.0, _remaining(database, table, index.filled_to) - left) / pace.rate


def _remaining(database: Database, table: Table, walked_to: str) -> int:
    """Return how many items a walk still has to visit, at most `_COUNTED`."""
    start = bytes.fromhex(walked_to) + b"\0" if walked_to else table.prefix
    with database.read() as txn:
        return sum(1 for _ in islice(txn.scan(start, prefix_end(table.prefix)), _COUNTED))
