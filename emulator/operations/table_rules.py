"""What CreateTable and UpdateTable refuse, and the definitions they make (service-behaviour.md 10.1, 10.4)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from emulator import errors, limits
from emulator.database.catalog import Caller
from emulator.database.definitions import CREATING, IndexDefinition, TableDefinition
from emulator.database.describe import warm_units
from emulator.model.request import Request

_ON_DEMAND: Final = "PAY_PER_REQUEST"
_PROVISIONED: Final = "PROVISIONED"
_NO_CEILING: Final = -1  # takes a member of OnDemandThroughput away (recent-features.md 4)
_LATER: Final = {
    "VectorIndexes": "vector indexes",
    "VectorIndexUpdates": "vector indexes",
    "ResourcePolicy": "resource policies",
    "GlobalTableSourceArn": "global tables",
    "GlobalTableSettingsReplicationMode": "global tables",
    "ReplicaUpdates": "global tables",
    "MultiRegionConsistency": "global tables",
    "GlobalTableWitnessUpdates": "global tables",
    "DisassociationProtectionEnabled": "global tables",
}
"""Request members whose feature this emulator does not have yet."""


def check_create(request: Request) -> None:
    """Raise the first problem of a CreateTable request that its member constraints do not cover."""
    _refuse_unsupported(request)
    on_demand = request.get("BillingMode") == _ON_DEMAND
    _check_throughput(request, on_demand=on_demand)
    types = _types_of(request["AttributeDefinitions"])
    schema = request["KeySchema"]
    _check_table_keys(schema, types, len(request["AttributeDefinitions"]))
    used = {element["AttributeName"] for element in schema}
    names: set[str] = set()
    _check_local_indexes(request, schema, types, names)
    _check_global_indexes(request, types, names, on_demand=on_demand)
    indexes = (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ()))
    used.update(element["AttributeName"] for index in indexes for element in index["KeySchema"])
    if not indexes and len(types) != len(used):
        raise errors.invalid_parameters(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    if len(types) != len(used):
        raise errors.invalid_parameters(
            "Some AttributeDefinitions are not used. "
            f"AttributeDefinitions: {_listed(types)}, keys used: {_listed(name for name in types if name in used)}"
        )
    _check_non_key_total(indexes)
    _check_stream(request)
    _check_on_demand(request, on_demand=on_demand)
    if len(request.get("Tags", ())) > limits.TAGS_PER_RESOURCE:
        raise errors.too_many_tags()


def _refuse_unsupported(request: Mapping[str, Any]) -> None:
    for member, feature in _LATER.items():
        if member in request:
            raise errors.validation(f"{member}: this emulator does not implement {feature} yet")


def _check_throughput(request: Mapping[str, Any], *, on_demand: bool) -> None:
    units = request.get("ProvisionedThroughput")
    if on_demand and units is not None:
        raise errors.invalid_parameters(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    if not on_demand and units is None:
        raise errors.invalid_parameters(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    if units is not None:
        _check_bounds(units)


def _check_bounds(units: Mapping[str, int]) -> None:
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if units[member] > limits.THROUGHPUT_VALUE:
            raise errors.validation(f"Given value {units[member]} for {member} is out of bounds")


def _types_of(definitions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    types: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in types:
            raise errors.invalid_parameters(f"Duplicate AttributeName in AttributeDefinitions: {name}")
        types[name] = definition["AttributeType"]
    return types


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def _names(schema: Sequence[Mapping[str, str]]) -> list[str]:
    return [element["AttributeName"] for element in schema]


def _check_table_keys(schema: Sequence[Mapping[str, str]], types: Mapping[str, str], definitions: int) -> None:
    if len(schema) > definitions:
        raise errors.validation("Invalid KeySchema: Some index key attribute have no definition")
    _check_pair(schema)
    _check_defined(schema, types)


def _check_pair(schema: Sequence[Mapping[str, str]]) -> None:
    """Check the key schema of a table or local index: HASH, then perhaps RANGE."""
    if schema[0]["KeyType"] != "HASH":
        raise errors.validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) > 1 and schema[1]["KeyType"] != "RANGE":
        raise errors.validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    if len(set(_names(schema))) < len(schema):
        raise errors.validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")


def _check_global_schema(schema: Sequence[Mapping[str, str]]) -> None:
    """Check a GSI's key schema: up to four HASH attributes, then up to four RANGE ones (recent-features.md 3)."""
    kinds = [element["KeyType"] for element in schema]
    if len(schema) <= 2:  # noqa: PLR2004 - the ordinary shape has the ordinary texts
        if kinds != ["HASH", "HASH"]:
            _check_pair(schema)
    elif kinds[0] != "HASH":
        raise errors.validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if kinds != sorted(kinds):
        raise errors.invalid_parameters("Invalid KeySchema: all HASH elements must precede RANGE elements")
    for kind in ("HASH", "RANGE"):
        if kinds.count(kind) > limits.INDEX_KEY_ATTRIBUTES:
            raise errors.invalid_parameters(
                f"Invalid KeySchema: at most {limits.INDEX_KEY_ATTRIBUTES} {kind} elements are allowed"
            )
    if len(set(_names(schema))) < len(schema):
        raise errors.validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")


def _check_defined(schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> None:
    names = _names(schema)
    if any(name not in types for name in names):
        raise errors.invalid_parameters(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: {_listed(names)}, AttributeDefinitions: {_listed(types)}"
        )


def _check_local_indexes(
    request: Mapping[str, Any], table: Sequence[Mapping[str, str]], types: Mapping[str, str], names: set[str]
) -> None:
    indexes = request.get("LocalSecondaryIndexes")
    if indexes is None:
        return
    if not indexes:
        raise errors.invalid_parameters("List of LocalSecondaryIndexes is empty")
    if len(table) == 1:
        raise errors.invalid_parameters(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    for index in indexes:
        name, schema = index["IndexName"], index["KeySchema"]
        _check_pair(schema)
        _check_defined(schema, types)
        if len(schema) == 1:
            raise errors.invalid_parameters(f"Index KeySchema does not have a range key for index: {name}")
        if schema[0]["AttributeName"] != table[0]["AttributeName"]:
            raise errors.invalid_parameters(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                f"{name}. index hash key: {schema[0]['AttributeName']}, "
                f"table hash key: {table[0]['AttributeName']}"
            )
        _check_projection(index["Projection"])
        _check_new_name(name, names)
    if len(indexes) > limits.LSI_PER_TABLE:
        raise errors.invalid_parameters(
            f"Number of LocalSecondaryIndexes exceeds per-table limit of {limits.LSI_PER_TABLE}"
        )


def _check_global_indexes(
    request: Mapping[str, Any], types: Mapping[str, str], names: set[str], *, on_demand: bool
) -> None:
    indexes = request.get("GlobalSecondaryIndexes")
    if indexes is None:
        return
    if not indexes:
        raise errors.invalid_parameters("List of GlobalSecondaryIndexes is empty")
    for index in indexes:
        _check_global_index(index, types, on_demand=on_demand)
        _check_new_name(index["IndexName"], names)
    if len(indexes) > limits.GSI_PER_TABLE:
        raise errors.invalid_parameters(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {limits.GSI_PER_TABLE}"
        )


def _check_global_index(index: Mapping[str, Any], types: Mapping[str, str], *, on_demand: bool) -> None:
    _check_global_schema(index["KeySchema"])
    _check_defined(index["KeySchema"], types)
    _check_projection(index["Projection"])
    _check_index_throughput(index["IndexName"], index.get("ProvisionedThroughput"), on_demand=on_demand)
    _check_on_demand(index, on_demand=on_demand)


def _check_index_throughput(name: str, units: Mapping[str, int] | None, *, on_demand: bool) -> None:
    if units is not None and on_demand:
        raise errors.invalid_parameters(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if units is None and not on_demand:
        raise errors.index_throughput_required(name)
    if units is not None:
        _check_bounds(units)


def _check_new_name(name: str, names: set[str]) -> None:
    if name in names:
        raise errors.invalid_parameters(f"Duplicate index name: {name}")
    names.add(name)


def _check_projection(projection: Mapping[str, Any]) -> None:
    kind = projection.get("ProjectionType")
    named = "NonKeyAttributes" in projection
    if kind is None:
        raise errors.invalid_parameters("Unknown ProjectionType: null")
    if kind != "INCLUDE" and named:
        raise errors.invalid_parameters(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == "INCLUDE" and not named:
        raise errors.invalid_parameters("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")


def _check_non_key_total(indexes: Iterable[Mapping[str, Any]]) -> None:
    total = sum(len(index["Projection"].get("NonKeyAttributes", ())) for index in indexes)
    if total > limits.NON_KEY_ATTRIBUTES_TOTAL:
        raise errors.invalid_parameters(
            f"The total number of NonKeyAttributes, {total}, "
            f"exceeds the per-table limit of {limits.NON_KEY_ATTRIBUTES_TOTAL}"
        )


def _check_stream(request: Mapping[str, Any]) -> None:
    stream = request.get("StreamSpecification")
    if stream is None:
        return
    if stream["StreamEnabled"] and "StreamViewType" not in stream:
        raise errors.invalid_parameters("StreamViewType must be specified when StreamEnabled is true")
    if not stream["StreamEnabled"] and "StreamViewType" in stream:
        raise errors.invalid_parameters("StreamViewType must not be specified when StreamEnabled is false")


def _check_on_demand(part: Mapping[str, Any], *, on_demand: bool) -> None:
    if "OnDemandThroughput" in part and not on_demand:
        raise errors.invalid_parameters("OnDemandThroughput can only be specified when BillingMode is PAY_PER_REQUEST")
    for name, units in part.get("OnDemandThroughput", {}).items():
        if units < 1 and units != _NO_CEILING:
            raise errors.invalid_parameters(f"{name} for OnDemandThroughput must be greater than or equal to 1, or -1")


def definition_of(request: Request, caller: Caller, number: int, now: float, until: float) -> TableDefinition:
    """Return the definition of a table to be created; its indexes still lack ids and times."""
    hash_name, *range_name = _names(request["KeySchema"])
    mode = request.get("BillingMode", _PROVISIONED)
    definition = TableDefinition(
        id=number,
        uuid=str(uuid.uuid4()),
        name=_plain_name(request["TableName"]),
        access_key=caller.access_key,
        account=caller.account,
        region=caller.region,
        created=now,
        hash=hash_name,
        range=range_name[0] if range_name else None,
        types=_types_of(request["AttributeDefinitions"]),
        indexes=(
            *(_index_of(index, local=True) for index in request.get("LocalSecondaryIndexes", ())),
            *(_index_of(index, local=False) for index in request.get("GlobalSecondaryIndexes", ())),
        ),
        billing_mode=mode,
        pay_per_request_since=now if mode == _ON_DEMAND else None,
        tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", ())},
        until=until,
    )
    return _with_settings(definition, request, now)


def _plain_name(name: str) -> str:
    """Return the table name of a name or ARN."""
    return name.rsplit("/", 1)[-1]


def _units(part: Mapping[str, Any]) -> dict[str, Any]:
    units = part.get("ProvisionedThroughput")
    if units is None:
        return {}
    return {"read_units": units["ReadCapacityUnits"], "write_units": units["WriteCapacityUnits"]}


def _index_of(index: Mapping[str, Any], *, local: bool) -> IndexDefinition:
    schema = index["KeySchema"]
    return IndexDefinition(
        id=0,
        name=index["IndexName"],
        local=local,
        hash=tuple(element["AttributeName"] for element in schema if element["KeyType"] == "HASH"),
        range=tuple(element["AttributeName"] for element in schema if element["KeyType"] == "RANGE"),
        projection=index["Projection"]["ProjectionType"],
        non_key=tuple(index["Projection"].get("NonKeyAttributes", ())),
        on_demand=_ceilings({}, index),
        warm=dict(index.get("WarmThroughput", {})),
        **_units(index),
    )


def _ceilings(current: Mapping[str, int], part: Mapping[str, Any]) -> dict[str, int]:
    """Merge OnDemandThroughput member by member; -1 takes a ceiling away (recent-features.md 4)."""
    merged = {**current, **part.get("OnDemandThroughput", {})}
    return {name: units for name, units in merged.items() if units != _NO_CEILING}


def _with_settings(definition: TableDefinition, request: Mapping[str, Any], now: float) -> TableDefinition:
    """Return the definition with the settings that creating and updating a table have in common."""
    changes: dict[str, Any] = _units(request)
    stream = request.get("StreamSpecification")
    if stream is not None and stream["StreamEnabled"]:
        moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        changes["stream_view"] = stream["StreamViewType"]
        changes["stream_label"] = moment.isoformat(timespec="milliseconds")
    elif stream is not None:
        changes["stream_view"] = None
    if "SSESpecification" in request:
        changes["sse"] = _encryption(definition, request["SSESpecification"])
    if "TableClass" in request:
        changes["table_class"] = request["TableClass"]
    if "DeletionProtectionEnabled" in request:
        changes["deletion_protection"] = request["DeletionProtectionEnabled"]
    if "OnDemandThroughput" in request:
        changes["on_demand"] = _ceilings(definition.on_demand, request)
    if "WarmThroughput" in request:
        changes["warm"] = {**definition.warm, **request["WarmThroughput"]}
    return replace(definition, **changes)


def _encryption(definition: TableDefinition, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return SSEDescription; not enabled means the service's own key, which is not told (reference 10.3)."""
    if not wanted.get("Enabled"):
        return {}
    key = wanted.get("KMSMasterKeyId", f"key/{uuid.uuid5(uuid.NAMESPACE_URL, definition.account)}")
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{definition.region}:{definition.account}:{_key_path(key)}"
    return {"Status": "ENABLED", "SSEType": wanted.get("SSEType", "KMS"), "KMSMasterKeyArn": arn}


def _key_path(key: str) -> str:
    return key if key.startswith(("key/", "alias/")) else f"key/{key}"


# --- UpdateTable ----------------------------------------------------------------------------------------------------

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
    _refuse_unsupported(request)
    updates = request.get("GlobalSecondaryIndexUpdates")
    if not updates and not any(member in request for member in _CHANGES if member != "GlobalSecondaryIndexUpdates"):
        raise errors.validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    if "ProvisionedThroughput" in request:
        if request.get("BillingMode") == _ON_DEMAND:
            _check_throughput(request, on_demand=True)
        _check_bounds(request["ProvisionedThroughput"])
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
    _check_stream(request)


def updated(definition: TableDefinition, request: Request, now: float) -> TableDefinition:
    """Return the definition with the request's changes, except that indexes are neither added nor removed yet.

    Raises what the request may not change about this table (reference 10.4).
    """
    on_demand = request.get("BillingMode", definition.billing_mode) == _ON_DEMAND
    _check_new_throughput(definition, request, on_demand=on_demand)
    _check_stream_change(definition, request)
    _check_on_demand(request, on_demand=on_demand)
    changed = _rebilled(definition, request, now, on_demand=on_demand)
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        if "Update" in update:
            changed = _with_index_settings(changed, update["Update"], on_demand=on_demand)
        elif "Create" in update:
            changed = _with_types(changed, update["Create"], request, on_demand=on_demand)
        else:
            _check_deletable(changed, update["Delete"]["IndexName"])
    if request.get("BillingMode") == _PROVISIONED and definition.billing_mode == _ON_DEMAND:
        for index in changed.indexes:
            if not index.local and not index.read_units:
                raise errors.index_throughput_required(index.name)
    _check_warm(definition, request, changed.billing_mode, "table")
    if "TableClass" in request:
        changed = replace(changed, table_class_updated=now)
    return _with_settings(changed, request, now)


def _check_new_throughput(definition: TableDefinition, request: Request, *, on_demand: bool) -> None:
    units = request.get("ProvisionedThroughput")
    if units is None:
        if request.get("BillingMode") == _PROVISIONED and definition.billing_mode == _ON_DEMAND:
            raise errors.invalid_parameters("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
        return
    _check_throughput(request, on_demand=on_demand)
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
        if request.get("BillingMode") != _ON_DEMAND:
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
        _check_index_throughput(index.name, update["ProvisionedThroughput"], on_demand=on_demand)
    _check_on_demand(update, on_demand=on_demand)
    _check_warm(index, update, definition.billing_mode, f"index {index.name}")
    return _replace_index(
        definition,
        replace(
            index,
            on_demand=_ceilings(index.on_demand, update),
            warm={**index.warm, **update.get("WarmThroughput", {})},
            **_units(update),
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
    given = _types_of(request.get("AttributeDefinitions", ()))
    _check_global_index(create, given, on_demand=on_demand)
    if sum(not index.local for index in definition.indexes) >= limits.GSI_PER_TABLE:
        raise errors.invalid_parameters(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {limits.GSI_PER_TABLE}"
        )
    needed = {name: given[name] for name in _names(create["KeySchema"])}
    return replace(definition, types={**definition.types, **needed, **definition.types})


def _check_deletable(definition: TableDefinition, name: str) -> None:
    gone = _find(definition, name)
    if any(index.filled_to is not None and index is not gone for index in definition.indexes):
        raise errors.one_online_index()


def new_index(definition: TableDefinition, create: Mapping[str, Any], number: int, until: float) -> IndexDefinition:
    """Return the definition of an index to be built over a table that may have items."""
    index = _index_of(create, local=False)
    assert set(index.hash + index.range) <= set(definition.types), "updated() has merged the types"
    return replace(index, id=number, status=CREATING, until=until, filled_to="")
