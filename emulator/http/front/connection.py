"""One HTTP/1.1 connection, answered straight from the parser's callbacks.

uvicorn lets its protocol class be replaced. Ours needs no task, scope, receive or send for a request: the protocol core is
synchronous, so the answer is made when the parser reports the request's end, and sent at the end of the loop's turn
(outbox.py). Requests that arrive pipelined are answered in order by the same means. The ASGI application (asgi.py) does the
same over any server; tests run on both.

What stays ordinary HTTP is here: keep-alive, `Expect: 100-continue`, HTTP/1.0, HEAD, declined upgrades, oversized headers
and bodies (refused before they are held in memory), and closing without cutting off an answer.

A client that does not read is not read from; of the requests that had come by then, each waits until the answers before
it have been read, so that no more than one answer is in memory. What else is to be written waits its turn behind them.

Every connection has 65 seconds for its next step, else it is closed: to send a request, to complete a head, to send
64 KB more of a body, or to read some of an answer. A connection that is closing already has three. At the server's end
a client that was just active may send one more request, whose answer says that the connection closes.

Bodies that are not complete are bounded together, see bodies.py.

An answer may be pending, because it is made in slices (turns.py). What comes later on the connection waits for it; a
server that stops waits too, and a client that sends no more gets it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, NamedTuple, NoReturn

import httptools

from emulator.http.front.bodies import Bodies
from emulator.http.front.commits import reads
from emulator.http.front.dynamodb import FRAMING, HEADER_BLOCK, Answer, DynamoDbEndpoint
from emulator.http.front.failures import log_failure, log_not_http
from emulator.http.front.outbox import Outbox
from emulator.http.front.turns import Pending, Run
from emulator.http.site import controls as admin
from emulator.limits import REQUEST_BODY
from storage import Full, Interrupted, StorageError

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_GOES_ON: Final = b"connection: keep-alive\r\n\r\n"  # as the service's answers have it; HTTP/1.0 needs it
_ENDS: Final = b"connection: close\r\n\r\n"
_IDLE: Final = 65.0  # seconds for the next step; longer than the SDKs keep an idle connection
_LINGER: Final = 3.0  # the same while the connection closes
_STEP: Final = 64 << 10  # bytes of a body that are a step: 16 MB may take a slow network four hours, a drip 65 seconds
_SECOND_LOOK: Final = 5.0  # seconds after which a first look at unsent bytes is repeated, to see whether they are read
_ACTIVE: Final = 1.0  # seconds since its last request in which a client counts as active
_FAREWELL: Final = 0.25  # seconds in which an active client may send one more request at the server's end
_MOST_HELD: Final = 4 << 20  # bytes of answers that wait for a commit; with more, further requests wait too

_ATTEMPTS: Final = 20  # at an answer whose writes are lost again and again

_NO_BODY: Final = b""
_STOPPED: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class _Request(NamedTuple):
    """A request as it came: method, target, fields, body, and whether the connection goes on after it."""

    method: str
    url: bytes
    fields: dict[bytes, bytes]
    body: bytes
    keep_alive: bool


class _Deaf:
    """Stands in for the parser of a connection whose client is not listened to any more."""

    def feed_data(self, data: bytes) -> None:
        """Pass over everything."""


_DEAF: Final[Any] = _Deaf()


class _Enough(Exception):
    """Ends the parser's work from within one of its callbacks."""


class Connection(asyncio.Protocol):
    """One client's connection. `state` is uvicorn's: the open connections and the current date header."""

    __slots__ = (
        "_asked",
        "_attempts",
        "_block",
        "_bodies",
        "_body",
        "_closing",
        "_counted",
        "_endpoint",
        "_fields",
        "_head",
        "_held",
        "_held_bytes",
        "_keep_alive",
        "_later",
        "_loop",
        "_moved",
        "_outbox",
        "_parser",
        "_parts",
        "_refused",
        "_run",
        "_since",
        "_size",
        "_stalled",
        "_state",
        "_step",
        "_timer",
        "_transport",
        "_unread",
        "_unsent",
        "_url",
        "_waits",
        "_within",
    )

    def __init__(
        self,
        endpoint: DynamoDbEndpoint,
        state: Any,  # noqa: ANN401 - uvicorn's own
        loop: asyncio.AbstractEventLoop,
        outbox: Outbox,
        bodies: Bodies,
    ) -> None:
        self._endpoint = endpoint
        self._state = state
        self._loop = loop
        self._outbox = outbox
        self._bodies = bodies
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._moved = 0.0  # when something came or went last
        self._unsent = 0  # bytes that the transport had not sent yet when that was looked at last
        self._within = False  # a request has begun and is not complete yet
        self._since = 0.0  # when its last step was done
        self._step = 0  # bytes of its body by then
        self._counted = False  # its body is among self._bodies
        self._waits = False  # it is not read on because of other bodies
        self._closing = False  # the next answer is the last
        self._refused = False
        self._keep_alive = True  # as the request has it that is being answered or was last
        # What came while its answers were not read. Something is there only while stalled, which is while the transport
        # is full (unread) or too much is held back.
        self._later: deque[Callable[[], None]] = deque()
        self._stalled = False
        self._unread = False
        self._fields: dict[bytes, bytes] = {}
        self._head = self._fields  # all fields but trailers
        self._block = 0
        self._url = b""
        self._body = _NO_BODY
        self._parts: list[bytes] = []
        self._size = 0
        # What waits for a commit, see commits.py: what is to be written, and the request that it answers.
        self._held: list[tuple[bytes, _Request | None]] = []
        self._held_bytes = 0
        self._asked: _Request | None = None  # which is being answered, where there are commits
        self._attempts = 0
        self._run: Run | None = None  # the answer that is being made in slices; what comes later waits for it

    @property
    def last_active(self) -> float:
        """The loop's time at which something came or was read last."""
        return self._moved

    # --- asyncio's side ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: the server knows us, the timer runs."""
        self._transport = transport  # type: ignore[assignment] # uvloop's is no asyncio.Transport
        self._state.connections.add(self)
        self._moved = self._loop.time()
        self._timer = self._loop.call_later(_IDLE, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """End."""
        self._state.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._parser = _DEAF
        self._later.clear()
        self._forget_body()
        if self._run is not None:
            self._run.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls back below."""
        self._moved = self._loop.time()
        try:
            self._parser.feed_data(data)
        except _STOPPED as error:
            self._sort_out(error, data)
        if self._within and self._size and not self._refused:
            self._counted = True
            self._bodies.hold(self, self._size)

    def eof_received(self) -> bool:
        """Close when all is answered that has come whole; say that the transport need not close itself."""
        self._parser = _DEAF
        self._within = False
        self._in_turn(self._close)
        return True

    def _sort_out(self, error: Exception, data: bytes) -> None:
        """Go on after an offer of another protocol; after anything else that ended the parser's work close."""
        rest = memoryview(data)
        while isinstance(error, httptools.HttpParserUpgrade):
            rest = rest[error.args[0] :]
            if self._parser.get_method() == b"CONNECT":
                self._parser = _DEAF
                self._in_turn(self._close)
                return
            try:
                self._decline_upgrade()
                self._parser.feed_data(rest)
            except _STOPPED as another:
                error = another
            else:
                return
        if self._parser is _DEAF:  # it was ended by `_end`
            return
        self._parser = _DEAF
        if isinstance(error, httptools.HttpParserCallbackError):
            self._in_turn(partial(self._fail, error.__context__))
        else:
            log_not_http(data, error)
            self._in_turn(self._misunderstand)

    def _decline_upgrade(self) -> None:
        """Read the head again without its offer of another endpoint, which the parser takes for accepted."""
        lines = [b"%b %b HTTP/1.1" % (self._parser.get_method(), self._url)]
        lines += [b"%b: %b" % field for field in self._fields.items() if field[0] not in (b"connection", b"upgrade")]
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")

    def pause_writing(self) -> None:
        """Stop listening to a client that does not read its answers, and note how much it has not read."""
        self._unread = True
        self._bodies.large = True
        self._moved = self._loop.time()
        if self._transport is not None:
            self._unsent = self._transport.get_write_buffer_size()
        self._stall()

    def resume_writing(self) -> None:
        """Go on listening."""
        self._unread = False
        self._moved = self._loop.time()
        self._go_on()

    def shutdown(self) -> None:
        """Close, after answering a request that is just arriving (called by uvicorn's server at its end).

        An active client has a moment for one more request, which may be on its way: closing at once would break it.
        """
        if self._run is not None:
            self._closing = True
        elif self._stalled:
            self._close()
        elif self._within:
            self._closing = True
            self._hurry()
        elif self._loop.time() - self._moved < _ACTIVE:
            self._closing = True
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(_FAREWELL, self._take_leave)
        else:
            self._close()

    def _take_leave(self) -> None:
        if self._within:
            self._hurry()
        elif self._run is None:
            self._close()

    # --- time, and turns --------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Close where nothing has come or gone for a time; break off where the client does not read what is left."""
        transport = self._transport
        if transport is None:
            return
        now = self._loop.time()
        unsent = transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._moved = now
        elif unsent and not self._unsent:
            self._moved = max(self._moved, now - _IDLE + _SECOND_LOOK)
        self._unsent = unsent
        if self._waits or self._run is not None:  # for the server, not for the client
            self._moved = self._since = now
        last_step = min(self._moved, self._since) if self._within else self._moved
        left = last_step + (_LINGER if self._closing else _IDLE) - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._watch)
        elif unsent or transport.is_closing():
            transport.abort()
        else:
            self._close()

    def _hurry(self) -> None:
        """Have no patience any more, from now on."""
        self._moved = self._since = self._loop.time()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_LINGER, self._watch)

    def _stall(self) -> None:
        """Let requests wait that have come already, and do not read more."""
        if self._stalled:
            return
        self._stalled = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _go_on(self) -> None:
        """Do what waits, as far as the answers are read, then read on."""
        self._stalled = self._run is not None or self._unread or self._held_bytes > _MOST_HELD
        later, self._later = self._later, deque()
        while later and not self._stalled:
            try:
                later.popleft()()
            except Exception as error:  # noqa: BLE001 - is logged
                self._fail(error)
                return
        if later:
            self._later = later
        elif not self._stalled:
            self._read_on()

    def _read_on(self) -> None:
        if not self._waits and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def pause(self) -> None:
        """Stop reading, because all incomplete bodies together take too much memory (bodies.py)."""
        self._waits = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on (bodies.py)."""
        self._waits = False
        self._since = self._moved = self._loop.time()
        if not self._stalled:
            self._read_on()

    def _forget_body(self) -> None:
        """Count the body of this connection's request no more."""
        if self._counted:
            self._counted = self._waits = False
            self._bodies.release(self)

    def _in_turn(self, act: Callable[[], None]) -> None:
        """Do something that is no request behind everything that waits."""
        if self._later or self._run is not None:
            self._later.append(act)
        else:
            act()

    def _end(self, last: Callable[[], None]) -> NoReturn:
        """Do something in turn and stop listening; only for the parser's callbacks, whose work ends here."""
        self._parser = _DEAF
        self._in_turn(last)
        raise _Enough

    # --- the parser's side ------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._within = True
        self._since = self._moved
        self._step = 0
        self._refused = False
        self._fields = self._head = {}
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
        """Take a header or trailer; of several lines the first counts, but there may be only one Host."""
        self._block += len(name) + len(value) + FRAMING
        name = name.lower()
        if self._block > HEADER_BLOCK or (name == b"host" and name in self._fields):
            self._refuse_head()
        else:
            self._fields.setdefault(name, value)

    def on_headers_complete(self) -> None:
        """Refuse a body that will be too large; tell a client that waits to go on."""
        self._since = self._moved
        if self._parser.should_upgrade():
            self._refused = True  # as it is: it is read again without the offer
            return
        fields = self._fields
        length = fields.get(b"content-length")
        if length is None:
            self._fields = {}  # for trailers, which nobody reads
        elif int(length) > REQUEST_BODY:
            self._refuse_body()
            return
        if b"expect" in fields and fields[b"expect"].lower() == b"100-continue":
            self._in_turn(partial(self._write, _CONTINUE))

    def on_body(self, body: bytes) -> None:
        """Take the body, or a piece of it."""
        if not self._size:
            self._body = body
        elif not self._refused:
            self._parts.append(body)
        self._size += len(body)
        if self._size - self._step >= _STEP:
            self._step, self._since = self._size, self._moved
        if self._size > REQUEST_BODY and not self._refused:
            self._refuse_body()

    def on_message_complete(self) -> None:
        """Answer, or let the request wait for its turn."""
        keep_alive = self._parser.should_keep_alive()
        if self._counted:
            self._forget_body()
        if not self._refused:
            body = self._body
            if self._parts:
                body = b"".join((body, *self._parts))
                self._body, self._parts = _NO_BODY, []  # or a connection that rests would keep them
            method = self._parser.get_method().decode("latin-1")
            if self._stalled:
                request = _Request(method, self._url, self._head, body, keep_alive)
                self._later.append(partial(self._answer_kept, request))
            elif self._endpoint.commits is None:
                self._answer(method, self._url, self._head, body, keep_alive)
            else:
                self._answer_kept(_Request(method, self._url, self._head, body, keep_alive))
        elif self._parser.should_upgrade():
            return
        self._within = False
        if self._closing or not keep_alive:
            self._end(self._close)

    # --- answers ----------------------------------------------------------------------------------------------------

    def _answer_kept(self, request: _Request) -> None:
        """Answer a request that may have to be answered again."""
        self._asked = request
        self._answer(*request)
        self._asked = None

    def _answer(self, method: str, url: bytes, fields: dict[bytes, bytes], body: bytes, keep_alive: bool) -> None:  # noqa: FBT001 - hot
        self._keep_alive = keep_alive
        path, _, query = url.partition(b"?")
        try:
            if path == b"/":
                answer = self._endpoint.answer(method, query, fields, body)
            else:
                address = None if self._transport is None else self._transport.get_extra_info("sockname")
                answer = self._endpoint.elsewhere(method, path, query, fields, body, address)
        except Pending as pending:
            self._answer_later(pending, with_body=method != "HEAD")
        else:
            self._send(answer, with_body=method != "HEAD")

    def _answer_later(self, pending: Pending, *, with_body: bool) -> None:
        """Answer when all slices are done; until then, let what comes after wait."""
        assert self._endpoint.turns is not None, "without turns no answer is pending"
        send = partial(self._send_late, self._asked, with_body=with_body)
        self._run = self._endpoint.turns.begin(self._loop, pending, send)
        self._stall()

    def _send_late(self, asked: _Request | None, answer: Answer, *, with_body: bool) -> None:
        """Send an answer that was made in slices, and go on."""
        self._run = None
        self._asked = asked
        self._send(answer, with_body=with_body)
        self._asked = None
        if self._closing:
            self._close()
        else:
            self._go_on()

    def _refuse_head(self) -> NoReturn:
        """Refuse a request line or header block over 16 KB, or a second Host, and the connection with it."""
        self._end(partial(self._part, self._endpoint.refuse(400, self._fields)))

    def _refuse_body(self) -> None:
        """Answer before the body is there; what still comes of it is passed over."""
        self._refused = True
        self._body = _NO_BODY
        self._parts = []
        self._forget_body()
        self._in_turn(partial(self._refuse, self._head, self._parser.should_keep_alive()))

    def _refuse(self, fields: dict[bytes, bytes], keep_alive: bool) -> None:  # noqa: FBT001
        self._keep_alive = keep_alive
        self._send(self._endpoint.refuse(413, fields), with_body=True)

    def _misunderstand(self) -> None:
        self._write(_BAD_REQUEST)
        self._close()

    def _fail(self, error: BaseException | None) -> None:
        """Answer where our own code failed in a way that the protocol does not expect."""
        log_failure("a request, whose connection is closed,", error or EOFError())
        self._asked = None
        self._part(self._endpoint.failed(error, self._head))

    def _part(self, answer: Answer) -> None:
        """Send a last answer and close."""
        self._closing = True
        self._send(answer, with_body=True)
        self._close()

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        if self._transport is None:
            return
        date = self._state.default_headers
        stamp = b"date: %b\r\n" % date[0][1] if date else b""
        end = _GOES_ON if self._keep_alive and not self._closing else _ENDS
        body = answer.body if with_body else _NO_BODY
        self._write(b"".join((_STATUS_LINES[answer.status], stamp, answer.head, end, body)))

    def _write(self, data: bytes) -> None:
        """Write, or hold back what must wait for a commit, or for something that does."""
        commits = self._endpoint.commits
        if commits is not None and (self._held or commits.pending()):
            if not self._held:
                commits.wait(self, among=len(self._state.connections))
            self._held.append((data, self._asked))
            self._held_bytes += len(data)
            if self._held_bytes > _MOST_HELD:
                self._stall()
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
        self._held_bytes = 0
        if _answers_again(failure, held) and self._attempts < _ATTEMPTS:
            self._attempts += 1
            again = [partial(self._again, data, request) for data, request in held]
            for position, act in enumerate(again, 1):
                act()
                if self._run is not None:
                    self._later.extendleft(reversed(again[position:]))
                    break
            failure = None
        elif failure is not None:
            self._closing = True
            fields = next((request.fields for _, request in held if request is not None), self._head)
            self._send(self._endpoint.failed(failure, fields), with_body=True)
        else:
            self._attempts = 0
            if self._transport is not None:
                self._put(self._transport, b"".join([data for data, _ in held]))
        if self._run is not None:
            return
        if failure is not None or ((self._closing or not self._keep_alive) and not self._within):
            self._close()
        elif self._stalled:
            self._go_on()

    def _again(self, data: bytes, request: _Request | None) -> None:
        """Answer a request again whose writes were lost, or write the same answer where there were none to lose."""
        self._asked = request
        # What moved the clock has moved it. The URL may have the absolute form.
        if request is None or admin.CLOCK in request.url.partition(b"?")[0]:
            self._write(data)
        else:
            self._answer(*request)
        self._asked = None

    def _close(self) -> None:
        """Stop listening, and close once nothing is held back."""
        self._closing = True
        self._within = False
        self._parser = _DEAF
        self._later.clear()
        if not self._held and self._transport is not None and not self._transport.is_closing():
            self._outbox.flush()
            self._transport.close()
            self._hurry()


def _answers_again(failure: StorageError | None, held: list[tuple[bytes, _Request | None]]) -> bool:
    """Say whether requests are answered again whose commit failed: after Full only where all of them read.

    They waited because others had written, or because a status was to be stored, which can wait until there is room.
    """
    if isinstance(failure, Full):
        return all(request is None or reads(request.fields) for _, request in held)
    return isinstance(failure, Interrupted)


def connection_factory(endpoint: DynamoDbEndpoint, bodies: Bodies) -> Callable[..., Connection]:
    """Return what uvicorn takes for its HTTP protocol class."""
    outbox = Outbox()
    endpoint.take_turns()
    endpoint.bodies = bodies

    def connect(
        *,
        server_state: Any,  # noqa: ANN401 - uvicorn's own
        _loop: asyncio.AbstractEventLoop | None = None,
        **_: Any,  # noqa: ANN401
    ) -> Connection:
        return Connection(endpoint, server_state, _loop or asyncio.get_running_loop(), outbox, bodies)

    return connect
