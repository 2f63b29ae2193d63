"""Filter patterns, which decide which records a function gets.

The patterns are EventBridge's ("Event pattern syntax"; Lambda: "Control which events Lambda sends
to your function").

    {"eventName": ["INSERT", "MODIFY"],
     "dynamodb": {"NewImage": {"total": {"N": [{"anything-but": "0"}]}}}}

An object in a pattern matches if all its members match. A list in a pattern (a *leaf*) matches if
one of its rules matches. `"$or"` matches if one of its objects matches.

An array in the event matches if one of its elements matches. If the pattern has an object for this
array, one element must match all members of the object. A missing member of the event counts as an
empty object. So `{"exists": false}` works at any depth. As on AWS, `numeric` matches only JSON
numbers. So `numeric` never matches a number attribute of an item, because a stream record has the
number as a string (`{"N": "5"}`).

A pattern is compiled into closures once, when the delivery for its mapping begins.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import orjson

Test = Callable[[Any], bool]
"""A function that returns True if an event, or one value in an event, matches."""

_Leaf = Callable[[Sequence[Any]], bool]
"""A function that returns True if the scalars at a path match. A missing path has no scalars."""


class BadPattern(Exception):
    """A text is not a valid filter pattern."""


def compile_filters(patterns: Sequence[str]) -> Test | None:
    """Return a function that returns True for an event that matches at least one of the patterns.

    Return None if there are no patterns, because every event then passes. Raises BadPattern for a
    text that is not a valid pattern.
    """
    tests = [compile_pattern(pattern) for pattern in patterns]
    if not tests:
        return None
    return lambda event: any(test(event) for test in tests)


def compile_pattern(text: str) -> Test:
    """Compile a pattern to a function that returns True for matching events.

    Raises BadPattern if the text is not a valid pattern.
    """
    try:
        pattern = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadPattern from None
    return _object(pattern)


# --- structure ------------------------------------------------------------------------------------


def _object(pattern: object) -> Test:
    if not isinstance(pattern, dict) or not pattern:
        raise BadPattern
    tests = [_member(name, rule) for name, rule in pattern.items()]

    def match(event: Any) -> bool:  # noqa: ANN401 - any JSON
        if isinstance(event, list) and event:
            return any(match(element) for element in event)
        members = event if isinstance(event, dict) else {}
        return all(test(members) for test in tests)

    return match


def _member(name: str, rule: object) -> Test:
    if name == "$or" and isinstance(rule, list):
        return _either(rule)
    if isinstance(rule, list):
        leaf = _leaf(rule)
        return lambda event: leaf(list(_scalars(event[name])) if name in event else ())
    inner = _object(rule)
    return lambda event: inner(event.get(name))


def _either(choices: Sequence[object]) -> Test:
    if len(choices) < 2:  # noqa: PLR2004 - a choice needs two
        raise BadPattern
    tests = [_object(choice) for choice in choices]
    return lambda event: any(test(event) for test in tests)


def _scalars(value: object) -> Iterator[object]:
    """Yield a scalar itself, all scalars in an array, and nothing for an object."""
    if isinstance(value, list):
        for element in value:
            yield from _scalars(element)
    elif not isinstance(value, dict):
        yield value


# --- rules of a leaf ------------------------------------------------------------------------------


def _leaf(rules: Sequence[object]) -> _Leaf:
    if not rules:
        raise BadPattern
    leaves = [_rule(rule) for rule in rules]
    return lambda values: any(leaf(values) for leaf in leaves)


def _rule(rule: object) -> _Leaf:
    if not isinstance(rule, dict):
        return _any(_equals(rule))
    if len(rule) != 1:
        raise BadPattern
    ((name, argument),) = rule.items()
    if name == "exists" and isinstance(argument, bool):
        return lambda values: bool(values) is argument
    if name not in _RULES:
        raise BadPattern
    return _any(_RULES[name](argument))


def _any(test: Test) -> _Leaf:
    return lambda values: any(test(value) for value in values)


def _equals(expected: object) -> Test:
    if isinstance(expected, list | dict):
        raise BadPattern
    if _is_number(expected):
        return lambda value: _is_number(value) and value == expected
    return lambda value: type(value) is type(expected) and value == expected


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(argument: object) -> str:
    if not isinstance(argument, str):
        raise BadPattern
    return argument


def _equals_ignoring_case(argument: object) -> Test:
    expected = _text(argument).casefold()
    return lambda value: isinstance(value, str) and value.casefold() == expected


def _affix(found: Callable[[str, str], bool]) -> Callable[[object], Test]:
    """Return the function that compiles the rule `prefix` or `suffix`.

    The argument of the rule is a text or `{"equals-ignore-case": text}`.

    found: str.startswith or str.endswith.
    """

    def rule(argument: object) -> Test:
        if isinstance(argument, dict) and list(argument) == ["equals-ignore-case"]:
            folded = _text(argument["equals-ignore-case"]).casefold()
            return lambda value: isinstance(value, str) and found(value.casefold(), folded)
        expected = _text(argument)
        return lambda value: isinstance(value, str) and found(value, expected)

    return rule


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _numeric(argument: object) -> Test:
    """Return the test of the rule `numeric`.

    argument: `[operator, number]`, or a range such as `[">", 0, "<=", 5]`.
    """
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise BadPattern
    operators, bounds = argument[::2], argument[1::2]
    if not all(isinstance(name, str) and name in _COMPARE for name in operators) or not all(map(_is_number, bounds)):
        raise BadPattern
    if len(operators) == 2 and (operators[0][0], operators[1][0]) != (">", "<"):  # noqa: PLR2004 - a range has two operators
        raise BadPattern
    steps = [(_COMPARE[name], bound) for name, bound in zip(operators, bounds, strict=True)]
    return lambda value: _is_number(value) and all(compare(value, bound) for compare, bound in steps)


def _anything_but(argument: object) -> Test:
    """Return the test of the rule `anything-but`.

    argument: what an event's value must not be. This is a value, a list of values, or an object
    that has one rule for strings (prefix, suffix, equals-ignore-case) with a text or list of texts.
    """
    if isinstance(argument, dict):
        if len(argument) != 1 or (name := next(iter(argument))) not in ("prefix", "suffix", "equals-ignore-case"):
            raise BadPattern
        tests = [_RULES[name](each) for each in _each(argument[name])]
    else:
        tests = [_equals(each) for each in _each(argument)]
    return lambda value: not any(test(value) for test in tests)


def _each(argument: object) -> Sequence[object]:
    if not isinstance(argument, list):
        return (argument,)
    if not argument:
        raise BadPattern
    return argument


_RULES: Final[dict[str, Callable[[object], Test]]] = {
    "prefix": _affix(str.startswith),
    "suffix": _affix(str.endswith),
    "equals-ignore-case": _equals_ignoring_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
}
"""Name of a rule -> a function that returns the Test for the rule's argument.

In a pattern, such a rule is an object with one member: `{name: argument}`. The rule `exists` is not
in this dict, because it also applies to missing values.
"""
