"""The pace of walks that fill new indexes (controls/backfill.py), by the emulator's clock."""

from emulator.database.database import Database
from emulator.database.definitions.tables import TableDefinition


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
    left = min(left + max(0.0, now - since) * pace.rate, max(pace.rate, 1.0))
    items = min(int(left), most)
    database.backfills[index_id] = now, left - items
    return items
