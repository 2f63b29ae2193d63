"""The partitions of a table or an index: how many there are, and the range of keys of each.

A partition serves 3000 read units and 1000 write units a second. A new on-demand table provides
12,000 read units and 4,000 write units, so it has four partitions (observed: a Scan of such a table
costs four minimal reads, behaviour 9.1). A table or global index has as many partitions as its warm
throughput needs. For global indexes we only infer this. We also infer that partitions divide the
range of hashes equally. AWS also splits a partition of more than 10 GB; the emulator does not.
"""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final

from emulator.database.items.ranges import Range
from emulator.database.schema.describe import warm_units
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput.throttle import PARTITION_UNITS
from emulator.limits import TABLE_CAPACITY

_MOST: Final = ceil(TABLE_CAPACITY / PARTITION_UNITS["Write"])
"""The maximum number of partitions that a table may have.

The default quota of throughput needs this many partitions. A request may set a warm throughput
above the quota. The table still gets no more partitions, because they would make each Scan slower.
"""


def count(table: Table, relation: Table | Index) -> int:
    """Return the number of partitions of a table or index.

    relation: the table itself or one of its indexes. A local index has the partitions of its table.
    """
    definition = table.definition
    definition_read = relation.definition if isinstance(relation, Index) and relation.is_global else definition
    return needed(warm_units(definition_read, definition.billing_mode))


def needed(warm: Mapping[str, int]) -> int:
    """Return the number of partitions that a table needs for its warm throughput, `warm`."""
    reads = ceil(warm["ReadUnitsPerSecond"] / PARTITION_UNITS["Read"])
    writes = ceil(warm["WriteUnitsPerSecond"] / PARTITION_UNITS["Write"])
    return min(max(reads, writes, 1), _MOST)


def parts(table: Table, relation: Table | Index, limits: Range) -> Iterator[Range]:
    """Cut a range of storage keys at the borders of partitions, and yield the parts in order.

    limits: the range. Partitions outside the range are left out.
    """
    start, stop = limits
    total = count(table, relation)
    for number in range(total):
        low, high = keyspace.segment(relation.prefix, number, total)
        low, high = max(low, start), min(high, stop)
        if low < high:
            yield low, high
