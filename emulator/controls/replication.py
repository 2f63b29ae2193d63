"""`replication`: delays or pauses the replication of global tables, and shows its state.

    {"TableName", "From"?, "To"?, "Delay"?: seconds, "Paused"?: true or false}

A direction of replication goes from a table in one region to its replica in another region. The
call changes the directions from the tables that `TableName` selects, by name or ARN. A name selects
the tables of all accounts and regions. With the regions `From` and `To`, the call changes only the
directions from or to these regions.

A write reaches the region `To` after `Delay` seconds of the emulator's clock. While a direction is
`Paused`, its writes wait. `GET /_emulator/replication` returns `{"Directions": [{"AccessKey",
"TableName", "From", "To", "Delay", "Paused", "Waiting"}]}`, where `Waiting` is the number of writes
that the region `To` does not have yet.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Any, Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.declarations import tables_named
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.jobs import replication
from emulator.database.jobs.replication import Flow
from emulator.slices import Steps

_MEMBERS = ("TableName", "From", "To", "Delay", "Paused")
_IN_STEP: Final = 200  # how many tables one step handles: each takes 20 us if it has replicas


@control(
    "replication",
    summary="delay or pause the replication of a global table",
    members=("TableName", "From?", "To?", "Delay?", "Paused?"),
)
def steer(emulator: Emulator, body: Body) -> Result:
    """Change the delay or the pause of the directions of replication that the body selects.

    Raises BadDeclaration if the body is wrong.
    """
    refuse_unknown(body, *_MEMBERS)
    name = member(body, "TableName", str)
    regions = {each: member(body, each, str) for each in ("From", "To") if each in body}
    changes = _changes(body)
    return {"Directions": emulator.database.rerun(lambda: _steer(emulator.database, name, regions, changes))}


@control(
    "show_replication",
    path="replication",
    changes=False,
    summary="show the directions in which tables are replicated, with their waiting writes",
)
def show(emulator: Emulator, _body: Body) -> Steps[Result]:
    """Return all directions of replication, each with the number of its waiting writes."""
    database = emulator.database
    found: list[Flow] = []
    for number, table in enumerate(list(database.catalog.everything()), start=1):
        found += replication.flows(database, table.definition)
        if number % _IN_STEP == 0:
            yield None
    return {"Directions": _described(found)}


def _changes(body: Body) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "Delay" in body:
        changes["delay"] = float(member(body, "Delay", (int, float)))
        if not (isfinite(changes["delay"]) and changes["delay"] >= 0):
            raise BadDeclaration("the member Delay must be a number of seconds, 0 or more")
    if "Paused" in body:
        changes["paused"] = member(body, "Paused", bool)
    if not changes:
        raise BadDeclaration("the body must have at least one of the members Delay and Paused")
    return changes


def _steer(database: Database, name: str, regions: dict[str, str], changes: dict[str, Any]) -> list[Result]:
    tables = [table.definition for table in tables_named(database, name)]
    if not tables:
        raise BadDeclaration(f"there is no table {name}")
    found = []
    for table in tables:
        meant = [
            flow
            for flow in replication.flows(database, table)
            if regions.get("From", flow.source.region) == flow.source.region
            and regions.get("To", flow.target.region) == flow.target.region
        ]
        if meant:
            replication.set_directions(
                database, table, {flow.target.region: replace(flow.direction, **changes) for flow in meant}
            )
        found += [flow._replace(direction=replace(flow.direction, **changes)) for flow in meant]
    if not found:
        raise BadDeclaration(f"table {name} has no replica in a direction that From and To select")
    return _described(found)


def _described(found: Iterable[Flow]) -> list[Result]:
    return [
        {
            "AccessKey": flow.source.access_key,
            "TableName": flow.source.name,
            "From": flow.source.region,
            "To": flow.target.region,
            "Delay": flow.direction.delay,
            "Paused": flow.direction.paused,
            "Waiting": flow.waiting,
        }
        for flow in found
    ]
