"""One HTTP/1.1 connection, answered straight from the parser's callbacks.

uvicorn lets its protocol class be replaced. Ours needs no task, scope, receive or send for a request: the protocol core is
synchronous, so the answer is made when the parser reports the request's end, and sent at the end of the loop's turn
(outbox.py). Requests that arrive pipelined are answered in order by the same means. The ASGI application (asgi.py) does the
same over any server; tests run on both.

What stays ordinary HTTP is here: keep-alive and its idle timer, `Expect: 100-continue`, HTTP/1.0, HEAD, declined upgrades,
oversized headers and bodies (refused before they are held in memory), a client that does not read (the transport stops
reading it), and closing without cutting off an answer.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import httptools

from emulator.http.outbox import Outbox
from emulator.http.protocol import FRAMING, HEADER_BLOCK, Answer, Protocol
from emulator.limits import REQUEST_BODY
from storage import Interrupted, StorageError

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_IDLE: Final = 65.0  # seconds a connection is kept without a request: longer than the SDKs keep one

_ATTEMPTS: Final = 20  # at an answer whose writes are lost again and again

_NO_BODY: Final = b""


class _Request(NamedTuple):
    """A request as it came: method, target, fields and body."""

    method: str
    url: bytes
    fields: dict[bytes, bytes]
    body: bytes


class Connection(asyncio.Protocol):
    """One client's connection. `state` is uvicorn's: the open connections and the current date header."""

    __slots__ = (
        "_asked",
        "_attempts",
        "_block",
        "_body",
        "_closing",
        "_fields",
        "_held",
        "_idle_since",
        "_keep_alive",
        "_loop",
        "_outbox",
        "_parser",
        "_parts",
        "_protocol",
        "_refused",
        "_size",
        "_state",
        "_timer",
        "_transport",
        "_url",
        "_within",
    )

    def __init__(
        self,
        protocol: Protocol,
        state: Any,  # noqa: ANN401 - uvicorn's own
        loop: asyncio.AbstractEventLoop,
        outbox: Outbox,
    ) -> None:
        self._protocol = protocol
        self._state = state
        self._loop = loop
        self._outbox = outbox
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self._within = False  # a request has begun and is not answered yet
        self._closing = False
        self._refused = False
        self._keep_alive = True
        self._fields: dict[bytes, bytes] = {}
        self._block = 0
        self._url = b""
        self._body = _NO_BODY
        self._parts: list[bytes] = []
        self._size = 0
        # What waits for a commit, see commits.py: what is to be written, and the request that it answers.
        self._held: list[tuple[bytes, _Request | None]] = []
        self._asked: _Request | None = None  # which is being answered, where there are commits
        self._attempts = 0

    # --- asyncio's side ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: the server knows us, the idle timer runs."""
        self._transport = transport  # type: ignore[assignment] # uvloop's is no asyncio.Transport
        self._state.connections.add(self)
        self._idle_since = self._loop.time()
        self._timer = self._loop.call_later(_IDLE, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """End."""
        self._state.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls back below."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline_upgrade(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._write(_BAD_REQUEST)
            self._close()

    def _decline_upgrade(self, rest: bytes) -> None:
        """Read the request again without its offer of another protocol, which the parser takes for accepted."""
        method = self._parser.get_method()
        if self._refused or method == b"CONNECT":
            self._close()
            return
        lines = [b"%b %b HTTP/1.1" % (method, self._url)]
        lines += [b"%b: %b" % field for field in self._fields.items() if field[0] not in (b"connection", b"upgrade")]
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its answers."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def shutdown(self) -> None:
        """Close, after answering a request that has begun (called by uvicorn's server at its end)."""
        if self._within:
            self._closing = True
        else:
            self._close()

    def _close_if_idle(self) -> None:
        idle = self._loop.time() - self._idle_since
        if self._within or idle < _IDLE:
            wait = _IDLE if self._within else _IDLE - idle
            self._timer = self._loop.call_later(wait, self._close_if_idle)
        else:
            self._close()

    # --- the parser's side ------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._within = True
        self._refused = False
        self._fields = {}
        self._block = 0
        self._url = b""
        self._body = _NO_BODY
        self._parts = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Take the target, or a piece of it."""
        self._url += url
        if len(self._url) > HEADER_BLOCK:
            self._refuse_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; of several lines the first counts."""
        self._block += len(name) + len(value) + FRAMING
        if self._block > HEADER_BLOCK:
            self._refuse_head()
        else:
            self._fields.setdefault(name.lower(), value)

    def on_headers_complete(self) -> None:
        """Refuse a body that will be too large; tell a client that waits to go on."""
        if self._parser.should_upgrade():
            return
        fields = self._fields
        length = fields.get(b"content-length")
        if length is not None and int(length) > REQUEST_BODY:
            self._refuse(413)
        elif b"expect" in fields and fields[b"expect"].lower() == b"100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take the body, or a piece of it."""
        if not self._size:
            self._body = body
        elif not self._refused:
            self._parts.append(body)
        self._size += len(body)
        if self._size > REQUEST_BODY and not self._refused:
            self._refuse(413)

    def on_message_complete(self) -> None:
        """Answer."""
        if self._parser.should_upgrade():
            return
        self._keep_alive = self._parser.should_keep_alive()
        if not self._refused:
            body = b"".join((self._body, *self._parts)) if self._parts else self._body
            method = self._parser.get_method().decode("latin-1")
            if self._protocol.commits is not None:
                self._asked = _Request(method, self._url, self._fields, body)
            self._answer(method, self._url, self._fields, body)
            self._asked = None
        self._within = False
        self._idle_since = self._loop.time()
        if self._closing or not self._keep_alive:
            self._close()

    # --- answers ----------------------------------------------------------------------------------------------------

    def _answer(self, method: str, url: bytes, fields: dict[bytes, bytes], body: bytes) -> None:
        path, _, query = url.partition(b"?")
        if path == b"/":
            answer = self._protocol.answer(method, query, fields, body)
        else:
            answer = self._protocol.elsewhere(method, path, query, fields, body)
        self._send(answer, with_body=method != "HEAD")

    def _refuse_head(self) -> None:
        """Refuse a request line or header block over 16 KB, and the connection with it."""
        if not self._refused:
            self._closing = True
            self._refuse(400)
            self._close()

    def _refuse(self, status: int) -> None:
        """Answer at once; what still comes of the request is passed over."""
        self._refused = True
        self._body = _NO_BODY
        self._parts = []
        self._send(self._protocol.refuse(status), with_body=True)

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        if self._transport is None:
            return
        date = self._state.default_headers
        stamp = b"date: %b\r\n" % date[0][1] if date else b""
        end = b"\r\n" if self._keep_alive and not self._closing else b"connection: close\r\n\r\n"
        body = answer.body if with_body else _NO_BODY
        self._write(b"".join((_STATUS_LINES[answer.status], stamp, answer.head, end, body)))

    def _write(self, data: bytes) -> None:
        """Write, or hold back what must wait for a commit, or for something that does."""
        commits = self._protocol.commits
        if commits is not None and (self._held or commits.pending()):
            if not self._held:
                commits.wait(self, among=len(self._state.connections))
            self._held.append((data, self._asked))
        elif self._transport is not None:
            self._put(self._transport, data)

    def _put(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write at once where no other connection is open, else together with what the others write."""
        if len(self._state.connections) == 1:
            self._outbox.flush()
            transport.write(data)
        else:
            self._outbox.put(self._loop, transport, data)

    def release(self, failure: StorageError | None) -> None:
        """Write what was held back; answer again if it came to nothing; after another failure say so and close."""
        held, self._held = self._held, []
        if isinstance(failure, Interrupted) and self._attempts < _ATTEMPTS:
            self._attempts += 1
            for data, request in held:
                self._asked = request
                if request is None:
                    self._write(data)
                else:
                    self._answer(*request)
            self._asked = None
            failure = None
        elif failure is not None:
            self._closing = True
            self._send(self._protocol.failed(failure), with_body=True)
        else:
            self._attempts = 0
            if self._transport is not None:
                self._put(self._transport, b"".join([data for data, _ in held]))
        if failure is not None or ((self._closing or not self._keep_alive) and not self._within):
            self._close()

    def _close(self) -> None:
        """Close, once nothing is held back."""
        if self._held:
            self._closing = True
        elif self._transport is not None:
            self._outbox.flush()
            self._transport.close()


def connection_factory(protocol: Protocol) -> Callable[..., Connection]:
    """Return what uvicorn takes for its HTTP protocol class."""
    outbox = Outbox()

    def connect(
        *,
        server_state: Any,  # noqa: ANN401 - uvicorn's own
        _loop: asyncio.AbstractEventLoop | None = None,
        **_: Any,  # noqa: ANN401
    ) -> Connection:
        return Connection(protocol, server_state, _loop or asyncio.get_running_loop(), outbox)

    return connect
