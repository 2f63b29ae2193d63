"""Constraints on single values: bounds, patterns, enums and table names.

A constraint has a test and a text for the error. For speed, the validator first checks a value with
one test that combines all its constraints. If this test fails, the validator tests each constraint,
to find those that the error must name.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator import errors
from emulator.model import overrides
from emulator.model.overrides import CHANGES, Change, Kind
from emulator.model.shapes import Shape

Accept = Callable[[Any], object]
"""A function that tests a parsed value: its result is true if the value is valid.

The result need not be a bool. For example, `Pattern.fullmatch` returns a match or None.
"""

_NUMBERS: Final = frozenset({"integer", "long", "double", "float"})
_NO_CHANGE: Final = Change()


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint on one value.

    text: the part of the service's message that begins with "Member must". longest: the maximum
    length, if `accepts` checks only that a value is not longer than this; otherwise None.
    """

    kind: Kind
    text: str
    accepts: Accept
    longest: int | None = None


def scalar_constraints(shape: Shape, model_name: str) -> Sequence[Constraint]:
    """Return the constraints on a scalar, in the order in which errors report them.

    model_name: the member with the scalar, as "Structure.Member".
    """
    if _is_table_name(shape, model_name):
        return _table_name_constraints(*_table_name_rule(model_name))
    constraints = range_constraints(shape, model_name)
    if shape.pattern is not None:
        constraints += _pattern(shape.pattern)
    if shape.enum:
        constraints.append(_enum(shape))
    return constraints


def scalar_accept(shape: Shape, model_name: str) -> Accept | None:
    """Return one test for all constraints on a scalar, or None if it has no constraints."""
    if _is_table_name(shape, model_name):
        return _table_name_accept(*_table_name_rule(model_name))
    return all_accept(scalar_constraints(shape, model_name))


def range_constraints(shape: Shape, model_name: str) -> list[Constraint]:
    """Return the minimum and maximum constraints of a shape.

    They limit the value of a number, and the length of any other value.
    """
    change = CHANGES.get(model_name, _NO_CHANGE)
    low = None if model_name in overrides.OPTIONAL_LENGTH else change.minimum or shape.minimum
    high = change.maximum or shape.maximum
    numeric = shape.type in _NUMBERS
    constraints = []
    if low is not None:
        constraints.append(_min_value(low) if numeric else _min_length(low))
    if high is not None:
        constraints.append(_max_value(high) if numeric else _max_length(high))
    return constraints


def key_constraint(shape: Shape) -> Iterator[Constraint]:
    """Yield one constraint on a map, which combines all constraints on the map's keys.

    Yield nothing if the keys have no constraints. shape: the shape of the keys.
    """
    own = _table_name_keys() if shape.name == overrides.TABLE_NAME_SHAPE else scalar_constraints(shape, "")
    accept = all_accept(own)
    if accept is not None:
        text = errors.members_must("Map keys", (constraint.text for constraint in in_collections(own)))
        yield Constraint("keys", text, lambda value: all(map(accept, value)))


def in_collections(own: Sequence[Constraint]) -> list[Constraint]:
    """Return the constraints on members of a map or list in the order in which errors list them.

    The maximum comes first (behaviour 3.2).
    """
    return sorted(own, key=lambda constraint: constraint.kind != "maximum")


def all_accept(own: Sequence[Constraint]) -> Accept | None:
    """Return one test that combines several constraints, or None for no constraints."""
    if len(own) < 2:  # noqa: PLR2004 - one constraint needs no loop
        return own[0].accepts if own else None
    accepts = tuple(constraint.accepts for constraint in own)

    def accept(value: Any) -> bool:  # noqa: ANN401 - any parsed value
        for accept in accepts:  # noqa: SIM110 - a generator costs twice as much
            if not accept(value):
                return False
        return True

    return accept


# --- kinds ----------------------------------------------------------------------------------------


def _min_value(bound: int) -> Constraint:
    return Constraint("minimum", errors.min_value(bound), lambda value: value >= bound)


def _max_value(bound: int) -> Constraint:
    return Constraint("maximum", errors.max_value(bound), lambda value: value <= bound)


def _min_length(bound: int) -> Constraint:
    return Constraint("minimum", errors.min_length(bound), lambda value: len(value) >= bound)


def _max_length(bound: int) -> Constraint:
    return Constraint("maximum", errors.max_length(bound), lambda value: len(value) <= bound, bound)


def _enum(shape: Shape) -> Constraint:
    known = overrides.ENUM_ORDERS.get(shape.name, ())
    order = [*(value for value in known if value in shape.enum), *(value for value in shape.enum if value not in known)]
    return Constraint("enum", errors.must_be_one_of(order), frozenset(order).__contains__)


def _pattern(pattern: str) -> Iterator[Constraint]:
    """Yield the constraint for a pattern in Java's syntax.

    Yield nothing if Python cannot compile the pattern. A newer service model may have such a
    pattern.
    """
    try:
        match = re.compile(overrides.PATTERNS.get(pattern, pattern), re.ASCII).fullmatch
    except re.error:
        return
    yield Constraint("pattern", errors.must_match(pattern), match)


# --- table names (behaviour 3.4) ------------------------------------------------------------------


def _is_table_name(shape: Shape, model_name: str) -> bool:
    return shape.name == overrides.TABLE_NAME_SHAPE and model_name.endswith(f".{overrides.TABLE_NAME}")


def _table_name_rule(model_name: str) -> tuple[int, bool]:
    """Return a pair: the minimum length of a table name, and True if an ARN is valid too."""
    minimum = overrides.TABLE_NAME_MINIMUM if model_name in overrides.FULL_TABLE_NAMES else 1
    return minimum, model_name not in overrides.NEW_TABLE_NAMES


def _table_name_accept(minimum: int, arn: bool) -> Accept:  # noqa: FBT001 - the result of _table_name_rule
    """Return the test for a table name.

    minimum: the minimum number of characters of a name. arn: True to accept an ARN too.

    The test accepts any text that begins like an ARN, because operations check the rest of it.
    """
    pattern = rf"[a-zA-Z0-9_.-]{{{minimum},{overrides.TABLE_NAME_LENGTH}}}"
    if arn:
        pattern += rf"|{overrides.ARN}(?s:.){{0,{overrides.ARN_LENGTH - len(overrides.ARN)}}}"
    return re.compile(pattern).fullmatch


def _table_name_constraints(minimum: int, arn: bool) -> list[Constraint]:  # noqa: FBT001 - the result of _table_name_rule
    name = re.compile(overrides.TABLE_NAME_PATTERN).fullmatch

    def is_arn(value: str) -> bool:
        return arn and value.startswith(overrides.ARN)

    def fits(value: str) -> bool:
        return is_arn(value) or len(value) <= overrides.TABLE_NAME_LENGTH

    def matches(value: str) -> bool:
        # An empty name fails only the constraint on the minimum length.
        return not value or is_arn(value) or name(value) is not None

    constraints = [
        _min_length(minimum),
        Constraint("maximum", errors.max_length(overrides.TABLE_NAME_LENGTH), fits),
        Constraint("pattern", errors.must_match(overrides.TABLE_NAME_PATTERN), matches),
    ]
    return [*constraints, _max_length(overrides.ARN_LENGTH)] if arn else constraints


def _table_name_keys() -> list[Constraint]:
    """Return the constraints on the keys of RequestItems, which are table names."""
    accept = _table_name_accept(overrides.TABLE_NAME_MINIMUM, arn=True)
    texts = {constraint.kind: constraint.text for constraint in _table_name_constraints(3, arn=False)}
    return [Constraint(kind, text, accept) for kind, text in texts.items()]
