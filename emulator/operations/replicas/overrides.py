"""Overrides: settings of one replica that differ from those of the group (control-plane 6.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from emulator import errors
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.operations.tables import settings, throughput

CAPACITY: Final = ("ProvisionedThroughputOverride", "OnDemandThroughputOverride")
"""The members that override capacity: for provisioned tables, and for on-demand tables."""


def overridden(
    source: TableDefinition, target: TableDefinition, body: Mapping[str, Any], *, creates: bool = False
) -> TableDefinition:
    """Return a replica's definition with the overrides that an action of ReplicaUpdates sets.

    source: the table that the request names.
    target: the replica before the change.
    body: the body of the action.
    creates: True for a Create action, False for an Update action.

    If an override has the same value as the source, it is removed from the replica's overrides.
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
    """Return the changed fields of the definition of a replica, or of one of its indexes.

    `body` sets the capacity of the replica or the index. Also change `overrides`, the stored
    overrides: store a capacity there if it differs from that of `source`, otherwise remove it.
    """
    fields: dict[str, Any] = {}
    provisioned, maximums = (body.get(member, {}) for member in CAPACITY)
    on_demand = mode == throughput.ON_DEMAND
    if provisioned and on_demand and not creates:
        raise errors.replica_units_on_demand()
    if maximums and not on_demand:
        raise errors.replica_maximum_provisioned()
    if provisioned and not on_demand:
        units = provisioned["ReadCapacityUnits"]
        fields["read_units"] = units
        _set(overrides, CAPACITY[0], dict(provisioned), units != source.read_units)
    if maximums:
        units = maximums["MaxReadRequestUnits"]
        merged = {**source.on_demand, **maximums}
        fields["on_demand"] = {name: value for name, value in merged.items() if value != throughput.NO_MAXIMUM}
        _set(
            overrides,
            CAPACITY[1],
            dict(maximums),
            units != source.on_demand.get("MaxReadRequestUnits", throughput.NO_MAXIMUM),
        )
    return fields


def _set(overrides: dict[str, Any], member: str, value: object, differs: bool) -> None:  # noqa: FBT001 - an expression
    if differs:
        overrides[member] = value
    else:
        overrides.pop(member, None)
