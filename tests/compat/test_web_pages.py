"""Web pages may use the DynamoDB API, as on AWS, but not /_emulator/ and Lambda's API."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.support.http_clients import AUTHORIZATION, Answer

SIGNED = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-date": "20260101T000000Z",
    "authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
}
LIST_TABLES = {**SIGNED, "x-amz-target": "DynamoDB_20120810.ListTables"}
FOREIGN = {"origin": "http://evil.example"}
CLOCK = "/_emulator/clock"
MAPPINGS = "/2015-03-31/event-source-mappings"


@pytest.fixture(scope="module")
def port(endpoint):
    return urlsplit(endpoint).port


@pytest.fixture
def ask(endpoint):
    """ask(method, path, headers, body) sends one request on a new connection."""

    def send(method, path, headers, body=b"{}"):
        parts = urlsplit(endpoint)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        connection.request(method, path, body, headers)
        with connection.getresponse() as response:
            answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    return send


def cors_headers(answer):
    return {name.lower() for name in answer.headers if name.lower().startswith("access-control-")}


@pytest.mark.parametrize(
    ("headers", "flag"),
    [
        ({"origin": "http://evil.example"}, "--cors http://evil.example"),
        ({"origin": "http://evil.example", "content-type": "text/plain", "sec-fetch-site": "cross-site"}, "--cors"),
        ({"origin": "http://localhost:1"}, "--cors http://localhost:1"),
        ({"origin": "https://localhost"}, "--cors https://localhost"),
        ({"origin": "null"}, "--cors"),
        ({"sec-fetch-site": "cross-site"}, "--cors"),
        ({"sec-fetch-site": "same-site"}, "--cors"),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, "--cors"),
        ({"host": "evil.example"}, "--allowed-host evil.example"),
        ({"host": "evil.example:{port}", "origin": "http://evil.example:{port}"}, "--allowed-host evil.example"),
        ({"host": "evil.example:{port}", "origin": "http://localhost:{port}"}, "--allowed-host evil.example"),
        ({"host": "localhost:{port}.evil.example"}, "--allowed-host"),
    ],
)
def test_refused_requests(ask, port, headers, flag):
    headers = {name: value.format(port=port) for name, value in headers.items()}
    for method, path in (("POST", CLOCK), ("GET", CLOCK), ("POST", "/_emulator/none"), ("PUT", "/_emulator/")):
        refused = ask(method, path, headers, b'{"Advance": 31540000}')
        assert (refused.status, flag in refused.json["message"]) == (403, True)
        assert refused.headers["content-type"] == "application/json"
        assert not cors_headers(refused)
    for method, path in (
        ("POST", MAPPINGS + "/"),
        ("GET", MAPPINGS),
        ("DELETE", MAPPINGS + "/a"),
        ("GET", "/2015-03-31/"),
    ):
        refused = ask(method, path, {**SIGNED, **headers})
        assert (refused.status, flag in refused.json["message"]) == (403, True)
        assert refused.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert ask("GET", CLOCK, {}, b"").json["Offset"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "dynamodb:8000"},
        {"host": "127.0.0.1"},
        {"host": "host.docker.internal"},
        {"origin": "http://localhost:{port}"},
        {"origin": "http://127.0.0.1:{port}", "host": "localhost:{port}", "sec-fetch-site": "same-origin"},
        {"origin": "http://[::1]:{port}", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
    ],
)
def test_accepted_requests(ask, port, headers):
    headers = {name: value.format(port=port) for name, value in headers.items()}
    origin = headers.get("origin")
    answers = [
        (ask("GET", CLOCK, headers, b""), 200),
        (ask("POST", CLOCK, headers), 400),
        (ask("GET", "/_emulator/none", headers, b""), 404),
        (ask("GET", MAPPINGS, {**SIGNED, **headers}, b""), 200),
        (ask("GET", MAPPINGS, headers, b""), 403),  # refused because it is not signed
    ]
    for answer, status in answers:
        assert answer.status == status
        assert "--" not in answer.body.decode()
        assert answer.headers.get("access-control-allow-origin") == origin
        assert answer.headers.get("vary") == (None if origin is None else "Origin")


def test_links_from_other_pages_work(ask):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    shown = ask("GET", CLOCK, link, b"")
    assert (shown.status, shown.headers["content-type"]) == (200, "application/json")  # browsers show JSON as text
    assert ask("POST", CLOCK, link).status == 403
    assert ask("GET", CLOCK, {**link, "host": "evil.example"}, b"").status == 403


def test_preflights(ask, port):
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for path in (CLOCK, MAPPINGS):
        refused = ask("OPTIONS", path, {**asked, **FOREIGN}, b"")
        assert (refused.status, cors_headers(refused)) == (403, set())
        allowed = ask("OPTIONS", path, {**asked, "origin": f"http://localhost:{port}"}, b"")
        assert (allowed.status, allowed.body) == (200, b"")
        assert allowed.headers["access-control-allow-origin"] == f"http://localhost:{port}"
        assert allowed.headers["access-control-allow-methods"] == "POST"
        assert allowed.headers["access-control-allow-headers"] == "content-type"


@pytest.mark.parametrize("host", ["evil.example", "dynamodb.us-east-1.amazonaws.com:80", "localhost", "a.b.c", ""])
@pytest.mark.parametrize("page", [{}, FOREIGN, {"origin": "null"}, {"sec-fetch-site": "cross-site"}])
def test_the_dynamodb_api_is_open_to_all(ask, host, page):
    answer = ask("POST", "/", {**LIST_TABLES, "host": host, **page})
    assert (answer.status, json.loads(answer.body).keys()) == (200, {"TableNames"})
    assert answer.headers.get("access-control-allow-origin") == ("*" if "origin" in page else None)
    assert answer.headers.get("vary") is None
    assert ask("GET", "/", {"host": host, **page}, b"").status == 200


def test_the_dynamodb_api_refuses_simple_requests(ask):
    """A page may send simple requests without a preflight, so --cors could not stop them."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        headers = {
            name: value for name, value in {**LIST_TABLES, **FOREIGN, "content-type": content_type}.items() if value
        }
        assert ask("POST", "/", headers).status == 404
        assert ask("POST", "/", headers, b"").status == 400
