"""SearchVectors (features 1.5, control-plane 15)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from emulator import errors, limits
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.tables import ACTIVE, CREATING
from emulator.database.definitions.vectors import HASH
from emulator.database.schema import describe
from emulator.database.schema.table import Table
from emulator.database.schema.vector_index import VectorIndex, float32
from emulator.database.store import keyspace
from emulator.database.throughput import capacity
from emulator.database.vectors.library import loaded
from emulator.expressions.program import Projection
from emulator.expressions.search_condition import Equality, SearchExpressions, search_expressions
from emulator.model.request import Request
from emulator.operations.parameters import check_problems
from emulator.operations.registry import Response, operation
from emulator.operations.response import member, response_of
from emulator.slices import DECODED_IN_STEP, InThread, Steps, in_slices
from emulator.values.rows import decode_row
from emulator.values.size import item_size
from emulator.values.types import Item, Value

if TYPE_CHECKING:
    from emulator.database.vectors.query import Match


class _Checked(NamedTuple):
    """The parts of a SearchVectors request that the operation's check converts.

    vector: the bytes of SearchVector, as float32 numbers.
    """

    vector: bytes
    expressions: SearchExpressions


def _check(request: Request) -> _Checked:
    if request["TopK"] > limits.TOP_K:
        raise errors.top_k_out_of_range(request["TopK"])
    problems = [problem for problem in request.problems if problem.parameter != "SearchVector"]
    if len(problems) < len(request.problems):
        raise errors.search_vector_invalid()
    vector = [float32(value) for value in request["SearchVector"]]
    if None in vector:
        raise errors.search_vector_invalid()
    check_problems(problems, "new")
    return _Checked(b"".join(each for each in vector if each is not None), search_expressions(request))


_REQUIRED: Final = {"TableName": "a string", "IndexName": "a string", "SearchVector": "a sequence", "TopK": "i32"}
"""Required member -> what the service's decoder expects instead of null."""


def _decode(raw: object) -> None:
    """Raise DecodingError for a required member that is null or missing.

    The service's decoder reports these errors before all other errors (control-plane 15). We infer
    that it checks members in the order of the request, and missing members last.
    """
    if not isinstance(raw, dict):
        return
    for name, value in raw.items():
        if value is None and name in _REQUIRED:
            raise errors.DecodingError(name, _REQUIRED[name], orjson.dumps(raw))
    for name in _REQUIRED:
        if name not in raw:
            raise errors.DecodingError(name, None, orjson.dumps(raw))


@operation("SearchVectors", check=_check, decode=_decode)
def search_vectors(database: Database, caller: Caller, request: Request, checked: _Checked) -> Response:
    """Find the items of a vector index whose vectors are most similar to SearchVector."""
    table = database.table(caller, request["TableName"])
    index = _index(table, request["IndexName"])
    given = len(request["SearchVector"])
    if given != index.dimensions:
        raise errors.search_vector_of_other_size(given, index.dimensions)
    conditions = _conditions(index, checked.expressions.condition)
    projection = checked.expressions.projection
    if projection is not None:
        _check_projection(table, index, projection)
    steps = _answer(database, table, index, request, checked, conditions)
    return in_slices(steps, sliced=database.sliced)


def _index(table: Table, name: str) -> VectorIndex:
    """Return the vector index with a name. Raises ApiError if it cannot be searched now.

    See features 1.3.
    """
    index = next((index for index in table.vectors if index.name == name), None)
    if index is None or index.definition.status not in (ACTIVE, CREATING):
        raise errors.unknown_index(name)
    if index.definition.status == CREATING:
        if describe.is_allocating(table.definition, index.definition):
            raise errors.unknown_index(name)
        raise errors.backfilling_vector_index(name)
    return index


def _conditions(index: VectorIndex, equalities: Sequence[Equality] | None) -> list[tuple[int, bytes]]:
    """Return a pair for each condition: its position in SearchSchema, and the value as key bytes.

    Raises ApiError if SearchSchema lacks the attribute of a condition, or if a HASH attribute of
    SearchSchema has no condition.
    """
    hashes = [name for name, kind in index.definition.search if kind == HASH]
    if equalities is None:
        if hashes:
            raise errors.search_condition_required()
        return []
    positions = {name: position for position, name in enumerate(index.search)}
    found = []
    for path, value in equalities:
        name = str(path[0])
        if len(path) > 1 or name not in positions:
            raise errors.searched_attribute_not_in_schema(_printed(path))
        if index.search[name] not in value:
            raise errors.key_condition_type()
        found.append((positions[name], keyspace.KEY_BYTES[index.search[name]](value)))
    conditioned = {position for position, _ in found}
    for name in hashes:
        if positions[name] not in conditioned:
            raise errors.search_condition_misses(name)
    return found


def _printed(path: Sequence[str | int]) -> str:
    first, *steps = path
    return str(first) + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in steps)


def _check_projection(table: Table, index: VectorIndex, projection: Projection) -> None:
    table.check_paths(projection.inner)
    if not index.projects_all:
        for name in sorted(projection.attributes - index.attributes):
            raise errors.vector_index_does_not_project(index.name, name)


def _answer(
    database: Database,
    table: Table,
    index: VectorIndex,
    request: Request,
    checked: _Checked,
    conditions: list[tuple[int, bytes]],
) -> Steps[bytes]:
    query_of, search = yield from _library(database.in_thread)
    query = query_of(checked.vector, index.definition.distance, request["TopK"], conditions)
    matches: list[Match] = yield from search(
        database.read_committed, database.held_vectors, index, query, waits=database.sliced
    )
    with database.read_committed() as txn:
        rows = [(match.score, txn.get(table.prefix + match.tail)) for match in matches]
    results = []
    read = decoded = size = 0
    for score, row in rows:
        if row is None:  # the item was deleted while the search ran
            continue
        item = decode_row(row)
        read += index.entry_size(item)
        decoded += len(row)
        result = _result(index, checked.expressions.projection, item)
        size += item_size(result)
        if size > limits.SEARCH_RESPONSE:
            raise errors.search_response_too_large()
        results.append({"Item": result, "Score": score})
        if decoded > DECODED_IN_STEP:
            decoded = 0
            yield None
    members = [member(b"SearchResults", results)]
    if capacity.report_mode(request) is not None:
        # We do not know how the service computes this figure (control-plane 15). We report the size
        # of a vector plus the sizes of the entries that were found.
        members.append(member(b"ConsumedCapacity", {"VectorSearchRequestBytes": float(index.vector_size + read)}))
    return response_of(members)


def _library(in_thread: InThread | None) -> Steps[tuple[Any, Any]]:
    """Import NumPy; return `Query` and `search` of database/vectors/.

    Raises ApiError if NumPy is not installed.
    """
    try:
        yield from loaded(in_thread)
    except ModuleNotFoundError:
        raise errors.numpy_missing() from None
    from emulator.database.vectors.query import Query  # noqa: PLC0415 - an extra
    from emulator.database.vectors.search import search  # noqa: PLC0415 - an extra

    return Query, search


def _result(index: VectorIndex, projection: Projection | None, item: Item) -> Item:
    """Return the part of an item that belongs in the response.

    The response has the vector only if the projection names it (control-plane 15).
    """
    projected = dict(index.project(item))
    if projection is None:
        projected.pop(index.attribute, None)
        return projected
    if index.attribute in projection.attributes:
        vector = index.vector(item)
        if vector is not None:
            projected[index.attribute] = _printed_vector(vector)
    return projection.project(projected)


def _printed_vector(vector: bytes) -> Value:
    """Return a vector as an attribute value: a list of numbers.

    Each number is printed with as few digits as its float32 needs.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    text = orjson.dumps(np.frombuffer(vector, np.dtype("<f4")).astype(np.float32), option=orjson.OPT_SERIALIZE_NUMPY)
    return {"L": [{"N": number} for number in text[1:-1].decode().split(",")]}
