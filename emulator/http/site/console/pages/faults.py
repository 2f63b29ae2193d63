"""Faults: rules that make requests fail, lagging reads, slow index backfills, open transactions."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from emulator.http.site.console.forms import BadForm, Fields
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.typed_fields import json_field, seconds
from emulator.http.site.console.visit import Visit

_KINDS: Final = (
    ("Throttle", "Throttle: throttle the request"),
    ("Error", "Error: fail with status 500 or 503"),
    ("Timeout", "Timeout: give no answer for some time"),
    ("Drop", "Drop: close the connection without an answer"),
    ("Latency", "Latency: answer late"),
    ("Unprocessed", "Unprocessed: leave a share of a batch unprocessed"),
    ("Conflict", "Conflict: fail with a transaction conflict"),
    ("Cancel", "Cancel: cancel transactions"),
    ("ShortPage", "Short page: return pages with fewer items"),
)
_WHICH: Final = (
    ("", "Each request that matches"),
    ("Every", "Every n-th request that matches"),
    ("Share", "A share of the requests that match, 0 to 1"),
    ("Next", "The next n requests that match"),
)
_TEXTS: Final = {"operation": "Operation", "table": "TableName"}
_NUMBERS: Final = ("Seconds", "From", "To", "Median", "P99", "Share", "Items")
_WORDS: Final = ("Limit", "IndexName", "Code")
_CLOCKS: Final = ("Emulator", "Real")


@page("faults", title="Faults", group="State", order=60)
async def faults(visit: Visit) -> Response:
    """Show the fault rules and the declarations, with forms that make new ones."""
    backfill = await visit.control("show_backfill")
    return visit.show(
        "faults/list.html",
        faults=(await visit.control("show_faults"))["Faults"],
        lags=(await visit.control("show_consistency"))["Lags"],
        paces=backfill["Paces"],
        backfills=[each for each in backfill["Backfills"] if visit.owns(each)],
        transactions=(await visit.control("show_transactions"))["Transactions"],
        kinds=_KINDS,
        which=_WHICH,
        clocks=_CLOCKS,
    )


@action("faults/create", title="Faults", parent="faults")
async def create(visit: Visit) -> Response:
    """Make a fault rule."""
    form = visit.form
    body: dict[str, Any] = {"Match": _match(visit), "Effect": _effect(form)}
    if form.text("seed").strip():
        body["Seed"] = form.number("seed")
    made = await visit.control("faults", body)
    return visit.done("faults", f"Rule {made['Id']} is in force.")


def _match(visit: Visit) -> dict[str, Any]:
    form = visit.form
    match: dict[str, Any] = {
        member: form.text(name).strip() for name, member in _TEXTS.items() if form.text(name).strip()
    }
    if form.flag("own"):
        match |= {"AccessKey": visit.access_key, "Region": visit.region}
    key = json_field(form, "key", "Key")
    if key is not None:
        match["Key"] = key
    which = form.chosen("which", [name for name, _ in _WHICH])
    if which == "Share":
        match[which] = seconds(form, "count", "The share of the requests")
    elif which:
        match[which] = form.number("count")
    return match


def _effect(form: Fields) -> dict[str, Any]:
    kind = form.chosen("kind", [name for name, _ in _KINDS])
    effect: dict[str, Any] = {"Kind": kind}
    for name in _NUMBERS:
        if form.text(name).strip():
            value = seconds(form, name, name)
            effect[name] = int(value) if name == "Items" and value.is_integer() else value
    effect |= {name: form.text(name).strip() for name in _WORDS if form.text(name).strip()}
    if form.flag("After"):
        effect["After"] = True
    return effect


@action("faults/remove", title="Faults", parent="faults")
async def remove(visit: Visit) -> Response:
    """Remove one fault rule, or all of them."""
    name = visit.form.text("id")
    removed = (await visit.control("remove_faults", {"Id": name} if name else {}))["Removed"]
    return visit.done("faults", f"Removed rules: {removed}.")


@action("faults/lag", title="Faults", parent="faults")
async def lag(visit: Visit) -> Response:
    """Make reads of a table, or of all tables, show an older state (lag). 0 ends the lag."""
    form = visit.form
    body: dict[str, Any] = {"Lag": seconds(form, "lag", "Lag"), **_table(form)}
    if form.text("given"):
        body |= {"Monotonic": form.flag("monotonic"), "Clock": form.chosen("clock", _CLOCKS)}
    await visit.control("consistency", body)
    return visit.done("faults", f"Reads lag by {body['Lag']:g} seconds." if body["Lag"] else "Reads no longer lag.")


@action("faults/backfill", title="Faults", parent="faults")
async def set_pace(visit: Visit) -> Response:
    """Set how fast new indexes are filled, or pause the filling."""
    form = visit.form
    pace = seconds(form, "pace", "Items for each second") if form.text("pace").strip() else None
    await visit.control("backfill", {**_table(form), "ItemsPerSecond": pace, "Paused": form.flag("paused")})
    return visit.done("faults", "The speed at which new indexes are filled is set.")


@action("faults/transaction", title="Faults", parent="faults")
async def transaction(visit: Visit) -> Response:
    """Declare that a transaction on an item is in progress. 0 seconds end the transaction."""
    form = visit.form
    key = json_field(form, "key", "Key")
    if not isinstance(key, Mapping):
        raise BadForm('Key must be a key in DynamoDB JSON, such as {"id": {"S": "o-1"}}')
    body = {"TableName": form.required("table", "Table"), "Key": key, "Seconds": seconds(form, "seconds", "Seconds")}
    await visit.control("transactions", body)
    return visit.done("faults", "The transaction is declared." if body["Seconds"] else "The transaction has ended.")


def _table(form: Fields) -> dict[str, str]:
    name = form.text("table").strip()
    return {"TableName": name} if name else {}
