"""Item collections: all items of one partition key, in the table and its local indexes (behaviour 9.4).

Their sizes are kept, like the statistics, by the write path in the write's own transaction; only for tables with local
indexes, which exist from the table's first moment.
"""

from typing import Any

from emulator import errors, limits
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.values.types import Item
from storage import ReadTxn, WriteTxn


def collection_size(txn: ReadTxn, item_key: bytes) -> int:
    """Return the bytes of the collection that the item with this storage key belongs to."""
    stored = txn.get(keyspace.collection(item_key))
    return 0 if stored is None else int.from_bytes(stored, "big")


def grown(txn: ReadTxn, item_key: bytes, change: int, limit: int) -> int:
    """Return the bytes a collection will have after a change.

    Raises ItemCollectionSizeLimitExceededException where the change makes it larger than the limit.
    """
    size = collection_size(txn, item_key) + change
    if size > limit and change > 0:
        raise errors.item_collection_too_large()
    return size


def put(txn: WriteTxn, item_key: bytes, size: int) -> None:
    """Store a collection's size; an empty one leaves nothing behind."""
    key = keyspace.collection(item_key)
    if size:
        txn.put(key, size.to_bytes(8, "big"))
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
