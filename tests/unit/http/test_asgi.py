"""The ASGI application answers as the server's own connections do, on any ASGI server."""

import asyncio
import zlib

import pytest

from tests.support import asgi
from tests.support.http_clients import AUTHORIZATION

HEADERS = [
    (b"content-type", b"application/x-amz-json-1.0"),
    (b"x-amz-target", b"DynamoDB_20120810.ListTables"),
    (b"x-amz-date", b"20260101T000000Z"),
    (b"authorization", AUTHORIZATION.format(key="test", region="us-east-1").encode()),
]
MIB16 = 16 * 1024 * 1024


@pytest.fixture
def ask(db):
    """Return a function that sends the application a request with a body in the given pieces. It
    returns status, headers, body and the pieces that were not read.
    """
    app = asgi.application_of(db.emulator)

    def send(*pieces, method="POST", headers=HEADERS, query=b"", path="/", server=None):
        return asgi.ask(app, method, path, *pieces, headers=headers, query_string=query, server=server)

    return send


@pytest.mark.parametrize("pieces", [[b'{"Limit":5}'], [b'{"Lim', b'it":5}'], [b"", b'{"Limit":5}', b""]])
def test_a_request(ask, pieces):
    status, headers, body, _ = ask(*pieces)
    assert (status, body) == (200, b'{"TableNames":[]}')
    assert headers[b"x-amz-crc32"] == b"%d" % zlib.crc32(body)
    assert headers[b"content-length"] == b"17"


def test_bodies_that_are_too_large(ask):
    status, *_ = ask(b"{", b"x" * MIB16)
    assert status == 413
    status, _, _, unread = ask(b"{", b"}", headers=[*HEADERS, (b"content-length", b"%d" % (MIB16 + 1))])
    assert (status, unread) == (413, [b"}"])


@pytest.mark.parametrize("pieces", [[], [b"{}"], [b"{", b"}"]])
def test_a_client_that_disconnects(db, pieces):
    """The request does not run, even if its received part is valid JSON. Its bytes no longer count
    in the total of bodies.
    """
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"})
    sent = []
    app = asgi.application_of(db.emulator)

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": HEADERS}
    asyncio.run(app(scope, receive, send))
    assert (sent, messages, app.open().bodies.total) == ([], [], 0)


def test_large_headers(ask):
    assert ask(b"{}", headers=[*HEADERS, (b"x-more", b"x" * 15_000)])[0] == 200
    assert ask(b"{}", headers=[*HEADERS, (b"x-more", b"x" * 16_384)])[0] == 400
    assert ask(b"{}", query=b"x" * 16_385)[0] == 400


def test_two_hosts(ask):
    for second in (b"a", b"b"):
        status, headers, _, _ = ask(b"{}", headers=[*HEADERS, (b"host", b"a"), (b"host", second)])
        assert (status, headers[b"connection"]) == (400, b"close")


def test_origins_that_may_use_the_protected_paths(ask):
    page = [(b"host", b"x"), (b"origin", b"http://127.0.0.1:8000")]
    for server, status in (
        ((("127.0.0.1", 8000)), 200),
        (("127.0.0.1", 8001), 403),
        (None, 403),
        (("/socket", None), 403),
    ):
        assert ask(b"", method="GET", headers=page, path="/_emulator/clock", server=server)[0] == status


def test_other_methods(ask):
    assert ask(b"", method="GET", headers=[(b"host", b"here")])[:3:2] == (200, b"healthy: here ")
    assert ask(b"", method="GET", path="/other")[0] == 404
    assert ask(b"", method="PUT")[0] == 404
