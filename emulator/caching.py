"""A cache of what is made from clients' texts, bounded by memory.

A client can send a new text with every request, and what is made of a text takes about a hundred times its bytes. So a
cache counts bytes, by an estimate from the length of the texts.

Long texts have a part of the cache to themselves: a program that loads data with one long statement for each item must
not push out the short statements that others send again and again.
"""

from collections.abc import Hashable
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

# Measured with tracemalloc: 3 to 140 bytes for each character of a statement or expression, nearly always below 100.
PER_ENTRY: Final = 2_048  # bytes
PER_CHARACTER: Final = 100
LONG: Final = 1_024  # characters

SHORT_TEXTS: Final = 3 << 20  # bytes; 255 texts of 100 characters
LONG_TEXTS: Final = 4 << 20  # bytes; 9 expressions of 4 KB, the longest that are allowed, 5 statements of 8 KB


class BoundedCache(dict[Any, Result]):
    """A dictionary that forgets the oldest results. A hit, `get`, is a dictionary's own."""

    __slots__ = ("_long", "_short")

    def __init__(self, short_texts: int = SHORT_TEXTS, long_texts: int = LONG_TEXTS) -> None:
        super().__init__()
        self._short = _Part(short_texts)
        self._long = _Part(long_texts)

    def keep(self, key: Hashable, result: Result, length: int) -> None:
        """Keep a result, unless it alone is too large. length: characters of the texts that it was made of."""
        part = self._long if length > LONG else self._short
        weight = PER_ENTRY + PER_CHARACTER * length
        if weight > part.most or key in self:
            return
        while part.weight + weight > part.most:
            del self[part.pop()]
        part.add(key, weight)
        self[key] = result

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._short = _Part(self._short.most)
        self._long = _Part(self._long.most)


class _Part:
    """The keys of one part, oldest first, with the estimated bytes of each and of all."""

    __slots__ = ("most", "weight", "weights")

    def __init__(self, most: int) -> None:
        self.most = most
        self.weight = 0
        self.weights: dict[Hashable, int] = {}

    def add(self, key: Hashable, weight: int) -> None:
        self.weights[key] = weight
        self.weight += weight

    def pop(self) -> Hashable:
        """Take out the oldest key and return it."""
        key = next(iter(self.weights))
        self.weight -= self.weights.pop(key)
        return key
