"""The advisor shows mistakes in requests, and an IAM policy that allows what requests needed.

| control           | body                                                  | result                       |
|-------------------|-------------------------------------------------------|------------------------------|
| `advise`          | `{"Enabled": true or false}`                          | `{"Advising": as in the body}` |
| `advice`          | none                                                  | see below                    |
| `find_advice`     | `{"AccessKey"?, "Region"?, "TableName"?,`             | like `advice`, but only the  |
|                   | ` "Confidence"?, "Format"?}`                          | findings that match          |
| `iam-policy`      | none                                                  | an IAM policy                |
| `find_iam_policy` | `{"AccessKey"?, "Region"?}`                           | the policy of some callers   |

A server with --advise examines requests from its start. Without --advise, a server examines
requests after a call of `advise` with `true`. A call with `false` ends the examination, and forgets
the requests. `Confidence` is the lowest confidence to report: possible, likely or certain.

The result of `advice` is `{"Advising", "Requests", "Complete", "Findings", "More", "Rules"}`.
`Requests` is the number of requests that were examined. `Complete` is false if there may be more
findings, because the server was too busy to examine all requests, or counted too many mistakes.
`Findings` has at most 500 findings, the worst first. `More` is the number of findings that are left
out. A finding has:

| member                       | content                                                          |
|------------------------------|------------------------------------------------------------------|
| `Id`                         | the same in each run of the same program                         |
| `Rule`, `Title`              | the rule; the member `Rules` explains it                         |
| `Confidence`                 | possible, likely or certain                                      |
| `TableName`, `IndexName`     | `IndexName` only if the finding is about one index               |
| `Operation`                  | empty if the finding is about a table or index as a whole        |
| `Count`                      | how often the mistake was made                                   |
| `Units`                      | `Read` and `Write` units of the requests with the mistake        |
| `Exact`                      | true if the units are exact, false if they are estimates         |
| `Saved`                      | units that the advice would save, if known                       |
| `Example`                    | the body of one such request, as text                            |
| `Caller`                     | `File`, `Line` and `Function` of the caller: only under pytest   |
| `AccessKeys`                 | at most five access keys that sent such requests                 |
| `Evidence`, `Advice`, `Link` | sentences with the figures, what to do instead, documentation    |

With the `Format` text, sarif or junit, the result is `{"Text"}`: a report in this format. Units are
estimated from the sizes of items, unless the server counts units or the answers show units.
"""  # noqa: W505 - a table

from collections.abc import Sequence
from typing import Any, Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Evidence, Result, control
from emulator.slices import Steps

_MOST: Final = 500  # the maximum number of findings in an answer; a finding has about 1 KB
_CALLER: Final = ("AccessKey", "Region")
_CONFIDENCES: Final = ("possible", "likely", "certain")
_FORMATS: Final = ("json", "text", "sarif", "junit")


def _everywhere(_body: Body, results: Sequence[Result]) -> Result:
    return results[0]


@control("advise", gather=_everywhere, summary="look for mistakes in requests, or stop looking", members=("Enabled",))
def advise(emulator: Emulator, body: Body) -> Result:
    """Turn the advisor on or off in this process, and in workers that start later.

    Raises BadDeclaration if the body is wrong, or if this emulator is not served over HTTP.
    """
    refuse_unknown(body, "Enabled")
    enabled = member(body, "Enabled", bool)
    if emulator.request_log is None:
        raise BadDeclaration("this emulator is not served over HTTP, so it sees no requests")
    if emulator.sharing is not None:  # worker processes that start later read `advises`
        emulator.sharing.advises = enabled
    emulator.request_log().advise(on=enabled)
    return {"Advising": enabled}


def _advice(body: Body, results: Sequence[Result]) -> Steps[Result]:
    """Return the result of `advice` or `find_advice` from the evidence of all processes."""
    from emulator.advisor.advisor import Selection, explained  # noqa: PLC0415 - few servers advise
    from emulator.advisor.rule import Confidence  # noqa: PLC0415 - as above

    least, wanted = _check(body)
    access_key, region, table = (_text(body, name) for name in (*_CALLER, "TableName"))
    selection = Selection(access_key, region, table, Confidence[least])
    advisor = yield from _advisor(results)
    findings = yield from advisor.findings(selection)
    advice = {
        "Advising": True,
        "Requests": sum(result["Requests"] for result in results),
        "Complete": all(result["Complete"] for result in results),
        "Findings": findings[:_MOST],
        "More": max(0, len(findings) - _MOST),
        "Rules": explained(each["Rule"] for each in findings[:_MOST]),
    }
    if wanted == "json":
        return advice
    from emulator.advisor.reports.formats import report  # noqa: PLC0415 - as above

    return {"Text": report(advice, wanted)}


def _check(body: Body) -> tuple[str, str]:
    """Return the members Confidence and Format of a body. Raises BadDeclaration if one is wrong."""
    refuse_unknown(body, *_CALLER, "TableName", "Confidence", "Format")
    for name in (*_CALLER, "TableName"):
        _text(body, name)
    return _choice(body, "Confidence", _CONFIDENCES), _choice(body, "Format", _FORMATS)


def _advisor(results: Sequence[Result]) -> Steps[Any]:
    """Return an advisor that has seen the requests of all processes.

    results: one result for each process. With several processes, each result has the calls and
    tables that its process has collected. With one process, the result has the advisor itself.
    """
    if "Advisor" in results[0]:
        return results[0]["Advisor"]
    from emulator.advisor.advisor import over  # noqa: PLC0415 - few servers advise
    from emulator.advisor.calls import Call  # noqa: PLC0415 - as above
    from emulator.advisor.tables import KnownTables  # noqa: PLC0415 - as above

    tables = KnownTables()
    calls = []
    for result in results:
        for access_key, region, description in result["Tables"]:
            tables.learn(access_key, region, description)
        for text in result["Trail"]:
            calls.append(Call.load(text))
            yield None
    return (yield from over(calls, tables))


@control("advice", changes=False, gather=_advice, summary="show mistakes in requests, if the advisor is on")
def advice(emulator: Emulator, _body: Body) -> Steps[Result]:
    """Return the evidence of this process, from which `_advice` makes the result.

    Raises BadDeclaration if the advisor is off.
    """
    evidence = yield from _examined(emulator)
    return evidence.contribution()


@control(
    "find_advice",
    path="advice",
    gather=_advice,
    summary="show some mistakes in requests, or a report of them",
    members=("AccessKey?", "Region?", "TableName?", "Confidence?", "Format?"),
)
def find_advice(emulator: Emulator, body: Body) -> Steps[Result]:
    """Return the evidence of this process, from which `_advice` selects findings.

    Raises BadDeclaration if the advisor is off or the body is wrong.
    """
    _check(body)
    evidence = yield from _examined(emulator)
    return evidence.contribution()


def _policy(body: Body, results: Sequence[Result]) -> Result:
    """Return the IAM policy with the permissions that all processes have noted."""
    from emulator.advisor.permissions import policy  # noqa: PLC0415 - few servers advise

    access_key, region = _caller(body)
    return policy((row for result in results for row in result["Needed"]), access_key, region)


@control(
    "iam-policy",
    changes=False,
    gather=_policy,
    summary="show the smallest IAM policy for all requests, if the advisor is on",
)
def iam_policy(emulator: Emulator, _body: Body) -> Steps[Result]:
    """Return the needed permissions that this process has noted. Raises BadDeclaration."""
    evidence = yield from _examined(emulator)
    return {"Needed": evidence.permissions.rows()}


@control(
    "find_iam_policy",
    path="iam-policy",
    gather=_policy,
    summary="show the smallest IAM policy for the requests of some callers",
    members=("AccessKey?", "Region?"),
)
def find_iam_policy(emulator: Emulator, body: Body) -> Steps[Result]:
    """Return the needed permissions that this process has noted; `_policy` selects from them.

    Raises BadDeclaration if the advisor is off or the body is wrong.
    """
    _caller(body)
    evidence = yield from _examined(emulator)
    return {"Needed": evidence.permissions.rows()}


def _examined(emulator: Emulator) -> Steps[Evidence]:
    """Examine all collected requests, and return the evidence. Raises BadDeclaration."""
    if emulator.evidence is None:
        raise BadDeclaration("the advisor is off: start the server with --advise, or call the control advise")
    yield from emulator.evidence.digest_all()
    return emulator.evidence


def _caller(body: Body) -> tuple[str | None, str | None]:
    """Return AccessKey and Region of a body, None for a missing member. Raises BadDeclaration."""
    refuse_unknown(body, *_CALLER)
    return _text(body, "AccessKey"), _text(body, "Region")


def _text(body: Body, name: str) -> str | None:
    text: str | None = member(body, name, str) if name in body else None
    return text


def _choice(body: Body, name: str, choices: Sequence[str]) -> str:
    """Return a member that must be one of `choices`, the first choice if it is missing.

    Raises BadDeclaration.
    """
    chosen = member(body, name, str) if name in body else choices[0]
    if chosen not in choices:
        raise BadDeclaration(f"the member {name} must be one of {', '.join(choices)}")
    return str(chosen)
