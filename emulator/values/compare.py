"""Compares canonical values: equality, order, and functions such as `contains` (behaviour 4.4).

Strings are compared by code point, as in Python. This gives the same order as comparing their UTF-8
bytes. Binaries are base64 text inside a value, but are compared by the bytes that the text encodes.

A condition may use one list of 190,000 elements 140 times. Without a cache, the evaluation of such
a condition took 0.7 s. So during the evaluation of a condition with many parts, a cache keeps the
results of comparisons with large values (`remembering`).
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
_LARGE_LIST: Final = 500  # The cache (see `_Memory`) has results for lists of at least this many elements.
_LARGE_BINARY: Final = 4_096  # The cache has results for binaries of at least this many characters.
# To find a list, map or set in a list, the first searches scan the list. After this number of
# searches, the next one makes an index of all elements, which takes as long as ten scans.
_SEARCHES: Final = 3


class _Memory:
    """A cache of results during one evaluation of a condition. Its keys contain `id()` of values.

    An id is unique as long as its object exists. The values of the item and of the request exist
    until the evaluation ends. But Python frees a number that size() returned before that, and
    another number may then get the same id. A cached comparison is right even then: `equal` caches
    only comparisons of a list, map or set, and such a value never equals a number.

    results: key -> result.
    searches: id of a list -> the number of searches in this list for a list, map or set.
    elements: id of a list -> the JSON of its elements, as an index.
    """

    __slots__ = ("elements", "results", "searches")

    def __init__(self) -> None:
        self.results: dict[object, Any] = {}
        self.searches: dict[int, int] = {}
        self.elements: dict[int, set[bytes]] = {}

    def recall(self, key: object, find_out: Callable[[], _Result]) -> _Result:
        """Return the cached result for a key. If there is none, call `find_out` and cache it."""
        if key not in self.results:
            self.results[key] = find_out()
        result: _Result = self.results[key]
        return result

    def has(self, elements: list[Value], wanted: Value) -> bool:
        """Return True if a list has an element that equals `wanted`."""
        name = id(elements)
        [(tag, content)] = wanted.items()
        if tag not in _CONTAINERS:
            # The first search for a scalar does not scan the list. It makes a set of the contents
            # of all elements. For 190,000 elements, making the set takes 6 to 15 ms, at most twice
            # as long as a scan.
            return content in self.recall((name, tag), lambda: {each[tag] for each in elements if tag in each})
        known = self.elements.get(name)
        if known is None:
            self.searches[name] = self.searches.get(name, 0) + 1
            if self.searches[name] <= _SEARCHES:
                return wanted in elements
            known = set(map(orjson.dumps, elements, repeat(None), repeat(orjson.OPT_SORT_KEYS)))
            self.elements[name] = known
        return orjson.dumps(wanted, None, orjson.OPT_SORT_KEYS) in known


# The cache of the condition that is being evaluated, or None. There is only one such condition at a
# time, because one thread owns the emulator.
_memory: _Memory | None = None


def remembering(test: Callable[..., bool]) -> Callable[..., bool]:
    """Return a function that does the same as `test`, but begins each call with an empty cache."""

    def remember(item: object, values: object) -> bool:
        global _memory  # noqa: PLW0603 - passing the cache to each operator takes longer than most operators
        _memory = _Memory()
        try:
            return test(item, values)
        finally:
            _memory = None

    return remember


def equal(left: Value, right: Value) -> bool:
    """Return True if two values are equal, including all values nested in them.

    The order of elements matters in lists, but not in sets and maps.
    """
    if _memory is None or _CONTAINERS.isdisjoint(left):
        return left == right
    return _memory.recall((id(left), id(right)), lambda: left == right)


def order(left: Value, right: Value) -> int | None:
    """Return -1 if left is below right, 0 if they are equal, 1 if left is above right.

    Return None if the values have no order. Two values have an order if both are S, both are N or
    both are B.
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
    """Return the result of the expression function `contains`.

    It is True if `operand` is a substring of a string or binary, a member of a set or an element of
    a list.
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
    """Return True if `value` starts with `prefix`, and both are strings or both are binaries."""
    if "S" in value and "S" in prefix:
        return bool(value["S"].startswith(prefix["S"]))
    if "B" in value and "B" in prefix:
        return _bytes(value["B"]).startswith(_bytes(prefix["B"]))
    return False


def size_of(value: Value) -> int | None:
    """Return the result of the expression function `size`, or None for N, BOOL and NULL.

    The result is the number of UTF-16 units of a string, of bytes of a binary, of members of a set,
    of elements of a list, or of pairs of a map.
    """
    [(tag, content)] = value.items()
    if tag == "S" and not content.isascii():
        return len(content.encode("utf-16-le", "surrogatepass")) // 2
    if tag == "B":
        return binary_size(content)
    return None if tag in {"N", "BOOL", "NULL"} else len(content)
