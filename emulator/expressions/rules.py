"""Rules of a grammar that call each other without Python's stack: a text nests as deep as its length allows.

A rule is a generator. Where recursive descent would call a rule it yields it, and is sent what that rule returned:

    def sum_(self) -> Rule[Node]:
        left = yield self.product()
        while self.take_if("+"):
            left = Sum(left, (yield self.product()))
        return left

`result_of` runs a rule and all that it yields. An exception ends them all.
"""

from collections.abc import Generator
from typing import Any, TypeVar, cast

Result = TypeVar("Result")
Rule = Generator[Any, Any, Result]


def result_of(rule: Rule[Result]) -> Result:
    """Return what a rule returns."""
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
