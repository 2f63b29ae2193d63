"""The optional services of an engine for its host, the program that uses the engine.

A service is a protocol, and an engine that offers the service inherits from the protocol. After
opening an engine, the host calls `group_commit_of`, `numbered_of` and `upkeep_of` once. Each
function returns the engine if it offers the service, otherwise None.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from storage.engine import Engine, ReadTxn


@runtime_checkable
class GroupCommit(Protocol):
    """One commit for many write transactions, for engines whose commits take milliseconds.

    After `group_writes` was called, the end of a write transaction does not commit its writes. They
    are *pending*: later transactions see them, but a crash would lose them. `commit()` commits all
    pending writes. So the host must hold back every response that depends on pending writes until
    `commit()` has returned. storage/README.md ("Group commit") describes failures.

    While writes are pending, a transaction of `read()` sees the newest state instead of a snapshot.
    The host must not write before the `with` block of this transaction has ended.
    """

    def group_writes(self, on_pending: Callable[[], None]) -> None:
        """Group writes from now on. If the engine does not sync each commit, do nothing.

        on_pending: called when the first write transaction of a group begins. From then until
        `commit()`, no other process can write.
        """
        ...

    @property
    def pending(self) -> bool:
        """True if there are pending writes, or a loss of writes that `commit` must report."""
        ...

    def commit(self) -> None:
        """Commit all pending writes.

        Raises Interrupted if the commit failed and no pending writes were kept. Raises Lost if the
        pending writes were lost before this call. In both cases, the host can run the
        transactions again. After Full or another StorageError, some pending writes may be lost.
        """
        ...

    def read_committed(self) -> ReadTxn:
        """Open a snapshot without the pending writes. Raises Closed after close()."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """Numbers of commits, a cheap way to detect that the store has changed."""

    def commit_number(self) -> int:
        """Return a number that changes with each commit of any process.

        A snapshot that is opened after this call shows at least the commit with this number.
        """
        ...


@runtime_checkable
class Upkeep(Numbered, Protocol):
    """Work for an engine on a local disk, to do between requests or in another thread."""

    def sync(self) -> None:
        """Make sure that a power cut cannot lose any earlier commit.

        A crash of the process loses no commit, even without this call. The host may call this in
        another thread while the engine is in use. The call can take tenths of a second.
        """
        ...

    def preallocate(self) -> Callable[[], None] | None:
        """Return a function that makes later writes faster, or None if there is nothing to do.

        The host should call this method about twenty times a second, and run the returned function
        in another thread. It must not call the method again before that function has ended.
        """
        ...

    def extend(self) -> Iterator[None] | None:
        """Return steps that make room for the next writes, or None if there is enough room.

        The host should call this method as often as `preallocate`, and run one step after each
        call. A step takes a few milliseconds. The host must not run a step while writes are
        pending. Without these steps, a write that finds no room must make room, which takes longer.
        """
        ...

    def trim(self) -> Iterator[None]:
        """Return steps that release cached memory and make room for later writes.

        The host should run them in a pause between writes. A step takes a few milliseconds. The
        host must not run a step while writes are pending. When new writes arrive, it should drop
        the steps that remain.
        """
        ...

    def free_bytes(self) -> int:
        """Return the number of free bytes on the disk of the store."""
        ...


def group_commit_of(engine: Engine) -> GroupCommit | None:
    """Return the engine as a GroupCommit, or None if it does not offer group commits."""
    return engine if isinstance(engine, GroupCommit) else None


def numbered_of(engine: Engine) -> Numbered | None:
    """Return the engine as a Numbered, or None if it does not offer numbers of commits."""
    return engine if isinstance(engine, Numbered) else None


def upkeep_of(engine: Engine) -> Upkeep | None:
    """Return the engine as an Upkeep, or None if it needs no upkeep."""
    return engine if isinstance(engine, Upkeep) else None
