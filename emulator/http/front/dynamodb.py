"""The JSON 1.0 protocol without I/O: one HTTP request in, one answer out (behaviour 1).

`answer` takes the parts of a request to `/`, `elsewhere` those of a request to another path; both return status, headers
and body. Sockets, ASGI and chunking are the caller's business, so the same code serves every front end and is tested
without one.

Checks come in the service's order: size, CORS preflight, GET (health), method and content type, JSON, target,
authentication, and then the operation's own.
"""

import gc
import logging
import os
import re
import uuid
from collections.abc import Mapping
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from zlib_ng.zlib_ng import crc32  # two and a half times as fast as zlib's: 0.3 ms of a page of 1 MB

from emulator import errors, limits
from emulator.app import Emulator
from emulator.database.catalog.catalog import Caller
from emulator.errors import ApiError
from emulator.escaping import printable
from emulator.http.front import auth, encoding
from emulator.http.front.failures import SERVER_ERROR, log_failure, log_refused
from emulator.http.front.turns import Pending, Turns
from emulator.http.site import controls as admin
from emulator.http.site import lambda_api
from emulator.log_limits import LogLimit
from emulator.slices import Sliced, Steps, finish
from storage import Full, Lost

if TYPE_CHECKING:
    from emulator.http.front.bodies import Bodies
    from emulator.http.front.commits import Commits
    from emulator.http.front.origins import Address, PageRules
    from emulator.http.front.other_services import Reply

log = logging.getLogger("emulator")

Header = tuple[bytes, bytes]
Fields = Mapping[bytes, bytes]
NO_FIELDS: Final[Fields] = {}

_JSON: Final = b"application/x-amz-json-1.0"
_PLAIN_JSON: Final = b"application/json"
_TARGET_PREFIXES: Final = ("DynamoDB_20120810.", "DynamoDBStreams_20120810.")
_STREAM_OPERATIONS: Final = frozenset(("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"))
_NOT_FOUND: Final = b"<UnknownOperationException/>\n"
_PROTECTED: Final = (admin.PREFIX, lambda_api.PREFIX)
"""Paths that not every web page may use, see origins.py."""
_FORBIDDEN: Final = 403
_LINES: Final = 100  # of one kind that clients can have logged in a minute
HEADER_BLOCK: Final = 16 * limits.KIB
_REFUSALS: Final = {
    400: "its request line or its headers have more than 16 KB, or it has two Host headers",
    413: "its body has more than 16 MB",
}
FRAMING: Final = 4  # bytes of a header line besides its name and value
_TYPE_LINE: Final = b"content-type: %b\r\n"
_JSON_LINE: Final = _TYPE_LINE % _JSON
_HEAD: Final = (
    b"server: Server\r\n" + _JSON_LINE + b"x-amzn-requestid: %b%020X\r\nx-amz-crc32: %d\r\ncontent-length: %d\r\n%b"
)
_LARGE: Final = 256 * limits.KIB  # bytes of a body: less make no work for the garbage collector that counts
_SPARE: Final = [size for size in range(16, 480, 16) for _ in range(50)]
"""Sizes of small objects that are made before a large body is parsed, and freed after it.

Others take their places. Amid the body's objects each would keep a megabyte, by which Python returns
memory: a server kept another one for each of 16 large bodies.
"""
_EXPOSED: Final = b"access-control-expose-headers: x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date\r\n"
"""With it a page can read the request id (behaviour 1.4)."""
_EVERY_ORIGIN: Final = b"access-control-allow-origin: *\r\n" + _EXPOSED
_CACHED_CALLERS: Final = 1024
_LONG_CALLER: Final = 1024  # bytes of a credential and a host that nobody but an attacker has
_COMPLETE: Final = re.compile(
    rb"AWS4-[^ ]+ Credential=([^,\s][^,]*/aws4_request), ?SignedHeaders=[^,\s][^,]*, ?Signature=[^,\s][^,]*"
).fullmatch
"""An Authorization header with nothing missing, as SDKs write it. A set of one character is the fastest."""
_THREE_PARTS: Final = re.compile(rb"\S+ [^,\s]+, ?[^,\s]+, ?[^,\s]+").fullmatch
"""Such a header with no blank inside its parts, which would make more of them (behaviour 1.4)."""


class Answer(NamedTuple):
    """An HTTP answer. head: its header lines, each ended by CRLF, content-length and crc among them."""

    status: int
    head: bytes
    body: bytes

    @property
    def headers(self) -> list[Header]:
        """The header lines taken apart."""
        lines = self.head.split(b"\r\n")[:-1]
        return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


class DynamoDbEndpoint:
    """Answers HTTP requests with an emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.commits: Commits | None = None  # where answers have to wait for one
        self.turns: Turns | None = None  # where answers may be made in slices
        self.bodies: Bodies | None = None  # where memory is returned after large bodies
        # A request id is 52 characters [0-9A-Z], unique and as cheap as a counter: 32 of this process, then the number.
        self._own_id = os.urandom(16).hex().upper().encode()
        self._numbers = count(1)
        self._callers: dict[tuple[bytes, bytes], Caller] = {}
        self._operations: dict[bytes, str] = {}  # by the targets that were seen
        cors = emulator.settings.cors
        self._narrowed = bool(cors) and "*" not in cors  # only the origins that --cors lists may read answers
        self._mistakes = LogLimit(keys=_LINES)  # of programs: wrong paths, services, operations
        self._refusals = LogLimit(keys=_LINES)  # of web pages

    @cached_property
    def _page_rules(self) -> "PageRules":
        from emulator.http.front.origins import PageRules  # noqa: PLC0415 - start-up time that most never need

        settings = self._emulator.settings
        return PageRules(settings.host, settings.cors, settings.allowed_host)

    def take_turns(self) -> None:
        """Make long answers in slices from now on: `answer` and whatever else answers may raise Pending."""
        if self.turns is None:
            self.turns = Turns()
            self._emulator.database.sliced = True

    def respond(self, method: str, query: bytes, headers: list[Header], body: bytes) -> Answer:
        """Answer one request to `/`; header names are lower-case. Raises nothing but Pending."""
        fields = fields_of(headers)
        if fields is None or len(query) > HEADER_BLOCK:
            return self.refuse(400)
        return self.answer(method, query, fields, body)

    def answer(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer one request to `/` whose header block was measured already.

        fields: lower-case header names to values; of several lines the first counts (behaviour 1.2, Accept-Encoding).
        """
        if len(body) > limits.REQUEST_BODY:
            return self.refuse(413, fields)
        if method != "POST":
            return self._not_post(method, query, fields, body)
        if fields.get(b"content-type") != _JSON:
            return self._other_type(query, fields, body)
        try:
            return self._answer(200, self._call(query, fields, body), fields)
        except Sliced as sliced:
            raise Pending(self._in_slices(sliced.steps, fields)) from None
        except Exception as error:  # noqa: BLE001 - becomes an answer
            return self._refusal(error, fields)

    def _in_slices(self, steps: Steps[bytes], fields: Fields) -> Steps[Answer]:
        """Return the answer whose body is made in slices."""
        try:
            return self._answer(200, (yield from steps), fields)
        except Exception as error:  # noqa: BLE001 - becomes an answer
            return self._refusal(error, fields)

    def _refusal(self, error: Exception, fields: Fields) -> Answer:
        """Return the answer for a request that failed."""
        if isinstance(error, ApiError):
            if error.status >= SERVER_ERROR:
                log_failure(_target(fields), error)
            return self._answer(error.status, orjson.dumps(error.body()), fields)
        if isinstance(error, encoding.TooLarge):
            return self.refuse(413, fields)
        if isinstance(error, Lost):  # answered again with the others, see commits.py
            return self.failed(error, fields)
        answer = self._answer(500, orjson.dumps(errors.internal_server_error().body()), fields)
        request_id = dict(answer.headers)[b"x-amzn-requestid"].decode()
        log_failure(f"request {request_id} to {_target(fields)}", error)
        return answer

    def elsewhere(
        self, method: str, path: bytes, query: bytes, fields: Fields, body: bytes, address: "Address | None" = None
    ) -> Answer:
        """Answer a request to any path but `/`: the emulator's own calls and Lambda's API; there are no others.

        address: the IP address and port that the connection came to, where the front end knows them.
        """
        if path.startswith(_PROTECTED):
            return self._guarded(method, path, query, fields, body, address)
        if b"://" in path[:9] and not path.startswith(
            b"/"
        ):  # the absolute form, whose authority counts for the Host (RFC 9112, 3.2.2)
            host, slash, rest = path.partition(b"://")[2].partition(b"/")
            fields = {**fields, b"host": host}
            if not rest:
                return self.answer(method, query, fields, body)
            return self.elsewhere(method, slash + rest, query, fields, body, address)
        answer = self._for_another_service(method, path, query, fields, body)
        if answer is not None:
            return answer
        if b"x-amz-target" in fields and self._mistakes.allows(path):
            log.warning(
                "%s %s: nothing is served at this path, DynamoDB is at /", method, printable(path.decode("latin-1"))
            )
        return self._answer(404, _NOT_FOUND, fields)

    def _guarded(
        self, method: str, path: bytes, query: bytes, fields: Fields, body: bytes, address: "Address | None"
    ) -> Answer:
        """Answer a request to a path that not every web page may use."""
        why = self._page_rules.refusal(method, fields, address)
        if why is not None:
            shown = printable(path.decode("latin-1"))
            if self._refusals.allows((fields.get(b"host"), fields.get(b"origin"))):
                log.warning("%s %s was refused: %s", method, shown, why)
            answer = _typed(self._answer(_FORBIDDEN, orjson.dumps({"message": why}), {}), _PLAIN_JSON)
            return answer._replace(head=answer.head + b"x-amzn-errortype: AccessDeniedException\r\n")
        origin = fields.get(b"origin")
        if method == "OPTIONS" and origin is not None:
            answer = self._answer(200, b"", {})
            return answer._replace(head=answer.head + _echoed(origin) + _preflight(fields))
        if path.startswith(admin.PREFIX):
            try:
                answer = self.admin(method, path.removeprefix(admin.PREFIX), body)
            except Pending as pending:
                if origin is None:
                    raise
                raise pending.changed(lambda late: late._replace(head=late.head + _echoed(origin))) from None
        else:
            request_id = str(uuid.uuid4()).encode()
            told = lambda_api.answer(self._emulator, request_id, method, path, query, fields, body, self._mistakes)
            answer = Answer(*told)
        return answer if origin is None else answer._replace(head=answer.head + _echoed(origin))

    def admin(self, method: str, path: bytes, body: bytes) -> Answer:
        """Answer one of the emulator's own calls; path is what follows admin.PREFIX."""
        steps = self._admin(method, path, body)
        if self.turns is None:
            return finish(steps)
        try:
            next(steps)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        raise Pending(steps)

    def _admin(self, method: str, path: bytes, body: bytes) -> Steps[Answer]:
        try:
            status, told = yield from admin.answer(self._emulator, method, path, body)
        except Exception as error:  # noqa: BLE001 - is logged
            log_failure(f"{method} {(admin.PREFIX + path).decode('latin-1')}", error)
            return self.failed(error)
        return _typed(self._answer(status, told, {}), _PLAIN_JSON)  # which browsers show; they save unknown types

    def failed(self, error: BaseException | None, fields: Fields = NO_FIELDS) -> Answer:
        """Answer for a request whose commit failed, or that failed unexpectedly: nobody knows whether it happened."""
        told = errors.storage_full() if isinstance(error, Full) else errors.internal_server_error()
        return self._answer(told.status, orjson.dumps(told.body()), fields)

    def refuse(self, status: int, fields: Fields = NO_FIELDS) -> Answer:
        """Answer a request that is not worth reading: 413 for a body over 16 MiB, 400 for a head that cannot be."""
        log_refused(_REFUSALS[status])
        return self._answer(status, b"", fields)

    def _other_type(self, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer a POST whose content type is not exactly that of JSON 1.0."""
        given = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if body and given not in (_JSON, _PLAIN_JSON):
            answer = self._for_another_service("POST", b"/", query, fields, body)
            return answer or self._answer(404, _NOT_FOUND, fields)
        try:
            answer = self.answer("POST", query, {**fields, b"content-type": _JSON}, body)
        except Pending as pending:
            if given != _PLAIN_JSON:
                raise
            raise pending.changed(lambda late: _typed(late, _PLAIN_JSON)) from None
        return _typed(answer, _PLAIN_JSON) if given == _PLAIN_JSON else answer  # behaviour 1.2

    def _for_another_service(
        self, method: str, path: bytes, query: bytes, fields: Fields, body: bytes
    ) -> Answer | None:
        """Answer a request that belongs to another service; None where it does not."""
        reply = self._reply_for_another_service(method, path, query, fields, body)
        if reply is None:
            return None
        answer = _typed(self._answer(reply.status, reply.body, fields), reply.content_type)
        return answer._replace(head=answer.head + reply.head)

    def _reply_for_another_service(
        self, method: str, path: bytes, query: bytes, fields: Fields, body: bytes
    ) -> "Reply | None":
        from emulator.http.front import other_services  # noqa: PLC0415 - most never need it

        reply = other_services.reply(method, path, query, fields, body)
        if reply is not None and self._mistakes.allows(reply.service):
            where = printable(path.decode("latin-1"))
            log.warning("%s %s: %s", method, where, errors.another_service(reply.service).message)
        return reply

    def _call(self, query: bytes, fields: Fields, body: bytes) -> bytes:
        coding = fields.get(b"content-encoding")
        if coding is not None:
            if self.bodies is not None:
                self.bodies.note(len(body) * encoding.MOST_INFLATED)
            body = encoding.decoded(body, coding)
        if len(body) > _LARGE and gc.isenabled():
            return self._call_large(query, fields, body)
        raw: object = None
        if body:
            try:
                raw = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise errors.not_json() from None
        target = fields.get(b"x-amz-target", b"")
        operation = self._operations.get(target) or self._operation(target, query, fields)
        caller = self._caller(query, fields)
        if not body:
            raise errors.not_json()
        return self._emulator.call(operation, raw, caller)

    def _call_large(self, query: bytes, fields: Fields, body: bytes) -> bytes:
        """Answer a request with a large body while the garbage collector rests.

        A body of 16 MB becomes millions of objects that live until the answer. The collector would look at them
        again and again, which took three quarters of the time of parsing some bodies.
        """
        self._emulator.load(_target(fields))
        spare = [bytes(size) for size in _SPARE]
        gc.disable()
        try:
            try:
                raw = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise errors.not_json() from None
            del spare
            target = fields.get(b"x-amz-target", b"")
            operation = self._operations.get(target) or self._operation(target, query, fields)
            return self._emulator.call(operation, raw, self._caller(query, fields))
        finally:
            gc.enable()

    def _operation(self, target: bytes, query: bytes, fields: Fields) -> str:
        prefix, _, name = target.decode("latin-1").rpartition(".")
        streams = name in _STREAM_OPERATIONS
        if prefix + "." != _TARGET_PREFIXES[streams] or not self._emulator.knows(name):
            raise self._unknown(query, fields)
        self._operations[target] = name
        return name

    def _unknown(self, query: bytes, fields: Fields) -> ApiError:
        """Return the error of a target that is none of ours: that of the service, unless it is another service's."""
        reply = self._reply_for_another_service("POST", b"/", query, fields, b"")
        return errors.unknown_operation() if reply is None else errors.another_service(reply.service)

    def _caller(self, query: bytes, fields: Fields) -> Caller:
        """Return who asks; of a complete header the credential's text is looked up, the signature is new every time."""
        complete = None if query else _COMPLETE(fields.get(b"authorization", b""))
        if complete is None or not (b"x-amz-date" in fields or b"date" in fields):
            return self._found_caller(query, fields)
        key = (complete[1], fields.get(b"host", b"localhost"))
        caller = self._callers.get(key)
        if caller is None:
            caller = self._found_caller(query, fields)
            if len(key[0]) + len(key[1]) > _LONG_CALLER or not _THREE_PARTS(fields[b"authorization"]):
                return caller
            if len(self._callers) >= _CACHED_CALLERS:
                self._callers.clear()
            self._callers[key] = caller
        return caller

    def _found_caller(self, query: bytes, fields: Fields) -> Caller:
        found = auth.credentials(fields, query)
        return self._emulator.caller(
            found.access_key, found.region, fields.get(b"host", b"localhost").decode("latin-1")
        )

    def _not_post(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        if method == "OPTIONS" and b"origin" in fields:
            answer = self._answer(200, b"", fields)
            return answer._replace(head=answer.head + _preflight(fields)) if self._cors(fields) else answer
        if query or b"authorization" in fields:
            reply = self._for_another_service(method, b"/", query, fields, body)
            if reply is not None:
                return reply
        if method in ("GET", "HEAD"):  # the front end leaves the body of a HEAD's answer away
            return self._answer(200, b"healthy: %b " % fields.get(b"host", b"localhost"), fields)
        return self._answer(404, _NOT_FOUND, fields)

    def _answer(self, status: int, body: bytes, fields: Fields) -> Answer:
        more = b""
        if len(body) > limits.RESPONSE_COMPRESSION and b"accept-encoding" in fields:
            coding = encoding.chosen(fields[b"accept-encoding"])
            if coding is not None:
                body = encoding.encoded(body, coding)
                more = b"content-encoding: %b\r\n" % coding.encode()
        if b"origin" in fields:
            more += self._cors(fields)
        return Answer(status, _HEAD % (self._own_id, next(self._numbers), crc32(body), len(body), more), body)

    def _cors(self, fields: Fields) -> bytes:
        """Return the header lines that let a page read an answer; none for a page that --cors does not list."""
        if not self._narrowed:
            return _EVERY_ORIGIN
        origin = fields[b"origin"]
        if self._page_rules.lists(origin):
            return _echoed(origin)
        if self._refusals.allows(origin):
            shown = printable(origin.decode("latin-1"))
            log.warning("a page of the origin %s may not read an answer: --cors does not list it", shown)
        return b""


def fields_of(headers: list[Header]) -> dict[bytes, bytes] | None:
    """Return header lines by their names, of several lines the first.

    None where the head must be refused: over 16 KB, or with more than one Host (RFC 9112, 3.2).
    """
    fields: dict[bytes, bytes] = {}
    block = 0
    for name, value in headers:
        block += len(name) + len(value) + FRAMING
        fields.setdefault(name, value)
    if block > HEADER_BLOCK:
        return None
    repeated = len(fields) != len(headers)
    return None if repeated and [name for name, _ in headers].count(b"host") > 1 else fields


def _typed(answer: Answer, content_type: bytes) -> Answer:
    return answer._replace(head=answer.head.replace(_JSON_LINE, _TYPE_LINE % content_type, 1))


def _echoed(origin: bytes) -> bytes:
    """Return the header lines that let the pages of one origin read an answer."""
    return b"access-control-allow-origin: %b\r\nvary: Origin\r\n%b" % (origin, _EXPOSED)


def _preflight(fields: Fields) -> bytes:
    """Return the header lines that allow what a preflight asks for (behaviour 1.4, point 2)."""
    head = b"access-control-max-age: 172800\r\n"
    for asked, allowed in (
        (b"access-control-request-headers", b"access-control-allow-headers"),
        (b"access-control-request-method", b"access-control-allow-methods"),
    ):
        if asked in fields:
            head += b"%b: %b\r\n" % (allowed, fields[asked])
    return head


def _target(fields: Fields) -> str:
    """Return what an operation is called in the log."""
    return fields.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
