"""The advisor's findings, and the smallest IAM policy that allows the requests of an account."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from emulator.controls.body import BadDeclaration
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_ACCOUNTS: Final = ("this", "all")
_CONFIDENCES: Final = ("possible", "likely", "certain")
_FORMATS: Final = {
    "sarif": ("advice.sarif", "application/sarif+json"),
    "junit": ("advice.xml", "application/xml"),
    "text": ("advice.txt", "text/plain; charset=utf-8"),
}


@page("advice", title="Advice", group="Insight", order=40)
async def advice(visit: Visit) -> Response:
    """Show the advisor's findings, or that the advisor is off."""
    accounts, confidence = visit.query.chosen("accounts", _ACCOUNTS), visit.query.chosen("confidence", _CONFIDENCES)
    table = visit.query.text("table").strip()
    refused = ""
    found: Mapping[str, Any] = {}
    try:
        found = await visit.control("find_advice", _selection(visit, accounts, confidence, table))
    except BadDeclaration as error:  # the advisor is off
        refused = str(error)
    return visit.show(
        "advice/list.html",
        advice=found,
        refused=refused,
        formats=list(_FORMATS),
        accounts=accounts,
        confidence=confidence,
        table=table,
    )


def _selection(visit: Visit, accounts: str, confidence: str, table: str) -> dict[str, Any]:
    body: dict[str, Any] = {"Confidence": confidence}
    if accounts == "this":
        body |= {"AccessKey": visit.access_key, "Region": visit.region}
    if table:
        body["TableName"] = table
    return body


@page("advice/report", title="Advice", parent="advice")
async def report(visit: Visit) -> Response:
    """Return the findings as a file to download: SARIF, JUnit or text."""
    kind = visit.query.chosen("format", list(_FORMATS))
    accounts, confidence = visit.query.chosen("accounts", _ACCOUNTS), visit.query.chosen("confidence", _CONFIDENCES)
    body = _selection(visit, accounts, confidence, visit.query.text("table").strip())
    found = await visit.control("find_advice", {**body, "Format": kind})
    name, media_type = _FORMATS[kind]
    return visit.download(name, media_type, found["Text"].encode())


@page("advice/policy", title="IAM policy", parent="advice")
async def policy(visit: Visit) -> Response:
    """Show the smallest IAM policy that allows all requests of the account so far."""
    body = {"AccessKey": visit.access_key, "Region": visit.region}
    return visit.show("advice/policy.html", policy=await visit.control("find_iam_policy", body))


@action("advice/advise", title="Advice", parent="advice")
async def advise(visit: Visit) -> Response:
    """Turn the advisor on or off. If it is turned off, it forgets its evidence."""
    enabled = visit.form.chosen("enabled", ("yes", "no")) == "yes"
    await visit.control("advise", {"Enabled": enabled})
    return visit.done(
        "advice", "The advisor collects evidence from now on." if enabled else "The evidence has been deleted."
    )
