"""The optional services that an engine offers its host, the program that uses the engine.

When a host opens an engine, it calls `group_commit_of`, `numbered_of` and `upkeep_of` once. Each
returns the service or None. An engine with a service inherits from the protocol of the service. It
needs no stubs for other services.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from storage.engine import Engine, ReadTxn


@runtime_checkable
class GroupCommit(Protocol):
    """One commit for many blocks of `write()`, for engines whose commits take milliseconds.

    Once `group_writes` has been called, a block that ends leaves its changes *pending*: later
    transactions see them, but a crash would lose them. One `commit()` commits all pending writes.
    So the host must hold back a response that depends on pending writes until `commit()` has
    returned. storage/README.md ("Group commit") describes failures.

    While writes are pending, a transaction of `read()` sees the newest state instead of a snapshot.
    The host must not write before the `with` block of such a read has ended.
    """

    def group_writes(self, on_pending: Callable[[], None]) -> None:
        """Group writes from now on, if the engine syncs each commit; otherwise do nothing.

        on_pending: called when the first block of a group begins. From then until `commit()`, no
        other process can write.
        """
        ...

    @property
    def pending(self) -> bool:
        """Whether `commit` has work: pending writes, or a loss of writes that it must report."""
        ...

    def commit(self) -> None:
        """Commit all pending writes.

        Raises Interrupted if all pending writes were lost and can be run again, and Lost if they
        were lost before this call. After Full or another StorageError, some pending writes may be
        lost.
        """
        ...

    def read_committed(self) -> ReadTxn:
        """Open a snapshot without pending writes. Raises Closed after close()."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """A cheap way to detect commits, for code that waits for a change of the store."""

    def commit_number(self) -> int:
        """Return a number that changes with each commit of any process.

        A snapshot that is opened after this call has all commits that the number counts.
        """
        ...


@runtime_checkable
class Upkeep(Numbered, Protocol):
    """Work that an engine on a local disk should do between requests or in another thread."""

    def sync(self) -> None:
        """Make all earlier commits durable against a power cut.

        Even without this call, a crash of the process loses no commit. The call may run in another
        thread while the engine is in use, and can take tenths of a second.
        """
        ...

    def preallocate(self) -> Callable[[], None] | None:
        """Return work that shortens the waits of later writes, or None if there is no such work.

        The host should call this about twenty times a second, and run the work in another thread.
        It must not call this again until the work has ended.
        """
        ...

    def extend(self) -> Iterator[None] | None:
        """Return steps that make room for the next writes, or None if there is enough.

        The host should call this as often as `preallocate`, and run a step after each call. Each
        step takes a few milliseconds. The host must not run a step while a write is pending.
        Without these steps, a write that finds no room makes it, which takes longer.
        """
        ...

    def trim(self) -> Iterator[None]:
        """Release memory that is only a cache, and make room for later writes, in steps.

        The host should call this in a pause between writes. Each step takes a few milliseconds. The
        host must not run a step while a write is pending, and should drop the iterator when new
        writes arrive.
        """
        ...

    def free_bytes(self) -> int:
        """Return the bytes that are free on the store's disk."""
        ...


def group_commit_of(engine: Engine) -> GroupCommit | None:
    """Return the engine's group commit, or None if it has none."""
    return engine if isinstance(engine, GroupCommit) else None


def numbered_of(engine: Engine) -> Numbered | None:
    """Return the engine's commit numbers, or None if it has none."""
    return engine if isinstance(engine, Numbered) else None


def upkeep_of(engine: Engine) -> Upkeep | None:
    """Return the engine's upkeep, or None if it has none."""
    return engine if isinstance(engine, Upkeep) else None
