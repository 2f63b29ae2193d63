"""Lambda functions that read streams: event source mappings, failures and dead letters."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from emulator.http.site.console.forms import BadForm
from emulator.http.site.console.pages.streams import shown_record
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_MAPPINGS: Final = "/2015-03-31/event-source-mappings"
_RECORDS: Final = 100  # the maximum number of records of a dead letter that a page shows; a letter may have 10,000
_POSITIONS: Final = ("LATEST", "TRIM_HORIZON")
_NUMBERS: Final = {
    "batch_size": "BatchSize",
    "retries": "MaximumRetryAttempts",
    "record_age": "MaximumRecordAgeInSeconds",
    "window": "MaximumBatchingWindowInSeconds",
}
"""Fields of the form -> members of CreateEventSourceMapping."""


@page("functions", title="Functions", group="Events", order=20)
async def functions(visit: Visit) -> Response:
    """Show the functions, and the event source mappings of the account and region."""
    state = await visit.control("functions")
    mappings = {each["UUID"]: each for each in state["Mappings"]}
    _, listed = await visit.call_functions("GET", _MAPPINGS)
    own = [{**each, **mappings.get(each["UUID"], {})} for each in listed["EventSourceMappings"]]
    uuids = {each["UUID"] for each in own}
    return visit.show(
        "functions/list.html",
        functions=state["Functions"],
        mappings=own,
        failures=[each for each in state["Failures"] if each["UUID"] in uuids],
        streams=(await visit.call("ListStreams", {}))["Streams"],
        positions=_POSITIONS,
    )


@page("functions/mapping", title="Mapping", parent="functions")
async def mapping(visit: Visit) -> Response:
    """Show one event source mapping with its batches in progress and its dead letters."""
    uuid = visit.query.required("uuid", "Mapping")
    _, described = await visit.call_functions("GET", f"{_MAPPINGS}/{uuid}")
    state = await visit.control("functions")
    lanes: Sequence[Mapping[str, Any]] = next((each["Lanes"] for each in state["Mappings"] if each["UUID"] == uuid), [])
    letters = (await visit.control("find_dead_letters", {"UUID": uuid}))["DeadLetters"]
    return visit.show("functions/mapping.html", mapping=described, lanes=lanes, letters=letters[::-1])


@page("functions/letter", title="Dead letter", parent="functions")
async def letter(visit: Visit) -> Response:
    """Show one dead letter with its records."""
    found = await _own_letter(visit, visit.query.required("id", "Dead letter"))
    records = [shown_record(each) for each in found["Records"][:_RECORDS]]
    return visit.show("functions/letter.html", letter=found, records=records)


async def _own_letter(visit: Visit, name: str) -> Mapping[str, Any]:
    """Return a dead letter of the page's account and region.

    Raises BadForm if it belongs to another account or region, BadDeclaration if it does not exist.
    """
    [found] = (await visit.control("find_dead_letters", {"Id": name}))["DeadLetters"]
    _, _, _, region, account, *_ = found["FunctionArn"].split(":")
    if (region, account) != (visit.region, visit.account):
        raise BadForm(f"there is no dead letter {name} in this account and region")
    return found  # type: ignore[no-any-return]


@action("functions/create", title="Functions", parent="functions")
async def create(visit: Visit) -> Response:
    """Create an event source mapping."""
    form = visit.form
    request: dict[str, Any] = {
        "FunctionName": form.required("function", "Function"),
        "EventSourceArn": form.required("stream", "Stream"),
        "StartingPosition": form.chosen("position", _POSITIONS),
    }
    request |= {member: form.number(name) for name, member in _NUMBERS.items() if form.text(name).strip()}
    if form.flag("bisect"):
        request["BisectBatchOnFunctionError"] = True
    if form.flag("reports"):
        request["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    if form.text("pattern").strip():
        request["FilterCriteria"] = {"Filters": [{"Pattern": form.text("pattern")}]}
    await visit.call_functions("POST", _MAPPINGS, "", orjson.dumps(request))
    return visit.done("functions", "The mapping has been created.")


@action("functions/enable", title="Functions", parent="functions")
async def enable(visit: Visit) -> Response:
    """Enable or disable an event source mapping."""
    uuid, enabled = visit.form.required("uuid", "Mapping"), visit.form.chosen("enabled", ("yes", "no")) == "yes"
    await visit.call_functions("PUT", f"{_MAPPINGS}/{uuid}", "", orjson.dumps({"Enabled": enabled}))
    return visit.done("functions", f"The mapping is {'enabled' if enabled else 'disabled'}.")


@action("functions/delete", title="Functions", parent="functions")
async def delete(visit: Visit) -> Response:
    """Delete an event source mapping."""
    uuid = visit.form.required("uuid", "Mapping")
    await visit.call_functions("DELETE", f"{_MAPPINGS}/{uuid}")
    return visit.done("functions", "The mapping is deleted.")


@action("functions/redeliver", title="Functions", parent="functions")
async def redeliver(visit: Visit) -> Response:
    """Send one dead letter, or all dead letters of a mapping, to the function again."""
    uuid, name = visit.form.text("uuid"), visit.form.text("id")
    if name:
        found = await _own_letter(visit, name)
        await visit.control("redeliver", {"Id": name})
        # Do not show the page of the dead letter: after redelivery the letter may be deleted, and
        # its page would show an error.
        path = "functions/mapping" if "UUID" in found else "functions"
        return visit.done(path, "The dead letter is sent again.", uuid=found.get("UUID"))
    await visit.call_functions("GET", f"{_MAPPINGS}/{uuid}")  # raises ApiError if another account owns the mapping
    count = (await visit.control("redeliver", {"UUID": uuid}))["Redelivering"]
    return visit.done("functions/mapping", f"Dead letters that are being sent again: {count}.", uuid=uuid)
