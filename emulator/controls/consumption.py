"""`consumption`: capacity units and number of requests, for tests with a budget.

The body is `{"AccessKey"?, "Region"?}`: the result is about the tables and requests of this access
key and region. A missing member selects all. The result is `{"Read", "Write", "Requests"}`: read
units, write units and the number of requests to DynamoDB. Counting begins at zero with the first
call. To know what happened between two calls, subtract their results. Units are exact, and include
the units of indexes. A worker that is restarted begins at zero again.
"""

from collections.abc import Sequence

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control


def _together(_body: Body, results: Sequence[Result]) -> Result:
    """Add up the units and requests that all processes have counted."""
    return {name: sum(result[name] for result in results) for name in ("Read", "Write", "Requests")}


@control(
    "consumption",
    gather=_together,
    summary="count the units and requests of callers from the first call on, and show the counts",
    members=("AccessKey?", "Region?"),
)
def consumption(emulator: Emulator, body: Body) -> Result:
    """Return the units and requests of this process. The first call begins to count them.

    Raises BadDeclaration.
    """
    refuse_unknown(body, "AccessKey", "Region")
    access_key, region = (member(body, name, str) if name in body else None for name in ("AccessKey", "Region"))
    if emulator.request_log is None:
        raise BadDeclaration("this emulator is not served over HTTP, so it counts no requests")
    emulator.database.catalog.meter_callers()
    log = emulator.request_log()
    log.count_callers()
    meters = emulator.database.enforcer.meters
    assert meters is not None, "meter_callers must create the meters"
    # With --shared-db, all callers share the tables, so units belong to no access key or region.
    owner = (None, None) if emulator.settings.shared_db else (access_key, region)
    read, write = meters.total(*owner)
    return {"Read": read, "Write": write, "Requests": log.caller_total(access_key, region)}
