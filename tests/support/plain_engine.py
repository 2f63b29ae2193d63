"""The simplest storage engine: a dict, with only the methods that storage/engine.py requires."""

from collections.abc import Iterator
from typing import Any

from storage.engine import ONE_WRITER, STORE_CLOSED, TRANSACTION_ENDED, Engine, ReadTxn, WriteTxn
from storage.errors import Closed

Pairs = dict[bytes, bytes]


class PlainRead(ReadTxn):
    """A snapshot: the dict of the last commit. It never changes; a commit makes a new dict."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, key: bytes) -> bytes | None:
        return self.pairs.get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        pairs = self.pairs
        keys = sorted((key for key in pairs if start <= key < stop), reverse=reverse)
        return ((key, pairs[key]) for key in keys)


class PlainWrite(WriteTxn):
    """A write transaction, which changes a copy of the dict."""

    def __init__(self, engine: "PlainEngine") -> None:
        self.urgent = False
        self._engine = engine
        self._copy: Pairs | None = dict(engine.pairs)

    def _open(self) -> Pairs:
        if self._copy is None:
            raise Closed(TRANSACTION_ENDED)
        return self._copy

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._copy is not None:
            self._engine.pairs = self._copy
        self._copy = None
        self._engine.writing = False

    def get(self, key: bytes) -> bytes | None:
        return self._open().get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        return PlainRead(self._open()).scan(start, stop, reverse=reverse)

    def put(self, key: bytes, value: bytes) -> None:
        self._open()[key] = value

    def delete(self, key: bytes) -> bool:
        return self._open().pop(key, None) is not None

    def abort(self) -> None:
        self._copy = None


class PlainEngine(Engine):
    """An engine that keeps its store in a dict."""

    description = "in a dict, for tests"

    def __init__(self, *_: Any, **__: Any) -> None:
        self.pairs: Pairs = {}
        self.writing = False
        self.closed = False

    def read(self) -> PlainRead:
        self._check()
        return PlainRead(self.pairs)

    def write(self) -> PlainWrite:
        self._check()
        assert not self.writing, ONE_WRITER
        self.writing = True
        return PlainWrite(self)

    def _check(self) -> None:
        if self.closed:
            raise Closed(STORE_CLOSED)

    def close(self) -> None:
        self.closed = True
