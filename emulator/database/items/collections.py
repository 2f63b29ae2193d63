"""Item collections (behaviour 9.4): all items of one partition key, in the table and local indexes.

The size of a collection is updated in the transaction of each write, as the statistics are. Only
the collections of tables with local indexes have stored sizes. A local index is created with
its table, so the stored sizes are complete from the start.
"""

from collections.abc import Iterable
from typing import Any

from emulator import errors, limits
from emulator.database.items.requested import Check, Write
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from storage import ReadTxn, WriteTxn


def collection_size(txn: ReadTxn, item_key: bytes) -> int:
    """Return the bytes of the collection that the item with this storage key belongs to."""
    stored = txn.get(keyspace.collection(item_key))
    return 0 if stored is None else int.from_bytes(stored, "big")


class Collections:
    """Stores the sizes of a table's collections, and refuses writes that make one too large.

    limit: the most bytes that a collection may have.
    """

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def check(self, txn: ReadTxn, change: Change) -> None:
        """Raise ItemCollectionSizeLimitExceededException if the collection would exceed the limit.

        A change that makes the collection no larger passes.
        """
        growth = change.size + sum(entry.size for entry in change.entries if entry.index.local)
        change.collection_size = collection_size(txn, change.key) + growth
        if change.collection_size > self._limit and growth > 0:
            raise errors.item_collection_too_large()

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Store the collection's new size. An empty collection has no record."""
        key = keyspace.collection(change.key)
        if change.collection_size:
            txn.put(key, change.collection_size.to_bytes(8, "big"))
        else:
            txn.delete(key)


def metrics(txn: ReadTxn, write: Write) -> dict[str, Any]:
    """Return ItemCollectionMetrics: the collection's key and the estimate of its size.

    The estimate is the whole gigabytes below and above the size.
    """
    hash_name = write.table.hash
    whole = float(collection_size(txn, write.key) // limits.GIB)
    return {
        "ItemCollectionKey": {hash_name: write.key_item[hash_name]},
        "SizeEstimateRangeGB": [whole, whole + 1.0],
    }


def metrics_by_table(txn: ReadTxn, writes: Iterable[tuple[str, Write]]) -> dict[str, list[dict[str, Any]]]:
    """Return table name -> ItemCollectionMetrics of several writes, once for each collection."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    seen = set()
    for name, write in writes:
        collection = keyspace.collection(write.key)
        if write.table.local_indexes and not isinstance(write, Check) and collection not in seen:
            seen.add(collection)
            by_table.setdefault(name, []).append(metrics(txn, write))
    return by_table
