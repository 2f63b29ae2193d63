"""Answers the requests to `/` under any ASGI server, and passes all other requests to the site.

Under another ASGI server, this module does what connection.py does over our own connections. Both
modules have the same limits, the same order of checks, and with `--durable` the same group commits.
"""

import asyncio
import sys

from emulator.http.front.answers import HEADER_BLOCK, NO_ANSWER, Answer, Fields, fields_of
from emulator.http.front.bodies import Bodies
from emulator.http.front.commits import committed, reads
from emulator.http.front.front import Front, Message, Receive, Send
from emulator.http.front.sliced_answers import Pending
from emulator.limits import REQUEST_BODY
from storage import StorageError


class _Request:
    """A request in progress, as a `Client` of the front."""

    def __init__(self) -> None:
        self.last_active = asyncio.get_running_loop().time()


async def answer(front: Front, scope: Message, receive: Receive, send: Send) -> None:
    """Answer one HTTP request, unless its client disconnects."""
    client = _Request()
    front.clients.add(client)
    try:
        await _answer(front, scope, receive, send)
    except _Disconnected:
        pass
    finally:
        front.clients.discard(client)


async def _answer(front: Front, scope: Message, receive: Receive, send: Send) -> None:
    """Answer one HTTP request. Raises _Disconnected if its client disconnects."""
    fields = fields_of(scope["headers"])
    body = await _body(scope, receive, front.bodies)
    if fields is None or len(scope["query_string"]) > HEADER_BLOCK:
        await send_answer(send, front.endpoint.refuse(400).with_lines(b"connection: close\r\n"))
    elif body is None:
        await send_answer(send, front.endpoint.refuse(413, fields))
    elif raw_path(scope) == b"/":
        await send_answer(send, await _endpoint_answer(front, scope, receive, fields, body))
    else:
        await front.site(scope, _received(body, receive), send)


def raw_path(scope: Message) -> bytes:
    """Return the path as the client sent it.

    Some ASGI servers give only the decoded path. Under such a server, return the decoded path.
    """
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer.

    For NO_ANSWER, the connection must be closed, but ASGI has no message for this. So send only
    a head that promises a body. Because the body is missing, uvicorn closes the connection. The
    status is 500, because botocore accepts an answer with the status 200 whose body is missing.
    """
    if answer is NO_ANSWER:
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"1")]})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _endpoint_answer(front: Front, scope: Message, receive: Receive, fields: Fields, body: bytes) -> Answer:
    """Return the answer to a request for `/`, after the request's writes are committed.

    Raises _Disconnected if the client closes the connection while the answer is made in slices.
    """

    async def make() -> Answer:
        try:
            return front.endpoint.answer(scope["method"], scope["query_string"], fields, body)
        except Pending as pending:
            return await _sliced_answer(front, pending, receive)

    if front.commits is None:
        return await make()
    try:
        return await committed(front.commits, make, among=sys.maxsize, reads=reads(fields))
    except StorageError as error:
        return front.endpoint.failed(error, fields)


async def _sliced_answer(front: Front, pending: Pending, receive: Receive) -> Answer:
    """Return an answer that is made in slices.

    Raises _Disconnected as soon as the client has closed the connection. Without this check, the
    work would go on for nobody, perhaps for a long time.
    """
    making = asyncio.ensure_future(front.sliced.finish(pending.steps))
    leaving = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((making, leaving), return_when=asyncio.FIRST_COMPLETED)
        if making.done():
            return making.result()
        raise _Disconnected
    finally:
        making.cancel()
        leaving.cancel()


async def _disconnected(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _received(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` whose first call returns `body`, and whose later calls call `receive`."""
    pending = [body]

    async def receive_again() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return receive_again


class _Disconnected(Exception):
    """The client closed the connection before its request or the answer was complete.

    An incomplete request does not run, even if the part that arrived is a valid request.
    """


class _BodyReader:
    """Pauses and resumes the reading of one request's body (bodies.py)."""

    def __init__(self) -> None:
        self._may_read = asyncio.Event()
        self._may_read.set()

    def pause(self) -> None:
        """Stop reading: `ready` waits from now on."""
        self._may_read.clear()

    def resume(self) -> None:
        """Read again: `ready` no longer waits."""
        self._may_read.set()

    async def ready(self) -> None:
        """Wait until more of the body may be read."""
        await self._may_read.wait()


async def _body(scope: Message, receive: Receive, bodies: Bodies) -> bytes | None:
    """Return the whole body of a request, or None as soon as it is too large.

    Raises _Disconnected if the client closes the connection before the body is complete.
    """
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
            bodies.record(reader, size)
            await reader.ready()
            message = await _next(receive)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > REQUEST_BODY:
                return None
    finally:
        bodies.release(reader)
    return b"".join(parts)


async def _next(receive: Receive) -> Message:
    """Return the next message with a part of the request.

    Raises _Disconnected if the client has closed the connection.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Disconnected
    return message
