"""The effects of faults, and how they are read from the JSON of rules.

`emulator/controls/faults.py` lists the effects. Times are in seconds of real time: moving the
server's clock does not shorten them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, isfinite, log
from random import Random
from typing import Any, Final, Literal

Limit = Literal["Provisioned", "KeyRange", "MaxOnDemand", "Account"]

LIMITS: Final = ("Provisioned", "KeyRange", "MaxOnDemand", "Account")
ERRORS: Final = ("InternalServerError", "ServiceUnavailable")
CANCELS: Final = ("ConditionalCheckFailed", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError")

SILENT: Final = 60.0
"""The default for `Seconds` in the effect Timeout. It equals botocore's read timeout."""

_LONGEST: Final = 3600.0  # the maximum length of a pause, in seconds
_P99: Final = 2.326  # in a normal distribution: (99th percentile - median) / standard deviation


class WrongEffect(Exception):
    """The JSON of an effect is wrong. The message says why."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """A throttling error.

    limit: the kind of limit that the error names, such as "Account"; None for the usual limit of
    the table's billing mode.
    index: the global index that the error names. If it is None, the error names the table or index
    that the request reads or writes.
    """

    limit: Limit | None
    index: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of the server (status 500 or 503).

    code: the name of the error.
    after: True if the operation runs before the error is sent, False if it does not run.
    """

    code: str
    after: bool


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: the server waits for some seconds, then closes the connection.

    after: True if the operation runs before the wait, False if it does not run.
    """

    seconds: float
    after: bool


@dataclass(frozen=True, slots=True)
class Latency:
    """A pause.

    draw: a function that returns the length of the pause in seconds. Its argument is a source of
    random numbers.
    after: True if the pause is between the operation and its answer, False if it is before the
    operation.
    """

    draw: Callable[[Random], float]
    after: bool


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """Leaves a share of the items of a batch unprocessed. share: from 0 (none) to 1 (all)."""

    share: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """Refuses a write, or cancels a transaction.

    code: the code of the cancellation reason, such as "TransactionConflict".
    transactions_only: True to cancel only transactions, False to also refuse writes outside
    transactions.
    """

    code: str
    transactions_only: bool


@dataclass(frozen=True, slots=True)
class ShortPage:
    """Ends a page of a Query or Scan early. items: the number of evaluated items in the page."""

    items: int


Effect = Throttle | Failure | Silence | Latency | Unprocessed | Conflict | ShortPage


def effect_of(body: Mapping[str, Any]) -> Effect:
    """Return the effect that the member `Effect` of a rule describes.

    Raises WrongEffect if the member is wrong.
    """
    kind = body.get("Kind")
    found = _KINDS.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise WrongEffect(f"the member Kind of Effect must be one of {', '.join(_KINDS)}")
    names, make = found
    unknown = sorted(body.keys() - {"Kind", *names})
    if unknown:
        known = f"there are: {', '.join(names)}" if names else "the only member is Kind"
        raise WrongEffect(f"the effect {kind} has no member {unknown[0]}; {known}")
    return make(body)


def _choice(body: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str | None:
    value = body.get(name)
    if value is not None and value not in choices:
        raise WrongEffect(f"the member {name} of Effect must be one of {', '.join(choices)}")
    return value


def _after(body: Mapping[str, Any]) -> bool:
    value = body.get("After", False)
    if not isinstance(value, bool):
        raise WrongEffect("the member After of Effect must be true or false")
    return value


def _seconds(body: Mapping[str, Any], name: str, least: float = 0.0) -> float:
    return _number(body, name, least, _LONGEST, "a number of seconds")


def _number(body: Mapping[str, Any], name: str, least: float, most: float, what: str) -> float:
    value: Any = body.get(name)
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not isfinite(value) or not least <= value <= most:
        raise WrongEffect(f"the member {name} of Effect must be {what} from {least:g} to {most:g}")
    return float(value)


def _throttle(body: Mapping[str, Any]) -> Effect:
    index = body.get("IndexName")
    if index is not None and not isinstance(index, str):
        raise WrongEffect("the member IndexName of Effect must be a string")
    limit: Any = _choice(body, "Limit", LIMITS)
    return Throttle(limit, index)


def _failure(body: Mapping[str, Any]) -> Effect:
    return Failure(_choice(body, "Code", ERRORS) or ERRORS[0], _after(body))


def _timeout(body: Mapping[str, Any]) -> Effect:
    return Silence(_seconds(body, "Seconds") if "Seconds" in body else SILENT, _after(body))


def _latency(body: Mapping[str, Any]) -> Effect:
    given = body.keys() & {"Seconds", "From", "To", "Median", "P99"}
    if given == {"Seconds"}:
        seconds = _seconds(body, "Seconds")
        return Latency(lambda _random: seconds, _after(body))
    if given == {"From", "To"}:
        low = _seconds(body, "From")
        high = _seconds(body, "To", low)
        return Latency(lambda random: random.uniform(low, high), _after(body))
    if given == {"Median", "P99"}:
        median = _seconds(body, "Median", 1e-6)
        spread = log(_seconds(body, "P99", median) / median) / _P99
        return Latency(lambda random: min(_LONGEST, median * exp(random.gauss(0.0, spread))), _after(body))
    raise WrongEffect("the effect Latency needs Seconds, or From and To, or Median and P99")


def _unprocessed(body: Mapping[str, Any]) -> Effect:
    return Unprocessed(_number(body, "Share", 0.0, 1.0, "a number"))


def _cancel(body: Mapping[str, Any]) -> Effect:
    return Conflict(_choice(body, "Code", CANCELS) or CANCELS[0], transactions_only=True)


def _short_page(body: Mapping[str, Any]) -> Effect:
    items = body.get("Items")
    if not isinstance(items, int) or isinstance(items, bool) or items < 1:
        raise WrongEffect("the member Items of Effect must be a whole number of at least 1")
    return ShortPage(items)


_KINDS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Effect]]]] = {
    "Throttle": (("Limit", "IndexName"), _throttle),
    "Error": (("Code", "After"), _failure),
    "Timeout": (("Seconds", "After"), _timeout),
    "Drop": (("After",), lambda body: Silence(0.0, _after(body))),
    "Latency": (("Seconds", "From", "To", "Median", "P99", "After"), _latency),
    "Unprocessed": (("Share",), _unprocessed),
    "Conflict": ((), lambda _body: Conflict("TransactionConflict", transactions_only=False)),
    "Cancel": (("Code",), _cancel),
    "ShortPage": (("Items",), _short_page),
}
"""Kind of an effect -> its members, and the function that reads them."""

KINDS: Final = tuple(_KINDS)
