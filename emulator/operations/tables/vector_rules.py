"""Checks new vector indexes, and makes their definitions (features 1.1, control-plane 15).

The order of the errors is inferred: it is the order of the errors for global indexes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from emulator import errors, limits
from emulator.database.definitions.tables import CREATING, DELETING, TableDefinition
from emulator.model.request import Request
from emulator.operations.tables import common_rules, throughput

if TYPE_CHECKING:
    from emulator.database.definitions.vectors import VectorDefinition

HASH: Final = "HASH"

Members = Mapping[str, Any]
"""The description of a vector index in a request."""


def search_names(index: Members) -> list[str]:
    """Return the attribute names in the SearchSchema of an index."""
    return [element["AttributeName"] for element in index.get("SearchSchema", ())]


def check_created(request: Request, types: Mapping[str, str], names: set[str], *, on_demand: bool) -> None:
    """Raise ApiError for the first problem in CreateTable's VectorIndexes.

    names: the names of the table's other indexes. This function adds those of the vector indexes.
    """
    indexes = request["VectorIndexes"]
    if not indexes:
        raise errors.empty_index_list("VectorIndexes")
    if not on_demand:
        raise errors.vectors_need_on_demand()
    keys = set(common_rules.names_of(request["KeySchema"]))
    for other in (*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ())):
        keys.update(common_rules.names_of(other["KeySchema"]))
    for index in indexes:
        _check_shape(index, types, keys)
        common_rules.check_new_name(index["IndexName"], names)
    _check_same_dimensions([(each["VectorAttribute"]["AttributeName"], each["Dimensions"]) for each in indexes])
    if len(indexes) > limits.VECTOR_INDEXES_PER_TABLE:
        raise errors.too_many_vector_indexes()


def _check_shape(index: Members, types: Mapping[str, str], keys: set[str]) -> None:
    """Raise ApiError if the members of a new vector index are wrong.

    types: attribute name -> type, from AttributeDefinitions.
    keys: the names of all key attributes of the table and its indexes.
    """
    if index["Dimensions"] > limits.DIMENSIONS:
        raise errors.dimensions_out_of_range()
    searched = search_names(index)
    for name in searched:
        if name not in types:
            raise errors.search_schema_undefined()
        if searched.count(name) > 1:
            raise errors.search_schema_repeats(name)
    attribute = index["VectorAttribute"]["AttributeName"]
    if attribute in keys or attribute in searched:
        raise errors.vector_attribute_is_key(attribute)
    common_rules.check_projection(index["Projection"])


def _check_same_dimensions(vectors: Sequence[tuple[str, int]]) -> None:
    """Raise ApiError if two indexes give one vector attribute different dimensions.

    vectors: for each index, the vector attribute and the number of dimensions.
    """
    known: dict[str, int] = {}
    for attribute, dimensions in vectors:
        if known.setdefault(attribute, dimensions) != dimensions:
            raise errors.vectors_of_different_dimensions(attribute)


def non_key_attributes(index: Members) -> list[str]:
    """Return the attributes that count towards the limit of NonKeyAttributes (control-plane 15).

    These are the vector attribute, INLINE_FILTER attributes of the SearchSchema, and
    NonKeyAttributes. HASH attributes of the SearchSchema do not count.
    """
    filters = [
        each["AttributeName"] for each in index.get("SearchSchema", ()) if each["SearchSchemaElementType"] != HASH
    ]
    return [index["VectorAttribute"]["AttributeName"], *filters, *index["Projection"].get("NonKeyAttributes", ())]


def defined_non_key_attributes(index: "VectorDefinition") -> list[str]:
    """Return an existing index's attributes that count towards the limit of NonKeyAttributes."""
    return [index.attribute, *(name for name, kind in index.search if kind != HASH), *index.non_key]


def definition_of(index: Members) -> "VectorDefinition":
    """Return the definition of a new vector index, which does not have its id and times yet."""
    from emulator.database.definitions.vectors import VectorDefinition  # noqa: PLC0415 - few tables need it

    return VectorDefinition(
        id=0,
        name=index["IndexName"],
        attribute=index["VectorAttribute"]["AttributeName"],
        dimensions=index["Dimensions"],
        distance=index["DistanceFunction"],
        projection=index["Projection"]["ProjectionType"],
        non_key=tuple(index["Projection"].get("NonKeyAttributes", ())),
        search=tuple(
            (each["AttributeName"], each["SearchSchemaElementType"]) for each in index.get("SearchSchema", ())
        ),
    )


# --- UpdateTable ----------------------------------------------------------------------------------


def check_updates(request: Request) -> None:
    """Raise ApiError if an element of VectorIndexUpdates has no action or several actions."""
    updates = request["VectorIndexUpdates"]
    if not updates:
        raise errors.empty_index_list("VectorIndexUpdates")
    for update in updates:
        if not update:
            raise errors.vector_update_empty()
        if len(update) > 1:
            raise errors.vector_update_ambiguous()


def updated(definition: TableDefinition, request: Request) -> TableDefinition:
    """Check the index updates of a request. Return the definition with the types of new attributes.

    The new attributes are those in the SearchSchema of a new index. The function `changed` adds the
    index itself, or marks it as DELETING. Raises ApiError if an update is not possible.
    """
    for update in request["VectorIndexUpdates"]:
        if "Create" in update:
            definition = _with_types(definition, update["Create"], request)
        else:
            _check_deletable(definition, update["Delete"]["IndexName"])
    return definition


def _with_types(definition: TableDefinition, create: Members, request: Request) -> TableDefinition:
    if any(index.name == create["IndexName"] for index in definition.every_index):
        raise errors.index_exists()
    if definition.is_building:
        raise errors.one_online_index()
    if definition.billing_mode != throughput.ON_DEMAND:
        raise errors.vectors_need_on_demand()
    types = dict(definition.types)
    given = common_rules.types_of(request.get("AttributeDefinitions", ()))
    keys = {definition.hash, definition.range} - {None}
    keys.update(*(index.hash + index.range for index in definition.indexes))
    _check_shape(create, given, {name for name in keys if name is not None})
    pairs = [(index.attribute, index.dimensions) for index in definition.vectors]
    _check_same_dimensions([*pairs, (create["VectorAttribute"]["AttributeName"], create["Dimensions"])])
    named = [index.non_key for index in definition.indexes]
    named += [tuple(defined_non_key_attributes(index)) for index in definition.vectors]
    common_rules.check_non_key_total([*named, non_key_attributes(create)])
    if len(definition.vectors) >= limits.VECTOR_INDEXES_PER_TABLE:
        raise errors.no_room_for_vector_index()
    for name in search_names(create):
        if types.get(name, given[name]) != given[name]:
            raise errors.attribute_redefined([(name, types[name], HASH)], [(name, given[name], HASH)])
        types[name] = given[name]
    return replace(definition, types=types)


def _check_deletable(definition: TableDefinition, name: str) -> None:
    index = next((each for each in definition.vectors if each.name == name), None)
    if index is None:
        if any(each.name == name for each in definition.indexes):
            raise errors.not_a_vector_index(name)
        raise errors.index_not_found(name, definition.name)
    if any(each.status in (CREATING, DELETING) for each in definition.every_index if each is not index):
        raise errors.one_online_index()


def refuse_while_updating(definition: TableDefinition, request: Request) -> None:
    """Raise ApiError if a request deletes a vector index whose resources are still being allocated.

    Allocation is the first part of CREATING. In this part, the service does not allow the deletion.
    """
    for update in request.get("VectorIndexUpdates", ()):
        for index in definition.vectors:
            deleted = update.get("Delete", {}).get("IndexName") == index.name
            if deleted and index.status == CREATING and index.until == definition.until:
                raise errors.vector_index_allocating(definition.name, index.name)


def changed(definition: TableDefinition, request: Request, number: int, until: float) -> TableDefinition:
    """Return the definition with the vector index that the request creates or deletes.

    An index to delete gets the status DELETING. number: the id of a new index in the store.
    """
    vectors = list(definition.vectors)
    for update in request.get("VectorIndexUpdates", ()):
        if "Create" in update:
            new = definition_of(update["Create"])
            vectors.append(replace(new, id=number, status=CREATING, until=until, filled_to=""))
        else:
            name = update["Delete"]["IndexName"]
            vectors = [
                replace(index, status=DELETING, until=until) if index.name == name else index for index in vectors
            ]
    return replace(definition, vectors=tuple(vectors))
