"""Makes the summary of a request and its answer: facts for the log and the control `requests`.

| member                        | content                                                          |
|-------------------------------|------------------------------------------------------------------|
| `Time`                        | when the request arrived, in ISO 8601; real time, not the time   |
|                               | of the emulator's clock                                          |
| `Operation`                   | only for DynamoDB; other requests have `Method` and `Path`       |
| `Tables`, `Index`             | the names or ARNs in the request                                 |
| `Status`, `Code`, `Message`   | of the answer; only errors have a code and a message             |
| `Reason`                      | why the request failed or was slow, if `Message` does not say it |
| `CapacityUnits`               | only if the request has ReturnConsumedCapacity, or if the server |
|                               | counts units                                                     |
| `BodyBytes`                   | only for requests with more than 0.5 MB. Such requests are not   |
|                               | parsed: `Tables` has only the names near beginning and end       |
| `Milliseconds`                | from the beginning of work on the request to its answer          |
| `RequestId`                   | of the answer                                                    |
| `AccessKey`, `Region`         | of the request's credentials                                     |

A member without a value is left out. A summary has no attribute values of items, except those that
a message of the service quotes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from time import perf_counter, time
from typing import Any, Final

import orjson

from emulator.errors import ApiError
from emulator.http.front import auth, encoding
from emulator.http.front.observed import Exchange
from emulator.http.observing import large_bodies

Summary = dict[str, Any]
Body = Mapping[str, Any]

FIRST_ERROR: Final = 400
MESSAGE: Final = 500  # the maximum number of characters of the member `Message`

_MOST_TABLES: Final = 100  # the maximum number of tables in the summary; no valid request has more
_LONGEST_NAME: Final = 1_024  # the maximum number of characters of a table's name or ARN in a summary
_LONGEST_STATEMENT: Final = 8_192  # the maximum number of characters of a PartiQL statement that is searched for names

_STATEMENT: Final = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?([\w.:/-]+)', re.IGNORECASE)

_COMPLETE: Final[Mapping[str, bytes]] = {
    "BatchGetItem": b'"UnprocessedKeys":{}',
    "BatchWriteItem": b'"UnprocessedItems":{}',
}
"""Operation -> the text that our answer contains if all parts of the batch were processed."""

Explain = Callable[[Exchange, Body, Body, Summary], str | None]
"""A function that returns the reason why a request failed, or None.

Its arguments: exchange, parsed request, parsed answer, and the summary without `Reason`.
"""


def summary_of(exchange: Exchange, explain: Explain) -> Summary:
    """Return the summary of an exchange. explain: returns why a request failed, or None."""
    answer = exchange.answer
    head = dict(answer.headers)
    body = plain_request(exchange)
    large = len(body) > large_bodies.LARGE
    request = large_bodies.request_facts(body) if large else parsed(body)
    summary: Summary = {"Time": wall_time(exchange.began)}
    operation = operation_of(exchange)
    if operation:
        summary["Operation"] = operation
        summary["Tables"] = tables_of(request)
        index = request.get("IndexName")
        if isinstance(index, str):
            summary["Index"] = index
    elif exchange.method:
        summary |= {"Method": exchange.method, "Path": exchange.path.decode("latin-1")}
    summary["Status"] = answer.status
    failed = answer.status >= FIRST_ERROR or _is_partial(operation, answer.body)
    # Parse only answers with an error or with capacity units, because parsing a page of 1 MB takes
    # long.
    if failed or b'"ReturnConsumedCapacity"' in body:
        answered = _answered(plain(answer.body, head.get(b"content-encoding")))
        units = _units(answered)
        if units is not None:
            summary["CapacityUnits"] = units
    if exchange.units and "CapacityUnits" not in summary:
        summary["CapacityUnits"] = exchange.units
    if large:
        summary["BodyBytes"] = len(body)
    summary["Milliseconds"] = round(exchange.seconds * 1000, 3)
    if b"x-amzn-requestid" in head:
        summary["RequestId"] = head[b"x-amzn-requestid"].decode("latin-1")
    summary |= caller_of(exchange)
    if failed:
        if answer.status >= FIRST_ERROR:
            summary |= _error(answered, head.get(b"x-amzn-errortype", b"").decode("latin-1"))
        reason = explain(exchange, request, answered, summary)
        if reason is not None:
            summary["Reason"] = reason
    return summary


def _is_partial(operation: str, body: bytes) -> bool:
    """Return True if the answer says that parts of a batch were not processed.

    A compressed answer is not examined: return False.
    """
    return operation in _COMPLETE and _COMPLETE[operation] not in body and body.startswith(b"{")


def wall_time(began: float) -> str:
    """Convert a time of `perf_counter` to an ISO 8601 text in UTC, by the machine's clock."""
    moment = datetime.fromtimestamp(time() - perf_counter() + began, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def operation_of(exchange: Exchange) -> str:
    """Return the name of the DynamoDB operation, or "" if the request names no operation."""
    if exchange.path != b"/" or exchange.method != "POST":
        return ""
    return exchange.fields.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]


def _answered(body: bytes) -> Body:
    """Return the members of an answer, or for a large answer only the members after its items."""
    return large_bodies.answer_facts(body) if len(body) > large_bodies.LARGE else parsed(body)


def plain_request(exchange: Exchange) -> bytes:
    """Return the decompressed body of a request."""
    return plain(exchange.body, exchange.fields.get(b"content-encoding"))


def plain(body: bytes, coding: bytes | None) -> bytes:
    """Return a decompressed body. If decompressing fails, return the body unchanged.

    coding: the value of the header Content-Encoding, or None.
    """
    if coding is None:
        return body
    try:
        return encoding.decoded(body, coding)
    except (ApiError, encoding.TooLarge):
        return body


def parsed(body: bytes) -> Body:
    """Return the JSON object in a body, or {} if the body is not a JSON object."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def tables_of(request: Body) -> list[str]:
    """Return the table names and the ARNs in a request, without duplicates.

    Cut names and lists that are too long for a valid request.
    """
    names = (name[:_LONGEST_NAME] for name in _tables(request) if isinstance(name, str))
    return list(dict.fromkeys(islice(names, _MOST_TABLES)))


def _tables(request: Body) -> Iterator[object]:
    for member in ("TableName", "StreamArn", "ResourceArn"):
        if member in request:
            yield request[member]
    if isinstance(request.get("RequestItems"), dict):
        yield from request["RequestItems"]
    statements = [request, *_dicts(request.get("Statements")), *_dicts(request.get("TransactStatements"))]
    for statement in statements:
        text = statement.get("Statement")
        found = _STATEMENT.search(text[:_LONGEST_STATEMENT]) if isinstance(text, str) else None
        if found is not None:
            yield found[1]
    for item in _dicts(request.get("TransactItems")):
        for action in _dicts(list(item.values())):
            yield action.get("TableName")


def _dicts(values: object) -> Iterator[Body]:
    """Yield the objects among the first _MOST_TABLES members of a list."""
    members = islice(values, _MOST_TABLES) if isinstance(values, list) else ()
    return (value for value in members if isinstance(value, dict))


def _error(answer: Body, errortype: str) -> Summary:
    """Return the members `Code` and `Message` of an error, if its answer has them.

    errortype: the value of the header x-amzn-errortype. It has the error code if the answer has no
    `__type`.
    """
    found: Summary = {}
    code = str(answer.get("__type", errortype)).rpartition("#")[2]
    if code:
        found["Code"] = code
    message = answer.get("message", answer.get("Message"))
    if isinstance(message, str):
        found["Message"] = message if len(message) <= MESSAGE else message[:MESSAGE] + "..."
    return found


def _units(answer: Body) -> float | None:
    """Return the sum of an answer's capacity units, or None without ConsumedCapacity."""
    consumed = answer.get("ConsumedCapacity")
    parts = list(_dicts([consumed] if isinstance(consumed, dict) else consumed))
    return sum(part.get("CapacityUnits", 0.0) for part in parts) if parts else None


def caller_of(exchange: Exchange) -> Summary:
    """Return the members `AccessKey` and `Region`, or {} if the credentials are incomplete."""
    fields, query = exchange.fields, exchange.query
    if b"authorization" not in fields and not query:
        return {}
    try:
        credentials = auth.credentials(fields, query)
    except ApiError:
        return {}
    return {"AccessKey": credentials.access_key, "Region": credentials.region}
