"""Log lines: about each request at debug and trace, about server errors and refusals at every
level.
"""

import gzip
import json
import logging
import math
import re
import zlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.http.application import create_front
from emulator.http.front.answers import Answer
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.observed import Exchange, ObservedEndpoint
from emulator.http.front.sliced_answers import Pending
from emulator.http.observing.log_lines import line
from emulator.http.observing.summary import summary_of
from emulator.log_output import TRACE
from emulator.slices import Sliced, finish
from storage import Full
from tests.support.asgi import application_of, ask, site_of
from tests.support.connections import Line
from tests.support.connections import request as http_request
from tests.support.http_clients import AUTHORIZATION
from tests.support.tables import index_request, table_request

TABLE = {
    **table_request("pk:S sk:S", define="g:S", GlobalSecondaryIndexes=[index_request("by-g", "g")]),
    "TableName": "Orders",
}
ENDING = re.compile(r", \d+\.\d ms(, test us-east-1)?(, request [0-9A-Z]{52})?$")
ITEM = {"pk": {"S": "a"}, "sk": {"S": "b"}}


def fields(operation, **more):
    return {
        b"content-type": b"application/x-amz-json-1.0",
        b"x-amz-target": f"DynamoDB_20120810.{operation}".encode(),
        b"x-amz-date": b"20260101T000000Z",
        b"authorization": AUTHORIZATION.format(key="test", region="us-east-1").encode(),
        **{name.replace("_", "-").encode(): value for name, value in more.items()},
    }


@pytest.fixture(autouse=True)
def no_request_is_slow(monkeypatch):
    monkeypatch.setattr("emulator.http.observing.waits.SLOW", math.inf)


@pytest.fixture
def front(db, caplog):
    caplog.set_level(logging.DEBUG, "emulator")
    made = create_front(db.emulator)
    made.endpoint.answer("POST", b"", fields("CreateTable"), json.dumps(TABLE).encode())
    caplog.clear()
    return made


@pytest.fixture
def logged(front):
    return front.endpoint


def lines(caplog):
    """Return the log lines of requests, without the time, the caller and the request id."""
    own = [record for record in caplog.records if record.name == "emulator.requests" and record.levelno > TRACE]
    return [ENDING.sub("", record.getMessage()) for record in own]


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        ("PutItem", {"TableName": "Orders", "Item": ITEM}, "PutItem Orders: 200"),
        (
            "PutItem",
            {"TableName": "Orders", "Item": ITEM, "ReturnConsumedCapacity": "TOTAL"},
            "PutItem Orders: 200, 1.0 units",
        ),
        (
            "BatchGetItem",
            {"RequestItems": {"Orders": {"Keys": [ITEM]}}, "ReturnConsumedCapacity": "INDEXES"},
            "BatchGetItem Orders: 200, 0.5 units",
        ),
        (
            "Query",
            {"TableName": "Orders", "IndexName": "by-g"},
            (
                "Query Orders/by-g: 400 ValidationException: Either the KeyConditions or KeyConditionExpression parameter "
                "must be specified in the request."
            ),
        ),
        (
            "TransactGetItems",
            {
                "TransactItems": [
                    {"Get": {"TableName": name, "Key": ITEM}} for name in ("Orders", "b12", "c12", "d12", "e12")
                ]
            },
            "TransactGetItems Orders, b12, c12, 2 more: 400 ResourceNotFoundException: Requested resource not found",
        ),
        ("ExecuteStatement", {"Statement": 'SELECT * FROM "Orders"'}, "ExecuteStatement Orders: 200"),
        ("ListTables", {}, "ListTables: 200"),
        (
            "ListTables",
            [],
            (
                "ListTables: 400 SerializationException: Unrecognized collection type class "
                "com.amazonaws.dynamodb.v20120810.ListTablesInput"
            ),
        ),
        (
            "DescribeTable",
            {"TableName": "forged\n2026-01-01 INFO x"},
            r"DescribeTable forged\n2026-01-01 INFO x: 400 ValidationException",
        ),
        ("No\nsuch", {}, r"No\nsuch: 400 UnknownOperationException"),
    ],
)
def test_a_line_for_each_request(logged, caplog, operation, body, expected):
    logged.answer("POST", b"", fields(operation), json.dumps(body).encode())
    (line,) = [text for text in lines(caplog) if text.startswith(expected.partition(":")[0])][-1:]
    assert line == expected or (expected.endswith("Exception") and line.startswith(expected))


def test_other_paths_and_refusals(front, caplog):
    site, logged = front.site, front.endpoint
    ask(site, "POST", "/_emulator/clock", b'{"Advance": 1}')
    ask(site, "GET", "/2015-03-31/event-source-mappings/", headers=fields("x"))
    ask(site, "GET", "/2015-03-31/event-source-mappings/")
    logged.answer("GET", b"", {}, b"")
    debug = lines(caplog)
    assert debug[0] == "POST /_emulator/clock: 200"
    assert debug[1].startswith("GET /2015-03-31/event-source-mappings/: 200")
    assert debug[2].startswith("GET /2015-03-31/event-source-mappings/: 403 MissingAuthenticationTokenException")
    assert debug[3] == "GET /: 200"
    assert len(debug) == 4
    caplog.clear()
    logged.refuse(400)
    assert lines(caplog) == [
        "a request: 400 (its request line or its headers have more than 16 KB, or it has two Host headers)"
    ]


def test_compressed_requests_and_answers(logged, caplog):
    body = json.dumps({"TableName": "Orders", "Item": ITEM, "ReturnConsumedCapacity": "TOTAL"}).encode()
    logged.answer("POST", b"", fields("PutItem", content_encoding=b"gzip"), gzip.compress(body))
    big = {"pk": {"S": "a"}, "sk": {"S": "c"}, "x": {"S": "y" * 5000}}
    logged.answer("POST", b"", fields("PutItem"), json.dumps({"TableName": "Orders", "Item": big}).encode())
    caplog.clear()
    wanted = {"TableName": "Orders", "Key": {"pk": {"S": "a"}, "sk": {"S": "c"}}, "ReturnConsumedCapacity": "TOTAL"}
    answer = logged.answer("POST", b"", fields("GetItem", accept_encoding=b"deflate"), json.dumps(wanted).encode())
    assert zlib.decompress(answer.body)
    assert lines(caplog) == ["GetItem Orders: 200, 1.0 units"]


def test_trace_has_the_bodies_bounded_and_escaped(logged, caplog):
    caplog.set_level(TRACE, "emulator")
    item = {**ITEM, "x": {"S": "é\u202e\n" + "y" * 10_000}}
    body = orjson.dumps({"TableName": "Orders", "Item": item})
    logged.answer("POST", b"", fields("PutItem"), body)
    logged.answer("POST", b"", fields("PutItem"), b"\xff\x00\x1b[31m")
    _, sent, received, _, broken, error = [record.getMessage() for record in caplog.records]
    assert sent.startswith(
        r'request body: {"TableName":"Orders","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"x":{"S":"\xe9\u202e\nyyy'
    )
    assert sent.endswith(f"... ({len(body)} bytes)")
    assert len(sent) < 5000
    assert received == "response body: {}"
    assert broken == r"request body: \xff\x00\x1b[31m"
    assert "SerializationException" in error
    assert all(record.getMessage().isascii() and record.getMessage().isprintable() for record in caplog.records)


def test_debug_has_no_bodies(logged, caplog):
    logged.answer("POST", b"", fields("PutItem"), orjson.dumps({"TableName": "Orders", "Item": ITEM}))
    assert len(caplog.records) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["TableName", "RequestItems", "TransactItems", "Statement", "Statements", "IndexName", "Get", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(JSON)
def test_no_request_breaks_the_log(body):
    answer = Answer(400, b"", orjson.dumps(body))
    exchange = Exchange(0.0, 0.0, 0.0, "POST", b"/", b"", fields("PutItem"), orjson.dumps(body), answer)
    text = "".join(part for _, part in line(summary_of(exchange, lambda *_: None)))
    assert text.startswith("PutItem")
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize(
    ("level", "kind"), [(logging.INFO, DynamoDbEndpoint), (logging.DEBUG, ObservedEndpoint), (5, ObservedEndpoint)]
)
def test_requests_are_observed_only_where_somebody_wants_it(db, caplog, level, kind):
    caplog.set_level(level, "emulator")
    assert type(create_front(db.emulator).endpoint) is kind


def test_over_a_connection_and_over_asgi(db, caplog):
    caplog.set_level(logging.DEBUG, "emulator")
    app = application_of(db.emulator)
    front = app.open()
    connection = Line(db.emulator)
    connection.connection._front = front
    connection.feed(http_request())
    assert ask(app, "POST", "/", b"{}", headers=fields("ListTables")).status == 200
    assert lines(caplog) == ["ListTables: 200"] * 2


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (lambda: b'{"ConsumedCapacity":{"TableName":"Orders","CapacityUnits":2.0}}', ["Scan Orders: 200, 2.0 units"]),
        (
            lambda: 1 / 0,
            [
                (
                    "Scan Orders: 500 InternalServerError: The request processing has failed because of an unknown "
                    "error. (the server failed: its log says why)"
                )
            ],
        ),
    ],
)
def test_an_answer_that_is_made_in_slices_is_logged_when_it_is_made(db, logged, caplog, monkeypatch, end, expected):
    def steps():
        yield
        yield
        return end()

    def slow(*_):
        raise Sliced(steps())

    db.emulator.database.sliced = True
    with monkeypatch.context() as patch:
        patch.setattr("emulator.operations.registry.Operation.run", slow)
        with pytest.raises(Pending) as pending:
            logged.answer("POST", b"", fields("Scan"), b'{"TableName": "Orders", "ReturnConsumedCapacity": "TOTAL"}')
    slices = pending.value.steps
    next(slices)
    logged.answer("POST", b"", fields("ListTables"), b"{}")  # another request, between two slices
    finish(slices)
    assert lines(caplog) == ["ListTables: 200", *expected]


# --- server errors and refusals, at every level ---


def test_a_full_disk_is_logged_once(db, monkeypatch, caplog):
    def fail(*_):
        raise Full("No room is left on the disk of the data folder /x.")

    endpoint = DynamoDbEndpoint(db.emulator)
    monkeypatch.setattr(db.emulator.functions, "answer", fail)
    monkeypatch.setattr("emulator.operations.registry.Operation.run", fail)
    for _ in range(3):
        assert endpoint.answer("POST", b"", fields("PutItem"), b"{}").status == 500
    site = site_of(db.emulator)
    assert ask(site, "GET", "/2015-03-31/event-source-mappings/", headers=fields("x")).status == 500
    assert [record.getMessage() for record in caplog.records] == [
        "the disk is full, so the server refuses writes: No room is left on the disk of the data folder /x."
    ]


def test_a_mistake_of_ours_is_logged_with_its_traceback_and_once_a_minute(db, monkeypatch, caplog):
    monkeypatch.setattr("emulator.operations.registry.Operation.run", lambda *_: 1 / 0)
    endpoint = DynamoDbEndpoint(db.emulator)
    for _ in range(3):
        answer = endpoint.answer("POST", b"", fields("PutItem"), b"{}")
    assert answer.status == 500
    (record,) = caplog.records
    assert re.fullmatch(r"request [0-9A-Z]{52} to PutItem failed", record.getMessage())
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("sent", "begin", "end"),
    [
        (
            b"\x16\x03\x01\x02\x00",
            r'it sent "\x16\x03\x01\x02\x00"',
            "; it looks like TLS: clients must use http://, not https://",
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 'it sent "PRI * HTTP/2.0', "; it is HTTP/2: clients must use HTTP/1.1"),
        (b"\x1b[31mred\n\n", r'it sent "\x1b[31mred\n\n"', ")"),
    ],
)
def test_what_is_not_http_is_logged(db, caplog, sent, begin, end):
    for _ in range(2):
        Line(db.emulator).feed(sent)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert begin in record.getMessage()
    assert record.getMessage().endswith(end)
    assert record.getMessage().isprintable()
