"""What UpdateTable refuses, and the definition it makes (service-behaviour.md 10.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from emulator import errors, limits
from emulator.database.definitions import CREATING, IndexDefinition, TableDefinition
from emulator.database.describe import warm_units
from emulator.model.request import Request
from emulator.operations import table_rules as rules
from emulator.operations import table_settings as settings

_CHANGES: Final = (
    "ProvisionedThroughput",
    "BillingMode",
    "StreamSpecification",
    "GlobalSecondaryIndexUpdates",
    "SSESpecification",
    "TableClass",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
    "WarmThroughput",
)


def check_update(request: Request) -> None:
    """Raise the first problem of an UpdateTable request that needs no table."""
    rules.refuse_unsupported(request)
    updates = request.get("GlobalSecondaryIndexUpdates")
    if not updates and not any(member in request for member in _CHANGES if member != "GlobalSecondaryIndexUpdates"):
        raise errors.validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    if "ProvisionedThroughput" in request:
        if request.get("BillingMode") == rules.ON_DEMAND:
            rules.check_throughput(request, on_demand=True)
        rules.check_bounds(request["ProvisionedThroughput"])
    seen: set[str] = set()
    for update in updates or ():
        if len(update) != 1:
            raise errors.invalid_parameters(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        ((_, body),) = update.items()
        name = body["IndexName"]
        if name in seen:
            raise errors.invalid_parameters(
                f"Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )
        seen.add(name)
    if sum("Update" not in update for update in updates or ()) > 1:
        raise errors.one_online_index()
    rules.check_stream(request)


def updated(definition: TableDefinition, request: Request, now: float) -> TableDefinition:
    """Return the definition with the request's changes, except that indexes are neither added nor removed yet.

    Raises what the request may not change about this table (reference 10.4).
    """
    on_demand = request.get("BillingMode", definition.billing_mode) == rules.ON_DEMAND
    _check_new_throughput(definition, request, on_demand=on_demand)
    _check_stream_change(definition, request)
    rules.check_on_demand(request, on_demand=on_demand)
    changed = _rebilled(definition, request, now, on_demand=on_demand)
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        if "Update" in update:
            changed = _with_index_settings(changed, update["Update"], on_demand=on_demand)
        elif "Create" in update:
            changed = _with_types(changed, update["Create"], request, on_demand=on_demand)
        else:
            _check_deletable(changed, update["Delete"]["IndexName"])
    if request.get("BillingMode") == rules.PROVISIONED and definition.billing_mode == rules.ON_DEMAND:
        for index in changed.indexes:
            if not index.local and not index.read_units:
                raise errors.index_throughput_required(index.name)
    _check_warm(definition, request, changed.billing_mode, "table")
    if "TableClass" in request:
        changed = replace(changed, table_class_updated=now)
    return settings.with_settings(changed, request)


def _check_new_throughput(definition: TableDefinition, request: Request, *, on_demand: bool) -> None:
    units = request.get("ProvisionedThroughput")
    if units is None:
        if request.get("BillingMode") == rules.PROVISIONED and definition.billing_mode == rules.ON_DEMAND:
            raise errors.invalid_parameters("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
        return
    rules.check_throughput(request, on_demand=on_demand)
    read, wanted_read = definition.read_units, units["ReadCapacityUnits"]
    write, wanted_write = definition.write_units, units["WriteCapacityUnits"]
    if (read, write) == (wanted_read, wanted_write) and len(request) == 2:  # noqa: PLR2004 - nothing else is asked for
        raise errors.validation(
            "The provisioned throughput for the table will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for the table: {read}. "
            f"Requested ReadCapacityUnits: {wanted_read}. "
            f"Current WriteCapacityUnits provisioned for the table: {write}. "
            f"Requested WriteCapacityUnits: {wanted_write}. "
            "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
        )


def _check_stream_change(definition: TableDefinition, request: Request) -> None:
    stream = request.get("StreamSpecification")
    if stream is None:
        return
    if stream["StreamEnabled"] and definition.stream_view is not None:
        raise errors.validation(f"Table already has an enabled stream: TableName: {definition.name}")
    if not stream["StreamEnabled"] and definition.stream_view is None:
        raise errors.validation(f"Table has no enabled stream to disable: TableName: {definition.name}")


def _rebilled(definition: TableDefinition, request: Request, now: float, *, on_demand: bool) -> TableDefinition:
    if "BillingMode" in request:
        definition = replace(definition, billing_mode=request["BillingMode"], billing_explicit=True)
    if on_demand:
        if request.get("BillingMode") != rules.ON_DEMAND:
            return definition
        indexes = tuple(replace(index, read_units=0, write_units=0) for index in definition.indexes)
        since = definition.pay_per_request_since if definition.read_units == 0 else None
        return replace(definition, read_units=0, write_units=0, indexes=indexes, pay_per_request_since=since or now)
    units = request.get("ProvisionedThroughput")
    if units is None:
        return definition
    before = (definition.read_units, definition.write_units)
    after = (units["ReadCapacityUnits"], units["WriteCapacityUnits"])
    if any(new > old for new, old in zip(after, before, strict=True)):
        definition = replace(definition, throughput_increased=now)
    if any(new < old for new, old in zip(after, before, strict=True)):
        definition = replace(definition, throughput_decreased=now)
    return definition


def _find(definition: TableDefinition, name: str) -> IndexDefinition:
    """Return a global index by name. Raises what an unknown or local one gets."""
    for index in definition.indexes:
        if index.name == name:
            if index.local:
                raise errors.invalid_parameters(f"Local secondary index cannot be changed or deleted: {name}")
            return index
    raise errors.resource_not_found(f": Index: {name} not found")


def _replace_index(definition: TableDefinition, index: IndexDefinition) -> TableDefinition:
    indexes = tuple(index if each.name == index.name else each for each in definition.indexes)
    return replace(definition, indexes=indexes)


def _with_index_settings(definition: TableDefinition, update: Mapping[str, Any], *, on_demand: bool) -> TableDefinition:
    index = _find(definition, update["IndexName"])
    if "ProvisionedThroughput" in update:
        rules.check_index_throughput(index.name, update["ProvisionedThroughput"], on_demand=on_demand)
    rules.check_on_demand(update, on_demand=on_demand)
    _check_warm(index, update, definition.billing_mode, f"index {index.name}")
    return _replace_index(
        definition,
        replace(
            index,
            on_demand=settings.ceilings(index.on_demand, update),
            warm={**index.warm, **update.get("WarmThroughput", {})},
            **settings.units_of(update),
        ),
    )


def _check_warm(
    part: TableDefinition | IndexDefinition, request: Mapping[str, Any], billing_mode: str, what: str
) -> None:
    current = warm_units(part, billing_mode)
    for name, wanted in request.get("WarmThroughput", {}).items():
        if wanted < current[name]:
            raise errors.invalid_parameters(
                f"Requested {name} for WarmThroughput for {what} is lower than current {name} for WarmThroughput "
                f"for {what}. Requested {name}: {wanted}. Current {name}: {current[name]}."
            )


def _with_types(
    definition: TableDefinition, create: Mapping[str, Any], request: Request, *, on_demand: bool
) -> TableDefinition:
    """Return the definition with the attribute types that a new index needs; a type already known stays."""
    if any(index.name == create["IndexName"] for index in definition.indexes):
        raise errors.invalid_parameters(f"Attempting to create an index which already exists: {create['IndexName']}")
    if any(index.filled_to is not None or index.status == "DELETING" for index in definition.indexes):
        raise errors.one_online_index()
    given = rules.types_of(request.get("AttributeDefinitions", ()))
    rules.check_global_index(create, given, on_demand=on_demand)
    if sum(not index.local for index in definition.indexes) >= limits.GSI_PER_TABLE:
        raise errors.invalid_parameters(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {limits.GSI_PER_TABLE}"
        )
    needed = {name: given[name] for name in rules.names_of(create["KeySchema"])}
    return replace(definition, types={**definition.types, **needed, **definition.types})


def _check_deletable(definition: TableDefinition, name: str) -> None:
    gone = _find(definition, name)
    if any(index.filled_to is not None and index is not gone for index in definition.indexes):
        raise errors.one_online_index()


def new_index(definition: TableDefinition, create: Mapping[str, Any], number: int, until: float) -> IndexDefinition:
    """Return the definition of an index to be built over a table that may have items."""
    index = settings.index_of(create, local=False)
    assert set(index.hash + index.range) <= set(definition.types), "updated() has merged the types"
    return replace(index, id=number, status=CREATING, until=until, filled_to="")
