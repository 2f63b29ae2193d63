"""Checks of CreateTable requests (behaviour 10.1). UpdateTable uses some of them.

The order of all errors, and the error texts that are not in behaviour 10.1, come from these
findings: ack-api-quirks, DDB-TABLE-123, 126, 127, 437, 442.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator import errors, limits
from emulator.model.request import Request
from emulator.operations import tag_rules
from emulator.operations.tables import throughput, vector_rules
from emulator.operations.tables.common_rules import (
    check_new_name,
    check_non_key_total,
    check_projection,
    names_of,
    types_of,
)


def check_create(request: Request) -> None:
    """Raise ApiError for the first problem of CreateTable. Member constraints are met already."""
    throughput.adopt_mode(request)
    check_table_class(request)
    if "GlobalTableSourceArn" in request or "GlobalTableSettingsReplicationMode" in request:
        _check_replica(request)
        return
    on_demand = request.get("BillingMode") == throughput.ON_DEMAND
    throughput.check_mode(request, on_demand=on_demand)
    types = types_of(request["AttributeDefinitions"])
    schema = request["KeySchema"]
    _check_table_keys(schema, types, len(request["AttributeDefinitions"]))
    indexes = (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ()))
    _check_index_lists(request, schema)
    _check_repeated_names(request)
    _check_all_used(types, schema, indexes, request.get("VectorIndexes", ()))
    names: set[str] = set()
    _check_local_indexes(request, schema, types, names)
    _check_global_indexes(request, types, names, on_demand=on_demand)
    named = [index["Projection"].get("NonKeyAttributes", ()) for index in indexes]
    if "VectorIndexes" in request:
        vector_rules.check_created(request, types, names, on_demand=on_demand)
        named += map(vector_rules.non_key_attributes, request["VectorIndexes"])
    check_non_key_total(named)
    check_stream(request, creates=True)
    throughput.check_created_maximums(request, on_demand=on_demand)
    throughput.check_created_warm(request, on_demand=on_demand)
    check_encryption(request)
    _check_additions(request)


def _check_replica(request: Request) -> None:
    """Raise ApiError for the first problem in a CreateTable request for a replica.

    The source of the replica is a table of another account.
    """
    from emulator.operations.replicas import accounts  # noqa: PLC0415 - few tables have replicas

    accounts.check(request)
    _check_additions(request)


def _check_additions(request: Request) -> None:
    """Raise ApiError for the first problem in the tags or the policy of a new table."""
    tag_rules.check_tags(request.get("Tags", ()))
    tag_rules.check_set({tag["Key"]: tag["Value"] for tag in request.get("Tags", ())})
    if "ResourcePolicy" in request:
        from emulator.policies.parsing import parsed  # noqa: PLC0415 - few tables have a policy

        parsed(request["ResourcePolicy"], "table")


def _check_table_keys(schema: Sequence[Mapping[str, str]], types: Mapping[str, str], definitions: int) -> None:
    if len(schema) > definitions:
        raise errors.key_without_definition()
    _check_pair(schema)
    _check_defined(schema, types)


def _check_index_lists(request: Request, table: Sequence[Mapping[str, str]]) -> None:
    """Raise ApiError if a list of indexes is empty, or a table without sort key has local indexes.

    These errors come before those for unused attributes (behaviour 10.1).

    table: the key schema of the table.
    """
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        if member in request and not request[member]:
            raise errors.empty_index_list(member)
    if "LocalSecondaryIndexes" in request and len(table) == 1:
        raise errors.local_index_without_table_range_key()


def _check_all_used(
    types: Mapping[str, str],
    schema: Sequence[Mapping[str, str]],
    indexes: Sequence[Mapping[str, Any]],
    vectors: Sequence[Mapping[str, Any]],
) -> None:
    """Raise ApiError if a defined attribute is neither in a key schema nor in a SearchSchema.

    This error comes before the errors of individual indexes.
    """
    used = set(names_of(schema)).union(*(names_of(index["KeySchema"]) for index in indexes))
    used.update(*map(vector_rules.search_names, vectors))
    if used.issuperset(types):
        return
    if not indexes and not vectors:
        raise errors.attribute_definitions_unused()
    raise errors.some_attribute_definitions_unused(types, (name for name in types if name in used))


def _check_pair(schema: Sequence[Mapping[str, str]]) -> None:
    """Raise ApiError unless a key schema is HASH, or HASH and RANGE with different names."""
    if schema[0]["KeyType"] != "HASH":
        raise errors.first_key_not_hash()
    if _repeats(schema):
        raise errors.same_key_name()
    if len(schema) > 1 and schema[1]["KeyType"] != "RANGE":
        raise errors.second_key_not_range()


def _repeats(schema: Sequence[Mapping[str, str]]) -> bool:
    return len(set(names_of(schema))) < len(schema)


def _check_repeated_names(request: Request) -> None:
    """Raise ApiError if the key of an index has the same attribute twice.

    This error comes before the errors for unused attributes (behaviour 10.1).
    """
    for member, check in (("LocalSecondaryIndexes", _check_pair), ("GlobalSecondaryIndexes", _check_global_schema)):
        for index in request.get(member, ()):
            if _repeats(index["KeySchema"]):
                check(index["KeySchema"])


def _check_global_schema(schema: Sequence[Mapping[str, str]]) -> None:
    """Raise ApiError if the key schema of a global index is wrong (features 3).

    The schema may have up to four HASH attributes, and then up to four RANGE attributes.
    """
    kinds = [element["KeyType"] for element in schema]
    if len(schema) <= 2 and kinds != ["HASH", "HASH"]:  # noqa: PLR2004 - same errors as for a local index
        _check_pair(schema)
        return
    if kinds[0] != "HASH":
        raise errors.first_key_not_hash()
    if kinds != sorted(kinds):
        raise errors.hash_key_after_range_key()
    for kind in ("HASH", "RANGE"):
        if kinds.count(kind) > limits.INDEX_KEY_ATTRIBUTES:
            raise errors.too_many_key_attributes(kind)
    if _repeats(schema):
        raise errors.repeated_key_names()


def _check_defined(schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> None:
    names = names_of(schema)
    if any(name not in types for name in names):
        raise errors.key_attributes_undefined(names, types)


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
            raise errors.index_without_range_key(name)
        if schema[0]["AttributeName"] != table[0]["AttributeName"]:
            raise errors.index_with_another_hash_key(name, schema[0]["AttributeName"], table[0]["AttributeName"])
        check_projection(index["Projection"])
        check_new_name(name, names)
    if len(indexes) > limits.LSI_PER_TABLE:
        raise errors.too_many_local_indexes()


def _check_global_indexes(
    request: Mapping[str, Any], types: Mapping[str, str], names: set[str], *, on_demand: bool
) -> None:
    indexes = request.get("GlobalSecondaryIndexes")
    if indexes is None:
        return
    for index in indexes:
        _check_global_index(index, types, on_demand=on_demand)
        check_new_name(index["IndexName"], names)
    if len(indexes) > limits.GSI_PER_TABLE:
        raise errors.too_many_global_indexes()


def _check_global_index(index: Mapping[str, Any], types: Mapping[str, str], *, on_demand: bool) -> None:
    name = index["IndexName"]
    check_index_shape(index, types)
    if "ProvisionedThroughput" in index and on_demand:
        raise errors.index_throughput_on_demand(name)
    if "ProvisionedThroughput" not in index and not on_demand:
        raise errors.index_throughput_missing(name)
    check_index_figures(index, on_demand=on_demand)


def check_index_shape(index: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """Raise ApiError if the key schema or the projection of a new global index is wrong.

    types: attribute name -> type, from AttributeDefinitions.
    """
    _check_defined(index["KeySchema"], types)
    _check_global_schema(index["KeySchema"])
    check_projection(index["Projection"])


def check_index_figures(index: Mapping[str, Any], *, on_demand: bool) -> None:
    """Raise ApiError if a throughput figure of a new global index is not allowed."""
    throughput.check_bounds(index)
    throughput.check_created_maximums(index, on_demand=on_demand, index=index["IndexName"])
    throughput.check_created_warm(index, on_demand=on_demand, index=index["IndexName"])


def check_stream(request: Mapping[str, Any], *, creates: bool) -> None:
    """Raise ApiError for a stream that is enabled without a view type, or disabled with one.

    creates: True for CreateTable, False for UpdateTable. The texts of the errors differ.
    """
    stream = request.get("StreamSpecification")
    if stream is not None and stream["StreamEnabled"] is not ("StreamViewType" in stream):
        wrong = errors.stream_without_view_type if stream["StreamEnabled"] else errors.view_type_without_stream
        raise wrong(created=creates)


def check_encryption(request: Mapping[str, Any]) -> None:
    """Raise ApiError if members of SSESpecification contradict each other, or SSEType is wrong."""
    wanted = request.get("SSESpecification", {})
    if wanted.get("Enabled") is False:
        for member in ("SSEType", "KMSMasterKeyId"):
            if member in wanted:
                raise errors.encryption_member_without_encryption(member)
    kind = wanted.get("SSEType")
    # Behaviour 10.1 has the errors for a wrong or missing SSEType.
    if kind not in (None, "KMS"):
        raise errors.encryption_type_not_supported(kind)
    if kind is None and "KMSMasterKeyId" in wanted:
        raise errors.encryption_type_required()


def check_table_class(request: Mapping[str, Any]) -> None:
    """Raise ApiError if the request has an unknown TableClass.

    The service reports this with its own text, not as a wrong enum value (behaviour 10.1).
    """
    if request.get("TableClass") not in (None, "STANDARD", "STANDARD_INFREQUENT_ACCESS"):
        raise errors.table_class_unknown()
