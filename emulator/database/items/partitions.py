"""The partitions of a table or an index: how many there are, and what each of them holds.

A partition serves 3000 read and 1000 write units a second, so an on-demand table, which starts with 12,000 and 4,000,
has four (observed: a Scan of such a table costs four minimal reads, behaviour 9.1). Other tables and indexes
have as many as their warm throughput needs. Partitions share the hash range equally. That the figure of global indexes
follows the same rule is inferred, and so are the equal shares. Splits by size (10 GB) are left out.
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
"""What a table within the default quota can need. More warm throughput can be asked for, and would cost each Scan time."""


def count(table: Table, source: Table | Index) -> int:
    """Return how many partitions the table, or one of its indexes, has; a local index lives in those of its table."""
    definition = table.definition
    part = source.definition if isinstance(source, Index) and source.is_global else definition
    warm = warm_units(part, definition.billing_mode)
    reads = ceil(warm["ReadUnitsPerSecond"] / PARTITION_UNITS["Read"])
    writes = ceil(warm["WriteUnitsPerSecond"] / PARTITION_UNITS["Write"])
    return min(max(reads, writes, 1), _MOST)


def parts(table: Table, source: Table | Index, limits: Range) -> Iterator[Range]:
    """Yield what each partition holds of a range of the table's or index's keys, in key order; nothing of others."""
    start, stop = limits
    total = count(table, source)
    for number in range(total):
        low, high = keyspace.segment(source.prefix, number, total)
        low, high = max(low, start), min(high, stop)
        if low < high:
            yield low, high
