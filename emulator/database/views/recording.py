"""The write transaction that is in use while frozen views exist.

Before it changes a key that a view covers, it stores the key's original. The package's docstring
explains originals.
"""

from collections.abc import Mapping
from itertools import islice
from types import TracebackType
from typing import Final, Self

from emulator.database.store.keyspace import ITEM_PREFIX
from storage import WriteTxn
from storage.keycode import prefix_end

ABSENT: Final = b"\0"
"""The original of a key that was absent."""

_PRESENT: Final = b"\1"


def original_of(value: bytes | None) -> bytes:
    """Return the bytes of a key's original. value: the key's value, None if the key is absent."""
    return ABSENT if value is None else _PRESENT + value


def value_of(original: bytes) -> bytes | None:
    """Return the value that a key had, None if the key was absent. original: the stored bytes."""
    return None if original == ABSENT else original[1:]


class RecordingTxn:
    """A write transaction that stores originals of the keys that it changes.

    plain: the engine's transaction, which stores no originals.
    newest: prefix that a view covers -> the key prefix under which originals are stored. If several
        views cover the prefix, the key prefix is that of the newest view.
    """

    __slots__ = ("_newest", "get", "page", "plain", "scan")

    def __init__(self, plain: WriteTxn, newest: Mapping[bytes, bytes]) -> None:
        self.plain = plain
        self._newest = newest
        self.get = plain.get
        self.scan = plain.scan
        self.page = plain.page

    @property
    def urgent(self) -> bool:
        """True if this write frees room or ends a status. It may use the reserve of a full disk."""
        return self.plain.urgent

    @urgent.setter
    def urgent(self, urgent: bool) -> None:
        self.plain.urgent = urgent

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key.

        Raises Full if there is no room, Interrupted if the whole transaction must be run again.
        """
        originals = self._newest.get(key[:ITEM_PREFIX])
        if originals is not None:
            self._record(originals + key, key)
        self.plain.put(key, value)

    def delete(self, key: bytes) -> bool:
        """Remove a key. Return True if the key existed.

        Raises Full if there is no room, Interrupted if the whole transaction must be run again.
        """
        originals = self._newest.get(key[:ITEM_PREFIX])
        if originals is not None:
            self._record(originals + key, key)
        return self.plain.delete(key)

    def drop_range(self, start: bytes, stop: bytes, limit: int) -> int:
        """Delete up to `limit` keys with start <= key < stop, lowest first. Return their number."""
        prefix = start[:ITEM_PREFIX]
        inside = len(prefix) == ITEM_PREFIX and stop <= prefix_end(prefix)
        if not inside or prefix in self._newest:
            for key, _ in list(islice(self.plain.scan(start, stop), limit)):
                originals = self._newest.get(key[:ITEM_PREFIX])
                if originals is not None:
                    self._record(originals + key, key)
        return self.plain.drop_range(start, stop, limit)

    def abort(self) -> None:
        """Undo every write of this transaction, and the originals that it stored."""
        self.plain.abort()

    def _record(self, original_key: bytes, key: bytes) -> None:
        """Store the original of a key that is about to change, unless it is stored already.

        original_key: the key under which the original is stored.
        key: the key that will change.
        """
        plain = self.plain
        if plain.get(original_key) is None:
            plain.put(original_key, original_of(plain.get(key)))

    def __enter__(self) -> Self:
        self.plain.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.plain.__exit__(kind, error, trace)


def plain(txn: WriteTxn) -> WriteTxn:
    """Return the engine's own transaction, whose writes store no originals."""
    return txn.plain if isinstance(txn, RecordingTxn) else txn
