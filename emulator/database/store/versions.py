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
from storage.host import GroupCommit

_VERSION: Final = keyspace.counter("version")
_DECLARED: Final = keyspace.counter("declared")


class Versions:
    """The version of the definitions that this process holds.

    sharing: None for a process that is alone. group_commit: None if no commit is ever pending.
    """

    def __init__(self, sharing: SharedMemory | None, group_commit: GroupCommit | None) -> None:
        self._sharing = sharing
        self._group_commit = group_commit
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
        """Notify the other processes of a change, once it is committed (see `committed`)."""
        if self._sharing is None:
            return
        if self._group_commit is not None and self._group_commit.pending:
            self._untold = True
        else:
            self._hints = self._sharing.notify(self._hints)

    def committed(self) -> None:
        """Send the notification that was waiting for this commit, if any."""
        if self._untold:
            self._untold = False
            self.tell()


def _stored(txn: ReadTxn) -> int:
    return int.from_bytes(txn.get(_VERSION) or b"", "big")


class SharedEngine:
    """An engine that other processes write to: it writes only on the newest definitions."""

    def __init__(self, engine: Engine, versions: Versions) -> None:
        self._engine = engine
        self._versions = versions
        self.description = engine.description
        self.read = engine.read
        self.close = engine.close

    def write(self) -> WriteTxn:
        """Open the write transaction. Raises Interrupted if another process has changed definitions."""
        txn = self._engine.write()
        if not self._versions.current(txn):
            with txn:
                raise Interrupted("Another process has changed tables: run the request again.")
        return txn
