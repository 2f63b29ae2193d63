"""Point-in-time recovery: turn it on or off, and restore tables as they were at any second."""

from typing import Any, Final

from starlette.responses import Response

from emulator.http.site.console.registry import action, page
from emulator.http.site.console.typed_fields import moment
from emulator.http.site.console.visit import Visit

TABLES: Final = 50  # the maximum number of tables on one page


async def page_of_tables(visit: Visit) -> tuple[list[str], str | None]:
    """Return a pair: the table names of one page, and where the next page begins.

    The second value is the name after which the next page begins, or None on the last page.
    """
    request: dict[str, Any] = {"Limit": TABLES}
    if visit.query.text("after"):
        request["ExclusiveStartTableName"] = visit.query.text("after")
    answer = await visit.call("ListTables", request)
    return answer["TableNames"], answer.get("LastEvaluatedTableName")


@page("recovery", title="Recovery", group="State", order=30)
async def recovery(visit: Visit) -> Response:
    """Show the settings of point-in-time recovery, and the restorable times, of each table."""
    names, following = await page_of_tables(visit)
    tables = []
    for name in names:
        answer = await visit.call("DescribeContinuousBackups", {"TableName": name})
        settings = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        tables.append({"name": name, **settings})
    now = (await visit.control("clock"))["Now"]
    return visit.show("recovery/list.html", tables=tables, following=following, now=now)


@action("recovery/enable", title="Recovery", parent="recovery")
async def enable(visit: Visit) -> Response:
    """Enable point-in-time recovery of a table, or change its recovery period."""
    name = visit.form.required("table", "Table")
    settings: dict[str, Any] = {"PointInTimeRecoveryEnabled": True}
    if visit.form.text("days").strip():
        settings["RecoveryPeriodInDays"] = visit.form.number("days")
    await visit.call("UpdateContinuousBackups", {"TableName": name, "PointInTimeRecoverySpecification": settings})
    return visit.done("recovery", f"Table {name} can be restored to any second from now on.")


@action("recovery/disable", title="Recovery", parent="recovery")
async def disable(visit: Visit) -> Response:
    """Disable point-in-time recovery of a table."""
    name = visit.form.required("table", "Table")
    await visit.call(
        "UpdateContinuousBackups",
        {"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
    )
    return visit.done("recovery", f"Table {name} can no longer be restored.")


@action("recovery/restore", title="Recovery", parent="recovery")
async def restore(visit: Visit) -> Response:
    """Create a new table with the items that a table had at a given time."""
    form = visit.form
    source, target = form.required("table", "Table"), form.required("target", "New table")
    request: dict[str, Any] = {"SourceTableName": source, "TargetTableName": target}
    time = moment(form, "time", "Time")
    request |= {"UseLatestRestorableTime": True} if time is None else {"RestoreDateTime": time}
    await visit.call("RestoreTableToPointInTime", request)
    return visit.done("recovery", f"Table {target} is being restored from table {source}.")
