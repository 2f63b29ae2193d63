"""The last requests of all accounts: why they failed, how long they took, and their bodies.

The server begins to keep requests (`begin`) when somebody opens any page of the console.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any, Final

import orjson
from starlette.responses import Response

from emulator.controls.registry import registered
from emulator.errors import ApiError
from emulator.http.site.console.forms import BadForm
from emulator.http.site.console.registry import action, at_first_page, page
from emulator.http.site.console.tenancy import Acting
from emulator.http.site.console.visit import Visit

_PREFIXES: Final = ("DynamoDB_20120810.", "DynamoDBStreams_20120810.")
_ACCOUNTS: Final = ("this", "all")
_RESULTS: Final = ("all", "succeeded", "failed", "throttled", "slow")
_SLOW: Final = 100.0  # milliseconds; a request that takes longer counts as slow
_FIRST_ERROR: Final = 400
_SHOWN: Final = 100_000  # the maximum number of characters of a body that the page shows
_THROTTLES: Final = frozenset(("ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"))
_SWITCHES: Final = ("keep_requests", "count_requests", "advise")
"""The controls that turn on the collection of data for pages. Each has the member Enabled."""


@at_first_page
async def begin(visit: Visit) -> None:
    """Begin to keep requests, to count them, and to collect evidence for the advisor."""
    for name in _SWITCHES:
        if name in registered():
            await visit.control(name, {"Enabled": True})


@page("requests", title="Requests", group="Insight", order=10)
async def requests(visit: Visit) -> Response:
    """Show the last requests that match the filter in the query string."""
    query = visit.query
    accounts, result = query.chosen("accounts", _ACCOUNTS), query.chosen("result", _RESULTS)
    text = query.text("text").strip()
    body = {"AccessKey": visit.access_key} if accounts == "this" else {}
    kept = await visit.control("find_requests", body)
    found = [each for each in reversed(kept["Requests"]) if _matches(each, result, text.lower())]
    return visit.show(
        "requests/list.html",
        requests=found,
        total=len(kept["Requests"]),
        keeping=kept["Keeping"],
        accounts=accounts,
        result=result,
        text=text,
    )


def _matches(request: Mapping[str, Any], result: str, text: str) -> bool:
    failed = request["Status"] >= _FIRST_ERROR
    match result:
        case "succeeded" if failed:
            return False
        case "failed" if not failed:
            return False
        case "throttled" if request.get("Code") not in _THROTTLES:
            return False
        case "slow" if request["Milliseconds"] < _SLOW:
            return False
    return not text or text in orjson.dumps(request).decode().lower()


@action("requests/keep", title="Requests", parent="requests")
async def keep(visit: Visit) -> Response:
    """Begin to keep requests, or stop and delete the kept requests."""
    enabled = visit.form.chosen("enabled", ("yes", "no")) == "yes"
    await visit.control("keep_requests", {"Enabled": enabled})
    return visit.done(
        "requests", "Requests are kept from now on." if enabled else "The kept requests have been deleted."
    )


@page("requests/request", title="Request", parent="requests")
async def request(visit: Visit) -> Response:
    """Show one request with its bodies, and a form that sends it again."""
    found = await visit.control("request", {"Id": visit.query.required("id", "Request")})
    return visit.show("requests/request.html", request=found, **_texts(found), outcome=None)


def _texts(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template's variables about the bodies of a request and its answer.

    changeable: True if the page shows the whole body of the request, so that it can be edited.
    resendable: True if the request can be sent again.
    """
    body, answer = _readable(found["Request"]), _readable(found["Answer"])
    return {
        "body": _cut(body),
        "answer": _cut(answer),
        "whole_answer": answer,
        "changeable": body is not None and len(body) <= _SHOWN,
        "resendable": found["Target"].startswith(_PREFIXES) and found["Request"] is not None and "AccessKey" in found,
    }


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}\n... and {len(text) - _SHOWN:,} more characters"


def _readable(text: str | None) -> str | None:
    """Return a body as indented JSON, or unchanged if it is not JSON."""
    if text is None:
        return None
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text


@action("requests/resend", title="Request", parent="requests")
async def resend(visit: Visit) -> Response:
    """Send a request again, with the body in the form. Show the old and the new answer."""
    found = await visit.control("request", {"Id": visit.form.required("id", "Request")})
    texts = _texts(found)
    if not texts["resendable"]:
        raise BadForm(
            "This request cannot be sent again: the server no longer has its body, or its account is unknown."
        )
    try:
        body = orjson.loads(visit.form.text("body") if texts["changeable"] else found["Request"])
    except orjson.JSONDecodeError:
        raise BadForm("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise BadForm("The body must be a JSON object.")
    operation = found["Target"].rpartition(".")[2]
    status, answer = await _answer(_as(visit, found["AccessKey"], found["Region"]), operation, body)
    text = orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode()
    outcome = {"status": status, "answer": _cut(text), "same": text == texts["whole_answer"]}
    values = {"request": found, **texts, "outcome": outcome}
    if texts["changeable"]:
        values["body"] = visit.form.text("body")
    if visit.is_htmx:
        return visit.fragment("requests/outcome.html", **values)
    return visit.show("requests/request.html", **values)


async def _answer(visit: Visit, operation: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Call an operation. Return the status and the body of its answer, which may be an error."""
    try:
        return 200, await visit.call(operation, body)
    except ApiError as error:
        return error.status, {"__type": error.code, "message": error.message, **error.extra}


def _as(visit: Visit, access_key: str, region: str) -> Visit:
    """Return a copy of the visit that calls operations for another account and region."""
    other = copy(visit)
    other.acting = Acting(access_key, region)
    other.access_key, other.region = other.acting
    return other
