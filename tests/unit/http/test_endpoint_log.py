"""Log lines about mistakes in requests: a mistake is logged once a minute, and its text cannot
forge another line.
"""

import logging
from urllib.parse import quote

import pytest

from emulator import app
from emulator.http.front import dynamodb
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.front import Front
from emulator.http.site.app import create
from emulator.log_limits import LogLimit
from emulator.model.service import operations
from emulator.settings import Settings
from tests.support.asgi import ask
from tests.support.http_clients import AUTHORIZATION
from tests.support.in_process import InProcess

FORGED = "AK\n2026-01-01 00:00:00,000 CRITICAL forged line\x1b[31m\r\x85\u2028"
SIGNED = {
    b"content-type": b"application/x-amz-json-1.0",
    b"x-amz-date": b"20260101T000000Z",
    b"authorization": AUTHORIZATION.format(key="test", region="us-east-1").encode(),
}


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setattr(app, "once_a_minute", LogLimit())
    inside = InProcess(Settings(in_memory=True, cors=("http://a",)))
    yield DynamoDbEndpoint(inside.emulator)
    inside.emulator.close()


@pytest.fixture
def lines(caplog):
    """Return a function that returns the messages that were logged as warnings or errors."""
    return lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def presigned(key, region="us-east-1", service="dynamodb"):
    scope = quote(f"{key}/20260101/{region}/{service}/aws4_request")
    members = f"X-Amz-Algorithm=a&X-Amz-Credential={scope}&X-Amz-Signature=a&X-Amz-SignedHeaders=a&X-Amz-Date=a"
    return members.encode()


def describe(endpoint, query, table):
    fields = {b"content-type": SIGNED[b"content-type"], b"x-amz-target": b"DynamoDB_20120810.DescribeTable"}
    return endpoint.answer("POST", query, fields, b'{"TableName":"%b"}' % table)


def test_credentials(endpoint, lines):
    create = {
        **SIGNED,
        b"x-amz-target": b"DynamoDB_20120810.CreateTable",
        b"authorization": AUTHORIZATION.format(key="\x9bkey", region="\x1bregion").encode("latin-1"),
    }
    body = (
        b'{"TableName":"somewhere","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST",'
        b'"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}]}'
    )
    assert endpoint.answer("POST", b"", create, body).status == 200
    assert describe(endpoint, presigned(FORGED, FORGED), b"somewhere").status == 400
    (line,) = lines()
    assert line.isascii()
    assert line.isprintable()
    assert "access key AK\\n2026" in line
    assert "access key \\x9bkey, region \\x1bregion" in line


@pytest.mark.parametrize(
    ("method", "path", "query", "more"),
    [
        ("POST", b"/", presigned("k", service=FORGED), {b"x-amz-target": b"AmazonSQS.ListQueues"}),
        ("GET", b"/a\x1b[31m\xe9", presigned("k", service="s3"), {}),
        ("POST", b"/\x1b[31m", b"", {b"x-amz-target": b"DynamoDB_20120810.ListTables"}),
        ("POST", b"/_emulator/\x9b", b"", {b"origin": b"http://evil\x1b[31m"}),
        ("POST", b"/2015-03-31/\x1b", b"", {b"host": b"evil.example\x1b[31m"}),
        ("GET", b"/", b"", {b"origin": b"http://evil\x1b[31m"}),
    ],
)
def test_paths_hosts_origins_and_services(endpoint, lines, method, path, query, more):
    fields = {b"content-type": SIGNED[b"content-type"], **more}
    site = Front(endpoint._emulator, endpoint, create).site
    for _ in range(3):
        if path == b"/":
            endpoint.answer(method, query, fields, b"{}")
        else:
            ask(site, method, path, b"{}", query_string=query, headers=fields)
    (line,) = lines()
    assert line.isascii()
    assert line.isprintable()


def test_missing_operations_are_logged_once(endpoint, lines, monkeypatch):
    """No operation is missing today, so the test hides all of them. A newer model of the service
    may have more.
    """
    monkeypatch.setattr("emulator.app.find", lambda _name: None)
    first, second = sorted(operations())[:2]
    for name in (first, first, second, first):
        fields = {**SIGNED, b"x-amz-target": f"DynamoDB_20120810.{name}".encode()}
        assert endpoint.answer("POST", b"", fields, b"{}").status == 400
    assert [line.split()[0] for line in lines()] == [first, second]


def test_services_that_clients_invent_write_a_bounded_number_of_lines(endpoint, lines):
    for number in range(500):
        endpoint.answer("GET", presigned("k", service=f"service{number}"), {}, b"")
    assert len(lines()) == 100


def test_targets_of_failed_requests(endpoint, lines, monkeypatch):
    monkeypatch.setattr(dynamodb.DynamoDbEndpoint, "_call", lambda *_: 1 / 0)
    fields = {**SIGNED, b"x-amz-target": b"\x9bforged"}
    assert endpoint.answer("POST", b"", fields, b"{}").status == 500
    (line,) = lines()
    assert line.endswith("to \\x9bforged failed")
