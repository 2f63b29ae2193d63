"""Fills a table and its vector index, for benchmarks of searches."""

import random
import struct

from emulator.database.items import vectors
from emulator.database.store import keyspace
from emulator.values.rows import encode_row
from emulator.values.size import item_size
from storage.keycode import u32
from tests.support.tables import table_request, vector, vector_index_request

DIMENSIONS = 256
TENANTS = 100


def make_table(emulator, caller, count, distance):
    """Create the table `vectors` with the index `near`, and fill both.

    Putting items with vectors would take minutes. So this writes to the store directly: items
    without vectors, and index entries with random vectors.
    """
    near = vector_index_request("near", "v", DIMENSIONS, distance, search="tenant:INLINE_FILTER")
    create = {**table_request("pk:S", define="tenant:S", VectorIndexes=[near]), "TableName": "vectors"}
    emulator.call("CreateTable", create, caller)
    emulator.call("ListTables", {}, caller)
    table = emulator.database.table(caller, "vectors")
    (index,) = table.vectors
    pack = struct.Struct(f"<{DIMENSIONS}f").pack
    chance = random.Random(1)
    numbers = [chance.gauss(0, 1) for _ in range(100_003)]
    for first in range(0, count, 1000):
        with emulator.database.write() as txn:
            for number in range(first, min(first + 1000, count)):
                item = {"pk": {"S": str(number)}, "tenant": {"S": f"tenant {number % TENANTS}"}}
                key = table.key_of_item(item)
                at = chance.randrange(100_000 - DIMENSIONS)
                tenant = item["tenant"]["S"].encode()
                txn.put(key, encode_row(item, item_size(item)))
                entry = pack(*numbers[at : at + DIMENSIONS]) + u32(len(tenant)) + tenant
                txn.put(keyspace.vector_entry(index.prefix, keyspace.tail_of(key)), entry)
            written = vectors.Numbers(number + 1, number + 1)
            txn.put(index.prefix, struct.pack(">5Q", *written))


def search_request(**members):
    """Return a search for the ten nearest vectors."""
    near = vector(*(round(random.Random(2).gauss(0, 1), 4) for _ in range(DIMENSIONS)))["L"]
    return {"TableName": "vectors", "IndexName": "near", "SearchVector": near, "TopK": 10, **members}
