"""Checks and parts of responses that several operations share."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from emulator.database.items.write import Guard
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed
from emulator.expressions import legacy
from emulator.expressions.bind import Bound, bind, check_members_used
from emulator.model.request import Request
from emulator.values.problems import Layer, Problem, first_problem
from emulator.values.types import Item, Values

NO_VALUES: Values = {}


def check_values(request: Request, layer: Layer, *, numbers_first: bool = False) -> None:
    """Raise the problem of the request's attribute values in the layer's wording (behaviour 2.1).

    Names or values without an expression are reported before any problem of a value
    (behaviour 3.1). numbers_first: as in check_problems.
    """
    if request.problems:
        check_members_used(request)
        check_problems(request.problems, layer, numbers_first=numbers_first)


def check_problems(problems: Sequence[Problem], layer: Layer, *, numbers_first: bool = False) -> None:
    """Raise the first of these problems, in the layer's wording.

    numbers_first: if a value has several types and one of them is a bad number, report the number.
    """
    if problems:
        problem = first_problem(problems)
        raise (problem.numbers_first() if numbers_first else problem).error(layer)


def guard_of(request: Mapping[str, Any], bound: Bound | None) -> Guard | None:
    """Return the write's condition, from its expression or from Expected."""
    returns_item = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    if bound is not None and bound.condition is not None:
        values = request.get("ExpressionAttributeValues", NO_VALUES)
        return Guard(bound.condition.test, values, returns_item, bound.condition.attributes)
    condition = legacy.expected(request) if "Expected" in request or "ConditionalOperator" in request else None
    if condition is None:
        return None
    return Guard(condition.test, NO_VALUES, returns_item, condition.attributes)


_EXPRESSIONS = frozenset(
    (
        "UpdateExpression",
        "ConditionExpression",
        "KeyConditionExpression",
        "FilterExpression",
        "ProjectionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
    )
)


_TEXTS = tuple(name for name in _EXPRESSIONS if name.endswith("Expression"))


def bound_of(request: Mapping[str, Any]) -> Bound | None:
    """Return the request's compiled expressions, None if it has none."""
    return None if _EXPRESSIONS.isdisjoint(request) else bind(request)


def text_length(request: Mapping[str, Any]) -> int:
    """Return the characters of all expressions of a request, or of a member of one."""
    return sum([len(request[name]) for name in _TEXTS if name in request])


def charge_read(table: Table, key: bytes, units: float) -> None:
    """Charge the read of one item to the table's enforced throughput. Raises if it is throttled."""
    if table.enforcement is not None and table.enforcement.throttle is not None:
        table.enforcement.throttle.read(None, keyspace.partition_of(key), units)


def answer(members: list[bytes]) -> bytes:
    """Return a JSON object from its members, each a finished `"Name":value`."""
    return b"".join((b"{", b",".join(members), b"}"))


def member(name: bytes, value: object) -> bytes:
    """Return one finished member."""
    return b'"%b":%b' % (name, orjson.dumps(value))


def consumed_member(request: Mapping[str, Any], consumed: Consumed) -> list[bytes]:
    """Return the ConsumedCapacity member, or nothing if the request does not ask for it."""
    mode = capacity.wanted(request)
    if mode is None:
        return []
    return [member(b"ConsumedCapacity", capacity.shape(mode, request["TableName"], consumed))]


def attributes_member(name: bytes, item: Item | None) -> list[bytes]:
    """Return a member with the attributes of an item, sorted as in a stored item.

    Return nothing if there are no attributes.
    """
    return [b'"%b":%b' % (name, orjson.dumps(item, option=orjson.OPT_SORT_KEYS))] if item else []
