"""Stored stream records in the form of Lambda's events.

Lambda: "Using AWS Lambda with Amazon DynamoDB", example event. An event's record is a stream record
with two differences: `eventSourceARN` is added, and the members of a TTL deletion's `userIdentity`
are in lower case. The two differences are at the end of the stored text, so the text is cut there
and never parsed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from emulator.database.changes.record import record_frame, record_sequence, record_time
from emulator.limits import MIB

PAYLOAD: Final = 6 * MIB  # bytes of one invocation (Lambda quotas: synchronous invocation payload)

_IDENTITIES: Final = (b"", b',"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}')
"""What follows the `dynamodb` member, by the origin of the change."""

_BEFORE: Final = b'{"Records":['
_AFTER: Final = b"]}"
FRAME: Final = len(_BEFORE) + len(_AFTER)


@dataclass(frozen=True, slots=True)
class Record:
    """A record on its way to a function.

    sequence: its number; time: of the change, seconds; text: its JSON in an event.
    """

    sequence: int
    time: float
    text: bytes

    def parsed(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the text, parsed."""
        return orjson.loads(self.text)


class EventFormat:
    """How the records of one stream are formed."""

    __slots__ = ("_ends",)

    def __init__(self, stream_arn: str) -> None:
        arn = orjson.dumps(stream_arn)
        self._ends = tuple(b'%b,"eventSourceARN":%b}' % (identity, arn) for identity in _IDENTITIES)

    def record(self, row: bytes) -> Record:
        """Return a stored record as events contain it."""
        frame, origin = record_frame(row)
        return Record(record_sequence(row), record_time(row), frame + self._ends[origin])


def payload(records: Iterable[Record]) -> bytes:
    """Return the event of some records."""
    return _BEFORE + b",".join(record.text for record in records) + _AFTER
