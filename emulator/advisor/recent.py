"""A dictionary that keeps only its newest pairs."""

from typing import TypeVar

Key = TypeVar("Key")
Kept = TypeVar("Kept")


class Recent(dict[Key, Kept]):
    """A dictionary with at most `most` pairs. If `keep` adds one more, it drops the oldest pair."""

    __slots__ = ("_most",)

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: Key, value: Kept) -> None:
        """Add or replace a pair, and make it the newest."""
        self.pop(key, None)
        self[key] = value
        if len(self) > self._most:
            del self[next(iter(self))]
