"""The number and the billed bytes of items, as descriptions, backups and metrics show them."""

from collections.abc import Sequence

from emulator.database.items import statistics
from emulator.database.schema.table import Table
from storage import ReadTxn


def counts(txn: ReadTxn, table: Table) -> Sequence[tuple[int, int]]:
    """Return (items, bytes) of a table and of each of its indexes, vector indexes last."""
    if table.vectors:
        from emulator.database.items import vectors  # noqa: PLC0415 - few tables need it

        return vectors.counts(txn, table)
    return statistics.read(txn, table.statistics_key, len(table.indexes) + 1)
