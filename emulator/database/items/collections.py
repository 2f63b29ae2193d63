"""Item collections: all items of one partition key, in the table and its local indexes (behaviour 9.4).

Their sizes are kept, like the statistics, by the write path in the write's own transaction; only for tables with local
indexes, which exist from the table's first moment.
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
    """Follows writes to a table with local indexes, and refuses what makes a collection too large.

    limit: bytes that a collection may have.
    """

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def check(self, txn: ReadTxn, change: Change) -> None:
        """Raise ItemCollectionSizeLimitExceededException if the change makes its collection larger than the limit."""
        growth = change.size + sum(entry.size for entry in change.entries if entry.index.local)
        change.collection_size = collection_size(txn, change.key) + growth
        if change.collection_size > self._limit and growth > 0:
            raise errors.item_collection_too_large()

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Store the collection's new size; an empty one leaves nothing behind."""
        key = keyspace.collection(change.key)
        if change.collection_size:
            txn.put(key, change.collection_size.to_bytes(8, "big"))
        else:
            txn.delete(key)


def metrics(txn: ReadTxn, table: Table, item: Item) -> dict[str, Any]:
    """Return ItemCollectionMetrics: the collection's key and its size between two whole gigabytes."""
    size = collection_size(txn, table.item_key(table.key_attributes(item)))
    whole = float(size // limits.GIB)
    return {
        "ItemCollectionKey": {table.hash: item[table.hash]},
        "SizeEstimateRangeGB": [whole, whole + 1.0],
    }
