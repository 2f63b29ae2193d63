"""Access to internals of the LMDB engine, for tests of failures that no caller can cause.

No other module of the tests uses the engine's environment or its group commits.
"""

from typing import Any

from storage.disk.engine import LmdbEngine
from storage.disk.environment import Environment
from storage.disk.group import LmdbGroup


class FailingTransaction:
    """An LMDB transaction with one method that fails, as if the disk or the map were full."""

    def __init__(self, txn: Any, method: str, error: Exception) -> None:
        self.txn, self.method, self.error = txn, method, error

    def __getattr__(self, name: str) -> Any:
        return self.fail if name == self.method else getattr(self.txn, name)

    def fail(self, *_: Any, **__: Any) -> None:
        """Raise the error; if the method is `commit`, abort the transaction first, as LMDB does."""
        if self.method == "commit":
            self.txn.abort()
        raise self.error


def environment_of(engine: LmdbEngine) -> Environment:
    """Return the environment that the engine shares with other engines of its folder."""
    return engine._environment


def group_of(engine: LmdbEngine) -> LmdbGroup:
    """Return the write transaction of a durable engine's group commit."""
    assert engine._group is not None
    return engine._group


def fail_group(engine: LmdbEngine, method: str, error: Exception) -> None:
    """Make one method fail in the LMDB transaction of the group commit."""
    group: Any = group_of(engine)
    group.txn = FailingTransaction(group.txn, method, error)


def lose_group(engine: LmdbEngine) -> None:
    """Make the group commit believe that another process has written since the group began."""
    group_of(engine)._number = -1


def give_reserve(engine: LmdbEngine) -> None:
    """Let urgent writes use the space that the engine reserves for a full disk."""
    reserve: Any = environment_of(engine)._reserve
    reserve.give()
