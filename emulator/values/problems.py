"""Problems of attribute values: the parser finds them, and a later check reports them.

A wrong JSON type is raised at once, because it has priority over all other errors. The service
reports the problems of this file after the member constraints of the whole request (behaviour 3.1).
So `wire` collects the problems, and the operation raises the one that the service would report. The
wording depends on the operation: the OLD and NEW layers of the service describe bad numbers and
repeated set members differently (behaviour 2.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from emulator import errors
from emulator.values.number import NumberProblem

Layer = Literal["new", "old", "partiql"]
"""Which code of the service reads a value: the NEW layer, the OLD layer, or PartiQL (behaviour 2.1,
14.4).
"""

Kind = Literal[
    "empty",
    "ambiguous",
    "null_false",
    "empty_set",
    "duplicates",
    "empty_name",
    "empty_key",
    "long_name",
    "nesting",
    "values_size",
    NumberProblem,
]
"""empty_name is about the name of an attribute, empty_key about a key in a nested map.

Both have the same text. values_size is about all values of a request's expressions together.
"""

_TEXTS: Final[dict[str, str]] = {
    "empty": errors.VALUE_EMPTY,
    "ambiguous": errors.VALUE_AMBIGUOUS,
    "null_false": errors.NULL_FALSE,
    "empty_name": errors.EMPTY_ATTRIBUTE_NAME,
    "empty_key": errors.EMPTY_ATTRIBUTE_NAME,
    "long_name": errors.ATTRIBUTE_NAME_TOO_LONG,
    "nesting": errors.NESTING,
    "values_size": errors.VALUES_TOO_LARGE,
}
_EMPTY_SETS: Final = {
    "SS": errors.EMPTY_STRING_SET,
    "NS": errors.EMPTY_NUMBER_SET,
    "BS": errors.EMPTY_BINARY_SET,
}
_NUMBERS: Final = frozenset({"not_numeric", "overflow", "underflow", "precision"})
_EXPONENT_MAX: Final = 2**31 - 1
_WRAPPING_EXPONENT: Final = str(_EXPONENT_MAX)


@dataclass(slots=True)
class Problem:
    """One problem of one value.

    details: a bad number as the client wrote it, or the tag of a bad set.
    sent: the members of a set with repeats, as they were sent.
    members: the same members in the order in which the NEW layer lists them.
    placeholder: the ":name" of the expression value, else None.
    parameter: the member of the request that contains the value.
    number: for a value with several types, the first bad number in it; None if it has no bad
        number.
    """

    kind: Kind
    details: str = ""
    sent: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    placeholder: str | None = None
    parameter: str = ""
    number: "Problem | None" = None

    def numbers_first(self) -> "Problem":
        """Return the problem that most operations report.

        If a value has several types and one of them is a bad number, these operations report the
        number.
        """
        if self.number is None:
            return self
        return replace(self, kind=self.number.kind, details=self.number.details, number=None)

    @property
    def is_number(self) -> bool:
        """Whether the problem is about a bad number."""
        return self.kind in _NUMBERS

    @property
    def is_number_or_set(self) -> bool:
        """Whether the OLD and NEW layers have different texts for this problem."""
        return self.kind in _NUMBERS or self.kind == "duplicates"

    def text(self, layer: Layer = "new") -> str:
        """Return the message of the problem, without envelope and without placeholder."""
        old = layer != "new"
        if self.kind in _NUMBERS:
            kind: NumberProblem = self.kind  # type: ignore[assignment] # checked by the line above
            if old and kind == "overflow" and _exponent_wraps(self.details):
                kind = "underflow"
            elif layer == "partiql" and _exponent_is_too_long(self.details):
                kind = "not_numeric"
            return errors.number_text(kind, self.details, old=old)
        if self.kind == "duplicates":
            return errors.duplicates_text(self.details, self.sent if old else self.members, old=old)
        if self.kind == "empty_set":
            return _EMPTY_SETS[self.details]
        return _TEXTS[self.kind]

    def error(self, layer: Layer = "new") -> errors.ApiError:
        """Return the error without envelope.

        The OLD layer adds the placeholder (behaviour 2.1, 6.1).
        """
        if self.parameter == "ExclusiveStartKey" and not self.is_number_or_set:
            return errors.starting_key_invalid(self.text(layer))
        if layer == "old" and self.placeholder is not None:
            return errors.invalid_expression_value(self.text(layer), self.placeholder)
        return errors.wrong_value(self.text(layer))


def first_problem(problems: Sequence[Problem]) -> Problem:
    """Return the problem to report: the first one, with two exceptions (behaviour 3.7).

    An empty attribute name has priority over all other problems. A value that is too deep has
    priority over an empty key in a nested map.
    """
    for problem in problems:
        if problem.kind == "empty_name":
            return problem
    first = problems[0]
    if first.kind == "empty_key":
        return next((problem for problem in problems if problem.kind == "nesting"), first)
    return first


def listed(members: Sequence[str], order: Sequence[object]) -> tuple[str, ...]:
    """Return the members of a set with a repeat, in the order in which the NEW layer lists them.

    The members before the first repetition are sorted. The repetition and the members after it stay
    in the client's order.
    order: the sort key of each member. ["b", "a", "b", "a"] gives ("a", "b", "b", "a").
    """
    seen: dict[object, str] = {}
    for position, (member, key) in enumerate(zip(members, order, strict=True)):
        if key in seen:
            return (*(seen[before] for before in sorted(seen)), *members[position:])  # type: ignore[type-var]
        seen[key] = member
    return tuple(members)


def _exponent_is_too_long(written: str) -> bool:
    """Return whether the exponent or scale of a written number exceeds 2147483647 (2**31 - 1).

    The scale is the number of digits after the point minus the exponent.
    """
    digits, _, power = written.lower().partition("e")
    try:
        exponent = int(power or "0")
    except ValueError:
        return True
    return abs(exponent) > _EXPONENT_MAX or len(digits.partition(".")[2]) - exponent > _EXPONENT_MAX


def _exponent_wraps(written: str) -> bool:
    """Return whether a written number has the exponent 2147483647 (2**31 - 1).

    The 32-bit exponent of the OLD layer and of PartiQL then wraps around, and they report an
    underflow (behaviour 2.1, 14.4). No other exponent was observed to wrap.
    """
    return written.lower().partition("e")[2].lstrip("+0") == _WRAPPING_EXPONENT


# The most problems that a list keeps. Only one problem of a request is reported, and the problems
# of a hostile request could fill the memory.
MOST_PROBLEMS: Final = 100

# The most members that the error for a repeated member of a set lists. A longer message would be
# cut (errors.LONGEST_WHOLE).
_MOST_LISTED: Final = 40_000


class ItemProblems(list[Problem]):
    """The problems of an item.

    The type of this list tells `parse_number_set` (sets.py) that its set belongs to an item. The
    limit of the set is then the limit of an item, and not that of expression values.
    """

    __slots__ = ()


def report(problems: list[Problem], kind: Kind, details: str = "") -> int:
    """Add a problem to the list. Return 0: the size of a value that is never stored."""
    if len(problems) < MOST_PROBLEMS:
        problems.append(Problem(kind, details))
    return 0


def report_repeat(problems: list[Problem], tag: str, sent: list[str], order: list[str] | list[bytes]) -> int:
    """Add the problem that a set has a member twice. Return 0, as `report` does.

    sent: the members as they were sent. order: the sort key of each member.
    """
    if len(problems) < MOST_PROBLEMS:
        sent, order = sent[:_MOST_LISTED], order[:_MOST_LISTED]
        problems.append(Problem("duplicates", tag, tuple(sent), listed(sent, order)))
    return 0
