"""Parses attribute values as clients send them.

A single pass over each value of a request does three things. It checks the JSON types. It makes the
value canonical *in place*: numbers get their plain form, set members are sorted, unknown members
and null members are dropped. It adds up the size.

Type errors are raised. All other problems are collected in document order (see problems.py). A
value with a problem stays as the client sent it. The one exception is a null in place of a value,
which becomes the empty value {}. Callers may read only the tag of a value that has a problem.

JSON null means "absent" (behaviour 1.6). A null member of a value or of a set is dropped. A null in
a map or list is a value without a type, which has the problem "empty".
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from emulator import errors, limits
from emulator.values.number import SMALL_SIZES, NumberError, canonical, plain_size, sort_numbers, stored_size
from emulator.values.problems import Kind, Layer, Problem, first_problem, listed
from emulator.values.size import ENTRY_OVERHEAD, LIST_OVERHEAD, MAP_OVERHEAD, utf8_size
from emulator.values.types import Value

__all__ = [
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
# The most problems that a list keeps. Only one problem of a request is reported, and the problems
# of a hostile request could fill the memory.
_PROBLEMS: Final = 100

# The most values of a request that are parsed. Five expressions of 4 KB can use some 7,000 values.
# So a request with more values has unused ones, and is refused.
_MOST_VALUES: Final = 10_000

# If a set is too large, we read only as many members as prove it. A bad or repeated member after
# these is not reported, although the service presumably reports it.
#
# This many distinct strings are too large: each has at least one byte, except the empty string.
_MOST_STRINGS: Final = limits.EXPRESSION_VALUES_SIZE + 2
# A set of more bytes is not sorted: that would take up to 0.3 s, and the set is refused anyway.
_MOST_SORTED: Final = limits.EXPRESSION_VALUES_SIZE
# A set of numbers is read in parts of this many members. After each part, the size of all members
# that were read is compared with the limit.
_NUMBERS_AT_ONCE: Final = 10_000

# The most members that the error for a repeated member of a set lists. A longer message would be
# cut (errors.LONGEST_WHOLE).
_MOST_LISTED: Final = 40_000

_JAVA_VALUE: Final = "com.amazonaws.dynamodb.v20120810.AttributeValue"
_JAVA_CLASSES: Final = {"String": "class java.lang.String", "Boolean": "class java.lang.Boolean"}
BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
"""Strings that are accepted as a Boolean, here and in other members of a request."""


class ParsedItem(dict[str, Value]):
    """An item from a client. It is canonical unless it has a problem.

    size: its size in bytes, names included.
    """

    __slots__ = ("size",)
    size: int


class _ItemProblems(list[Problem]):
    """The problems of an item.

    The type of this list tells `_parse_number_set` that its set belongs to an item. The
    limit of the set is then the limit of an item, and not that of expression values.
    """

    __slots__ = ()


_SPARE: Final[list[_ItemProblems]] = []
"""An empty list for the problems of the next item. A new list for each item would take 0.1 us.

An item takes the list out, because another thread may parse an item at the same time.
"""


LARGE_VALUES: Final = 4 * limits.KIB


class LargeValues(dict[str, Value]):
    """ExpressionAttributeValues that have more than LARGE_VALUES bytes together.

    An update whose `Cost.light` is true can exceed the limit of the cost only with values of this
    type.
    """

    __slots__ = ()


# --- entry points ---------------------------------------------------------------------------------


def parse_value(raw: object, problems: list[Problem], level: int = 1) -> int:
    """Check a value, make it canonical in place, and return its size in bytes.

    raw: the value as orjson parsed it.
    level: the nesting level of the value. An attribute's own value has level 1.

    Raises SerializationException. If `raw` is not an object, the error has the text for elements of
    lists and maps. If the caller needs the text for a member of a structure, it must check the type
    of `raw` itself.
    """
    return _parse_all((raw,), problems, level)


def parse_item(raw: object, problems: list[Problem]) -> ParsedItem:
    """Parse an `Item`. Raises SerializationException.

    Do not call this for None, which means that the request has no `Item`.
    """
    if type(raw) is not dict:
        raise _not_a_map(raw)
    try:
        found = _SPARE.pop()
    except IndexError:
        found = _ItemProblems()
    size = _parse_entries(raw, found, 1)
    if found:
        problems += found
    else:
        _SPARE.append(found)
    item = ParsedItem(raw)
    item.size = size
    return item


def parse_map(raw: object, problems: list[Problem]) -> dict[str, Value]:
    """Parse a map of attributes that is not an `Item`, such as a `Key`, in place.

    Raises SerializationException.
    """
    if type(raw) is not dict:
        raise _not_a_map(raw)
    _parse_entries(raw, problems, 1)
    return raw


def parse_values(raw: object, problems: list[Problem]) -> dict[str, Value]:
    """Parse `ExpressionAttributeValues` in place. Raises SerializationException.

    Each problem has the placeholder of its value. The placeholders themselves are not checked here.
    """
    if type(raw) is not dict:
        raise _not_a_map(raw)
    if len(raw) > _MOST_VALUES:
        raw = dict(islice(raw.items(), _MOST_VALUES))
    known = len(problems)
    size = _parse_all(raw.values(), problems, 1)
    if len(problems) > known:
        del problems[known:]
        _parse_named_values(raw, problems)
    elif size > LARGE_VALUES:
        if size > limits.EXPRESSION_VALUES_SIZE:
            _report(problems, "values_size")
        return LargeValues(raw)
    return raw


def _parse_named_values(raw: dict[str, Any], problems: list[Problem]) -> None:
    """Parse values one by one, so that each problem gets the placeholder of its value."""
    for name, value in raw.items():
        known = len(problems)
        if value is None:
            raw[name] = {}
        parse_value(value, problems)
        for problem in problems[known:]:
            problem.placeholder = name


def parse_values_of_list(raw: list[Any], problems: list[Problem]) -> list[Value]:
    """Parse a list of values, such as `Parameters`. Raises SerializationException.

    A null counts as a value without a type.
    """
    _parse_all(raw, problems, 1)
    return [{} if value is None else value for value in raw] if None in raw else raw


def depth_exceeded(values: Iterable[Value], level: int = 1) -> bool:
    """Return whether any of these values has parts deeper than level 32.

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


# --- the walk -------------------------------------------------------------------------------------

_Raw = dict[str, Any]


def _parse_entries(raw: _Raw, problems: list[Problem], level: int) -> int:
    """Parse the entries of a map and return the size of names and values in bytes.

    level: the nesting level of the values.
    """
    names = "".join(raw)
    size = len(names) if names.isascii() else len(names.encode())
    if size > _NAME or "" in raw:
        return _parse_odd_entries(raw, problems, level)
    size += _parse_all(raw.values(), problems, level)
    if problems and None in raw.values():
        raw.update({name: {} for name, value in raw.items() if value is None})
    return size


def _parse_odd_entries(raw: _Raw, problems: list[Problem], level: int) -> int:
    """Do the same as `_parse_entries` for maps in which a name may be empty or too long.

    Each name is checked before its value.
    """
    size = 0
    for name, value in raw.items():
        length = utf8_size(name)
        if not 0 < length <= _NAME:
            _report(problems, "long_name" if length else "empty_name" if level == 1 else "empty_key")
        if value is None:
            raw[name] = {}
        size += length + parse_value(value, problems, level)
    return size


def _parse_all(values: Iterable[Any], problems: list[Problem], level: int) -> int:
    """Parse values of one nesting level and return their size in bytes.

    Strings, plain numbers and booleans are by far the most common values. Handling them here saves
    a third of the time for an item. Catching exceptions instead of testing types first saves
    another eighth.
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
            if level > 1 and len(problems) >= _PROBLEMS:
                # A list or map with a problem is not used, so its size does not matter.
                return size
            size += _parse_odd(value, problems, level)
            continue
        size += _parse_odd(value, problems, level) if content is None else parse(content, value, problems, level)
    return size


_ODD: Final = (TypeError, ValueError, AttributeError, LookupError)
"""The exceptions that `_parse_all` can raise for a value that is not an object with one known tag,
or whose content has a wrong type.
"""


def _parse_odd(raw: object, problems: list[Problem], level: int) -> int:
    """Parse a value that may have no known tag, several known tags, or content of a wrong type."""
    if raw is None:
        return _report(problems, "empty")
    if type(raw) is not dict:
        raise _not_a_value(raw)
    known = {tag: content for tag, content in raw.items() if tag in _PARSERS and content is not None}
    if len(known) != len(raw):
        raw.clear()
        raw.update(known)
    if len(known) != 1:
        return _report_ambiguous(known, raw, problems, level) if known else _report(problems, "empty")
    [(tag, content)] = known.items()
    return _PARSERS[tag](content, raw, problems, level)


def _parse_string(content: object, _raw: _Raw, _problems: list[Problem], _level: int) -> int:
    if type(content) is not str:
        raise _not_a_scalar(content, "String")
    return utf8_size(content)


def _parse_number(content: object, raw: _Raw, problems: list[Problem], _level: int) -> int:
    if type(content) is not str:
        raise _not_a_scalar(content, "String")
    try:
        text = canonical(content)
    except NumberError as error:
        return _report(problems, error.kind, error.text)
    if text is not content:
        raw["N"] = text
    return stored_size(text)


def _parse_boolean(content: object, raw: _Raw, _problems: list[Problem], _level: int) -> int:
    if type(content) is not bool:
        raw["BOOL"] = _boolean(content)
    return 1


def _parse_null(content: object, raw: _Raw, problems: list[Problem], _level: int) -> int:
    if content is not True:
        if not _boolean(content):
            return _report(problems, "null_false")
        raw["NULL"] = True
    return 1


def _boolean(content: object) -> bool:
    if type(content) is bool:
        return content
    if type(content) is not str:
        raise _not_a_scalar(content, "Boolean")
    truth = BOOLEANS.get(content.lower())
    if truth is None:
        raise errors.not_a_boolean()
    return truth


def _parse_binary(content: object, _raw: _Raw, _problems: list[Problem], _level: int) -> int:
    return len(_decoded(content))


def _decoded(content: object) -> bytes:
    """Return the bytes of a base64 text.

    Raises an error if encoding these bytes would give another text.
    """
    if type(content) is not str:
        raise _not_binary(content)
    if len(content) % 4:
        raise errors.base64_length(len(content))
    try:
        data = a2b_base64(content)
    except ValueError:
        raise errors.base64_tail() from None
    if b2a_base64(data, newline=False) != content.encode():
        raise errors.base64_tail()
    return data


def _parse_string_set(content: object, raw: _Raw, problems: list[Problem], _level: int) -> int:
    members, joined = _strings(content, raw, "SS")
    if len(members) > _MOST_STRINGS:
        del members[_MOST_STRINGS:]
    if not members:
        return _report(problems, "empty_set", "SS")
    if len(set(members)) != len(members):
        return _report_repeat(problems, "SS", members, members)
    if len(joined) <= _MOST_SORTED:
        members.sort()
    return len(joined) if joined.isascii() else len(joined.encode())


def _parse_number_set(content: object, raw: _Raw, problems: list[Problem], _level: int) -> int:
    members, _ = _strings(content, raw, "NS")
    if not members:
        return _report(problems, "empty_set", "NS")
    try:
        if len(members) > _NUMBERS_AT_ONCE:
            most = limits.ITEM_SIZE if type(problems) is _ItemProblems else limits.EXPRESSION_VALUES_SIZE
            texts = _numbers_up_to(most, members)
        else:
            texts = [canonical(member) for member in members]
    except NumberError as error:
        return _report(problems, error.kind, error.text)
    if len(set(texts)) != len(texts):
        return _report_repeat(problems, "NS", members[: len(texts)], texts)
    sort_numbers(texts)
    raw["NS"] = texts
    return sum(map(stored_size, texts))


def _numbers_up_to(most: int, members: list[str]) -> list[str]:
    """Return the members in canonical form, but stop once they exceed `most` bytes."""
    texts: list[str] = []
    size = 0
    for begun in range(0, len(members), _NUMBERS_AT_ONCE):
        part = [canonical(member) for member in members[begun : begun + _NUMBERS_AT_ONCE]]
        texts += part
        size += sum(map(stored_size, part))
        if size > most:
            break
    return texts


def _parse_binary_set(content: object, raw: _Raw, problems: list[Problem], _level: int) -> int:
    members = _members(content, raw, "BS")
    if len(members) > _MOST_STRINGS:
        del members[_MOST_STRINGS:]
    datas = [_decoded(member) for member in members]
    if not members:
        return _report(problems, "empty_set", "BS")
    if len(set(datas)) != len(datas):
        return _report_repeat(problems, "BS", members, datas)
    size = sum(map(len, datas))
    if size <= _MOST_SORTED:
        members.sort(key=a2b_base64)
    return size


def _strings(content: object, raw: _Raw, tag: str) -> tuple[list[str], str]:
    """Return the members of a set of strings, and one string of all of them.

    Joining them is the fastest check of their types.
    """
    members = content if type(content) is list else _members(content, raw, tag)
    try:
        return members, "".join(members)
    except TypeError:
        members = _members(content, raw, tag)
    for member in members:
        if type(member) is not str:
            raise _not_a_scalar(member, "String")
    return members, "".join(members)


def _members(content: object, raw: _Raw, tag: str) -> list[Any]:
    """Return the members of a set without nulls. This stores the same list in `raw`."""
    if type(content) is not list:
        raise _not_a_list(content)
    if None in content:
        content = raw[tag] = [member for member in content if member is not None]
    return content


def _parse_list(content: object, raw: _Raw, problems: list[Problem], level: int) -> int:
    if type(content) is not list:
        raise _not_a_list(content)
    if level == _NESTING and content:
        return _report_depth(problems, content)
    size = LIST_OVERHEAD + ENTRY_OVERHEAD * len(content) + _parse_all(content, problems, level + 1)
    if problems and None in content:
        raw["L"] = [{} if value is None else value for value in content]
    return size


def _parse_map(content: object, _raw: _Raw, problems: list[Problem], level: int) -> int:
    if type(content) is not dict:
        raise _not_a_map(content)
    if level == _NESTING and content:
        return _report_depth(problems, content.values())
    return MAP_OVERHEAD + ENTRY_OVERHEAD * len(content) + _parse_entries(content, problems, level + 1)


_PARSERS: Final[dict[str, Callable[[Any, _Raw, list[Problem], int], int]]] = {
    "S": _parse_string,
    "N": _parse_number,
    "B": _parse_binary,
    "SS": _parse_string_set,
    "NS": _parse_number_set,
    "BS": _parse_binary_set,
    "M": _parse_map,
    "L": _parse_list,
    "NULL": _parse_null,
    "BOOL": _parse_boolean,
}


# --- below the last level -------------------------------------------------------------------------


def _check_types(values: Iterable[object]) -> None:
    """Raise the first type error in values that are nested too deeply to be parsed.

    This does not recurse, because JSON may have 1024 levels.
    """
    pending: list[Iterator[object]] = [iter(values)]
    while pending:
        for raw in pending[-1]:
            pending.append(_checked_parts(raw))
            break
        else:
            pending.pop()


def _checked_parts(raw: object) -> Iterator[object]:
    """Check the types of one value, and yield the values inside it in document order."""
    if raw is None:
        return
    if type(raw) is not dict:
        raise _not_a_value(raw)
    for tag, content in raw.items():
        if content is None or tag not in _PARSERS:
            continue
        if tag == "L":
            if type(content) is not list:
                raise _not_a_list(content)
            yield from content
        elif tag == "M":
            if type(content) is not dict:
                raise _not_a_map(content)
            yield from content.values()
        else:
            _PARSERS[tag](content, raw, [], _NESTING)


# --- problems and type errors ---------------------------------------------------------------------


def _report(problems: list[Problem], kind: Kind, details: str = "") -> int:
    """Add a problem to the list. Return 0: the size of a value that is never stored."""
    if len(problems) < _PROBLEMS:
        problems.append(Problem(kind, details))
    return 0


def _report_ambiguous(known: _Raw, raw: _Raw, problems: list[Problem], level: int) -> int:
    """Record that a value has several types.

    The problem includes the first bad number in the value, because some operations report the
    number instead.
    """
    number = None
    for tag, content in known.items():
        own: list[Problem] = []
        _PARSERS[tag](content, raw, own, level)
        if tag in ("N", "NS") and own and own[0].is_number:
            number = number or own[0]
    if len(problems) < _PROBLEMS:
        problems.append(Problem("ambiguous", number=number))
    return 0


def _report_repeat(problems: list[Problem], tag: str, sent: list[str], order: list[Any]) -> int:
    if len(problems) < _PROBLEMS:
        sent, order = sent[:_MOST_LISTED], order[:_MOST_LISTED]
        problems.append(Problem("duplicates", tag, tuple(sent), listed(sent, order)))
    return 0


def _report_depth(problems: list[Problem], values: Iterable[object]) -> int:
    _check_types(values)
    return _report(problems, "nesting")


def _not_a_scalar(given: object, expected: str) -> errors.ApiError:
    """Return the error for JSON of another type than expected. expected: String or Boolean."""
    if type(given) is dict:
        return errors.structure_not_expected()
    if type(given) is list:
        return errors.wrong_collection(_JAVA_CLASSES[expected])
    return errors.wrong_token(token_of(given), expected)


def token_of(given: object) -> str:
    """Return the service's name for the kind of a JSON scalar.

    orjson parses integers of more than 64 bits as floats. So a large float without a fraction
    counts as an integer.
    """
    if type(given) is bool:
        return "TRUE" if given else "FALSE"
    if type(given) is float and abs(given) >= _BEYOND_INTEGERS and given.is_integer():
        return "NUMBER"
    return _TOKENS[type(given)]


_TOKENS: Final[dict[type, str]] = {int: "NUMBER", float: "DECIMAL", str: "STRING"}
_BEYOND_INTEGERS: Final = 2.0**63


def _not_binary(given: object) -> errors.ApiError:
    if type(given) is dict:
        return errors.structure_not_expected()
    if type(given) is list:
        return errors.wrong_collection("class java.nio.ByteBuffer")
    return errors.not_base64()


def _not_a_list(given: object) -> errors.ApiError:
    return errors.structure_not_expected() if type(given) is dict else errors.scalar_as_field()


def _not_a_map(given: object) -> errors.ApiError:
    if type(given) is list:
        return errors.wrong_collection(f"java.util.Map<java.lang.String, {_JAVA_VALUE}>")
    return errors.scalar_as_field()


def _not_a_value(given: object) -> errors.ApiError:
    if type(given) is list:
        return errors.wrong_collection(f"class {_JAVA_VALUE}")
    return errors.scalar_as_member()
