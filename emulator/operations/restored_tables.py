"""Makes the definition of a restored table from its source's definition and the overrides.

See control-plane 3.2 and 3.3.

These settings of the source are not restored: stream, TTL, point-in-time recovery, tags, deletion
protection, resource policy, table class, warm throughput and Kinesis destinations.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.definitions.tables import CREATING, IndexDefinition, TableDefinition
from emulator.model.request import Request
from emulator.operations.tables import settings, throughput, vector_rules
from emulator.operations.tables.common_rules import check_new_name

if TYPE_CHECKING:
    from emulator.database.definitions.vectors import VectorDefinition

_INDEX_LISTS: Final = (("LocalSecondaryIndexOverride", True), ("GlobalSecondaryIndexOverride", False))


def restored(source: TableDefinition, request: Request, caller: Caller, now: float, until: float) -> TableDefinition:
    """Return the definition of the new table, with store ids that are not set yet.

    Raises ApiError if the request has wrong overrides, or lacks an override that it needs.

    until: the earliest time at which the table becomes ACTIVE. It stays CREATING for longer if the
    items are not complete by then.
    """
    mode = request.get("BillingModeOverride", source.billing_mode)
    on_demand = mode == throughput.ON_DEMAND
    _check_capacity(source, request)
    _check_maximums(request, "OnDemandThroughputOverride", on_demand=on_demand)
    indexes = tuple(_indexes(source, request, on_demand=on_demand))
    vectors = _vector_indexes(source, request)
    if vectors and not on_demand:
        raise errors.vectors_need_on_demand()
    used = {source.hash, source.range}.union(*(index.hash + index.range for index in indexes))
    used.update(*(index.search_names for index in vectors))
    table = TableDefinition(
        id=0,
        uuid=str(uuid.uuid4()),
        name=request["TargetTableName"],
        access_key=caller.access_key,
        account=caller.account,
        region=caller.region,
        created=now,
        hash=source.hash,
        range=source.range,
        types={name: kind for name, kind in source.types.items() if name in used},
        indexes=tuple(replace(index, until=until) for index in indexes),
        billing_mode=mode,
        billing_explicit=source.billing_explicit or "BillingModeOverride" in request,
        pay_per_request_since=now if on_demand else None,
        on_demand=source.on_demand if on_demand else {},
        sse=source.sse,
        until=until,
        vectors=tuple(replace(index, until=until) for index in vectors),
    )
    return replace(table, **_capacity(source, request, on_demand=on_demand), **_settings(table, request))


def _capacity(source: TableDefinition, request: Request, *, on_demand: bool) -> dict[str, Any]:
    """Return the definition's fields of provisioned throughput, from the source or an override."""
    units = {} if on_demand else {"read_units": source.read_units, "write_units": source.write_units}
    return {**units, **settings.units_of({"ProvisionedThroughput": request.get("ProvisionedThroughputOverride")})}


def _settings(table: TableDefinition, request: Request) -> dict[str, Any]:
    """Return the definition's fields that overrides of on-demand throughput and encryption set."""
    members = {}
    if "OnDemandThroughputOverride" in request:
        members["OnDemandThroughput"] = request["OnDemandThroughputOverride"]
    if "SSESpecificationOverride" in request:
        members["SSESpecification"] = request["SSESpecificationOverride"]
    return settings.changes_of(table, members)


def _check_capacity(source: TableDefinition, request: Request) -> None:
    """Raise ApiError if the billing mode and provisioned throughput of the new table conflict."""
    override = request.get("BillingModeOverride")
    units = request.get("ProvisionedThroughputOverride")
    if units is None:
        if override == throughput.PROVISIONED:
            raise errors.capacity_override_missing()
        return
    if override == throughput.ON_DEMAND:
        raise errors.capacity_override_on_demand()
    if override is None and source.billing_mode == throughput.ON_DEMAND:
        raise errors.capacity_override_unprovisioned()
    members = {"ProvisionedThroughput": units}
    throughput.check_bounds(members)
    throughput.check_quotas(members, (), source.region)


def _check_maximums(members: Mapping[str, Any], member: str, *, on_demand: bool, index: str | None = None) -> None:
    for name in ("MaxReadRequestUnits", "MaxWriteRequestUnits"):
        units = members.get(member, {}).get(name)
        if units is None:
            continue
        if not on_demand:
            raise errors.maximum_override_provisioned(name, index)
        if units < 1 and units != throughput.NO_MAXIMUM:
            raise errors.maximum_override_out_of_range(name, index)


# --- indexes --------------------------------------------------------------------------------------


def _indexes(source: TableDefinition, request: Request, *, on_demand: bool) -> Iterator[IndexDefinition]:
    """Yield the indexes of the new table.

    The request may have one override for the local indexes, and one for the global indexes. For a
    kind of indexes without an override, yield the source's indexes.
    """
    names: set[str] = set()
    for member, local in _INDEX_LISTS:
        existing = [index for index in source.indexes if index.local is local]
        if member not in request:
            for index in existing:
                if not local and not on_demand and not index.read_units:
                    raise errors.index_capacity_override_missing(index.name)
                yield _clean(index, on_demand=on_demand)
            continue
        for wanted in request[member]:
            if wanted["IndexName"] in names:
                raise errors.duplicate_index_name(wanted["IndexName"])
            names.add(wanted["IndexName"])
            yield _overridden(existing, wanted, request, on_demand=on_demand, local=local)


def _overridden(
    existing: Sequence[IndexDefinition], wanted: Mapping[str, Any], request: Request, *, on_demand: bool, local: bool
) -> IndexDefinition:
    """Return an index of the new table, as an override in the request describes it.

    existing: the source's indexes of the same kind. wanted: one element of the override.
    Raises ApiError if no existing index has the same keys and projection, or if the throughput in
    `wanted` is wrong or missing.
    """
    name = wanted["IndexName"]
    index = settings.index_of(wanted, local=local)
    if not any(_shape(index) == _shape(each) for each in existing):
        raise errors.index_override_unknown(name)
    if local:
        return index
    if "WarmThroughput" in wanted:
        raise errors.index_override_warm(name)
    if "ProvisionedThroughput" in wanted and on_demand:
        if request.get("BillingModeOverride") == throughput.ON_DEMAND:
            raise errors.capacity_override_on_demand(name)
        raise errors.capacity_override_unprovisioned(name)
    if "ProvisionedThroughput" not in wanted and not on_demand:
        raise errors.index_capacity_override_missing(name)
    throughput.check_bounds(wanted)
    throughput.check_quotas({}, (wanted,), "")
    _check_maximums(wanted, "OnDemandThroughput", on_demand=on_demand, index=name)
    return index


def _vector_indexes(source: TableDefinition, request: Request) -> "list[VectorDefinition]":
    """Return the vector indexes of the new table, without ids.

    If the request has no VectorIndexOverride, return the source's indexes. Otherwise return the
    indexes of the override. Each of them must equal an index of the source (control-plane 15).
    """
    existing = [replace(index, id=0, restored=0, filled_to=None, status=CREATING) for index in source.vectors]
    if "VectorIndexOverride" not in request:
        return existing
    wanted = [vector_rules.definition_of(each) for each in request["VectorIndexOverride"]]
    names: set[str] = set()
    for index in wanted:
        check_new_name(index.name, names)
        if not any(_vector_shape(index) == _vector_shape(each) for each in existing):
            raise errors.index_override_unknown(index.name)
    return wanted


def _vector_shape(index: "VectorDefinition") -> tuple[object, ...]:
    """Return the properties that a vector index of an override must share with a source's index."""
    return index.attribute, index.dimensions, index.distance, index.search, index.projection, frozenset(index.non_key)


def _shape(index: IndexDefinition) -> tuple[object, ...]:
    """Return the properties in which an index of an override must equal an index of the source."""
    return index.hash, index.range, index.projection, frozenset(index.non_key)


def _clean(index: IndexDefinition, *, on_demand: bool) -> IndexDefinition:
    """Return a copy of an index for the new table, without id and status.

    The copy has only the throughput settings that the new table's billing mode uses.
    """
    return IndexDefinition(
        id=0,
        name=index.name,
        local=index.local,
        hash=index.hash,
        range=index.range,
        projection=index.projection,
        non_key=index.non_key,
        read_units=0 if on_demand else index.read_units,
        write_units=0 if on_demand else index.write_units,
        on_demand=index.on_demand if on_demand else {},
    )
