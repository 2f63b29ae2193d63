"""Counts the most accessed and most throttled keys of a table with Contributor Insights.

Each process counts only its own requests, in memory, from the moment at which Contributor Insights
is enabled. A table without Contributor Insights has no `TableInsights` and no additional cost
(throughput/enforcement.py).

The count of an accessed key is the sum of the units that requests for this key consume. A Query
adds its units to the count of its partition key. A Query or Scan adds an equal share of its units
to the count of each evaluated item. A Scan adds this share also to the count of the item's
partition key. The count of a throttled key is the number of throttled requests.

A `Sketch` needs little memory for any number of keys. So the counts of rarely accessed keys are
only estimates: a count may be too high, but is never too low. In the result of the control
`insights`, the member `Error` says by how much a count may be too high.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from emulator.database.definitions.insights import ALL_KEYS, InsightsSetting
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.values.types import Item

KEPT: Final = 500
"""How many keys a `Sketch` keeps when it drops the keys with the lowest counts.

A sketch drops keys when it has twice this many, which take 400 KB if the keys have 100 bytes.
"""

ACCESSED: Final = "MostAccessed"
THROTTLED: Final = "MostThrottled"

Event = str
"""ACCESSED or THROTTLED."""


class Sketch:
    """Counts contributors, and keeps those with the highest counts (the algorithm "space-saving").

    A *contributor* (AWS's word) is a key whose requests are counted, given by bytes that identify
    it.

    floor: the highest count of any contributor that was dropped to save memory. If a contributor
    has no count, its earlier count may have been dropped. So its new count begins at `floor`.
    """

    __slots__ = ("_counts", "_errors", "_known", "floor")

    def __init__(self) -> None:
        self._counts: dict[bytes, float] = {}
        self._errors: dict[bytes, float] = {}
        self._known: dict[bytes, Item] = {}
        self.floor = 0.0

    def add(self, contributor: bytes, amount: float, key: Item | None) -> None:
        """Add an amount to the count of a contributor, which is a key whose requests are counted.

        contributor: bytes that identify the contributor. key: the key attributes, or None if the
        request did not have them.
        """
        counts = self._counts
        before = counts.get(contributor)
        if before is None:
            if len(counts) >= 2 * KEPT:
                self._drop()
            before = self.floor
            if before:
                self._errors[contributor] = before
        counts[contributor] = before + amount
        if key is not None and contributor not in self._known:
            self._known[contributor] = key

    def top(self) -> Iterator[tuple[bytes, float, float, Item | None]]:
        """Yield (contributor, count, error, key attributes), highest counts first.

        The error is by how much the count may be too high. The key attributes are None if no
        request had them.
        """
        for contributor, count in self._sorted():
            yield contributor, count, self._errors.get(contributor, 0.0), self._known.get(contributor)

    def _sorted(self) -> list[tuple[bytes, float]]:
        return sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def _drop(self) -> None:
        ordered = self._sorted()
        self.floor = ordered[KEPT][1]
        self._counts = dict(ordered[:KEPT])
        self._errors = {each: error for each, error in self._errors.items() if each in self._counts}
        self._known = {each: key for each, key in self._known.items() if each in self._counts}


class Contributors:
    """The counts of accessed and throttled keys of a table or global index.

    The counts began when the setting of the table or index last changed.

    setting: the Contributor Insights setting of the table or index.
    partition_names, names: the names of the attributes of the partition key, and of the whole key.
    partitions: event (ACCESSED or THROTTLED) -> `Sketch`, the counts of partition keys, which are
    identified by their digests.
    items: event -> `Sketch`, the counts of whole keys, which are identified by their JSON.
    `items` is empty if the key has no sort key.
    """

    def __init__(self, relation: TableDefinition | IndexDefinition, setting: InsightsSetting) -> None:
        if isinstance(relation, TableDefinition):
            self.partition_names: tuple[str, ...] = (relation.hash,)
            self.names: tuple[str, ...] = (
                self.partition_names if relation.range is None else (relation.hash, relation.range)
            )
        else:
            self.partition_names = relation.hash
            self.names = relation.hash + relation.range
        events = (ACCESSED, THROTTLED) if setting.mode == ALL_KEYS else (THROTTLED,)
        self.setting = setting
        self.partitions = {event: Sketch() for event in events}
        self.items = {event: Sketch() for event in events} if len(self.names) > len(self.partition_names) else {}

    def add(self, event: Event, partition: bytes, amount: float, item: Item | None) -> None:
        """Add an amount to the counts of an item's partition key and whole key.

        event: ACCESSED or THROTTLED. partition: the digest of the partition key. item: the item, or
        at least its key attributes; None if they are not known.
        """
        if event in self.partitions:
            self.partitions[event].add(partition, amount, self._partition_key(item))
            self._add_item(event, amount, item)

    def add_page(self, partition: bytes | None, units: float, items: Sequence[tuple[bytes, Item]]) -> None:
        """Add the read units of a page to the counts of its items. Each item gets an equal share.

        For a Query, also add all units to the count of the partition key that the Query reads.

        partition: the digest of the partition key that a Query reads, or None for a Scan.
        items: for each item, the digest of its partition key and its attributes.
        """
        if ACCESSED not in self.partitions:
            return
        accessed = self.partitions[ACCESSED]
        if partition is not None:
            accessed.add(partition, units, self._partition_key(items[0][1] if items else None))
        share = units / max(len(items), 1)
        for digest, item in items:
            if partition is None:
                accessed.add(digest, share, self._partition_key(item))
            self._add_item(ACCESSED, share, item)

    def _partition_key(self, item: Item | None) -> Item | None:
        return None if item is None else {name: item[name] for name in self.partition_names}

    def _add_item(self, event: Event, amount: float, item: Item | None) -> None:
        if self.items and item is not None:
            key = {name: item[name] for name in self.names}
            self.items[event].add(orjson.dumps(key), amount, key)


class TableInsights:
    """The counts of accessed and throttled keys of a table and its global indexes.

    relations: name of an index, or None for the table -> its counts. A table or index without
    Contributor Insights is left out.
    """

    __slots__ = ("relations",)

    def __init__(self) -> None:
        self.relations: dict[str | None, Contributors] = {}

    def configure(self, definition: TableDefinition) -> None:
        """Apply the Contributor Insights settings of a table and its indexes.

        If the setting of a table or index has changed, its counts begin at 0 again.
        """
        before, self.relations = self.relations, {}
        relations: dict[str | None, TableDefinition | IndexDefinition] = {
            index.name: index for index in definition.indexes
        }
        relations[None] = definition
        for name, setting in definition.insights_settings():
            kept = before.get(name)
            if kept is not None and kept.setting == setting:
                self.relations[name] = kept
            elif setting.counts:
                self.relations[name] = Contributors(relations[name], setting)

    def accessed(self, index: str | None, partition: bytes, units: float, item: Item | None) -> None:
        """Count an access to one item, if the table or index has Contributor Insights.

        index: the name of an index, or None for the table. partition: the digest of the item's
        partition key. units: the units that the access consumed. item: the item, or at least its
        key attributes; None if they are not known.
        """
        relation = self.relations.get(index)
        if relation is not None:
            relation.add(ACCESSED, partition, units, item)

    def throttled(self, index: str | None, partition: bytes | None, item: Item | None) -> None:
        """Count a throttled request, if the table or index has Contributor Insights.

        partition: the digest of the partition key, or None for a Scan. A Scan is not counted,
        because it has no key.
        """
        relation = self.relations.get(index)
        if relation is not None and partition is not None:
            relation.add(THROTTLED, partition, 1.0, item)
