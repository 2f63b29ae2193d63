"""The sizes of what a table has stored, read in one transaction."""

from emulator.database.items import statistics
from emulator.database.items.ranges import Range
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.explaining.costs import Extent
from emulator.limits import PAGE
from emulator.values.rows import decode_row, row_size
from emulator.values.types import Item
from storage import ReadTxn

_CHUNK = 128  # rows that are read from the store in one step


class StoredSizes:
    """Sizes of a table and its indexes."""

    def __init__(self, txn: ReadTxn, table: Table) -> None:
        self._txn = txn
        self._table = table

    def item(self, key: bytes) -> Item | None:
        """Return a stored item, None if there is none."""
        row = self._txn.get(key)
        return None if row is None else decode_row(row)

    def extent(self, limits: Range) -> Extent:
        """Return the number and size of the rows in a range, at most those of one page."""
        start, stop = limits
        items = size = 0
        while True:
            rows, last = self._txn.page(start, stop, _CHUNK)
            for row in rows:
                items += 1
                size += row_size(row)
                if size >= PAGE:
                    return Extent(items, size, complete=False)
            if len(rows) < _CHUNK:
                return Extent(items, size, complete=True)
            start = last + b"\0"

    def total(self, index: Index | None) -> Extent:
        """Return the number and size of all rows of the table or of an index."""
        counted = statistics.read(self._txn, self._table.statistics_key, 1 + len(self._table.indexes))
        items, size = counted[0 if index is None else index.position]
        return Extent(items, size, complete=True)
