"""The write transaction while frozen views exist.

It stores a before-image, then changes the key.
"""

from collections.abc import Mapping
from itertools import islice
from types import TracebackType
from typing import Final, Self

from emulator.database.store.keyspace import ITEM_PREFIX
from storage import WriteTxn
from storage.keycode import prefix_end

ABSENT: Final = b"\0"
"""The image of a key that was absent."""

_PRESENT: Final = b"\1"


def image_of(value: bytes | None) -> bytes:
    """Return the image for a key with this value, or for an absent key (None)."""
    return ABSENT if value is None else _PRESENT + value


def value_of(image: bytes) -> bytes | None:
    """Return the value that an image keeps, None if the key was absent."""
    return None if image == ABSENT else image[1:]


class RecordingTxn:
    """A write transaction that stores images of the keys that it changes.

    plain: the engine's transaction, which stores no images.
    newest: covered prefix -> prefix of the images of the newest view that covers it.
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
        """Whether this write frees room or ends a status."""
        return self.plain.urgent

    @urgent.setter
    def urgent(self, urgent: bool) -> None:
        self.plain.urgent = urgent

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key. Raises Full, Interrupted."""
        images = self._newest.get(key[:ITEM_PREFIX])
        if images is not None:
            self._record(images + key, key)
        self.plain.put(key, value)

    def delete(self, key: bytes) -> bool:
        """Remove a key; return whether it was there. Raises Full, Interrupted."""
        images = self._newest.get(key[:ITEM_PREFIX])
        if images is not None:
            self._record(images + key, key)
        return self.plain.delete(key)

    def drop_range(self, start: bytes, stop: bytes, limit: int) -> int:
        """Delete up to `limit` keys with start <= key < stop, lowest first; return their number."""
        prefix = start[:ITEM_PREFIX]
        inside = len(prefix) == ITEM_PREFIX and stop <= prefix_end(prefix)
        if not inside or prefix in self._newest:
            for key, _ in list(islice(self.plain.scan(start, stop), limit)):
                images = self._newest.get(key[:ITEM_PREFIX])
                if images is not None:
                    self._record(images + key, key)
        return self.plain.drop_range(start, stop, limit)

    def abort(self) -> None:
        """Undo every write of this transaction, and the images that it stored."""
        self.plain.abort()

    def _record(self, image_key: bytes, key: bytes) -> None:
        """Store the image of a key that is about to change, unless the view already has one."""
        plain = self.plain
        if plain.get(image_key) is None:
            plain.put(image_key, image_of(plain.get(key)))

    def __enter__(self) -> Self:
        self.plain.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.plain.__exit__(kind, error, trace)


def plain(txn: WriteTxn) -> WriteTxn:
    """Return the engine's own transaction, without the recording of images."""
    return txn.plain if isinstance(txn, RecordingTxn) else txn
