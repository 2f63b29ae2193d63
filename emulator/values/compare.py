"""How canonical values compare: equality, order, and functions such as `contains` (behaviour 4.4).

Strings are compared by code point, as in Python. That is also the byte order of their UTF-8.
Binaries are base64 text inside a value, but are compared as the bytes that the text encodes.

A condition may use one list of 190,000 elements 140 times. To evaluate such a condition took 0.7 s
without a cache. So while a large condition is evaluated, a cache keeps the results of comparisons
that involve large values of the item (`remembering`).
"""

from binascii import a2b_base64
from collections.abc import Callable
from itertools import repeat
from typing import Any, Final, TypeVar

import orjson

from emulator.values import number
from emulator.values.size import binary_size
from emulator.values.types import SET_OF, SETS, Value

_Text = TypeVar("_Text", str, bytes)
_Result = TypeVar("_Result")

_CONTAINERS: Final = SETS | {"L", "M"}
_LARGE_LIST: Final = 500  # elements; longer lists count as large
_LARGE_BINARY: Final = 4_096  # characters; longer binaries count as large
# The first searches of a list for lists, maps or sets, up to this number, scan the list. The next
# search makes an index of all elements, which takes as long as ten searches.
_SEARCHES: Final = 3


class _Memory:
    """A cache of results during one test of a condition, by the ids of large values.

    The id of a large value stays valid, because the value exists as long as the test. The result of
    size() is a number that is freed during the test, and a later number may get the same id. A
    cached comparison with this id is still right, because no container equals a number.
    """

    __slots__ = ("elements", "results", "searches")

    def __init__(self) -> None:
        self.results: dict[object, Any] = {}
        self.searches: dict[int, int] = {}
        self.elements: dict[int, set[bytes]] = {}

    def recall(self, key: object, find_out: Callable[[], _Result]) -> _Result:
        """Return the cached result for a key, or compute it with `find_out` and cache it."""
        if key not in self.results:
            self.results[key] = find_out()
        result: _Result = self.results[key]
        return result

    def has(self, elements: list[Value], wanted: Value) -> bool:
        """Return whether a list has an element that equals `wanted`."""
        name = id(elements)
        [(tag, content)] = wanted.items()
        if tag not in _CONTAINERS:
            # A search of 190,000 elements takes 8 ms, and the set of their numbers 6 to 15 ms.
            return content in self.recall((name, tag), lambda: {each[tag] for each in elements if tag in each})
        known = self.elements.get(name)
        if known is None:
            self.searches[name] = self.searches.get(name, 0) + 1
            if self.searches[name] <= _SEARCHES:
                return wanted in elements
            known = set(map(orjson.dumps, elements, repeat(None), repeat(orjson.OPT_SORT_KEYS)))
            self.elements[name] = known
        return orjson.dumps(wanted, None, orjson.OPT_SORT_KEYS) in known


# The cache of the current test. There is only one test at a time, because one thread owns the
# emulator.
_memory: _Memory | None = None


def remembering(test: Callable[..., bool]) -> Callable[..., bool]:
    """Return a function that does the same as `test`, with a new cache at each call."""

    def remember(item: object, values: object) -> bool:
        global _memory  # noqa: PLW0603 - passing it to each operator would cost more than most of them
        _memory = _Memory()
        try:
            return test(item, values)
        finally:
            _memory = None

    return remember


def equal(left: Value, right: Value) -> bool:
    """Return whether two values are equal.

    The comparison is deep. Order counts in lists, but not in sets and maps.
    """
    if _memory is None or _CONTAINERS.isdisjoint(left):
        return left == right
    return _memory.recall((id(left), id(right)), lambda: left == right)


def order(left: Value, right: Value) -> int | None:
    """Return -1 if left is below right, 0 if they are equal, 1 if left is above right.

    Return None unless both are S, both are N or both are B.
    """
    if "N" in left and "N" in right:
        return number.order(left["N"], right["N"])
    if "S" in left and "S" in right:
        return _order(left["S"], right["S"])
    if "B" in left and "B" in right:
        return _order(_bytes(left["B"]), _bytes(right["B"]))
    return None


def _order(left: _Text, right: _Text) -> int:
    return (left > right) - (left < right)


def _bytes(text: str) -> bytes:
    """Return the bytes that a base64 text encodes."""
    if _memory is None or len(text) < _LARGE_BINARY:
        return a2b_base64(text)
    return _memory.recall(id(text), lambda: a2b_base64(text))


def contains(container: Value, operand: Value) -> bool:
    """Return whether the container contains the operand.

    The operand may be a substring, a member of a set or an element of a list.
    """
    [(tag, content)] = container.items()
    if tag == "L":
        if _memory is None or len(content) < _LARGE_LIST:
            return operand in content
        return _memory.has(content, operand)
    [(kind, wanted)] = operand.items()
    if tag == kind == "S":
        return wanted in content
    if tag == kind == "B":
        return _bytes(wanted) in _bytes(content)
    return SET_OF.get(kind) == tag and wanted in content


def begins_with(value: Value, prefix: Value) -> bool:
    """Return whether a string or a binary starts with a prefix of its own type."""
    if "S" in value and "S" in prefix:
        return bool(value["S"].startswith(prefix["S"]))
    if "B" in value and "B" in prefix:
        return _bytes(value["B"]).startswith(_bytes(prefix["B"]))
    return False


def size_of(value: Value) -> int | None:
    """Return the result of size(), or None for N, BOOL and NULL.

    The result counts the UTF-16 units of a string, the bytes of a binary, the members of a set, the
    elements of a list, or the pairs of a map.
    """
    [(tag, content)] = value.items()
    if tag == "S" and not content.isascii():
        return len(content.encode("utf-16-le", "surrogatepass")) // 2
    if tag == "B":
        return binary_size(content)
    return None if tag in {"N", "BOOL", "NULL"} else len(content)
