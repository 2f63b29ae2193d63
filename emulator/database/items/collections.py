"""Item collections (behaviour 9.4): all items of one partition key, in the table and local indexes.

Each write updates the size of its collection in its own transaction. Only collections of tables
with local indexes have stored sizes. A local index is created with its table, so no item is missing
in the stored sizes.
"""

from collections.abc import Iterable
from typing import Any

from emulator import errors, limits
from emulator.database.items.requested import Check, Write
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from storage import ReadTxn, WriteTxn


def collection_size(txn: ReadTxn, item_key: bytes) -> int:
    """Return the size in bytes of the collection of the item with this storage key."""
    stored = txn.get(keyspace.collection(item_key))
    return 0 if stored is None else int.from_bytes(stored, "big")


class Collections:
    """Stores the sizes of a table's collections. Refuses writes that make a collection too large.

    limit: the largest size of a collection in bytes.
    """

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def check(self, txn: ReadTxn, change: Change) -> None:
        """Raise ItemCollectionSizeLimitExceededException if the collection would exceed the limit.

        A change that does not enlarge the collection is always allowed.
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
    """Return ItemCollectionMetrics: the collection's key and an estimate of its size.

    The estimate consists of two numbers: the size rounded down and up to whole gigabytes.
    """
    hash_name = write.table.hash
    whole = float(collection_size(txn, write.key) // limits.GIB)
    return {
        "ItemCollectionKey": {hash_name: write.key_item[hash_name]},
        "SizeEstimateRangeGB": [whole, whole + 1.0],
    }


def metrics_by_table(txn: ReadTxn, writes: Iterable[tuple[str, Write]]) -> dict[str, list[dict[str, Any]]]:
    """Return the ItemCollectionMetrics of writes by table name, once for each collection."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    seen = set()
    for name, write in writes:
        collection = keyspace.collection(write.key)
        if write.table.local_indexes and not isinstance(write, Check) and collection not in seen:
            seen.add(collection)
            by_table.setdefault(name, []).append(metrics(txn, write))
    return by_table
