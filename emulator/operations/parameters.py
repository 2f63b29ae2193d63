"""Checks and compiles parameters that several operations have.

These are attribute values, expressions, conditions and projections.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from emulator.database.items.requested import Guard
from emulator.expressions import legacy
from emulator.expressions.bind import Bound, bind, check_members_used
from emulator.expressions.program import Projection
from emulator.model.request import Request
from emulator.values.problems import Layer, Problem, first_problem
from emulator.values.types import Values

NO_VALUES: Final[Values] = {}


def check_values(request: Request, layer: Layer, *, numbers_first: bool = False) -> None:
    """Raise ApiError for the first problem in the request's attribute values (behaviour 2.1).

    If such a request also has ExpressionAttributeNames or ExpressionAttributeValues, but has no
    expression that can use them, raise the error about these members instead (behaviour 3.1).

    layer: the validation layer whose wording the error has: "old", "new" or "partiql".
    numbers_first: True to report a malformed number rather than several types of one value. See
    `check_problems`.
    """
    if request.problems:
        check_members_used(request)
        check_problems(request.problems, layer, numbers_first=numbers_first)


def check_problems(problems: Sequence[Problem], layer: Layer, *, numbers_first: bool = False) -> None:
    """Raise ApiError for the first of these problems, in the wording of a validation layer.

    numbers_first: what to report if a value has several types, and one of them is a malformed
    number. True: the malformed number. False: the several types.
    """
    if problems:
        problem = first_problem(problems)
        raise (problem.numbers_first() if numbers_first else problem).error(layer)


_EXPRESSIONS: Final = frozenset(
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


_TEXTS: Final = tuple(name for name in _EXPRESSIONS if name.endswith("Expression"))


def text_length(request: Mapping[str, Any]) -> int:
    """Return how many characters the expressions have in a request, or in one table of a batch."""
    return sum([len(request[name]) for name in _TEXTS if name in request])


def bound_of(request: Mapping[str, Any]) -> Bound | None:
    """Return the request's compiled expressions, or None if the request has no expressions."""
    return None if _EXPRESSIONS.isdisjoint(request) else bind(request)


def guard_of(request: Mapping[str, Any], bound: Bound | None) -> Guard | None:
    """Return the guard (the condition) of a write, made from ConditionExpression or Expected.

    Return None if the request has neither.
    """
    if bound is not None and bound.condition is not None:
        condition, values = bound.condition, request.get("ExpressionAttributeValues", NO_VALUES)
    elif "Expected" in request or "ConditionalOperator" in request:
        expected = legacy.expected(request)
        if expected is None:
            return None
        condition, values = expected, NO_VALUES
    else:
        return None
    return_item = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Guard(condition.test, values, return_item, condition.attributes, condition.inner)


def returns_item(request: Mapping[str, Any]) -> bool:
    """Return True if the error for a failed condition includes the existing item."""
    return request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"


def projection_of(request: Mapping[str, Any]) -> Projection | None:
    """Return the projection of a request, or of one table in a batch.

    Return None if the response has whole items.
    """
    bound = bound_of(request)
    if "AttributesToGet" in request:
        return legacy.attributes_to_get(request["AttributesToGet"])
    return None if bound is None else bound.projection
