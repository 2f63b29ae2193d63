"""How each of several processes on one store notices that its definitions are out of date.

Every process has the definitions (tables, streams, event source mappings, what a test declared)
in memory, see registry.py. The version of the definitions is a counter in the store, which each
change of a definition raises in the same transaction. A process

- compares hints in shared memory (shared_memory.py) before each request, and reloads if they have
  changed. So after one worker has answered a request that changes definitions, the next request to
  another worker sees the change.
- compares the version at the start of each write transaction. The store has one writer at a time,
  so no write uses definitions that are out of date. If the versions differ, the transaction raises
  `Interrupted` and the request runs again (`Database.run`).

A process that is alone on its store does none of this, so it has no additional cost.
"""

from typing import Final

from emulator.database.store import keyspace
from emulator.shared_memory import SharedMemory
from storage import Engine, Interrupted, ReadTxn, WriteTxn
from storage.host import GroupCommit

_VERSION: Final = keyspace.counter("version")
_DECLARED: Final = keyspace.counter("declared")


class Versions:
    """The version of the definitions that this process has in memory.

    sharing: None if there are no other processes. group_commit: None if no commit is ever pending.
    """

    def __init__(self, sharing: SharedMemory | None, group_commit: GroupCommit | None) -> None:
        self._sharing = sharing
        self._group_commit = group_commit
        self._loaded = 0
        self._hints = b"" if sharing is None else sharing.hints()
        self._notification_due = False

    @property
    def shared(self) -> bool:
        """Whether other processes use the same store."""
        return self._sharing is not None

    def is_stale(self) -> bool:
        """Return whether another process has changed definitions after this process read them."""
        return self._sharing is not None and self._sharing.hints() != self._hints

    def hints(self) -> bytes:
        """Return the current hints.

        Call this before opening a snapshot, so that no change is missed.
        """
        return b"" if self._sharing is None else self._sharing.hints()

    def note_loaded(self, txn: ReadTxn, hints: bytes) -> None:
        """Note that this process has loaded the definitions of a snapshot.

        hints: the hints from before the snapshot was opened.
        """
        self._loaded = _stored(txn)
        self._hints = hints

    def current(self, txn: ReadTxn) -> bool:
        """Return whether this process has the definitions that a transaction sees."""
        return _stored(txn) == self._loaded

    def bump(self, txn: WriteTxn) -> None:
        """Raise the stored version, in the transaction of a change. After the commit: `advance`."""
        if self._sharing is not None:
            txn.put(_VERSION, (self._loaded + 1).to_bytes(8, "big"))

    def advance(self) -> None:
        """Note that this process has the new version, after the commit of `bump`."""
        self._loaded += 1

    def declare(self, txn: WriteTxn, declared: bytes) -> None:
        """Store what a test declared (enforcer.py), as part of a change of definitions.

        The other workers of the server read the declarations. A server that starts later ignores
        them.
        """
        assert self._sharing is not None, "a process that is alone keeps declarations in memory"
        txn.put(_DECLARED, self._sharing.run + declared)

    def declared(self, txn: ReadTxn) -> bytes | None:
        """Return what a test declared to any worker after the server was started."""
        stored = None if self._sharing is None else txn.get(_DECLARED)
        if stored is None or self._sharing is None or not stored.startswith(self._sharing.run):
            return None
        return stored.removeprefix(self._sharing.run)

    def notify(self) -> None:
        """Notify the other processes of a change. If its commit is pending, `committed` does it."""
        if self._sharing is None:
            return
        if self._group_commit is not None and self._group_commit.pending:
            self._notification_due = True
        else:
            self._hints = self._sharing.notify(self._hints)

    def committed(self) -> None:
        """Send the notification that waits for this commit, if there is one."""
        if self._notification_due:
            self._notification_due = False
            self.notify()


def _stored(txn: ReadTxn) -> int:
    return int.from_bytes(txn.get(_VERSION) or b"", "big")


class SharedEngine:
    """An engine to which other processes write too. Writes begin only on the newest definitions."""

    def __init__(self, engine: Engine, versions: Versions) -> None:
        self._engine = engine
        self._versions = versions
        self.description = engine.description
        self.read = engine.read
        self.close = engine.close

    def write(self) -> WriteTxn:
        """Open the write transaction.

        Raises Interrupted if the held definitions are out of date.
        """
        txn = self._engine.write()
        if not self._versions.current(txn):
            with txn:
                raise Interrupted("Another process has changed tables: run the request again.")
        return txn
