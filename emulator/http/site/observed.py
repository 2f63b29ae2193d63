"""Reports the requests that the site answers, while there is an observer.

Requests for the console are not reported, for two reasons: a person sends them, not the program
under test, and an answer with server-sent events may never end.
"""

from time import perf_counter
from typing import Final

from emulator.http.front.answers import Answer
from emulator.http.front.asgi import raw_path
from emulator.http.front.front import App, Front, Message, Receive, Send
from emulator.http.front.observed import Observer

_CONSOLE: Final = "/_emulator/console/"


class ObservedSite:
    """An ASGI application that reports another application's requests to `front.observer`."""

    def __init__(self, app: App, front: Front) -> None:
        self._app = app
        self._front = front

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let the other application answer a request. Report the request with its answer."""
        if self._front.observer is None or scope["path"].startswith(_CONSOLE):
            await self._app(scope, receive, send)
        else:
            await _observed(self._app, self._front.observer, scope, receive, send)


async def _observed(app: App, observer: Observer, scope: Message, receive: Receive, send: Send) -> None:
    began = perf_counter()
    request, head, body, status = b"", b"", b"", 0

    async def receive_noted() -> Message:
        nonlocal request
        message = await receive()
        request += message.get("body", b"")
        return message

    async def send_noted(message: Message) -> None:
        nonlocal head, body, status
        if message["type"] == "http.response.start":
            status = message["status"]
            head = b"".join(b"%b: %b\r\n" % header for header in message["headers"])
        else:
            body += message.get("body", b"")
        await send(message)

    try:
        await app(scope, receive_noted, send_noted)
    finally:
        if status:
            fields, query = dict(scope["headers"]), scope["query_string"]
            answer = Answer(status, head, body)
            observer.other(
                (began, perf_counter(), 0.0, scope["method"], raw_path(scope), query, fields, request, answer, 0.0)
            )
