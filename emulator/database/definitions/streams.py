"""The definitions of streams and their shards (behaviour 11).

A stream outlives its table. After the stream is disabled or its table is deleted, clients can read
the stream until its records are too old. Definitions are immutable and stored as JSON. A change
makes a new definition.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self
from zlib import crc32

import orjson

from emulator.database.definitions.arns import account_of
from emulator.database.definitions.rare import load_policy
from emulator.database.store.loading import from_fields
from emulator.settings import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from emulator.database.definitions.policies import AttachedPolicy

RETENTION: Final = 86_400.0
"""How many seconds a stream that clients see keeps records. Also the default for hidden streams.

AWS: "Change data capture for DynamoDB Streams".
"""

SHARD_LIFE: Final = 14_400.0
"""Seconds after which an open shard is closed, and a child continues it (behaviour 11.5)."""

FIRST_SEQUENCE: Final = 100_000_000_000_000_000_000
"""The difference between a sequence number that clients see and the stored number.

So clients see numbers with at least 21 digits (behaviour 11.1).
"""


def sequence_text(number: int) -> str:
    """Return a stored sequence number as the text that clients see."""
    return str(FIRST_SEQUENCE + number)


def sequence_of(text: str) -> int | None:
    """Return the stored form of a sequence number, None if a client's text is not a number.

    There may be no record with this number.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) - FIRST_SEQUENCE


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard: the records of one slot (a range of partition key hashes) over some hours.

    number: unique in the stream; newer shards have higher numbers and higher ids.
    start, end: the shard's first and last sequence number. `end` is None while the shard is open.
    opened, closed: seconds since the epoch. No record of the shard is later than `closed`.
    """

    number: int
    id: str
    parent: str | None
    slot: int
    start: int
    opened: float
    end: int | None = None
    closed: float | None = None


@dataclass(frozen=True, slots=True)
class StreamDefinition:
    """A stream as stored. Times are seconds since the epoch.

    view: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES.
    seed: 16 hex digits that make the event ids of the stream unique.
    slots: how many shards are open at the same time.
    until: the time at which ENABLING or DISABLING ends.
    disabled: the time at which the stream was disabled, None while it is enabled.
    hidden: True if the stream is a change log that clients cannot see, such as that of a Kinesis
    destination.
    shared: True if the stream's table belongs to the tenant of `--shared-db`.
    account: see TableDefinition.
    tags, policy: the tags and the resource policy of the stream, not of its table.
    retention: how many seconds the stream keeps records.
    restored: a number that changes each time a snapshot of the stream is restored. Consumers then
    read again from their checkpoints.
    """

    id: int
    seed: str
    access_key: str
    account: str
    region: str
    table: str
    label: str
    view: str
    hash: str
    range: str | None
    created: float
    slots: int
    shards: tuple[Shard, ...]
    until: float = 0.0
    disabled: float | None = None
    hidden: bool = False
    shared: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    retention: float = RETENTION
    restored: int = 0
    policy: "AttachedPolicy | None" = None

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the stream that dump() stored.

        account: the account of every access key that is not itself an account number.
        """
        fields = orjson.loads(stored)
        fields["account"] = account_of(fields["access_key"], account)
        fields["shards"] = tuple(from_fields(Shard, shard) for shard in fields["shards"])
        fields["policy"] = load_policy(fields.get("policy"))
        return from_fields(cls, fields)

    def dump(self) -> bytes:
        """Return the definition as JSON."""
        return orjson.dumps(self)

    @property
    def arn(self) -> str:
        """The stream's ARN (behaviour 11.1)."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:{self.resource}"

    @property
    def resource(self) -> str:
        """The part of the stream's ARN after the account.

        It is unique among the streams of a tenant.
        """
        return f"table/{self.table}/stream/{self.label}"

    def status(self, *, settled: bool) -> str:
        """Return the status of the stream: ENABLING, ENABLED, DISABLING or DISABLED.

        settled: True if the time `until`, at which ENABLING or DISABLING ends, has passed.
        """
        if self.disabled is None:
            return "ENABLED" if settled else "ENABLING"
        return "DISABLED" if settled else "DISABLING"

    def gone(self, now: float) -> bool:
        """Return True if the stream is disabled and all its records are too old to be read."""
        return self.disabled is not None and self.disabled + self.retention <= now

    def oldest(self, now: float) -> float:
        """Return the time before which records are too old to read, in seconds since the epoch."""
        return now - self.retention

    def readable(self, now: float) -> Iterator[Shard]:
        """Yield the shards that may have records young enough to be read, the oldest first."""
        return (shard for shard in self.shards if shard.closed is None or shard.closed + self.retention > now)

    def due(self) -> float:
        """Return the earliest time at which a shard must be rolled over or deleted.

        For a disabled stream, the time at which the stream must be deleted counts too.
        """
        moments = [
            shard.opened + SHARD_LIFE if shard.closed is None else shard.closed + self.retention
            for shard in self.shards
        ]
        if self.disabled is not None:
            moments.append(self.disabled + self.retention)
        return min(moments)

    def open_shards(self) -> list[Shard]:
        """Return the open shards: one for each slot, in the order of the slots.

        A disabled stream has no open shards.
        """
        return sorted((shard for shard in self.shards if shard.end is None), key=lambda shard: shard.slot)


# --- changes --------------------------------------------------------------------------------------


def opened(stream: StreamDefinition, first: int, moment: float) -> StreamDefinition:
    """Return the stream with a new shard for each slot (a range of partition key hashes).

    The parent of a new shard is the previous shard of the same slot, if there is one.
    first: the first sequence number of the new shards. moment: the time at which they open.
    """
    parents = {shard.slot: shard.id for shard in stream.shards}
    number = max((shard.number for shard in stream.shards), default=0) + 1
    numbers = range(number, number + stream.slots)
    # `tails` is sorted, because higher shard numbers must have higher ids
    tails = sorted(crc32(f"{stream.seed} {each}".encode()) for each in numbers)
    shards = tuple(
        Shard(each, f"shardId-{max(0, int(moment * 1000)):020d}-{tail:08x}", parents.get(slot), slot, first, moment)
        for slot, (each, tail) in enumerate(zip(numbers, tails, strict=True))
    )
    return replace(stream, shards=stream.shards + shards)


def closed(stream: StreamDefinition, last: int, moment: float) -> StreamDefinition:
    """Return the stream with all its open shards closed.

    last: the last sequence number of these shards. moment: the time at which they close.
    """
    shards = (replace(shard, end=last, closed=moment) if shard.end is None else shard for shard in stream.shards)
    return replace(stream, shards=tuple(shards))


def rolled_over(stream: StreamDefinition, last: int, written: float, now: float) -> tuple[StreamDefinition, int]:
    """Return the stream with the shards that it must have now, and its last sequence number.

    Open shards that are older than SHARD_LIFE are closed, and their children are opened. Each such
    rollover uses up one sequence number for all shards together. Closed shards are dropped when all
    their records are too old. If several rollovers are overdue, shards that would already be too
    old to read are not made.

    last: the last sequence number that the stream has used.
    written: the time of the newest record in the open shards. If the rollover is late, a shard may
    have records that are newer than the shard's scheduled end. Such a shard is closed at the time
    of its newest record, so that clients can read this record for the full retention.
    """
    while open_shards := stream.open_shards():
        moment = open_shards[0].opened + SHARD_LIFE
        if moment > now:
            break
        earliest = stream.oldest(now)
        if moment < earliest - SHARD_LIFE:
            moment += (earliest - moment) // SHARD_LIFE * SHARD_LIFE
        last += 1
        stream = opened(closed(stream, last, max(moment, written)), last + 1, moment)
        written = moment
    return replace(stream, shards=tuple(stream.readable(now))), last
