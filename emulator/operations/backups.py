"""CreateBackup, DescribeBackup, DeleteBackup and ListBackups (control-plane 1)."""

from functools import partial
from math import inf
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.definitions.arns import NumberedArn
from emulator.database.definitions.backups import SYSTEM, USER, Backup
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.database.history import backups
from emulator.database.schema.describe import vector_index_settings
from emulator.model.request import Request
from emulator.operations.continuous_backups import backed_up
from emulator.operations.registry import Response, operation

_PAGE: Final = 100
_KINDS: Final = {"USER": (USER,), "SYSTEM": (SYSTEM,), "AWS_BACKUP": (), "ALL": (USER, SYSTEM)}


@operation("CreateBackup")
def create_backup(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Back up a table.

    The backup is complete before the response is sent, but the response says CREATING, as on the
    service.
    """
    table = backed_up(database, caller, request["TableName"])
    backup = backups.create(database, table.definition, request["BackupName"])
    return {"BackupDetails": {**_details(backup, backup.arn), "BackupStatus": "CREATING"}}


def _check_arn(request: Request) -> NumberedArn:
    return backup_arn(request["BackupArn"])


@operation("DescribeBackup", check=_check_arn)
def describe_backup(database: Database, caller: Caller, _request: Request, arn: NumberedArn) -> Response:
    """Return the state of a backup, and the settings that its table had."""
    return {"BackupDescription": _description(found_backup(database, caller, arn), arn.text)}


@operation("DeleteBackup", check=_check_arn)
def delete_backup(database: Database, caller: Caller, _request: Request, arn: NumberedArn) -> Response:
    """Delete a backup. The response has its last description, with the status DELETED."""
    backup = found_backup(database, caller, arn)
    if backup.expires is not None:
        raise errors.system_backup_kept(arn.text, backup.expires)
    try:
        database.rerun(partial(backups.delete, database, backup))
    except backups.BackupInUse:
        raise errors.backup_being_restored(arn.text) from None
    description = _description(backup, arn.text)
    description["BackupDetails"]["BackupStatus"] = "DELETED"
    return {"BackupDescription": description}


def _check_list(request: Request) -> tuple[str, str]:
    """Check the request; return a pair from ExclusiveStartBackupArn: backup number, table name.

    The page of backups begins after this backup. Without an ARN, both strings are empty.
    """
    if request.get("TimeRangeLowerBound", -inf) > request.get("TimeRangeUpperBound", inf):
        raise errors.backup_range_reversed()
    if "ExclusiveStartBackupArn" not in request:
        return "", ""
    arn = backup_arn(request["ExclusiveStartBackupArn"])
    return arn.number, arn.table


@operation("ListBackups", check=_check_list)
def list_backups(database: Database, caller: Caller, request: Request, after: tuple[str, str]) -> Response:
    """Return a page of the caller's backups, in the order of their creation."""
    start = request.get("ExclusiveStartBackupArn")
    if start is not None:
        arn = backup_arn(start)
        check_region(arn, caller)
        if not caller.shared and arn.region != caller.region:
            raise errors.backup_page_of_another_region()
    name = request.get("TableName")
    if name is not None and name.startswith("arn:"):
        name = arns.table_name(name, caller.home, data_plane=False)
    settle(database, caller)
    kinds = _KINDS[request.get("BackupType", "USER")]
    lower, upper = request.get("TimeRangeLowerBound", -inf), request.get("TimeRangeUpperBound", inf)
    listed = sorted(
        (
            backup
            for backup in backups.owned(database, caller.tenant)
            if backup.rank > after
            and backup.kind in kinds
            and (name is None or backup.table.name == name)
            and lower <= backup.created < upper
        ),
        key=lambda backup: backup.rank,
    )
    limit = request.get("Limit", _PAGE)
    answer: dict[str, Any] = {"BackupSummaries": [_summary(backup) for backup in listed[:limit]]}
    if len(listed) > limit:
        answer["LastEvaluatedBackupArn"] = listed[limit - 1].arn
    return answer


# --- finding a backup -----------------------------------------------------------------------------


def backup_arn(text: str) -> NumberedArn:
    """Return the parsed ARN of a backup.

    Raises the error `Invalid Backup ARN` (control-plane 0.2).
    """
    arn = arns.numbered(text, "backup")
    if arn is None:
        raise errors.backup_arn_invalid()
    return arn


def check_region(arn: NumberedArn, caller: Caller) -> None:
    """Raise ApiError if the partition, service or region in an ARN does not exist.

    See control-plane 0.2. The caller's region counts as existing, whatever its name.
    """
    if not arn.is_valid(caller.region):
        raise errors.backup_arn_of_nowhere()


def found_backup(database: Database, caller: Caller, arn: NumberedArn) -> Backup:
    """Return the backup with an ARN.

    The region in the ARN must exist. It may differ from the caller's region (control-plane 1.2).
    Raises ValidationException, BackupNotFoundException, AccessDeniedException.
    """
    check_region(arn, caller)
    if not caller.shared and arn.account != caller.account:
        raise errors.access_denied()
    settle(database, caller)
    backup = backups.find(database, caller.tenant, arn.number, arn.table)
    if backup is None:
        raise errors.backup_not_found(arn.text)
    return backup


def settle(database: Database, caller: Caller) -> None:
    """End transient statuses of the caller's tables, such as DELETING, if their time is over.

    When the deletion of a table with point-in-time recovery ends, a system backup of the table
    appears. So call this before reading the caller's backups.
    """
    for table in [table for table in caller.tables.values() if table.transient]:
        database.catalog.settle(table)


# --- describing a backup --------------------------------------------------------------------------


def _details(backup: Backup, arn: str) -> dict[str, Any]:
    details = {
        "BackupArn": arn,
        "BackupName": backup.name,
        "BackupSizeBytes": backup.size,
        "BackupStatus": "AVAILABLE",
        "BackupType": backup.kind,
        "BackupCreationDateTime": backup.created,
    }
    if backup.expires is not None:
        details["BackupExpiryDateTime"] = backup.expires
    return details


def _summary(backup: Backup) -> dict[str, Any]:
    table = backup.table
    return {
        "TableName": table.name,
        "TableId": table.uuid,
        "TableArn": table.arn,
        **_details(backup, backup.arn),
    }


def _description(backup: Backup, arn: str) -> dict[str, Any]:
    return {
        "BackupDetails": _details(backup, arn),
        "SourceTableDetails": _table(backup),
        "SourceTableFeatureDetails": {} if backup.kind == SYSTEM else _features(backup.table),
    }


def _table(backup: Backup) -> dict[str, Any]:
    table = backup.table
    details: dict[str, Any] = {
        "TableName": table.name,
        "TableId": table.uuid,
        "TableArn": table.arn,
        "TableSizeBytes": backup.size,
        "KeySchema": _key_schema((table.hash,), () if table.range is None else (table.range,)),
        "TableCreationDateTime": round(table.created, 3),
        "ProvisionedThroughput": _throughput(table),
        "ItemCount": backup.items,
        "BillingMode": table.billing_mode,
    }
    if table.on_demand:
        details["OnDemandThroughput"] = dict(table.on_demand)
    return details


def _features(table: TableDefinition) -> dict[str, Any]:
    """Return SourceTableFeatureDetails of a backup: indexes, stream, TTL and encryption.

    table: the definition of the table at the time of the backup.
    """
    features: dict[str, Any] = {}
    for member, local in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
        indexes = [_index(index) for index in table.indexes if index.local is local]
        if indexes:
            features[member] = indexes
    if table.vectors:
        features["VectorIndexes"] = [vector_index_settings(index) for index in table.vectors]
    if table.stream_view is not None:
        features["StreamDescription"] = {"StreamEnabled": True, "StreamViewType": table.stream_view}
    if table.ttl_attribute is not None:
        features["TimeToLiveDescription"] = {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_attribute}
    if table.sse:
        features["SSEDescription"] = dict(table.sse)
    return features


def _index(index: IndexDefinition) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.non_key:
        projection["NonKeyAttributes"] = sorted(index.non_key)
    details: dict[str, Any] = {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.hash, index.range),
        "Projection": projection,
    }
    if not index.local:
        details["ProvisionedThroughput"] = _throughput(index)
        if index.on_demand:
            details["OnDemandThroughput"] = dict(index.on_demand)
    return details


def _throughput(part: TableDefinition | IndexDefinition) -> dict[str, int]:
    return {"ReadCapacityUnits": part.read_units, "WriteCapacityUnits": part.write_units}


def _key_schema(hashes: tuple[str, ...], ranges: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in hashes),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in ranges),
    ]
