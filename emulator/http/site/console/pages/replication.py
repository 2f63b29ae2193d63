"""Replication of global tables: replicas, and how to pause or delay replication.

A direction is the replication of one table from one region to another.
"""

from typing import Any

from starlette.responses import Response

from emulator.http.site.console.registry import action, page
from emulator.http.site.console.typed_fields import seconds
from emulator.http.site.console.visit import Visit


@page("replication", title="Replication", group="State", order=50)
async def replication(visit: Visit) -> Response:
    """Show the directions of replication between the regions of the account."""
    found = (await visit.control("show_replication"))["Directions"]
    own = [each for each in found if each["AccessKey"] == visit.access_key]
    replicated = sorted({each["TableName"] for each in own if each["From"] == visit.region})
    return visit.show("replication/list.html", directions=own, replicated=replicated)


@action("replication/steer", title="Replication", parent="replication")
async def steer(visit: Visit) -> Response:
    """Pause, resume or delay one direction of replication."""
    form = visit.form
    name, source, target = (form.required(each, each) for each in ("table", "from", "to"))
    arn = f"arn:aws:dynamodb:{source}:{visit.account}:table/{name}"
    change: dict[str, Any]
    if form.text("paused"):
        change = {"Paused": form.chosen("paused", ("yes", "no")) == "yes"}
        said = "is paused" if change["Paused"] else "goes on"
    else:
        change = {"Delay": seconds(form, "delay", "Delay")}
        said = f"takes {change['Delay']:g} seconds"
    await visit.control("replication", {"TableName": arn, "From": source, "To": target, **change})
    return visit.done("replication", f"Replication of table {name} from {source} to {target} {said}.")


@action("replication/create", title="Replication", parent="replication")
async def create(visit: Visit) -> Response:
    """Make a replica of a table in another region."""
    name, region = visit.form.required("table", "Table"), visit.form.required("region", "Region")
    await visit.call("UpdateTable", {"TableName": name, "ReplicaUpdates": [{"Create": {"RegionName": region}}]})
    return visit.done("replication", f"A replica of table {name} in {region} is being created.")


@action("replication/delete", title="Replication", parent="replication")
async def delete(visit: Visit) -> Response:
    """Delete the replica of a table in a region."""
    name, region = visit.form.required("table", "Table"), visit.form.required("region", "Region")
    await visit.call("UpdateTable", {"TableName": name, "ReplicaUpdates": [{"Delete": {"RegionName": region}}]})
    return visit.done("replication", f"The replica of table {name} in {region} is being deleted.")
