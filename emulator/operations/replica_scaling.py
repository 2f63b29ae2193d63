"""DescribeTableReplicaAutoScaling and UpdateTableReplicaAutoScaling (control-plane 9).

DynamoDB stores no settings of its own for these operations. It calls Application Auto Scaling in
each region of the global table. There, Application Auto Scaling stores the settings of the
replica as scalable targets and scaling policies, and scales the replica by these settings.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.tables import ACTIVE, TableDefinition
from emulator.database.jobs import replication
from emulator.database.schema.table import Table
from emulator.model.request import Request
from emulator.operations.registry import Response, operation
from emulator.operations.replicas.members import replica_status
from emulator.operations.replicas.scaling import READ, WRITE, Dimension, Settings
from emulator.operations.tables import throughput

_TABLE_WRITES: Final = "ProvisionedWriteCapacityAutoScalingUpdate"
_INDEX_UPDATES: Final = "GlobalSecondaryIndexUpdates"
_REPLICA_UPDATES: Final = "ReplicaUpdates"
_TABLE_READS: Final = "ReplicaProvisionedReadCapacityAutoScalingUpdate"
_INDEX_READS: Final = "ReplicaGlobalSecondaryIndexUpdates"
_OF_INDEX: Final = {
    READ: "ProvisionedReadCapacityAutoScalingUpdate",
    WRITE: "ProvisionedWriteCapacityAutoScalingUpdate",
}
_NEEDED: Final = ("MaximumUnits", "ScalingPolicyUpdate", "MinimumUnits")
_FORBIDDEN: Final = ("MaximumUnits", "MinimumUnits", "ScalingPolicyUpdate")

_Update = tuple[Dimension, str, Mapping[str, Any], TableDefinition]
"""One change of auto scaling in one region, as a tuple.

Its elements are the dimension to change; the name of the request's member that has the change; the
value of this member; and the definition of the table in the region.
"""


@operation("DescribeTableReplicaAutoScaling")
def describe_replica_scaling(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Describe the auto scaling of all replicas of a global table."""
    tables = _group(database, caller, request)
    return {"TableAutoScalingDescription": _description(database, tables)}


@operation("UpdateTableReplicaAutoScaling")
def update_replica_scaling(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Change the auto scaling of a global table. The response has the previous settings."""
    tables = _group(database, caller, request)
    updates = list(_updates(tables, request))
    if not updates:
        raise errors.replica_scaling_empty(tables[0].name)
    for dimension, member, change, definition in updates:
        _check(tables, member, change)
        if not change.get("AutoScalingDisabled", False):
            Settings(database, definition).check(dimension, change)
    answer = _description(database, tables)
    for dimension, _member, change, definition in updates:
        settings = Settings(database, definition)
        if change.get("AutoScalingDisabled", False):
            settings.disable(dimension)
        else:
            settings.enable(dimension, change)
    return {"TableAutoScalingDescription": answer}


def _group(database: Database, caller: Caller, request: Request) -> list[TableDefinition]:
    """Return the tables of a global table. The table in the caller's region comes first.

    Raises ApiError if the table has no replicas.
    """
    name = request["TableName"]
    table: Table | None = database.catalog.find(caller, name, expected=False)
    others = [] if table is None else replication.others(database, table.definition)
    if table is None or not others:
        raise errors.replicas_not_found((name if table is None else table.name).rpartition("/")[2])
    return [table.definition, *(each.definition for each in others)]


# --- updates --------------------------------------------------------------------------------------


def _updates(tables: Sequence[TableDefinition], request: Request) -> Iterator[_Update]:
    """Yield the changes of auto scaling that a request asks for.

    A change of write capacity applies to all regions, so it is yielded once for each region.
    """
    name = tables[0].name
    if _TABLE_WRITES in request:
        for table in tables:
            yield Dimension(None, WRITE), _TABLE_WRITES, request[_TABLE_WRITES], table
    for update in request.get(_INDEX_UPDATES, ()):
        if _OF_INDEX[WRITE] not in update:
            continue
        for table in tables:
            index = _index(table, update.get("IndexName"))
            yield Dimension(index, WRITE), _OF_INDEX[WRITE], update[_OF_INDEX[WRITE]], table
    changes = request.get(_REPLICA_UPDATES, ())
    regions = [change["RegionName"] for change in changes]
    repeated = [region for region in dict.fromkeys(regions) if regions.count(region) > 1]
    if repeated:
        raise errors.replica_scaling_repeated(name, repeated)
    by_region = {table.region: table for table in tables}
    missing = [region for region in regions if region not in by_region]
    if missing:
        raise errors.replicas_not_in_group(missing)
    for change in changes:
        if change.keys() <= {"RegionName"}:
            raise errors.replica_scaling_empty(name, change["RegionName"])
        yield from _of_replica(by_region[change["RegionName"]], change)


def _of_replica(table: TableDefinition, change: Mapping[str, Any]) -> Iterator[_Update]:
    if _TABLE_READS in change:
        yield Dimension(None, READ), _TABLE_READS, change[_TABLE_READS], table
    for update in change.get(_INDEX_READS, ()):
        if _OF_INDEX[READ] in update:
            index = _index(table, update.get("IndexName"))
            yield Dimension(index, READ), _OF_INDEX[READ], update[_OF_INDEX[READ]], table


def _index(table: TableDefinition, name: str | None) -> str:
    if name is None or all(index.local or index.name != name for index in table.indexes):
        raise errors.replica_scaling_without_index(table.name, str(name))
    return name


def _check(tables: Sequence[TableDefinition], member: str, change: Mapping[str, Any]) -> None:
    """Raise ApiError if a change has too few or too many members, or if the table is on demand.

    member: the name of the request's member that has the change, for the error.
    """
    name = tables[0].name
    if change.get("AutoScalingDisabled", False):
        present = [each for each in _FORBIDDEN if each in change]
        if present:
            raise errors.replica_scaling_disabled(name, present)
        return
    if tables[0].billing_mode == throughput.ON_DEMAND:
        raise errors.replica_scaling_on_demand(name, sorted(table.region for table in tables), member)
    missing = [each for each in _NEEDED if each not in change]
    if missing:
        raise errors.replica_scaling_incomplete(name, missing)


# --- descriptions ---------------------------------------------------------------------------------


def _description(database: Database, tables: Sequence[TableDefinition]) -> dict[str, Any]:
    by_region = sorted(tables, key=lambda table: table.region)
    return {
        "TableName": tables[0].name,
        "TableStatus": tables[0].status,
        "Replicas": [_replica(database, table) for table in by_region],
    }


def _replica(database: Database, table: TableDefinition) -> dict[str, Any]:
    settings = Settings(database, table)
    return {
        "RegionName": table.region,
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index.name,
                "IndexStatus": index.status,
                "ProvisionedReadCapacityAutoScalingSettings": settings.described(Dimension(index.name, READ)),
                "ProvisionedWriteCapacityAutoScalingSettings": settings.described(Dimension(index.name, WRITE)),
            }
            for index in table.indexes
            if not index.local and index.status == ACTIVE
        ],
        "ReplicaProvisionedReadCapacityAutoScalingSettings": settings.described(Dimension(None, READ)),
        "ReplicaProvisionedWriteCapacityAutoScalingSettings": settings.described(Dimension(None, WRITE)),
        "ReplicaStatus": replica_status(table),
    }
