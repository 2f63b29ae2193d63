"""Snapshots: save, restore, copy to another account, and delete."""

from typing import Any, Final

from starlette.responses import Response

from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_SCOPES: Final = ("account", "region", "everything")


@page("snapshots", title="Snapshots", group="State", order=20)
async def snapshots(visit: Visit) -> Response:
    """Show all snapshots."""
    found = (await visit.control("snapshots"))["Snapshots"]
    return visit.show("snapshots/list.html", snapshots=found, scopes=_SCOPES)


@action("snapshots/save", title="Snapshots", parent="snapshots")
async def save(visit: Visit) -> Response:
    """Save tables of one region, of the account or of all accounts as a snapshot."""
    form = visit.form
    name = form.required("name", "Name")
    body: dict[str, Any] = {"Name": name}
    scope = form.chosen("scope", _SCOPES)
    if scope != "everything":
        body["AccessKey"] = visit.access_key
    if scope == "region":
        body["Region"] = visit.region
    tables = form.text("tables").split()
    if tables:
        body["Tables"] = tables
    if form.flag("replace"):
        body["Replace"] = True
    await visit.control("snapshots/save", body)
    return visit.done("snapshots", f"Snapshot {name} is saved.")


@action("snapshots/restore", title="Snapshots", parent="snapshots")
async def restore(visit: Visit) -> Response:
    """Restore a snapshot."""
    name = visit.form.required("name", "Name")
    await visit.control("snapshots/restore", {"Name": name})
    return visit.done("snapshots", f"Snapshot {name} is restored.")


@action("snapshots/branch", title="Snapshots", parent="snapshots")
async def branch(visit: Visit) -> Response:
    """Copy the tables of a snapshot to another account."""
    form = visit.form
    name, access_key = form.required("name", "Name"), form.required("access_key", "Access key")
    body = {"Name": name, "AccessKey": access_key}
    if form.text("region").strip():
        body["Region"] = form.text("region").strip()
    copied = await visit.control("snapshots/branch", body)
    return visit.done("snapshots", f"Tables copied from snapshot {name} to account {access_key}: {copied['Tables']}.")


@action("snapshots/delete", title="Snapshots", parent="snapshots")
async def delete(visit: Visit) -> Response:
    """Delete a snapshot."""
    name = visit.form.required("name", "Name")
    await visit.control("snapshots/delete", {"Name": name})
    return visit.done("snapshots", f"Snapshot {name} is deleted.")
