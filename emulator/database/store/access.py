"""Opens the transactions of the database's engine, with the functions `read` and `write`.

While frozen views exist (database/views/), each write also stores originals of the keys that it
changes. Without frozen views, a write must have no additional cost. So `write` is an attribute: it
is the engine's own method until `wrap_writes` replaces it.
"""

from collections.abc import Callable

from storage import Engine, WriteTxn

Wrap = Callable[[WriteTxn], WriteTxn]
"""A function that takes a new write transaction, and returns the one that the caller must use."""


class EngineAccess:
    """An engine whose write transactions can be wrapped in other objects.

    switched: a function that is called after the attribute `write` was replaced, because other
    objects may have a reference to the old function.
    """

    def __init__(self, engine: Engine, switched: Callable[[], None]) -> None:
        self._plain = engine.write
        self._switched = switched
        self.description = engine.description
        self.read = engine.read
        self.write = engine.write
        self.close = engine.close

    def wrap_writes(self, wrap: Wrap | None) -> None:
        """From now on, let `write` return `wrap(txn)` for each new transaction `txn`.

        wrap: None lets `write` return the transaction itself again.
        """
        plain = self._plain
        self.write = plain if wrap is None else lambda: wrap(plain())
        self._switched()
