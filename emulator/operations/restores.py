"""RestoreTableFromBackup and RestoreTableToPointInTime (control-plane 3).

The checks have the service's order: the request, point-in-time recovery of the source, the time,
the name of the new table, the overrides. Then database/jobs/filling.py writes the items.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import arns, recovery
from emulator.database.definitions.numbering import with_new_ids
from emulator.database.definitions.tables import Filling, TableDefinition
from emulator.database.history import backups, past_items, restores
from emulator.database.jobs import filling
from emulator.database.schema import describe
from emulator.database.schema.table import Table
from emulator.database.store.registry import DefinitionChange
from emulator.model.request import Request
from emulator.operations.backups import backup_arn, check_region
from emulator.operations.continuous_backups import found_table
from emulator.operations.registry import Response, operation
from emulator.operations.restored_tables import restored

_AT_ONCE: Final = 50  # the maximum number of unfinished restores of an account and region (control-plane 1.5)

Open = Callable[[DefinitionChange], str]
"""A function that opens the source of a restore, in the transaction that creates the table.

It returns a text that identifies the source for database/history/restores.py.
"""


def _check_backup(request: Request) -> arns.NumberedArn:
    return backup_arn(request["BackupArn"])


@operation("RestoreTableFromBackup", check=_check_backup)
def restore_from_backup(database: Database, caller: Caller, request: Request, arn: arns.NumberedArn) -> Response:
    """Create a table with the items of a backup. The response says CREATING."""
    check_region(arn, caller)
    if not caller.shared and arn.account != caller.account:
        raise errors.access_denied()
    home = _caller_in(database, caller, arn.region)
    for table in [table for table in home.tables.values() if table.transient]:
        database.catalog.settle(table)
    if home is not caller:
        _check_encryption(request)
    backup = backups.find(database, home.tenant, arn.number, arn.table)
    if backup is None:
        raise errors.backup_not_found(arn.text)
    _check_target(database, caller, request["TargetTableName"])
    if backups.restored_from(database, backup):
        raise errors.backup_restored_twice(arn.text)
    summary = {"SourceBackupArn": backup.arn, "SourceTableArn": backup.table.arn, "RestoreDateTime": backup.created}

    def open_source(_change: DefinitionChange) -> str:
        return restores.source_of_backup(backup.view)

    return _restore(database, caller, request, backup.table, summary, open_source)


@operation("RestoreTableToPointInTime")
def restore_to_point_in_time(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Create a table with the items that another table had at an earlier time.

    The response says CREATING.
    """
    source = _source(database, caller, request)
    definition = source.definition
    moment = _moment(definition, request, database.clock.now())
    _check_target(database, caller, request["TargetTableName"])
    summary = {"SourceTableArn": source.arn, "RestoreDateTime": moment}
    views = database.views

    def open_source(change: DefinitionChange) -> str:
        return restores.source_of_past(past_items.open_past(views, change, definition, moment).view)

    return _restore(database, caller, request, definition, summary, open_source)


def _restore(
    database: Database, caller: Caller, request: Request, source: TableDefinition, summary: dict[str, Any], opened: Open
) -> Response:
    """Create the new table and start to fill it; return the response.

    source: the definition of the table to restore. summary: the members of RestoreSummary.
    opened: a function that opens the restore's source in a transaction; see `Open`.
    """
    catalog = database.catalog
    definition = restored(source, request, caller, database.clock.now(), catalog.until())
    summary = {**summary, "RestoreInProgress": True}
    with catalog.changing() as change:
        definition = replace(definition, filling=Filling(restores.KIND, opened(change), "", summary))
        definition = with_new_ids(change.txn, definition)
        definition = catalog.save(change, definition)
    filling.begin(database, catalog.published(definition))
    description = describe.created(definition)
    for index in description.get("GlobalSecondaryIndexes", ()):
        del index["IndexStatus"]
    return {"TableDescription": description}


# --- checks ---------------------------------------------------------------------------------------


def _source(database: Database, caller: Caller, request: Request) -> Table:
    """Return the table to restore. Raises ApiError.

    A table that the request names by its ARN may be in another region.
    """
    name, arn = request.get("SourceTableName"), request.get("SourceTableArn")
    if name is not None and arn is not None:
        raise errors.two_restore_sources()
    if arn is None:
        if name is None:
            raise errors.restore_source_missing()
        _check_choice(request)
        return found_table(database, caller, name)
    parts = arns.parsed(arn)
    if parts is None or parts.kind != "table" or parts.service != arns.SERVICE:
        raise errors.source_arn_invalid()
    if not caller.shared and parts.account != caller.account:
        raise errors.source_of_another_account()
    _check_choice(request)
    home = _caller_in(database, caller, parts.region)
    if home is not caller:
        _check_encryption(request)
    table = database.catalog.find(home, parts.table)
    if table is None or table.definition.is_restored:
        raise errors.source_table_not_found()
    return table


def _check_choice(request: Request) -> None:
    """Raise ApiError unless a request has either RestoreDateTime or UseLatestRestorableTime.

    If UseLatestRestorableTime is false, the request counts as one without this member.
    """
    latest = request.get("UseLatestRestorableTime", False)
    if latest and "RestoreDateTime" in request:
        raise errors.two_restore_times()
    if not latest and "RestoreDateTime" not in request:
        raise errors.restore_time_missing()


def _moment(source: TableDefinition, request: Request, now: float) -> float:
    """Return the time to which the table is restored. Raises ApiError if this is not possible."""
    window = recovery.window(source, now)
    if window is None:
        raise errors.recovery_disabled(source.name)
    moment: float = request.get("RestoreDateTime", window.latest)
    if not window.earliest <= moment <= window.latest:
        raise errors.restore_time_outside(moment, *window)
    return moment


def _check_target(database: Database, caller: Caller, name: str) -> None:
    """Raise ApiError if a table has the name of the new table, or if too many restores run."""
    existing = database.catalog.find(caller, name, expected=False)
    if existing is not None:
        restore = existing.definition.filling
        if restore is not None and restore.summary:
            source = restore.summary.get("SourceBackupArn") or restore.summary["SourceTableArn"]
            raise errors.restore_target_in_use(name, source)
        raise errors.restore_target_exists(name)
    if sum(table.definition.is_restored for table in caller.tables.values()) >= _AT_ONCE:
        raise errors.too_many_restores(_AT_ONCE)


def _check_encryption(request: Request) -> None:
    """Raise ApiError if the request has no SSESpecificationOverride.

    A restore from another region needs this member.
    """
    if "SSESpecificationOverride" not in request:
        raise errors.encryption_override_missing()


def _caller_in(database: Database, caller: Caller, region: str) -> Caller:
    """Return the caller with its tables of another region.

    With `--shared-db`, all regions have the same tables, so return the caller unchanged.
    """
    if caller.shared or region == caller.region:
        return caller
    return database.catalog.caller(caller.access_key, region, caller.host)
