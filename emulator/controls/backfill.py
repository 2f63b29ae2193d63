"""The pace at which new indexes are filled.

    {"TableName"?, "ItemsPerSecond"?: number or null, "Paused"?: true or false}

A new global or vector index of a table with items has the status CREATING until it has an entry for
each of them. By default that takes milliseconds. `ItemsPerSecond` slows it down, by the emulator's
clock, and null takes that back. While `Paused`, no item is added. Meanwhile DescribeTable shows
CREATING and Backfilling, the index cannot be read, and the table can be written.

`TableName` is a name, which means the tables of this name in all accounts, or an ARN. Without it,
all tables are meant. A member that a call leaves out stays as it is.

A call that moves the clock adds all items that the pace allows by then. `clock {"Next": true}`
leads to the end, an event of the kind `Backfill`.

Both calls return `{"Paces": [..], "Backfills": [..]}`: what is declared, and the indexes that are
being filled. `Filled` is about the share of the items that are done. Paces end with the server and
with `reset {}`.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.catalog.enforcer import Pace
from emulator.database.database import Database
from emulator.database.jobs import backfill as backfills
from emulator.database.jobs import vector_fill
from emulator.database.store import keyspace

_NONE: Final = Pace(None, paused=False)


@control(
    "backfill",
    summary="slow down or pause the filling of new indexes",
    members=("TableName?", "ItemsPerSecond?", "Paused?"),
)
def backfill(emulator: Emulator, body: Body) -> Result:
    """Set the pace of backfills. Raises BadDeclaration."""
    refuse_unknown(body, "TableName", "ItemsPerSecond", "Paused")
    table = member(body, "TableName", str) if "TableName" in body else ""
    database = emulator.database
    pace = _pace(body, database.enforcer.paces.get(table, _NONE))
    database.rerun(lambda: _declare(database, table, pace))
    backfills.resume_all(database)
    vector_fill.resume_all(database)
    return _shown(database)


@control("show_backfill", path="backfill", changes=False, summary="show the indexes that are being filled")
def show_backfill(emulator: Emulator, _body: Body) -> Result:
    """Return the declared paces and the backfills in progress."""
    return _shown(emulator.database)


def _pace(body: Body, before: Pace) -> Pace:
    if not body.keys() & {"ItemsPerSecond", "Paused"}:
        raise BadDeclaration("the body has neither the member ItemsPerSecond nor the member Paused")
    rate = before.rate
    if "ItemsPerSecond" in body:
        rate = None
        if body["ItemsPerSecond"] is not None:
            rate = float(member(body, "ItemsPerSecond", (int, float)))
            if not (isfinite(rate) and rate > 0):
                raise BadDeclaration("the member ItemsPerSecond must be a number above 0, or null")
    return Pace(rate, member(body, "Paused", bool) if "Paused" in body else before.paused)


def _declare(database: Database, table: str, pace: Pace) -> None:
    paces = database.enforcer.paces
    if pace == _NONE and (not table or "" not in paces):
        paces.pop(table, None)
    else:
        paces[table] = pace
    database.catalog.declare()


def _shown(database: Database) -> Result:
    paces = [
        {**({"TableName": name} if name else {}), "ItemsPerSecond": pace.rate, "Paused": pace.paused}
        for name, pace in sorted(database.enforcer.paces.items())
    ]
    return {"Paces": paces, "Backfills": list(_in_progress(database))}


def _in_progress(database: Database) -> Iterator[dict[str, Any]]:
    for table in database.catalog.everything():
        for index in table.definition.every_index:
            if index.filled_to is not None:
                pace = database.enforcer.pace_of(table.definition) or _NONE
                yield {
                    "AccessKey": table.definition.access_key,
                    "Region": table.definition.region,
                    "TableName": table.name,
                    "IndexName": index.name,
                    "Filled": _share(index.filled_to),
                    "Paused": pace.paused,
                }


def _share(filled_to: str) -> float:
    """Return about how much of a table a walk has visited. Items are in the order of hashes."""
    digest = keyspace.partition_of(bytes.fromhex(filled_to))
    return round(int.from_bytes(digest[:2], "big") / 0x10000, 3)
