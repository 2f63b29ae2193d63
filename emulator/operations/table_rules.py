"""What CreateTable refuses; UpdateTable shares some of it (service-behaviour.md 10.1)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from emulator import errors, limits
from emulator.model.request import Request

ON_DEMAND: Final = "PAY_PER_REQUEST"
PROVISIONED: Final = "PROVISIONED"
NO_CEILING: Final = -1  # takes a member of OnDemandThroughput away (recent-features.md 4)
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
    refuse_unsupported(request)
    on_demand = request.get("BillingMode") == ON_DEMAND
    check_throughput(request, on_demand=on_demand)
    types = types_of(request["AttributeDefinitions"])
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
    check_stream(request)
    check_on_demand(request, on_demand=on_demand)
    if len(request.get("Tags", ())) > limits.TAGS_PER_RESOURCE:
        raise errors.too_many_tags()


def refuse_unsupported(request: Mapping[str, Any]) -> None:
    """Raise for a member of a feature that is not there: better a clear no than a setting that does nothing."""
    for member, feature in _LATER.items():
        if member in request:
            raise errors.validation(f"{member}: this emulator does not implement {feature} yet")


def check_throughput(request: Mapping[str, Any], *, on_demand: bool) -> None:
    """Raise unless ProvisionedThroughput and the billing mode go together."""
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
        check_bounds(units)


def check_bounds(units: Mapping[str, int]) -> None:
    """Raise if a capacity figure is larger than the service takes."""
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if units[member] > limits.THROUGHPUT_VALUE:
            raise errors.validation(f"Given value {units[member]} for {member} is out of bounds")


def types_of(definitions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return attribute name -> type of AttributeDefinitions. Raises for a name defined twice."""
    types: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in types:
            raise errors.invalid_parameters(f"Duplicate AttributeName in AttributeDefinitions: {name}")
        types[name] = definition["AttributeType"]
    return types


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def names_of(schema: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the attribute names of a key schema."""
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
    if len(set(names_of(schema))) < len(schema):
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
    if len(set(names_of(schema))) < len(schema):
        raise errors.validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")


def _check_defined(schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> None:
    names = names_of(schema)
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
        check_global_index(index, types, on_demand=on_demand)
        _check_new_name(index["IndexName"], names)
    if len(indexes) > limits.GSI_PER_TABLE:
        raise errors.invalid_parameters(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {limits.GSI_PER_TABLE}"
        )


def check_global_index(index: Mapping[str, Any], types: Mapping[str, str], *, on_demand: bool) -> None:
    """Raise what is wrong with one global index, given the defined attribute types."""
    _check_global_schema(index["KeySchema"])
    _check_defined(index["KeySchema"], types)
    _check_projection(index["Projection"])
    check_index_throughput(index["IndexName"], index.get("ProvisionedThroughput"), on_demand=on_demand)
    check_on_demand(index, on_demand=on_demand)


def check_index_throughput(name: str, units: Mapping[str, int] | None, *, on_demand: bool) -> None:
    """Raise unless an index's throughput and the billing mode go together."""
    if units is not None and on_demand:
        raise errors.invalid_parameters(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if units is None and not on_demand:
        raise errors.index_throughput_required(name)
    if units is not None:
        check_bounds(units)


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


def check_stream(request: Mapping[str, Any]) -> None:
    """Raise unless StreamSpecification has a view type exactly where it enables a stream."""
    stream = request.get("StreamSpecification")
    if stream is None:
        return
    if stream["StreamEnabled"] and "StreamViewType" not in stream:
        raise errors.invalid_parameters("StreamViewType must be specified when StreamEnabled is true")
    if not stream["StreamEnabled"] and "StreamViewType" in stream:
        raise errors.invalid_parameters("StreamViewType must not be specified when StreamEnabled is false")


def check_on_demand(part: Mapping[str, Any], *, on_demand: bool) -> None:
    """Raise if OnDemandThroughput is given for provisioned capacity, or is no figure."""
    if "OnDemandThroughput" in part and not on_demand:
        raise errors.invalid_parameters("OnDemandThroughput can only be specified when BillingMode is PAY_PER_REQUEST")
    for name, units in part.get("OnDemandThroughput", {}).items():
        if units < 1 and units != NO_CEILING:
            raise errors.invalid_parameters(f"{name} for OnDemandThroughput must be greater than or equal to 1, or -1")
