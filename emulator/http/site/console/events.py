"""Server-sent events. Each event has HTML, which static/console.js adds to the open page."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulator.http.front.front import Front

_HEADERS: Final = {"cache-control": "no-store", "content-type": "text/event-stream; charset=utf-8"}
_BEAT: Final = 15.0  # seconds without an event after which a comment is sent, to keep the connection open


class EventStream(Response):
    """Sends each text of an iterator as one event, until the browser closes the connection.

    The iterator is closed when the browser has closed the connection or the server stops.
    """

    def __init__(self, front: Front, texts: AsyncIterator[str]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._front = front
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the signature of ASGI
        """Send the events.

        The background task of the answer runs before the events, and not after them as usual,
        because the events may never end.
        """
        if self.background is not None:
            await self.background()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending = asyncio.create_task(self._sent(send))
        gone = asyncio.create_task(_disconnected(receive))
        self._front.waits.add(sending)
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._front.waits.discard(sending)
            gone.cancel()
            sending.cancel()
            await asyncio.wait((sending,))
        if not sending.cancelled():
            sending.result()
        await send({"type": "http.response.body", "body": b""})

    async def _sent(self, send: Send) -> None:
        texts = aiter(self._texts)
        try:
            await send({"type": "http.response.body", "body": b": open\n\n", "more_body": True})
            coming = asyncio.ensure_future(anext(texts, None))
            try:
                while True:
                    done, _ = await asyncio.wait((coming,), timeout=_BEAT)
                    if not done:
                        await send({"type": "http.response.body", "body": b": beat\n\n", "more_body": True})
                        continue
                    text = coming.result()
                    if text is None:
                        return
                    await send({"type": "http.response.body", "body": _event(text), "more_body": True})
                    coming = asyncio.ensure_future(anext(texts, None))
            finally:
                coming.cancel()
                await asyncio.wait((coming,))
        finally:
            close = getattr(self._texts, "aclose", None)
            if close is not None:
                await close()


def _event(text: str) -> bytes:
    """Return a text as a server-sent event, in which each line begins with `data: `."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join(f"data: {line}\n" for line in lines).encode() + b"\n"


async def _disconnected(receive: Receive) -> None:
    """Wait until the browser has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
