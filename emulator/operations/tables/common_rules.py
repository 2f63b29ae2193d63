"""Checks that requests for tables and for all kinds of indexes share (behaviour 10.1)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator import errors, limits


def types_of(definitions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return a mapping from the names in AttributeDefinitions to their types.

    Raises ApiError if a name is defined twice.
    """
    types: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in types:
            raise errors.attribute_defined_twice(name)
        types[name] = definition["AttributeType"]
    return types


def names_of(schema: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the attribute names of a key schema."""
    return [element["AttributeName"] for element in schema]


def check_new_name(name: str, names: set[str]) -> None:
    """Raise ApiError if the new index name is in `names`. Otherwise add the name to `names`."""
    if name in names:
        raise errors.duplicate_index_name(name)
    names.add(name)


def check_projection(projection: Mapping[str, Any]) -> None:
    """Raise ApiError if ProjectionType is missing, or if NonKeyAttributes does not fit the type."""
    kind = projection.get("ProjectionType")
    named = projection.get("NonKeyAttributes")
    if kind is None:
        raise errors.projection_type_missing()
    if kind != "INCLUDE" and named is not None:
        raise errors.non_key_attributes_forbidden(kind)
    if kind == "INCLUDE" and named is None:
        raise errors.non_key_attributes_required()
    seen: set[str] = set()
    for name in named or ():
        if name in seen:
            raise errors.duplicate_non_key_attribute(name)
        seen.add(name)


def check_non_key_total(named: Iterable[Sequence[str]]) -> None:
    """Raise ApiError if the indexes of a table have too many NonKeyAttributes together.

    named: the NonKeyAttributes of each index.
    """
    total = sum(map(len, named))
    if total > limits.NON_KEY_ATTRIBUTES_TOTAL:
        raise errors.too_many_non_key_attributes(total)
