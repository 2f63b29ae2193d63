"""Answers of an ASGI application over our own connection: order, streaming, back-pressure,
failures.
"""

import asyncio
import json
import select
import socket

import pytest

from tests.support.asgi import site_of
from tests.support.connections import Line, request


def get(path="/other", version="1.1", *more):
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: localhost", *more, "", ""]).encode()


def over(db, site, use):
    """Run `use` with a connection (Line) to an application, on a real event loop; return the
    connection.
    """

    async def run():
        line = Line(db.emulator, site=site, loop=asyncio.get_running_loop())
        await use(line)
        return line

    return asyncio.run(run())


async def turns(number=5):
    for _ in range(number):
        await asyncio.sleep(0)


def answering(*messages):
    """Return an application that sends messages, or raises a message that is an exception."""

    async def app(_scope, _receive, send):
        for message in messages:
            if isinstance(message, Exception):
                raise message
            await send(message)

    return app


def start(status=200, *headers):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def part(body=b"", more=False):
    return {"type": "http.response.body", "body": body, "more_body": more}


LENGTH_4 = (b"content-length", b"4")
DATE = b"date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
KEPT = b"connection: keep-alive\r\n\r\n"
CLOSED = b"connection: close\r\n\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + DATE


@pytest.mark.parametrize(
    ("sent", "messages", "written", "closed"),
    [
        (get(), [start(200, LENGTH_4), part(b"body")], OK + b"content-length: 4\r\n" + KEPT + b"body", False),
        (
            get(),
            [start(), part(b"bo", more=True), part(b"dy")],
            OK + CHUNKED + KEPT + b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
            False,
        ),
        (get(), [start(), part(b"", more=True), part()], OK + CHUNKED + KEPT + b"0\r\n\r\n", False),
        (get(version="1.0"), [start(), part(b"body")], OK + CLOSED + b"body", True),
        (get("/other", "1.0", "Connection: keep-alive"), [start(), part(b"body")], OK + CLOSED + b"body", True),
        (get(), [start(204), part()], b"HTTP/1.1 204 No Content\r\n" + DATE + KEPT, False),
        (
            get(),
            [start(299, LENGTH_4), part(b"body")],
            b"HTTP/1.1 299 \r\n" + DATE + b"content-length: 4\r\n" + KEPT + b"body",
            False,
        ),
        (
            get(),
            [start(200, LENGTH_4, (b"Connection", b"close")), part(b"body")],
            OK + b"content-length: 4\r\n" + CLOSED + b"body",
            True,
        ),
        (
            get(),
            [start(200, (b"Date", b"now"), LENGTH_4), part(b"body")],
            b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 4\r\n" + KEPT + b"body",
            False,
        ),
        (
            get().replace(b"GET", b"HEAD"),
            [start(200, LENGTH_4), part(b"body")],
            OK + b"content-length: 4\r\n" + KEPT,
            False,
        ),
        (
            get("/other", "1.1", "Connection: close"),
            [start(200, LENGTH_4), part(b"body")],
            OK + b"content-length: 4\r\n" + CLOSED + b"body",
            True,
        ),
        (
            get(),
            [start(200, LENGTH_4), part(b"bo", more=True), part(b"dy"), part(b"late")],
            OK + b"content-length: 4\r\n" + KEPT + b"body",
            False,
        ),
    ],
)
def test_how_an_answer_is_framed(db, sent, messages, written, closed):
    async def use(line):
        line.feed(sent)
        await turns()

    line = over(db, answering(*messages), use)
    assert (line.transport.written, line.transport.closed) == (written, closed)


@pytest.mark.parametrize(
    "messages",
    [
        [ZeroDivisionError()],
        [start(200, LENGTH_4), ZeroDivisionError()],
        [],
        [start(200, LENGTH_4)],
        [start(200, LENGTH_4), part(b"long body")],
        [start(200, LENGTH_4), part(b"b")],
        [{"type": "http.response.debug"}],
        [part(b"body")],
    ],
)
def test_an_application_that_fails_before_its_answer_begins(db, caplog, messages):
    async def use(line):
        line.feed(get() + request())
        await turns()

    line = over(db, answering(*messages), use)
    ((status, headers, body),) = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (500, "close", True)
    assert b"InternalServerError" in body
    assert "a request (its connection is closed) failed" in caplog.text


def test_an_application_that_cannot_be_loaded(db, caplog):
    line = Line(db.emulator)
    line.feed(get() + request())
    assert ([status for status, _, _ in line.answers()], line.transport.closed) == ([500], True)
    assert "the test has no application for other paths" in caplog.text


@pytest.mark.parametrize("end", [[ZeroDivisionError()], [], [part(b"too long")], [part(b"x")]])
def test_an_application_that_fails_in_its_answer(db, end):
    """The connection is aborted, so that the client sees that the answer is broken."""

    async def use(line):
        line.feed(get() + request())
        await turns()

    line = over(db, answering(start(200, LENGTH_4), part(b"b", more=True), *end), use)
    assert line.transport.aborted
    assert line.transport.written.endswith(b"\r\n\r\nb")


async def echo(scope, receive, send):
    """Answer with what the application got, after one turn of the loop."""
    message = await receive()
    await asyncio.sleep(0)
    reported = {name: scope[name] for name in ("method", "path", "http_version", "server", "client", "scheme")}
    reported["raw"], reported["query"] = scope["raw_path"].decode("latin-1"), scope["query_string"].decode()
    reported["headers"] = {name.decode(): value.decode() for name, value in scope["headers"]}
    reported["body"], reported["more"] = message["body"].decode(), message["more_body"]
    body = json.dumps(reported).encode()
    await send(start(200, (b"content-length", b"%d" % len(body))))
    await send(part(body))


def test_what_an_application_gets(db):
    async def use(line):
        head = b"POST /a%2Fb%C3%A9?x=%20 HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
        line.feed(head + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 7)
        await turns()

    ((status, _, body),) = over(db, echo, use).answers()
    assert status == 200
    assert json.loads(body) == {
        "method": "POST",
        "path": "/a/b\u00e9",
        "raw": "/a%2Fb%C3%A9",
        "query": "x=%20",
        "http_version": "1.1",
        "server": ["127.0.0.1", 8000],
        "client": ["127.0.0.1", 9999],
        "scheme": "http",
        "headers": {"host": "here", "transfer-encoding": "chunked"},
        "body": "abc",
        "more": False,
    }


@pytest.mark.parametrize(
    ("target", "raw", "query"),
    [
        ("http://localhost:8000/_emulator/clock?a=b", "/_emulator/clock", "a=b"),
        ("http://localhost:8000/http://a", "/http://a", ""),
        ("https://localhost:8000/x?y=/z", "/x", "y=/z"),
    ],
)
def test_the_absolute_form_of_a_url(db, target, raw, query):
    """The URL's authority replaces the header Host (RFC 9112, 3.2.2)."""

    async def use(line):
        line.feed(get(target).replace(b"Host: localhost", b"Host: evil.example"))
        await turns()

    ((_, _, body),) = over(db, echo, use).answers()
    reported = json.loads(body)
    assert (reported["raw"], reported["query"], reported["headers"]["host"]) == (raw, query, "localhost:8000")


@pytest.mark.parametrize("target", ["http://here", "http://here/", "http://here?x=y", "http://here/?x=/y"])
def test_the_absolute_form_of_the_endpoint(db, target):
    line = Line(db.emulator)
    line.feed(get(target).replace(b"Host: localhost", b"Host: evil.example"))
    ((status, _, body),) = line.answers()
    assert (status, body) == (200, b"healthy: here ")


@pytest.mark.parametrize("size", [None, 1, 100])
def test_answers_keep_the_order_of_a_pipeline(db, size):
    async def use(line):
        line.feed(request() + get("/a") + request(b"{") + get("/b") + get("/c") + request(), size)
        assert [status for status, _, _ in line.answers()] == [200]
        assert size or not line.transport.reading
        await turns(20)
        assert line.transport.reading

    line = over(db, echo, use)
    answers = line.answers()
    assert [status for status, _, _ in answers] == [200, 200, 400, 200, 200, 200]
    assert [json.loads(answers[place][2])["path"] for place in (1, 3, 4)] == ["/a", "/b", "/c"]
    assert not line.transport.closed
    assert not line.front.tasks


def test_a_client_that_does_not_read_stops_the_application(db):
    sent = []

    async def app(_scope, _receive, send):
        await send(start())
        for number in range(5):
            await send(part(b"%d" % number, more=True))
            sent.append(number)
            await asyncio.sleep(0)
        await send(part())

    async def use(line):
        line.feed(get() + request())
        line.connection.pause_writing()
        await turns(20)
        assert sent == []
        line.connection.resume_writing()
        await turns(1)
        line.connection.pause_writing()
        await turns(20)
        stopped = len(sent)
        assert 0 < stopped < 5
        line.connection.resume_writing()
        await turns(20)
        assert len(sent) == 5

    line = over(db, app, use)
    assert line.transport.written.count(b"HTTP/1.1 200") == 2


def test_a_last_part_that_the_client_has_not_read_ends_the_application(db):
    """If the application did not end, a server that stops would wait for it."""
    lines = []

    async def app(_scope, _receive, send):
        await send(start())
        lines[0].connection.pause_writing()
        await send(part(b"x"))

    async def use(line):
        lines.append(line)
        line.feed(get())
        await turns(20)
        assert not line.front.tasks

    over(db, app, use)


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="the system does not report it")
def test_a_client_that_hangs_up_is_noticed_although_nothing_is_read(db):
    """The client has closed its half of the connection, but may still read the answer."""
    reported = []

    async def app(_scope, receive, send):
        await receive()
        reported.append(await receive())
        await send(start(200, LENGTH_4))
        await send(part(b"body"))

    async def use(line):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            line.transport.socket = ours
            assert not line.connection.hung_up
            theirs.shutdown(socket.SHUT_WR)
            assert line.connection.hung_up
            line.feed(get())
            await turns()
        assert reported == [{"type": "http.disconnect"}]

    line = over(db, app, use)
    assert line.transport.written.endswith(b"body")


@pytest.mark.parametrize("gone", [True, False])
def test_the_application_receives_a_disconnect_at_the_end(db, gone):
    """It also receives one after a complete answer, because a streaming application
    waits for it.
    """
    reported = []

    async def app(_scope, receive, send):
        await receive()
        await send(start(200, LENGTH_4))
        await send(part(b"body", more=gone))
        reported.append(await receive())
        await send(part())

    async def use(line):
        line.feed(get())
        await turns()
        if gone:
            assert reported == []
            line.connection.connection_lost(None)
            await turns()
        assert reported == [{"type": "http.disconnect"}]

    line = over(db, app, use)
    assert line.transport.written.endswith(b"body")


async def slow(_scope, receive, send):
    """Answer when the client is gone, or after 50 turns of the loop."""
    await receive()
    await turns(50)
    await send(start(200, LENGTH_4))
    await send(part(b"slow"))


def test_a_server_that_stops_answers_first(db):
    async def use(line):
        line.feed(get() + request())
        line.connection.shutdown()
        assert not line.transport.closed
        assert len(line.front.tasks) == 1
        await turns(60)

    line = over(db, slow, use)
    ((status, headers, _),) = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (200, "close", True)


def test_an_application_that_the_server_cancels_at_the_end(db):
    async def use(line):
        line.feed(get())
        await turns()
        (task,) = line.front.tasks
        task.cancel()
        await turns()
        assert task.cancelled()

    line = over(db, slow, use)
    assert [status for status, _, _ in line.answers()] == [500]
    assert line.transport.closed


def test_a_client_that_sends_no_more_is_answered(db):
    async def use(line):
        line.feed(get())
        line.connection.eof_received()
        await turns(60)

    line = over(db, slow, use)
    assert ([status for status, _, _ in line.answers()], line.transport.closed) == ([200], True)


@pytest.mark.parametrize(("port", "status"), [(8000, 200), (8001, 403)])
def test_a_page_of_this_server_is_known_by_the_address_of_the_connection(db, port, status):
    async def use(line):
        line.feed(get("/_emulator/clock", "1.1", f"Origin: http://localhost:{port}"))
        await turns(20)

    line = over(db, site_of(db.emulator), use)
    assert [found for found, _, _ in line.answers()] == [status]


def test_the_host_of_an_absolute_form_is_guarded(db):
    async def use(line):
        line.feed(get("http://evil.example/_emulator/clock"))
        await turns(20)

    assert [status for status, _, _ in over(db, site_of(db.emulator), use).answers()] == [403]
