"""HTTP answers: their header lines, and the CORS lines that allow web pages to read them.

An answer has a request id, and the CRC and length of its body. A large body is compressed if the
client accepts that. `--cors` lists the origins whose pages may read answers (behaviour 1.4).
"""

import logging
import os
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from zlib_ng.zlib_ng import crc32  # for 1 MB, 0.3 ms faster than zlib's crc32

from emulator import errors, limits
from emulator.escaping import printable
from emulator.http.front import encoding
from emulator.http.front.failures import log_refused
from emulator.log_limits import LogLimit
from emulator.settings import Settings
from storage import Full

if TYPE_CHECKING:
    from emulator.http.front.origins import PageRules

log = logging.getLogger("emulator")

Header = tuple[bytes, bytes]
Fields = Mapping[bytes, bytes]
"""Header fields by their lower-case names.

If several lines have the same name, the first counts.
"""

NO_FIELDS: Final[Fields] = {}
HEADER_BLOCK: Final = 16 * limits.KIB
FRAMING: Final = 4  # bytes of `: ` and CRLF, which a header line has besides its name and value

STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
# Without the line `connection: keep-alive`, HTTP/1.0 clients expect that the connection closes. The
# service sends this line too.
GOES_ON: Final = b"connection: keep-alive\r\n\r\n"
ENDS: Final = b"connection: close\r\n\r\n"

JSON: Final = b"application/x-amz-json-1.0"
PLAIN_JSON: Final = b"application/json"

_TYPE_LINE: Final = b"content-type: %b\r\n"
_JSON_LINE: Final = _TYPE_LINE % JSON
_HEAD: Final = (
    b"server: Server\r\n" + _JSON_LINE + b"x-amzn-requestid: %b%020X\r\nx-amz-crc32: %d\r\ncontent-length: %d\r\n%b"
)
_EXPOSED: Final = b"access-control-expose-headers: x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date\r\n"
"""The header line that names the header fields that web pages may read (behaviour 1.4)."""
_EVERY_ORIGIN: Final = b"access-control-allow-origin: *\r\n" + _EXPOSED
_LINES: Final = 100  # the maximum number of different log lines of each LogLimit in a minute
REFUSALS: Final = {
    400: "its request line or its headers have more than 16 KB, or it has two Host headers",
    413: "its body has more than 16 MB",
}


class Answer(NamedTuple):
    """An HTTP answer.

    head: the header lines, including content-length. Each line ends with CRLF. The sender adds the
    lines `date` and `connection`.
    """

    status: int
    head: bytes
    body: bytes

    @property
    def headers(self) -> list[Header]:
        """The header lines as pairs of name and value."""
        lines = self.head.split(b"\r\n")[:-1]
        return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]

    def with_lines(self, lines: bytes) -> "Answer":
        """Return the answer with more header lines. Each of these ends with CRLF."""
        return self._replace(head=self.head + lines)

    def typed(self, content_type: bytes) -> "Answer":
        """Return the answer with this content type instead of the service's JSON type."""
        return self._replace(head=self.head.replace(_JSON_LINE, _TYPE_LINE % content_type, 1))


NO_ANSWER: Final = Answer(599, b"", b"")
"""Stands for no answer: a fault drops the answer to a request, and the connection is closed.

Only an answer that is made in slices can be dropped. Observers see the status 599, which HTTP does
not define. Some proxies log this status for broken connections.
"""


class Answers:
    """Makes the answers of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A request id has 52 characters [0-9A-Z]: 32 random characters that all ids of this process
        # share, and a counter. So making an id takes hardly any time.
        self._own_id = os.urandom(16).hex().upper().encode()
        self._numbers = count(1)
        # True if only the origins in --cors may read answers, False if all origins may.
        self._narrowed = bool(settings.cors) and "*" not in settings.cors
        self.mistakes = LogLimit(keys=_LINES)  # limits log lines about wrong paths, services and operations in requests
        self.refusals = LogLimit(keys=_LINES)  # limits log lines about refused web pages

    @cached_property
    def page_rules(self) -> "PageRules":
        """The rules that decide which requests of web pages are answered."""
        from emulator.http.front.origins import PageRules  # noqa: PLC0415 - most servers never need it

        return PageRules(self._settings.host, self._settings.cors, self._settings.allowed_host)

    def make(self, status: int, body: bytes, fields: Fields) -> Answer:
        """Return an answer with a new request id. Compress a large body if the client accepts it.

        fields: the header fields of the request.
        """
        more = b""
        if len(body) > limits.RESPONSE_COMPRESSION and b"accept-encoding" in fields:
            coding = encoding.chosen(fields[b"accept-encoding"])
            if coding is not None:
                body = encoding.encoded(body, coding)
                more = b"content-encoding: %b\r\n" % coding.encode()
        if b"origin" in fields:
            more += self.cors(fields)
        return Answer(status, _HEAD % (self._own_id, next(self._numbers), crc32(body), len(body), more), body)

    def failed(self, error: BaseException | None, fields: Fields = NO_FIELDS) -> Answer:
        """Return the answer to a request after an unexpected error, or after a failed commit.

        The request may have taken effect or not.
        """
        shown = errors.storage_full() if isinstance(error, Full) else errors.internal_server_error()
        return self.make(shown.status, orjson.dumps(shown.body()), fields)

    def refuse(self, status: int, fields: Fields = NO_FIELDS) -> Answer:
        """Log that a request is refused, and return the answer.

        status: 413 for a body over 16 MiB, 400 for an invalid head.
        """
        log_refused(REFUSALS[status])
        return self.make(status, b"", fields)

    def cors(self, fields: Fields) -> bytes:
        """Return the header lines that let the requesting web page read the answer.

        Return b"" if the page may not read it.
        """
        if not self._narrowed:
            return _EVERY_ORIGIN
        origin = fields[b"origin"]
        if self.page_rules.lists(origin):
            return echoed(origin)
        if self.refusals.allows(origin):
            shown = printable(origin.decode("latin-1"))
            log.warning("a web page of the origin %s may not read an answer: --cors does not list it", shown)
        return b""


def fields_of(headers: list[Header]) -> dict[bytes, bytes] | None:
    """Return header lines as a dictionary: name of a field -> its first value.

    None means that the request must be refused: its header lines have more than 16 KB, or more than
    one Host (RFC 9112, 3.2).
    """
    fields: dict[bytes, bytes] = {}
    block = FRAMING * len(headers)
    for name, value in headers:
        block += len(name) + len(value)
        fields.setdefault(name, value)
    if block > HEADER_BLOCK:
        return None
    repeated = len(fields) != len(headers)
    return None if repeated and [name for name, _ in headers].count(b"host") > 1 else fields


def echoed(origin: bytes) -> bytes:
    """Return the header lines that let pages of one origin read the answer."""
    return b"access-control-allow-origin: %b\r\nvary: Origin\r\n%b" % (origin, _EXPOSED)


def preflight(fields: Fields) -> bytes:
    """Return the header lines for the answer to a CORS preflight request.

    They allow the method and the header fields that the preflight asks for.

    Source: behaviour 1.4, point 2.
    """
    head = b"access-control-max-age: 172800\r\n"
    for asked, allowed in (
        (b"access-control-request-headers", b"access-control-allow-headers"),
        (b"access-control-request-method", b"access-control-allow-methods"),
    ):
        if asked in fields:
            head += b"%b: %b\r\n" % (allowed, fields[asked])
    return head
