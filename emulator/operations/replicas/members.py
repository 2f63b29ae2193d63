"""The tables of a group: their descriptions, shared settings, and changes that are refused."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from emulator import errors
from emulator.database.database import Database
from emulator.database.definitions.tables import (
    ACTIVE,
    CREATING,
    DAY,
    DELETING,
    UPDATING,
    IndexDefinition,
    TableDefinition,
)
from emulator.database.jobs import replication
from emulator.database.schema import describe
from emulator.model.request import Request
from emulator.operations.replicas.overrides import CAPACITY
from emulator.operations.replicas.scaling import NEW_INDEX, WRITE, Dimension, Settings
from emulator.operations.tables import throughput

_VERSION: Final = "2019.11.21"

_REGIONAL: Final = frozenset(
    {
        "DeletionProtectionEnabled",
        "DisassociationProtectionEnabled",
        "GlobalTableSettingsReplicationMode",
        "WarmThroughput",
        "SSESpecification",
    }
)
"""Members of UpdateTable that change only one table of a group (control-plane 6.4)."""


# --- changes that are refused ---------------------------------------------------------------------


def refuse_busy(database: Database, definition: TableDefinition) -> None:
    """Raise ApiError if a table or another table of its group is not ACTIVE.

    Do nothing for a table without replicas.
    """
    members = replication.others(database, definition)
    if members and any(each.status != ACTIVE for each in (definition, *(table.definition for table in members))):
        raise errors.replica_busy()


def _is_strong(definition: TableDefinition) -> bool:
    return definition.membership is not None and definition.membership.strong


def refuse_feature(definition: TableDefinition, feature: str) -> None:
    """Raise ApiError if the table is in a group with strong consistency, which lacks `feature`.

    See control-plane 7. feature: the key of the feature in errors/strong_groups.py.
    """
    if _is_strong(definition):
        raise errors.strong_group_lacks(feature)


def refuse_protected(database: Database, definition: TableDefinition) -> None:
    """Raise ApiError for the deletion of a protected table, if the table has replicas.

    Do nothing for a protected table without replicas: its deletion has another error.
    """
    if replication.others(database, definition):
        raise errors.replica_protected(definition.name, definition.region)


def refuse_deletion(database: Database, definition: TableDefinition) -> None:
    """Raise ApiError if a table cannot be deleted while the other tables of its group stay.

    A table of a group with strong consistency can never be deleted alone. In other groups, a table
    cannot be deleted in the 24 hours after it became the source of a new replica.
    """
    now = database.clock.now()
    for table in replication.others(database, definition):
        if _is_strong(definition):
            raise errors.strong_replica_left()
        other = table.definition.membership
        if other is not None and other.source == definition.region and 0 <= now - other.added < DAY:
            raise errors.replica_is_source()


# --- settings that the tables of a group share ----------------------------------------------------


def shared_part(definition: TableDefinition, requester: TableDefinition, request: Request) -> Request:
    """Return the members of an UpdateTable request that change another table of the group too.

    definition: the other table. requester: the table that the request names.

    The other table keeps its read capacity in two cases: if an override has set it, or if the
    request does not change the read capacity of the requester. The same rule holds for each index.
    """
    shared = Request({member: value for member, value in request.items() if member not in _REGIONAL})
    membership = definition.membership
    assert membership is not None, "a table of a group must have a membership"
    switches = definition.billing_mode != shared.get("BillingMode", definition.billing_mode)
    _keep_reads(shared, definition, requester, {} if switches else membership.overrides, switches=switches)
    updates = []
    for update in shared.get("GlobalSecondaryIndexUpdates", ()):
        changed = dict(update)
        if "Update" in update:
            name = update["Update"]["IndexName"]
            index, other = (_index_of(each, name) for each in (definition, requester))
            body = {member: value for member, value in update["Update"].items() if member not in _REGIONAL}
            if index is not None and other is not None:
                own = {} if switches else membership.indexes.get(name, {})
                _keep_reads(body, index, other, own, switches=switches)
            if body.keys() <= {"IndexName"}:
                continue
            changed["Update"] = body
        updates.append(changed)
    if updates:
        shared["GlobalSecondaryIndexUpdates"] = updates
    else:
        shared.pop("GlobalSecondaryIndexUpdates", None)
    return shared


def _index_of(definition: TableDefinition, name: str) -> IndexDefinition | None:
    return next((each for each in definition.indexes if each.name == name), None)


def _keep_reads(
    members: dict[str, Any],
    current: TableDefinition | IndexDefinition,
    requester: TableDefinition | IndexDefinition,
    overrides: Mapping[str, Any],
    *,
    switches: bool,
) -> None:
    """Replace the read capacity in `members` if `current` keeps its read capacity.

    `shared_part` says when `current` does so. If the member ProvisionedThroughput then changes
    nothing in `current`, delete this member.

    members: the part of a request about this table or index; this function changes it.
    current: the table or index to change.
    requester: the same table or index in the region of the request.
    overrides: the overrides of `current`: settings that differ from those of the group.
    switches: True if the billing mode changes.
    """
    units = members.get("ProvisionedThroughput")
    if units is not None:
        units = members["ProvisionedThroughput"] = {**units, **overrides.get(CAPACITY[0], {})}
        if not switches and members["ProvisionedThroughput"]["ReadCapacityUnits"] == requester.read_units:
            units["ReadCapacityUnits"] = current.read_units
        figures = units["ReadCapacityUnits"], units["WriteCapacityUnits"]
        if not switches and figures == (current.read_units, current.write_units):
            del members["ProvisionedThroughput"]
    if CAPACITY[1] in overrides and "OnDemandThroughput" in members:
        maximums = {**members["OnDemandThroughput"], **overrides[CAPACITY[1]]}
        members["OnDemandThroughput"] = maximums


# --- descriptions ---------------------------------------------------------------------------------


def describe_members(
    database: Database, definition: TableDefinition, description: dict[str, Any], *, settle: bool = True
) -> None:
    """Add to a table's description the members that only global tables have, such as Replicas.

    See control-plane 6.3.

    settle: True to end transient statuses of the replicas, such as CREATING, if their time is over.
    This may write to the store. A request that has already written passes False: if another process
    interrupted this second write, the whole request would run again.
    """
    tables = [each.definition for each in replication.others(database, definition, settle=settle)]
    if not tables:
        replication.begin(database, definition)  # end the group, because its last replica is gone
        return
    description["GlobalTableVersion"] = _VERSION
    description["GlobalTableSettingsReplicationMode"] = _mode(definition)
    if definition.status == ACTIVE:
        description["TableStatus"] = replica_status(definition)
    description["Replicas"] = [_described(each) for each in tables]
    membership = definition.membership
    assert membership is not None, "a table with replicas must have a membership"
    if membership.strong:
        description["MultiRegionConsistency"] = "STRONG"
    else:
        description["DisassociationProtectionEnabled"] = membership.protected
    if membership.leaving:
        replication.begin(database, definition)
    if membership.witness is not None:
        witness = {"RegionName": membership.witness, "WitnessStatus": _witness_status(tables)}
        description["GlobalTableWitnesses"] = [witness]
    if definition.billing_mode == throughput.PROVISIONED:
        for member in ("BillingModeSummary", "TableThroughputModeSummary"):
            description.pop(member, None)


def _witness_status(others: Sequence[TableDefinition]) -> str:
    """Return the status of a witness.

    A witness is created and deleted together with the replicas. So its status is CREATING or
    DELETING if a replica has this status, else ACTIVE.
    """
    statuses = {each.status for each in others}
    return next((status for status in (CREATING, DELETING) if status in statuses), ACTIVE)


def replica_status(definition: TableDefinition) -> str:
    """Return the ReplicaStatus of a table: the table's status or REPLICATION_NOT_AUTHORIZED."""
    if definition.status in (CREATING, UPDATING, DELETING):
        return definition.status
    authorized = definition.membership is None or definition.membership.authorized
    return ACTIVE if authorized else "REPLICATION_NOT_AUTHORIZED"


def _mode(definition: TableDefinition) -> str:
    """Return a table's GlobalTableSettingsReplicationMode: ENABLED or ENABLED_WITH_OVERRIDES.

    See control-plane 6.3 and 6.7.
    """
    several = definition.membership is not None and bool(definition.membership.accounts)
    return "ENABLED" if several else "ENABLED_WITH_OVERRIDES"


def _described(definition: TableDefinition) -> dict[str, Any]:
    """Return the description of a replica, for the member Replicas."""
    membership = definition.membership
    assert membership is not None, "a replica is a member"
    described: dict[str, Any] = {
        "RegionName": definition.region,
        "ReplicaStatus": replica_status(definition),
        "WarmThroughput": describe.warm(definition, definition.billing_mode),
        "GlobalTableSettingsReplicationMode": _mode(definition),
        **({"ReplicaArn": definition.arn} if membership.accounts else {}),
        **membership.overrides,
    }
    indexes = [index for index in definition.indexes if not index.local]
    if indexes:
        described["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "WarmThroughput": describe.warm(index, definition.billing_mode),
                **membership.indexes.get(index.name, {}),
            }
            for index in indexes
        ]
    return described


# --- auto scaling ---------------------------------------------------------------------------------


def scale_new_index(database: Database, definition: TableDefinition, index: str) -> None:
    """Enable auto scaling of writes for a new index of a provisioned global table.

    See control-plane 10.
    """
    Settings(database, definition).enable(Dimension(index, WRITE), NEW_INDEX)


# --- deletion -------------------------------------------------------------------------------------


def send_last_writes(database: Database, definition: TableDefinition) -> None:
    """Begin to replicate the last writes of a DELETING table to the other tables of its group."""
    replication.begin(database, definition)
