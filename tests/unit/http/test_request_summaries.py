"""Summaries of requests: reasons, waits, kept requests, and the control that shows them."""

import gzip
import json
import math
import re

import orjson
import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.http.application import create_front
from emulator.http.front.answers import Answer
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.observed import Exchange
from emulator.http.front.sliced_answers import Pending
from emulator.http.observing import summary
from emulator.http.observing.kept import MOST, KeptRequests
from emulator.http.observing.large_bodies import LARGE
from emulator.http.observing.waits import Waits
from emulator.slices import finish
from tests.support.asgi import ask
from tests.support.http_clients import AUTHORIZATION
from tests.support.tables import table_request

ITEM = {"pk": {"S": "secret"}}
TARGET = {b"x-amz-target": b"DynamoDB_20120810.BatchGetItem"}


@pytest.fixture(autouse=True)
def no_request_is_slow(monkeypatch):
    monkeypatch.setattr("emulator.http.observing.waits.SLOW", math.inf)


@pytest.fixture
def front(db):
    made = create_front(db.emulator)
    db.emulator.request_log().keep(on=True)
    send(made, "CreateTable", {**table_request("pk:S"), "TableName": "Orders"})
    return made


def send(front, operation, request, key="test", **more):
    fields = {
        b"content-type": b"application/x-amz-json-1.0",
        b"x-amz-target": f"DynamoDB_20120810.{operation}".encode(),
        b"x-amz-date": b"20260101T000000Z",
        b"authorization": AUTHORIZATION.format(key=key, region="us-east-1").encode(),
        **{name.replace("_", "-").encode(): value for name, value in more.items()},
    }
    try:
        return front.endpoint.answer("POST", b"", fields, orjson.dumps(request))
    except Pending as pending:
        return finish(pending.steps)


@pytest.mark.parametrize(
    ("effect", "status", "reason"),
    [
        (
            {"Kind": "Drop"},
            599,
            "a fault closed the connection: the control `faults` lists the faults in force",
        ),
        (
            {"Kind": "Throttle"},
            400,
            "a fault may have caused this error: the control `faults` lists the faults in force",
        ),
        ({"Kind": "Error"}, 500, "a fault may have caused this error: the control `faults` lists the faults in force"),
    ],
)
def test_reasons_of_faults(db, front, effect, status, reason):
    registry.call(db.emulator, "faults", {"Effect": effect})
    send(front, "GetItem", {"TableName": "Orders", "Key": ITEM})
    last = kept(db)[-1]
    assert (last["Operation"], last["Status"], last["Reason"]) == ("GetItem", status, reason)
    registry.call(db.emulator, "remove_faults", {})


def kept(db, **body):
    return registry.call(db.emulator, "find_requests", body)["Requests"]


def reason(db):
    return kept(db)[-1].get("Reason")


# --- summaries ------------------------------------------------------------------------------------


def test_a_summary(db, front):
    send(front, "PutItem", {"TableName": "Orders", "Item": ITEM, "ReturnConsumedCapacity": "TOTAL"})
    (found,) = kept(db)[1:]
    assert re.fullmatch(r"\d+-0", found.pop("Id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("Time"))
    assert found.pop("Milliseconds") > 0
    assert len(found.pop("RequestId")) == 52
    assert found == {
        "Worker": 0,
        "Operation": "PutItem",
        "Tables": ["Orders"],
        "Status": 200,
        "CapacityUnits": 1.0,
        "AccessKey": "test",
        "Region": "us-east-1",
    }


def test_summaries_have_no_values_of_items(db, front):
    send(front, "PutItem", {"TableName": "Orders", "Item": ITEM})
    send(front, "PutItem", {"TableName": "Orders", "Item": {**ITEM, "x": {"S": "y" * 5000}}})
    send(front, "GetItem", {"TableName": "Orders", "Key": ITEM, "ReturnConsumedCapacity": "TOTAL"})
    send(front, "PutItem", {"TableName": "Orders", "Item": {"pk": {"N": "1"}}})
    assert len(kept(db)) == 5
    assert "secret" not in json.dumps(kept(db))


def test_other_requests_and_our_own_calls(db, front):
    ask(front.site, "POST", "/_emulator/clock", b'{"Advance": 1}')
    ask(front.site, "GET", "/2015-03-31/event-source-mappings/")
    front.endpoint.answer("GET", b"", {}, b"")
    front.endpoint.refuse(413)
    found = [(each.get("Method"), each.get("Path"), each["Status"], each.get("Reason")) for each in kept(db)[1:]]
    assert found == [
        ("GET", "/2015-03-31/event-source-mappings/", 403, None),
        ("GET", "/", 200, None),
        (None, None, 413, "its body has more than 16 MB"),
    ]


# --- large bodies ---------------------------------------------------------------------------------

FILL = {"x": {"S": "y" * 30_000}}
PUTS = [{"PutRequest": {"Item": {"pk": {"S": str(number)}, **FILL}}} for number in range(25)]
LIST = {"L": [{"N": "1"}] * 60_000}


def lookalike(name):
    """Return an item with an attribute that has the name of a member of a request."""
    return {"pk": {"S": "a"}, name: {"M": {name: {"S": f'"{name}":"wrong"'}}}, "l": LIST}


@pytest.mark.parametrize(
    ("operation", "request_", "tables"),
    [
        ("BatchWriteItem", {"RequestItems": {f"t{number}": [] for number in range(60_000)}}, ["t0"]),
        ("BatchWriteItem", {"RequestItems": {"Orders": PUTS}}, ["Orders"]),
        ("PutItem", {"TableName": "Orders", "Item": lookalike("TableName")}, ["Orders"]),
        ("PutItem", {"Item": lookalike("TableName"), "TableName": "Orders"}, ["Orders"]),
        ("ExecuteStatement", {"Statement": 'SELECT * FROM "Orders"', "Parameters": [LIST]}, ["Orders"]),
        ("GetItem", {"TableName": "n" * 600_000}, []),
        ("TransactWriteItems", {"TransactItems": [{}] * 200_000}, []),
    ],
)
def test_a_large_request_is_not_parsed_for_its_summary(db, front, monkeypatch, operation, request_, tables):
    parsed = []
    loads = orjson.loads
    monkeypatch.setattr(summary.orjson, "loads", lambda body: parsed.append(len(body)) or loads(body))
    answer = send(front, operation, request_)
    found = kept(db)[-1]
    assert found["Tables"] == tables
    assert found["BodyBytes"] == len(orjson.dumps(request_))
    assert found["Status"] == answer.status
    assert sum(size > LARGE for size in parsed) == 1, "the endpoint parses it"


def test_a_large_request_tells_its_capacity_index_and_condition(db, front):
    request = {"RequestItems": {"Orders": PUTS}, "ReturnConsumedCapacity": "TOTAL"}
    send(front, "BatchWriteItem", request)
    assert kept(db)[-1]["CapacityUnits"] == 25 * 30.0
    send(front, "Scan", {"TableName": "Orders", "IndexName": "no", "ExpressionAttributeValues": {":v": LIST}})
    assert kept(db)[-1]["Index"] == "no"
    item = {"pk": {"S": "a"}, "b": {"B": "AAAA" * 130_000}}
    condition = "attribute_exists(pk) AND NOT begins_with(pk, :v)" + " OR attribute_exists(pk)" * 100
    send(front, "PutItem", {"TableName": "Orders", "Item": item, "ConditionExpression": condition})
    assert "BodyBytes" in kept(db)[-1]


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "ExecuteStatement"])
def test_a_large_answer_tells_its_capacity(db, front, operation):
    send(front, "BatchWriteItem", {"RequestItems": {"Orders": PUTS}})
    requests = {
        "Scan": {"TableName": "Orders"},
        "BatchGetItem": {"RequestItems": {"Orders": {"Keys": [{"pk": {"S": str(number)}} for number in range(25)]}}},
        "ExecuteStatement": {"Statement": "SELECT * FROM Orders"},
    }
    answer = send(front, operation, requests[operation] | {"ReturnConsumedCapacity": "INDEXES"})
    assert len(answer.body) > LARGE
    consumed = orjson.loads(answer.body)["ConsumedCapacity"]
    units = consumed["CapacityUnits"] if isinstance(consumed, dict) else consumed[0]["CapacityUnits"]
    assert kept(db)[-1]["CapacityUnits"] == units > 0


def test_a_large_transaction_that_is_canceled(db, front):
    send(front, "BatchWriteItem", {"RequestItems": {"Orders": PUTS}})
    actions = [
        {
            "Delete": {
                "TableName": "Orders",
                "Key": {"pk": {"S": str(number)}},
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
        for number in range(25)
    ]
    answer = send(front, "TransactWriteItems", {"TransactItems": actions})
    assert len(answer.body) > LARGE
    found = kept(db)[-1]
    assert found["Code"] == "TransactionCanceledException"
    assert found["Message"].startswith("Transaction cancelled, please refer cancellation reasons")


def test_a_large_batch_that_is_not_finished():
    answers = []
    body = b'{"Responses":{"t":[{"UnprocessedKeys":{"S":"%b"}}]},"UnprocessedKeys":{"t":{"Keys":[]}}}' % (b"y" * LARGE)
    exchange = Exchange(0.0, 0.1, 0.0, "POST", b"/", b"", TARGET, b"{}", Answer(200, b"", body))
    summary.summary_of(exchange, lambda *given: answers.append(given[2]))
    assert answers == [{"UnprocessedKeys": {"t": {"Keys": []}}}]


def test_long_lists_and_names_in_a_summary():
    assert len(summary.tables_of({"RequestItems": dict.fromkeys(map(str, range(1_000)))})) == 100
    assert summary.tables_of({"TableName": "n" * 5_000}) == ["n" * 1_024]


# --- reasons --------------------------------------------------------------------------------------

CONDITION = {"ConditionExpression": "attribute_exists(#p)", "ExpressionAttributeNames": {"#p": "pk"}}


def test_a_condition(db, front):
    send(front, "PutItem", {"TableName": "Orders", "Item": ITEM, **CONDITION})
    assert reason(db) == "the condition was: attribute_exists(#p)"


def test_a_transaction(db, front):
    actions = [
        {"Put": {"TableName": "Orders", "Item": {"pk": {"S": "other"}}}},
        {"Put": {"TableName": "Orders", "Item": ITEM, **CONDITION}},
    ]
    send(front, "TransactWriteItems", {"TransactItems": actions})
    assert reason(db) == ("action 2, Put on Orders: ConditionalCheckFailed; the condition was: attribute_exists(#p)")


def test_a_declared_conflict(db, front):
    registry.call(db.emulator, "transactions", {"TableName": "Orders", "Key": ITEM, "Seconds": 60})
    send(front, "PutItem", {"TableName": "Orders", "Item": ITEM})
    expected = (
        "a test declared a transaction in progress, with the control `transactions` or with --ongoing-transaction"
    )
    assert reason(db) == expected
    send(front, "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "Orders", "Item": ITEM}}]})
    assert reason(db) == f"action 1, Put on Orders: TransactionConflict; {expected}"


def test_a_table_of_somebody_else(db, front):
    send(front, "GetItem", {"TableName": "Orders", "Key": ITEM}, key="other")
    assert reason(db) == "table Orders exists under access key test, region us-east-1"
    send(front, "GetItem", {"TableName": "Nowhere", "Key": ITEM}, key="other")
    assert reason(db) is None


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"TableName": "Slow"}, "the control `throttling` enforces this limit for this table"),
        ({}, "the control `throttling` enforces the limits of all tables"),
    ],
)
def test_provisioned_throughput(db, front, declared, expected):
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
    table = table_request("pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    send(front, "CreateTable", {**table, "TableName": "Slow"})
    registry.call(db.emulator, "throttling", {"Enforced": True, **declared})
    registry.call(db.emulator, "move_clock", {"Freeze": True})
    for _ in range(1000):
        answer = send(front, "PutItem", {"TableName": "Slow", "Item": {**ITEM, "x": {"S": "y" * 3000}}})
        if answer.status == 400:
            break
        send(front, "DeleteItem", {"TableName": "Slow", "Key": ITEM})
    assert reason(db) == (
        f"TableWriteProvisionedThroughputExceeded: table Slow has 2 provisioned write units a second; {expected}"
    )


def test_what_a_batch_did_not_process(db, front):
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = table_request("pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    send(front, "CreateTable", {**table, "TableName": "Slow"})
    registry.call(db.emulator, "throttling", {"Enforced": True})
    registry.call(db.emulator, "move_clock", {"Freeze": True})
    registry.call(db.emulator, "move_clock", {"Advance": 300})  # saves 300 units for the table
    puts = [{"PutRequest": {"Item": {"pk": {"S": str(n)}, "x": {"S": "y" * 90_000}}}} for n in range(10)]
    answer = send(front, "BatchWriteItem", {"RequestItems": {"Slow": puts}})
    left = len(orjson.loads(answer.body)["UnprocessedItems"]["Slow"])
    assert 0 < left < 10
    assert reason(db) == (
        f"not processed: {left} of Slow, which has 1 provisioned write units a second; "
        "the control `throttling` enforces the limits of all tables"
    )
    send(front, "BatchWriteItem", {"RequestItems": {"Orders": puts[:1]}})
    assert reason(db) is None


# --- waits ----------------------------------------------------------------------------------------


def exchange(began, seconds, others=0.0, operation="Scan"):
    fields = {b"x-amz-target": f"DynamoDB_20120810.{operation}".encode()}
    answer = Answer(200, b"", b"{}")
    return Exchange(began, began + seconds, others, "POST", b"/", b"", fields, b"{}", answer)


@pytest.mark.parametrize(
    ("exchanges", "expected"),
    [
        ([exchange(1, 0.05)], None),
        ([exchange(1, 0.2)], "its own work took 200 ms"),
        ([exchange(1, 0.3, others=0.2)], "its own work took 100 ms, other requests in between took 200 ms"),
        (
            [exchange(1, 0.2), exchange(1.2, 0.001)],
            "it may have waited up to 200 ms, mostly for Scan (200 ms)",
        ),
        (
            [exchange(1, 0.2), exchange(1.2, 0.01, operation="GetItem"), exchange(1.2101, 0.001)],
            "it may have waited up to 210 ms, mostly for Scan (200 ms)",
        ),
        ([exchange(1, 0.2), exchange(1.3, 0.001)], None),  # the process was idle between the two
        (
            [exchange(1, 0.2), exchange(1.2, 0.15)],
            "it may have waited up to 200 ms, mostly for Scan (200 ms); its own work took 150 ms",
        ),
    ],
)
def test_why_a_request_was_slow(monkeypatch, exchanges, expected):
    monkeypatch.setattr("emulator.http.observing.waits.SLOW", 0.1)
    waits = Waits()
    *_, last = [waits.explain(each) for each in exchanges]
    assert last == expected


def test_a_slow_request_that_failed_has_both_reasons(monkeypatch):
    monkeypatch.setattr("emulator.http.observing.waits.SLOW", 0.1)
    requests = KeptRequests(lambda *_: "no such table")
    requests.observer.other(exchange(1, 0.2)._replace(answer=Answer(400, b"", b"{}")))
    ((_, summary),) = requests.summaries()
    assert summary["Reason"] == "no such table; slow: its own work took 200 ms"


# --- keeping --------------------------------------------------------------------------------------


def test_only_the_last_are_kept(db, front):
    for _ in range(MOST + 10):
        send(front, "ListTables", {})
    found = kept(db)
    assert len(found) == MOST
    assert {each["Operation"] for each in found} == {"ListTables"}


def large(began, size):
    return exchange(began, 0.1)._replace(body=b"{}" + b" " * size, answer=Answer(200, b"", b"x" * size))


def test_large_bodies_are_kept_as_long_as_there_is_room():
    share = 1 << 20  # bytes, half of which are for 128 small requests
    requests = KeptRequests(lambda *_: None, share)
    for number in range(5):
        requests.observer.other(large(number, 100_000))
    bodies = [each and sum(map(len, each)) for _, _, each in requests.whole()]
    assert bodies == [None, None, None, 200_002, 200_002]
    assert {summary["Operation"] for _, summary in requests.summaries()} == {"Scan"}
    requests.observer.other(large(9, share))
    assert [each for _, _, each in requests.whole()] == [None] * 6
    for _ in range(200):
        requests.observer.ordinary(large(10, 1))
    assert len(requests.summaries()) == 128


def test_bodies_of_requests_that_are_no_longer_kept_make_room():
    requests = KeptRequests(lambda *_: None, 1 << 20)
    requests.observer.other(large(1, 250_000))
    for number in range(128):
        requests.observer.ordinary(large(2 + number, 1))
    for number in range(2):
        requests.observer.other(large(200 + number, 120_000))
    assert all(each is not None for _, _, each in requests.whole())


def test_one_request_with_its_bodies(db, front):
    body = gzip.compress(orjson.dumps({"TableName": "Orders", "Item": ITEM}))
    fields = {b"content-type": b"application/x-amz-json-1.0", b"x-amz-target": b"DynamoDB_20120810.PutItem"}
    front.endpoint.answer("POST", b"", {**fields, b"content-encoding": b"gzip"}, body)
    send(front, "GetItem", {"TableName": "Orders", "Key": ITEM})
    refused, got = kept(db)[-2:]
    found = registry.call(db.emulator, "request", {"Id": got["Id"]})
    assert (found["Method"], found["Path"], found["Target"]) == ("POST", "/", "DynamoDB_20120810.GetItem")
    assert orjson.loads(found["Request"]) == {"TableName": "Orders", "Key": ITEM}
    assert orjson.loads(found["Answer"]) == {}
    assert {name: found[name] for name in got} == got
    found = registry.call(db.emulator, "request", {"Id": refused["Id"]})
    assert orjson.loads(found["Request"])["Item"] == ITEM
    assert orjson.loads(found["Answer"])["__type"].endswith("MissingAuthenticationTokenException")


@pytest.mark.parametrize("body", [{}, {"Id": 1}, {"Id": "x"}, {"Id": "1-0"}, {"Id": "1-0", "After": "1-0"}])
def test_an_unknown_request(db, front, body):
    with pytest.raises(BadDeclaration):
        registry.call(db.emulator, "request", body)


def test_compressed_requests(db, front):
    body = gzip.compress(orjson.dumps({"TableName": "Orders", "Item": ITEM}))
    fields = {b"content-type": b"application/x-amz-json-1.0", b"x-amz-target": b"DynamoDB_20120810.PutItem"}
    front.endpoint.answer("POST", b"", {**fields, b"content-encoding": b"gzip"}, body)
    assert kept(db)[-1]["Tables"] == ["Orders"]
    assert "AccessKey" not in kept(db)[-1]


def test_keeping_ends(db, front):
    registry.call(db.emulator, "keep_requests", {"Enabled": False})
    assert registry.call(db.emulator, "requests", {})["Requests"] == []
    assert registry.call(db.emulator, "requests", {})["Keeping"] is False
    assert type(front.endpoint) is DynamoDbEndpoint
    registry.call(db.emulator, "keep_requests", {"Enabled": True})
    send(front, "ListTables", {})
    assert len(kept(db)) == 1


# --- the control ----------------------------------------------------------------------------------


def test_filters(db, front):
    for key in ("a", "b", "a"):
        send(front, "ListTables", {}, key=key)
    first, second, third = kept(db)[1:]
    assert kept(db, AccessKey="a") == [first, third]
    assert kept(db, AccessKey="a", Limit=1) == [third]
    assert kept(db, After=second["Id"]) == [third]
    last = registry.call(db.emulator, "requests", {})["Last"]
    assert kept(db, After=last) == []
    send(front, "ListTables", {}, key="c")
    assert [each["AccessKey"] for each in kept(db, After=last)] == ["c"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_repeated_calls_return_each_request_once(db, front, limit):
    """Each call continues after the `Last` of the call before, so that a program that polls sees
    every request.
    """
    for number in range(7):
        send(front, "ListTables", {}, key=f"k{number}")
    seen, last = [], "0-0"
    while True:
        found = registry.call(db.emulator, "find_requests", {"After": last, "Limit": limit})
        if not found["Requests"]:
            break
        assert len(found["Requests"]) <= limit
        seen += [each["Id"] for each in found["Requests"]]
        last = found["Last"]
    assert seen == [each["Id"] for each in kept(db)]
    send(front, "ListTables", {}, key="later")
    assert [each["AccessKey"] for each in kept(db, After=last, Limit=limit)] == ["later"]


@pytest.mark.parametrize(
    "body", [{"Limit": 0}, {"Limit": 1001}, {"Limit": "1"}, {"After": "x"}, {"After": 1}, {"AccessKey": 1}]
)
def test_wrong_filters(db, front, body):
    with pytest.raises(BadDeclaration):
        registry.call(db.emulator, "find_requests", body)


@pytest.mark.parametrize("body", [{}, {"Enabled": 1}])
def test_wrong_switches(db, front, body):
    with pytest.raises(BadDeclaration):
        registry.call(db.emulator, "keep_requests", body)


def test_an_emulator_without_a_server_keeps_nothing(db):
    with pytest.raises(BadDeclaration, match="not served over HTTP"):
        registry.call(db.emulator, "requests", {})


def part(now, *requests):
    made = [{"Ended": ended, "Began": began, "Worker": worker} for began, ended, worker in requests]
    return {"Keeping": True, "Requests": made, "Now": now}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part(10, (1, 2, 0)), part(12, (0, 5, 1))], ["5-1", "2-0"]),  # in the order of arrival
        ([part(10, (1, 2, 1)), part(12, (1, 2, 0))], ["2-0", "2-1"]),
        ([part(10, (1, 2, 0)), part(12, (3, 11, 1))], ["2-0"]),  # left out: process 0 may end one before 11
    ],
)
def test_the_requests_of_several_processes(parts, expected):
    found = registry.registered()["requests"]
    result = finish(registry.gathered(found, {}, parts))
    assert [each["Id"] for each in result["Requests"]] == expected
    assert result["Last"] == "9-999"


def test_a_page_of_several_processes_ends_in_the_order_of_answers():
    """A page has the requests that were answered first, but shows them in the order of arrival."""
    parts = [part(20, (5, 6, 0), (1, 9, 0)), part(20, (2, 7, 1), (3, 8, 1))]
    found = registry.registered()["find_requests"]
    first = finish(registry.gathered(found, {"After": "0-0", "Limit": 3}, parts))
    assert ([each["Id"] for each in first["Requests"]], first["Last"]) == (["7-1", "8-1", "6-0"], "8-1")
    rest = finish(registry.gathered(found, {"After": first["Last"], "Limit": 3}, parts))
    assert ([each["Id"] for each in rest["Requests"]], rest["Last"]) == (["9-0"], "19-999")
