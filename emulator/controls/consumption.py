"""`consumption`: the capacity units and the number of requests of callers, for budgets.

The body is `{"AccessKey"?, "Region"?}`, which selects the owners of the tables and the senders of
the requests. The result is `{"Read", "Write", "Requests"}`: read units, write units and the number
of requests to DynamoDB. The figures begin at zero with the first call. Subtract two results to know
what happened between them. Units are exact, and include those of indexes. Those of a restarted
worker begin at zero again.
"""

from collections.abc import Sequence

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control


def _together(_body: Body, results: Sequence[Result]) -> Result:
    """Add up the figures of all processes."""
    return {name: sum(result[name] for result in results) for name in ("Read", "Write", "Requests")}


@control(
    "consumption",
    gather=_together,
    summary="show the units and requests of callers since the first call",
    members=("AccessKey?", "Region?"),
)
def consumption(emulator: Emulator, body: Body) -> Result:
    """Return the figures of this process. The first call begins to count. Raises BadDeclaration."""
    refuse_unknown(body, "AccessKey", "Region")
    access_key, region = (member(body, name, str) if name in body else None for name in ("AccessKey", "Region"))
    if emulator.request_log is None:
        raise BadDeclaration("this emulator is not served over HTTP, so it counts no requests")
    emulator.database.catalog.meter_callers()
    log = emulator.request_log()
    log.count_requests()
    meters = emulator.database.enforcer.meters
    assert meters is not None, "the catalog meters now"
    # With --shared-db, tables belong to nobody in particular.
    owner = (None, None) if emulator.settings.shared_db else (access_key, region)
    read, write = meters.total(*owner)
    return {"Read": read, "Write": write, "Requests": log.requests_of(access_key, region)}
