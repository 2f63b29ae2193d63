"""Parses the requests in the bytes of an HTTP/1.1 connection.

The library httptools parses the bytes, and calls `RequestReader` for each part of a request. The
reader collects the parts, and calls a `Receiver`:

| what came                                        | method of Receiver           | what is read next    |
|--------------------------------------------------|------------------------------|----------------------|
| a request                                        | `request_received`           | the next request     |
| a request after which the connection closes      | `request_received`, `ended`  | nothing              |
| a head with `Expect: 100-continue`               | `continue_expected`          | its body             |
| a head or trailer over 16 KB, or a second Host   | `head_refused`               | nothing              |
| a body over 16 MB                                | `body_refused`               | its rest, to skip it |
| a head with an offer to upgrade the protocol     | none: the offer is ignored   | its body             |
| CONNECT                                          | `ended`                      | nothing              |
| anything that is not HTTP                        | `not_http`                   | nothing              |

The content of trailers is ignored, but their size counts. bodies.py bounds the memory of all
incomplete bodies together.
"""  # noqa: W505 - a table

from typing import Any, Final, NamedTuple, NoReturn, Protocol

import httptools

from emulator.http.front.answers import FRAMING, HEADER_BLOCK
from emulator.http.front.bodies import Bodies
from emulator.http.front.bodies import Reader as BodyReader
from emulator.limits import REQUEST_BODY

# A connection makes progress each time that this number of bytes of a body has arrived. Without
# progress for 65 s, the connection is closed (states.py). So a body of 16 MB can take four hours.
_STEP: Final = 64 << 10
_NO_BODY: Final = b""
_STOPPED: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class Request(NamedTuple):
    """A request as it arrived. keep_alive: True if the connection stays open after the answer."""

    method: str
    target: bytes
    fields: dict[bytes, bytes]
    body: bytes
    keep_alive: bool
    version: str

    def in_origin_form(self) -> "Request":
        """Return the request with a target that is only a path and query.

        If the target is `http://host/path`, its host replaces the Host field (RFC 9112, 3.2.2).
        """
        if self.target.startswith(b"/") or b"://" not in self.target[:9]:
            return self
        target, mark, query = self.target.partition(b"?")
        host, _, path = target.partition(b"://")[2].partition(b"/")
        return self._replace(target=b"/" + path + mark + query, fields={**self.fields, b"host": host})


class Receiver(BodyReader, Protocol):
    """The methods that a RequestReader calls, as the table in the module's docstring shows."""

    closing: bool
    """True if the connection closes after the next answer."""

    def request_received(  # noqa: D102
        self, method: str, target: bytes, fields: dict[bytes, bytes], body: bytes, *, keep_alive: bool
    ) -> None: ...
    def continue_expected(self) -> None: ...  # noqa: D102
    def head_refused(self, fields: dict[bytes, bytes]) -> None: ...  # noqa: D102
    def body_refused(self, fields: dict[bytes, bytes], *, keep_alive: bool) -> None: ...  # noqa: D102
    def not_http(self, data: bytes, error: Exception) -> None: ...  # noqa: D102
    def failed(self, error: BaseException | None, fields: dict[bytes, bytes]) -> None: ...  # noqa: D102
    def ended(self) -> None: ...  # noqa: D102


class _NullParser:
    """Replaces the parser when no more bytes are to be parsed."""

    def feed_data(self, data: bytes) -> None:
        """Ignore the bytes."""


_NULL_PARSER: Final[Any] = _NullParser()


class _StopParsing(Exception):
    """Stops the parser. One of the parser's callbacks raises it."""


class RequestReader:
    """Collects the requests of one connection.

    receiving: True if a request has begun and is not complete.
    stepped_at: the event loop's time when this request last made progress: at its beginning, at the
    end of its head, and after each 64 KB of its body.
    """

    __slots__ = (
        "_block",
        "_bodies",
        "_body",
        "_counted",
        "_fields",
        "_head",
        "_parser",
        "_parts",
        "_receiver",
        "_size",
        "_skipping",
        "_step",
        "_target",
        "now",
        "receiving",
        "stepped_at",
    )

    def __init__(self, receiver: Receiver, bodies: Bodies) -> None:
        self._receiver = receiver
        self._bodies = bodies
        self._parser = httptools.HttpRequestParser(self)
        self.now = 0.0
        self.receiving = False
        self.stepped_at = 0.0
        self._step = 0  # the size of the body when the request last made progress
        self._counted = False  # True if self._bodies counts the body
        self._skipping = False  # True if the body is ignored, because the request was refused
        self._fields: dict[bytes, bytes] = {}
        self._head = self._fields  # the header fields of the request, without trailers
        self._block = 0
        self._target = b""
        self._body = _NO_BODY
        self._parts: list[bytes] = []
        self._size = 0

    @property
    def fields(self) -> dict[bytes, bytes]:
        """The header fields of the request that is being received, or of the last request."""
        return self._head

    @property
    def version(self) -> str:
        """The HTTP version of the request that is being received, such as 1.1."""
        version: str = self._parser.get_http_version()
        return version

    def feed(self, data: bytes, now: float) -> None:
        """Parse bytes. now: the event loop's time when the bytes arrived."""
        self.now = now
        try:
            self._parser.feed_data(data)
        except _STOPPED as error:
            self._parser_stopped(error, data)
        if self._size and self.receiving and not self._skipping:
            self._counted = True
            self._bodies.record(self._receiver, self._size)

    def stop(self) -> None:
        """Ignore all further bytes."""
        self.receiving = False
        self._parser = _NULL_PARSER

    def forget_body(self) -> None:
        """Stop counting the body of the current request in `Bodies` (bodies.py)."""
        if self._counted:
            self._counted = False
            self._bodies.release(self._receiver)

    def _parser_stopped(self, error: Exception, data: bytes) -> None:
        """Handle an error of the parser.

        If a request offers another protocol, ignore the offer and continue. Else stop reading.
        """
        rest = memoryview(data)
        while isinstance(error, httptools.HttpParserUpgrade):
            rest = rest[error.args[0] :]
            if self._parser.get_method() == b"CONNECT":
                self.stop()
                self._receiver.ended()
                return
            try:
                self._ignore_upgrade()
                self._parser.feed_data(rest)
            except _STOPPED as another:
                error = another
            else:
                return
        if self._parser is _NULL_PARSER:  # a callback has stopped the parser, and has told the receiver why
            return
        self._parser = _NULL_PARSER
        if isinstance(error, httptools.HttpParserCallbackError):
            self._receiver.failed(error.__context__, self._head)
        else:
            self._receiver.not_http(data, error)

    def _ignore_upgrade(self) -> None:
        """Parse the request's head again, without its offer of another protocol."""
        lines = [b"%b %b HTTP/1.1" % (self._parser.get_method(), self._target)]
        lines += [b"%b: %b" % field for field in self._fields.items() if field[0] not in (b"connection", b"upgrade")]
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")

    # --- the parser's callbacks -------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a new request, and forget the previous request."""
        self.receiving = True
        self.stepped_at = self.now
        self._step = 0
        self._skipping = False
        self._fields = self._head = {}
        self._block = 0
        self._target = b""
        self._body = _NO_BODY
        self._parts = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Store the target or a part of it. Refuse a target that is too long."""
        self._target += url
        if len(self._target) > HEADER_BLOCK:
            self._refuse_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header or trailer line.

        If several lines have the same name, the first one counts. A second Host is refused.
        """
        self._block += len(name) + len(value) + FRAMING
        name = name.lower()
        if self._block > HEADER_BLOCK or (name == b"host" and name in self._fields):
            self._refuse_head()
        else:
            self._fields.setdefault(name, value)

    def on_headers_complete(self) -> None:
        """Refuse a body whose content-length is too large. Answer `Expect: 100-continue`."""
        self.stepped_at = self.now
        if self._parser.should_upgrade():
            # This parser may still call on_message_complete. Ignore that call, because
            # _ignore_upgrade parses the head again with a new parser.
            self._skipping = True
            return
        fields = self._fields
        length = fields.get(b"content-length")
        if length is None:
            self._fields = {}  # `on_header` puts trailers into this dictionary, which nothing reads
        elif int(length) > REQUEST_BODY:
            self._refuse_body()
            return
        if b"expect" in fields and fields[b"expect"].lower() == b"100-continue":
            self._receiver.continue_expected()

    def on_body(self, body: bytes) -> None:
        """Store the body or a part of it. Refuse a body that is too large."""
        if not self._size:
            self._body = body
        elif not self._skipping:
            self._parts.append(body)
        self._size += len(body)
        if self._size - self._step >= _STEP:
            self._step, self.stepped_at = self._size, self.now
        if self._size > REQUEST_BODY and not self._skipping:
            self._refuse_body()

    def on_message_complete(self) -> None:
        """Pass the request to the receiver."""
        parser = self._parser
        keep_alive = parser.should_keep_alive()
        if self._counted:
            self.forget_body()
        if not self._skipping:
            body = self._body
            if self._parts:
                body = b"".join((body, *self._parts))
                self._body, self._parts = _NO_BODY, []  # an idle connection must not keep the body
            method = parser.get_method().decode("latin-1")
            self._receiver.request_received(method, self._target, self._head, body, keep_alive=keep_alive)
        elif parser.should_upgrade():
            return
        self.receiving = False
        if self._receiver.closing or not keep_alive:
            self._parser = _NULL_PARSER
            self._receiver.ended()
            raise _StopParsing

    def _refuse_head(self) -> NoReturn:
        """Refuse a head that is over 16 KB or has a second Host. Stop reading."""
        self._parser = _NULL_PARSER
        self._receiver.head_refused(self._fields)
        raise _StopParsing

    def _refuse_body(self) -> None:
        """Refuse a request before its body is complete, and ignore the rest of the body."""
        self._skipping = True
        self._body = _NO_BODY
        self._parts = []
        self.forget_body()
        self._receiver.body_refused(self._head, keep_alive=self._parser.should_keep_alive())
