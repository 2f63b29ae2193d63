"""A stored stream record as Kinesis gets it.

From behaviour 15, and records that users of the service published:

    {"awsRegion", "eventID": a UUID, "eventName", "userIdentity": null, "recordFormat": "application/json", "tableName",
     "dynamodb": {"ApproximateCreationDateTime": whole milli- or microseconds, "Keys", "NewImage", "OldImage", "SizeBytes",
                  "ApproximateCreationDateTimePrecision"}, "eventSource": "aws:dynamodb"}

A deletion by TTL has a userIdentity, its members lower-camel as in every event outside of GetRecords (AWS: "DynamoDB
Streams and Time to Live").
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from emulator.database.changes.log import record_json, record_sequence, record_time
from emulator.database.definitions.kinesis import MICROSECOND
from emulator.database.store import keyspace

_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class KinesisRecord:
    """A record that waits to be put.

    shard, sequence: where it stands in the change log; key: its Kinesis partition key, the same for all records of an
    item; data: JSON.
    """

    shard: int
    sequence: int
    key: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes that count towards a PutRecords call's limit (AWS: PutRecords)."""
        return len(self.data) + len(self.key)


def kinesis_record(row: bytes, shard: int, *, table: str, hash_key: str, precision: str) -> KinesisRecord:
    """Make the record of a stored one. hash_key: the table's partition key attribute, by which records are spread."""
    stored = orjson.loads(record_json(row))
    change = stored["dynamodb"]
    milliseconds = round(record_time(row) * _MILLISECONDS)
    told = {
        "ApproximateCreationDateTime": milliseconds * _MILLISECONDS if precision == MICROSECOND else milliseconds,
        **{name: change[name] for name in ("Keys", "NewImage", "OldImage", "SizeBytes") if name in change},
        "ApproximateCreationDateTimePrecision": precision,
    }
    identity = stored.get("userIdentity")
    record = {
        "awsRegion": stored["awsRegion"],
        "eventID": str(UUID(stored["eventID"])),
        "eventName": stored["eventName"],
        "userIdentity": identity and {"type": identity["Type"], "principalId": identity["PrincipalId"]},
        "recordFormat": "application/json",
        "tableName": table,
        "dynamodb": told,
        "eventSource": stored["eventSource"],
    }
    return KinesisRecord(shard, record_sequence(row), _partition_key(change["Keys"][hash_key]), orjson.dumps(record))


def _partition_key(value: dict[str, str]) -> str:
    """Return 32 upper-case hex digits, the shape that the service's partition keys have."""
    ((kind, _),) = value.items()
    return keyspace.digest(keyspace.KEY_BYTES[kind](value)).hex().upper()
