"""What an engine may offer its host, the program that serves it. An engine without any of it works.

A host asks once, when it opens the engine: `group_commit_of` and `upkeep_of` return the engine's
offer or None. An engine makes an offer by naming its protocol among its bases; it writes no stubs
for what it does not offer.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from storage.engine import Engine, ReadTxn


@runtime_checkable
class GroupCommit(Protocol):
    """One commit for many blocks of `write()`, for engines on which a commit costs milliseconds.

    Once `group_writes` has been called, a block that ends leaves its changes *pending*: later
    transactions see them, but a crash would lose them. `commit()` makes all of them certain at
    once. So the host must not send a response that depends on pending writes before the `commit()`
    after them. storage/README.md ("Group commit") describes failures.

    While writes are pending, `read()` returns the newest state instead of a snapshot. Nothing can
    be written before its block ends.
    """

    def group_writes(self, on_pending: Callable[[], None]) -> None:
        """Group writes from now on, if the engine syncs each commit; otherwise do nothing.

        on_pending: called when a first write becomes pending. No other process can write from then
        until `commit()`.
        """
        ...

    @property
    def pending(self) -> bool:
        """Whether `commit` has something to do: pending writes, or the loss of some to report."""
        ...

    def commit(self) -> None:
        """Commit all pending writes.

        Raises Interrupted if all of them were lost and can be run again; Lost if that happened
        before this call. After Full or StorageError some of them may be lost.
        """
        ...

    def read_committed(self) -> ReadTxn:
        """Open a snapshot without pending writes. Raises Closed after close()."""
        ...


@runtime_checkable
class Upkeep(Protocol):
    """Work that is best done beside requests, for an engine on a local disk."""

    def commit_number(self) -> int:
        """Return a number that changes with each commit of this process or another."""
        ...

    def sync(self) -> None:
        """Make every commit so far survive a power cut. A crash of the process never loses one.

        May run in another thread while the engine is in use. It can take tenths of a second.
        """
        ...

    def preallocate(self) -> Callable[[], None] | None:
        """Return work that spares later writes a wait, or None, which is the usual case.

        The host asks about twenty times a second and runs the work in another thread. It does not
        ask again before the work has ended.
        """
        ...

    def trim(self) -> Iterator[None]:
        """Give back memory that only speeds things up and make room for later writes, in steps.

        The host calls it in a pause between writes. Each step takes a few milliseconds and runs
        while nothing is pending. The host drops the iterator when writes come again.
        """
        ...

    def free_bytes(self) -> int:
        """Return the bytes that are free on the store's disk."""
        ...


def group_commit_of(engine: Engine) -> GroupCommit | None:
    """Return the engine's group commit, or None if it offers none."""
    return engine if isinstance(engine, GroupCommit) else None


def upkeep_of(engine: Engine) -> Upkeep | None:
    """Return the engine's upkeep, or None if it needs none."""
    return engine if isinstance(engine, Upkeep) else None
