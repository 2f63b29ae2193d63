"""DescribeContinuousBackups and UpdateContinuousBackups (control-plane 2).

In this file, *recovery* means point-in-time recovery. It needs the history of a table, which
database/catalog/attachments.py opens and closes.
"""

from typing import Any

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import recovery
from emulator.database.definitions.tables import CREATING, TableDefinition
from emulator.database.schema.table import Table
from emulator.model.request import Request
from emulator.operations.registry import Response, operation


def _check(request: Request) -> None:
    wanted = request["PointInTimeRecoverySpecification"]
    if not wanted["PointInTimeRecoveryEnabled"] and "RecoveryPeriodInDays" in wanted:
        raise errors.period_while_disabling()


@operation("UpdateContinuousBackups", check=_check)
def update_continuous_backups(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Switch point-in-time recovery on or off, or change its period in days.

    The response shows the new state.
    """
    definition = backed_up(database, caller, request["TableName"]).definition
    wanted = request["PointInTimeRecoverySpecification"]
    if not wanted["PointInTimeRecoveryEnabled"]:
        changed = recovery.disabled(definition)
    else:
        changed = recovery.enabled(definition, wanted.get("RecoveryPeriodInDays"), database.clock.now())
    if changed != definition:
        changed = database.catalog.change(changed).definition
    return {"ContinuousBackupsDescription": _description(database, changed)}


@operation("DescribeContinuousBackups")
def describe_continuous_backups(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return the state of a table's point-in-time recovery, with the restorable times."""
    definition = found_table(database, caller, request["TableName"]).definition
    return {"ContinuousBackupsDescription": _description(database, definition)}


def found_table(database: Database, caller: Caller, name: str) -> Table:
    """Return a table by name or ARN. Raises TableNotFoundException (control-plane 0.1)."""
    table = database.catalog.find(caller, name)
    if table is None or table.definition.is_restored:
        raise errors.backup_table_not_found(name.rpartition("/")[2])
    return table


def backed_up(database: Database, caller: Caller, name: str) -> Table:
    """Return a table that can be backed up.

    Raises TableNotFoundException for a table that is being restored. Raises
    ContinuousBackupsUnavailableException for a new table, for which the service still prepares
    backups (control-plane 0.3).
    """
    table = found_table(database, caller, name)
    if _is_preparing(database, table.definition):
        raise errors.backups_being_enabled(table.name)
    return table


def _is_preparing(database: Database, definition: TableDefinition) -> bool:
    """Return True if a table is CREATING, or too new for continuous backups.

    A table is too new until twice the duration of a transient status (a setting of the server) has
    passed since the table's creation.
    """
    if definition.status == CREATING:
        return True
    now = database.clock.now()
    return definition.created <= now < definition.created + 2 * database.catalog.delay


def _description(database: Database, definition: TableDefinition) -> dict[str, Any]:
    status = "DISABLED" if _is_preparing(database, definition) else "ENABLED"
    window = recovery.window(definition, database.clock.now())
    described: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if window is not None:
        described = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": definition.recovery_days,
            "EarliestRestorableDateTime": window.earliest,
            "LatestRestorableDateTime": window.latest,
        }
    return {"ContinuousBackupsStatus": status, "PointInTimeRecoveryDescription": described}
