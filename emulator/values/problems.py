"""Problems: mistakes in attribute values that the parser finds and a later check reports.

`wire` raises an error for a wrong JSON type while it parses, because this error has priority over
all others. Every other mistake becomes a Problem in a list: the service reports it only after the
member constraints of the whole request (behaviour 3.1). At that point, the operation raises the
problem that the service would report. The text depends on the operation: the service has two
validation layers, OLD and NEW, which describe bad numbers and repeated set members differently
(behaviour 2.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from emulator import errors
from emulator.values.number import NumberProblem

Layer = Literal["new", "old", "partiql"]
"""The service's code that parses a value: NEW layer, OLD layer, PartiQL (behaviour 2.1, 14.4)."""

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
"""The kinds of problems. Some need an explanation:

- empty: the value has no type.
- ambiguous: the value has several types.
- empty_name: the name of an attribute is empty.
- empty_key: a key in a nested map is empty. The service's text is the same as for empty_name, but
  the priority is different.
- nesting: the value has too many levels.
- values_size: the values of a request's expressions are too large together.
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
    """One mistake in one attribute value.

    details: for a bad number, its text as the client wrote it; for a bad set, its tag.
    sent: for a set with a repeated member, its members as the client sent them.
    members: for the same set, its members in the order in which the NEW layer lists them.
    placeholder: the ":name" if the value is in ExpressionAttributeValues, otherwise None.
    parameter: the member of the request that contains the value.
    number: for a value with several types, the problem of the first bad number in it, or None.
    """

    kind: Kind
    details: str = ""
    sent: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    placeholder: str | None = None
    parameter: str = ""
    number: "Problem | None" = None

    def numbers_first(self) -> "Problem":
        """Return the problem of the bad number in the value, or this problem if there is none.

        If a value has several types and a bad number, most operations report the bad number.
        """
        if self.number is None:
            return self
        return replace(self, kind=self.number.kind, details=self.number.details, number=None)

    @property
    def is_number(self) -> bool:
        """True if the problem is a bad number."""
        return self.kind in _NUMBERS

    @property
    def is_number_or_set(self) -> bool:
        """True if the problem is a bad number or a repeated member of a set.

        Only for these problems, the service's two validation layers, OLD and NEW, have different
        texts.
        """
        return self.kind in _NUMBERS or self.kind == "duplicates"

    def text(self, layer: Layer = "new") -> str:
        """Return the service's text for the problem, without the prefix that an error may add.

        layer: the part of the service's software that reports the problem (see `Layer`).
        """
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
        """Return the error for the problem, without the prefix "1 validation error detected: ".

        In the OLD layer, the error of an expression value also has the ":name" of the value
        (behaviour 2.1, 6.1).

        layer: the service's code that reports the problem (see `Layer`).
        """
        if self.parameter == "ExclusiveStartKey" and not self.is_number_or_set:
            return errors.starting_key_invalid(self.text(layer))
        if layer == "old" and self.placeholder is not None:
            return errors.invalid_expression_value(self.text(layer), self.placeholder)
        return errors.wrong_value(self.text(layer))


def first_problem(problems: Sequence[Problem]) -> Problem:
    """Return the problem to report (behaviour 3.7). Usually this is the first problem.

    An empty attribute name has priority over all other problems. Too many levels have priority over
    an empty key in a nested map.
    """
    for problem in problems:
        if problem.kind == "empty_name":
            return problem
    first = problems[0]
    if first.kind == "empty_key":
        return next((problem for problem in problems if problem.kind == "nesting"), first)
    return first


def listed(members: Sequence[str], order: Sequence[object]) -> tuple[str, ...]:
    """Return a set's members in the order in which the service's NEW validation layer lists them.

    The members before the first repeated member are sorted. The repeated member and all members
    after it keep the client's order: ["b", "a", "b", "a"] gives ("a", "b", "b", "a").
    order: for each member, the value by which to sort it.
    """
    seen: dict[object, str] = {}
    for position, (member, key) in enumerate(zip(members, order, strict=True)):
        if key in seen:
            return (*(seen[before] for before in sorted(seen)), *members[position:])  # type: ignore[type-var]
        seen[key] = member
    return tuple(members)


def _exponent_is_too_long(written: str) -> bool:
    """Return True if a number's exponent or scale is greater than 2147483647 (2**31 - 1).

    The scale is the number of digits after the point minus the exponent. PartiQL refuses such a
    number as not numeric (behaviour 14.4).
    """
    digits, _, power = written.lower().partition("e")
    try:
        exponent = int(power or "0")
    except ValueError:
        return True
    return abs(exponent) > _EXPONENT_MAX or len(digits.partition(".")[2]) - exponent > _EXPONENT_MAX


def _exponent_wraps(written: str) -> bool:
    """Return True if a number has the exponent 2147483647 (2**31 - 1).

    The service's OLD validation layer and PartiQL have a 32-bit exponent, which wraps around at
    this number: they report an underflow instead of an overflow (behaviour 2.1, 14.4). No other
    exponent was observed to wrap.
    """
    return written.lower().partition("e")[2].lstrip("+0") == _WRAPPING_EXPONENT


# The maximum number of problems in a list. A hostile request could have so many that they fill the
# memory, and only one problem of a request is reported.
MOST_PROBLEMS: Final = 100

# The maximum number of members of a set that the error for a repeated member lists. With more
# members, the message would be cut anyway (errors.LONGEST_WHOLE).
_MOST_LISTED: Final = 40_000


class ItemProblems(list[Problem]):
    """The list of problems for the values of an item.

    The type of the list tells `sets.parse_number_set` that the set to parse belongs to an item.
    Then the set's size limit is the limit of an item, and not the limit of expression values.
    """

    __slots__ = ()


def report(problems: list[Problem], kind: Kind, details: str = "") -> int:
    """Add a problem to the list, and return 0 as the size of the value.

    Nobody uses this size, because a value with a problem is never stored.
    """
    if len(problems) < MOST_PROBLEMS:
        problems.append(Problem(kind, details))
    return 0


def report_repeat(problems: list[Problem], tag: str, sent: list[str], order: list[str] | list[bytes]) -> int:
    """Add the problem that a set has a repeated member. Return 0, as `report` does.

    tag: SS, NS or BS.
    sent: the members as the client sent them.
    order: for each member, the value by which to sort it.
    """
    if len(problems) < MOST_PROBLEMS:
        sent, order = sent[:_MOST_LISTED], order[:_MOST_LISTED]
        problems.append(Problem("duplicates", tag, tuple(sent), listed(sent, order)))
    return 0
