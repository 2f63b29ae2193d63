"""Server-sent events of the console, without a server."""

import asyncio

import pytest

from emulator.http.site.console import events
from emulator.http.site.console.events import EventStream


def stream(texts, emulator, gone):
    """Run a stream of events until `texts` ends or `gone` says that the browser left; return what
    was sent.
    """
    from emulator.http.application import create_front

    sent = []

    async def run():
        front = create_front(emulator)
        leave = asyncio.Event()

        async def receive():
            await leave.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if gone(sent):
                leave.set()

        await EventStream(front, texts())({"type": "http"}, receive, send)
        assert not front.waits

    asyncio.run(run())
    return sent


def test_events_are_sent_until_the_end(emulator):
    async def texts():
        yield "<p>a</p>\n<p>b</p>"
        yield "c\rd"

    start, *bodies = stream(texts, emulator, lambda _: False)
    assert dict(start["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert b"".join(each["body"] for each in bodies) == (
        b": open\n\ndata: <p>a</p>\ndata: <p>b</p>\n\ndata: c\ndata: d\n\n"
    )


def test_a_quiet_stream_has_a_beat(emulator, monkeypatch):
    monkeypatch.setattr(events, "_BEAT", 0.0)

    async def texts():
        await asyncio.Event().wait()
        yield "never"

    sent = stream(texts, emulator, lambda sent: any(b": beat" in each.get("body", b"") for each in sent))
    assert any(each.get("body") == b": beat\n\n" for each in sent)


def test_the_iterator_is_closed_when_the_browser_goes_away(emulator):
    closed = []

    async def texts():
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    stream(texts, emulator, lambda sent: any(b"data: a" in each.get("body", b"") for each in sent))
    assert closed == [True]


def test_an_error_of_the_iterator_is_not_lost(emulator):
    async def texts():
        yield "a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stream(texts, emulator, lambda _: False)
