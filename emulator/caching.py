"""A cache for results that are made from texts of clients: parsed expressions and statements.

A client can send a new text with every request, and a result takes about a hundred times the bytes
of its text. So the cache limits its size in bytes, which it estimates from the length of the texts.

Long texts have a separate segment of the cache. A client may load data with one long statement for
each item. These statements must not displace the short statements that other clients repeat.
"""

from collections.abc import Hashable
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

# The cache estimates a result's size as PER_RESULT, plus PER_CHARACTER for each character of its
# text. Measured with tracemalloc: the result for a statement or expression takes 3 to 140 bytes for
# each character of the text, nearly always less than 100.
PER_RESULT: Final = 2_048  # bytes
PER_CHARACTER: Final = 100  # bytes
LONG: Final = 1_024  # characters; a text with more counts as long

SHORT_TEXTS: Final = 3 << 20  # bytes: room for the results of 261 texts of 100 characters
# Bytes: room for the results of 10 expressions of 4 KB (the longest allowed), or of 5 statements of
# 8 KB.
LONG_TEXTS: Final = 4 << 20


class BoundedCache(dict[Any, Result]):
    """A dictionary that drops the oldest results when it is full.

    The oldest result is the one that was added first. Reads do not change this order, because `get`
    is the method of `dict`, which is faster than a method in Python.
    """

    __slots__ = ("_long", "_short")

    def __init__(self, short_texts: int = SHORT_TEXTS, long_texts: int = LONG_TEXTS) -> None:
        super().__init__()
        self._short = _Segment(short_texts)
        self._long = _Segment(long_texts)

    def keep(self, key: Hashable, result: Result, length: int) -> None:
        """Add a result, unless it is too large for the cache.

        length: the number of characters in the texts from which the result was made.
        """
        segment = self._long if length > LONG else self._short
        weight = PER_RESULT + PER_CHARACTER * length
        if weight > segment.limit or key in self:
            return
        while segment.weight + weight > segment.limit:
            del self[segment.pop()]
        segment.add(key, weight)
        self[key] = result

    def clear(self) -> None:
        """Remove all results."""
        super().clear()
        self._short = _Segment(self._short.limit)
        self._long = _Segment(self._long.limit)


class _Segment:
    """The keys of one segment of the cache, oldest first, and their estimated sizes.

    weight: the sum of the sizes, in bytes. limit: the highest sum that is allowed.
    """

    __slots__ = ("limit", "weight", "weights")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.weight = 0
        self.weights: dict[Hashable, int] = {}

    def add(self, key: Hashable, weight: int) -> None:
        self.weights[key] = weight
        self.weight += weight

    def pop(self) -> Hashable:
        """Remove the oldest key and return it."""
        key = next(iter(self.weights))
        self.weight -= self.weights.pop(key)
        return key
