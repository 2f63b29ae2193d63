"""The JSON 1.0 protocol without I/O: one HTTP request in, one answer out (service-behaviour.md 1).

`respond` is all there is: it takes the parts of a request and returns status, headers and body. Sockets, ASGI and
chunking are its caller's business, so the same code serves every front end and is tested without one.

Checks come in the service's order: size, CORS preflight, GET (health), method and content type, JSON, target,
authentication, and then the operation's own.
"""

import os
import re
import uuid
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from zlib_ng.zlib_ng import crc32  # two and a half times as fast as zlib's: 0.3 ms of a page of 1 MB

from emulator import errors, limits
from emulator.app import Emulator
from emulator.database.catalog import Caller
from emulator.errors import ApiError
from emulator.http import admin, auth, encoding, lambda_api
from emulator.http.failures import SERVER_ERROR, log_failure, log_refused
from storage import Full, Lost

if TYPE_CHECKING:
    from emulator.http.commits import Commits

Header = tuple[bytes, bytes]

_JSON: Final = b"application/x-amz-json-1.0"
_CONTENT_TYPES: Final = frozenset((_JSON, b"application/json"))
_TARGET_PREFIXES: Final = ("DynamoDB_20120810.", "DynamoDBStreams_20120810.")
_STREAM_OPERATIONS: Final = frozenset(("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"))
_NOT_FOUND: Final = b"<UnknownOperationException/>\n"
HEADER_BLOCK: Final = 16 * limits.KIB
_REFUSALS: Final = {400: "its request line or its headers have more than 16 KB", 413: "its body has more than 16 MB"}
FRAMING: Final = 4  # bytes of a header line besides its name and value
_HEAD: Final = (
    b"server: Server\r\n"
    b"content-type: application/x-amz-json-1.0\r\n"
    b"x-amzn-requestid: %b%020X\r\n"
    b"x-amz-crc32: %d\r\n"
    b"content-length: %d\r\n"
    b"%b"
)
_CACHED_CALLERS: Final = 1024
_COMPLETE: Final = re.compile(
    rb"AWS4-[^ ]+ Credential=([^,]+/aws4_request), ?SignedHeaders=[^,]+, ?Signature=[^,]+"
).fullmatch
"""An Authorization header with nothing missing, as SDKs write it."""


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


class Protocol:
    """Answers HTTP requests with an emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.commits: Commits | None = None  # where answers have to wait for one
        # A request id is 52 characters [0-9A-Z], unique and as cheap as a counter: 32 of this process, then the number.
        self._own_id = os.urandom(16).hex().upper().encode()
        self._numbers = count(1)
        self._callers: dict[tuple[bytes, bytes], Caller] = {}
        self._operations: dict[bytes, str] = {}  # by the targets that were seen

    def respond(self, method: str, query: bytes, headers: list[Header], body: bytes) -> Answer:
        """Answer one request; header names are lower-case. Never raises."""
        fields: dict[bytes, bytes] = {}
        block = 0
        for name, value in headers:
            block += len(name) + len(value) + FRAMING
            fields.setdefault(name, value)
        if block > HEADER_BLOCK or len(query) > HEADER_BLOCK:
            return self.refuse(400)
        return self.answer(method, query, fields, body)

    def answer(self, method: str, query: bytes, fields: dict[bytes, bytes], body: bytes) -> Answer:
        """Answer one request whose header block was measured already.

        fields: lower-case header names to values; of several lines the first counts (reference 1.2, Accept-Encoding).
        """
        if len(body) > limits.REQUEST_BODY:
            return self.refuse(413)
        if method != "POST":
            return self._not_post(method, fields)
        content_type = fields.get(b"content-type", b"") if body else _JSON
        if content_type != _JSON and content_type.partition(b";")[0].strip().lower() not in _CONTENT_TYPES:
            return self._answer(404, _NOT_FOUND, fields)
        try:
            return self._answer(200, self._call(query, fields, body), fields)
        except ApiError as error:
            if error.status >= SERVER_ERROR:
                log_failure(_target(fields), error)
            return self._answer(error.status, orjson.dumps(error.body()), fields)
        except encoding.TooLarge:
            return self.refuse(413)
        except Lost as error:  # answered again with the others, see commits.py
            return self.failed(error)
        except Exception as error:  # noqa: BLE001 - is logged
            answer = self._answer(500, orjson.dumps(errors.internal_server_error().body()), fields)
            request_id = dict(answer.headers)[b"x-amzn-requestid"].decode()
            log_failure(f"request {request_id} to {_target(fields)}", error)
            return answer

    def elsewhere(self, method: str, path: bytes, query: bytes, fields: dict[bytes, bytes], body: bytes) -> Answer:
        """Answer a request to any path but `/`: the emulator's own calls, Lambda's API; other paths are as good as `/`."""
        if path.startswith(admin.PREFIX):
            return self.admin(method, path.removeprefix(admin.PREFIX), body)
        if path.startswith(lambda_api.PREFIX):
            request_id = str(uuid.uuid4()).encode()
            return Answer(*lambda_api.answer(self._emulator, request_id, method, path, query, fields, body))
        return self.answer(method, query, fields, body)

    def admin(self, method: str, path: bytes, body: bytes) -> Answer:
        """Answer one of the emulator's own calls; path is what follows admin.PREFIX."""
        try:
            status, told = admin.answer(self._emulator, method, path, body)
        except Exception as error:  # noqa: BLE001 - is logged
            log_failure(f"{method} {(admin.PREFIX + path).decode('latin-1')}", error)
            return self.failed(error)
        return self._answer(status, told, {})

    def failed(self, error: BaseException | None) -> Answer:
        """Answer for a request whose commit failed, or that failed unexpectedly: nobody knows whether it happened."""
        told = errors.storage_full() if isinstance(error, Full) else errors.internal_server_error()
        return self._answer(told.status, orjson.dumps(told.body()), {})

    def refuse(self, status: int) -> Answer:
        """Answer a request that is not worth reading: 413 for a body over 16 MiB, 400 for headers over 16 KB."""
        log_refused(_REFUSALS[status])
        return self._answer(status, b"", {})

    def _call(self, query: bytes, fields: dict[bytes, bytes], body: bytes) -> bytes:
        coding = fields.get(b"content-encoding")
        if coding is not None:
            body = encoding.decoded(body, coding)
        raw: object = None
        if body:
            try:
                raw = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise errors.serialization() from None
        target = fields.get(b"x-amz-target", b"")
        operation = self._operations.get(target) or self._operation(target)
        caller = self._caller(query, fields)
        if not body:
            raise errors.serialization()
        return self._emulator.call(operation, raw, caller)

    def _operation(self, target: bytes) -> str:
        prefix, _, name = target.decode("latin-1").rpartition(".")
        streams = name in _STREAM_OPERATIONS
        if prefix + "." != _TARGET_PREFIXES[streams] or not self._emulator.knows(name):
            raise errors.unknown_operation()
        self._operations[target] = name
        return name

    def _caller(self, query: bytes, fields: dict[bytes, bytes]) -> Caller:
        """Return who asks; of a complete header the credential's text is looked up, the signature is new every time."""
        complete = None if query else _COMPLETE(fields.get(b"authorization", b""))
        if complete is None or not (b"x-amz-date" in fields or b"date" in fields):
            return self._found_caller(query, fields)
        key = (complete[1], fields.get(b"host", b"localhost"))
        caller = self._callers.get(key)
        if caller is None:
            caller = self._found_caller(query, fields)
            if len(self._callers) >= _CACHED_CALLERS:
                self._callers.clear()
            self._callers[key] = caller
        return caller

    def _found_caller(self, query: bytes, fields: dict[bytes, bytes]) -> Caller:
        found = auth.credentials(fields, query)
        return self._emulator.caller(
            found.access_key, found.region, fields.get(b"host", b"localhost").decode("latin-1")
        )

    def _not_post(self, method: str, fields: dict[bytes, bytes]) -> Answer:
        if method == "OPTIONS" and b"origin" in fields:
            head = b"access-control-max-age: 172800\r\n"
            for asked, allowed in (
                (b"access-control-request-headers", b"access-control-allow-headers"),
                (b"access-control-request-method", b"access-control-allow-methods"),
            ):
                if asked in fields:
                    head += b"%b: %b\r\n" % (allowed, fields[asked])
            answer = self._answer(200, b"", fields)
            return answer._replace(head=answer.head + head)
        if method == "GET":
            return self._answer(200, b"healthy: %b " % fields.get(b"host", b"localhost"), fields)
        return self._answer(404, _NOT_FOUND, fields)

    def _answer(self, status: int, body: bytes, fields: dict[bytes, bytes]) -> Answer:
        more = b""
        if len(body) > limits.RESPONSE_COMPRESSION and b"accept-encoding" in fields:
            coding = encoding.chosen(fields[b"accept-encoding"])
            if coding is not None:
                body = encoding.encoded(body, coding)
                more = b"content-encoding: %b\r\n" % coding.encode()
        if b"origin" in fields:
            more += b"access-control-allow-origin: *\r\n"
        return Answer(status, _HEAD % (self._own_id, next(self._numbers), crc32(body), len(body), more), body)


def _target(fields: dict[bytes, bytes]) -> str:
    """Return what an operation is called in the log."""
    return fields.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
