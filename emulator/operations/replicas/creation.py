"""Creates replicas (control-plane 6.2).

One transaction creates the new table and changes the existing tables of the group.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from emulator import errors
from emulator.database.changes import replicas as logs
from emulator.database.database import Database
from emulator.database.definitions.numbering import with_new_ids, without_data
from emulator.database.definitions.replicas import Membership
from emulator.database.definitions.tables import CREATING, NO_WALKS, UPDATING, IndexDefinition, TableDefinition
from emulator.database.jobs import filling, replica_fill, replication, walks
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange
from emulator.operations.replicas import scaling
from emulator.operations.replicas.overrides import overridden
from emulator.operations.tables import settings, throughput


class Owner(NamedTuple):
    """The account that owns a new replica of another account's table.

    fields: field name -> value, for the fields of the replica's definition that this account sets.
    """

    access_key: str
    account: str
    fields: Mapping[str, Any]


def create(
    database: Database,
    definition: TableDefinition,
    members: Sequence[Table],
    body: Mapping[str, Any],
    owner: Owner | None = None,
) -> TableDefinition:
    """Create a replica of a table, and start to fill it; return the table's new definition.

    definition: the definition of the table.
    members: the other tables of the table's group.
    body: the body of the Create action in ReplicaUpdates.
    owner: the owner of the replica; None if the table's owner also owns the replica.
    """
    catalog = database.catalog
    region = body["RegionName"]
    if owner is None:
        check_new(database, definition, body)
    else:
        _check_capacity(database, definition)
    database.views  # noqa: B018 - the first use of views must be outside of a transaction
    now, until = database.clock.now(), catalog.until()
    with catalog.changing() as change:
        txn = change.txn
        if not members:
            definition = replication.without_membership(database, change, definition)
        others = [table.definition for table in members]
        regions = tuple(each.region for each in others)
        membership = definition.membership or Membership(next_id(txn), next_id(txn), (), now)
        keys = {} if owner is None else {each.region: each.access_key for each in (definition, *others)}
        membership = _with(membership, regions, region, owner)
        definition = with_replicas(definition, membership, until)
        new = Membership(
            membership.group, next_id(txn), (definition.region, *regions), now, definition.region, accounts=keys
        )
        replica = replica_of(change, definition, body, new, now, until)
        replica = replace(
            replica if owner is None else _owned(replica, owner),
            filling=replica_fill.begin(database, change, definition),
        )
        logs.set_position(txn, membership.log, region, logs.last_number(txn, membership.log))
        for table in members:
            other = table.definition.membership
            assert other is not None, "a member has a membership"
            # The new replica is filled from the source table. So each of the other tables must send
            # to the replica only the writes that the source table has not received yet.
            logs.set_position(txn, other.log, region, logs.position(txn, other.log, definition.region))
            joined = _with(other, other.others, region, owner)
            catalog.save(change, replace(table.definition, membership=joined))
        definition = catalog.save(change, definition)
        replica = catalog.save(change, replica)
    table = catalog.published(replica)
    walks.begin(database, table)
    filling.begin(database, table)
    if definition.billing_mode == throughput.PROVISIONED:
        scaling.copy_writes(database, definition, replica)
    return definition


def _with(membership: Membership, others: Sequence[str], region: str, owner: Owner | None) -> Membership:
    """Return a table's membership of its group with one more region, which comes last.

    others: the regions of the group's other tables, as in Membership.
    owner: the owner of the table in the new region; None if this table's owner owns it too.
    """
    accounts = membership.accounts if owner is None else {**membership.accounts, region: owner.access_key}
    stayed = (other for other in others if other != region)  # `others` may have `region` from an earlier replica
    return replace(membership, others=(*stayed, region), accounts=accounts)


def _owned(replica: TableDefinition, owner: Owner) -> TableDefinition:
    """Return a replica's definition, changed so that another account owns the replica.

    If the replica is encrypted, its KMS key is the default key of that account.
    """
    replica = replace(replica, access_key=owner.access_key, account=owner.account, **owner.fields)
    if not replica.sse:
        return replica
    return replace(replica, sse=settings.changes_of(replica, {"SSESpecification": {"Enabled": True}})["sse"])


def check_new(database: Database, definition: TableDefinition, body: Mapping[str, Any]) -> None:
    """Raise ApiError if a table may not get the replica that a Create action asks for."""
    existing = database.catalog.sibling(definition, body["RegionName"])
    if existing is not None and database.catalog.settle(existing) is not None:
        raise errors.replica_exists(definition.name)
    _check_capacity(database, definition)
    _check_key(definition, body)


def with_replicas(definition: TableDefinition, membership: Membership, until: float) -> TableDefinition:
    """Return the changed definition of a table that gets replicas.

    If the table has no stream, it gets one (control-plane 6.2).
    """
    return replace(
        definition,
        membership=membership,
        stream_view=definition.stream_view or "NEW_AND_OLD_IMAGES",
        status=UPDATING,
        until=until,
    )


def replica_of(
    change: DefinitionChange,
    source: TableDefinition,
    body: Mapping[str, Any],
    membership: Membership,
    now: float,
    until: float,
) -> TableDefinition:
    """Return the definition of the replica that a Create action asks for."""
    replica = overridden(source, _replica(source, body["RegionName"], membership, now, until), body, creates=True)
    return with_new_ids(change.txn, replica)


def _replica(source: TableDefinition, region: str, membership: Membership, now: float, until: float) -> TableDefinition:
    """Return the definition of a new replica. Its ids in the store are still those of `source`.

    See control-plane 6.2 and 6.4.
    """
    return replace(
        without_data(source),
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
        **NO_WALKS,
        kinesis=(),
        recovery_days=None,
        recovery_since=None,
        policy=None,
        insights=None,
        pending=(),
        status=CREATING,
        until=until,
    )


def _index(index: IndexDefinition, until: float) -> IndexDefinition:
    return replace(index, insights=None, pending=(), filled_to=None, status=CREATING, until=until)


def _encryption(source: TableDefinition, region: str) -> dict[str, Any]:
    """Return the encryption of a replica: the source's encryption, with a KMS key in `region`."""
    if not source.sse:
        return {}
    arn = source.sse["KMSMasterKeyArn"].replace(f":{source.region}:", f":{region}:", 1)
    return {**source.sse, "KMSMasterKeyArn": arn}


def _check_capacity(database: Database, definition: TableDefinition) -> None:
    """Raise ApiError if a provisioned table or global index has no auto scaling of writes."""
    if definition.billing_mode == throughput.ON_DEMAND:
        return
    table = f"table/{definition.name}"
    resources = [(table, "table", False)]
    resources += [(f"{table}/index/{index.name}", "index", True) for index in definition.indexes if not index.local]
    with database.read() as txn:
        for resource, kind, is_index in resources:
            dimension = f"dynamodb:{kind}:WriteCapacityUnits"
            stored = txn.get(keyspace.scalable_target(definition.access_key, definition.region, resource, dimension))
            if stored is None or not orjson.loads(stored)["policies"]:
                raise errors.replica_writes_not_scaled(index=is_index)


def _check_key(definition: TableDefinition, body: Mapping[str, Any]) -> None:
    """Raise ApiError if KMSMasterKeyId of a new replica does not fit the encryption of the table.

    If the table has a KMS key of the customer, the replica must name one too. Otherwise it must not
    name any.
    """
    named = "KMSMasterKeyId" in body
    default = settings.changes_of(definition, {"SSESpecification": {"Enabled": True}})["sse"]
    managed = definition.sse.get("KMSMasterKeyArn") == default["KMSMasterKeyArn"]
    if managed and named:
        raise errors.replica_keys_mixed()
    if not managed and bool(definition.sse) is not named:
        raise errors.replica_key_required()
