"""What CreateTable refuses; UpdateTable shares some of it (behaviour 10.1).

Other texts, and the order of all, were observed: ack-api-quirks, DDB-TABLE-123, 126, 127, 437, 442.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from emulator import errors, limits
from emulator.model.request import Request
from emulator.operations import table_throughput as throughput
from emulator.operations import tag_rules

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
    throughput.adopt_mode(request)
    check_table_class(request)
    refuse_unsupported(request)
    on_demand = request.get("BillingMode") == throughput.ON_DEMAND
    throughput.check_mode(request, on_demand=on_demand)
    types = types_of(request["AttributeDefinitions"])
    schema = request["KeySchema"]
    _check_table_keys(schema, types, len(request["AttributeDefinitions"]))
    indexes = (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ()))
    _check_index_lists(request, schema)
    _check_repeated_names(request)
    _check_all_used(types, schema, indexes)
    names: set[str] = set()
    _check_local_indexes(request, schema, types, names)
    _check_global_indexes(request, types, names, on_demand=on_demand)
    check_non_key_total(index["Projection"].get("NonKeyAttributes", ()) for index in indexes)
    check_stream(
        request,
        without="Table is being created with a stream enabled, UpdateViewType is required",
        unwanted="Table is being created with a stream disabled, UpdateViewType should not be specified",
    )
    throughput.check_created_ceilings(request, on_demand=on_demand)
    throughput.check_created_warm(request, on_demand=on_demand)
    check_encryption(request)
    tag_rules.check_tags(request.get("Tags", ()))
    tag_rules.check_set({tag["Key"]: tag["Value"] for tag in request.get("Tags", ())})


def refuse_unsupported(request: Mapping[str, Any]) -> None:
    """Raise for a member of a feature that is not there: better a clear no than a setting that does nothing."""
    for member, feature in _LATER.items():
        if member in request:
            raise errors.validation(f"{member}: this emulator does not implement {feature} yet")


def types_of(definitions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return attribute name -> type of AttributeDefinitions. Raises for a name defined twice."""
    types: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in types:
            raise errors.attribute_defined_twice(name)
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


def _check_index_lists(request: Request, table: Sequence[Mapping[str, str]]) -> None:
    """Raise what is told of index lists before attributes that nothing uses (behaviour 10.1)."""
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        if member in request and not request[member]:
            raise errors.invalid_parameters(f"List of {member} is empty")
    if "LocalSecondaryIndexes" in request and len(table) == 1:
        raise errors.invalid_parameters(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )


def _check_all_used(
    types: Mapping[str, str], schema: Sequence[Mapping[str, str]], indexes: Sequence[Mapping[str, Any]]
) -> None:
    """Raise if an attribute is defined that is in no key. This comes before what is wrong with an index."""
    used = set(names_of(schema)).union(*(names_of(index["KeySchema"]) for index in indexes))
    if used.issuperset(types):
        return
    if not indexes:
        raise errors.invalid_parameters(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    raise errors.invalid_parameters(
        "Some AttributeDefinitions are not used. "
        f"AttributeDefinitions: {_listed(types)}, keys used: {_listed(name for name in types if name in used)}"
    )


def _check_pair(schema: Sequence[Mapping[str, str]]) -> None:
    """Check the key schema of a table or local index: HASH, then perhaps RANGE."""
    if schema[0]["KeyType"] != "HASH":
        raise errors.validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if _repeats(schema):
        raise errors.same_key_name()
    if len(schema) > 1 and schema[1]["KeyType"] != "RANGE":
        raise errors.validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def _repeats(schema: Sequence[Mapping[str, str]]) -> bool:
    return len(set(names_of(schema))) < len(schema)


def _check_repeated_names(request: Request) -> None:
    """Raise if an index has one attribute twice in its key: before attributes that nothing uses (behaviour 10.1)."""
    for member, check in (("LocalSecondaryIndexes", _check_pair), ("GlobalSecondaryIndexes", _check_global_schema)):
        for index in request.get(member, ()):
            if _repeats(index["KeySchema"]):
                check(index["KeySchema"])


def _check_global_schema(schema: Sequence[Mapping[str, str]]) -> None:
    """Check a GSI's key schema: up to four HASH attributes, then up to four RANGE ones (features 3)."""
    kinds = [element["KeyType"] for element in schema]
    if len(schema) <= 2 and kinds != ["HASH", "HASH"]:  # noqa: PLR2004 - the ordinary shape has the ordinary texts
        _check_pair(schema)
        return
    if kinds[0] != "HASH":
        raise errors.validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if kinds != sorted(kinds):
        raise errors.invalid_parameters("All HASH key attributes must precede RANGE key attributes in the KeySchema")
    for kind in ("HASH", "RANGE"):
        if kinds.count(kind) > limits.INDEX_KEY_ATTRIBUTES:
            raise errors.invalid_parameters(
                f"The KeySchema exceeds the maximum allowed number of {kind} key attributes"
            )
    if _repeats(schema):
        raise errors.repeated_key_names()


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
    for index in indexes:
        name, schema = index["IndexName"], index["KeySchema"]
        _check_defined(schema, types)
        _check_pair(schema)
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
    for index in indexes:
        _check_global_index(index, types, on_demand=on_demand)
        _check_new_name(index["IndexName"], names)
    if len(indexes) > limits.GSI_PER_TABLE:
        raise errors.invalid_parameters(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {limits.GSI_PER_TABLE}"
        )


def _check_global_index(index: Mapping[str, Any], types: Mapping[str, str], *, on_demand: bool) -> None:
    name = index["IndexName"]
    check_index_shape(index, types)
    if "ProvisionedThroughput" in index and on_demand:
        raise errors.invalid_parameters(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if "ProvisionedThroughput" not in index and not on_demand:
        raise errors.index_throughput_missing(name)
    check_index_figures(index, on_demand=on_demand)


def check_index_shape(index: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """Raise what is wrong with the keys and the projection of a new global index, given the defined attribute types."""
    _check_defined(index["KeySchema"], types)
    _check_global_schema(index["KeySchema"])
    _check_projection(index["Projection"])


def check_index_figures(index: Mapping[str, Any], *, on_demand: bool) -> None:
    """Raise what is wrong with the throughput of a new global index that suits its billing mode."""
    throughput.check_bounds(index)
    throughput.check_created_ceilings(index, on_demand=on_demand, index=index["IndexName"])
    throughput.check_created_warm(index, on_demand=on_demand, index=index["IndexName"])


def _check_new_name(name: str, names: set[str]) -> None:
    if name in names:
        raise errors.invalid_parameters(f"Duplicate index name: {name}")
    names.add(name)


def _check_projection(projection: Mapping[str, Any]) -> None:
    kind = projection.get("ProjectionType")
    named = projection.get("NonKeyAttributes")
    if kind is None:
        raise errors.invalid_parameters("Unknown ProjectionType: null")
    if kind != "INCLUDE" and named is not None:
        raise errors.invalid_parameters(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == "INCLUDE" and named is None:
        raise errors.invalid_parameters("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    seen: set[str] = set()
    for name in named or ():
        if name in seen:
            raise errors.invalid_parameters(f"Duplicate element in NonKeyAttributes: {name}")
        seen.add(name)


def check_non_key_total(named: Iterable[Sequence[str]]) -> None:
    """Raise if the indexes of a table, each given by its NonKeyAttributes, have too many of them together."""
    total = sum(map(len, named))
    if total > limits.NON_KEY_ATTRIBUTES_TOTAL:
        raise errors.invalid_parameters(
            f"The total number of NonKeyAttributes, {total}, "
            f"exceeds the per-table limit of {limits.NON_KEY_ATTRIBUTES_TOTAL}"
        )


def check_stream(request: Mapping[str, Any], *, without: str, unwanted: str) -> None:
    """Raise unless StreamSpecification has a view type exactly where it enables a stream.

    without: what is told of a stream that is enabled without one; unwanted: of one that is disabled with one.
    """
    stream = request.get("StreamSpecification")
    if stream is not None and stream["StreamEnabled"] is not ("StreamViewType" in stream):
        raise errors.invalid_parameters(without if stream["StreamEnabled"] else unwanted)


def check_encryption(request: Mapping[str, Any]) -> None:
    """Raise if the members of SSESpecification do not go together, or name a type that tables cannot have."""
    wanted = request.get("SSESpecification", {})
    if wanted.get("Enabled") is False:
        for member in ("SSEType", "KMSMasterKeyId"):
            if member in wanted:
                raise errors.invalid_parameters(f"{member} can not be specified if Enabled is false")
    kind = wanted.get("SSEType")
    if kind not in (None, "KMS"):  # behaviour 10.1
        raise errors.encryption_type_not_supported(kind)
    if kind is None and "KMSMasterKeyId" in wanted:  # behaviour 10.1
        raise errors.encryption_type_required()


def check_table_class(request: Mapping[str, Any]) -> None:
    """Raise for a TableClass that does not exist, which the service does not judge as an enum (behaviour 10.1)."""
    if request.get("TableClass") not in (None, "STANDARD", "STANDARD_INFREQUENT_ACCESS"):
        raise errors.table_class_unknown()
