"""The sizes of item collections (behaviour 9.4).

An item collection is all items of one partition key, and their entries in local indexes. The
transaction of each write updates the size of the item's collection. The sizes are stored only for
tables with local indexes. Because a local index is created together with its table, the sizes
include every item.
"""

from collections.abc import Iterable
from typing import Any

from emulator import errors, limits
from emulator.database.items.requested import Check, Write
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from storage import ReadTxn, WriteTxn


def collection_size(txn: ReadTxn, item_key: bytes) -> int:
    """Return the size in bytes of the item collection that an item belongs to.

    item_key: the item's storage key. The result is 0 if the collection is empty or the table has no
    local index.
    """
    stored = txn.get(keyspace.collection(item_key))
    return 0 if stored is None else int.from_bytes(stored, "big")


class Collections:
    """Stores the sizes of a table's item collections, and refuses writes that make one too large.

    limit: the largest allowed size of a collection, in bytes.
    """

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def check(self, txn: ReadTxn, change: Change) -> None:
        """Raise ItemCollectionSizeLimitExceededException if the item collection would be too large.

        A change that does not enlarge the collection is always allowed.
        """
        growth = change.size + sum(entry.size for entry in change.entries if entry.index.local)
        change.collection_size = collection_size(txn, change.key) + growth
        if change.collection_size > self._limit and growth > 0:
            raise errors.item_collection_too_large()

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Store the item collection's new size, or delete the size if the collection is empty."""
        key = keyspace.collection(change.key)
        if change.collection_size:
            txn.put(key, change.collection_size.to_bytes(8, "big"))
        else:
            txn.delete(key)


def metrics(txn: ReadTxn, write: Write) -> dict[str, Any]:
    """Return the ItemCollectionMetrics of a write: the item collection's key and estimated size.

    The estimate is a range: from the size in GB, rounded down, to 1 GB more.
    """
    hash_name = write.table.hash
    whole = float(collection_size(txn, write.key) // limits.GIB)
    return {
        "ItemCollectionKey": {hash_name: write.key_item[hash_name]},
        "SizeEstimateRangeGB": [whole, whole + 1.0],
    }


def metrics_by_table(txn: ReadTxn, writes: Iterable[tuple[str, Write]]) -> dict[str, list[dict[str, Any]]]:
    """Return the ItemCollectionMetrics of a request: table name -> list of metrics of collections.

    writes: pairs of a table name and a write.
    """
    by_table: dict[str, list[dict[str, Any]]] = {}
    seen = set()
    for name, write in writes:
        collection = keyspace.collection(write.key)
        if write.table.local_indexes and not isinstance(write, Check) and collection not in seen:
            seen.add(collection)
            by_table.setdefault(name, []).append(metrics(txn, write))
    return by_table
