"""The last throttled requests with their reasons, and a switch that enforces throughput."""

from starlette.responses import Response

from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit


@page("throttles", title="Throttles", group="Insight", order=30)
async def throttles(visit: Visit) -> Response:
    """Show the last throttled requests, the newest first."""
    table = visit.query.text("table").strip()
    prefix = f"arn:aws:dynamodb:{visit.region}:{visit.account}:" if visit.owner else ""
    found = [
        each
        for each in reversed((await visit.control("throttles"))["Throttles"])
        if each["TableArn"].startswith(prefix) and table in ("", each["TableName"])
    ]
    enforced = await visit.control("show_throttling")
    return visit.show("throttles/list.html", throttles=found, enforced=enforced, table=table)


@action("throttles/enforce", title="Throttles", parent="throttles")
async def enforce(visit: Visit) -> Response:
    """Start or stop enforcing throughput, on one table or on all tables."""
    name = visit.form.text("table").strip()
    enforced = visit.form.chosen("enforced", ("yes", "no")) == "yes"
    answer = await visit.control("throttling", {"Enforced": enforced, **({"TableName": name} if name else {})})
    what = f"table {name}" if name else "all tables"
    said = f"Throughput of {what} is {'enforced' if enforced else 'not enforced'}."
    return visit.done("throttles", " ".join([said, answer.get("message", "")]).strip())
