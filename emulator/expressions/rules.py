"""Grammar rules that call each other without Python's call stack.

So a deeply nested expression does not raise RecursionError.

A rule is a generator. To call another rule, a rule yields the other rule and receives the result of
that rule:

    def sum_(self) -> Rule[Node]:
        left = yield self.product()
        while self.take_if("+"):
            left = Sum(left, (yield self.product()))
        return left

`result_of` runs a rule and all rules that it yields. An exception in one rule ends all rules that
wait for its result; they cannot catch it.
"""

from collections.abc import Generator
from typing import Any, TypeVar, cast

Result = TypeVar("Result")
Rule = Generator[Any, Any, Result]


def result_of(rule: Rule[Result]) -> Result:
    """Run a rule and the rules that it calls. Return the result of the rule."""
    waiting: list[Rule[Any]] = [rule]
    result: Any = None
    while waiting:
        try:
            inner = waiting[-1].send(result)
        except StopIteration as end:
            waiting.pop()
            result = end.value
        else:
            waiting.append(inner)
            result = None
    return cast("Result", result)
