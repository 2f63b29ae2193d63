"""Registries: the stored definitions of tables, streams and event source mappings, in memory.

Each kind of definition has one *registry*: a range of keys, a function that loads a definition, and
functions that are called after a definition was changed or removed. One transaction may change
definitions of several registries. They come into force together:

    backups = registries.add(keyspace.backups(), Backup.load)

    with registries.changing() as change:               # opens the write transaction
        backups.save(change, backup.key, backup)
    backups.get(backup.key)                             # in force when the block has ended

- A definition is stored first, and published after the commit of its transaction. If the block
  raises an error, no definition is stored or published.
- `Registries.reload` reads the stored definitions when the server starts, after another process has
  changed definitions (versions.py), and after a commit was lost. It loads only the definitions
  whose stored bytes have changed.
- Definitions are frozen: a change makes a new object. A definition that did not change stays the
  same object.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from emulator.database.store.versions import Versions
from storage import Corrupted, Engine, ReadTxn, WriteTxn


class Definition(Protocol):
    """A definition: settings and state of a table, stream or the like, as an immutable object."""

    def dump(self) -> bytes:
        """Return the definition in its stored form, as JSON."""
        ...


D = TypeVar("D", bound=Definition)

Hook = Callable[[bytes, D], None]
"""A function that is called with a storage key and the definition that was changed or removed."""


def _do_nothing(_key: bytes, _definition: Definition) -> None:
    pass


def _nothing() -> None:
    pass


class DefinitionChange:
    """A change of definitions: a write transaction, and functions to call after its commit.

    txn: the write transaction.
    """

    __slots__ = ("_publications", "_versions", "txn")

    def __init__(self, txn: WriteTxn, versions: Versions) -> None:
        self.txn = txn
        self._versions = versions
        self._publications: list[Callable[[], None]] = []

    def then(self, publish: Callable[[], None]) -> None:
        """Call `publish` after the commit of the transaction.

        Other processes are notified after the commit too, because definitions have changed.
        """
        if not self._publications:
            self._versions.bump(self.txn)
        self._publications.append(publish)

    def publish(self) -> None:
        """Put the saved definitions into force after the commit, and notify other processes.

        This calls the functions that were given to `then`, in the same order.
        """
        for publish in self._publications:
            publish()
        if self._publications:
            self._versions.advance()
            self._versions.notify()


class Registry(Generic[D]):
    """The definitions of one kind that are in force, by their storage keys.

    span: the range of the storage keys. load: a function that makes a definition from stored bytes
    (loading.py).
    changed: a function that is called when an added or changed definition has come into force.
    removed: a function that is called when a removed definition is no longer in force.
    """

    def __init__(
        self,
        span: tuple[bytes, bytes],
        load: Callable[[bytes], D],
        changed: Hook[D] = _do_nothing,
        removed: Hook[D] = _do_nothing,
    ) -> None:
        self._span = span
        self._load = load
        self._changed = changed
        self._removed = removed
        self._stored: dict[bytes, bytes] = {}
        self._held: dict[bytes, D] = {}

    def get(self, key: bytes) -> D | None:
        """Return the definition that is in force under a storage key, or None if there is none."""
        return self._held.get(key)

    def spans(self, key: bytes) -> bool:
        """Return True if a storage key is in the range of keys of this registry's definitions."""
        start, stop = self._span
        return start <= key < stop

    def __iter__(self) -> Iterator[D]:
        """Yield the definitions that are in force."""
        return iter(self._held.values())

    def save(self, change: DefinitionChange, key: bytes, definition: D) -> None:
        """Store a new or changed definition. It comes into force after the commit of `change`."""
        stored = definition.dump()
        change.txn.put(key, stored)
        change.then(partial(self._publish, key, stored, definition))

    def restore(self, change: DefinitionChange, key: bytes, stored: bytes) -> None:
        """Store an earlier state of a definition again. It comes into force after the commit.

        stored: the bytes that were stored earlier. Raises LayoutMismatch if a newer version of the
        program wrote them, and Corrupted if they cannot be read.
        """
        definition = self._loaded(key, stored)
        change.txn.put(key, stored)
        change.then(partial(self._publish, key, stored, definition))

    def remove(self, change: DefinitionChange, key: bytes) -> None:
        """Remove a definition if it exists. It stays in force until the commit of `change`."""
        change.txn.delete(key)
        change.then(partial(self._withdraw, key))

    def reload(self, txn: ReadTxn) -> None:
        """Put the stored definitions into force, and forget definitions that are no longer stored.

        Raises LayoutMismatch if a newer version of the program wrote a definition, and Corrupted if
        a definition cannot be read.
        """
        stored = dict(txn.scan(*self._span))
        for key in self._stored.keys() - stored.keys():
            self._withdraw(key)
        for key, value in stored.items():
            if self._stored.get(key) != value:
                self._publish(key, value, self._loaded(key, value))

    def _loaded(self, key: bytes, stored: bytes) -> D:
        try:
            return self._load(stored)
        except (ValueError, KeyError, TypeError) as error:
            raise Corrupted(f"The definition under the key {key!r} cannot be read: {error!r}") from error

    def _publish(self, key: bytes, stored: bytes, definition: D) -> None:
        self._stored[key] = stored
        self._held[key] = definition
        self._changed(key, definition)

    def _withdraw(self, key: bytes) -> None:
        if self._stored.pop(key, None) is not None:
            self._removed(key, self._held.pop(key))


class Registries:
    """All registries of a database: its stored definitions of all kinds, in memory."""

    def __init__(self, engine: Engine, versions: Versions) -> None:
        self._engine = engine
        self._versions = versions
        self._reloads: list[Callable[[ReadTxn], None]] = []
        self._registries: list[Registry[Any]] = []

    @property
    def shared(self) -> bool:
        """Whether other processes use the same store, and so may change definitions."""
        return self._versions.shared

    def add(
        self,
        span: tuple[bytes, bytes],
        load: Callable[[bytes], D],
        changed: Hook[D] = _do_nothing,
        removed: Hook[D] = _do_nothing,
    ) -> Registry[D]:
        """Return a new registry for one kind of definition. It is empty until the next `reload`.

        span, load, changed, removed: as for `Registry`. `reload` reads the registries in the order
        in which they were added.
        """
        registry = Registry(span, load, changed, removed)
        self._registries.append(registry)
        self.on_reload(registry.reload)
        return registry

    def remove(self, change: DefinitionChange, key: bytes) -> None:
        """Remove the definition of any kind that has this storage key.

        If this process has no registry for the kind, the definition is only deleted from the store.
        For example, only a process that calls functions has a registry of event source mappings.
        """
        registry = self._registry_of(key)
        if registry is None:
            change.txn.delete(key)
            change.then(_nothing)
        else:
            registry.remove(change, key)

    def restore(self, change: DefinitionChange, key: bytes, stored: bytes) -> None:
        """Replace a definition with an earlier state of it. The definition may be of any kind.

        The earlier state comes into force after the commit, even if it equals the current state.
        stored: the bytes of the earlier state. Raises LayoutMismatch if a newer version of the
        program wrote them, and Corrupted if they cannot be read.
        """
        registry = self._registry_of(key)
        if registry is None:
            change.txn.put(key, stored)
            change.then(_nothing)
        else:
            registry.restore(change, key, stored)

    def _registry_of(self, key: bytes) -> Registry[Any] | None:
        return next((registry for registry in self._registries if registry.spans(key)), None)

    def on_reload(self, reload: Callable[[ReadTxn], None]) -> None:
        """Call a function at each later `reload`. All functions get the same read transaction.

        A function that is added during a reload is still called in this reload, after all others.
        """
        self._reloads.append(reload)

    @contextmanager
    def changing(self, *, urgent: bool = False) -> Iterator[DefinitionChange]:
        """Open a write transaction for a `with` block. After the commit, publish the changes.

        urgent: whether the change may use the reserve of a full disk, because it frees room or ends
        a status (storage/engine.py). Raises the errors of `Engine.write` and of its transactions.
        """
        with self._engine.write() as txn:
            txn.urgent = urgent
            change = DefinitionChange(txn, self._versions)
            yield change
        change.publish()

    def reload(self) -> None:
        """Read all stored definitions again, in one read transaction, and put them into force.

        Raises LayoutMismatch if a newer version of the program wrote a definition, and Corrupted if
        a definition cannot be read.
        """
        seen = self._versions.hints()
        with self._engine.read() as txn:
            for reload in self._reloads:
                reload(txn)
            self._versions.note_loaded(txn, seen)
