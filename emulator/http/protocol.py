"""The JSON 1.0 protocol without I/O: one HTTP request in, one answer out (service-behaviour.md 1).

`respond` is all there is: it takes the parts of a request and returns status, headers and body. Sockets, ASGI and
chunking are its caller's business, so the same code serves every front end and is tested without one.

Checks come in the service's order: size, CORS preflight, GET (health), method and content type, JSON, target,
authentication, and then the operation's own.
"""

import logging
import os
import zlib
from collections.abc import Callable
from itertools import count
from typing import Final, NamedTuple

import orjson

from emulator import errors, limits
from emulator.app import Emulator
from emulator.database.catalog import Caller
from emulator.errors import ApiError
from emulator.http import auth, encoding

log = logging.getLogger("emulator")

Header = tuple[bytes, bytes]

_JSON: Final = b"application/x-amz-json-1.0"
_CONTENT_TYPES: Final = frozenset((_JSON, b"application/json"))
_TARGET_PREFIXES: Final = ("DynamoDB_20120810.", "DynamoDBStreams_20120810.")
_STREAM_OPERATIONS: Final = frozenset(("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"))
_NOT_FOUND: Final = b"<UnknownOperationException/>\n"
_HEADER_BLOCK: Final = 16 * limits.KIB
_CACHED_CALLERS: Final = 1024


class Answer(NamedTuple):
    """An HTTP answer; content-length and crc are among the headers."""

    status: int
    headers: list[Header]
    body: bytes


def request_ids(seed: bytes) -> Callable[[], bytes]:
    """Return a source of request ids: 52 characters [0-9A-Z], unique, as cheap as a counter. seed: 16 random bytes."""
    form = seed.hex().upper().encode() + b"%020X"
    numbers = count(1)
    return lambda: form % next(numbers)


class Protocol:
    """Answers HTTP requests with an emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._request_id = request_ids(os.urandom(16))
        self._callers: dict[tuple[bytes, bytes], Caller] = {}

    def respond(self, method: str, query: bytes, headers: list[Header], body: bytes) -> Answer:
        """Answer one request; header names are lower-case. Never raises."""
        fields: dict[bytes, bytes] = {}
        block = 0
        for name, value in headers:
            block += len(name) + len(value) + 4
            if name not in fields:  # the first line counts, of Accept-Encoding in particular
                fields[name] = value
        if block > _HEADER_BLOCK or len(query) > _HEADER_BLOCK:
            return self._answer(400, b"", fields)
        if len(body) > limits.REQUEST_BODY:
            return self._answer(413, b"", fields)
        if method != "POST":
            return self._not_post(method, fields)
        content_type = fields.get(b"content-type", b"")
        if content_type != _JSON and content_type.partition(b";")[0].strip().lower() not in _CONTENT_TYPES:
            return self._answer(404, _NOT_FOUND, fields)
        request_id = self._request_id()
        try:
            return self._answer(200, self._call(query, fields, body), fields, request_id)
        except ApiError as error:
            return self._answer(error.status, orjson.dumps(error.body()), fields, request_id)
        except encoding.TooLarge:
            return self._answer(413, b"", fields, request_id)
        except Exception:
            log.exception(
                "request %s to %s failed", request_id.decode(), fields.get(b"x-amz-target", b"").decode("latin-1")
            )
            return self._answer(500, orjson.dumps(errors.internal_server_error().body()), fields, request_id)

    def too_large(self) -> Answer:
        """Answer a request whose body was not even read, being over 16 MiB."""
        return self._answer(413, b"", {})

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
        operation = self._operation(fields.get(b"x-amz-target", b""))
        caller = self._caller(query, fields)
        if not body:
            raise errors.serialization()
        return self._emulator.call(operation, raw, caller)

    def _operation(self, target: bytes) -> str:
        prefix, _, name = target.decode("latin-1").rpartition(".")
        streams = name in _STREAM_OPERATIONS
        if prefix + "." != _TARGET_PREFIXES[streams] or not self._emulator.knows(name):
            raise errors.unknown_operation()
        return name

    def _caller(self, query: bytes, fields: dict[bytes, bytes]) -> Caller:
        """Return who asks; the credential's text is looked up first, since a signature is new every time."""
        authorization = fields.get(b"authorization", b"")
        host = fields.get(b"host", b"localhost")
        start = authorization.find(b"Credential=")
        key = (authorization[start : authorization.find(b"/aws4_request", start)], host)
        caller = self._callers.get(key) if b"Signature=" in authorization and not query else None
        if caller is None or (b"x-amz-date" not in fields and b"date" not in fields):
            found = auth.credentials(fields, query)
            caller = self._emulator.caller(found.access_key, found.region, host.decode("latin-1"))
            if len(self._callers) >= _CACHED_CALLERS:
                self._callers.clear()
            if authorization and b"SignedHeaders=" in authorization and b"/aws4_request" in authorization:
                self._callers[key] = caller
        return caller

    def _not_post(self, method: str, fields: dict[bytes, bytes]) -> Answer:
        if method == "OPTIONS" and b"origin" in fields:
            answer = self._answer(200, b"", fields)
            answer.headers.append((b"access-control-max-age", b"172800"))
            for asked, allowed in (
                (b"access-control-request-headers", b"access-control-allow-headers"),
                (b"access-control-request-method", b"access-control-allow-methods"),
            ):
                if asked in fields:
                    answer.headers.append((allowed, fields[asked]))
            return answer
        if method == "GET":
            return self._answer(200, b"healthy: %b " % fields.get(b"host", b"localhost"), fields)
        return self._answer(404, _NOT_FOUND, fields)

    def _answer(self, status: int, body: bytes, fields: dict[bytes, bytes], request_id: bytes | None = None) -> Answer:
        headers = [
            (b"server", b"Server"),
            (b"content-type", _JSON),
            (b"x-amzn-requestid", request_id or self._request_id()),
        ]
        if len(body) > limits.RESPONSE_COMPRESSION and b"accept-encoding" in fields:
            coding = encoding.chosen(fields[b"accept-encoding"])
            if coding is not None:
                body = encoding.encoded(body, coding)
                headers.append((b"content-encoding", coding.encode()))
        headers.append((b"x-amz-crc32", b"%d" % zlib.crc32(body)))
        headers.append((b"content-length", b"%d" % len(body)))
        if b"origin" in fields:
            headers.append((b"access-control-allow-origin", b"*"))
        return Answer(status, headers, body)
