"""Opens, reads and closes frozen views, and knows which views exist.

The package's docstring explains the design.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Self

import orjson

from emulator.clock import Background
from emulator.database.store import keyspace
from emulator.database.store.access import EngineAccess
from emulator.database.store.deletions import Deletions
from emulator.database.store.ids import next_id
from emulator.database.store.loading import from_fields
from emulator.database.store.registry import DefinitionChange, Registries
from emulator.database.store.versions import Versions
from emulator.database.views import reading
from emulator.database.views.reading import Pair, Slice
from emulator.database.views.recording import RecordingTxn, original_of, value_of
from emulator.slices import COPIED_IN_STEP, first_pairs
from storage import Interrupted, ReadTxn, WriteTxn
from storage.keycode import prefix_end

SLICE: Final = 500  # the maximum number of originals that one slice moves to older views; this takes about 3 ms


@dataclass(frozen=True, slots=True)
class View:
    """The stored form of a frozen view.

    prefixes: the key prefixes that the view covers, five bytes each, in hexadecimal.
    closing: True while the view's originals are moved to older views.
    """

    id: int
    prefixes: tuple[str, ...]
    closing: bool = False

    @classmethod
    def load(cls, stored: bytes) -> Self:
        """Return the view whose JSON is `stored`. `dump` makes this JSON."""
        fields = orjson.loads(stored)
        return from_fields(cls, {**fields, "prefixes": tuple(fields["prefixes"])})

    def dump(self) -> bytes:
        """Return the view as JSON."""
        return orjson.dumps(self)

    @property
    def key(self) -> bytes:
        """The storage key of the view."""
        return keyspace.view(self.id)

    @property
    def originals(self) -> bytes:
        """The view's originals are stored under keys that begin with these bytes."""
        return keyspace.originals(self.id)


class Views:
    """All frozen views of an engine's store."""

    def __init__(
        self,
        access: EngineAccess,
        registries: Registries,
        versions: Versions,
        deletions: Deletions,
        background: Background,
    ) -> None:
        self._access = access
        self._registries = registries
        self._versions = versions
        self._deletions = deletions
        self._background = background
        self._registry = registries.add(keyspace.views(), View.load, self._publish, self._withdraw)
        self._covering: dict[bytes, list[int]] = {}  # prefix -> ids of the views that cover it, oldest first
        # Covered prefix -> `View.originals` of the newest view that covers the prefix. A write of a
        # key with this prefix stores the key's original in this view.
        self._newest: dict[bytes, bytes] = {}
        self._known: set[int] = set()

    # --- opening and closing ----------------------------------------------------------------------

    def open(self, change: DefinitionChange, prefixes: Iterable[bytes]) -> View:
        """Open a view. It shows the store as it is when the transaction of `change` commits.

        prefixes: the prefixes that the view covers, five bytes each.
        """
        view = View(next_id(change.txn), tuple(sorted(prefix.hex() for prefix in prefixes)))
        self._registry.save(change, view.key, view)
        return view

    def keep(self, txn: WriteTxn, view: View, key: bytes, value: bytes) -> None:
        """Make the view show `value` for `key`.

        key: a storage key that none of the view's prefixes covers.
        """
        txn.put(view.originals + key, original_of(value))

    def close(self, change: DefinitionChange, view: View, *, no_more_writes: bool = True) -> None:
        """Close a view, and remove its originals in the background.

        no_more_writes: True if the transaction writes no keys that the view covers after this call.
        If False, such writes still store originals. So the originals are removed after the commit.
        """
        if any(self._older(view.id, bytes.fromhex(prefix)) is not None for prefix in view.prefixes):
            self._registry.save(change, view.key, replace(view, closing=True))
            change.then(partial(self._begin_merge, view.id))
        else:
            self._registry.remove(change, view.key)
            if no_more_writes:
                self._deletions.drop(change.txn, view.originals)
            else:
                self._deletions.begin(change.txn, view.originals)

    def resume(self) -> None:
        """Continue to move originals to older views, if an earlier process did not finish this."""
        for view in self._registry:
            if view.closing:
                self._begin_merge(view.id)

    # --- reading ----------------------------------------------------------------------------------

    def get(self, number: int) -> View | None:
        """Return the view with this id, or None if the view does not exist.

        A closed view still exists while its originals are being moved to older views.
        """
        return self._registry.get(keyspace.view(number))

    def page(
        self, txn: ReadTxn, view: View, start: bytes, stop: bytes, limit: int, room: int = COPIED_IN_STEP
    ) -> Slice:
        """Return the first pairs with start <= key < stop that a view shows.

        start, stop: keys with the same covered prefix.
        limit: the maximum number of keys to visit.
        room: the page ends as soon as its values together have this number of bytes or more.

        Raises Interrupted if another process has changed definitions, and this process has not
        loaded the new definitions yet.
        """
        self._check(txn)
        return reading.page(txn, self.layers(view, start[: keyspace.ITEM_PREFIX]), start, stop, limit, room)

    def value(self, txn: ReadTxn, view: View, key: bytes) -> bytes | None:
        """Return the value of a covered key in a view, or None if the key is absent there.

        Raises Interrupted if another process has changed definitions, and this process has not
        loaded the new definitions yet.
        """
        self._check(txn)
        return reading.get(txn, self.layers(view, key[: keyspace.ITEM_PREFIX]), key)

    def kept(self, txn: ReadTxn, view: View, start: bytes, stop: bytes) -> Iterator[Pair]:
        """Yield the pairs of key and value, with start <= key < stop, that `keep` has stored."""
        for key, original in reading.originals(txn, view.originals, start, stop):
            value = value_of(original)
            assert value is not None, "a key that `keep` has added to a view must have a value"
            yield key, value

    def changed(self, txn: ReadTxn, view: View, after: bytes = b"") -> Iterator[Pair]:
        """Yield pairs: a covered key that was written after the view was opened, and its original.

        after: yield only keys after this one.

        Raises Interrupted if another process has changed definitions, and this process has not
        loaded the new definitions yet.
        """
        self._check(txn)
        covered = {bytes.fromhex(prefix) for prefix in view.prefixes}
        originals = view.originals
        first, last = keyspace.COVERED
        own = reading.originals(txn, originals, max(first, after + b"\0"), last)
        walks: list[Iterator[Pair]] = [(pair for pair in own if pair[0][: keyspace.ITEM_PREFIX] in covered)]
        shared: dict[int, list[bytes]] = {}
        for prefix in sorted(covered):
            for number in self._covering[prefix]:
                if number > view.id:
                    shared.setdefault(number, []).append(prefix)
        walks += [_of_prefixes(txn, keyspace.originals(n), shared[n], after) for n in sorted(shared)]
        return reading.merged(walks)

    def alone(self, view: View) -> bool:
        """Return True if no newer view covers a prefix that this view covers."""
        return all(self._covering[bytes.fromhex(prefix)][-1] == view.id for prefix in view.prefixes)

    def layers(self, view: View, prefix: bytes) -> list[bytes]:
        """Return the key prefixes of the originals that a read of `view` must search, in order.

        They belong to `view` and to the newer views that cover `prefix`, from old to new.
        """
        return [keyspace.originals(number) for number in self._covering[prefix] if number >= view.id]

    def _check(self, txn: ReadTxn) -> None:
        """Raise Interrupted if a read transaction may see other views than this process knows.

        A write transaction is not checked: it began with the newest definitions, and may have
        changed them itself.
        """
        if isinstance(txn, RecordingTxn):
            return
        if self._versions.shared and not self._versions.current(txn):
            raise Interrupted("Another process has changed definitions: run the read again.")

    # --- moving originals -------------------------------------------------------------------------

    def _older(self, number: int, prefix: bytes) -> int | None:
        """Return the id of the newest view that covers a prefix, among the views before `number`.

        Return None if there is no such view.
        """
        return max((each for each in self._covering.get(prefix, ()) if each < number), default=None)

    def _begin_merge(self, number: int) -> None:
        self._background.add(("view", number), partial(self._merge_slice, number))

    def _merge_slice(self, number: int) -> bool:
        """Move some originals of a closing view to older views. Return True if originals remain.

        Between the slices, writes still store originals in the closing view. If an older original
        of the same key has already moved, a later slice drops the new original.
        """
        view = self.get(number)
        if view is None:
            return False
        with self._registries.changing() as change:
            txn = change.txn
            moved, more = first_pairs(txn.scan(view.originals, prefix_end(view.originals)), SLICE)
            for original_key, original in moved:
                key = keyspace.changed_key(original_key)
                older = self._older(number, key[: keyspace.ITEM_PREFIX])
                if older is not None and txn.get(keyspace.originals(older) + key) is None:
                    txn.put(keyspace.originals(older) + key, original)
                txn.delete(original_key)
            if not more:
                self._registry.remove(change, view.key)
        return more

    # --- publishing -------------------------------------------------------------------------------

    def _publish(self, _key: bytes, view: View) -> None:
        if view.id in self._known:
            return
        self._known.add(view.id)
        for text in view.prefixes:
            prefix = bytes.fromhex(text)
            numbers = self._covering.setdefault(prefix, [])
            numbers.append(view.id)
            numbers.sort()
            self._newest[prefix] = keyspace.originals(numbers[-1])
        if len(self._known) == 1:
            self._access.wrap_writes(self._recording)

    def _withdraw(self, _key: bytes, view: View) -> None:
        self._known.discard(view.id)
        for text in view.prefixes:
            prefix = bytes.fromhex(text)
            numbers = self._covering[prefix]
            numbers.remove(view.id)
            if numbers:
                self._newest[prefix] = keyspace.originals(numbers[-1])
            else:
                del self._covering[prefix], self._newest[prefix]
        if not self._known:
            self._access.wrap_writes(None)

    def _recording(self, txn: WriteTxn) -> WriteTxn:
        return RecordingTxn(txn, self._newest)


def _of_prefixes(txn: ReadTxn, originals: bytes, prefixes: Iterable[bytes], after: bytes) -> Iterator[Pair]:
    """Yield pairs of a key and its original in one view, in the order of the keys.

    All keys come after `after` and begin with one of `prefixes`, which are sorted.
    originals: the view's originals are stored under keys that begin with these bytes.
    """
    for prefix in prefixes:
        stop = prefix_end(prefix)
        if stop > after:
            yield from reading.originals(txn, originals, max(prefix, after + b"\0"), stop)
