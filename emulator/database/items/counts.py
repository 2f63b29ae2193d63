"""The number and the billed size of a table's items, which descriptions and metrics show."""

from collections.abc import Sequence

from emulator.database.items import statistics
from emulator.database.schema.table import Table
from storage import ReadTxn


def counts(txn: ReadTxn, table: Table) -> Sequence[tuple[int, int]]:
    """Return the pair (number of items, billed bytes) of the table, then of each index.

    The pairs of secondary indexes come before the pairs of vector indexes.
    """
    if table.vectors:
        from emulator.database.items import vectors  # noqa: PLC0415 - few tables need it

        return vectors.counts(txn, table)
    return statistics.read(txn, table.statistics_key, len(table.indexes) + 1)
