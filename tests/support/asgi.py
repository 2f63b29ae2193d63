"""Calls of an ASGI application in process, without a server."""

import asyncio
from contextlib import nullcontext
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from emulator.app import Emulator
from emulator.http.application import Application, create_front
from emulator.http.front.front import App, Message


class Reply(NamedTuple):
    """The answer of an application. unread: pieces of the request's body that it did not read."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    unread: list[bytes]


def application_of(emulator: Emulator) -> Application:
    """Return the application of an emulator that the test opens and closes."""
    return Application(lambda: nullcontext(emulator))


def site_of(emulator: Emulator) -> App:
    """Return the application for all paths except `/`."""
    return create_front(emulator).site


def ask(app: App, method: str, path: str | bytes, *pieces: bytes, **scope: Any) -> Reply:
    """Send a request whose body comes in these pieces; return the answer.

    scope: additional members of the ASGI scope. Its `headers` are pairs or a dictionary.
    """
    return asyncio.run(asked(app, method, path, *pieces, **scope))


async def asked(app: App, method: str, path: str | bytes, *pieces: bytes, **scope: Any) -> Reply:
    """Send a request as `ask` does, on a running event loop. The client never disconnects."""
    waiting = list(pieces) or [b""]
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()  # ends when the application cancels the call
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = path if isinstance(path, bytes) else path.encode()
    headers = scope.pop("headers", ())
    made = {
        "type": "http",
        "method": method,
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": b"",
        "headers": list(headers.items()) if isinstance(headers, dict) else list(headers),
        **scope,
    }
    await app(made, receive, send)
    start, *bodies = sent
    return Reply(start["status"], dict(start["headers"]), b"".join(each["body"] for each in bodies), waiting)
