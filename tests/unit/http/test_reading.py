"""Large requests of many values are read in another thread. Their answers are the same."""

import gc
import threading

import orjson
import pytest

from emulator import limits
from emulator.http.front.bodies import Bodies
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.sliced_answers import Pending
from emulator.operations.registry import find
from emulator.slices import finish
from tests.support.http_clients import AUTHORIZATION
from tests.support.tables import table_request

TABLE = "tab"
VALUES = {"L": [{"N": str(number)} for number in range(20_000)]}
PUTS = [{"PutRequest": {"Item": {"pk": {"S": str(number)}, "l": VALUES}}} for number in range(3)]
LARGE = [{"N": "1"}] * 100_000
TARGET = b"DynamoDB_20120810."
REQUESTS = {
    "valid": ("BatchWriteItem", {"RequestItems": {TABLE: PUTS}}),
    "a wrong type": ("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": "a"}, "l": {"L": [*LARGE, {"N": 1}]}}}),
    "a wrong constraint": ("PutItem", {"TableName": "!", "Item": {"pk": {"S": "a"}, "l": {"L": LARGE}}}),
    "a problem of a value": ("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": "a"}, "l": {"L": [*LARGE, {}]}}}),
    "an item that is too large": ("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": "a"}, "l": {"L": LARGE * 3}}}),
    "a missing table": ("PutItem", {"TableName": "no-table", "Item": {"pk": {"S": "a"}, "l": {"L": LARGE}}}),
    "an unknown member": ("GetItem", {"TableName": TABLE, "Key": {"pk": {"S": "0"}}, "Unknown": [[]] * 200_000}),
    "an array": ("GetItem", [[]] * 200_000),
    "an operation that does not exist": ("Nothing", {"Item": LARGE}),
    "an operation that is missing here": ("DescribeEndpoint", {"Item": LARGE}),
    "a long condition": (
        "TransactWriteItems",
        {
            "TransactItems": [
                {
                    "ConditionCheck": {
                        "TableName": TABLE,
                        "Key": {"pk": {"S": str(number)}},
                        "ConditionExpression": " OR ".join(f"attribute_exists(a{number}{each})" for each in range(150)),
                    }
                }
                for number in range(50)
            ],
            "Unknown": LARGE,
        },
    ),
}


def fields(operation, **more):
    return {
        b"content-type": b"application/x-amz-json-1.0",
        b"x-amz-target": TARGET + operation.encode(),
        b"x-amz-date": b"20260101T000000Z",
        b"authorization": AUTHORIZATION.format(key="test", region="us-east-1").encode(),
    } | more


@pytest.fixture
def served(db):
    made = DynamoDbEndpoint(db.emulator)
    made.bodies = Bodies(1 << 30)
    db("CreateTable", **table_request("pk:S", TableName=TABLE))
    yield made
    settle(made)
    assert gc.isenabled()
    assert made.bodies.total == 0


def settle(served):
    """Wait until the endpoint's thread has no work."""
    if served._reader is not None:
        served._reader._thread.submit(int).result()


def answers(served, db, head, body):
    """Return two answers to a request: the one made in one piece, and the one whose request is read
    in another thread.
    """
    db.emulator.database.sliced = False
    whole = served.answer("POST", b"", head, body)
    db.emulator.database.sliced = True
    with pytest.raises(Pending) as caught:
        served.answer("POST", b"", head, body)
    return whole, finish(caught.value.steps)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_answer_is_the_same(db, served, name):
    operation, request = REQUESTS[name]
    whole, read = answers(served, db, fields(operation), orjson.dumps(request))
    assert (read.status, read.body) == (whole.status, whole.body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (fields("GetItem"), orjson.dumps({"Unknown": LARGE})[:-1]),
        (fields("GetItem") | {b"x-amz-target": b"DynamoDB_20111205.GetItem"}, orjson.dumps({"Unknown": LARGE})),
        (
            fields("TagResource") | {b"x-amz-target": b"AnyScaleFrontendService.TagResource"},
            orjson.dumps({"ResourceARN": 1, "Tags": {"a": "b"}, "Unknown": LARGE}),
        ),
        (fields("SearchVectors"), orjson.dumps({"TableName": 1, "Unknown": LARGE})),
        ({**fields("GetItem"), b"authorization": b""}, orjson.dumps({"Unknown": LARGE})),
        ({**fields("GetItem"), b"authorization": b""}, orjson.dumps([LARGE])),
    ],
    ids=[
        "malformed",
        "another version",
        "auto scaling",
        "a decoder",
        "no credentials",
        "no credentials and a wrong type",
    ],
)
def test_the_order_of_errors_is_the_same(db, served, head, body):
    whole, read = answers(served, db, head, body)
    assert (read.status, read.body) == (whole.status, whole.body)
    assert read.status == 400


def test_items_are_stored_whole(db, served):
    operation, request = REQUESTS["valid"]
    _, read = answers(served, db, fields(operation), orjson.dumps(request))
    assert read.status == 200
    settle(served)
    for put in PUTS:
        item = put["PutRequest"]["Item"]
        assert db("GetItem", TableName=TABLE, Key={"pk": item["pk"]})["Item"] == item


def test_others_are_answered_while_a_request_is_read(db, served, monkeypatch):
    db.emulator.database.sliced = True
    go_on = threading.Event()
    read = db.emulator.read
    monkeypatch.setattr(db.emulator, "read", lambda *given: go_on.wait(10) and read(*given))
    operation, request = REQUESTS["valid"]
    body = orjson.dumps(request)
    with pytest.raises(Pending) as caught:
        served.answer("POST", b"", fields(operation), body)
    steps = caught.value.steps
    assert next(steps) > 0, "it waits without using the processor"
    assert served.bodies.total == len(body)
    assert not gc.isenabled()
    assert served.answer("POST", b"", fields("ListTables"), b"{}").status == 200
    go_on.set()
    assert finish(steps).status == 200


def test_a_client_that_goes_away_leaves_nothing_behind(db, served, monkeypatch):
    db.emulator.database.sliced = True
    go_on = threading.Event()
    read = db.emulator.read
    monkeypatch.setattr(db.emulator, "read", lambda *given: go_on.wait(10) and read(*given))
    operation, request = REQUESTS["valid"]
    begun = []
    for _ in range(2):  # the thread reads the first request; the second one waits
        with pytest.raises(Pending) as caught:
            served.answer("POST", b"", fields(operation), orjson.dumps(request))
        begun.append(caught.value.steps)
        next(begun[-1])
    for steps in begun:
        steps.close()
    assert served.bodies.total == 0
    go_on.set()
    settle(served)
    assert db("Scan", TableName=TABLE)["Count"] == 0


@pytest.mark.parametrize("body", [b'{"a":"%b"}' % (b"x" * limits.MIB), orjson.dumps({"a": [1] * 20_000})])
def test_large_bodies_of_few_values_and_small_ones_are_read_at_once(db, served, body):
    db.emulator.database.sliced = True
    assert served.answer("POST", b"", fields("ListTables"), body).status == 200
    assert served._reader is None


def test_a_request_that_was_read_can_run_again(db):
    """An interrupted request runs again from its start, so its check must report the
    problems again.
    """
    operation = find("BatchExecuteStatement")
    statement = {"Statement": f"UPDATE {TABLE} SET a = ? WHERE pk = ?", "Parameters": [{"NULL": False}, {"S": "a"}]}
    db("CreateTable", **table_request("pk:S", TableName=TABLE))
    request = operation.read({"Statements": [statement]})
    caller = db.emulator.caller("test", "us-east-1", "localhost")
    first, second = (orjson.loads(operation.run(db.emulator.database, caller, request)) for _ in range(2))
    assert first == second
    assert first["Responses"][0]["Error"]["Code"] == "ValidationError"
