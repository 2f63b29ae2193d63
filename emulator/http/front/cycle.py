"""One request that an ASGI application answers, over a connection of our own.

The connection has received the whole request. The answer may be streamed. In ASGI, the application
sends the head of the answer as `http.response.start`, and each part of the answer's body as
`http.response.body`. The connection sends the head together with the first part.

| the application sends                    | the client gets                                         |
|------------------------------------------|---------------------------------------------------------|
| a head with `content-length`             | the parts without chunks                                |
| a head without `content-length`          | with HTTP/1.1, the parts as chunks; with HTTP/1.0, the  |
|                                          | parts, and then the end of the connection               |
| a part, while the client does not read   | the part later; `send` waits until the client reads     |
| nothing, and returns or raises           | an error with status 500                                |
| only some parts, and returns or raises   | a broken answer, because the connection is closed       |

When the answer is complete or the client has closed the connection, `receive` returns
`http.disconnect`, and `send` ignores its message. A connection does not read while an answer is
made, so it does not notice that the client closes it. Therefore the cycle polls the socket while
the application waits in `receive`. The poll also finds a client that has closed only its sending
half of the connection. Then `receive` returns `http.disconnect`, but the client still gets the
answer.
"""  # noqa: W505 - a table

import asyncio
import select
from contextlib import suppress
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes

from emulator.http.front.answers import ENDS, GOES_ON, STATUS_LINES
from emulator.http.front.front import App, Message
from emulator.http.front.requests import Request

_POLL: Final = 0.25  # seconds between two polls of the socket
_NO_BODY: Final = frozenset((204, 304))
_LAST_CHUNK: Final = b"0\r\n\r\n"
_DISCONNECT: Final = {"type": "http.disconnect"}


class Client(Protocol):
    """The connection over which a cycle answers its request."""

    @property
    def date_line(self) -> bytes:
        """The header line with the current date."""
        ...

    @property
    def closing(self) -> bool:
        """True if the connection closes after the next answer."""
        ...

    @property
    def hung_up(self) -> bool:
        """True if the client has closed the connection, or will send nothing more."""
        ...

    def write(self, data: bytes) -> None:
        """Send data."""
        ...

    def answered(self, *, keep_alive: bool) -> None:
        """Continue after a complete answer."""
        ...

    def not_answered(self, request: Request, error: BaseException | None, *, begun: bool) -> None:
        """Continue after an incomplete answer. begun: True if a part of the answer was sent."""
        ...


class Cycle:
    """One request to the application, and its answer."""

    def __init__(self, request: Request, client: Client, addresses: tuple[Any, Any]) -> None:
        self._request = request
        self._client = client
        self._scope = _scope(request, *addresses)
        self._received = False  # True once the application has received the request
        # Set once the answer is complete or the client has closed the connection.
        self._ended = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = False
        self._complete = False
        self._begun = False
        self._head: list[bytes] | None = None
        self._status = 0
        self._left: int | None = None  # the number of bytes of the body (by its `content-length`) that are not sent yet
        self._chunked = False
        self._keep_alive = request.keep_alive

    async def run(self, app: App) -> None:
        """Let the application answer the request. Raises only CancelledError."""
        failure: BaseException | None = None
        try:
            await app(self._scope, self._receive, self._send)
        except asyncio.CancelledError:
            self._give_up(None)
            raise
        except Exception as error:  # noqa: BLE001 - self._client logs it
            failure = error
        self._give_up(failure or RuntimeError("the application returned before its answer was complete"))

    def _give_up(self, error: BaseException | None) -> None:
        if not self._complete and not self._gone:
            self.cancel()
            self._client.not_answered(self._request, error, begun=self._begun)

    def cancel(self) -> None:
        """Tell the application that the client has closed the connection."""
        self._gone = True
        self._ended.set()
        self._writable.set()

    def pause(self) -> None:
        """Make the application's next `send` wait."""
        self._writable.clear()

    def resume(self) -> None:
        """Let a waiting `send` return."""
        self._writable.set()

    async def _receive(self) -> Message:
        if not self._received:
            self._received = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        while not (self._ended.is_set() or self._client.hung_up):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _POLL)
        return dict(_DISCONNECT)

    async def _send(self, message: Message) -> None:
        if self._gone or self._complete:
            return
        kind = message["type"]
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
            # After the last part, do not wait: the connection no longer calls `resume`.
            if not self._complete:
                await self._writable.wait()
        else:
            raise RuntimeError(f"the application sent an unexpected message: {kind}")

    def _start(self, message: Message) -> None:
        assert self._head is None, "the application started its answer twice"
        self._status = message["status"]
        lines = [STATUS_LINES.get(self._status) or b"HTTP/1.1 %d \r\n" % self._status]
        dated = False
        for name, value in message.get("headers", ()):
            lower = name.lower()
            if lower == b"connection":
                self._keep_alive = self._keep_alive and value.lower() != b"close"
                continue
            if lower == b"content-length":
                self._left = int(value)
            dated = dated or lower == b"date"
            lines.append(b"%b: %b\r\n" % (lower, value))
        if not dated:
            lines.insert(1, self._client.date_line)
        if self._left is None and self._status not in _NO_BODY:
            if self._request.version == "1.1":
                self._chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                self._keep_alive = False
        self._head = lines

    def _send_body(self, body: bytes, *, more: bool) -> None:
        assert self._head is not None, "the application sent a body before it started its answer"
        data = b""
        if self._request.method != "HEAD" and self._status not in _NO_BODY:
            data = self._framed(body, more=more)
        if not self._begun:
            self._begun = True
            self._keep_alive = self._keep_alive and not self._client.closing
            data = b"".join((*self._head, GOES_ON if self._keep_alive else ENDS, data))
        if data:
            self._client.write(data)
        if not more:
            self._complete = True
            self._ended.set()
            self._client.answered(keep_alive=self._keep_alive)

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        if self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk if more else chunk + _LAST_CHUNK
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("the application sent a body whose length is not its content-length")
        return body


def hung_up(descriptor: int) -> bool:
    """Return True if the client has closed the connection, or will send nothing more.

    On systems without POLLRDHUP (macOS), the result is True only for a broken connection.
    """
    poll = select.poll()
    poll.register(descriptor, getattr(select, "POLLRDHUP", 0))
    return bool(poll.poll(0))


def _scope(request: Request, server: Any, client: Any) -> Message:  # noqa: ANN401 - as the transport has them
    path, _, query = request.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.version,
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": list(request.fields.items()),
        "server": None if server is None else tuple(server[:2]),
        "client": None if client is None else tuple(client[:2]),
        "state": {},
    }
