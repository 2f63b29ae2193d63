"""What is stored about streams and their shards (service-behaviour.md 11).

A stream outlives its table: it stays readable for a day after it was disabled or the table deleted. Definitions are
frozen and go to storage as JSON; a change makes a new one.
"""

from dataclasses import asdict, dataclass, replace
from typing import Final, Self
from zlib import crc32

import orjson

RETENTION: Final = 86_400.0  # seconds that records are kept (AWS: "Change data capture for DynamoDB Streams")
SHARD_LIFE: Final = 14_400.0  # seconds after which an open shard is closed and goes on in a child (reference 11.5)

_FIRST: Final = 100_000_000_000_000_000_000  # sequence numbers have at least 21 digits (reference 11.1)


def sequence_text(number: int) -> str:
    """Return a sequence number as clients see it."""
    return str(_FIRST + number)


def sequence_of(text: str) -> int | None:
    """Return the number a client's sequence number stands for, None where it is none (it may still be of no record)."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) - _FIRST


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard: the records of a slot (a contiguous range of partition key hashes) during a while.

    number: unique in its stream, growing; start, end: its first and last sequence number, end None while it is open;
    opened, closed: seconds since the epoch.
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
    hidden: a change log of the emulator's own (a Kinesis destination's), which clients are not told of.
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

    @classmethod
    def load(cls, stored: bytes) -> Self:
        """Return the stream that dump() stored."""
        fields = orjson.loads(stored)
        return cls(**{**fields, "shards": tuple(Shard(**shard) for shard in fields["shards"])})

    def dump(self) -> bytes:
        """Return the definition as JSON."""
        return orjson.dumps(asdict(self))

    @property
    def arn(self) -> str:
        """The stream's ARN (reference 11.1)."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.table}/stream/{self.label}"

    def status(self, now: float) -> str:
        """Return ENABLING, ENABLED, DISABLING or DISABLED."""
        if self.disabled is None:
            return "ENABLING" if now < self.until else "ENABLED"
        return "DISABLING" if now < self.until else "DISABLED"

    def shard(self, shard_id: str) -> Shard | None:
        """Return a shard by its id."""
        return next((shard for shard in self.shards if shard.id == shard_id), None)

    def open_shards(self) -> list[Shard]:
        """Return the shards that are being written, one for each slot and in that order; none of a disabled stream."""
        return sorted((shard for shard in self.shards if shard.end is None), key=lambda shard: shard.slot)


# --- changes --------------------------------------------------------------------------------------------------------


def opened(stream: StreamDefinition, first: int, moment: float) -> StreamDefinition:
    """Return the stream with an open shard for each slot, a child of the slot's last one.

    first: the sequence number that comes next.
    """
    parents = {shard.slot: shard.id for shard in stream.shards}
    number = max((shard.number for shard in stream.shards), default=0)
    shards = []
    for slot in range(stream.slots):
        number += 1
        name = f"shardId-{int(moment * 1000):020d}-{crc32(f'{stream.seed} {number}'.encode()):08x}"
        shards.append(Shard(number, name, parents.get(slot), slot, first, moment))
    return replace(stream, shards=stream.shards + tuple(shards))


def closed(stream: StreamDefinition, last: int, moment: float) -> StreamDefinition:
    """Return the stream with all its shards closed at a sequence number."""
    shards = (replace(shard, end=last, closed=moment) if shard.end is None else shard for shard in stream.shards)
    return replace(stream, shards=tuple(shards))


def turned(stream: StreamDefinition, last: int, now: float) -> tuple[StreamDefinition, int]:
    """Return the stream with the shards that it has by now, and the last sequence number that is used.

    Open shards end after SHARD_LIFE, which uses up one number as their ending, and go on in children; closed ones whose
    records are all too old go. However long nobody looked, no more generations come about than are still readable.
    """
    while open_shards := stream.open_shards():
        moment = open_shards[0].opened + SHARD_LIFE
        if moment > now:
            break
        if moment < now - RETENTION - SHARD_LIFE:
            moment += (now - RETENTION - moment) // SHARD_LIFE * SHARD_LIFE
        last += 1
        stream = opened(closed(stream, last, moment), last + 1, moment)
    kept = tuple(shard for shard in stream.shards if shard.closed is None or shard.closed > now - RETENTION)
    return replace(stream, shards=kept), last
