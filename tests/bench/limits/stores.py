"""The stores of the toy application: LMDB, or a SortedDict.

A storage key has table, partition key and sort key, separated by zero bytes. For an index, the
table's name and the name of the index stand in the place of the table.
"""

import os
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson

MB = 1 << 20
PARSED_SIZE = 1_250  # bytes that a parsed item counts for in a page of 1 MB
Item = dict[str, Any]


def key(*parts: str) -> bytes:
    """Return the storage key that has these parts."""
    return "\0".join(parts).encode()


def key_in(table: str, item: Item) -> bytes:
    """Return the storage key of an item, or of a key in a request."""
    return key(table, item["pk"]["S"], item["sk"]["S"])


def index_key(table: str, index: str, item: Item) -> bytes:
    """Return the storage key of an item's entry in an index."""
    return key(table, index, item[index]["S"], item["sk"]["S"], item["pk"]["S"])


class Store(Protocol):
    """The interface of a store.

    `page` returns values and the storage key of the last one, or None at the end of the range.
    """

    def get(self, at: bytes) -> Any: ...
    def put(self, at: bytes, item: Item) -> None: ...
    def put_many(self, pairs: Iterable[tuple[bytes, Item]]) -> None: ...
    def put_indexed(self, table: str, item: Item, indexes: Sequence[str]) -> None: ...
    def update(self, at: bytes, delta: int) -> None: ...
    def page(self, prefix: bytes, start: bytes | None, limit: int) -> tuple[list[Any], bytes | None]: ...


def raised(value: dict[str, str], delta: int) -> dict[str, str]:
    """Return a number, as an attribute value, plus delta."""
    number = int(value["N"])
    assert number >= 0, "the condition of the workload failed"
    return {"N": str(number + delta)}


class LmdbStore:
    """Items as JSON in LMDB, without syncs. LIMIT_DB names the folder."""

    def __init__(self) -> None:
        import lmdb

        folder = os.environ.get("LIMIT_DB") or tempfile.mkdtemp(prefix="limits")
        self.environment = lmdb.open(
            folder, map_size=16 << 30, sync=False, metasync=False, writemap=True, max_readers=64
        )

    def get(self, at: bytes) -> bytes | None:
        """Return the stored value."""
        with self.environment.begin(buffers=False) as txn:
            return txn.get(at)

    def put(self, at: bytes, item: Item) -> None:
        """Store an item."""
        with self.environment.begin(write=True) as txn:
            txn.put(at, orjson.dumps(item))

    def put_many(self, pairs: Iterable[tuple[bytes, Item]]) -> None:
        """Store items in one transaction."""
        with self.environment.begin(write=True) as txn:
            for at, item in pairs:
                txn.put(at, orjson.dumps(item))

    def put_indexed(self, table: str, item: Item, indexes: Sequence[str]) -> None:
        """Store an item and its entries in indexes."""
        at, data = key_in(table, item), orjson.dumps(item)
        with self.environment.begin(write=True) as txn:
            stored = txn.get(at)
            old = orjson.loads(stored) if stored else None
            txn.put(at, data)
            for index in indexes:
                entry = index_key(table, index, item)
                if old and (stale := index_key(table, index, old)) != entry:
                    txn.delete(stale)
                txn.put(entry, data)

    def update(self, at: bytes, delta: int) -> None:
        """Add delta to the item's attribute `a`."""
        with self.environment.begin(write=True) as txn:
            item = orjson.loads(txn.get(at))
            item["a"] = raised(item["a"], delta)
            txn.put(at, orjson.dumps(item))

    def page(self, prefix: bytes, start: bytes | None, limit: int) -> tuple[list[bytes], bytes | None]:
        """Return a page of values after `start`, and the last key if the page is full."""
        values: list[bytes] = []
        size = 0
        with self.environment.begin() as txn:
            cursor = txn.cursor()
            there = cursor.set_range(start or prefix)
            if there and start and cursor.key() == start:
                there = cursor.next()
            while there:
                at, value = cursor.item()
                if not at.startswith(prefix):
                    break
                values.append(value)
                size += len(value)
                if size >= MB or len(values) >= limit:
                    return values, at
                there = cursor.next()
        return values, None


class SortedStore:
    """Items in a SortedDict, parsed or, with `raw`, as JSON."""

    def __init__(self, *, raw: bool) -> None:
        from sortedcontainers import SortedDict

        self.rows = SortedDict()
        self.raw = raw
        self.encode = orjson.dumps if raw else lambda item: item
        self.decode = orjson.loads if raw else lambda item: item

    def get(self, at: bytes) -> Any:
        """Return the stored value."""
        return self.rows.get(at)

    def put(self, at: bytes, item: Item) -> None:
        """Store an item."""
        self.rows[at] = self.encode(item)

    def put_many(self, pairs: Iterable[tuple[bytes, Item]]) -> None:
        """Store items."""
        for at, item in pairs:
            self.rows[at] = self.encode(item)

    def put_indexed(self, table: str, item: Item, indexes: Sequence[str]) -> None:
        """Store an item and its entries in indexes."""
        at, data = key_in(table, item), self.encode(item)
        stored = self.rows.get(at)
        old = self.decode(stored) if stored is not None else None
        self.rows[at] = data
        for index in indexes:
            entry = index_key(table, index, item)
            if old and (stale := index_key(table, index, old)) != entry:
                self.rows.pop(stale, None)
            self.rows[entry] = data

    def update(self, at: bytes, delta: int) -> None:
        """Add delta to the item's attribute `a`."""
        item = dict(self.decode(self.rows[at]))
        item["a"] = raised(item["a"], delta)
        self.rows[at] = self.encode(item)

    def page(self, prefix: bytes, start: bytes | None, limit: int) -> tuple[list[Any], bytes | None]:
        """Return a page of values after `start`, and the last key if the page is full."""
        values: list[Any] = []
        size = 0
        for at in self.rows.irange(start or prefix, None, inclusive=(start is None, True)):
            if not at.startswith(prefix):
                break
            value = self.rows[at]
            values.append(value)
            size += len(value) if self.raw else PARSED_SIZE
            if size >= MB or len(values) >= limit:
                return values, at
        return values, None
