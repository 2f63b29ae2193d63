"""What is stored about tables and indexes.

Definitions are frozen and go to the catalog as JSON; a change makes a new one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import orjson

from emulator.database import arns
from emulator.settings import DEFAULT_ACCOUNT

CREATING: Final = "CREATING"
UPDATING: Final = "UPDATING"
DELETING: Final = "DELETING"
ACTIVE: Final = "ACTIVE"

BEING: Final = {CREATING: "created", UPDATING: "updated", DELETING: "deleted"}
"""What errors say is being done to a table or index that is not ACTIVE."""

DAY: Final = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """A secondary index as stored.

    hash, range: key attribute names; projection: ALL, KEYS_ONLY or INCLUDE; filled_to: storage key up to which the table's
    items have been entered while the index is being built (hex), None once it is complete; until: time (seconds) at
    which a transient status ends. Throughput is told as a table's.
    """

    id: int
    name: str
    local: bool
    hash: tuple[str, ...]
    range: tuple[str, ...]
    projection: str
    non_key: tuple[str, ...] = ()
    read_units: int = 0
    write_units: int = 0
    throughput_increased: float | None = None
    throughput_decreased: float | None = None
    decreases: int = 0
    on_demand: Mapping[str, int] = field(default_factory=dict)
    warm: Mapping[str, int] = field(default_factory=dict)
    filled_to: str | None = None
    status: str = CREATING
    until: float = 0.0

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Return the index that a table's JSON holds."""
        return cls(**{**stored, **{name: tuple(stored[name]) for name in ("hash", "range", "non_key")}})


@dataclass(frozen=True, slots=True)
class KinesisDestination:
    """A Kinesis data stream that receives a table's changes.

    arn: of the data stream; status: ENABLING or UPDATING (and what they become, see kinesis_destinations.status),
    DISABLING or DISABLED; precision: MILLISECOND or MICROSECOND, of ApproximateCreationDateTime, None where it was not
    given; stream_id: the change log (a stream that is not told to clients) from which it is fed, closed while DISABLING,
    None once it is disabled; until: time (seconds) at which a transient status ends at the latest.
    """

    arn: str
    status: str
    precision: str | None = None
    stream_id: int | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table as stored. Times are seconds since the epoch; units are capacity units per second.

    account: the one that the access key stood for when the definition was written. It follows from the
    key and the setting `account` alone, so `load` returns the account of today, and nothing is rewritten
    when the setting changes.
    """

    id: int
    uuid: str
    name: str
    access_key: str
    account: str
    region: str
    created: float
    hash: str
    range: str | None
    types: Mapping[str, str]
    indexes: tuple[IndexDefinition, ...] = ()
    billing_mode: str = "PROVISIONED"
    read_units: int = 0
    write_units: int = 0
    throughput_increased: float | None = None
    throughput_decreased: float | None = None
    decreases: int = 0  # on the UTC day of the last one
    pay_per_request_since: float | None = None
    billing_explicit: bool = False
    on_demand: Mapping[str, int] = field(default_factory=dict)
    warm: Mapping[str, int] = field(default_factory=dict)  # the most that was asked for or held (units per second)
    table_class: str | None = None
    table_class_updated: float | None = None
    deletion_protection: bool = False
    stream_view: str | None = None
    stream_label: str | None = None
    stream_id: int | None = None  # of the stream that is being written, None while there is none
    sse: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    ttl_attribute: str | None = None
    ttl_disabled: str | None = None  # the attribute until TTL was switched off: still told while it is DISABLING
    ttl_changed: float | None = None
    ttl_until: float = 0.0
    ttl_queue: int | None = None  # id of the queue of expiry times, a new one each time TTL is switched on
    ttl_filled_to: str | None = None  # as an index's: items up to there are in the queue; None once all are
    kinesis: tuple[KinesisDestination, ...] = ()
    status: str = CREATING
    until: float = 0.0

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the table that dump() stored. account: of access keys that are not accounts."""
        fields = orjson.loads(stored)
        _move(fields, arns.account_of(fields["access_key"], account))
        fields["indexes"] = tuple(map(IndexDefinition.load, fields["indexes"]))
        fields["kinesis"] = tuple(KinesisDestination(**each) for each in fields.get("kinesis", ()))
        return cls(**fields)

    def dump(self) -> bytes:
        """Return the definition as JSON."""
        return orjson.dumps(asdict(self))

    @property
    def arn(self) -> str:
        """The table's ARN (service-behaviour.md 13)."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.name}"


def _move(fields: dict[str, Any], account: str) -> None:
    """Let a table's JSON be of another account, with the keys of KMS that are the account's own."""
    before = fields["account"]
    if before == account:
        return
    fields["account"] = account
    for part in (fields, *(change["fields"] for change in fields.get("pending", ()))):
        if part.get("sse"):
            part["sse"] = {
                **part["sse"],
                "KMSMasterKeyArn": arns.moved_key(part["sse"]["KMSMasterKeyArn"], before, account),
            }


def decreases_today(part: TableDefinition | IndexDefinition, now: float) -> int:
    """Return how often provisioned throughput was lowered on the UTC day of now."""
    last = part.throughput_decreased
    return part.decreases if last is not None and last // DAY == now // DAY else 0
