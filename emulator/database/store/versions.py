"""Notices that definitions in memory are out of date, if several processes use one store.

Every process has the definitions (tables, streams, event source mappings, declarations of tests) in
memory (registry.py). The *version* of the definitions is a counter in the store. Each transaction
that changes a definition increments it. *Hints* are counters in shared memory (shared_memory.py),
one for each process. A process increments its hint after it has changed definitions.

- Before each request, a process checks whether the hints have changed. If so, it reloads the
  definitions. So after one worker has answered a request that changes definitions, the next request
  to another worker sees the change.
- At the start of each write transaction, a process compares its version with the stored version. If
  they differ, the transaction raises `Interrupted` and the request runs again (`Database.run`). The
  store has one writer at a time, so no write uses definitions that are out of date.

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

    sharing: the shared memory with the hints (counters of changes), or None if there are no other
    processes.
    group_commit: the engine's group commit (storage/host.py), or None if the engine has none.
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
        """Return True if another process has changed definitions since this process read them."""
        return self._sharing is not None and self._sharing.hints() != self._hints

    def hints(self) -> bytes:
        """Return the current hints: counters by which processes report changes of definitions.

        Call this before opening the transaction that reads the definitions, and pass the result to
        `note_loaded`. Otherwise this process could miss a change that another process makes between
        the read and this call.
        """
        return b"" if self._sharing is None else self._sharing.hints()

    def note_loaded(self, txn: ReadTxn, hints: bytes) -> None:
        """Remember that this process has loaded the definitions that a transaction sees.

        hints: the result of `hints` before the transaction was opened.
        """
        self._loaded = _stored(txn)
        self._hints = hints

    def current(self, txn: ReadTxn) -> bool:
        """Return True if the definitions in memory are those that a transaction sees."""
        return _stored(txn) == self._loaded

    def bump(self, txn: WriteTxn) -> None:
        """Increment the stored version of the definitions.

        Call this in a transaction that changes definitions, and call `advance` after its commit.
        """
        if self._sharing is not None:
            txn.put(_VERSION, (self._loaded + 1).to_bytes(8, "big"))

    def advance(self) -> None:
        """Set the version that this process has in memory to the version that `bump` has stored.

        Call this after the commit of the transaction.
        """
        self._loaded += 1

    def declare(self, txn: WriteTxn, declared: bytes) -> None:
        """Store a test's declarations (enforcer.py), in a transaction that changes definitions.

        The other workers of the server read the declarations. A server that starts later ignores
        them.
        """
        assert self._sharing is not None, "a process that is alone must keep declarations in memory"
        txn.put(_DECLARED, self._sharing.run + declared)

    def declared(self, txn: ReadTxn) -> bytes | None:
        """Return the declarations that a test has made through any worker since the server started.

        Return None if no declarations are stored.
        """
        stored = None if self._sharing is None else txn.get(_DECLARED)
        if stored is None or self._sharing is None or not stored.startswith(self._sharing.run):
            return None
        return stored.removeprefix(self._sharing.run)

    def notify(self) -> None:
        """Notify the other processes that this process has changed definitions.

        If the commit of the change is still pending, `committed` sends the notification later.
        """
        if self._sharing is None:
            return
        if self._group_commit is not None and self._group_commit.pending:
            self._notification_due = True
        else:
            self._hints = self._sharing.notify(self._hints)

    def committed(self) -> None:
        """Send the notification that has waited for the commit, if there is one.

        It tells the other processes that this process has changed definitions.
        """
        if self._notification_due:
            self._notification_due = False
            self.notify()


def _stored(txn: ReadTxn) -> int:
    return int.from_bytes(txn.get(_VERSION) or b"", "big")


class SharedEngine:
    """An engine whose store other processes write to, too.

    A write transaction begins only if this process has the newest definitions in memory.
    """

    def __init__(self, engine: Engine, versions: Versions) -> None:
        self._engine = engine
        self._versions = versions
        self.description = engine.description
        self.read = engine.read
        self.close = engine.close

    def write(self) -> WriteTxn:
        """Open a write transaction.

        Raises Interrupted if the definitions in memory are out of date.
        """
        txn = self._engine.write()
        if not self._versions.current(txn):
            with txn:
                raise Interrupted("Another process has changed tables: run the request again.")
        return txn
