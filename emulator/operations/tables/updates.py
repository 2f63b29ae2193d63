"""Checks UpdateTable requests, and makes the changed definitions (behaviour 10.4).

Error texts that are not in behaviour 10.4 come from these findings (reference/README.md):
ack-api-quirks and DDB-TABLE-047, 050, 135, 152, 161, 162, 169, 375 and 442.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from emulator import errors, limits
from emulator.database.definitions.tables import (
    ACTIVE,
    CREATING,
    DELETING,
    UPDATING,
    IndexDefinition,
    TableDefinition,
    deferred,
)
from emulator.database.schema.describe import warm_units
from emulator.model.request import Request
from emulator.operations.tables import common_rules, rules, settings, throughput, vector_rules
from emulator.operations.tables.combinations import check_asks_for_something, check_combination


def check_update(request: Request) -> None:
    """Raise ApiError for the first problem of UpdateTable that does not depend on the table."""
    throughput.adopt_mode(request)
    rules.check_table_class(request)
    check_asks_for_something(request)
    check_combination(request)
    if "ReplicaUpdates" in request:
        from emulator.operations.replicas import checks  # noqa: PLC0415 - few tables have replicas

        checks.check(request)
    billing_mode = request.get("BillingMode")
    if "ProvisionedThroughput" in request:
        throughput.check_mode(request, on_demand=billing_mode == throughput.ON_DEMAND)
    elif billing_mode == throughput.PROVISIONED:
        raise errors.throughput_required()
    rules.check_stream(request, creates=False)
    rules.check_encryption(request)
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        if update.get("Update", {}).get("WarmThroughput") == {}:
            raise errors.index_warm_throughput_empty(update["Update"]["IndexName"])


def updated(definition: TableDefinition, request: Request, now: float, until: float) -> TableDefinition:
    """Return the definition with the request's changes. The caller creates and deletes indexes.

    until: the time at which pending changes take effect, and indexes with new throughput become
    ACTIVE again.

    Raises ApiError if the table does not allow the request (behaviour 10.4).
    """
    on_demand = request.get("BillingMode", definition.billing_mode) == throughput.ON_DEMAND
    if "ProvisionedThroughput" in request:
        throughput.check_mode(request, on_demand=on_demand)
        throughput.refuse_unchanged(definition, request)
    _check_stream_change(definition, request)
    _check_encryption_change(definition, request)
    throughput.check_updated_maximums(request, on_demand=on_demand)
    throughput.check_updated_warm(definition, request, definition.billing_mode)
    changed = _with_billing_mode(definition, request, until)
    changed = throughput.with_throughput(changed, request, changed.billing_mode, now, until)
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        if "Update" in update:
            changed = _with_index_settings(changed, update["Update"], now, until, on_demand=on_demand)
        elif "Create" in update:
            changed = _with_types(changed, update["Create"], request, on_demand=on_demand)
        else:
            _check_deletable(changed, update["Delete"]["IndexName"])
    if "VectorIndexUpdates" in request:
        changed = vector_rules.updated(changed, request)
    if not on_demand and definition.billing_mode == throughput.ON_DEMAND:
        if definition.vectors:
            raise errors.vectors_need_on_demand()
        for index in changed.indexes:
            if not index.local and not index.read_units:
                raise errors.index_throughput_required(index.name)
    throughput.check_quotas(request, _index_parts(request), definition.region)
    return _with_settings(changed, request, until)


def _index_parts(request: Request) -> Iterator[Mapping[str, Any]]:
    """Yield the body of each action that creates or updates a global index."""
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        yield from (body for action, body in update.items() if action != "Delete")


# --- settings of the table ------------------------------------------------------------------------


def _check_stream_change(definition: TableDefinition, request: Request) -> None:
    stream = request.get("StreamSpecification")
    if stream is None:
        return
    if not stream["StreamEnabled"] and definition.membership is not None:
        raise errors.replica_stream_required()
    if stream["StreamEnabled"] and definition.stream_view is not None:
        raise errors.stream_already_enabled(definition.name)
    if not stream["StreamEnabled"] and definition.stream_view is None:
        raise errors.no_stream_to_disable(definition.name)


def _check_encryption_change(definition: TableDefinition, request: Request) -> None:
    wanted = request.get("SSESpecification")
    if wanted is None:
        return
    if not settings.is_encrypting(wanted):
        if not definition.sse:
            raise errors.encrypted_by_default()
    elif definition.sse and wanted.get("KMSMasterKeyId") == definition.sse["KMSMasterKeyArn"]:
        raise errors.encrypted_with_that_key()


_LATER: Final = frozenset({"read_units", "write_units", "warm", "sse", "table_class"})
"""Fields of a definition whose changes are pending at first.

The response of UpdateTable has the old values.
"""


def _with_settings(definition: TableDefinition, request: Request, until: float) -> TableDefinition:
    """Return the definition with the settings of the request (behaviour 10.4).

    Settings in _LATER become pending changes: they are in force at the time `until`.
    """
    fields = settings.changes_of(definition, request)
    changed = replace(definition, **{name: value for name, value in fields.items() if name not in _LATER})
    changed = throughput.with_warm_throughput(changed, request, definition.billing_mode, until)
    if "sse" in fields:
        changed = deferred(changed, until, {"sse": fields["sse"]})
    if "table_class" in fields and fields["table_class"] != settings.class_of(definition):
        table_class = {"table_class": fields["table_class"], "table_class_updated": until}
        changed = deferred(changed, until, table_class)
    return changed


def _with_billing_mode(definition: TableDefinition, request: Request, until: float) -> TableDefinition:
    """Return the definition with the billing mode of the request.

    The new mode is in force now, without a pending change (behaviour 10.4). Provisioned and maximum
    throughput of the previous mode are dropped. The warm throughput of the table and its indexes
    stays (observed: findings DDB-TABLE-061, 153).
    """
    previous = definition.billing_mode
    billing_mode = request.get("BillingMode", previous)
    if billing_mode == previous:
        return definition
    dropped: dict[str, Any] = {"read_units": 0, "write_units": 0, "on_demand": {}}
    indexes = tuple(
        index if index.local else replace(index, **dropped, warm=warm_units(index, previous))
        for index in definition.indexes
    )
    changed = replace(
        definition,
        **dropped,
        billing_mode=billing_mode,
        billing_explicit=True,
        indexes=indexes,
        warm=warm_units(definition, previous),
    )
    if changed.membership is not None:
        gone = "ProvisionedThroughputOverride" if billing_mode == throughput.ON_DEMAND else "OnDemandThroughputOverride"
        changed = replace(changed, membership=changed.membership.without_overrides(gone))
    if billing_mode != throughput.ON_DEMAND:
        return changed
    # The time of the switch to on-demand is a pending change: until the switch ends, DescribeTable
    # reports no time. Then it reports the time of the end (findings DDB-TABLE-060, 064).
    return deferred(replace(changed, pay_per_request_since=None), until, {"pay_per_request_since": until})


# --- indexes --------------------------------------------------------------------------------------

_ONLINE: Final = frozenset({CREATING, DELETING})
"""Statuses of an index that is created or deleted while its table is in use.

Only one index of a table may have such a status at the same time.
"""


def _find(definition: TableDefinition, name: str, verb: str) -> IndexDefinition:
    """Return a global index by its name. Raises ApiError if the table has no such global index.

    verb: "update" or "delete", for the text of the error.
    """
    for index in definition.indexes:
        if index.name == name:
            if index.local:
                raise errors.not_a_global_index(name, verb)
            return index
    if any(index.name == name for index in definition.vectors):
        raise errors.not_a_global_index(name, verb)
    raise errors.index_not_found(name, definition.name)


def _with_index_settings(
    definition: TableDefinition, update: Mapping[str, Any], now: float, until: float, *, on_demand: bool
) -> TableDefinition:
    name = update["IndexName"]
    index = _find(definition, name, "update")
    if index.status != ACTIVE:
        raise errors.index_being_changed(definition.name, name, index.status)
    other = update.get("OnDemandThroughput") or update.get("WarmThroughput")
    if on_demand and ("ProvisionedThroughput" in update or not other):
        raise errors.index_update_on_demand(name)
    throughput.check_bounds(update)
    throughput.refuse_unchanged(index, update, name)
    throughput.check_updated_maximums(update, on_demand=on_demand, index=name)
    throughput.check_updated_warm(index, update, definition.billing_mode, name)
    changed = replace(index, on_demand=settings.maximums(index.on_demand, update))
    changed = throughput.with_throughput(changed, update, definition.billing_mode, now, until)
    changed = throughput.with_warm_throughput(changed, update, definition.billing_mode, until)
    if "ProvisionedThroughput" in update or "OnDemandThroughput" in update:
        changed = replace(changed, status=UPDATING, until=until)
    indexes = tuple(changed if other_index.name == name else other_index for other_index in definition.indexes)
    return replace(definition, indexes=indexes)


def _with_types(
    definition: TableDefinition, create: Mapping[str, Any], request: Request, *, on_demand: bool
) -> TableDefinition:
    """Return the definition, with the types of a new index's key attributes added.

    Raises ApiError if the index cannot be created.
    """
    name = create["IndexName"]
    if any(index.name == name for index in definition.every_index):
        raise errors.index_exists()
    if definition.is_building:
        raise errors.one_online_index()
    if "AttributeDefinitions" not in request:
        raise errors.index_without_attribute_definitions(name)
    types = common_rules.types_of(request["AttributeDefinitions"])
    rules.check_index_shape(create, types)
    _check_new_index_throughput(create, on_demand=on_demand)
    named: list[Sequence[str]] = [index.non_key for index in definition.indexes]
    named += map(vector_rules.defined_non_key_attributes, definition.vectors)
    common_rules.check_non_key_total([*named, create["Projection"].get("NonKeyAttributes", ())])
    if sum(not index.local for index in definition.indexes) >= limits.GSI_PER_TABLE:
        raise errors.no_room_for_global_index()
    _refuse_redefinition(definition, create["KeySchema"], types)
    needed = {name: types[name] for name in common_rules.names_of(create["KeySchema"])}
    return replace(definition, types={**definition.types, **needed})


def _refuse_redefinition(
    definition: TableDefinition, schema: Sequence[Mapping[str, str]], types: Mapping[str, str]
) -> None:
    """Raise ApiError if a new index gives an attribute of an existing key another type.

    See behaviour 10.4. AttributeDefinitions that the new index does not need are ignored
    (finding DDB-TABLE-162). The error lists an existing key schema that has the attribute.

    Only one example of the error is known, and its key schemas have one attribute each. So two
    facts are assumed. First, the error lists all attributes of a key schema. Second, if both the
    table's key and an index's key have the attribute, the error lists the table's key.
    """
    other = [name for name in common_rules.names_of(schema) if definition.types.get(name, types[name]) != types[name]]
    if not other:
        return
    keys = ((definition.hash,), (definition.range,) if definition.range else ())
    schemas = [keys, *((index.hash, index.range) for index in definition.indexes)]
    hashes, ranges = next((part for part in schemas if other[0] in (*part[0], *part[1])), keys)
    existing = [*((name, "HASH") for name in hashes), *((name, "RANGE") for name in ranges)]
    raise errors.attribute_redefined(
        [(name, definition.types[name], kind) for name, kind in existing],
        [(element["AttributeName"], types[element["AttributeName"]], element["KeyType"]) for element in schema],
    )


def _check_new_index_throughput(create: Mapping[str, Any], *, on_demand: bool) -> None:
    name, has_throughput = create["IndexName"], "ProvisionedThroughput" in create
    if has_throughput and on_demand:
        raise errors.index_capacity_on_demand(name)
    if not has_throughput and not on_demand:
        raise errors.index_capacity_required(name)
    rules.check_index_figures(create, on_demand=on_demand)


def _check_deletable(definition: TableDefinition, name: str) -> None:
    deleted = _find(definition, name, "delete")
    if any(index.status in _ONLINE for index in definition.every_index if index is not deleted):
        raise errors.one_online_index()


def new_index(definition: TableDefinition, create: Mapping[str, Any], number: int, until: float) -> IndexDefinition:
    """Return the definition of a new index, which is filled from the items of the table.

    number: the id of the index in the store. until: the earliest time at which CREATING ends.
    """
    index = settings.index_of(create, local=False)
    assert set(index.hash + index.range) <= set(definition.types), (
        "the definition must have the types of the index's key attributes"
    )
    return replace(index, id=number, status=CREATING, until=until, filled_to="")
