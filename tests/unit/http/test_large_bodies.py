"""The memory of large bodies: Python's garbage collector is off during their requests, and sizes of
decompressed bodies are recorded.
"""

import gc
import subprocess
import sys
from types import SimpleNamespace

import orjson
import pytest

from emulator import limits
from emulator.app import Emulator
from emulator.http import memory
from emulator.http.front import encoding
from emulator.http.front.bodies import Bodies
from emulator.http.front.dynamodb import _LARGE, DynamoDbEndpoint
from emulator.http.front.sliced_answers import Pending
from emulator.settings import Settings
from tests.support.http_clients import AUTHORIZATION
from tests.support.tables import table_request

FIELDS = {
    b"content-type": b"application/x-amz-json-1.0",
    b"x-amz-target": b"DynamoDB_20120810.ListTables",
    b"x-amz-date": b"20260101T000000Z",
    b"authorization": AUTHORIZATION.format(key="test", region="us-east-1").encode(),
}
SMALL = b"{}"
LARGE = orjson.dumps({"Unknown": "x" * _LARGE})
VERY_LARGE = orjson.dumps({"Unknown": "x" * limits.MIB})
WRONG = orjson.dumps({"Limit": 0, "Unknown": "x" * _LARGE})


@pytest.mark.parametrize("coding", [None, "gzip"])
@pytest.mark.parametrize(("body", "status", "rests"), [(SMALL, 200, False), (LARGE, 200, True), (WRONG, 400, True)])
def test_the_collector_rests(monkeypatch, coding, body, status, rests):
    emulator = Emulator(Settings(in_memory=True))
    endpoint = DynamoDbEndpoint(emulator)
    resting = []
    call = emulator.call
    monkeypatch.setattr(emulator, "call", lambda *given: resting.append(not gc.isenabled()) or call(*given))
    fields = FIELDS if coding is None else FIELDS | {b"content-encoding": coding.encode()}
    sent = body if coding is None else encoding.encoded(body, coding)
    assert endpoint.answer("POST", b"", fields, sent).status == status
    assert resting == [rests]
    assert gc.isenabled()
    emulator.close()


def test_the_collector_rests_during_a_check_in_steps_and_finds_nothing_afterwards():
    """The objects of long statements, 500,000 for 100 statements, are freed with the request, also
    if it fails. So the collector finds nothing.
    """
    emulator = Emulator(Settings(data_dir=None, in_memory=True))
    emulator.database.sliced = True
    endpoint = DynamoDbEndpoint(emulator)
    table = orjson.dumps(table_request("pk:S", TableName="tab"))
    endpoint.answer("POST", b"", FIELDS | {b"x-amz-target": b"DynamoDB_20120810.CreateTable"}, table)
    changes = " ".join(f"SET a{number} = {number}" for number in range(450))
    statements = [{"Statement": f"UPDATE tab {changes} WHERE pk = '{number}'"} for number in range(20)]
    body = orjson.dumps({"TransactStatements": statements})
    fields = FIELDS | {b"x-amz-target": b"DynamoDB_20120810.ExecuteTransaction"}
    gc.collect()
    gc.disable()
    try:
        for _ in range(2):  # the first request also fills the caches
            with pytest.raises(Pending) as pending:
                endpoint.answer("POST", b"", fields, body)
            answer, enabled = finished(pending.value.steps)
            assert (answer.status, set(enabled)) == (400, {False})
            assert gc.isenabled()
            gc.disable()
        assert gc.collect() < 1_000
    finally:
        gc.enable()
        emulator.close()


@pytest.mark.parametrize(("collections", "idle", "due"), [(9, 1.0, False), (10, 0.9, False), (10, 1.0, True)])
def test_full_collections_run_while_clients_are_idle(monkeypatch, collections, idle, due):
    monkeypatch.setattr(memory, "gc", SimpleNamespace(get_count=lambda: (0, 0, collections)))
    clients = [SimpleNamespace(last_active=100 - idle), SimpleNamespace(last_active=90)]
    assert memory.is_full_collection_due(clients, 100) is due


def test_a_server_puts_off_full_collections():
    code = "import gc; from emulator.http.memory import put_off_full_collections as f; f(); print(gc.get_threshold())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "(700, 10, 1000)\n"


def finished(steps):
    """Run all steps; return their result, and for each step True if the collector was
    on after it.
    """
    enabled = []
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, enabled
        enabled.append(gc.isenabled())


@pytest.mark.parametrize(
    ("plain", "status", "large"),
    [(SMALL, 200, False), (b" " * (1 << 20) + SMALL, 200, True), (b" " * (17 << 20), 413, True)],
)
def test_a_body_that_inflates_leaves_memory_behind(plain, status, large):
    emulator = Emulator(Settings(in_memory=True))
    endpoint = DynamoDbEndpoint(emulator)
    endpoint.bodies = bodies = Bodies(1 << 20)
    fields = FIELDS | {b"content-encoding": b"gzip"}
    assert endpoint.answer("POST", b"", fields, encoding.encoded(plain, "gzip")).status == status
    assert bodies.large is large
    emulator.close()


def test_an_operation_is_loaded_before_a_large_body_is_parsed(monkeypatch):
    emulator = Emulator(Settings(in_memory=True))
    endpoint = DynamoDbEndpoint(emulator)
    done = []
    load, loads = emulator.load, orjson.loads
    monkeypatch.setattr(emulator, "load", lambda operation: done.append(operation) or load(operation))
    monkeypatch.setattr(orjson, "loads", lambda body: done.append(len(body)) or loads(body))
    assert endpoint.answer("POST", b"", FIELDS, LARGE).status == 200
    assert done == ["ListTables", len(LARGE)]
    emulator.close()


def test_few_objects_are_made_of_many_table_names(monkeypatch):
    emulator = Emulator(Settings(in_memory=True))
    endpoint = DynamoDbEndpoint(emulator)
    fields = FIELDS | {b"x-amz-target": b"DynamoDB_20120810.BatchWriteItem"}
    small, large = (
        b'{"RequestItems":{%b}}' % b",".join([b'"%d":[]' % number for number in range(names)])
        for names in (2_000, 200_000)
    )
    parsed = []
    loads = orjson.loads
    monkeypatch.setattr(orjson, "loads", lambda body: parsed.append(len(body)) or loads(body))
    answers = [endpoint.answer("POST", b"", fields, body) for body in (small, large)]
    assert answers[0].status == 400
    assert answers[1].body == answers[0].body
    assert parsed[0] == len(small)
    assert max(parsed[1:]) < 10_000
    emulator.close()


@pytest.mark.parametrize("target", [b"", b"DynamoDB_20120810.Nothing", b"DynamoDB_20111205.ListTables"])
def test_a_large_body_for_no_operation_of_ours(target):
    emulator = Emulator(Settings(in_memory=True))
    endpoint = DynamoDbEndpoint(emulator)
    fields = FIELDS | {b"x-amz-target": target}
    small, *large = (endpoint.answer("POST", b"", fields, body) for body in (SMALL, LARGE, VERY_LARGE))
    assert {(each.status, each.body) for each in large} == {(small.status, small.body)}
    emulator.close()


def test_a_large_body_that_is_not_json():
    emulator = Emulator(Settings(in_memory=True))
    endpoint = DynamoDbEndpoint(emulator)
    small, *large = (endpoint.answer("POST", b"", FIELDS, body) for body in (b"{", LARGE[:-1], VERY_LARGE[:-1]))
    assert small.status == 400
    assert {(each.status, each.body) for each in large} == {(small.status, small.body)}
    emulator.close()


def cached_key(key):
    """Return orjson's string for a key. While orjson remembers the key, this is always the same
    object.
    """
    [found] = orjson.loads(b'{"%b":0}' % key)
    return found


def test_keys_of_a_body_are_forgotten():
    keys = [b"key %d" % number for number in range(100)]
    before = [cached_key(key) for key in keys]
    assert sum(cached_key(key) is known for key, known in zip(keys, before, strict=True)) > 80, "orjson remembers"
    memory.forget_keys()
    assert not any(cached_key(key) is known for key, known in zip(keys, before, strict=True))
