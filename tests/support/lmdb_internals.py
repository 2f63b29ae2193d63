"""Access to internals of the LMDB engine, for tests of failures that no caller can cause.

Of the tests, only this module uses the engine's environment and its group of commits.
"""

from typing import Any

from storage.disk.engine import LmdbEngine
from storage.disk.environment import Environment
from storage.disk.group import LmdbGroup


class FailingTransaction:
    """An LMDB transaction of which one method fails, as on a full disk or in a full map."""

    def __init__(self, txn: Any, method: str, error: Exception) -> None:
        self.txn, self.method, self.error = txn, method, error

    def __getattr__(self, name: str) -> Any:
        return self.fail if name == self.method else getattr(self.txn, name)

    def fail(self, *_: Any, **__: Any) -> None:
        """Raise the error. A failed commit also ends the transaction."""
        if self.method == "commit":
            self.txn.abort()
        raise self.error


def environment_of(engine: LmdbEngine) -> Environment:
    """Return the environment that the engine shares with other engines of its folder."""
    return engine._environment


def group_of(engine: LmdbEngine) -> LmdbGroup:
    """Return the group of commits of a durable engine."""
    assert engine._group is not None
    return engine._group


def fail_group(engine: LmdbEngine, method: str, error: Exception) -> None:
    """Make one method of the group's LMDB transaction fail."""
    group: Any = group_of(engine)
    group.txn = FailingTransaction(group.txn, method, error)


def lose_group(engine: LmdbEngine) -> None:
    """Make the group find that another process has written after the group began."""
    group_of(engine)._number = -1


def give_reserve(engine: LmdbEngine) -> None:
    """Give the reserve of a full disk to urgent writes."""
    reserve: Any = environment_of(engine)._reserve
    reserve.give()
