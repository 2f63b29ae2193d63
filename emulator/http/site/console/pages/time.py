"""Time: the emulator's clock, and the deletion of expired items."""

from typing import Any

from starlette.responses import Response

from emulator.http.site.console.registry import action, page
from emulator.http.site.console.typed_fields import seconds
from emulator.http.site.console.visit import Visit


@page("time", title="Time", group="State", order=10)
async def time(visit: Visit) -> Response:
    """Show the emulator's clock, and forms that move it."""
    return visit.show("time/clock.html", clock=await visit.control("clock"))


@action("time/advance", title="Time", parent="time")
async def advance(visit: Visit) -> Response:
    """Move the clock forward."""
    return await _moved(visit, {"Advance": seconds(visit.form, "seconds", "Seconds")})


@action("time/offset", title="Time", parent="time")
async def offset(visit: Visit) -> Response:
    """Set the difference between the emulator's clock and the machine's clock, in seconds."""
    return await _moved(visit, {"Offset": seconds(visit.form, "seconds", "Seconds")})


@action("time/freeze", title="Time", parent="time")
async def freeze(visit: Visit) -> Response:
    """Stop the clock at its current time, or at the time in the form."""
    text = visit.form.text("time").strip()
    return await _moved(visit, {"Freeze": text or True})


@action("time/release", title="Time", parent="time")
async def release(visit: Visit) -> Response:
    """Make the emulator's clock show the time of the machine's clock again."""
    return await _moved(visit, {"Release": True})


@action("time/next", title="Time", parent="time")
async def next_event(visit: Visit) -> Response:
    """Move the clock to the time of the next event, such as the end of a status."""
    moved = await visit.control("move_clock", {"Next": True})
    events = [f"{each['Kind']} {each['Resource']}" for each in moved["Events"]]
    shown = f"The clock shows {moved['Time']}: {', '.join(events[:10])}." if events else "No event is scheduled."
    return visit.done("time", shown)


@action("time/expire", title="Time", parent="time")
async def expire(visit: Visit) -> Response:
    """Delete the items whose time to live is over, in all accounts."""
    deleted = (await visit.control("ttl"))["Deleted"]
    return visit.done("time", f"Deleted expired items: {deleted:,}.")


async def _moved(visit: Visit, body: dict[str, Any]) -> Response:
    moved = await visit.control("move_clock", body)
    return visit.done("time", f"The clock shows {moved['Time']}.")
