"""Logs a line for each request at log level debug, and also the bodies at level trace.

    PutItem Orders: 200, 1.0 units, 0.9 ms, request 7FQ..
    Query Orders/by-date: 400 ValidationException: Query condition missed .., 0.4 ms, request 7FQ..
    POST /_emulator/clock: 200, 0.2 ms, request 7FQ..

`LoggedEndpoint` replaces `DynamoDbEndpoint` at these levels, so logging costs nothing at other
levels. The time is the time that this process spent on the request. It includes neither the network
nor the commit of --durable. The capacity units are taken from the answer, which has them only if
the request has ReturnConsumedCapacity.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from time import perf_counter
from typing import Any, Final

import orjson

from emulator.app import Emulator
from emulator.errors import ApiError
from emulator.escaping import printable
from emulator.http.front import encoding
from emulator.http.front.answers import NO_FIELDS, Answer, Fields
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.sliced_answers import Pending
from emulator.slices import Steps

log = logging.getLogger("emulator")

TRACE: Final = 5

_LONGEST_BODY: Final = 4000  # bytes of a body that are logged at most
_NAMES: Final = 3  # tables of one request that its line names at most
_FIRST_ERROR: Final = 400
_STATEMENT: Final = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?([\w.:/-]+)', re.IGNORECASE)


class LoggedEndpoint(DynamoDbEndpoint):
    """An endpoint that logs its answers."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self._within = False  # a method that logs is running: the methods that it calls do not log

    def answer(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer a request to `/`."""
        return self._logged(
            lambda: DynamoDbEndpoint.answer(self, method, query, fields, body), method, b"/", fields, body
        )

    def failed(self, error: BaseException | None, fields: Fields = NO_FIELDS) -> Answer:
        """Return the answer to a request that failed unexpectedly, or whose commit failed."""
        return self._logged(lambda: DynamoDbEndpoint.failed(self, error, fields), "a request", b"", {}, b"")

    def refuse(self, status: int, fields: Fields = NO_FIELDS) -> Answer:
        """Log and return a refusal: status 413 or 400."""
        return self._logged(lambda: DynamoDbEndpoint.refuse(self, status, fields), "a request", b"", {}, b"")

    def _logged(self, make: Callable[[], Answer], method: str, path: bytes, fields: Fields, body: bytes) -> Answer:
        if self._within:
            return make()
        begun = perf_counter()
        self._within = True
        try:
            answer = make()
        except Pending as pending:
            raise Pending(self._logged_slices(pending.steps, begun, method, path, fields, body)) from None
        finally:
            self._within = False
        log_request(answer, begun, method, path, fields, body)
        return answer

    def _logged_slices(
        self, steps: Steps[Answer], begun: float, method: str, path: bytes, fields: Fields, body: bytes
    ) -> Steps[Answer]:
        """Make an answer in slices, and log it when it is complete."""
        with closing(steps):
            while True:
                self._within = True
                try:
                    pause = next(steps)
                except StopIteration as end:
                    answer: Answer = end.value
                    break
                finally:
                    self._within = False
                yield pause
        log_request(answer, begun, method, path, fields, body)
        return answer


def log_request(answer: Answer, begun: float, method: str, path: bytes, fields: Fields, body: bytes) -> None:
    """Log a request and its answer. begun: `perf_counter()` when it began."""
    seconds = perf_counter() - begun
    text = _plain(body, fields.get(b"content-encoding"))
    log.debug("%s", _line(_subject(method, path, fields, _parsed(text)), answer, seconds))
    if log.isEnabledFor(TRACE):
        coding = dict(answer.headers).get(b"content-encoding")
        log.log(TRACE, "request body: %s", _shown(text))
        log.log(TRACE, "response body: %s", _shown(_plain(answer.body, coding)))


def _line(subject: str, answer: Answer, seconds: float) -> str:
    head = dict(answer.headers)
    parts = [str(answer.status)]
    parsed = _parsed(_plain(answer.body, head.get(b"content-encoding")))
    if answer.status >= _FIRST_ERROR:
        parts[0] += _error(parsed, head.get(b"x-amzn-errortype", b"").decode("latin-1"))
    else:
        parts += [f"{units} units" for units in _units(parsed)]
    request_id = head.get(b"x-amzn-requestid", b"").decode("latin-1")
    return f"{subject}: {', '.join(parts)}, {seconds * 1000:.1f} ms, request {request_id}"


def _plain(body: bytes, coding: bytes | None) -> bytes:
    """Return a body without its content coding, or unchanged if it cannot be decoded."""
    if coding is None:
        return body
    try:
        return encoding.decoded(body, coding)
    except (ApiError, encoding.TooLarge):
        return body


def _parsed(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object that a body is, or {} if it is something else."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _subject(method: str, path: bytes, fields: Fields, request: Mapping[str, Any]) -> str:
    """Return what the line names: a request's operation and tables, or its method and path."""
    target = fields.get(b"x-amz-target", b"").decode("latin-1")
    if path != b"/" or method != "POST" or not target:
        return printable(f"{method} {path.decode('latin-1')}".rstrip())
    names = list(dict.fromkeys(name for name in _tables(request) if isinstance(name, str)))
    if len(names) > _NAMES:
        names[_NAMES:] = [f"{len(names) - _NAMES} more"]
    index = request.get("IndexName")
    more = f"/{index}" if isinstance(index, str) else ""
    return printable(f"{target.rpartition('.')[2]} {', '.join(names)}".rstrip() + more)


def _tables(request: Mapping[str, Any]) -> Iterator[object]:
    """Yield names of tables, or ARNs of resources, in a request. Not all may be strings."""
    for member in ("TableName", "StreamArn", "ResourceArn"):
        if member in request:
            yield request[member]
    if isinstance(request.get("RequestItems"), dict):
        yield from request["RequestItems"]
    statements = [request, *_dicts(request.get("Statements")), *_dicts(request.get("TransactStatements"))]
    for statement in statements:
        text = statement.get("Statement")
        yield from _STATEMENT.findall(text)[:1] if isinstance(text, str) else ()
    for item in _dicts(request.get("TransactItems")):
        for action in _dicts(list(item.values())):
            yield action.get("TableName")


def _dicts(values: object) -> Iterator[Mapping[str, Any]]:
    return (value for value in values if isinstance(value, dict)) if isinstance(values, list) else iter(())


def _error(answer: Mapping[str, Any], errortype: str) -> str:
    """Return the code and message of an error, as far as its answer has them."""
    code = str(answer.get("__type", errortype)).rpartition("#")[2]
    message = answer.get("message", answer.get("Message"))
    return (f" {printable(code)}" if code else "") + (
        f": {printable(message, 500)}" if isinstance(message, str) else ""
    )


def _units(answer: Mapping[str, Any]) -> Iterator[float]:
    """Yield the sum of an answer's capacity units, or no value if the answer has none."""
    consumed = answer.get("ConsumedCapacity")
    parts = list(_dicts([consumed] if isinstance(consumed, dict) else consumed))
    if parts:
        yield sum(part.get("CapacityUnits", 0.0) for part in parts)


def _shown(body: bytes) -> str:
    if len(body) <= _LONGEST_BODY:
        return printable(body.decode("utf-8", "backslashreplace"), _LONGEST_BODY * 4)
    return f"{printable(body[:_LONGEST_BODY].decode('utf-8', 'backslashreplace'), _LONGEST_BODY * 4)}... ({len(body)} bytes)"
