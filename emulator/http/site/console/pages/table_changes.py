"""Actions that change a table: its settings, its indexes, copying, emptying, deleting."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from emulator.http.site.console import described, lookups
from emulator.http.site.console.forms import BadForm
from emulator.http.site.console.pages.tables import index_request, throughput
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_PROJECTIONS: Final = ("ALL", "KEYS_ONLY", "INCLUDE")
_OFF: Final = "off"


@page("tables/{table}/change", title="Change a table", parent="tables")
async def change_form(visit: Visit) -> Response:
    """Show the forms that change a table."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    return visit.show(
        "tables/change.html",
        title=f"Change {name}",
        name=name,
        table=table,
        on_demand=described.is_on_demand(table),
        units=table.get("ProvisionedThroughput", {}),
        indexes=list(described.indexes(table)),
        stream=described.stream(table),
        settings=await lookups.settings(visit, name),
        types=described.TYPES,
        views=described.VIEWS,
        classes=described.CLASSES,
        projections=_PROJECTIONS,
    )


async def _update(visit: Visit, text: str, **members: object) -> Response:
    """Call UpdateTable with `members`, and show the forms again.

    text: a message that tells the person what has changed.
    """
    name = visit.params["table"]
    await visit.call("UpdateTable", {"TableName": name, **members})
    return visit.done(f"tables/{name}/change", text)


@action("tables/{table}/change/capacity", parent="tables")
async def change_capacity(visit: Visit) -> Response:
    """Change the billing mode and throughput of a table, and the throughput of its indexes."""
    form = visit.form
    mode = form.chosen("mode", ("PAY_PER_REQUEST", "PROVISIONED"))
    if mode == "PAY_PER_REQUEST":
        return await _update(visit, "The table is now on demand.", BillingMode=mode)
    table = await lookups.described(visit, visit.params["table"])
    members: dict[str, Any] = {"BillingMode": mode} if described.is_on_demand(table) else {}
    wanted = throughput(form, "")
    if members or _units(table) != wanted:
        members["ProvisionedThroughput"] = wanted
    updates = []
    for index in table.get("GlobalSecondaryIndexes", ()):
        wanted = throughput(form, f"units-{index['IndexName']}-")
        if described.is_on_demand(table) or _units(index) != wanted:
            updates.append({"Update": {"IndexName": index["IndexName"], "ProvisionedThroughput": wanted}})
    if updates:
        members["GlobalSecondaryIndexUpdates"] = updates
    if not members:
        raise BadForm("The table has this capacity already. Change a value of the form.")
    return await _update(visit, "The capacity has changed.", **members)


def _units(owner: Mapping[str, Any]) -> dict[str, int]:
    given = owner.get("ProvisionedThroughput", {})
    return {name: given.get(name, 0) for name in ("ReadCapacityUnits", "WriteCapacityUnits")}


@action("tables/{table}/change/stream", parent="tables")
async def change_stream(visit: Visit) -> Response:
    """Turn the stream of a table on or off."""
    view = visit.form.chosen("stream", (_OFF, *described.VIEWS))
    if view == _OFF:
        return await _update(visit, "The stream is off.", StreamSpecification={"StreamEnabled": False})
    setting = {"StreamEnabled": True, "StreamViewType": view}
    return await _update(visit, f"The stream is on, with the view type {view}.", StreamSpecification=setting)


@action("tables/{table}/change/ttl", parent="tables")
async def change_ttl(visit: Visit) -> Response:
    """Turn time to live on, or off if the field for the attribute is empty."""
    name, attribute = visit.params["table"], visit.form.text("ttl").strip()
    before = (await lookups.settings(visit, name)).ttl
    if not attribute and before is None:
        raise BadForm("Time to live is off already. Write the name of an attribute to turn it on.")
    setting = {"Enabled": bool(attribute), "AttributeName": attribute or before}
    await visit.call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": setting})
    text = f"Items now expire at the time in their attribute {attribute}." if attribute else "Time to live is off."
    return visit.done(f"tables/{name}/change", text)


@action("tables/{table}/change/recovery", parent="tables")
async def change_recovery(visit: Visit) -> Response:
    """Turn point-in-time recovery on or off."""
    name, enabled = visit.params["table"], visit.form.flag("recovery")
    setting: dict[str, Any] = {"PointInTimeRecoveryEnabled": enabled}
    if enabled:
        setting["RecoveryPeriodInDays"] = visit.form.number("days", 35)
    await visit.call("UpdateContinuousBackups", {"TableName": name, "PointInTimeRecoverySpecification": setting})
    return visit.done(f"tables/{name}/change", f"Point-in-time recovery is {'on' if enabled else 'off'}.")


@action("tables/{table}/change/protection", parent="tables")
async def change_protection(visit: Visit) -> Response:
    """Turn deletion protection on or off."""
    enabled = visit.form.flag("protected")
    text = f"Deletion protection is {'on' if enabled else 'off'}."
    return await _update(visit, text, DeletionProtectionEnabled=enabled)


@action("tables/{table}/change/class", parent="tables")
async def change_class(visit: Visit) -> Response:
    """Change the table class of a table."""
    wanted = visit.form.chosen("class", described.CLASSES)
    return await _update(visit, f"The table now has the table class {wanted}.", TableClass=wanted)


@action("tables/{table}/change/add-index", parent="tables")
async def add_index(visit: Visit) -> Response:
    """Add a global index."""
    table = await lookups.described(visit, visit.params["table"])
    types: dict[str, str] = {}
    created = index_request(visit.form, "index-1-", types, provisioned=not described.is_on_demand(table))
    definitions = [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
    return await _update(
        visit,
        f"The index {created['IndexName']} is being created.",
        AttributeDefinitions=definitions,
        GlobalSecondaryIndexUpdates=[{"Create": created}],
    )


@action("tables/{table}/change/delete-index", parent="tables")
async def delete_index(visit: Visit) -> Response:
    """Delete a global index."""
    name = visit.form.text("index")
    updates = [{"Delete": {"IndexName": name}}]
    return await _update(visit, f"The index {name} is being deleted.", GlobalSecondaryIndexUpdates=updates)


@action("tables/{table}/change/copy", parent="tables")
async def copy(visit: Visit) -> Response:
    """Copy a table with its items to a new table in the same account and region.

    The copy is made from a temporary snapshot. So it has the items of one moment, although other
    requests may change the table during the copy.
    """
    name, target = visit.params["table"], visit.form.text("target").strip()
    if not target:
        raise BadForm("Write the name of the new table.")
    whose = {"AccessKey": visit.access_key, "Region": visit.region}
    snapshot = f"copy of {name} {uuid.uuid4()}"[:255]
    await visit.control("snapshots/save", {"Name": snapshot, "Tables": [name], **whose})
    try:
        await visit.control("snapshots/branch", {"Name": snapshot, "Rename": {name: target}, **whose})
    finally:
        await visit.control("snapshots/delete", {"Name": snapshot})
    return visit.done(f"tables/{target}", f"The table {target} is a copy of {name}.")


@action("tables/{table}/change/empty", parent="tables")
async def empty(visit: Visit) -> Response:
    """Delete all items of a table."""
    name = visit.params["table"]
    _confirmed(visit, name)
    await visit.control("reset", {"TableName": name, "AccessKey": visit.access_key, "Region": visit.region})
    return visit.done(f"tables/{name}/items", f"The table {name} is empty.")


@action("tables/{table}/change/delete", parent="tables")
async def delete(visit: Visit) -> Response:
    """Delete a table."""
    name = visit.params["table"]
    _confirmed(visit, name)
    await visit.call("DeleteTable", {"TableName": name})
    return visit.done("tables", f"The table {name} has been deleted.")


def _confirmed(visit: Visit, name: str) -> None:
    """Raise BadForm if the person has not confirmed the action with the name of the table."""
    if visit.form.text("confirmation").strip() != name:
        raise BadForm(f"To confirm, write the name of the table: {name}")
