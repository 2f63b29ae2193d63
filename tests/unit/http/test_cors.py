"""--cors lists web pages: only these may read the API's answers, and they may also use the
protected paths.
"""

import pytest

from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.front import Front
from emulator.http.site.app import create
from emulator.settings import Settings
from tests.support.asgi import ask
from tests.support.http_clients import AUTHORIZATION
from tests.support.in_process import InProcess

FIELDS = {
    b"content-type": b"application/x-amz-json-1.0",
    b"x-amz-target": b"DynamoDB_20120810.ListTables",
    b"x-amz-date": b"20260101T000000Z",
    b"authorization": AUTHORIZATION.format(key="test", region="us-east-1").encode(),
}
PREFLIGHT = {b"access-control-request-method": b"POST", b"access-control-request-headers": b"x-amz-target"}
EXPOSED = b"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"


@pytest.fixture
def endpoint_with():
    opened = []

    def make(**settings):
        opened.append(InProcess(Settings(in_memory=True, **settings)))
        return DynamoDbEndpoint(opened[-1].emulator)

    yield make
    for inside in opened:
        inside.emulator.close()


def show_clock(endpoint, fields):
    """Return the answer of the control `clock`, whose path is protected from web pages."""
    front = Front(endpoint._emulator, endpoint, create)
    return ask(front.site, "GET", "/_emulator/clock", headers=fields)


def cors_headers(answer):
    return {
        name: value
        for name, value in dict(answer.headers).items()
        if name.startswith(b"access-control-") or name == b"vary"
    }


@pytest.mark.parametrize("origin", [b"http://a", b"http://A:80", b"https://b.example:8443"])
def test_listed_origins(endpoint_with, origin):
    endpoint = endpoint_with(cors=("http://a", "https://b.example:8443/"))
    expected = {
        b"access-control-allow-origin": origin,
        b"access-control-expose-headers": EXPOSED,
        b"vary": b"Origin",
    }
    fields = {**FIELDS, b"origin": origin}
    for method, body, status in (("POST", b"{}", 200), ("POST", b"{", 400), ("GET", b"", 200), ("PUT", b"", 404)):
        answer = endpoint.answer(method, b"", fields, body)
        assert (answer.status, cors_headers(answer)) == (status, expected)
    answer = endpoint.answer("OPTIONS", b"", {**PREFLIGHT, b"origin": origin}, b"")
    assert answer.status == 200
    assert cors_headers(answer) == expected | {
        b"access-control-max-age": b"172800",
        b"access-control-allow-headers": b"x-amz-target",
        b"access-control-allow-methods": b"POST",
    }
    answer = show_clock(endpoint, {b"origin": origin})
    assert (answer.status, cors_headers(answer)) == (200, expected)


@pytest.mark.parametrize("origin", [b"http://evil.example", b"null", b"https://a", b"http://localhost:8000", b"", b"*"])
def test_origins_that_are_not_listed(endpoint_with, origin):
    endpoint = endpoint_with(cors=("http://a",))
    for method, body, status in (("POST", b"{}", 200), ("POST", b"{", 400), ("GET", b"", 200), ("OPTIONS", b"", 200)):
        answer = endpoint.answer(method, b"", {**FIELDS, **PREFLIGHT, b"origin": origin}, body)
        assert (answer.status, cors_headers(answer)) == (status, {})
    answer = show_clock(endpoint, {b"origin": origin})
    assert (answer.status, cors_headers(answer)) == (403, {})
    assert cors_headers(endpoint.answer("POST", b"", FIELDS, b"{}")) == {}


def test_an_asterisk_is_for_the_dynamodb_api_alone(endpoint_with):
    endpoint = endpoint_with(cors=("http://a", "*"))
    answer = endpoint.answer("POST", b"", {**FIELDS, b"origin": b"http://evil.example"}, b"{}")
    assert cors_headers(answer)[b"access-control-allow-origin"] == b"*"
    for origin, status in ((b"http://evil.example", 403), (b"http://a", 200)):
        assert show_clock(endpoint, {b"origin": origin}).status == status


def test_allowed_hosts(endpoint_with):
    endpoint = endpoint_with(allowed_host=("db.example",))
    for host, status in ((b"db.example:80", 200), (b"evil.example", 403)):
        assert show_clock(endpoint, {b"host": host}).status == status
    page = {b"host": b"db.example", b"origin": b"https://db.example"}
    assert show_clock(endpoint, page).status == 200
