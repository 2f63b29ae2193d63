"""`backfill` sets the pace at which new indexes are filled, and `show_backfill` shows it.

    {"TableName"?, "ItemsPerSecond"?: number or null, "Paused"?: true or false}

A new global or vector index of a table with items has the status CREATING until it has an entry for
each item. By default that takes milliseconds. `ItemsPerSecond` limits how many items are visited in
a second of the emulator's clock; null ends the limit. While `Paused` is true, no entry is added.
While an index is filled, DescribeTable shows CREATING and Backfilling, the index cannot be read,
and the table can be written.

`TableName` is the ARN of one table, or a name. A name means all tables of this name, in all
accounts. Without `TableName`, the pace is for all tables. If a call leaves out `ItemsPerSecond` or
`Paused`, this member keeps its value.

A control that moves the clock adds all entries that the pace allows at the new time. `clock
{"Next": true}` moves the clock to the time at which an index is complete (event `Backfill`).

Both controls return `{"Paces": [..], "Backfills": [..]}`: the paces that are set, and the indexes
that are being filled. `Filled` is an estimate of the share of items that were visited, from 0 to 1.
Paces end with the server and with `reset {}`.
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
    """Set the pace of backfills. Raises BadDeclaration if the body is wrong."""
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
    """Return the paces that are set, and the backfills in progress."""
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
    """Estimate the share of a table that a walk has visited, from 0 to 1.

    filled_to: the last key that the walk has visited, in hexadecimal digits. Keys begin with a
    hash, so they are spread evenly.
    """
    digest = keyspace.partition_of(bytes.fromhex(filled_to))
    return round(int.from_bytes(digest[:2], "big") / 0x10000, 3)
