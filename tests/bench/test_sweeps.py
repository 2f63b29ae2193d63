"""TTL sweeps in process: each deletes 2,000 expired items of 1 KB or 200 B, in four slices.

Target without a stream: 20,000 items a second, so 100 ms a round. A NEW_AND_OLD_IMAGES stream and a
global index may each add the same time again. `make test` runs each benchmark once and checks only
how many items it deletes.
"""

import time

import pytest

from emulator.slices import finish
from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.database.jobs import ttl_sweep
from tests.support.engines import settings_of_engine
from tests.support.tables import index_request, table_request

pytestmark = pytest.mark.benchmark(timer=time.process_time)

ITEMS = 2_000
ROUNDS = 12
SIZES = {"200 B": 120, "1 KB": 950}
STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
INDEX = {"define": "g:S", "GlobalSecondaryIndexes": [index_request("index", "g sk")]}
TABLES = {"plain": {}, "stream": STREAM, "index": INDEX, "stream and index": {**STREAM, **INDEX}}


@pytest.fixture
def emulator(engine_name, tmp_path):
    made = Emulator(settings_of_engine(engine_name, tmp_path / "data"), ManualClock())
    yield made
    made.close()


def expired(number, size, now):
    digits = f"{number:08d}"
    return {
        "pk": {"S": f"user#{digits}"},
        "sk": {"S": f"order#{digits}"},
        "g": {"S": f"group#{number % 100}"},
        "expires": {"N": str(int(now) - 1 - number % 100)},
        "text": {"S": "x" * size},
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("table", TABLES)
def test_sweep(emulator, benchmark, table, size):
    caller = emulator.caller("AKID", "us-east-1")
    request = table_request(**TABLES[table])
    name = request["TableName"]
    setting = {"Enabled": True, "AttributeName": "expires"}
    emulator.call("CreateTable", request, caller)
    emulator.call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": setting}, caller)
    now = emulator.clock.now()

    def fill():
        for start in range(0, ITEMS, 25):
            puts = [{"PutRequest": {"Item": expired(n, SIZES[size], now)}} for n in range(start, start + 25)]
            emulator.call("BatchWriteItem", {"RequestItems": {name: puts}}, caller)

    def sweep():
        return finish(ttl_sweep.sweep(emulator.database, ttl_sweep.tables(emulator.database)))

    benchmark.group = f"sweep of {ITEMS} items, {size}"
    deleted = benchmark.pedantic(sweep, setup=fill, rounds=ROUNDS)
    assert deleted.total() == ITEMS
    if benchmark.enabled:
        benchmark.extra_info["items a second"] = round(ITEMS / benchmark.stats.stats.min)
