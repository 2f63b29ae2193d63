"""The condition that a table has a certain number of items.

The body is `{"TableName", "Count", ...}` with members of Query or Scan. If the body has a
KeyConditionExpression, a Query counts the items, otherwise a Scan. The body may also have
IndexName, FilterExpression, ExpressionAttributeNames and ExpressionAttributeValues.

`Count` is a number, or `{comparison: number}`, such as `{"GE": 3}`. The comparisons are those of
DynamoDB's ComparisonOperator: EQ, NE, LE, LT, GE, GT.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from emulator.controls.body import BadDeclaration, Body
from emulator.controls.registry import Emulator
from emulator.controls.waits.condition import Seen, TableTarget, chosen, refusals
from emulator.errors import ApiError
from emulator.operations.registry import Operation, Response, find
from emulator.slices import Sliced, Steps

MEMBERS: Final = (
    "IndexName",
    "KeyConditionExpression",
    "FilterExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
)

_COMPARE: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "EQ": operator.eq,
    "NE": operator.ne,
    "LE": operator.le,
    "LT": operator.lt,
    "GE": operator.ge,
    "GT": operator.gt,
}

Comparison = Callable[[int], bool]


def comparison(value: object) -> Comparison:
    """Return a function that gets a number of items, and returns True if it is as `value` demands.

    value: the member `Count` of a body. Raises BadDeclaration if it has the wrong form.
    """
    name, number = ("EQ", value) if not isinstance(value, dict) or len(value) != 1 else next(iter(value.items()))
    if name not in _COMPARE or not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise BadDeclaration(
            f'the member Count must be an integer, or an object such as {{"GE": 3}} with one of {", ".join(_COMPARE)}'
        )
    compare, bound = _COMPARE[name], number
    return lambda count: compare(count, bound)


class CountCondition:
    """The condition that a Query or Scan counts a certain number of items."""

    def __init__(self, emulator: Emulator, body: Body) -> None:
        self._target = TableTarget(emulator, body)
        self._compare = comparison(body["Count"])
        found = find("Query" if "KeyConditionExpression" in body else "Scan")
        assert found is not None
        self._operation: Operation = found
        self._request = {"TableName": "checked", "Select": "COUNT", **chosen(body, *MEMBERS)}
        self._check()

    def _check(self) -> None:
        """Check the members of the Query or Scan, as far as this is possible without a table.

        Raises BadDeclaration if one of them is wrong.
        """
        operation = self._operation
        with refusals():
            operation.load()
            assert operation.model is not None
            assert operation.check is not None
            request = operation.model.parse(self._request)
            operation.model.validate(request)
            operation.check(request)

    def look(self) -> Steps[Seen]:
        """Count the items, page by page, and compare their number with `Count`."""
        table = self._target.usable()
        if isinstance(table, Seen):
            return table
        caller = self._target.caller(table)
        request: dict[str, Any] = {**self._request, "TableName": table.name}
        count = 0
        while True:
            try:
                page = yield from self._page(lambda: self._operation.run(self._target.database, caller, request))
            except ApiError as error:
                if table.transient:  # the index may still be filling, and can be read later
                    return Seen(met=False, shown={"message": error.message}, static=False)
                raise BadDeclaration(error.message or error.code) from None
            count += page["Count"]
            if "LastEvaluatedKey" not in page:
                return Seen(self._compare(count), {"Count": count})
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            yield None

    def _page(self, call: Callable[[], Response]) -> Steps[Any]:
        try:
            answer = self._target.database.rerun(call)
        except Sliced as sliced:
            answer = yield from sliced.steps
        return orjson.loads(answer) if isinstance(answer, bytes) else answer
