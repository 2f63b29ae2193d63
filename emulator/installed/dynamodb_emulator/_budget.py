"""Budgets: limits for the number and the capacity units of requests in a `with` block."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class BudgetExceeded(AssertionError):
    """The requests of a `with` block have exceeded its budget."""


@contextmanager
def budget(
    consumption: Callable[[], Mapping[str, Any]],
    read: float | None,
    write: float | None,
    requests: int | None,
) -> Iterator[None]:
    """Raise BudgetExceeded at the end of a `with` block whose requests exceed the limits.

    consumption: a function that calls the control `consumption` and returns its answer.
    read, write: the maximum number of capacity units; None for no limit.
    requests: the maximum number of requests; None for no limit.
    """
    before = consumption()
    yield
    after = consumption()
    limits = (("read unit", "Read", read), ("write unit", "Write", write), ("request", "Requests", requests))
    exceeded = []
    for what, name, most in limits:
        spent = after[name] - before[name]
        if most is not None and spent > most:
            exceeded.append(f"{spent:g} {what}{'' if spent == 1 else 's'} instead of at most {most:g}")
    if exceeded:
        raise BudgetExceeded(f"the budget is exceeded: {', '.join(exceeded)}")
