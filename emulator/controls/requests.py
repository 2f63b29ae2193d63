"""Controls that show the last answered requests, to tests and to people who look for a mistake.

| control         | body                                     | result                            |
|-----------------|------------------------------------------|-----------------------------------|
| `requests`      | none                                     | `{"Keeping", "Requests", "Last"}` |
| `find_requests` | `{"AccessKey"?, "After"?: id, "Limit"?}` | the same, for requests that match |
| `request`       | `{"Id"}`                                 | one request with its bodies       |
| `keep_requests` | `{"Enabled": true or false}`             | `{"Keeping": value of Enabled}`   |

While `Keeping` is true, the server keeps its last thousand requests. `Keeping` is true from the
start with --log-requests or --keep-requests, otherwise after a call of `keep_requests`. `Requests`
are summaries of the requests (http/observing/summary.py), each with an `Id`. They come from all
worker processes. Each result lists its requests in the order in which they arrived.

Without `After`, the result has the matching requests that arrived last, at most `Limit` of them.
`Last` marks the time up to which the result is complete. In its next call, a client sends `Last` as
`After`. A call with `After` selects by the time of the answer: it returns the matching requests
that were answered first after this time, at most `Limit` of them. So a client that repeats the call
gets each new request once. The client misses a request only if newer requests have replaced it.

`request` returns a summary with `Id`, `Method`, `Path`, `Target` (the header X-Amz-Target), and the
texts of the bodies, `Request` and `Answer`. The server keeps at most 16 MB of bodies, and drops the
oldest large bodies first. The texts of dropped bodies are null.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, RequestLog, Result, control

MOST: Final = 1000
_ID: Final = re.compile(r"(\d{1,20})-(\d{1,3})")


def _found(body: Body, results: Sequence[Result]) -> Result:
    """Return the kept requests that match the body, from the results of all processes.

    Raises BadDeclaration if the body is wrong.
    """
    refuse_unknown(body, "AccessKey", "After", "Limit")
    access_key = member(body, "AccessKey", str) if "AccessKey" in body else None
    after = _order_of(member(body, "After", str)) if "After" in body else (-1, -1)
    limit = member(body, "Limit", int) if "Limit" in body else MOST
    if not 1 <= limit <= MOST:
        raise BadDeclaration(f"the member Limit must be an integer from 1 to {MOST}")
    # The processes report their kept requests one after another. A request that ended after the
    # first report may be missing in `results`. So this call leaves out all requests that ended
    # after the first report, and the next call returns them.
    until = min(each["Now"] for each in results)
    found: list[Any] = [each for result in results for each in result["Requests"] if each["Ended"] < until]
    found.sort(key=lambda each: (each["Ended"], each["Worker"]))
    found = [
        each
        for each in found[-MOST:]
        if after < (each["Ended"], each["Worker"]) and access_key in (None, each.get("AccessKey"))
    ]
    last = f"{until - 1}-999"
    if "After" not in body:
        shown = sorted(found, key=_arrival)[-limit:]
    else:
        shown = sorted(found[:limit], key=_arrival)
        if len(found) > limit:
            last = _id_of(found[limit - 1])
    return {
        "Keeping": all(result["Keeping"] for result in results),
        "Requests": [_shown(each) for each in shown],
        "Last": last,
    }


def _kept(emulator: Emulator, _body: Body) -> Result:
    """Return the kept requests of this process, in the form that `_found` combines."""
    log = _log(emulator)
    return {"Keeping": log.keeps, "Requests": log.kept(), "Now": log.now()}


def _one(body: Body, results: Sequence[Result]) -> Result:
    """Return the result of the process that keeps the wanted request.

    Raises BadDeclaration if no process keeps it.
    """
    for result in results:
        if result:
            return _shown(result)
    raise BadDeclaration(f"the server does not keep the request {body['Id']}, or no longer keeps it")


def _everywhere(_body: Body, results: Sequence[Result]) -> Result:
    return results[0]


@control("requests", changes=False, gather=_found, summary="show the last requests, if they are kept")
def requests(emulator: Emulator, body: Body) -> Result:
    """Return the kept requests of this process. `_found` combines those of all processes."""
    return _kept(emulator, body)


@control(
    "find_requests",
    path="requests",
    gather=_found,
    summary="show the last requests that match the body",
    members=("AccessKey?", "After?", "Limit?"),
)
def find_requests(emulator: Emulator, body: Body) -> Result:
    """Return all kept requests of this process.

    `_found` gets the kept requests of all processes, and selects those that match the body.
    """
    return _kept(emulator, body)


@control(
    "request",
    method="POST",
    changes=False,
    gather=_one,
    summary="show one kept request with its bodies",
    members=("Id",),
)
def request(emulator: Emulator, body: Body) -> Result:
    """Return the kept request with the `Id` of the body, {} if this process does not keep it.

    Raises BadDeclaration if the body is wrong.
    """
    refuse_unknown(body, "Id")
    ended, worker = _order_of(member(body, "Id", str), "Id")
    found = _log(emulator).whole(ended)
    return found if found is not None and found["Worker"] == worker else {}


@control(
    "keep_requests",
    gather=_everywhere,
    summary="keep the last thousand requests, or stop keeping them",
    members=("Enabled",),
)
def keep_requests(emulator: Emulator, body: Body) -> Result:
    """Turn the keeping of requests on or off in this process.

    Raises BadDeclaration if the body is wrong, or if the emulator has no HTTP server.
    """
    refuse_unknown(body, "Enabled")
    enabled = member(body, "Enabled", bool)
    # A worker process that starts later reads this setting from the shared memory.
    if emulator.sharing is not None:
        emulator.sharing.keeps_requests = enabled
    _log(emulator).keep(on=enabled)
    return {"Keeping": enabled}


def _log(emulator: Emulator) -> RequestLog:
    if emulator.request_log is None:
        raise BadDeclaration("this emulator is not served over HTTP, so it keeps no requests")
    return emulator.request_log()


def _shown(kept: Result) -> Result:
    """Return a kept request as results show it: with `Id` instead of `Began` and `Ended`."""
    rest = {name: value for name, value in kept.items() if name not in ("Began", "Ended")}
    return {"Id": _id_of(kept), **rest}


def _id_of(kept: Result) -> str:
    return f"{kept['Ended']}-{kept['Worker']}"


def _arrival(kept: Result) -> tuple[int, int]:
    """Return the pair by which requests are sorted in the order of their arrival."""
    return kept["Began"], kept["Worker"]


def _order_of(text: str, name: str = "After") -> tuple[int, int]:
    """Return the two numbers in the Id of a request: when it ended, and its worker process.

    text: the Id. name: the member of the body that has the Id. Raises BadDeclaration if `text` is
    not an Id.
    """
    found = _ID.fullmatch(text)
    if found is None:
        raise BadDeclaration(f"the member {name} must be the Id of a request, or Last of an earlier result")
    return int(found[1]), int(found[2])
