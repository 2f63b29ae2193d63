"""The stages of a request, each by itself: they show where the time of an operation goes."""

import json
import time
from collections import deque
from itertools import cycle

import orjson
import pytest

from emulator.expressions.bind import bind
from emulator.model.service import request_model
from emulator.values.rows import decode_row, encode_row
from emulator.values.wire import parse_item
from tests.bench.bodies import put, query, update
from tests.bench.items import item_1k, item_200
from tests.bench.workload import CONDITION, REQUESTS
from tests.support.engines import ENGINE_KINDS

pytestmark = pytest.mark.benchmark(
    timer=time.process_time, min_time=0.001, max_time=0.5, warmup=True, warmup_iterations=400
)

PUT = put("puts", item_1k(1), **CONDITION)
ITEM = decode_row(encode_row(item_1k(1), 1000))
ROW = encode_row(item_1k(1), 1000)


@pytest.mark.parametrize("name", ["GetItem 1 KB", "PutItem 1 KB", "BatchWriteItem 25 x 1 KB"])
def test_json_loads(benchmark, name):
    _, requests = REQUESTS[name]
    assert benchmark(orjson.loads, json.dumps(requests[0]).encode()) == requests[0]


@pytest.mark.parametrize("name", REQUESTS)
def test_model(benchmark, name):
    """Parse and validate a request, with its attribute values."""
    operation, requests = REQUESTS[name]
    model = request_model(operation)
    parse, validate = model.parse, model.validate

    def checked():
        request = parse(requests[0])
        validate(request)
        return request

    assert benchmark(checked).keys() == requests[0].keys()


@pytest.mark.parametrize("item", [item_1k(1), item_200("part", 1)], ids=["1 KB", "200 B"])
def test_parse_item(benchmark, item):
    problems = []
    assert benchmark(parse_item, item, problems) == item
    assert not problems


@pytest.mark.parametrize(
    "request_", [PUT, update("records", 1), query("small", "part")], ids=["condition", "update", "query"]
)
def test_bind_known_form(benchmark, request_):
    assert benchmark(bind, request_) is bind(request_)


def test_condition(benchmark):
    test = bind(PUT).condition.test
    assert benchmark(test, ITEM, PUT["ExpressionAttributeValues"])


def test_update(benchmark):
    request = update("records", 1)
    apply = bind(request).update.apply
    new = benchmark(apply, ITEM, request["ExpressionAttributeValues"], exists=True)
    assert new["a"] == {"N": "2"}


def test_encode_row(benchmark):
    assert benchmark(encode_row, ITEM, 1000) == ROW


def test_decode_row(benchmark):
    assert benchmark(decode_row, ROW) == ITEM


@pytest.fixture(scope="module")
def engine(engine_name, tmp_path_factory):
    """A store of 10,000 rows of 1 KB."""
    store = ENGINE_KINDS[engine_name].open(tmp_path_factory.mktemp("stages"))
    with store.write() as txn:
        for n in range(10_000):
            txn.put(key(n), ROW)
    yield store
    store.close()


def key(n):
    return b"\3\0\0\0\1" + n.to_bytes(16, "big") + b"order#00000001"


def test_storage_get(engine, benchmark):
    turn = cycle([key(n) for n in range(0, 10_000, 7)]).__next__

    def get():
        with engine.read() as txn:
            return txn.get(turn())

    assert benchmark(get) == ROW


def test_storage_put(engine, benchmark):
    """Read and write one key in one transaction, as a PutItem does in the store."""
    turn = cycle([key(n) for n in range(0, 10_000, 7)]).__next__

    def overwrite():
        at = turn()
        with engine.write() as txn:
            txn.get(at)
            txn.put(at, ROW)
        return at

    at = benchmark(overwrite)
    with engine.read() as txn:
        assert txn.get(at) == ROW


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
def test_storage_scan(engine, benchmark, reverse):
    """Read a thousand rows in the order of their keys, or in reverse order."""

    def scan():
        with engine.read() as txn:
            return len(deque(txn.scan(key(1_000), key(2_000), reverse=reverse)))

    assert benchmark(scan) == 1_000
