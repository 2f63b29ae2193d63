"""Replicas: ReplicaUpdates of UpdateTable, and what the tables of a global table share.

See control-plane 6.1 to 6.4. The tables of a group are found with jobs/replication.py (`others`).
Each table has its own status: the status of a replica is that of its table.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.changes import replicas as logs
from emulator.database.database import Database
from emulator.database.definitions.replicas import Membership
from emulator.database.definitions.tables import (
    ACTIVE,
    CREATING,
    DAY,
    DELETING,
    UPDATING,
    IndexDefinition,
    TableDefinition,
)
from emulator.database.jobs import filling, replica_fill, replication, ttl_fill
from emulator.database.schema import describe
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.ids import next_id
from emulator.model.request import Request
from emulator.operations.tables import settings, throughput

VERSION: Final = "2019.11.21"
_MODE: Final = "ENABLED_WITH_OVERRIDES"

_REGIONS: Final = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
"""The regions of AWS. All are enabled here, also those that an account must opt into."""

_REGIONAL: Final = frozenset({"DeletionProtectionEnabled", "WarmThroughput", "SSESpecification"})
"""Members of UpdateTable that change only one table of a group (control-plane 6.4)."""

_OVERRIDES: Final = ("ProvisionedThroughputOverride", "OnDemandThroughputOverride")
_NO_MAXIMUM: Final = throughput.NO_MAXIMUM


# --- checks ---------------------------------------------------------------------------------------


def check(request: Request) -> None:
    """Raise the first problem of ReplicaUpdates that does not depend on the table."""
    kinds: set[str] = set()
    actions: set[bytes] = set()
    for update in request["ReplicaUpdates"]:
        if len(update) > 1:
            raise errors.several_kinds_of_replica_actions()
        if not update:
            raise errors.no_replica_action()
        ((kind, body),) = update.items()
        if kind == "Disassociate":
            raise errors.disassociation_missing()
        if kind == "Update" and body.keys() <= {"RegionName"}:
            raise errors.no_replica_action()
        kinds.add(kind)
        actions.add(orjson.dumps(update, option=orjson.OPT_SORT_KEYS))
    if len(kinds) > 1:
        raise errors.several_kinds_of_replica_actions()
    if len(actions) > 1:
        raise errors.several_replica_actions()


def refuse_busy(database: Database, definition: TableDefinition) -> None:
    """Raise if a table of the group has a transient status. Does nothing for other tables."""
    members = replication.others(database, definition)
    if members and any(each.status != ACTIVE for each in (definition, *(table.definition for table in members))):
        raise errors.replica_busy()


def refuse_protected(database: Database, definition: TableDefinition) -> None:
    """Raise the error of a table of a group that is protected against deletion."""
    if replication.others(database, definition):
        raise errors.replica_protected(definition.name, definition.region)


def refuse_deletion(database: Database, definition: TableDefinition) -> None:
    """Raise if a table of a group may not be deleted because another was filled from it."""
    now = database.clock.now()
    for table in replication.others(database, definition):
        other = table.definition.membership
        if other is not None and other.source == definition.region and 0 <= now - other.added < DAY:
            raise errors.replica_is_source()


# --- ReplicaUpdates -------------------------------------------------------------------------------


def update(database: Database, caller: Caller, table: Table, request: Request) -> TableDefinition:
    """Create, change or delete a replica.

    Return the table's definition for the response, which has the replicas before the change.
    """
    if caller.shared:
        raise errors.replicas_need_regions()
    definition = table.definition
    ((kind, body),) = request["ReplicaUpdates"][0].items()
    region = body["RegionName"]
    if region not in _REGIONS:
        raise errors.replica_region_unknown(region, _REGIONS)
    if region == definition.region:
        raise errors.replica_is_local()
    members = replication.others(database, definition)
    creating = [each.definition.region for each in members if each.definition.status == CREATING]
    if kind == "Create" and region in creating:
        raise errors.replica_being_created(definition.name, [definition.region, *creating])
    refuse_busy(database, definition)
    if definition.status != ACTIVE:
        raise errors.being_changed(definition.name, definition.status)
    if kind == "Create":
        return _create(database, definition, members, body)
    target = next((each.definition for each in members if each.definition.region == region), None)
    if target is None:
        raise errors.replicas_not_in_group([region]) if members else errors.replica_not_found()
    until = database.catalog.until()
    if kind == "Delete":
        if target.deletion_protection:
            raise errors.replica_protected(target.name, region)
        refuse_deletion(database, target)
        changed = settings.deleting(target, until)
    else:
        changed = replace(_overridden(definition, target, body), status=UPDATING, until=until)
    with database.catalog.changing(urgent=True) as change:
        database.catalog.save(change, changed)
        return database.catalog.save(change, replace(definition, status=UPDATING, until=until))


def _create(
    database: Database, definition: TableDefinition, members: Sequence[Table], body: Mapping[str, Any]
) -> TableDefinition:
    """Create a replica that is filled from this table; return this table's changed definition."""
    catalog = database.catalog
    region = body["RegionName"]
    existing = catalog.sibling(definition, region)
    if existing is not None and catalog.settle(existing) is not None:
        raise errors.replica_exists(definition.name)
    _check_capacity(database, definition)
    _check_key(definition, body)
    database.views  # noqa: B018 - their first use must be outside of a transaction
    now, until = database.clock.now(), catalog.until()
    with catalog.changing() as change:
        txn = change.txn
        regions = tuple(table.definition.region for table in members)
        membership = definition.membership or Membership(next_id(txn), next_id(txn), (), now)
        membership = replace(membership, others=(*regions, region))
        definition = replace(
            definition,
            membership=membership,
            stream_view=definition.stream_view or "NEW_AND_OLD_IMAGES",
            status=UPDATING,
            until=until,
        )
        new = Membership(membership.group, next_id(txn), (definition.region, *regions), now, definition.region)
        replica = _replica(definition, region, new, now, until)
        replica = _overridden(definition, replica, body, creates=True)
        replica = replace(
            replica,
            id=next_id(txn),
            indexes=tuple(replace(index, id=next_id(txn)) for index in replica.indexes),
            vectors=tuple(replace(index, id=next_id(txn)) for index in replica.vectors),
            filling=replica_fill.begin(database, change, definition),
        )
        logs.set_position(txn, membership.log, region, logs.last_number(txn, membership.log))
        for table in members:
            other = table.definition.membership
            assert other is not None, "a member has a membership"
            # the source has these writes already, so the new replica gets them from the source
            logs.set_position(txn, other.log, region, logs.position(txn, other.log, definition.region))
            catalog.save(change, replace(table.definition, membership=replace(other, others=(*other.others, region))))
        definition = catalog.save(change, definition)
        replica = catalog.save(change, replica)
    table = catalog.published(replica)
    if replica.ttl_filled_to is not None:
        ttl_fill.begin(database, table)
    filling.begin(database, table)
    return definition


def _replica(source: TableDefinition, region: str, membership: Membership, now: float, until: float) -> TableDefinition:
    """Return the definition of a new replica, without ids (control-plane 6.2, 6.4)."""
    return replace(
        source,
        uuid=str(uuid.uuid4()),
        region=region,
        created=now,
        membership=membership,
        indexes=tuple(_index(index, until) for index in source.indexes),
        vectors=tuple(
            replace(index, restored=0, filled_to=None, status=CREATING, until=until) for index in source.vectors
        ),
        sse=_encryption(source, region),
        tags={},
        deletion_protection=False,
        stream_label=None,
        stream_id=None,
        ttl_queue=None,
        ttl_filled_to=None,
        kinesis=(),
        recovery_days=None,
        recovery_since=None,
        history=None,
        policy=None,
        insights=None,
        pending=(),
        status=CREATING,
        until=until,
    )


def _index(index: IndexDefinition, until: float) -> IndexDefinition:
    return replace(index, insights=None, pending=(), filled_to=None, status=CREATING, until=until)


def _encryption(source: TableDefinition, region: str) -> dict[str, Any]:
    """Return the encryption of a replica: with the default key of its region."""
    if not source.sse:
        return {}
    arn = source.sse["KMSMasterKeyArn"].replace(f":{source.region}:", f":{region}:", 1)
    return {**source.sse, "KMSMasterKeyArn": arn}


def _check_capacity(database: Database, definition: TableDefinition) -> None:
    """Raise if a table or index with provisioned throughput has no auto scaling of writes."""
    if definition.billing_mode == throughput.ON_DEMAND:
        return
    table = f"table/{definition.name}"
    parts = [(table, "table", False)]
    parts += [(f"{table}/index/{index.name}", "index", True) for index in definition.indexes if not index.local]
    with database.read() as txn:
        for resource, kind, is_index in parts:
            dimension = f"dynamodb:{kind}:WriteCapacityUnits"
            stored = txn.get(keyspace.scalable_target(definition.access_key, definition.region, resource, dimension))
            if stored is None or not orjson.loads(stored)["policies"]:
                raise errors.replica_writes_not_scaled(index=is_index)


def _check_key(definition: TableDefinition, body: Mapping[str, Any]) -> None:
    """Raise unless the replica names a key exactly if the table has a key of the customer."""
    named = "KMSMasterKeyId" in body
    default = settings.changes_of(definition, {"SSESpecification": {"Enabled": True}})["sse"]
    managed = definition.sse.get("KMSMasterKeyArn") == default["KMSMasterKeyArn"]
    if managed and named:
        raise errors.replica_keys_mixed()
    if not managed and bool(definition.sse) is not named:
        raise errors.replica_key_required()


# --- overrides ------------------------------------------------------------------------------------


def _overridden(
    source: TableDefinition, target: TableDefinition, body: Mapping[str, Any], *, creates: bool = False
) -> TableDefinition:
    """Return a replica's definition with the settings that differ from the others.

    A setting that equals that of the source is not an override any more.
    """
    membership = target.membership
    assert membership is not None, "a replica is a member"
    if "KMSMasterKeyId" in body and not creates:
        raise errors.replica_key_required()
    overrides = dict(membership.overrides)
    if "KMSMasterKeyId" in body:
        wanted = {"SSESpecification": {"Enabled": True, "KMSMasterKeyId": body["KMSMasterKeyId"]}}
        target = replace(target, sse=settings.changes_of(target, wanted)["sse"])
        overrides["KMSMasterKeyId"] = target.sse["KMSMasterKeyArn"]
    if "TableClassOverride" in body:
        table_class = body["TableClassOverride"]
        target = replace(target, table_class=table_class)
        _set(
            overrides, "ReplicaTableClassSummary", {"TableClass": table_class}, table_class != settings.class_of(source)
        )
    target = replace(target, **_capacity(source, body, overrides, source.billing_mode, creates=creates))
    changes = {each["IndexName"]: each for each in body.get("GlobalSecondaryIndexes", ())}
    if not creates:
        for name in changes.keys() - {index.name for index in source.indexes if not index.local}:
            raise errors.index_not_found(name, source.name)
    of_indexes = {name: dict(values) for name, values in membership.indexes.items()}
    indexes = []
    for index in target.indexes:
        like = next((each for each in source.indexes if each.name == index.name), index)
        if index.name in changes and not index.local:
            own = of_indexes.setdefault(index.name, {})
            fields = _capacity(like, changes[index.name], own, source.billing_mode, creates=creates)
            indexes.append(replace(index, **fields))
        else:
            indexes.append(index)
    membership = replace(
        membership, overrides=overrides, indexes={name: each for name, each in of_indexes.items() if each}
    )
    return replace(target, membership=membership, indexes=tuple(indexes))


def _capacity(
    source: TableDefinition | IndexDefinition,
    body: Mapping[str, Any],
    overrides: dict[str, Any],
    mode: str,
    *,
    creates: bool,
) -> dict[str, Any]:
    """Note overrides of capacity in `overrides`; return the fields of the definition they set."""
    fields: dict[str, Any] = {}
    provisioned, maximums = (body.get(member, {}) for member in _OVERRIDES)
    on_demand = mode == throughput.ON_DEMAND
    if provisioned and on_demand and not creates:
        raise errors.replica_units_on_demand()
    if maximums and not on_demand:
        raise errors.replica_maximum_provisioned()
    if provisioned and not on_demand:
        units = provisioned["ReadCapacityUnits"]
        fields["read_units"] = units
        _set(overrides, _OVERRIDES[0], dict(provisioned), units != source.read_units)
    if maximums:
        units = maximums["MaxReadRequestUnits"]
        merged = {**source.on_demand, **maximums}
        fields["on_demand"] = {name: value for name, value in merged.items() if value != _NO_MAXIMUM}
        _set(
            overrides, _OVERRIDES[1], dict(maximums), units != source.on_demand.get("MaxReadRequestUnits", _NO_MAXIMUM)
        )
    return fields


def _set(overrides: dict[str, Any], member: str, value: object, differs: bool) -> None:  # noqa: FBT001 - an expression
    if differs:
        overrides[member] = value
    else:
        overrides.pop(member, None)


# --- settings that the tables of a group share ----------------------------------------------------


def shared(definition: TableDefinition, request: Request) -> Request:
    """Return the part of an UpdateTable request that changes another table of the group too.

    definition: the other table. Its own read capacity stays if it is an override.
    """
    shared = Request({member: value for member, value in request.items() if member not in _REGIONAL})
    membership = definition.membership
    units = shared.get("ProvisionedThroughput")
    if units is not None and membership is not None:
        own = membership.overrides.get(_OVERRIDES[0], {})
        units = {**units, **own}
        same = (definition.read_units, definition.write_units) == (
            units["ReadCapacityUnits"],
            units["WriteCapacityUnits"],
        )
        shared["ProvisionedThroughput"] = units
        if same and definition.billing_mode == shared.get("BillingMode", definition.billing_mode):
            del shared["ProvisionedThroughput"]
    return shared


# --- descriptions ---------------------------------------------------------------------------------


def describe_members(database: Database, definition: TableDefinition, description: dict[str, Any]) -> None:
    """Add the members of a global table to a description (control-plane 6.3)."""
    tables = [each.definition for each in replication.others(database, definition)]
    if not tables:
        return
    description["GlobalTableVersion"] = VERSION
    description["GlobalTableSettingsReplicationMode"] = _MODE
    description["Replicas"] = [_described(each) for each in tables]
    if definition.billing_mode == throughput.PROVISIONED:
        for member in ("BillingModeSummary", "TableThroughputModeSummary"):
            description.pop(member, None)


def _described(definition: TableDefinition) -> dict[str, Any]:
    """Describe a replica. Its table has the status of the replica."""
    membership = definition.membership
    assert membership is not None, "a replica is a member"
    described: dict[str, Any] = {
        "RegionName": definition.region,
        "ReplicaStatus": definition.status if definition.status in (CREATING, UPDATING, DELETING) else ACTIVE,
        "WarmThroughput": describe.warm(definition, definition.billing_mode),
        "GlobalTableSettingsReplicationMode": _MODE,
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
