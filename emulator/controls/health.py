"""`health`: whether the server answers requests, with its version and engine.

A server that is starting or stopping does not answer. So an answer means that clients can send
requests. The result is `{"Status": "healthy", "Version": of this program, "Engine": where the data
are, "Tables": number of tables of all access keys and regions, "Uptime": seconds since the start}`.
All workers return the same.
"""

from typing import Final

from emulator.controls.body import Body
from emulator.controls.registry import Emulator, Result, control
from emulator.version import VERSION

_DIGITS: Final = 3  # decimal places of seconds


@control("health", changes=False, summary="show version, engine, number of tables and uptime")
def health(emulator: Emulator, _body: Body) -> Result:
    """Return the state of the server."""
    database = emulator.database
    return {
        "Status": "healthy",
        "Version": VERSION,
        "Engine": database.engine.description,
        "Tables": sum(1 for _ in database.catalog.everything()),
        "Uptime": round(emulator.uptime.seconds(), _DIGITS),
    }
