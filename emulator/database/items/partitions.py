"""The partitions of a table or an index: how many there are, and which keys each of them holds.

A partition serves 3000 read and 1000 write units a second. An on-demand table starts with 12,000
and 4,000, so it has four (observed: a Scan of such a table costs four minimal reads, behaviour
9.1). Other tables and indexes have as many as their warm throughput needs. Partitions share the
hash range equally. Two things are inferred: the equal shares, and that global indexes follow the
same rule. Splits by size (10 GB) are left out.
"""

from collections.abc import Iterator
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
"""What a table within the default quota can need.

A request may ask for more; that would slow each Scan.
"""


def count(table: Table, source: Table | Index) -> int:
    """Return how many partitions a table or an index has.

    A local index shares those of its table.
    """
    definition = table.definition
    part = source.definition if isinstance(source, Index) and source.is_global else definition
    warm = warm_units(part, definition.billing_mode)
    reads = ceil(warm["ReadUnitsPerSecond"] / PARTITION_UNITS["Read"])
    writes = ceil(warm["WriteUnitsPerSecond"] / PARTITION_UNITS["Write"])
    return min(max(reads, writes, 1), _MOST)


def parts(table: Table, source: Table | Index, limits: Range) -> Iterator[Range]:
    """Yield the parts of a range of keys that partitions hold, in key order, without empty parts."""
    start, stop = limits
    total = count(table, source)
    for number in range(total):
        low, high = keyspace.segment(source.prefix, number, total)
        low, high = max(low, start), min(high, stop)
        if low < high:
            yield low, high
