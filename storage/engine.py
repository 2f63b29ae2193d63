"""The storage contract: an ordered map from byte keys to byte values, with transactions.

It knows nothing of DynamoDB, HTTP or time. Two engines implement it (memory.py, lmdb_engine.py) and every test of
storage, and every black-box test above it, runs on both.

Rules that hold for every engine:

* Keys are non-empty bytes of any length, values are bytes. Keys are ordered as unsigned bytes.
* `read()` gives a snapshot: it never sees a write that commits after it was opened.
* `write()` is exclusive, sees its own writes, and is atomic: leaving the `with` block normally commits, leaving it by
  an exception (or after `abort()`) leaves no trace.
* `scan` walks `start <= key < stop`, ascending, or descending when `reverse` is true. The walk may not be continued
  after the transaction ended or, in a write transaction, after a put or delete.
* `drop_range` deletes at most `limit` keys of the range and says how many it deleted, so that a caller can empty a
  large range in slices, one transaction each.
* A snapshot may be lost while it is open, when an engine on disk has to grow and there were commits since; its next use
  raises Interrupted. A write may raise Interrupted for a like reason; then nothing of it was kept.
* After an error of `put` or `delete` the transaction is over. Whoever uses a transaction after its end gets Closed.
* Transaction objects belong to the engine, which may hand the same one out again after its `with` block.
* One thread owns an engine.
* A write that frees room, or ends a status, says so by `urgent = True` before its first put or delete. On a full disk it
  finds room where others do not.

Commits of an engine that syncs each of them can be grouped: after `group_writes()`, the blocks of `write()` that follow one
another are one commit, made by `commit()`; what they wrote is seen by every later transaction, and until then not kept
for certain (`pending`). Whoever groups must not tell anybody of a write before the `commit()` that follows it.
"""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

Page = tuple[list[bytes], bytes]
"""Values in the order of a walk, and the key of the last one (empty where there are none)."""


class ReadTxn(Protocol):
    """A snapshot of the whole store."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value of key, or None."""
        ...

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Walk the pairs with start <= key < stop in key order, or backwards."""
        ...

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> Page:
        """Return the first `limit` values of that walk and the last of their keys: less work than a walk."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class WriteTxn(ReadTxn, Protocol):
    """The only writer: reads its own writes, commits when its block ends without an exception.

    urgent: it may have the room that is kept for such writes on a full disk.
    """

    urgent: bool

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of key. Raises Full when the disk has no room, Interrupted."""
        ...

    def delete(self, key: bytes) -> bool:
        """Remove key; say whether it was there."""
        ...

    def drop_range(self, start: bytes, stop: bytes, limit: int) -> int:
        """Delete up to limit pairs with start <= key < stop, lowest first; return how many went."""
        ...

    def abort(self) -> None:
        """Forget every write of this transaction; the block then ends without committing."""
        ...


class Engine(Protocol):
    """An open store."""

    def read(self, *, committed: bool = False) -> ReadTxn:
        """Open a snapshot; committed: of what is certain, without what is pending. Raises Closed after close()."""
        ...

    def write(self) -> WriteTxn:
        """Open the write transaction. Raises Closed after close(); Full where the disk is known to have no room."""
        ...

    def group_writes(self, begun: Callable[[], None]) -> None:
        """Group commits from now on, where that saves anything: where each of them is synced.

        begun: called whenever a first write makes something pending; until the `commit()` no other process can write.
        """
        ...

    @property
    def pending(self) -> bool:
        """Whether something was written that `commit` has yet to make certain; never, unless commits are grouped."""
        ...

    def commit(self) -> None:
        """Make certain what is pending.

        Raises Full, StorageError: then some of what was pending may be gone. Raises Interrupted where all of it is gone and
        can be written again; where that is known before (Lost), no write begins until this call has told it.
        """
        ...

    def sync(self) -> None:
        """Make every commit so far survive a power cut (a crash of the process never loses one).

        It may run in another thread while the engine goes on, and can take tenths of a second.
        """
        ...

    def commit_number(self) -> int:
        """Return a number that is another one after each commit, of this process or another; 0 where nothing is synced."""
        ...

    def preallocate(self) -> Callable[[], None] | None:
        """Return what is worth doing now, in another thread, so that later writes need not wait for it; mostly None.

        Whoever serves asks for it twenty times a second, and not while an earlier answer still runs.
        """
        ...

    def trim(self) -> Iterator[None]:
        """Use a pause in which nothing is written: give back memory that only speed needs, make room for later writes.

        Each step of the iterator takes a few milliseconds, while nothing is pending; who writes again stops asking for more.
        """
        ...

    def close(self) -> None:
        """Sync and release; calling it twice is harmless."""
        ...

    def free_bytes(self) -> int:
        """Return the bytes that are free on the disk of the store; in memory, more than there can be."""
        ...
