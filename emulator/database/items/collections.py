"""Item collections (behaviour 9.4): all items of one partition key, in the table and local indexes.

Like the statistics, their sizes are updated in the transaction of each write. Only tables with
local indexes have sizes. A local index is as old as its table, so sizes never need a backfill.
"""

from typing import Any

from emulator import errors, limits
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.values.types import Item
from storage import ReadTxn, WriteTxn


def collection_size(txn: ReadTxn, item_key: bytes) -> int:
    """Return the bytes of the collection that the item with this storage key belongs to."""
    stored = txn.get(keyspace.collection(item_key))
    return 0 if stored is None else int.from_bytes(stored, "big")


class Collections:
    """Keeps the sizes of the collections of a table, and refuses writes that make one too large.

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


def metrics(txn: ReadTxn, table: Table, item: Item) -> dict[str, Any]:
    """Return ItemCollectionMetrics: the collection's key and the estimate of its size.

    The estimate is the whole gigabytes below and above the size.
    """
    size = collection_size(txn, table.item_key(table.key_attributes(item)))
    whole = float(size // limits.GIB)
    return {
        "ItemCollectionKey": {table.hash: item[table.hash]},
        "SizeEstimateRangeGB": [whole, whole + 1.0],
    }
