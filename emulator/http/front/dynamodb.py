"""DynamoDB's JSON 1.0 protocol without I/O: one request to `/` in, one answer out (behaviour 1).

The calling code passes the parts of an HTTP request, and gets status, header lines and body. It
also does all I/O. So our own connections, other ASGI servers and tests use the same code.

A request is checked in the service's order: size, CORS preflight, GET (the health check), method
and content type, JSON, target, authentication, and then the checks of the operation.
"""

import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson

from emulator import errors, limits
from emulator.app import AUTO_SCALING, Emulator
from emulator.database.catalog.catalog import Caller
from emulator.errors import ApiError
from emulator.http.front import auth, encoding
from emulator.http.front.answers import (
    HEADER_BLOCK,
    JSON,
    NO_ANSWER,
    NO_FIELDS,
    PLAIN_JSON,
    Answer,
    Answers,
    Fields,
    Header,
    fields_of,
    preflight,
)
from emulator.http.front.failures import SERVER_ERROR, log_failure
from emulator.http.front.sliced_answers import Pending
from emulator.slices import Dropped, Sliced, Steps
from storage import Lost

if TYPE_CHECKING:
    from emulator.http.front.bodies import Bodies
    from emulator.http.front.reading import Reader

log = logging.getLogger("emulator")

NOT_FOUND: Final = b"<UnknownOperationException/>\n"

_TARGET_PREFIXES: Final = ("DynamoDB_20120810.", "DynamoDBStreams_20120810.")
_STREAM_OPERATIONS: Final = frozenset(("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"))
_SCALING_TARGET: Final = AUTO_SCALING.encode()
_SCALING_JSON: Final = b"application/x-amz-json-1.1"  # the content type of Application Auto Scaling
# A body with more bytes than this is large. For a smaller body, garbage collection takes no
# noticeable time.
_LARGE: Final = 256 * limits.KIB
# A large body with more commas than this is read in another thread. Reading a body with this many
# values takes 5 to 15 ms.
_MANY: Final = 30_000
_POLL: Final = 0.001  # seconds between two polls of the thread that reads a large body
_CACHED_CALLERS: Final = 1024
# A caller is not cached if its credential and Host have more bytes than this. Only an attacker
# sends more.
_LONG_CALLER: Final = 1024
_COMPLETE: Final = re.compile(
    rb"AWS4-[^ ]+ Credential=([^,\s][^,]*/aws4_request), ?SignedHeaders=[^,\s][^,]*, ?Signature=[^,\s][^,]*"
).fullmatch
"""A complete Authorization header, as SDKs write it.

The pattern has classes that exclude one character, such as `[^,]`, because these match fastest.
"""
_THREE_PARTS: Final = re.compile(rb"\S+ [^,\s]+, ?[^,\s]+, ?[^,\s]+").fullmatch
"""An Authorization header whose parts have no spaces inside.

A space ends a part (behaviour 1.4). `_COMPLETE` does not know this rule, but auth.py does. So, in a
header with such a space, the two may find different credentials, and its caller is not cached.
"""


class DynamoDbEndpoint:
    """Answers the requests to `/`, by calling an emulator.

    bodies: records the size of inflated request bodies; None if nothing records it.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.answers = Answers(emulator.settings)
        self._make = self.answers.make
        self.bodies: Bodies | None = None
        self._reader: Reader | None = None
        self._callers: dict[tuple[bytes, bytes], Caller] = {}
        self._operations: dict[bytes, str] = {}  # X-Amz-Target -> name of the operation

    def respond(self, method: str, query: bytes, headers: list[Header], body: bytes) -> Answer:
        """Answer one request. headers: its header lines, with names in lower case.

        Raises Pending if the answer is made in slices, and no other error.
        """
        fields = fields_of(headers)
        if fields is None or len(query) > HEADER_BLOCK:
            return self.refuse(400)
        return self.answer(method, query, fields, body)

    def answer(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer one request whose header lines are not too large.

        Raises Pending if the answer is made in slices, and no other error.
        """
        if len(body) > limits.REQUEST_BODY:
            return self.refuse(413, fields)
        if method != "POST":
            return self._not_post(method, query, fields, body)
        if fields.get(b"content-type") != JSON:
            return self._other_type(query, fields, body)
        try:
            return self._make(200, self._call(query, fields, body), fields)
        except Sliced as sliced:
            raise Pending(self._answering(sliced, fields)) from None
        except ApiError as error:
            return self._refusal(error.located(body), fields)
        except Exception as error:  # noqa: BLE001 - becomes an answer
            return self._refusal(error, fields)

    def failed(self, error: BaseException | None, fields: Fields = NO_FIELDS) -> Answer:
        """Return the answer to a request after an unexpected error, or after a failed commit."""
        return self.answers.failed(error, fields)

    def refuse(self, status: int, fields: Fields = NO_FIELDS) -> Answer:
        """Log that a request is refused, and return the answer.

        status: 413 for a body over 16 MiB, 400 for an invalid head.
        """
        return self.answers.refuse(status, fields)

    def _answering(self, sliced: Sliced, fields: Fields) -> Steps[Answer]:
        """Make an answer in slices.

        Turn garbage collection off meanwhile if the request has many objects (collector_pause.py).
        """
        if not sliced.many_objects:
            return (yield from self._in_slices(sliced.steps, fields))
        from emulator.http.front.collector_pause import collector_pause  # noqa: PLC0415 - few requests have many

        with collector_pause.context():
            return (yield from self._in_slices(sliced.steps, fields))

    def _in_slices(self, steps: Steps[bytes], fields: Fields) -> Steps[Answer]:
        """Make an answer in slices. steps: the work, which returns the body of the answer."""
        try:
            return self._make(200, (yield from steps), fields)
        except Exception as error:  # noqa: BLE001 - becomes an answer
            return self._refusal(error, fields)

    def _refusal(self, error: Exception, fields: Fields) -> Answer:
        """Return the answer to a request whose work raised `error`."""
        if isinstance(error, ApiError):
            if error.status >= SERVER_ERROR:
                log_failure(_target(fields), error)
            return self._make(error.status, orjson.dumps(error.body()), fields)
        if isinstance(error, Dropped):
            return NO_ANSWER
        if isinstance(error, encoding.TooLarge):
            return self.refuse(413, fields)
        # Lost means that the commit of this request's group fails later. Then all requests of the
        # group run again (commits.py), so this answer is not sent.
        if isinstance(error, Lost):
            return self.failed(error, fields)
        answer = self._make(500, orjson.dumps(errors.internal_server_error().body()), fields)
        request_id = dict(answer.headers)[b"x-amzn-requestid"].decode()
        log_failure(f"request {request_id} to {_target(fields)}", error)
        return answer

    def _not_post(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        if method == "OPTIONS" and b"origin" in fields:
            answer = self._make(200, b"", fields)
            return answer.with_lines(preflight(fields)) if self.answers.cors(fields) else answer
        if query or b"authorization" in fields:
            answered = self._for_another_service(method, query, fields, body)
            if answered is not None:
                return answered
        if method in ("GET", "HEAD"):  # the connection sends the answer to a HEAD without its body
            return self._root(fields)
        return self._make(404, NOT_FOUND, fields)

    def _root(self, fields: Fields) -> Answer:
        """Answer a GET or HEAD with the text of the service's health check.

        With --as-dynamodb-local, answer with the error of DynamoDB Local.
        """
        if self._emulator.settings.as_dynamodb_local:
            return self._refusal(errors.missing_authentication_token(), fields)
        return self._make(200, b"healthy: %b " % fields.get(b"host", b"localhost"), fields)

    def _other_type(self, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer a POST whose content type is not `application/x-amz-json-1.0`."""
        given = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if given == _SCALING_JSON and fields.get(b"x-amz-target", b"").startswith(_SCALING_TARGET):
            return self.answer("POST", query, {**fields, b"content-type": JSON}, body).typed(_SCALING_JSON)
        if body and given not in (JSON, PLAIN_JSON):
            answer = self._for_another_service("POST", query, fields, body)
            return answer or self._make(404, NOT_FOUND, fields)
        typed = partial(Answer.typed, content_type=PLAIN_JSON)
        try:
            answer = self.answer("POST", query, {**fields, b"content-type": JSON}, body)
        except Pending as pending:
            if given != PLAIN_JSON:
                raise
            raise pending.changed(typed) from None
        # A request with `application/json` gets an answer with this content type (behaviour 1.2).
        return typed(answer) if given == PLAIN_JSON else answer

    def _for_another_service(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer | None:
        """Answer a request if it belongs to another service, else return None."""
        from emulator.http.front import other_services, sts  # noqa: PLC0415 - most servers never need it

        identity = sts.reply(self._emulator.account_of, method, query, fields, body)
        if identity is not None:
            return other_services.answer_of(self.answers, identity, fields)
        return other_services.answer(self.answers, method, b"/", query, fields, body)

    def _call(self, query: bytes, fields: Fields, body: bytes) -> bytes:
        if b"content-encoding" in fields:
            if self.bodies is not None:
                self.bodies.note(len(body) * encoding.MOST_INFLATED)
            body = encoding.decoded(body, fields[b"content-encoding"])
        if len(body) > _LARGE:
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
        """Answer a request with a large body. Raises Sliced if the body has many values."""
        if self._emulator.database.sliced and body.count(b",") > _MANY:
            raise Sliced(self._call_in_steps(query, fields, body))
        from emulator.http.front.collector_pause import collector_pause  # noqa: PLC0415 - start-up time
        from emulator.http.front.reading import spare_memory  # noqa: PLC0415 - start-up time

        name = _own_target(fields)
        self._emulator.load(name)
        with collector_pause.context():
            with spare_memory():
                try:
                    raw = self._emulator.parsed(name, body)
                except orjson.JSONDecodeError:
                    raise errors.not_json() from None
            target = fields.get(b"x-amz-target", b"")
            operation = self._operations.get(target) or self._operation(target, query, fields)
            return self._emulator.call(operation, raw, self._caller(query, fields))

    def _call_in_steps(self, query: bytes, fields: Fields, body: bytes) -> Steps[bytes]:
        """Answer a request in slices, while another thread reads its large body (reading.py)."""
        if self._reader is None:
            from emulator.http.front.reading import Reader  # noqa: PLC0415 - start-up time

            self._reader = Reader(self._emulator)
        with self._reader.reading(_own_target(fields), body, self.bodies) as reading:
            while not reading.done():
                yield _POLL
            read = reading.result()
            if read.malformed:
                raise errors.not_json()
            target = fields.get(b"x-amz-target", b"")
            operation = self._operations.get(target) or self._operation(target, query, fields)
            caller = self._caller(query, fields)
            if read.error is not None:
                raise read.error
            try:
                return self._emulator.call(operation, read.request, caller)
            except Sliced as sliced:
                steps = sliced.steps
            return (yield from steps)

    def _operation(self, target: bytes, query: bytes, fields: Fields) -> str:
        prefix, _, name = target.decode("latin-1").rpartition(".")
        if prefix + "." == AUTO_SCALING:
            return AUTO_SCALING + name
        streams = name in _STREAM_OPERATIONS
        if prefix + "." != _TARGET_PREFIXES[streams] or not self._emulator.knows(name):
            raise self._unknown(query, fields)
        self._operations[target] = name
        return name

    def _unknown(self, query: bytes, fields: Fields) -> ApiError:
        """Return the error for an unknown X-Amz-Target, which may belong to another service."""
        from emulator.http.front import other_services  # noqa: PLC0415 - most servers never need it

        reply = other_services.logged_reply(self.answers, "POST", b"/", query, fields, b"")
        return errors.unknown_operation() if reply is None else errors.another_service(reply.service)

    def _caller(self, query: bytes, fields: Fields) -> Caller:
        """Return the caller of a request.

        Callers are cached by credential and Host. The whole Authorization header cannot be the key
        of the cache, because each request has another signature.
        """
        complete = None if query else _COMPLETE(fields.get(b"authorization", b""))
        if complete is None or not (b"x-amz-date" in fields or b"date" in fields):
            return self._find_caller(query, fields)
        key = (complete[1], fields.get(b"host", b"localhost"))
        caller = self._callers.get(key)
        if caller is None:
            caller = self._find_caller(query, fields)
            if len(key[0]) + len(key[1]) > _LONG_CALLER or not _THREE_PARTS(fields[b"authorization"]):
                return caller
            if len(self._callers) >= _CACHED_CALLERS:
                self._callers.clear()
            self._callers[key] = caller
        return caller

    def _find_caller(self, query: bytes, fields: Fields) -> Caller:
        credentials = auth.credentials(fields, query)
        host = fields.get(b"host", b"localhost").decode("latin-1")
        return self._emulator.caller(credentials.access_key, credentials.region, host)


def _target(fields: Fields) -> str:
    """Return the name of a request's operation, for the log."""
    return fields.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]


def _own_target(fields: Fields) -> str:
    """Return the name of a request's operation, or "" if X-Amz-Target names another service."""
    target = _target(fields)
    return target if fields.get(b"x-amz-target", b"").decode("latin-1").startswith(_TARGET_PREFIXES) else ""
