"""The engine in memory: a dict of all values, and a sorted list of all keys.

A write transaction changes the dict and the list in place. Its *undo log* has the old value of each
key that it has changed.

* An abort restores the old values from the undo log.
* A commit adds its undo log to every open reader, and does nothing else for snapshots. A reader
  searches for a key first in the undo logs of later commits, then in the undo log of the current
  write transaction, then in the dict. So it finds the value as of its snapshot.
* A scan remembers its last key. If something was written since then, the scan starts again after
  this key, and so continues to show its snapshot. The time for a new start is proportional to the
  number of writes since the snapshot was opened.
"""

from collections.abc import Iterator, Mapping
from heapq import merge
from itertools import islice
from types import TracebackType
from typing import Self

from sortedcontainers import SortedList

from storage.engine import ONE_WRITER, STORE_CLOSED, TRANSACTION_ENDED, Page, first_page
from storage.errors import Closed
from storage.host import Numbered

Old = bytes | None
"""The old value of a key, or None if the key was absent."""

_INCLUSIVE = (True, False)


class _Ended(dict[bytes, Old]):
    """Replaces the undo log of a transaction that has ended: a put or delete then raises Closed."""

    def __contains__(self, key: object) -> bool:
        raise Closed(TRANSACTION_ENDED)


_ENDED = _Ended()


class MemoryRead:
    """A read transaction: the current data, and old values of keys written after its start."""

    __slots__ = ("_engine", "_past")

    def __init__(self, engine: "MemoryEngine") -> None:
        self._engine = engine
        self._past: dict[bytes, Old] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.readers.discard(self)

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None if the store does not have the key."""
        if self._past and key in self._past:
            return self._past[key]
        engine = self._engine
        if engine.undo and key in engine.undo:
            return engine.undo[key]
        return engine.data.get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) for start <= key < stop, in the order of the keys or in reverse."""
        engine = self._engine
        data = engine.data
        while start < stop:
            version = engine.version
            past = {**engine.undo, **self._past}
            keys: Iterator[bytes] = engine.keys.irange(start, stop, _INCLUSIVE, reverse)
            if past:
                gone = sorted((key for key in past if key not in data and start <= key < stop), reverse=reverse)
                keys = merge(keys, gone, reverse=reverse)
            for key in keys:
                value = past[key] if key in past else data[key]
                if value is not None:
                    yield key, value
                    if engine.version != version:
                        start, stop = (start, key) if reverse else (key + b"\x00", stop)
                        break
            else:
                return

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> Page:
        """Return the first `limit` values that `scan` yields, and the key of the last value."""
        if self._past or self._engine.undo:
            return first_page(self.scan(start, stop, reverse=reverse), limit)
        return self._engine.page(start, stop, limit, reverse=reverse)

    def absorb(self, undo: Mapping[bytes, Old]) -> None:
        """Add the undo log of a commit: key -> old value.

        For a key in several undo logs, keep the oldest value.
        """
        self._past = {**undo, **self._past}


class MemoryWrite:
    """The write transaction: changes the data in place and remembers the old values."""

    __slots__ = ("_engine", "_undo", "urgent")

    def __init__(self, engine: "MemoryEngine") -> None:
        self._engine = engine
        self.urgent = False  # has no effect: this engine has no reserve for urgent writes
        self._undo: dict[bytes, Old] = {}
        engine.undo = self._undo

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        engine = self._engine
        for reader in engine.readers:
            reader.absorb(engine.undo)
        engine.undo = {}
        engine.writing = False
        self._undo = _ENDED

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None if the store does not have the key."""
        return self._engine.data.get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) for start <= key < stop, in the order of the keys or in reverse."""
        data, keys = self._engine.data, self._engine.keys
        return ((key, data[key]) for key in keys.irange(start, stop, _INCLUSIVE, reverse)) if start < stop else iter(())

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> Page:
        """Return the first `limit` values that `scan` yields, and the key of the last value."""
        return self._engine.page(start, stop, limit, reverse=reverse)

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        engine, undo = self._engine, self._undo
        data = engine.data
        if key in data:
            if key not in undo:
                undo[key] = data[key]
        else:
            if key not in undo:
                undo[key] = None
            engine.keys.add(key)
        data[key] = value
        engine.version += 1

    def delete(self, key: bytes) -> bool:
        """Delete a key. Return False if the store did not have it."""
        engine, undo = self._engine, self._undo
        known = key in undo
        value = engine.data.pop(key, None)
        if value is None:
            return False
        if not known:
            undo[key] = value
        engine.keys.remove(key)
        engine.version += 1
        return True

    def drop_range(self, start: bytes, stop: bytes, limit: int) -> int:
        """Delete the first `limit` keys with start <= key < stop, and return their number."""
        if start >= stop:
            return 0
        engine, undo = self._engine, self._undo
        doomed = list(islice(engine.keys.irange(start, stop, _INCLUSIVE), limit))
        for key in doomed:
            if key not in undo:
                undo[key] = engine.data[key]
            del engine.data[key]
        low = engine.keys.bisect_left(start)
        del engine.keys[low : low + len(doomed)]
        engine.version += 1
        return len(doomed)

    def abort(self) -> None:
        """Undo all writes of this transaction. The end of its `with` block then commits nothing."""
        engine = self._engine
        for key, value in self._undo.items():
            if value is not None:
                if key not in engine.data:
                    engine.keys.add(key)
                engine.data[key] = value
            elif engine.data.pop(key, None) is not None:
                engine.keys.remove(key)
        engine.version += 1
        engine.undo = {}
        self._undo = _ENDED


class MemoryEngine(Numbered):
    """A store in the memory of one process. Its data are lost when the process ends."""

    description = "in memory, lost at exit"

    def __init__(self) -> None:
        self.data: dict[bytes, bytes] = {}
        self.keys: SortedList = SortedList()
        self.undo: dict[bytes, Old] = {}
        self.readers: set[MemoryRead] = set()
        self.writing = False
        self.version = 0
        self._closed = False

    def commit_number(self) -> int:
        """Return a number that changes with each put and delete, and so also with each commit."""
        return self.version

    def read(self) -> MemoryRead:
        """Open a snapshot. Raises Closed after close()."""
        if self._closed:
            raise Closed(STORE_CLOSED)
        reader = MemoryRead(self)
        self.readers.add(reader)
        return reader

    def write(self) -> MemoryWrite:
        """Begin the write transaction. Raises Closed after close()."""
        if self._closed:
            raise Closed(STORE_CLOSED)
        assert not self.writing, ONE_WRITER
        self.writing = True
        return MemoryWrite(self)

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool) -> Page:
        """Return the first `limit` values with start <= key < stop, and the key of the last value.

        The values are the current ones, with uncommitted writes.

        `page` takes half the time of a scan, because no Python code runs for each row.
        """
        if start >= stop:
            return [], b""
        keys = list(islice(self.keys.irange(start, stop, _INCLUSIVE, reverse), limit))
        return list(map(self.data.__getitem__, keys)), keys[-1] if keys else b""

    def close(self) -> None:
        """Delete all data and close the store. A second call does nothing."""
        self._closed = True
        self.data.clear()
        self.keys.clear()
