"""Item collections: all items of one partition key, in the table and its local indexes (service-behaviour.md 9.4)."""

from typing import Any

from emulator import limits
from emulator.database import keyspace
from emulator.database.database import Database
from emulator.database.schema import Table
from emulator.values.types import Item
from emulator.values.wire import row_size
from storage.keycode import prefix_end


def collection_size(database: Database, table: Table, item: Item) -> int:
    """Return the bytes of the item's collection. Linear in the collection: only asked-for metrics pay for it."""
    digest = keyspace.digest(table.hash_encode(item[table.hash]))
    prefixes = [table.prefix, *(index.prefix for index in table.indexes if index.local)]
    with database.read() as txn:
        return sum(
            row_size(row) for prefix in prefixes for _, row in txn.scan(prefix + digest, prefix_end(prefix + digest))
        )


def metrics(database: Database, table: Table, item: Item) -> dict[str, Any]:
    """Return ItemCollectionMetrics: the collection's key and its size between two whole gigabytes."""
    whole = float(collection_size(database, table, item) // limits.GIB)
    return {
        "ItemCollectionKey": {table.hash: item[table.hash]},
        "SizeEstimateRangeGB": [whole, whole + 1.0],
    }
