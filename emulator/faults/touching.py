"""Finds the tables and keys that a request names, before its operation runs.

A request may be wrong in any way. In a wrong request, this module may find no tables or keys, and
the operation reports the mistake later. No function of this module changes a request: `with_limit`
returns a new request with another Limit.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import orjson

from emulator.database.catalog.catalog import Caller
from emulator.database.store import keyspace
from emulator.errors import ApiError
from emulator.expressions import legacy
from emulator.expressions.ast import Placeholder
from emulator.expressions.bind import bind
from emulator.faults.rules import READS, STATEMENTS, WRITES, Touch
from emulator.model.request import Request
from emulator.model.service import request_model
from emulator.partiql import plan
from emulator.partiql.prepare import prepare_statement
from emulator.partiql.select import Pages
from emulator.values.wire import Problem, parse_values_of_list

Body = Mapping[str, Any]


def writes_of(operation: str, request: object) -> bool | None:
    """Return True if an operation writes items, False if it reads them, None if it does neither."""
    if operation in READS:
        return False
    if operation in WRITES:
        return True
    if operation not in STATEMENTS:
        return None
    return not all(_text(each).lstrip()[:6].upper() == "SELECT" for each in _statements(request))


def touched(operation: str, request: object, caller: Caller, *, keys: bool) -> list[Touch]:
    """Return the tables and keys that a request names.

    keys: True to find keys that are inside expressions and statements too, which takes longer.
    """
    if not isinstance(request, Mapping):
        return []
    find = _FINDERS.get(operation, _of_table)
    return list(find(request, caller, keys))


def _text(statement: Body) -> str:
    text = statement.get("Statement")
    return text if isinstance(text, str) else ""


def _statements(request: object) -> list[Body]:
    """Return the statements of a PartiQL request, as objects with `Statement` and `Parameters`."""
    if not isinstance(request, Mapping):
        return []
    several = request.get("Statements", request.get("TransactStatements"))
    found = several if isinstance(several, list) else [request]
    return [each for each in found if isinstance(each, Mapping)]


# --- native operations ----------------------------------------------------------------------------


def _of_table(request: Body, _caller: Caller, _keys: bool) -> Iterator[Touch]:  # noqa: FBT001 - a row of a table
    name = request.get("TableName", request.get("ResourceArn"))
    if isinstance(name, str):
        yield Touch(name)
    stream = request.get("StreamArn", request.get("ShardIterator"))
    if isinstance(stream, str):
        yield Touch(stream.partition("/stream/")[0])


def _of_item(request: Body, _caller: Caller, _keys: bool) -> Iterator[Touch]:  # noqa: FBT001
    name = request.get("TableName")
    if isinstance(name, str):
        yield Touch(name, _item(request))


def _item(action: Body) -> Body | None:
    item = action.get("Key", action.get("Item"))
    return item if isinstance(item, Mapping) else None


def _of_batch_get(request: Body, _caller: Caller, _keys: bool) -> Iterator[Touch]:  # noqa: FBT001
    for name, part in _members(request.get("RequestItems")):
        for key in _list(part.get("Keys") if isinstance(part, Mapping) else None):
            yield Touch(name, key)


def _of_batch_write(request: Body, _caller: Caller, _keys: bool) -> Iterator[Touch]:  # noqa: FBT001
    for name, part in _members(request.get("RequestItems")):
        for each in _list(part):
            for _, action in _members(each):
                if isinstance(action, Mapping):
                    yield Touch(name, _item(action))


def _of_transaction(request: Body, _caller: Caller, _keys: bool) -> Iterator[Touch]:  # noqa: FBT001
    for each in _list(request.get("TransactItems")):
        for _, action in _members(each):
            if isinstance(action, Mapping):
                yield from _of_item(action, _caller, _keys)


def _members(value: object) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _list(value: object) -> list[Any]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _of_query(request: Body, _caller: Caller, keys: bool) -> Iterator[Touch]:  # noqa: FBT001
    name = request.get("TableName")
    if isinstance(name, str):
        yield Touch(name, _equalities(request) if keys else None)


def _equalities(request: Body) -> dict[str, Any] | None:
    """Return the attributes that the key condition of a Query compares with `=`, with their values.

    None means that the request is wrong.
    """
    try:
        model = request_model("Query")
        parsed = model.parse(orjson.loads(orjson.dumps(request)))
        model.validate(parsed)
        if parsed.problems:
            return None
        condition = legacy.key_conditions(parsed) if "KeyConditions" in parsed else bind(parsed).key_condition
    except (ApiError, KeyError, TypeError, ValueError):
        return None
    values = parsed.get("ExpressionAttributeValues") or {}
    found: dict[str, Any] = {}
    for clause in () if condition is None else condition.clauses:
        if clause.operator == "=":
            (operand,) = clause.operands
            found[clause.attribute] = values[operand.name] if isinstance(operand, Placeholder) else operand.value
    return found


# --- PartiQL --------------------------------------------------------------------------------------


def _of_statements(request: Body, caller: Caller, keys: bool) -> Iterator[Touch]:  # noqa: FBT001
    for each in _statements(request):
        # A wrong statement is skipped here, because the operation reports it.
        with suppress(ApiError, KeyError, TypeError, ValueError):
            yield from _of_statement(each, caller, keys=keys)


def _of_statement(statement: Body, caller: Caller, *, keys: bool) -> Iterator[Touch]:
    problems: list[Problem] = []
    parameters = orjson.loads(orjson.dumps(statement.get("Parameters") or []))
    values = parse_values_of_list(parameters, problems)
    if problems:
        return
    prepared = prepare_statement(_text(statement), values)
    name = prepared.relation.table
    table = caller.tables.get(name.rpartition("/")[2] if name.startswith("arn:") else name)
    if not keys or table is None:
        yield Touch(name)
        return
    planned = plan.bind(prepared, table)
    if isinstance(planned, Pages):
        for limits, _ in planned.ranges:
            yield Touch(name, None, keyspace.partition_of(limits[0]) if planned.query else None)
    else:
        yield Touch(name, planned.key_item)


_FINDERS: Final[Mapping[str, Callable[[Body, Caller, bool], Iterator[Touch]]]] = {
    "BatchGetItem": _of_batch_get,
    "BatchWriteItem": _of_batch_write,
    "DeleteItem": _of_item,
    "GetItem": _of_item,
    "PutItem": _of_item,
    "Query": _of_query,
    "TransactGetItems": _of_transaction,
    "TransactWriteItems": _of_transaction,
    "UpdateItem": _of_item,
    **dict.fromkeys(STATEMENTS, _of_statements),
}
"""Operation -> function that yields the tables and items that its request names.

A request of any other operation names at most one table.
"""


def with_limit(operation: str, request: object, items: int) -> object:
    """Return the request with a `Limit` of at most `items`."""
    if operation not in PAGED or not isinstance(request, dict):
        return request
    given = request.get("Limit")
    if given is not None and (not isinstance(given, int) or isinstance(given, bool) or given <= items):
        return request  # keep a smaller or wrong Limit (the operation reports a wrong Limit)
    shorter = request.copy() if isinstance(request, Request) else dict(request)
    shorter["Limit"] = items
    return shorter


PAGED: Final = frozenset(("Query", "Scan", "ExecuteStatement", "GetRecords"))
"""Operations that read pages, and have a `Limit`."""
