"""How the database reaches its engine: `read`, and a `write` that may be replaced.

While frozen views exist (database/views/), each write also records what it changes. Without any
view, a write must cost nothing more. So `write` is an attribute and not a method: it is the
engine's own method, until `wrap_writes` puts another function in its place.
"""

from collections.abc import Callable

from storage import Engine, WriteTxn

Wrap = Callable[[WriteTxn], WriteTxn]
"""Takes a transaction that was just opened, and returns the one that its caller uses."""


class EngineAccess:
    """An engine whose write transactions can be wrapped.

    switched: called whenever `write` was replaced, for holders of a reference to it.
    """

    def __init__(self, engine: Engine, switched: Callable[[], None]) -> None:
        self._plain = engine.write
        self._switched = switched
        self.description = engine.description
        self.read = engine.read
        self.write = engine.write
        self.close = engine.close

    def wrap_writes(self, wrap: Wrap | None) -> None:
        """Wrap the transactions that are opened from now on; None: wrap them no more."""
        plain = self._plain
        self.write = plain if wrap is None else lambda: wrap(plain())
        self._switched()
