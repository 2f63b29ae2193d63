"""How the database opens transactions of its engine: with `read`, and a replaceable `write`.

While frozen views exist (database/views/), each write also records what it changes. Without views,
a write must have no additional cost. So `write` is an attribute and not a method: it is the
engine's own method until `wrap_writes` replaces it.
"""

from collections.abc import Callable

from storage import Engine, WriteTxn

Wrap = Callable[[WriteTxn], WriteTxn]
"""A function that takes a new transaction, and returns the one that the caller gets instead."""


class EngineAccess:
    """An engine whose write transactions can be wrapped.

    switched: called after `write` was replaced, because callers may hold a reference to the old
    one.
    """

    def __init__(self, engine: Engine, switched: Callable[[], None]) -> None:
        self._plain = engine.write
        self._switched = switched
        self.description = engine.description
        self.read = engine.read
        self.write = engine.write
        self.close = engine.close

    def wrap_writes(self, wrap: Wrap | None) -> None:
        """Wrap the transactions that are opened from now on, or stop wrapping them (None)."""
        plain = self._plain
        self.write = plain if wrap is None else lambda: wrap(plain())
        self._switched()
