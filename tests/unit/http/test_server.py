"""Our server from its first connection to its last, on a real event loop and real sockets."""

import asyncio
import logging
import signal
import socket
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import pytest

from emulator.http import server as module
from emulator.http.application import create_front
from emulator.http.server import Server, date_line

REQUEST = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Site:
    """An application that answers when the test sets `may_answer`. Until then it waits."""

    def __init__(self):
        self.begun = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.cancelled = False

    async def __call__(self, _scope, _receive, send):
        self.begun.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"site"})


@pytest.fixture
def run(db, monkeypatch):
    """Return a function that runs a server together with a function of the test, which must stop
    the server.
    """
    monkeypatch.setattr(module, "_INTERVAL", 0)

    def run(use):
        async def main():
            front = create_front(db.emulator)
            front.site = Site()
            listener = socket.create_server(("127.0.0.1", 0))
            server = Server(front, [listener])
            address, ready = listener.getsockname(), asyncio.Event()
            running = asyncio.create_task(server.run(ready.set))
            await ready.wait()
            try:
                async with asyncio.timeout(30):
                    result = await use(SimpleNamespace(server=server, front=front, address=address, running=running))
                    await running
            finally:
                running.cancel()
            assert listener.fileno() == -1, "the server has not closed its listener"
            return result

        return asyncio.run(main())

    return run


async def until(condition):
    """Let the server run until a condition holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition does not come true")


async def begun(on):
    """Send a request that the site answers, and wait until the site has it."""
    reader, writer = await asyncio.open_connection(*on.address)
    writer.write(REQUEST % b"page")
    await on.front.site.begun.wait()
    return reader, writer


def test_the_date_line_is_a_date_of_http():
    name, _, value = date_line().decode().partition(": ")
    assert (name, value[-6:]) == ("date", " GMT\r\n")
    assert parsedate_to_datetime(value).tzinfo is not None


def test_an_answer_has_the_current_date(run, monkeypatch):
    monkeypatch.setattr(module, "date_line", lambda: b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n")

    async def use(on):
        monkeypatch.setattr(module, "date_line", lambda: b"date: Fri, 02 Jan 1970 00:00:00 GMT\r\n")
        await until(lambda: b"02 Jan" in on.front.date_line)
        reader, writer = await asyncio.open_connection(*on.address)
        writer.write(REQUEST % b"")
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        on.server.stop()
        return head

    assert b"\r\ndate: Fri, 02 Jan 1970 00:00:00 GMT\r\n" in run(use)


def test_open_requests_are_answered_before_the_end(run):
    async def use(on):
        reader, writer = await begun(on)
        on.server.stop()
        (client,) = on.front.clients
        await until(lambda: client.closing)
        assert not on.running.done()
        on.front.site.may_answer.set()
        answer = await reader.read()
        writer.close()
        return answer

    answer = run(use)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close\r\n" in answer
    assert answer.endswith(b"site")


def test_no_new_connection_after_the_signal(run):
    async def use(on):
        reader, writer = await begun(on)
        on.server.stop()
        (client,) = on.front.clients
        await until(lambda: client.closing)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*on.address)
        on.front.site.may_answer.set()
        await reader.read()
        writer.close()

    run(use)


@pytest.mark.parametrize(
    ("signals", "waits"),
    [
        ((signal.SIGTERM,), True),
        ((signal.SIGTERM, signal.SIGTERM), True),
        ((signal.SIGINT,), True),
        ((signal.SIGINT, signal.SIGINT), False),
        ((signal.SIGTERM, signal.SIGINT), False),
    ],
)
def test_only_a_second_sigint_does_not_wait_for_answers(run, signals, waits):
    async def use(on):
        _, writer = await begun(on)
        for number in signals:
            on.server.stop(number)
        for _ in range(50):
            await asyncio.sleep(0)
        waited = not on.running.done()
        on.front.site.may_answer.set()
        await on.running
        writer.close()
        assert on.front.site.cancelled is not waits
        return waited

    assert run(use) is waits


def test_a_request_that_outlasts_the_grace_is_cancelled(run, monkeypatch, caplog):
    monkeypatch.setattr(module, "_GRACE", 0)
    caplog.set_level(logging.ERROR, "emulator")

    async def use(on):
        _, writer = await begun(on)
        on.server.stop()
        await on.running
        writer.close()
        return on.front.site.cancelled

    assert run(use)
    assert "the server stops and cancels requests that are not answered yet: 1" in caplog.messages


def test_what_waits_for_something_that_may_never_come_is_cancelled_at_once(run):
    async def use(on):
        wait = asyncio.create_task(asyncio.Event().wait())
        on.front.waits.add(wait)
        on.server.stop()
        await on.running
        return wait.cancelled()

    assert run(use)


def test_signals_are_handled_only_while_the_server_runs():
    calls = []
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with module._signals(lambda number, _frame: calls.append(number)):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert calls == [signal.SIGTERM, signal.SIGINT]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
