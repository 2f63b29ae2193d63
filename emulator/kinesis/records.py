"""Converts stored stream records to the form that Kinesis gets.

The sources for this form are behaviour 15 and published records of the service's users:

    {"awsRegion", "eventID": a UUID, "eventName", "userIdentity": null,
     "recordFormat": "application/json", "tableName",
     "dynamodb": {"ApproximateCreationDateTime": whole milli- or microseconds, "Keys", "NewImage",
                  "OldImage", "SizeBytes", "ApproximateCreationDateTimePrecision"},
     "eventSource": "aws:dynamodb"}

Only a deletion by TTL has a userIdentity that is not null. The names of its members are in lower
camel case, unlike in GetRecords (AWS: "DynamoDB Streams and Time to Live").
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from emulator.database.changes.record import (
    NEW_IMAGE,
    OLD_IMAGE,
    record_milliseconds,
    record_parts,
    record_sequence,
)
from emulator.database.definitions.kinesis import MICROSECOND
from emulator.database.store import keyspace

_IDENTITIES: Final = (b"null", b'{"type":"Service","principalId":"dynamodb.amazonaws.com"}')
"""The `userIdentity` of a record. The index is the origin of the change."""


@dataclass(frozen=True, slots=True)
class KinesisRecord:
    """A record that waits to be put.

    shard, sequence: its position in the change log. key: its Kinesis partition key, the same for
    all records of an item. data: JSON.
    """

    shard: int
    sequence: int
    key: str
    data: bytes

    @property
    def size(self) -> int:
        """How many bytes of a call's limit the record takes (AWS: PutRecords)."""
        return len(self.data) + len(self.key)


class RecordFormat:
    """The form of the records of one destination.

    precision: MILLISECOND or MICROSECOND, of times. hash_key: the table's partition key attribute.
    Its value determines a record's Kinesis partition key.
    """

    __slots__ = ("_after", "_before", "_hash_key", "_unit")

    def __init__(self, *, region: str, table: str, hash_key: str, precision: str) -> None:
        self._hash_key = hash_key
        self._unit = 1000 if precision == MICROSECOND else 1
        self._before = (
            b'{"awsRegion":%b,"eventID":"%%b","eventName":"%%b","userIdentity":%%b,'
            b'"recordFormat":"application/json","tableName":%b,"dynamodb":{"ApproximateCreationDateTime":%%d,"Keys":'
        ) % tuple(orjson.dumps(text).replace(b"%", b"%%") for text in (region, table))
        self._after = (
            b',"SizeBytes":%%d,"ApproximateCreationDateTimePrecision":"%b"},"eventSource":"aws:dynamodb"}'
        ) % precision.encode()

    def record(self, row: bytes, shard: int) -> KinesisRecord:
        """Convert a stored record to the record that is put to Kinesis."""
        parts = record_parts(row)
        data = b"".join(
            (
                self._before
                % (
                    str(UUID(parts.event_id)).encode(),
                    parts.event,
                    _IDENTITIES[parts.origin],
                    record_milliseconds(row) * self._unit,
                ),
                parts.keys,
                NEW_IMAGE + parts.new if parts.new else b"",
                OLD_IMAGE + parts.old if parts.old else b"",
                self._after % parts.size,
            )
        )
        key = _partition_key(orjson.loads(parts.keys)[self._hash_key])
        return KinesisRecord(shard, record_sequence(row), key, data)


def _partition_key(value: dict[str, str]) -> str:
    """Return the Kinesis partition key of an item: 32 upper-case hex digits, as on the service."""
    ((kind, _),) = value.items()
    return keyspace.digest(keyspace.KEY_BYTES[kind](value)).hex().upper()
