"""The evidence for the advisor: which requests it keeps, what it cuts, when it is examined."""

import json

import pytest

from emulator.http.observing import evidence
from emulator.slices import finish
from tests.support.tables import table_request

TABLE = {**table_request("pk:S sk:S"), "TableName": "Orders"}
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
SCAN = {"TableName": "Orders", "FilterExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "a"}}}
QUERY = {
    "TableName": "Orders",
    "KeyConditionExpression": "pk = :v",
    "ExpressionAttributeValues": {":v": {"S": "p"}},
}


@pytest.fixture
def orders(advised):
    advised("CreateTable", TABLE)
    finish(advised._evidence.digest_all())
    return advised


@pytest.fixture
def calls(orders, monkeypatch):
    """Return a list to which each call is appended that the advisor examines."""
    seen = []
    see = orders._evidence.examiner.advisor.see
    monkeypatch.setattr(orders._evidence.examiner.advisor, "see", lambda call: (seen.append(call), see(call)))
    return seen


def put(number, **more):
    return "PutItem", {"TableName": "Orders", "Item": {"pk": {"S": "p"}, "sk": {"S": f"{number:04}"}, **more}}


def accesses(orders, calls):
    finish(orders._evidence.digest_all())
    return [access for call in calls for access in call.accesses]


def test_nothing_is_examined_while_a_request_is_answered(orders, calls, monkeypatch):
    monkeypatch.setattr(evidence, "_BUSY", 60.0)  # on a busy machine, 1 ms may pass before the first request
    monkeypatch.setattr(evidence, "_SATURATED", 60.0)
    orders("GetItem", {"TableName": "Orders", "Key": KEY})
    assert calls == []
    assert orders._evidence.digest() == evidence._INTERVAL  # a request has arrived, so wait before the next piece
    assert len(calls) == 1


def test_in_a_pause_everything_is_examined(orders, calls, monkeypatch):
    for _ in range(5):
        orders("GetItem", {"TableName": "Orders", "Key": KEY})
    monkeypatch.setattr(evidence, "_BUSY", 0.0)
    monkeypatch.setattr(evidence, "_SATURATED", 0.0)
    monkeypatch.setattr(evidence, "_QUIET", 60.0)  # on a slow machine, 2 ms are too short for five requests
    assert orders._evidence.digest() == evidence._INTERVAL
    assert calls == []  # requests have just arrived, and a busy process has 0 seconds
    orders._evidence.digest()
    assert len(calls) == 5


@pytest.mark.parametrize(("used", "share"), [(0.01, evidence._BUSY), (0.04, evidence._SATURATED)])
def test_a_busy_process_has_less_time_for_evidence(orders, used, share, monkeypatch):
    collected = orders._evidence
    collected._used = (10.0, 100.0)
    monkeypatch.setattr(evidence, "process_time", lambda: 10.0 + used)
    monkeypatch.setattr(evidence, "perf_counter", lambda: 100.05)
    assert collected._share() == share


def test_a_full_ring_drops_the_oldest_and_says_so(orders, calls):
    for number in range(evidence._RING + 10):
        orders(*put(number))
    assert orders.advice()["Complete"] is False
    assert len(calls) == evidence._RING
    assert calls[0].request["Item"]["sk"] == {"S": "0010"}


def test_requests_to_controls_and_other_services_are_no_evidence(orders, calls):
    orders._front.observer.other((0.0, 0.0, 0.0, "POST", b"/_emulator/clock", b"", {}, b"{}", None, 0.0))
    orders("GetCallerIdentity", {})
    assert accesses(orders, calls) == []
    assert calls == []


def test_a_large_page_is_cut_and_its_figures_stay(orders, calls):
    for number in range(4):
        orders(*put(number, data={"S": "x" * 300_000}))
    page = orders("Query", QUERY)
    access = accesses(orders, calls)[-1]
    assert access.items == ()
    assert (access.scanned, access.returned) == (page["ScannedCount"], page["Count"]) == (4, 4)
    assert access.last
    exact = orders("Query", {**QUERY, "ReturnConsumedCapacity": "TOTAL"})["ConsumedCapacity"]["CapacityUnits"]
    assert access.read == pytest.approx(exact, rel=0.01)  # an estimate from the sizes of earlier items
    assert accesses(orders, calls)[-1].read == exact


def test_a_large_answer_without_pages(orders, calls):
    for number in range(4):
        orders(*put(number, data={"S": "x" * 300_000}))
    keys = [{"pk": {"S": "p"}, "sk": {"S": f"{number:04}"}} for number in range(4)]
    orders("BatchGetItem", {"RequestItems": {"Orders": {"Keys": keys}}})
    assert [access.action for access in accesses(orders, calls)] == ["PutItem"] * 4
    assert calls[-1].operation == "BatchGetItem"
    assert "dynamodb:BatchGetItem" in orders.policy()[0]["Action"]


def test_a_large_request_is_cut(orders, calls):
    items = [put(number, data={"S": "x" * 100_000})[1]["Item"] for number in range(10)]
    orders("BatchWriteItem", {"RequestItems": {"Orders": [{"PutRequest": {"Item": item}} for item in items]}})
    assert accesses(orders, calls) == []
    assert "dynamodb:BatchWriteItem" in orders.policy()[0]["Action"]
    assert len(str(calls[-1].request)) < 1_000


def test_large_bodies_have_a_bound(orders, calls, monkeypatch):
    monkeypatch.setattr(evidence, "_LARGE_BYTES", 50_000)
    for number in range(10):
        orders(*put(number, data={"S": "x" * 20_000}))
    assert orders.advice()["Complete"] is False
    assert len(calls) == 2
    orders(*put(20, data={"S": "x" * 20_000}))  # examined evidence has made room
    finish(orders._evidence.digest_all())
    assert len(calls) == 3


def test_compressed_bodies(orders, calls):
    import gzip

    orders.answer("PutItem", gzip.compress(json.dumps(put(1)[1]).encode()), content_encoding="gzip")
    [access] = accesses(orders, calls)
    assert access.key == '{"pk":{"S":"p"},"sk":{"S":"0001"}}'


def test_tables_are_known_after_they_are_gone(orders):
    orders("Scan", SCAN)
    orders("DeleteTable", {"TableName": "Orders"})
    [finding] = orders.findings()
    assert finding["Rule"] == "scan-as-query"


def test_a_reset_examines_requests_before_tables_are_gone(orders):
    from emulator.controls import registry

    orders("Scan", SCAN)
    registry.call(orders._db.emulator, "reset", {"AccessKey": "test"})
    assert [each["Rule"] for each in orders.findings()] == ["scan-as-query"]


def test_a_table_of_the_same_name_is_another_table(orders, calls):
    orders("DeleteTable", {"TableName": "Orders"})
    orders("CreateTable", {**table_request("other:S"), "TableName": "Orders"})
    orders("PutItem", {"TableName": "Orders", "Item": {"other": {"S": "x"}}})
    assert accesses(orders, calls)[-1].key == '{"other":{"S":"x"}}'


def test_findings_have_a_bound(orders, monkeypatch):
    """Findings have a maximum number, and places a maximum length.

    Both are needed because the header that names the place can have any content.
    """
    monkeypatch.setattr("emulator.controls.advice._MOST", 5)
    for number in range(8):
        orders.place = f"f{number}.py:{number}; function={'q' * 6_000}"
        orders("Scan", SCAN)
    advice = orders.advice()
    assert (len(advice["Findings"]), advice["More"]) == (5, 3)
    assert all(len(each["Caller"]["Function"]) < 300 for each in advice["Findings"])
    assert "5 findings in 9 requests\n3 more findings left out\n" in orders.advice(Format="text")["Text"]


def test_the_place_and_the_client_of_a_request(orders, calls):
    orders.place, orders.client = "app/caf%C3%A9.py:12; function=save", "7f"
    orders("Scan", SCAN)
    [finding] = orders.findings()
    assert finding["Caller"] == {"File": "app/café.py", "Line": 12, "Function": "save"}
    assert calls[-1].client == "7f"


# --- units ----------------------------------------------------------------------------------------

EXACT = [
    ("GetItem", {"TableName": "Orders", "Key": {"pk": {"S": "p"}, "sk": {"S": "0001"}}}),
    ("GetItem", {"TableName": "Orders", "Key": {"pk": {"S": "p"}, "sk": {"S": "0001"}}, "ConsistentRead": True}),
    ("GetItem", {"TableName": "Orders", "Key": KEY}),
    ("Query", QUERY),
    ("Query", {**QUERY, "ConsistentRead": True, "Limit": 2}),
    ("Query", {**QUERY, "KeyConditionExpression": "pk = :v AND sk > :v"}),
    ("Scan", {"TableName": "Orders"}),
    ("Scan", {"TableName": "Orders", "ConsistentRead": True}),
    ("Scan", {"TableName": "Orders", "Limit": 2}),
    ("Scan", {"TableName": "Orders", "ExclusiveStartKey": {"pk": {"S": "p"}, "sk": {"S": "0001"}}}),
    ("Scan", {"TableName": "Orders", "Segment": 1, "TotalSegments": 3}),
    ("Scan", {"TableName": "Orders", "Segment": 5, "TotalSegments": 9, "ConsistentRead": True}),
    ("ExecuteStatement", {"Statement": "SELECT * FROM Orders"}),
    put(9, data={"S": "x" * 2_500}),
    ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "Orders", "Key": KEY}}]}),
    ("BatchGetItem", {"RequestItems": {"Orders": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "0001"}}, KEY]}}}),
]


@pytest.mark.parametrize(("operation", "request_"), EXACT, ids=lambda case: case if isinstance(case, str) else "")
def test_units_are_exact_where_the_answer_shows_the_items(orders, calls, operation, request_):
    for number in range(4):
        orders(*put(number, data={"S": "x" * 1_500 * number}))
    accesses(orders, calls)
    calls.clear()
    orders(operation, request_)
    estimated = accesses(orders, calls)
    assert all(access.exact for access in estimated)
    calls.clear()
    answer = orders(operation, {**request_, "ReturnConsumedCapacity": "TOTAL"})
    consumed = answer["ConsumedCapacity"]
    [consumed] = consumed if isinstance(consumed, list) else [consumed]
    assert sum(access.read + access.write for access in estimated) == consumed["CapacityUnits"]
    reported = accesses(orders, calls)
    assert sum(access.read + access.write for access in reported) == consumed["CapacityUnits"]


SCALARS = {f"name{n}": {"N": str(n)} for n in range(200)}
NESTED = {"list": {"L": [{"M": {"a": {"S": "}},{"}}}, {"M": {"b": {"N": "1"}}}] * 100}}
ESTIMATED = {
    "long texts": (30, {"data": {"S": "x" * 5_000}}),
    "short texts": (300, {"data": {"S": "x" * 400}}),
    "very long texts": (6, {"data": {"S": "x" * 100_000}}),
    "numbers": (60, SCALARS),
    "nested": (60, NESTED),
    "one item of most of the page": (1, {"data": {"S": "x" * 200_000}}),
}


@pytest.mark.parametrize("name", ESTIMATED)
@pytest.mark.parametrize("filter_", [False, True], ids=["all", "filter"])
def test_estimated_units_are_near(orders, calls, name, filter_):
    """The answers are so large that the evidence keeps only their first items."""
    number, attributes = ESTIMATED[name]
    for each in range(number):
        orders("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": f"p{each}"}, "sk": {"S": "x"}, **attributes}})
    accesses(orders, calls)
    request = {"TableName": "Orders"}
    if filter_:
        request |= {"FilterExpression": "pk > :v", "ExpressionAttributeValues": {":v": {"S": "p3"}}}
    answer = orders("Scan", request)
    estimated = accesses(orders, calls)[-1]
    assert (estimated.scanned, estimated.returned) == (answer["ScannedCount"], answer["Count"])
    exact = orders("Scan", {**request, "ReturnConsumedCapacity": "TOTAL"})["ConsumedCapacity"]["CapacityUnits"]
    assert estimated.read == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("text", ["+5", "5.0", "0.5e1", "005"])
def test_a_page_that_begins_at_a_number_in_any_form(advised, text):
    request = {"TableName": "Numbers", "ExclusiveStartKey": {"id": {"N": text}}}
    advised("CreateTable", {**table_request("id:N"), "TableName": "Numbers"})
    advised("PutItem", {"TableName": "Numbers", "Item": {"id": {"N": "5"}}})
    seen = []
    finish(advised._evidence.digest_all())
    advisor = advised._evidence.examiner.advisor
    see = advisor.see
    advisor.see = lambda call: (seen.append(call), see(call))
    exact = advised("Scan", {**request, "ReturnConsumedCapacity": "TOTAL"})["ConsumedCapacity"]["CapacityUnits"]
    advised("Scan", request)
    finish(advised._evidence.digest_all())
    assert [call.accesses[0].read for call in seen] == [exact, exact]


def test_sizes_that_no_request_showed_are_those_of_the_table(orders, calls, monkeypatch):
    for number in range(20):
        orders(*put(number, data={"S": "x" * 2_000}))
    accesses(orders, calls)
    facts = orders._evidence.examiner._tables.find("test", "us-east-1", "Orders")
    monkeypatch.setattr(facts, "mean", 400)
    monkeypatch.setattr(facts, "_sizes", 0)
    request = {**QUERY, "ProjectionExpression": "sk"}
    orders("Query", request)
    read = accesses(orders, calls)[-1]
    exact = orders("Query", {**request, "ReturnConsumedCapacity": "TOTAL"})["ConsumedCapacity"]["CapacityUnits"]
    assert (read.read, read.exact) == (exact, False)


@pytest.mark.parametrize("place", ["a.py:" + "9" * 26, ":", "a.py:", "a.py:-1", ":1", "a.py", ";:1", "a.py:1 2"])
def test_a_header_that_names_no_line_gives_no_place(orders, calls, place):
    orders.place = place
    orders("Scan", SCAN)
    [finding] = orders.findings()
    assert "Caller" not in finding
    for each in ("text", "sarif", "junit"):
        assert orders.advice(Format=each)["Text"]


def test_units_that_the_server_counts_are_exact(orders, calls):
    """The server counts units while a budget or a page of the console needs them."""
    orders._db.emulator.request_log().meter(on=True)
    orders(*put(1, data={"S": "x" * 5_000}))
    orders("Query", {**QUERY, "ProjectionExpression": "sk"})
    written, read = accesses(orders, calls)
    assert (written.write, read.read) == (5.0, 1.0)
    assert written.exact
    assert read.exact
