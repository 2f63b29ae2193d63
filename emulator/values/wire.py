"""Parses the attribute values that clients send.

One pass over a value does three things:

- It checks the JSON types.
- It makes the value canonical *in place*: it replaces numbers by their canonical texts, sorts the
  members of sets, and removes members that are unknown or null.
- It adds up the size.

A wrong JSON type raises SerializationException. All other mistakes are added to a list of problems,
in document order (problems.py). A value with a problem does not become canonical: callers may read
its tag, but not its content.

JSON null means "absent" (behaviour 1.6). In a value or a set, a null member is removed. In a map or
a list, a null is a value without a type: it has the problem "empty" and is replaced by {}.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from emulator import limits
from emulator.values.json_types import not_a_list, not_a_map, not_a_value, token_of
from emulator.values.number import SMALL_SIZES, plain_size
from emulator.values.problems import MOST_PROBLEMS, ItemProblems, Layer, Problem, first_problem, report
from emulator.values.scalars import (
    BOOLEANS,
    Raw,
    parse_binary,
    parse_boolean,
    parse_null,
    parse_number,
    parse_string,
)
from emulator.values.sets import parse_binary_set, parse_number_set, parse_string_set
from emulator.values.size import ELEMENT_OVERHEAD, LIST_OVERHEAD, MAP_OVERHEAD, utf8_size
from emulator.values.types import Value

__all__ = [
    "BOOLEANS",
    "LARGE_VALUES",
    "LargeValues",
    "Layer",
    "ParsedItem",
    "Problem",
    "depth_exceeded",
    "first_problem",
    "parse_item",
    "parse_map",
    "parse_value",
    "parse_values",
    "parse_values_of_list",
    "token_of",
]

_NESTING: Final = limits.NESTING
_NAME: Final = limits.ATTRIBUTE_NAME

# The maximum number of values of ExpressionAttributeValues that are parsed. The five expressions of
# a request have at most 4 KB each and can use about 7,000 values. A request with more values than
# this limit has unused values, so a later check refuses it.
_MOST_VALUES: Final = 10_000


class ParsedItem(dict[str, Value]):
    """An item that a client has sent, after parsing. It is canonical unless it has a problem.

    size: the size of the item in bytes.
    """

    __slots__ = ("size",)
    size: int


_SPARE: Final[list[ItemProblems]] = []
"""Keeps an empty list for the problems of the next item. To make a new list would take 0.1 us.

`parse_item` removes the list while it uses it, so that no other thread uses the same list.
"""


LARGE_VALUES: Final = 4 * limits.KIB


class LargeValues(dict[str, Value]):
    """ExpressionAttributeValues whose sizes add up to more than LARGE_VALUES bytes.

    The type tells `requested.Update` that the values may be large enough to make an update exceed
    the limit of its cost (`Cost.light` in expressions/update_cost.py).
    """

    __slots__ = ()


# --- public functions -----------------------------------------------------------------------------


def parse_value(raw: object, problems: list[Problem], level: int = 1) -> int:
    """Check a value, make it canonical in place, and return its size in bytes.

    raw: the value as orjson parsed it.
    level: the nesting level of the value: 1 for the value of an attribute.

    Raises SerializationException for a wrong JSON type. If `raw` is not an object, the error has
    the text for an element of a list or map. For a member of a structure, the service has another
    text. So the caller must check that such a member is an object before it calls this function.
    """
    return _parse_all((raw,), problems, level)


def parse_item(raw: object, problems: list[Problem]) -> ParsedItem:
    """Parse the member `Item` of a request. Raises SerializationException for a wrong JSON type.

    Do not call this if the member is missing or null.
    """
    if type(raw) is not dict:
        raise not_a_map(raw)
    try:
        found = _SPARE.pop()
    except IndexError:
        found = ItemProblems()
    size = _parse_pairs(raw, found, 1)
    if found:
        problems += found
    else:
        _SPARE.append(found)
    item = ParsedItem(raw)
    item.size = size
    return item


def parse_map(raw: object, problems: list[Problem]) -> dict[str, Value]:
    """Parse a map of attributes other than `Item`, such as `Key`, in place.

    Raises SerializationException for a wrong JSON type.
    """
    if type(raw) is not dict:
        raise not_a_map(raw)
    _parse_pairs(raw, problems, 1)
    return raw


def parse_values(raw: object, problems: list[Problem]) -> dict[str, Value]:
    """Parse `ExpressionAttributeValues` in place.

    Each problem gets the placeholder (such as ":v") of the value that has the problem. The form of
    the placeholders is not checked. Raises SerializationException for a wrong JSON type.
    """
    if type(raw) is not dict:
        raise not_a_map(raw)
    if len(raw) > _MOST_VALUES:
        raw = dict(islice(raw.items(), _MOST_VALUES))
    known = len(problems)
    size = _parse_all(raw.values(), problems, 1)
    if len(problems) > known:
        del problems[known:]
        _parse_named_values(raw, problems)
    elif size > LARGE_VALUES:
        if size > limits.EXPRESSION_VALUES_SIZE:
            report(problems, "values_size")
        return LargeValues(raw)
    return raw


def _parse_named_values(raw: dict[str, Any], problems: list[Problem]) -> None:
    """Parse values one by one, and set the placeholder (such as `:v`) of each value's problems."""
    for name, value in raw.items():
        known = len(problems)
        if value is None:
            raw[name] = {}
        parse_value(value, problems)
        for problem in problems[known:]:
            problem.placeholder = name


def parse_values_of_list(raw: list[Any], problems: list[Problem]) -> list[Value]:
    """Parse a list of values, such as `Parameters`.

    Raises SerializationException for a wrong JSON type. A null counts as a value without a type.
    """
    _parse_all(raw, problems, 1)
    return [{} if value is None else value for value in raw] if None in raw else raw


def depth_exceeded(values: Iterable[Value], level: int = 1) -> bool:
    """Return True if any of the values has parts that are nested deeper than level 32.

    level: the nesting level of the values.
    """
    for value in values:
        if level > _NESTING:
            return True
        for tag, content in value.items():
            nested = content if tag == "L" else content.values() if tag == "M" else ()
            if nested and depth_exceeded(nested, level + 1):
                return True
    return False


# --- parsing nested values ------------------------------------------------------------------------


def _parse_pairs(raw: Raw, problems: list[Problem], level: int) -> int:
    """Parse the values of a map, and return the size of its names and values in bytes.

    level: the nesting level of the values.
    """
    names = "".join(raw)
    size = len(names) if names.isascii() else len(names.encode())
    if size > _NAME or "" in raw:
        return _parse_odd_pairs(raw, problems, level)
    size += _parse_all(raw.values(), problems, level)
    if problems and None in raw.values():
        raw.update({name: {} for name, value in raw.items() if value is None})
    return size


def _parse_odd_pairs(raw: Raw, problems: list[Problem], level: int) -> int:
    """Do what `_parse_pairs` does, for a map in which a name may be empty or too long.

    Check each name before its value, so that problems are in document order.
    """
    size = 0
    for name, value in raw.items():
        length = utf8_size(name)
        if not 0 < length <= _NAME:
            report(problems, "long_name" if length else "empty_name" if level == 1 else "empty_key")
        if value is None:
            raw[name] = {}
        size += length + parse_value(value, problems, level)
    return size


def _parse_all(values: Iterable[Any], problems: list[Problem], level: int) -> int:
    """Parse values of one nesting level, and return the sum of their sizes in bytes.

    This function handles strings, numbers in canonical form and booleans without a call of another
    parser, because they are by far the most common values. That saves a third of the time for an
    item. Catching exceptions, instead of checking the types first, saves another eighth.
    """
    size = 0
    parsers = _PARSERS
    find_small = SMALL_SIZES.get
    for value in values:
        try:
            [tag] = value
            content = value[tag]
            if tag == "S":
                size += len(content) if content.isascii() else len(content.encode())
                continue
            if tag == "N" and (counted := find_small(content) or plain_size(content)):
                size += counted
                continue
            if tag == "BOOL" and type(content) is bool:
                size += 1
                continue
            parse = parsers[tag]
        except _ODD:
            if level > 1 and len(problems) >= MOST_PROBLEMS:
                # The list of problems is full. A list or map with a problem is not used, so neither
                # the other values nor the size matter.
                return size
            size += _parse_odd(value, problems, level)
            continue
        size += _parse_odd(value, problems, level) if content is None else parse(content, value, problems, level)
    return size


_ODD: Final = (TypeError, ValueError, AttributeError, LookupError)
"""The exceptions that the `try` block of `_parse_all` raises if a value is not an object with one
known tag, or if its content has a wrong type.
"""


def _parse_odd(raw: object, problems: list[Problem], level: int) -> int:
    """Parse a value that is null, has not exactly one known tag, or has content of a wrong type."""
    if raw is None:
        return report(problems, "empty")
    if type(raw) is not dict:
        raise not_a_value(raw)
    known = {tag: content for tag, content in raw.items() if tag in _PARSERS and content is not None}
    if len(known) != len(raw):
        raw.clear()
        raw.update(known)
    if len(known) != 1:
        return _report_ambiguous(known, raw, problems, level) if known else report(problems, "empty")
    [(tag, content)] = known.items()
    return _PARSERS[tag](content, raw, problems, level)


def _parse_list(content: object, raw: Raw, problems: list[Problem], level: int) -> int:
    if type(content) is not list:
        raise not_a_list(content)
    if level == _NESTING and content:
        return _report_depth(problems, content)
    size = LIST_OVERHEAD + ELEMENT_OVERHEAD * len(content) + _parse_all(content, problems, level + 1)
    if problems and None in content:
        raw["L"] = [{} if value is None else value for value in content]
    return size


def _parse_map(content: object, _raw: Raw, problems: list[Problem], level: int) -> int:
    if type(content) is not dict:
        raise not_a_map(content)
    if level == _NESTING and content:
        return _report_depth(problems, content.values())
    return MAP_OVERHEAD + ELEMENT_OVERHEAD * len(content) + _parse_pairs(content, problems, level + 1)


_PARSERS: Final[dict[str, Callable[[Any, Raw, list[Problem], int], int]]] = {
    "S": parse_string,
    "N": parse_number,
    "B": parse_binary,
    "SS": parse_string_set,
    "NS": parse_number_set,
    "BS": parse_binary_set,
    "M": _parse_map,
    "L": _parse_list,
    "NULL": parse_null,
    "BOOL": parse_boolean,
}


# --- values that are nested too deeply ------------------------------------------------------------


def _check_types(values: Iterable[object]) -> None:
    """Raise SerializationException for the first wrong JSON type in values nested too deeply.

    These values are below level 32, the deepest that DynamoDB allows. Only their types are checked;
    they are not parsed. A request's JSON may have 1024 levels, so a recursive function could exceed
    Python's limit.
    """
    pending: list[Iterator[object]] = [iter(values)]
    while pending:
        for raw in pending[-1]:
            pending.append(_checked_parts(raw))
            break
        else:
            pending.pop()


def _checked_parts(raw: object) -> Iterator[object]:
    """Check the JSON types of one value, and yield the values inside it in document order."""
    if raw is None:
        return
    if type(raw) is not dict:
        raise not_a_value(raw)
    for tag, content in raw.items():
        if content is None or tag not in _PARSERS:
            continue
        if tag == "L":
            if type(content) is not list:
                raise not_a_list(content)
            yield from content
        elif tag == "M":
            if type(content) is not dict:
                raise not_a_map(content)
            yield from content.values()
        else:
            _PARSERS[tag](content, raw, [], _NESTING)


# --- problems -----------------------------------------------------------------------------------


def _report_ambiguous(known: Raw, raw: Raw, problems: list[Problem], level: int) -> int:
    """Add the problem that a value has several types. Return 0, as `report` does.

    If the value also has a bad number, `Problem.number` is the problem of the first bad number.
    Some operations report the bad number, and not the several types (`Problem.numbers_first`).
    """
    number = None
    for tag, content in known.items():
        own: list[Problem] = []
        _PARSERS[tag](content, raw, own, level)
        if tag in ("N", "NS") and own and own[0].is_number:
            number = number or own[0]
    if len(problems) < MOST_PROBLEMS:
        problems.append(Problem("ambiguous", number=number))
    return 0


def _report_depth(problems: list[Problem], values: Iterable[object]) -> int:
    _check_types(values)
    return report(problems, "nesting")
