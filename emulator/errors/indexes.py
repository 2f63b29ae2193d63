"""Errors of key schemas, secondary indexes and projections (behaviour 10)."""

from collections.abc import Iterable

from emulator import limits
from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, limit_exceeded, missing_resource, validation

# --- key schemas ----------------------------------------------------------------------------------


def attribute_defined_twice(name: str) -> ApiError:
    return validation(f"Attribute Name is duplicated: {name}")


def same_key_name() -> ApiError:
    """Return the error for a key whose HASH and RANGE attribute have the same name."""
    return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")


def repeated_key_names() -> ApiError:
    """Return the error for a repeated name in a key with several HASH or RANGE attributes.

    The source is behaviour 10.1.
    """
    return validation("The KeySchema contains multiple key attributes with the same name")


KeyAttribute = tuple[str, str, str]
"""Name, type and kind (HASH or RANGE) of a key attribute."""


def attribute_redefined(existing: Iterable[KeyAttribute], new: Iterable[KeyAttribute]) -> ApiError:
    """Return the error for a new index that gives a key attribute another type (behaviour 10.4).

    existing: the key schema in which the attribute has another type already.
    new: the key schema of the new index.
    """

    def text(schema: Iterable[KeyAttribute]) -> str:
        return ", ".join(f"SchemaElement: key{{{':'.join(attribute)}}}" for attribute in schema)

    return invalid_parameters(
        "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. "
        f"Existing schema: Schema:[{text(existing)}] New schema: Schema:[{text(new)}]"
    )


def key_without_definition() -> ApiError:
    return validation("Invalid KeySchema: Some index key attribute have no definition")  # sic: "attribute have"


def first_key_not_hash() -> ApiError:
    return validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")


def second_key_not_range() -> ApiError:
    return validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def hash_key_after_range_key() -> ApiError:
    return invalid_parameters("All HASH key attributes must precede RANGE key attributes in the KeySchema")


def too_many_key_attributes(kind: str) -> ApiError:
    """Return the error for a global index with too many key attributes.

    kind: HASH or RANGE.
    """
    return invalid_parameters(f"The KeySchema exceeds the maximum allowed number of {kind} key attributes")


def key_attributes_undefined(keys: Iterable[str], defined: Iterable[str]) -> ApiError:
    return invalid_parameters(
        "Some index key attributes are not defined in AttributeDefinitions. "
        f"Keys: {_listed(keys)}, AttributeDefinitions: {_listed(defined)}"
    )


def attribute_definitions_unused() -> ApiError:
    """Return the error for unused AttributeDefinitions of a table without indexes."""
    return invalid_parameters(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
    )


def some_attribute_definitions_unused(defined: Iterable[str], used: Iterable[str]) -> ApiError:
    """Return the error for unused AttributeDefinitions of a table with indexes."""
    return invalid_parameters(
        f"Some AttributeDefinitions are not used. AttributeDefinitions: {_listed(defined)}, keys used: {_listed(used)}"
    )


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


# --- indexes --------------------------------------------------------------------------------------


def index_not_found(index: str, table: str) -> ApiError:
    """Return UpdateTable's error for an unknown index.

    Source: the findings ack-api-quirks and DDB-TABLE-161.
    """
    return missing_resource(f": Index {index} for table {table}")


def empty_index_list(member: str) -> ApiError:
    """Return the error for an empty list of indexes.

    member: the name of the list, such as GlobalSecondaryIndexUpdates.
    """
    return invalid_parameters(f"List of {member} is empty")


def duplicate_index_name(name: str) -> ApiError:
    return invalid_parameters(f"Duplicate index name: {name}")


def local_index_without_table_range_key() -> ApiError:
    return invalid_parameters(
        "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
    )


def index_without_range_key(index: str) -> ApiError:
    return invalid_parameters(f"Index KeySchema does not have a range key for index: {index}")


def index_with_another_hash_key(index: str, key: str, table_key: str) -> ApiError:
    return invalid_parameters(
        "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
        f"{index}. index hash key: {key}, table hash key: {table_key}"
    )


def too_many_local_indexes() -> ApiError:
    return invalid_parameters(f"Number of LocalSecondaryIndexes exceeds per-table limit of {limits.LSI_PER_TABLE}")


def too_many_global_indexes() -> ApiError:
    """Return CreateTable's error for too many global indexes."""
    return invalid_parameters(f"GlobalSecondaryIndex count exceeds the per-table limit of {limits.GSI_PER_TABLE}")


def no_room_for_global_index() -> ApiError:
    """Return UpdateTable's error for too many global indexes."""
    return limit_exceeded(
        "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of "
        f"{limits.GSI_PER_TABLE}"
    )


def one_online_index() -> ApiError:
    return limit_exceeded(
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    )


def index_update_empty() -> ApiError:
    return invalid_parameters(
        "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
        "GlobalSecondaryIndexUpdate.Delete must not be null"
    )


def index_update_ambiguous() -> ApiError:
    return invalid_parameters("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object")


def index_updated_twice(index: str) -> ApiError:
    return invalid_parameters(
        f"Only one global secondary index update per index is allowed simultaneously. Index: {index}"
    )


def not_a_global_index(index: str, verb: str) -> ApiError:
    """Return the error for an UpdateTable that changes a local index. verb: update or delete."""
    return validation(f"Cannot {verb} an index that is not a GlobalSecondaryIndex: {index}")


def index_exists() -> ApiError:
    return validation("Attempting to create an index which already exists")


def index_without_attribute_definitions(index: str) -> ApiError:
    return invalid_parameters(f"AttributeDefinitions is not specified for index: {index}")


# --- projections ----------------------------------------------------------------------------------


def projection_type_missing() -> ApiError:
    return invalid_parameters("Unknown ProjectionType: null")


def non_key_attributes_forbidden(kind: str) -> ApiError:
    """Return the error for NonKeyAttributes that the projection forbids. kind: KEYS_ONLY or ALL."""
    return invalid_parameters(f"ProjectionType is {kind}, but NonKeyAttributes is specified")


def non_key_attributes_required() -> ApiError:
    return invalid_parameters("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")


def duplicate_non_key_attribute(name: str) -> ApiError:
    return invalid_parameters(f"Duplicate element in NonKeyAttributes: {name}")


def too_many_non_key_attributes(total: int) -> ApiError:
    return invalid_parameters(
        f"The total number of NonKeyAttributes, {total}, "
        f"exceeds the per-table limit of {limits.NON_KEY_ATTRIBUTES_TOTAL}"
    )
