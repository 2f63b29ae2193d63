"""The engine in memory: a dict for the values, a sorted list for the order of the keys.

A write transaction changes both in place and keeps the pre-image of every key it touches: the undo log.

* Rollback puts the pre-images back.
* Snapshots cost nothing while no reader is open. A commit hands its pre-images to every open reader, which from then on
  looks there first; while a write is going on, readers look into its undo log as well. The older pre-image wins.
* A walk remembers the last key it gave out and starts again behind it when something was written in between, so a
  snapshot holds in the middle of a walk too. A restart is linear in what was written since the snapshot.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from heapq import merge
from itertools import islice
from types import TracebackType
from typing import Self

from sortedcontainers import SortedList

from storage.engine import Page
from storage.errors import Closed

Image = bytes | None
"""The value a key had, or None if it was not there."""

_INCLUSIVE = (True, False)


class _Ended(dict[bytes, Image]):
    """The undo log of a transaction that is over: any use of it is a mistake."""

    def __contains__(self, key: object) -> bool:
        raise Closed("The transaction has ended.")


_ENDED = _Ended()


class MemoryRead:
    """A snapshot: the living data, seen through the pre-images of what was written since."""

    __slots__ = ("_engine", "_past")

    def __init__(self, engine: "MemoryEngine") -> None:
        self._engine = engine
        self._past: dict[bytes, Image] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.readers.discard(self)

    def get(self, key: bytes) -> bytes | None:
        """Return the value of key, or None."""
        if self._past and key in self._past:
            return self._past[key]
        engine = self._engine
        if engine.undo and key in engine.undo:
            return engine.undo[key]
        return engine.data.get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Walk the pairs with start <= key < stop in key order, or backwards."""
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
        """Return the first `limit` values of that walk and the last of their keys."""
        if self._past or self._engine.undo:
            pairs = list(islice(self.scan(start, stop, reverse=reverse), limit))
            return [value for _, value in pairs], pairs[-1][0] if pairs else b""
        return self._engine.page(start, stop, limit, reverse=reverse)

    def absorb(self, undo: Mapping[bytes, Image]) -> None:
        """Keep the pre-images of a commit, except of keys that an earlier commit had changed already."""
        self._past = {**undo, **self._past}


class MemoryWrite:
    """The write transaction: changes the data in place and remembers what was there."""

    __slots__ = ("_engine", "_undo", "urgent")

    def __init__(self, engine: "MemoryEngine") -> None:
        self._engine = engine
        self.urgent = False  # which changes nothing: memory is never full
        self._undo: dict[bytes, Image] = {}
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
        """Return the value of key, or None."""
        return self._engine.data.get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Walk the pairs with start <= key < stop in key order, or backwards."""
        data, keys = self._engine.data, self._engine.keys
        return ((key, data[key]) for key in keys.irange(start, stop, _INCLUSIVE, reverse)) if start < stop else iter(())

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> Page:
        """Return the first `limit` values of that walk and the last of their keys."""
        return self._engine.page(start, stop, limit, reverse=reverse)

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of key."""
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
        """Remove key; say whether it was there."""
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
        """Delete up to limit pairs with start <= key < stop, lowest first; return how many went."""
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
        """Forget every write of this transaction; the block then ends without committing."""
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


class MemoryEngine:
    """A store that lives as long as its process."""

    def __init__(self) -> None:
        self.data: dict[bytes, bytes] = {}
        self.keys: SortedList = SortedList()
        self.undo: dict[bytes, Image] = {}
        self.readers: set[MemoryRead] = set()
        self.writing = False
        self.version = 0
        self._closed = False

    def read(self, *, committed: bool = False) -> MemoryRead:  # noqa: ARG002 - everything is
        """Open a snapshot. Raises Closed after close()."""
        if self._closed:
            raise Closed("The store is closed.")
        reader = MemoryRead(self)
        self.readers.add(reader)
        return reader

    def write(self) -> MemoryWrite:
        """Open the write transaction. Raises Closed after close()."""
        if self._closed:
            raise Closed("The store is closed.")
        assert not self.writing, "one write transaction at a time"
        self.writing = True
        return MemoryWrite(self)

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool) -> Page:
        """Return a page of the living data; without a step of Python for each row, in half the time of a walk."""
        if start >= stop:
            return [], b""
        keys = list(islice(self.keys.irange(start, stop, _INCLUSIVE, reverse), limit))
        return list(map(self.data.__getitem__, keys)), keys[-1] if keys else b""

    pending = False

    def group_writes(self, begun: Callable[[], None]) -> None:
        """Do nothing: there is no disk."""

    def commit(self) -> None:
        """Do nothing: nothing is ever pending."""

    def sync(self) -> None:
        """Do nothing: there is no disk. Raises Closed after close()."""
        if self._closed:
            raise Closed("The store is closed.")

    def commit_number(self) -> int:
        """Return 0: nothing is ever synced."""
        return 0

    def preallocate(self) -> None:
        """Return None: there is no disk."""

    def trim(self) -> Iterator[None]:
        """Return nothing to do: everything is needed."""
        return iter(())

    def close(self) -> None:
        """Forget everything; calling it twice is harmless."""
        self._closed = True
        self.data.clear()
        self.keys.clear()

    def free_bytes(self) -> int:
        """Return more bytes than there can be."""
        return sys.maxsize
