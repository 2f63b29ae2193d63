"""Searches for vectors in process: TopK 10 of 256 dimensions, without and with a filter.

    VECTORS=100000 OPENBLAS_NUM_THREADS=1 make bench-stages ARGS=tests/bench/test_vector_searches.py

Target for 100,000 vectors: 50 ms. The server loads NumPy with one thread; here a test may have
loaded it before. `make test` runs each benchmark once with few vectors, and checks its answer.
"""

import os
import random
import struct
import time

import pytest

from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.database.items import vectors
from emulator.database.store import keyspace
from emulator.values.rows import encode_row
from emulator.values.size import item_size
from storage.keycode import u32
from tests.support.engines import settings_of_engine
from tests.support.tables import table_request, vector, vector_index_request

pytestmark = pytest.mark.benchmark(timer=time.process_time)

VECTORS = int(os.environ.get("VECTORS", "2000"))
DIMENSIONS = 256
TENANTS = 100
CONDITIONS = {
    "all": {},
    "one of 100 tenants": {
        "SearchConditionExpression": "tenant = :t",
        "ExpressionAttributeValues": {":t": {"S": "tenant 7"}},
    },
}


@pytest.fixture(scope="module", params=["COSINE", "DOT_PRODUCT", "EUCLIDEAN"])
def searched(request, engine_name, tmp_path_factory):
    """Return an emulator with a full index, which the first search has read."""
    emulator = Emulator(settings_of_engine(engine_name, tmp_path_factory.mktemp("vectors")), ManualClock())
    caller = emulator.caller("AKID", "us-east-1")
    index = vector_index_request("near", "v", DIMENSIONS, request.param, search="tenant:INLINE_FILTER")
    create = {**table_request("pk:S", define="tenant:S", VectorIndexes=[index]), "TableName": "table"}
    emulator.call("CreateTable", create, caller)
    emulator.call("ListTables", {}, caller)
    fill(emulator, emulator.database.table(caller, "table"))
    emulator.call("SearchVectors", search({}), caller)
    yield emulator, caller
    emulator.close()


def fill(emulator, table):
    """Write items without vectors, and entries with random ones: writing real items takes minutes."""
    (index,) = table.vectors
    pack = struct.Struct(f"<{DIMENSIONS}f").pack
    chance = random.Random(1)
    numbers = [chance.gauss(0, 1) for _ in range(100_003)]
    for first in range(0, VECTORS, 1000):
        with emulator.database.write() as txn:
            for number in range(first, min(first + 1000, VECTORS)):
                item = {"pk": {"S": str(number)}, "tenant": {"S": f"tenant {number % TENANTS}"}}
                key = table.key_of_item(item)
                at = chance.randrange(100_000 - DIMENSIONS)
                tenant = item["tenant"]["S"].encode()
                txn.put(key, encode_row(item, item_size(item)))
                entry = pack(*numbers[at : at + DIMENSIONS]) + u32(len(tenant)) + tenant
                txn.put(keyspace.vector_entry(index.prefix, keyspace.tail_of(key)), entry)
            written = vectors.Numbers(number + 1, number + 1)
            txn.put(index.prefix, struct.pack(">5Q", *written))


def search(condition):
    vector_ = vector(*(round(random.Random(2).gauss(0, 1), 4) for _ in range(DIMENSIONS)))["L"]
    return {"TableName": "table", "IndexName": "near", "SearchVector": vector_, "TopK": 10, **condition}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_search(searched, benchmark, condition):
    emulator, caller = searched
    request = search(CONDITIONS[condition])
    answer = benchmark.pedantic(
        lambda: emulator.call("SearchVectors", request, caller), rounds=20, iterations=1, warmup_rounds=2
    )
    assert answer.count(b'"Score"') == 10
