"""What is stored about streams and their shards (behaviour 11).

A stream outlives its table: it stays readable for a day after it was disabled or the table deleted. Definitions are
frozen and go to storage as JSON; a change makes a new one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Self
from zlib import crc32

import orjson

from emulator.database.definitions.arns import account_of
from emulator.database.store.loading import from_fields
from emulator.settings import DEFAULT_ACCOUNT

RETENTION: Final = 86_400.0  # seconds that records are kept (AWS: "Change data capture for DynamoDB Streams")
SHARD_LIFE: Final = 14_400.0  # seconds after which an open shard is closed and goes on in a child (behaviour 11.5)

FIRST_SEQUENCE: Final = 100_000_000_000_000_000_000  # sequence numbers have at least 21 digits (behaviour 11.1)


def sequence_text(number: int) -> str:
    """Return a sequence number as clients see it."""
    return str(FIRST_SEQUENCE + number)


def sequence_of(text: str) -> int | None:
    """Return the number a client's sequence number stands for, None where it is none (it may still be of no record)."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) - FIRST_SEQUENCE


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard: the records of a slot (a contiguous range of partition key hashes) during a while.

    number: unique in its stream, growing, and ids grow with it; start, end: its first and last sequence number, end None
    while it is open; opened, closed: seconds since the epoch, no record of it is from after closed.
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

    view: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES; seed: 16 hex digits that make its event ids its own;
    slots: open shards at a time; until: when ENABLING or DISABLING ends; disabled: since when, None while it is written;
    hidden: a change log of the emulator's own (a Kinesis destination's), which clients are not told of; shared: of a
    table that is in the one tenant of all callers; account: as a table's (definitions.py); tags: its own,
    apart from the table's.
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

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the stream that dump() stored. account: of access keys that are not accounts."""
        fields = orjson.loads(stored)
        fields["account"] = account_of(fields["access_key"], account)
        fields["shards"] = tuple(from_fields(Shard, shard) for shard in fields["shards"])
        return from_fields(cls, fields)

    def dump(self) -> bytes:
        """Return the definition as JSON."""
        return orjson.dumps(asdict(self))

    @property
    def arn(self) -> str:
        """The stream's ARN (behaviour 11.1)."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:{self.resource}"

    @property
    def resource(self) -> str:
        """What its ARN names, without account and region: no two streams of a tenant have the same."""
        return f"table/{self.table}/stream/{self.label}"

    def status(self, *, settled: bool) -> str:
        """Return ENABLING, ENABLED, DISABLING or DISABLED; settled: what lasts until `until` is over."""
        if self.disabled is None:
            return "ENABLED" if settled else "ENABLING"
        return "DISABLED" if settled else "DISABLING"

    def gone(self, now: float) -> bool:
        """Say whether nobody can read the stream any more: it has been disabled for a day."""
        return self.disabled is not None and self.disabled + RETENTION <= now

    def readable(self, now: float) -> Iterator[Shard]:
        """Walk the shards that may have records to be read, oldest first: not those closed a day ago."""
        return (shard for shard in self.shards if shard.closed is None or shard.closed + RETENTION > now)

    def due(self) -> float:
        """Return the first moment at which time changes the stream: a shard is to be turned over or to go, or all of it."""
        moments = [
            shard.opened + SHARD_LIFE if shard.closed is None else shard.closed + RETENTION for shard in self.shards
        ]
        if self.disabled is not None:
            moments.append(self.disabled + RETENTION)
        return min(moments)

    def open_shards(self) -> list[Shard]:
        """Return the shards that are being written, one for each slot and in that order; none of a disabled stream."""
        return sorted((shard for shard in self.shards if shard.end is None), key=lambda shard: shard.slot)


# --- changes --------------------------------------------------------------------------------------------------------


def opened(stream: StreamDefinition, first: int, moment: float) -> StreamDefinition:
    """Return the stream with an open shard for each slot, a child of the slot's last one.

    first: the sequence number that comes next.
    """
    parents = {shard.slot: shard.id for shard in stream.shards}
    number = max((shard.number for shard in stream.shards), default=0) + 1
    numbers = range(number, number + stream.slots)
    tails = sorted(crc32(f"{stream.seed} {each}".encode()) for each in numbers)  # so that ids grow with the numbers
    shards = tuple(
        Shard(each, f"shardId-{max(0, int(moment * 1000)):020d}-{tail:08x}", parents.get(slot), slot, first, moment)
        for slot, (each, tail) in enumerate(zip(numbers, tails, strict=True))
    )
    return replace(stream, shards=stream.shards + shards)


def closed(stream: StreamDefinition, last: int, moment: float) -> StreamDefinition:
    """Return the stream with all its shards closed at a sequence number."""
    shards = (replace(shard, end=last, closed=moment) if shard.end is None else shard for shard in stream.shards)
    return replace(stream, shards=tuple(shards))


def turned(stream: StreamDefinition, last: int, written: float, now: float) -> tuple[StreamDefinition, int]:
    """Return the stream with the shards that it has by now, and the last sequence number that is used.

    Open shards end after SHARD_LIFE, which uses up one number as their ending, and go on in children; closed ones whose
    records are all too old go. However long nobody looked, no more generations come about than are still readable.

    last: the last sequence number used so far; written: the time of the newest record. Who looks late may find records in
    a shard that should have ended before: it then ends with them, so that they can be read for as long as all others.
    """
    while open_shards := stream.open_shards():
        moment = open_shards[0].opened + SHARD_LIFE
        if moment > now:
            break
        if moment < now - RETENTION - SHARD_LIFE:
            moment += (now - RETENTION - moment) // SHARD_LIFE * SHARD_LIFE
        last += 1
        stream = opened(closed(stream, last, max(moment, written)), last + 1, moment)
        written = moment
    return replace(stream, shards=tuple(stream.readable(now))), last
