"""The pace at which new indexes are filled, if a test sets one (controls/backfill.py).

A pace is a number of items a second, by the emulator's clock. A walk visits the table's items to
fill the index. `database.backfills` has, for each index that is filled at a pace, the last time at
which `allowed` was called, and how many items the walk could still visit at that time.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.tables import DELETING, TableDefinition
from emulator.database.schema.table import Table
from storage.keycode import prefix_end

_COUNTED: Final = 5000  # the maximum number of items that `_remaining` counts, which takes a few milliseconds


def start(database: Database, index_id: int) -> None:
    """Store that the filling of an index begins now, if a test has set a pace for any table.

    If the filling has begun before, this does nothing.
    """
    if database.enforcer.paces:
        database.backfills.setdefault(index_id, (database.clock.now(), 0.0))


def allowed(database: Database, table: TableDefinition, index_id: int, most: int) -> int:
    """Return the number of items that the walk of an index may visit now, at most `most`.

    A walk visits the items of a table to fill the index. If the result is 0, the walk must stop.
    The owner process queues the walk again at intervals (emulator/beginnings.py). Other processes
    never fill an index that has a pace.
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
    """Subtract the number of visited items from the number that the walk of an index may visit.

    items: the number of visited items. A slice ends early if items are large, so `items` may be
    less than the number that `allowed` returned.
    """
    if index_id in database.backfills:
        since, left = database.backfills[index_id]
        database.backfills[index_id] = since, max(0.0, left - items)


def ends(database: Database, table: Table) -> Iterator[tuple[str, float]]:
    """Yield (name, time) for each index of the table that is being filled at a pace.

    time: when the index will be complete, in seconds since the epoch. If more than `_COUNTED` items
    remain, the index is complete later, because `time` is computed for `_COUNTED` items.
    """
    pace = database.enforcer.pace_of(table.definition)
    if pace is None or pace.rate is None or pace.paused:
        return
    for index in table.definition.every_index:
        if index.filled_to is not None and index.status != DELETING:
            since, left = database.clock.now(), 0.0
            if database.owner:  # only the owner process counts how many items the walk may visit
                since, left = database.backfills.get(index.id, (since, left))
            yield index.name, since + max(0.0, _remaining(database, table, index.filled_to) - left) / pace.rate


def _remaining(database: Database, table: Table, walked_to: str) -> int:
    """Return the number of items that a walk still has to visit, at most `_COUNTED`.

    walked_to: the storage key of the last visited item, as hex; "" before the first item.
    """
    start = bytes.fromhex(walked_to) + b"\0" if walked_to else table.prefix
    with database.read() as txn:
        return sum(1 for _ in islice(txn.scan(start, prefix_end(table.prefix)), _COUNTED))
