"""Several processes over one store: how each notices that its compiled definitions are out of date.

Definitions (tables, streams, what a test declared) are held in memory, compiled, by every process. Their version is a
counter in the store that each change raises in its own transaction. A process

* compares the shared hints (shared_memory.py) before a request, and reads changed definitions anew:
  what one worker answered, the next request to another knows;
* compares the version at the beginning of each write transaction: a write never happens by definitions that are not the
  newest, because the store has one writer at a time. A comparison that fails raises `Interrupted`, and the request runs
  again from its start (app.py).

A process that is alone has none of this and pays nothing.
"""

from typing import Final

from emulator.database.store import keyspace
from emulator.shared_memory import SharedMemory
from storage import Engine, Interrupted, ReadTxn, WriteTxn

_VERSION: Final = keyspace.counter("version")
_DECLARED: Final = keyspace.counter("declared")


class Versions:
    """The version of the definitions that this process holds. sharing: None for a process that is alone."""

    def __init__(self, sharing: SharedMemory | None, engine: Engine) -> None:
        self._sharing = sharing
        self._engine = engine
        self._held = 0
        self._hints = b"" if sharing is None else sharing.hints()
        self._untold = False

    @property
    def shared(self) -> bool:
        """Whether there are other processes."""
        return self._sharing is not None

    def hinted(self) -> bool:
        """Say whether another process has told of a change since the definitions were read."""
        return self._sharing is not None and self._sharing.hints() != self._hints

    def read_hints(self) -> None:
        """Note the hints; to be called before the snapshot from which definitions are read, so that none is missed."""
        if self._sharing is not None:
            self._hints = self._sharing.hints()

    def read(self, txn: ReadTxn) -> None:
        """Note the version of a snapshot from which definitions are read."""
        self._held = _stored(txn)

    def current(self, txn: ReadTxn) -> bool:
        """Say whether the definitions held are those of this transaction."""
        return _stored(txn) == self._held

    def bump(self, txn: WriteTxn) -> None:
        """Count a change of definitions, in its transaction. Should that not commit, the next write reads them anew."""
        if self._sharing is not None:
            self._held += 1
            txn.put(_VERSION, self._held.to_bytes(8, "big"))

    def declare(self, txn: WriteTxn, declared: bytes) -> None:
        """Store what a test declared (enforcement.py), for the other workers of this start of the server."""
        assert self._sharing is not None, "a process that is alone keeps it in memory"
        self.bump(txn)
        txn.put(_DECLARED, self._sharing.run + declared)

    def declared(self, txn: ReadTxn) -> bytes | None:
        """Return what a test declared to any worker since the server was started."""
        stored = None if self._sharing is None else txn.get(_DECLARED)
        if stored is None or self._sharing is None or not stored.startswith(self._sharing.run):
            return None
        return stored.removeprefix(self._sharing.run)

    def tell(self) -> None:
        """Tell the other processes of a change: now, or where its commit is pending when it has been made (`committed`)."""
        if self._sharing is None:
            return
        if self._engine.pending:
            self._untold = True
        else:
            self._hints = self._sharing.notify(self._hints)

    def committed(self) -> None:
        """Note that nothing is pending any more."""
        if self._untold:
            self._untold = False
            self.tell()


def _stored(txn: ReadTxn) -> int:
    return int.from_bytes(txn.get(_VERSION) or b"", "big")


class SharedEngine:
    """An engine that others write too: its write transactions begin only on definitions that are the newest."""

    def __init__(self, engine: Engine, versions: Versions) -> None:
        self._engine = engine
        self._versions = versions
        self.read = engine.read
        self.group = engine.group
        self.sync = engine.sync
        self.commits = engine.commits
        self.work_ahead = engine.work_ahead
        self.rest = engine.rest
        self.close = engine.close

    @property
    def pending(self) -> bool:
        """Whether something was written that `commit` has yet to make certain."""
        return self._engine.pending

    def commit(self) -> None:
        """Make certain what is pending, and tell the others of changed definitions. Raises as the engine does."""
        self._engine.commit()
        self._versions.committed()

    def room(self) -> int:
        """Return the bytes that are free on the disk."""
        return self._engine.room()

    def write(self) -> WriteTxn:
        """Open the write transaction. Raises Interrupted where another process has changed definitions."""
        txn = self._engine.write()
        if not self._versions.current(txn):
            with txn:
                raise Interrupted("Another process has changed tables: run the request again.")
        return txn
