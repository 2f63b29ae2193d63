"""Backups: make, restore and delete them."""

from typing import Any, Final

from starlette.responses import Response

from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_BACKUPS: Final = 100  # the maximum number of backups on one page


@page("backups", title="Backups", group="State", order=40)
async def backups(visit: Visit) -> Response:
    """Show one page of the backups of the account and region."""
    request: dict[str, Any] = {"Limit": _BACKUPS, "BackupType": "ALL"}
    table, after = visit.query.text("table").strip(), visit.query.text("after")
    if table:
        request["TableName"] = table
    if after:
        request["ExclusiveStartBackupArn"] = after
    answer = await visit.call("ListBackups", request)
    return visit.show(
        "backups/list.html",
        backups=answer["BackupSummaries"],
        following=answer.get("LastEvaluatedBackupArn"),
        table=table,
    )


@action("backups/create", title="Backups", parent="backups")
async def create(visit: Visit) -> Response:
    """Make a backup of a table."""
    table, name = visit.form.required("table", "Table"), visit.form.required("name", "Name")
    await visit.call("CreateBackup", {"TableName": table, "BackupName": name})
    return visit.done("backups", f"Backup {name} of table {table} has been made.")


@action("backups/restore", title="Backups", parent="backups")
async def restore(visit: Visit) -> Response:
    """Create a new table from a backup."""
    arn, target = visit.form.required("arn", "Backup"), visit.form.required("target", "New table")
    await visit.call("RestoreTableFromBackup", {"BackupArn": arn, "TargetTableName": target})
    return visit.done("backups", f"Table {target} is being restored.")


@action("backups/delete", title="Backups", parent="backups")
async def delete(visit: Visit) -> Response:
    """Delete a backup."""
    await visit.call("DeleteBackup", {"BackupArn": visit.form.required("arn", "Backup")})
    return visit.done("backups", "The backup is deleted.")
