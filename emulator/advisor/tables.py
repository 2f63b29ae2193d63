"""What the advisor knows about tables: keys, indexes, throughput, TTL and sizes of items.

The facts come from answers to requests such as DescribeTable. If there was no such request, the
emulator describes the table. The advisor remembers the facts after a table is deleted, because it
examines requests some time after their answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from emulator.advisor.recent import Recent
from emulator.database.items.partitions import needed
from emulator.database.schema.describe import ON_DEMAND_WARM

Description = Mapping[str, Any]
"""A TableDescription. It may also have TimeToLiveAttribute ("" if TTL is off) and MeanItemSize."""

Describe = Callable[[str, str, str], Description | None]
"""A function of access key, region and table name that returns the description of the table."""

Count = Callable[[str, str, str, str], tuple[int, int] | None]
"""A function that returns the number and the bytes of the items in a table or index.

Its arguments: access key, region, name of the table, name of the index ("" for the table itself).
It returns None if the table or index does not exist.
"""

_MOST: Final = 500  # the maximum number of remembered tables, which usually take 2 KB each
_UNKNOWN_SIZE: Final = 400  # bytes; the estimate until a request shows an item of the table
_WEIGHT: Final = (
    50  # after 50 items, each new item counts for a 50th of the mean size, so old items count less and less
)


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """A secondary index.

    other: with the projection INCLUDE, the projected attributes besides keys.
    partitions: the number of partitions.
    """

    name: str
    local: bool
    hash: tuple[str, ...]
    range: tuple[str, ...]
    projection: str
    other: frozenset[str]
    write_units: int
    partitions: int

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the key attributes of the index."""
        return self.hash + self.range


@dataclass(slots=True)
class TableFacts:
    """What the advisor knows about a table.

    mean: the mean size in bytes of the items that `note_size` got, see `mean_size`.
    partitions: the number of partitions.
    count: a function that takes the name of an index, or "" for the table. It returns a pair: the
    number of items and their total bytes. It returns None if the table does not exist.
    """

    name: str
    arn: str
    hash: str
    range: str | None
    types: Mapping[str, str]
    indexes: Mapping[str, IndexFacts]
    on_demand: bool
    read_units: int
    write_units: int
    partitions: int
    ttl: str = ""
    mean: float = _UNKNOWN_SIZE
    description: Description = field(default_factory=dict)
    count: Callable[[str], tuple[int, int] | None] = lambda _: None
    _sizes: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the key attributes of the table."""
        return (self.hash,) if self.range is None else (self.hash, self.range)

    def hash_of(self, index: str) -> tuple[str, ...]:
        """Return the names of an index's HASH attributes. index: its name, or "" for the table."""
        return self.indexes[index].hash if index in self.indexes else (self.hash,)

    def partitions_of(self, index: str) -> int:
        """Return the number of an index's partitions. index: its name, or "" for the table."""
        return self.indexes[index].partitions if index in self.indexes else self.partitions

    def mean_size(self) -> float:
        """Return the mean size of the items in bytes.

        If no request has shown an item, compute it from the table's count of items and bytes.
        """
        if not self._sizes and self.mean == _UNKNOWN_SIZE:
            items, size = self.count("") or (0, 0)
            return size / items if items else self.mean
        return self.mean

    def note_size(self, size: float) -> None:
        """Include the size of an item in the mean."""
        self._sizes = min(self._sizes + 1, _WEIGHT)
        self.mean += (size - self.mean) / self._sizes


class KnownTables:
    """The facts about the tables of all callers.

    describe: a function that returns the description of a table that exists now.
    count: a function that returns the number and the bytes of the items in a table or index.
    """

    def __init__(self, describe: Describe = lambda *_: None, count: Count = lambda *_: None) -> None:
        self._describe = describe
        self._count = count
        self._known: Recent[tuple[str, str, str], TableFacts] = Recent(_MOST)
        self._gone: set[tuple[str, str, str]] = set()

    def find(self, access_key: str, region: str, name: str) -> TableFacts | None:
        """Return the facts about a table, None if nothing is known."""
        table = access_key, region, name
        known = self._known.get(table)
        if known is None or table in self._gone:
            description = self._describe(*table)
            if description is not None:
                return self.learn(access_key, region, description)
        return known

    def learn(self, access_key: str, region: str, description: Description) -> TableFacts:
        """Remember and return the facts in a table's description, the JSON of DescribeTable."""
        facts = _facts(description)
        table = access_key, region, facts.name
        facts.count = partial(self._count, *table)
        known = self._known.get(table)
        if known is not None and known.arn == facts.arn and known.keys == facts.keys:
            facts.mean = known.mean
            facts.ttl = facts.ttl or known.ttl
        self._known.keep(table, facts)
        self._gone.discard(table)
        return facts

    def set_ttl(self, access_key: str, region: str, name: str, attribute: str) -> None:
        """Remember the TTL attribute of a table, "" if TTL is off."""
        facts = self.find(access_key, region, name)
        if facts is not None:
            facts.ttl = attribute

    def describe_again(self, access_key: str, region: str, name: str) -> None:
        """Mark a table as deleted, so that `find` describes the table of this name again.

        If a new table has the same name, `find` returns the facts about the new table. Otherwise,
        `find` still returns the facts about the deleted table.
        """
        if len(self._gone) >= _MOST:
            self._gone.clear()
        self._gone.add((access_key, region, name))

    def describe_all_again(self) -> None:
        """Mark all tables as possibly changed, so that `find` describes each of them again."""
        self._gone.update(self._known)

    def described(self) -> list[tuple[str, str, Description]]:
        """Return access key, region and description of all known tables, for another process."""
        return [
            (access_key, region, {**facts.description, "TimeToLiveAttribute": facts.ttl, "MeanItemSize": facts.mean})
            for (access_key, region, _), facts in self._known.items()
        ]


def _facts(description: Description) -> TableFacts:
    throughput = description.get("ProvisionedThroughput", {})
    billing = description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    hashes, ranges = _keys(description)
    on_demand = billing == "PAY_PER_REQUEST"
    partitions = _partitions(description, on_demand=on_demand)
    indexes = [
        _index(each, partitions if member == "LocalSecondaryIndexes" else None, on_demand=on_demand)
        for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        for each in description.get(member, ())
    ]
    return TableFacts(
        name=description["TableName"],
        arn=description["TableArn"],
        hash=hashes[0],
        range=ranges[0] if ranges else None,
        types={each["AttributeName"]: each["AttributeType"] for each in description["AttributeDefinitions"]},
        indexes={each.name: each for each in indexes},
        on_demand=on_demand,
        read_units=throughput.get("ReadCapacityUnits", 0),
        write_units=throughput.get("WriteCapacityUnits", 0),
        partitions=partitions,
        ttl=description.get("TimeToLiveAttribute", ""),
        mean=description.get("MeanItemSize", _UNKNOWN_SIZE),
        description=description,
    )


def _partitions(description: Description, *, on_demand: bool) -> int:
    """Return the number of partitions of a table or global index.

    If the description lacks the warm throughput, as the answer of CreateTable does, use the
    provisioned throughput, or the default of on-demand tables.
    """
    if "WarmThroughput" in description:
        return needed(description["WarmThroughput"])
    units = description.get("ProvisionedThroughput", {})
    provisioned = {f"{kind}UnitsPerSecond": units.get(f"{kind}CapacityUnits", 0) for kind in ("Read", "Write")}
    return needed(ON_DEMAND_WARM if on_demand else provisioned)


def _index(description: Description, partitions: int | None, *, on_demand: bool) -> IndexFacts:
    """Return the facts about an index.

    partitions: the table's number of partitions for a local index, None for a global index.
    """
    hashes, ranges = _keys(description)
    projection = description.get("Projection", {})
    return IndexFacts(
        name=description["IndexName"],
        local=partitions is not None,
        hash=hashes,
        range=ranges,
        projection=projection.get("ProjectionType", "ALL"),
        other=frozenset(projection.get("NonKeyAttributes", ())),
        write_units=description.get("ProvisionedThroughput", {}).get("WriteCapacityUnits", 0),
        partitions=_partitions(description, on_demand=on_demand) if partitions is None else partitions,
    )


def _keys(description: Description) -> tuple[tuple[str, ...], tuple[str, ...]]:
    schema = description["KeySchema"]
    hashes = tuple(each["AttributeName"] for each in schema if each["KeyType"] == "HASH")
    return hashes, tuple(each["AttributeName"] for each in schema if each["KeyType"] == "RANGE")


def bare_name(name: str) -> str:
    """Return the name of a table. name: the name or the ARN that a request has."""
    return name.rpartition("/")[2] if name.startswith("arn:") else name
