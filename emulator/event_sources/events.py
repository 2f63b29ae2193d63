"""Converts stored stream records to the form of Lambda's events.

A record in an event differs from a stream record in two ways: it has an `eventSourceARN`, and the
member names in the `userIdentity` of a TTL deletion are in lower case (Lambda: "Using AWS Lambda
with Amazon DynamoDB", example event). Both differences are at the end of the record's JSON text. So
`EventFormat` replaces the end of the text without parsing it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from emulator.database.changes.record import record_frame, record_sequence, record_time
from emulator.limits import MIB

# The maximum number of bytes of one event (Lambda quotas: synchronous invocation payload).
PAYLOAD: Final = 6 * MIB

_IDENTITIES: Final = (b"", b',"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}')
"""The JSON that follows the member `dynamodb` in an event's record: one text for each origin.

The index of a text is the origin of the change: CLIENT (0) or TTL (1).
"""

_BEFORE: Final = b'{"Records":['
_AFTER: Final = b"]}"
FRAME: Final = len(_BEFORE) + len(_AFTER)


@dataclass(frozen=True, slots=True)
class Record:
    """A record that waits to be sent to a function.

    sequence: the sequence number of the record.
    time: the time of the change, in seconds since the epoch.
    text: the record as JSON in the form of an event.
    """

    sequence: int
    time: float
    text: bytes

    def parsed(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the record's JSON as Python objects."""
        return orjson.loads(self.text)


class EventFormat:
    """Converts the stored records of one stream to `Record`s."""

    __slots__ = ("_ends",)

    def __init__(self, stream_arn: str) -> None:
        arn = orjson.dumps(stream_arn)
        self._ends = tuple(b'%b,"eventSourceARN":%b}' % (identity, arn) for identity in _IDENTITIES)

    def record(self, row: bytes) -> Record:
        """Return the Record for a stored record. row: the record's bytes in the store."""
        frame, origin = record_frame(row)
        return Record(record_sequence(row), record_time(row), frame + self._ends[origin])


def payload(records: Iterable[Record]) -> bytes:
    """Return the JSON of the event that contains these records."""
    return _BEFORE + b",".join(record.text for record in records) + _AFTER
