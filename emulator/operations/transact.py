"""TransactWriteItems and TransactGetItems (behaviour 8).

A request is checked for errors in this order:

1. Errors that do not depend on a table, action by action: ValidationException.
2. A missing table.
3. Two actions on one item.
4. A wrong key, a value of a wrong type, or an update that fails. TransactionCanceledException
   reports only the first of these failures.
5. Conditions that are not met, and conflicts. TransactionCanceledException reports all of these
   failures.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import orjson

from emulator import errors, limits
from emulator.database import transactions
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items.requested import Check, Delete, Get, ItemRequest, Put, Update, Write
from emulator.database.tokens import Token
from emulator.errors import ApiError
from emulator.expressions.bind import Bound, bind
from emulator.expressions.program import Projection
from emulator.model.request import Request
from emulator.operations.parameters import NO_VALUES, guard_of, text_length
from emulator.operations.registry import Response, operation
from emulator.operations.response import collections_member, consumed_members, response_of
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Steps, in_slices
from emulator.values.problems import Problem, first_problem
from emulator.values.rows import decode_row, row_json
from emulator.values.size import item_size
from emulator.values.types import KIND, Item, Value
from emulator.values.wire import parse_map, parse_values

_Element = TypeVar("_Element", bound=ItemRequest)


# --- TransactWriteItems ---------------------------------------------------------------------------


def _check_write(request: Request) -> Steps[list[tuple[str, Write]]]:
    """Check the actions; return a pair for each: the name or ARN of its table, and its write."""
    writes = []
    size = characters = 0
    for element in request["TransactItems"]:
        if len(element) != 1:
            raise errors.one_action_only() if element else errors.no_transact_action()
        ((kind, body),) = element.items()
        if request.problems:
            _check_values(body)
        write = _write(kind, body)
        writes.append((body["TableName"], write))
        size += _payload(write, body)
        if not _EXPRESSIONS.isdisjoint(body):
            characters += text_length(body)
            if characters >= PARSED_IN_STEP:
                characters = 0
                yield None
    # No problem is left: `_check_values` raises an error or replaces the value.
    request.mark_reported()
    if size > limits.TRANSACTION:
        raise errors.transaction_too_large()
    return writes


def _check_values(body: Mapping[str, Any]) -> None:
    """Raise ApiError for the first problem in one action's values (behaviour 3.7).

    An expression value may be one level deeper than a stored value. If a value has that depth, the
    function replaces the value in `body` by a substitute of the same type and depth. No stored
    value equals the substitute, and a write that would store the substitute fails.

    For a deeper value, the function raises ApiError. The service accepts 32 maps around a scalar
    and refuses 40 (behaviour 3.7). We do not know whether the service accepts 33 to 39 maps.
    """
    problems: list[Problem] = []
    for name in ("Item", "Key"):
        if name in body:
            parse_map(dict(body[name]), problems)
    values = body.get("ExpressionAttributeValues", {})
    for placeholder, value in values.items():
        found: list[Problem] = []
        parse_values({placeholder: value}, found)
        if any(problem.kind == "nesting" for problem in found) and not _is_refused_up_front(value):
            found = [problem for problem in found if problem.kind != "nesting"]
            values[placeholder] = _TOO_DEEP[next(iter(value))]
        problems += found
    if not problems:
        parse_values(dict(values), problems)
        problems = [problem for problem in problems if problem.kind == "values_size"]
    if not problems:
        return
    problem = first_problem(problems)
    if problem.kind == "nesting" and problem.placeholder is None and "Key" in body:
        _bound(body)  # An error in an expression comes before the error for a too deep key.
    raise problem.error("old")


def _is_refused_up_front(value: Value) -> bool:
    """Return True if a value has at least two levels more than a stored value may have."""
    level: list[Value] = [value]
    for _ in range(limits.NESTING + 1):
        level = [part for each in level for part in _parts(each)]
    return bool(level)


def _parts(value: Value | None) -> Iterable[Value]:
    """Return the elements of a list, or the member values of a map; nothing for other values.

    Inside a value that is nested too deeply, the parser leaves None, so `value` may be None.
    """
    if not value:
        return ()
    return (*(value.get("L") or ()), *(value.get("M") or {}).values())


def _nested(tag: str) -> Value:
    """Return a list or map that is one level deeper than stored values may be.

    tag: "L" for a list, "M" for a map.
    """
    value: Value = {"S": ""}
    for _ in range(limits.NESTING):
        value = {"L": [value]} if tag == "L" else {"M": {"": value}}
    return value


_TOO_DEEP: Final = {tag: _nested(tag) for tag in "LM"}


def _check_key(key: Item) -> None:
    """Raise ApiError if a key has an empty value, which no table allows (behaviour 8.1)."""
    for name, value in key.items():
        for tag in ("S", "B"):
            if value.get(tag) == "":
                raise errors.empty_key(name, KIND[tag])


_EXPRESSIONS: Final = frozenset(("ConditionExpression", "UpdateExpression", "ProjectionExpression"))


def _bound(body: Mapping[str, Any]) -> Bound | None:
    """Return an action's compiled expressions, or None if it has none.

    Unlike a request of other operations, an action without expressions may have
    ExpressionAttributeNames and ExpressionAttributeValues (observed).
    """
    return None if _EXPRESSIONS.isdisjoint(body) else bind(body)


def _write(kind: str, body: Mapping[str, Any]) -> Write:
    bound = _bound(body)
    guard = guard_of(body, bound)
    if kind == "Put":
        put = Put(body["Item"], guard, body["Item"].size)
        put.check_size()
        return put
    key = body["Key"]
    _check_key(key)
    if kind == "Update":
        update = None if bound is None else bound.update
        return Update(key, guard, update, body.get("ExpressionAttributeValues", NO_VALUES))
    return Delete(key, guard) if kind == "Delete" else Check(key, guard)


def _payload(write: Write, body: Mapping[str, Any]) -> int:
    """Return the number of bytes by which an action counts towards the limit of a transaction.

    These are the bytes of the item or key, and of the expression values.
    """
    own = write.size if isinstance(write, Put) else item_size(write.key_item)
    values = body.get("ExpressionAttributeValues", NO_VALUES)
    return own + sum(item_size({"": value}) for value in values.values())


@operation("TransactWriteItems", check=_check_write)
def transact_write_items(
    database: Database, caller: Caller, request: Request, writes: list[tuple[str, Write]]
) -> Response:
    """Do all actions of a request, or none of them."""
    token = transactions.token_of(database, caller, "TransactWriteItems", request)
    located = _locate(database, caller, writes)
    return in_slices(_run(database, request, token, writes, located), sliced=database.sliced)


def _run(
    database: Database,
    request: Request,
    token: Token | None,
    writes: Sequence[tuple[str, Write]],
    located: Sequence[Write],
) -> Steps[bytes]:
    consumed, replayed = yield from transactions.run(database, token, located)
    names = [name for name, _ in writes]
    members = consumed_members(request, zip(names, consumed, strict=True), "Read" if replayed else "Write")
    if not replayed:
        members += collections_member(database, request, writes)
    return response_of(members)


def _locate(database: Database, caller: Caller, elements: Sequence[tuple[str, _Element]]) -> list[_Element]:
    """Find the table and the storage key of each read or write; return the reads or writes.

    elements: pairs of the table's name or ARN, and the read or write.

    Raises ResourceNotFoundException for a missing table, and TransactionCanceledException for a key
    that does not fit its table.
    """
    tables = [database.table(caller, name) for name, _ in elements]
    transactions.refuse_strong(tables)
    located = []
    failures: dict[int, ApiError] = {}
    for position, ((_, element), table) in enumerate(zip(elements, tables, strict=True)):
        try:
            element.locate(table)
            element.check()
        except ApiError as error:
            if error.about == "request":
                # For an empty key or a path into a key, the client gets the error itself, and not a
                # TransactionCanceledException (behaviour 8.1).
                raise
            if not failures:
                failures[position] = error.with_traceback(None)
        else:
            located.append(element)
    transactions.check_distinct(located)
    if failures:
        raise transactions.canceled_by(failures, len(elements))
    return located


# --- TransactGetItems -----------------------------------------------------------------------------


def _check_get(request: Request) -> Steps[list[tuple[str, Get]]]:
    reads = []
    characters = 0
    for element in request["TransactItems"]:
        body = element["Get"]
        if request.problems:
            _check_values(body)
        bound = _bound(body)
        _check_key(body["Key"])
        reads.append((body["TableName"], Get(body["Key"], None if bound is None else bound.projection)))
        if not _EXPRESSIONS.isdisjoint(body):
            characters += text_length(body)
            if characters >= PARSED_IN_STEP:
                characters = 0
                yield None
    request.mark_reported()
    return reads


@operation("TransactGetItems", check=_check_get)
def transact_get_items(database: Database, caller: Caller, request: Request, reads: list[tuple[str, Get]]) -> Response:
    """Read up to 100 items in one snapshot."""
    located = _locate(database, caller, reads)
    rows, consumed = transactions.read(database, located)
    names = [name for name, _ in reads]
    members = consumed_members(request, zip(names, consumed, strict=True), "Read")
    return in_slices(_responses(located, rows, members), sliced=database.sliced)


def _responses(reads: Sequence[Get], rows: Sequence[bytes | None], members: list[bytes]) -> Steps[bytes]:
    """Apply the projections to the rows, some rows in each step; return the response."""
    responses = []
    decoded = 0
    for each, row in zip(reads, rows, strict=True):
        responses.append(_response(row, each.projection))
        if row is not None and each.projection is not None:
            decoded += len(row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None
    return response_of([b'"Responses":[%b]' % b",".join(responses), *members])


def _response(row: bytes | None, projection: Projection | None) -> bytes:
    if row is None:
        return b"{}"
    if projection is None:
        return b'{"Item":%b}' % row_json(row)
    item = projection.project(decode_row(row))
    return b'{"Item":%b}' % orjson.dumps(item) if item else b"{}"
