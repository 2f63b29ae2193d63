"""Errors of key conditions, queries and scans (behaviour 4.3, 6)."""

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, validation


def key_condition_type() -> ApiError:
    return invalid_parameters("Condition parameter type does not match schema type", about="key")


def query_missed_key(name: str) -> ApiError:
    return validation(f"Query condition missed key schema element: {name}")


def query_condition_not_supported() -> ApiError:
    return validation("Query key condition not supported")


def hash_keys_need_equality(names: Iterable[str]) -> ApiError:
    """Return the error for a Query that lacks equality conditions for some HASH attributes.

    The queried index has several HASH attributes. names: the HASH attributes without an equality
    condition.

    We infer the text after "conditions" (behaviour 4.3).
    """
    return validation(f"HASH key attributes {', '.join(names)} must have equality conditions specified in the query")


def too_many_query_conditions(count: int, allowed: int) -> ApiError:
    return validation(
        f"The number of query conditions ({count}) exceeds the number of key attributes defined in the schema "
        f"({allowed})"
    )


def range_gap(missing: Iterable[str], present: str) -> ApiError:
    return validation(
        f"RANGE key attributes {', '.join(missing)} must have equality conditions specified in the query because a "
        f"condition is present on key attribute {present}"
    )


def filter_on_key(parameter: str, name: str) -> ApiError:
    """Return the error for a filter that uses a key attribute.

    parameter: "Filter Expression" or "QueryFilter".
    """
    return validation(f"{parameter} can only contain non-primary key attributes: Primary key attribute: {name}")


def no_query_condition() -> ApiError:
    return validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")


def unknown_index(name: str) -> ApiError:
    return validation(f"The table does not have the specified index: {name}")


def backfilling_index(name: str) -> ApiError:
    return validation(f"Cannot read from backfilling global secondary index: {name}")


def consistent_read_on_gsi() -> ApiError:
    return validation("Consistent reads are not supported on global secondary indexes")


def projection_with_select(parameter: str, select: str) -> ApiError:
    """Return the error for a Select that allows no projection.

    parameter: ProjectionExpression or AttributesToGet.
    """
    kind = "only the Count" if select == "COUNT" else select
    return validation(f"Cannot specify the {parameter} when choosing to get {kind}")


def projected_attributes_without_index() -> ApiError:
    return validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def specific_attributes_without_projection() -> ApiError:
    return validation(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
    )


def all_attributes_on_gsi(index: str) -> ApiError:
    return invalid_parameters(
        f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index} because its projection type "
        "is not ALL"
    )


def not_projected(index: str, attributes: Iterable[str]) -> ApiError:
    return invalid_parameters(f"Global secondary index {index} does not project [{', '.join(attributes)}]")


def filter_not_projected(index: str, attributes: Iterable[str]) -> ApiError:
    """Return the error for a filter that uses attributes which the index does not project.

    Observed: github.com/sensedeep/dynamodb-onetable/issues/377.
    """
    return invalid_parameters(
        f"Secondary index {index} does not project one or more filter attributes: [{', '.join(attributes)}]"
    )


def starting_key_invalid(detail: str | None = None) -> ApiError:
    suffix = "" if detail is None else f": {detail}"
    return validation("The provided starting key is invalid" + suffix)


def starting_key_of_other_types() -> ApiError:
    return starting_key_invalid("The provided key element does not match the schema")


def starting_key_outside_query() -> ApiError:
    return validation("The provided starting key is outside query boundaries based on provided conditions")


def starting_key_misses_predicate() -> ApiError:
    return validation("The provided starting key does not match the range key predicate")


def query_cannot_restart() -> ApiError:
    return validation("The query can return at most one row and cannot be restarted")


def exclusive_start_key_invalid(key: Mapping[str, Mapping[str, Any]]) -> ApiError:
    """Return the error for a Query that starts after the only key that it can read.

    The table has no sort key, and ExclusiveStartKey is the queried key (behaviour 6.1).
    """
    printed = ", ".join(
        f"{name}=AttributeValue: {{{tag}:{content}}}" for name, value in key.items() for tag, content in value.items()
    )
    return validation(f"The provided exclusive start key is invalid: ExclusiveStartKey: {{{printed}}}")


def starting_key_wrong_segment(total: int, segment: int) -> ApiError:
    return starting_key_invalid(
        "Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
        f"TotalSegments: {total} Segment: {segment}"
    )


def total_segments_required() -> ApiError:
    return validation(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
    )


def segment_required() -> ApiError:
    return validation(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
    )


def segment_out_of_range(segment: int, total: int) -> ApiError:
    return validation(
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
        f"Segment: {segment} is not less than TotalSegments: {total}"
    )


def duplicate_attribute(name: str) -> ApiError:
    return invalid_parameters(f"Duplicate value in attribute name: {name}")
