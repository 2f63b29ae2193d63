"""Throughput limits, enforced on request: token buckets that live by the emulator's clock (behaviour 16).

A provisioned table or global index fills its bucket at its rate and keeps up to 300 seconds of unused capacity; a new one
starts with one second's. A request is admitted while the bucket holds what it costs, or is full, and what it really cost
is taken; a Query or Scan, whose cost shows only afterwards, is admitted while anything is left. On-demand tables have a
bucket only where OnDemandThroughput sets a maximum. Besides, one partition key has 3000 read and 1000 write units a
second, so that a hot key throttles while the others go on.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from emulator import errors
from emulator.clock import Clock
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.database.throughput.capacity import Consumed

Kind = Literal["Read", "Write"]

BURST: Final = 300.0  # seconds of unused capacity that are kept
PARTITION_UNITS: Final[Mapping[Kind, float]] = {"Read": 3000.0, "Write": 1000.0}
_SLACK: Final = 0.01  # units: what the clock's last digits are worth at a high rate
_PARTITIONS: Final = 10_000  # buckets of partitions kept; full ones go first

Entry = tuple[str, bytes, float]
"""A written index entry: the index's name, the digest of its partition, the units."""

Units = dict[bytes | None, float]
"""Units by partition; None stands for a scan's, which are nobody's in particular."""


class Bucket:
    """Tokens that come at a rate, up to a capacity. Times are seconds, tokens are capacity units."""

    __slots__ = ("_at", "capacity", "level", "rate")

    def __init__(self, rate: float, capacity: float, level: float, now: float) -> None:
        self.rate = rate
        self.capacity = capacity
        self.level = level
        self._at = now

    def holds(self, units: float, now: float) -> bool:
        """Say whether a request of so many units is admitted; one beyond the capacity needs a full bucket."""
        if now != self._at:  # a clock that was set back brings nothing, and then goes on from there
            self.level = min(self.capacity, self.level + max(0.0, now - self._at) * self.rate)
            self._at = now
        return self.level >= min(units, self.capacity) - _SLACK

    def change(self, rate: float, capacity: float, now: float) -> None:
        """Change the rate from now on; what has come until now came at the old one."""
        self.holds(0.0, now)
        self.rate, self.capacity, self.level = rate, capacity, min(self.level, capacity)


class Resource:
    """A table or one of its global indexes: what it may consume in one direction, as a whole and for each partition."""

    def __init__(self, clock: Clock, kind: Kind, arn: str, *, index: bool) -> None:
        self._clock = clock
        self._kind = kind
        self._arn = arn
        self._index = index
        self._on_demand = False
        self._whole: Bucket | None = None
        self._partitions: dict[bytes, Bucket] = {}

    def configure(self, units: float | None, *, on_demand: bool, since: float) -> None:
        """Set the rate: provisioned units, an on-demand maximum, or None for no limit; `since`: when a new one began."""
        self._on_demand = on_demand
        if units is None:
            self._whole = None
            return
        capacity = units if on_demand else units * BURST
        if self._whole is None or self._whole.capacity == 0:
            self._whole = Bucket(units, capacity, units, since)
        else:
            self._whole.change(units, capacity, self._clock.now())

    def refusal(self, units: Units) -> errors.ApiError | None:
        """Return why a request cannot be admitted, None if it can."""
        now = self._clock.now()
        if self._whole is not None and not self._whole.holds(sum(units.values()), now):
            return errors.throughput_exceeded(
                self._arn, self._kind, index=self._index, on_demand=self._on_demand, maximum=self._on_demand
            )
        if any(part is not None and not self._of(part).holds(each, now) for part, each in units.items()):
            return errors.throughput_exceeded(
                self._arn, self._kind, index=self._index, on_demand=self._on_demand, maximum=False, key_range=True
            )
        return None

    def take(self, units: Units) -> None:
        """Take what a request cost."""
        if self._whole is not None:
            self._whole.level -= sum(units.values())
        for partition, each in units.items():
            if partition is not None:
                self._of(partition).level -= each

    def _of(self, partition: bytes) -> Bucket:
        bucket = self._partitions.get(partition)
        if bucket is None:
            if len(self._partitions) >= _PARTITIONS:
                now = self._clock.now()
                self._partitions = {
                    digest: each for digest, each in self._partitions.items() if not each.holds(each.capacity, now)
                }
            units = PARTITION_UNITS[self._kind]
            bucket = self._partitions[partition] = Bucket(units, units, units, self._clock.now())
        return bucket


class TableThrottle:
    """All buckets of one table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._resources: dict[tuple[str | None, Kind], Resource] = {}

    def configure(self, definition: TableDefinition) -> None:
        """Follow the table's definition: rates, billing mode, indexes."""
        since = self._clock.now() if self._resources else definition.created
        on_demand = definition.billing_mode == "PAY_PER_REQUEST"
        parts: list[TableDefinition | IndexDefinition] = [definition]
        parts += [index for index in definition.indexes if not index.local]
        for part in parts:
            name = part.name if isinstance(part, IndexDefinition) else None
            arn = definition.arn if name is None else f"{definition.arn}/index/{name}"
            kinds: tuple[tuple[Kind, int, str], ...] = (
                ("Read", part.read_units, "MaxReadRequestUnits"),
                ("Write", part.write_units, "MaxWriteRequestUnits"),
            )
            for kind, units, maximum in kinds:
                resource = self._resources.setdefault(
                    (name, kind), Resource(self._clock, kind, arn, index=name is not None)
                )
                limit = part.on_demand.get(maximum) if on_demand else units
                resource.configure(limit, on_demand=on_demand, since=since)

    def read(self, source: str | None, partition: bytes | None, units: float) -> None:
        """Admit and charge a read of known cost. source: a global index's name, None for the table. Raises ApiError."""
        self._charge({self._resources[source, "Read"]: {partition: units}})

    def admit(self, source: str | None, partition: bytes | None) -> None:
        """Admit a read whose cost shows afterwards. Raises ApiError."""
        error = self._resources[source, "Read"].refusal({partition: 0.5})
        if error is not None:
            raise error

    def charge(self, source: str | None, partition: bytes | None, units: float) -> None:
        """Charge a read that was admitted."""
        self._resources[source, "Read"].take({partition: units})

    def write(self, partition: bytes, consumed: Consumed, entries: Iterable[Entry]) -> None:
        """Admit and charge a write with what it writes to its indexes; local ones count for the table. Raises ApiError."""
        own = consumed.table + sum(consumed.local_indexes.values())
        charges: dict[Resource, Units] = {self._resources[None, "Write"]: {partition: own}}
        for name, digest, units in entries:
            charged = charges.setdefault(self._resources[name, "Write"], {})
            charged[digest] = charged.get(digest, 0.0) + units
        self._charge(charges)

    def _charge(self, charges: dict[Resource, Units]) -> None:
        for resource, units in charges.items():
            error = resource.refusal(units)
            if error is not None:
                raise error
        for resource, units in charges.items():
            resource.take(units)
