"""The statuses of Kinesis destinations.

The status that clients see depends on the stored status, the clock, and whether there is a
Kinesis-compatible server (`--kinesis-endpoint`):

| stored    | without a server | with a server, before `until` | with a server, later | change log |
|-----------|------------------|-------------------------------|----------------------|------------|
| ENABLING  | ENABLING         | ENABLING                      | ACTIVE               | open       |
| UPDATING  | ENABLING         | UPDATING                      | ACTIVE               | open       |
| DISABLING | DISABLED         | DISABLING                     | DISABLED             | closed     |
| DISABLED  | DISABLED         | DISABLED                      | DISABLED             | none       |

During DISABLING, the emulator still sends the records of earlier changes. After the last of them,
the destination becomes DISABLED.

The service does not refuse an ARN that can never be a destination (control-plane 13). For such an
ARN, the request stores ENABLE_FAILED. Clients see ENABLING until the time `until`, then
ENABLE_FAILED.
"""

import logging
import re
from collections.abc import Iterable
from typing import Final

from emulator.database.definitions.tables import KinesisDestination, TableDefinition
from emulator.escaping import printable

log = logging.getLogger("emulator")

ENABLING: Final = "ENABLING"
ACTIVE: Final = "ACTIVE"
UPDATING: Final = "UPDATING"
DISABLING: Final = "DISABLING"
DISABLED: Final = "DISABLED"
ENABLE_FAILED: Final = "ENABLE_FAILED"

ENDED: Final = frozenset({DISABLED, ENABLE_FAILED})
"""The statuses in which a destination gets no records.

A table can have many destinations with these statuses, but at most one with another status.
"""

MILLISECOND: Final = "MILLISECOND"
MICROSECOND: Final = "MICROSECOND"

_STREAM_ARN: Final = re.compile(r"arn:aws[a-z-]*:kinesis:([a-z0-9-]+):[0-9]{12}:stream/[a-zA-Z0-9_.-]{1,128}")

DRAIN_SECONDS: Final = 60.0
"""The maximum duration of DISABLING, in seconds. We chose this figure.

During this time, the destination gets the records of earlier changes.
"""

UNCONNECTED: Final = "no Kinesis endpoint is configured (--kinesis-endpoint URL)"


def status(destination: KinesisDestination, now: float, *, connected: bool) -> str:
    """Return the status that clients see of a Kinesis destination, at the time `now`.

    connected: True if a Kinesis endpoint is configured.
    """
    stored = destination.status
    if stored == ENABLE_FAILED:
        return ENABLING if now < destination.until else ENABLE_FAILED
    if stored in (DISABLING, DISABLED):
        return DISABLING if stored == DISABLING and connected and now < destination.until else DISABLED
    if not connected:
        return ENABLING
    return stored if now < destination.until else ACTIVE


def precision(destination: KinesisDestination) -> str:
    """Return the unit of ApproximateCreationDateTime in the records of a destination.

    The default is MILLISECOND (behaviour 15).
    """
    return destination.precision or MILLISECOND


def failure(arn: str, region: str) -> str | None:
    """Return the reason why an ARN can never be a destination of a table in this region, or None.

    For an ARN that does not name a data stream, the reason is the service's text for a data stream
    that does not exist (finding DDB-TABLE-318).
    """
    match = _STREAM_ARN.fullmatch(arn)
    if match is None:
        return "User does not have a permission to use kinesis stream"
    if match[1] != region:
        return (
            "The kinesis Arn used to enable kinesis replication belongs to a stream which is not in the current region"
        )
    return None


def consumer(stream_id: int) -> str:
    """Return the name under which the checkpoints of a destination's change log are stored.

    stream_id: the id of the change log. The name needs nothing else, because each enabling of a
    destination opens a new log, and no id is used twice.
    """
    return f"kinesis {stream_id}"


def log_unconnected(definitions: Iterable[TableDefinition]) -> None:
    """Log each destination that stays ENABLING because no Kinesis endpoint is configured."""
    for definition in definitions:
        for destination in definition.kinesis:
            if destination.status != DISABLING and destination.status not in ENDED:
                log.warning(
                    "Kinesis destination %s of table %s stays ENABLING: %s",
                    printable(destination.arn),
                    definition.name,
                    UNCONNECTED,
                )
