"""`health`: shows that the server answers requests, and its version and engine.

A server that is starting or stopping does not answer. So an answer means that clients can send
requests. The result is `{"Status": "healthy", "Version": version of the emulator, "Engine": a text
about the storage engine, "Tables": number of tables of all access keys and regions, "Uptime":
seconds since the start}`. Every worker process returns the same result.
"""

from typing import Final

from emulator.controls.body import Body
from emulator.controls.registry import Emulator, Result, control
from emulator.version import VERSION

_DIGITS: Final = 3  # the number of decimal places in `Uptime`


@control("health", changes=False, summary="show version, engine, number of tables and uptime")
def health(emulator: Emulator, _body: Body) -> Result:
    """Return status, version, engine, number of tables and uptime of the server."""
    database = emulator.database
    return {
        "Status": "healthy",
        "Version": VERSION,
        "Engine": database.engine.description,
        "Tables": sum(1 for _ in database.catalog.everything()),
        "Uptime": round(emulator.uptime.seconds(), _DIGITS),
    }
