"""The ASGI front end: collects a request's body, hands everything to the endpoint, sends its answer."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from emulator.app import Emulator
from emulator.http.front.bodies import Bodies
from emulator.http.front.dynamodb import HEADER_BLOCK, Answer, DynamoDbEndpoint, fields_of
from emulator.http.front.turns import Pending
from emulator.http.upkeep import Upkeep
from emulator.limits import REQUEST_BODY
from emulator.rounds import run_forever

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def create_app(endpoint: DynamoDbEndpoint, bodies: Bodies) -> App:
    """Return the ASGI application of a endpoint; bodies bounds what incomplete requests take."""
    endpoint.take_turns()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: bytes = scope.get("raw_path") or scope["path"].encode()  # not every server has the raw one
        fields = fields_of(scope["headers"])
        try:
            body = await _body(scope, receive, bodies)
        except _Disconnected:
            return
        try:
            if fields is None or len(scope["query_string"]) > HEADER_BLOCK:
                answer = endpoint.refuse(400)
                answer = answer._replace(head=answer.head + b"connection: close\r\n")
            elif body is None:
                answer = endpoint.refuse(413, fields)
            elif path == b"/":
                answer = endpoint.answer(scope["method"], scope["query_string"], fields, body)
            else:
                address = scope.get("server")  # not every server says where it listens
                answer = endpoint.elsewhere(scope["method"], path, scope["query_string"], fields, body, address)
        except Pending as pending:
            answer = await _finished(endpoint, pending)
        await _send(send, answer)

    return app


async def _finished(endpoint: DynamoDbEndpoint, pending: Pending) -> Answer:
    """Return an answer that is made in slices."""
    assert endpoint.turns is not None, "without turns no answer is pending"
    loop = asyncio.get_running_loop()
    made: asyncio.Future[Answer] = loop.create_future()
    run = endpoint.turns.begin(loop, pending, made.set_result)
    try:
        return await made
    finally:
        run.cancel()


class _Disconnected(Exception):
    """The client is gone before its request was complete. Such a request is not run, even if it happens to be valid."""


class _BodyReader:
    """One request's turn to read on (bodies.py)."""

    def __init__(self) -> None:
        self._may_read = asyncio.Event()
        self._may_read.set()

    def pause(self) -> None:
        """Let the next `turn` wait."""
        self._may_read.clear()

    def resume(self) -> None:
        """Let it go on."""
        self._may_read.set()

    async def turn(self) -> None:
        """Return when the body may be read on."""
        await self._may_read.wait()


async def _body(scope: Message, receive: Receive, bodies: Bodies) -> bytes | None:
    """Return the whole body, None as soon as it is known to be too large. Raises _Disconnected."""
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > REQUEST_BODY:
            return None
    parts = [body]
    size = len(body)
    reader = _BodyReader()
    try:
        while message.get("more_body"):
            bodies.hold(reader, size)
            await reader.turn()
            message = await _next(receive)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > REQUEST_BODY:
                return None
    finally:
        bodies.release(reader)
    return b"".join(parts)


async def _next(receive: Receive) -> Message:
    """Return the next piece of a request."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Disconnected
    return message


async def _send(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def run_background(emulator: Emulator, interval: float) -> None:
    """Do what the clock brings, advance background work while no request does, look after the storage; until cancelled."""
    upkeep = Upkeep(emulator, asyncio.get_running_loop())

    async def tick() -> float:
        return 0 if emulator.tick() else interval

    async def look() -> float:
        upkeep.look()
        return interval

    await asyncio.gather(run_forever("background work", tick), run_forever("looking after the storage", look))
