"""Converts stored stream records to the JSON that the service sends to Kinesis.

The sources for this JSON are behaviour 15 and records that users of the service have published:

    {"awsRegion", "eventID": a UUID, "eventName", "userIdentity": null,
     "recordFormat": "application/json", "tableName",
     "dynamodb": {"ApproximateCreationDateTime": whole milli- or microseconds, "Keys", "NewImage",
                  "OldImage", "SizeBytes", "ApproximateCreationDateTimePrecision"},
     "eventSource": "aws:dynamodb"}

`userIdentity` is null, except for a deletion by TTL. The names of its members begin with a small
letter, unlike in GetRecords (AWS: "DynamoDB Streams and Time to Live").
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
"""The values of `userIdentity`, by the `origin` of a record: 1 is a deletion by TTL, 0 the rest."""


@dataclass(frozen=True, slots=True)
class KinesisRecord:
    """A record that waits to be sent.

    shard, sequence: the record's position in the change log.
    key: the record's Kinesis partition key, which is the same for all records of an item.
    data: the record as JSON.
    """

    shard: int
    sequence: int
    key: str
    data: bytes

    @property
    def size(self) -> int:
        """The bytes that count against the limit of one PutRecords call (AWS: PutRecords)."""
        return len(self.data) + len(self.key)


class RecordFormat:
    """Makes the Kinesis records of one destination: one table and one Kinesis data stream.

    region, table: the region and the name of the table.
    hash_key: the name of the table's partition key. A digest of this key's value is the Kinesis
    partition key of a record.
    precision: the unit of times, MILLISECOND or MICROSECOND.
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
        """Convert a stored record to a record for Kinesis.

        row: the stored record. shard: the number of the record's shard.
        """
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
    """Return the Kinesis partition key for an item: 32 upper-case hex digits, as on the service.

    value: the value of the partition key in the table.
    """
    ((kind, _),) = value.items()
    return keyspace.digest(keyspace.KEY_BYTES[kind](value)).hex().upper()
