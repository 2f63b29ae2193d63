"""Token buckets that enforce throughput, if a test or setting turns this on (behaviour 16).

Buckets fill by the emulator's clock. There are two kinds of limits:

- A table or global index has a bucket for all reads and one for all writes. With provisioned
  throughput a bucket fills at the provisioned rate, keeps up to 300 seconds of unused capacity, and
  starts with the capacity of one second. The bucket of an on-demand table or index fills at the
  maximum rate that OnDemandThroughput sets. Without a maximum, the ramp decides the rate (ramp.py).
- Each value of the partition key has a bucket of 3000 read units and a bucket of 1000 write units a
  second. So the limit can refuse requests for a hot key and admit requests for other keys.

A request is admitted if each of its buckets has the cost of the request or is full. Then the whole
cost is taken from these buckets, and the level of a bucket may fall below zero. The cost of a Query
or Scan is known only after the read. Such a read is admitted if each of its buckets has half a
unit, which is the cost of the smallest read.
"""

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from emulator import errors
from emulator.clock import Clock
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.database.throughput.capacity import Consumed

if TYPE_CHECKING:
    from emulator.database.throughput.ramp import Ramp, Warm

Kind = Literal["Read", "Write"]

Cause = Literal[
    "TableThroughput",
    "IndexThroughput",
    "IndexBackPressure",
    "PartitionLimit",
    "Burst",
    "OnDemandMaximum",
    "OnDemandRamp",
]
"""Why a limit refused a request. emulator/controls/throttles.py explains the words."""

BURST: Final = 300.0  # a bucket keeps the unused capacity of up to this many seconds
PARTITION_UNITS: Final[Mapping[Kind, float]] = {"Read": 3000.0, "Write": 1000.0}
MINUTES: Final = 20
"""For how many minutes the consumed units are kept. Auto scaling needs them."""

_MINUTE: Final = 60
# The number of units that a bucket may lack for a request and still admit the request. Rounding
# errors of the clock change the level of a bucket by less than this number.
_SLACK: Final = 0.01
# When a table or index has this many buckets of partition keys, full buckets are dropped to save
# memory.
_PARTITIONS: Final = 10_000

Entry = tuple[str, bytes, float]
"""The write of an entry of a global index: index name, digest of the partition key, units."""

Units = dict[bytes | None, float]
"""Digest of the partition key -> cost in units. For a Scan the key is None: it reads many keys."""


class Refusal(NamedTuple):
    """The refusal of a request by a throughput limit, which a token bucket enforces.

    error: the error for the client.
    index_name: the name of a global index, or None for the table.
    asked: the units that the request costs.
    available: the units that were left in the bucket.
    limit: the units that arrive in the bucket in a second.
    """

    error: errors.ApiError
    index_name: str | None
    cause: Cause
    asked: float
    available: float
    limit: float


class Bucket:
    """A token bucket for one throughput limit: tokens arrive at a rate, up to a capacity.

    A token is a capacity unit, which a request takes. Times are in seconds.

    rate: the number of tokens that arrive in a second.
    level: the number of tokens in the bucket.
    saved: the last time at which the bucket had more tokens than arrive in two seconds. These are
    unused capacity of earlier seconds. The time is -inf if the bucket never had so many tokens.
    """

    __slots__ = ("_at", "capacity", "level", "rate", "saved")

    def __init__(self, rate: float, capacity: float, level: float, now: float) -> None:
        self.rate = rate
        self.capacity = capacity
        self.level = level
        self._at = now
        self.saved = -inf

    def admits(self, units: float, now: float) -> bool:
        """Return True if the bucket admits a request that costs `units`.

        If `units` is more than the capacity, the bucket admits the request when it is full.
        """
        # If a test has set the clock back, no tokens have arrived. From the new time on, tokens
        # arrive again.
        if now != self._at:
            self.level = min(self.capacity, self.level + max(0.0, now - self._at) * self.rate)
            self._at = now
        if self.level > 2 * self.rate:
            self.saved = now
        return self.level >= min(units, self.capacity) - _SLACK

    def change(self, rate: float, capacity: float, now: float) -> None:
        """Change the rate and the capacity of the bucket as of the time `now`."""
        self.admits(0.0, now)
        self.rate, self.capacity, self.level = rate, capacity, min(self.level, capacity)


class Resource:
    """The limits on the reads, or on the writes, of a table or global index.

    There is one token bucket for all partition keys together, and one for each partition key.

    index: the name of a global index, or None for the table.
    consumed: minute since the epoch -> units that were consumed in this minute. Minutes without
    consumption are left out, and at most the latest `MINUTES` minutes are kept.
    """

    def __init__(self, clock: Clock, kind: Kind, arn: str, index: str | None) -> None:
        self._clock = clock
        self._kind = kind
        self._arn = arn
        self.index = index
        self._on_demand = False
        self._whole: Bucket | None = None
        self._ramp: Ramp | None = None
        self._partitions: dict[bytes, Bucket] = {}
        self.consumed: dict[int, float] = {}

    def configure(self, units: float | None, *, on_demand: bool, since: float, warm: float | None = None) -> None:
        """Set the rate of the token bucket for all partition keys together.

        units: the provisioned units or the on-demand maximum, or None if there is none.
        since: the time from which a new bucket fills, in seconds since the epoch.
        warm: the warm throughput of an on-demand table or index. If it has no maximum, a ramp
        (ramp.py) limits it, and begins at this throughput. None means that there is no ramp.
        """
        self._on_demand = on_demand
        if not on_demand or units is not None or warm is None:
            if self._ramp is not None:
                self._ramp = self._whole = None
        elif self._ramp is None:
            from emulator.database.throughput.ramp import Ramp  # noqa: PLC0415 - only enforced on-demand tables

            self._ramp, self._whole = Ramp(warm), Bucket(warm, warm, warm, since)
        else:
            self._ramp.warm = warm
        if units is None:
            self._whole = None if self._ramp is None else self._whole
            return
        capacity = units if on_demand else units * BURST
        if self._whole is None or self._whole.capacity == 0:
            self._whole = Bucket(units, capacity, units, since)
        else:
            self._whole.change(units, capacity, self._clock.now())

    def refusal(self, units: Units) -> Refusal | None:
        """Return the refusal of a request with this cost, or None if the limits admit it.

        units: digest of a partition key -> cost in units.
        """
        now = self._clock.now()
        if self._ramp is not None and self._whole is not None:
            served = self._ramp.units(now)
            if served != self._whole.rate:
                self._whole.change(served, served, now)
        if self._whole is not None and not self._whole.admits(sum(units.values()), now):
            error = self._error(maximum=self._on_demand and self._ramp is None, key_range=self._ramp is not None)
            return Refusal(error, self.index, self._cause(now), sum(units.values()), *_left(self._whole))
        for key, cost in units.items():
            if key is not None and not (bucket := self._bucket(key)).admits(cost, now):
                error = self._error(key_range=True)
                return Refusal(error, self.index, "PartitionLimit", cost, *_left(bucket))
        return None

    def _error(self, *, maximum: bool = False, key_range: bool = False) -> errors.ApiError:
        return errors.throughput_exceeded(
            self._arn,
            self._kind,
            index=self.index is not None,
            on_demand=self._on_demand,
            maximum=maximum,
            key_range=key_range,
        )

    def _cause(self, now: float) -> Cause:
        """Return why the token bucket that all partition keys share refuses a request."""
        if self._on_demand:
            return "OnDemandMaximum" if self._ramp is None else "OnDemandRamp"
        if self.index is not None:
            return "IndexThroughput" if self._kind == "Read" else "IndexBackPressure"
        burst = self._whole is not None and now - self._whole.saved <= BURST
        return "Burst" if burst else "TableThroughput"

    def take(self, units: Units) -> None:
        """Take the cost of a request from the token buckets.

        units: digest of a partition key -> cost in units.
        """
        total = sum(units.values())
        minute = int(self._clock.now() // _MINUTE)
        self.consumed[minute] = self.consumed.get(minute, 0.0) + total
        if len(self.consumed) > MINUTES:
            del self.consumed[min(self.consumed)]
        if self._whole is not None:
            self._whole.level -= total
        if self._ramp is not None:
            self._ramp.take(total, self._clock.now())
        for key, cost in units.items():
            if key is not None:
                self._bucket(key).level -= cost

    def _bucket(self, key: bytes) -> Bucket:
        """Return the token bucket of a partition key. key: the digest of the partition key."""
        bucket = self._partitions.get(key)
        if bucket is None:
            if len(self._partitions) >= _PARTITIONS:
                now = self._clock.now()
                self._partitions = {
                    digest: kept for digest, kept in self._partitions.items() if not kept.admits(kept.capacity, now)
                }
            units = PARTITION_UNITS[self._kind]
            bucket = self._partitions[key] = Bucket(units, units, units, self._clock.now())
        return bucket


def _left(bucket: Bucket) -> tuple[float, float]:
    """Return a pair: the units that are left in a bucket, and the units that arrive in a second."""
    return max(0.0, bucket.level), bucket.rate


class TableThrottle:
    """The token buckets that enforce the throughput of one table and its global indexes.

    refused: the last refusal, or None if no request has been refused yet.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.refused: Refusal | None = None
        self._resources: dict[tuple[str | None, Kind], Resource] = {}

    def configure(
        self, definition: TableDefinition, warm: "Callable[[TableDefinition | IndexDefinition], Warm] | None" = None
    ) -> None:
        """Apply the table's definition: throughput, billing mode and indexes.

        warm: a function that returns the warm throughput of a table or index. If it is None, an
        on-demand table or index has a limit for all its partition keys together only if its
        definition has a maximum throughput. Each partition key has a limit in any case.
        """
        since = self._clock.now() if self._resources else definition.created
        on_demand = definition.billing_mode == "PAY_PER_REQUEST"
        relations: list[TableDefinition | IndexDefinition] = [definition]
        relations += [index for index in definition.indexes if not index.local]
        for relation in relations:
            name = relation.name if isinstance(relation, IndexDefinition) else None
            arn = definition.arn if name is None else f"{definition.arn}/index/{name}"
            kinds: tuple[tuple[Kind, int, str], ...] = (
                ("Read", relation.read_units, "MaxReadRequestUnits"),
                ("Write", relation.write_units, "MaxWriteRequestUnits"),
            )
            for kind, units, maximum in kinds:
                resource = self._resources.setdefault((name, kind), Resource(self._clock, kind, arn, name))
                limit = relation.on_demand.get(maximum) if on_demand else units
                begins = None if warm is None else warm(relation)[f"{kind}UnitsPerSecond"]
                resource.configure(limit, on_demand=on_demand, since=since, warm=begins)

    def consumed(self, index: str | None, kind: str) -> Mapping[int, float]:
        """Return the consumed units of the latest minutes: minute since the epoch -> units.

        index: the name of a global index, or None for the table.
        kind: Read or Write.
        """
        found = (resource.consumed for (name, of), resource in self._resources.items() if (name, of) == (index, kind))
        return next(found, {})

    def read(self, index: str | None, partition: bytes | None, units: float) -> None:
        """Take the cost of a read from its token buckets.

        Raises ApiError if a limit refuses the read.

        index: the name of a global index, or None for the table.
        partition: the digest of the partition key.
        """
        self._charge({self._resources[index, "Read"]: {partition: units}})

    def admit(self, index: str | None, partition: bytes | None) -> None:
        """Admit a read whose cost is known only after the read.

        The caller calls `charge` after the read. Raises ApiError if a limit refuses the read.
        """
        self._refuse(self._resources[index, "Read"].refusal({partition: 0.5}))

    def charge(self, index: str | None, partition: bytes | None, units: float) -> None:
        """Take `units`, the cost of a read that `admit` has admitted, from its token buckets."""
        self._resources[index, "Read"].take({partition: units})

    def write(self, partition: bytes, consumed: Consumed, entries: Iterable[Entry], *, refuses: bool = True) -> None:
        """Take the cost of a write to a table and its global indexes.

        Raises ApiError if a limit refuses the write. The units of local indexes count for the
        table.

        refuses: True if a limit may refuse the write, False to take the cost in any case.
        """
        own = consumed.table + sum(consumed.local_indexes.values())
        charges: dict[Resource, Units] = {self._resources[None, "Write"]: {partition: own}}
        for name, digest, units in entries:
            charged = charges.setdefault(self._resources[name, "Write"], {})
            charged[digest] = charged.get(digest, 0.0) + units
        self._charge(charges, refuses=refuses)

    def _charge(self, charges: dict[Resource, Units], *, refuses: bool = True) -> None:
        for resource, units in charges.items():
            self._refuse(resource.refusal(units) if refuses else None)
        for resource, units in charges.items():
            resource.take(units)

    def _refuse(self, refusal: Refusal | None) -> None:
        if refusal is not None:
            self.refused = refusal
            raise refusal.error
