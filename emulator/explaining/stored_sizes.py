"""Reads the sizes of a table's items and index entries, in one transaction."""

from copy import copy
from dataclasses import replace

from emulator.database.items import statistics
from emulator.database.items.entries import entry_changes
from emulator.database.items.ranges import Range
from emulator.database.items.requested import Write
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.errors import ApiError
from emulator.explaining.costs import Effect, Extent
from emulator.limits import PAGE
from emulator.partiql import pages
from emulator.partiql.select import Pages, Test
from emulator.values.rows import decode_row, row_size
from emulator.values.types import Item
from storage import ReadTxn

_CHUNK = 128  # the maximum number of rows that one call reads from the store


class StoredSizes:
    """The sizes of one table and its indexes. Implements `Sizes`."""

    def __init__(self, txn: ReadTxn, table: Table) -> None:
        self._txn = txn
        self._table = copy(table)
        self._table.enforcement = None  # so that nothing is charged or throttled

    def item(self, key: bytes) -> Item | None:
        """Return the item stored under a key, or None if there is no such item."""
        row = self._txn.get(key)
        return None if row is None else decode_row(row)

    def effect(self, planned: Write) -> Effect:
        """Return the effect that a write would have, without writing or charging anything."""
        row = self._txn.get(planned.key)
        before = 0 if row is None else row_size(row)
        planned.table = self._table
        try:
            change = planned.prepare(self._txn)
        except ApiError as error:
            return Effect(before, 0, {}, error.message or error.code)
        after = 0 if change.new_row is None else row_size(change.new_row)
        if change.old_row == change.new_row:
            return Effect(before, after, {})
        changes = entry_changes(self._table, change)
        return Effect(before, after, {each.index.name: each.units for each in changes if each.units})

    def extent(self, limits: Range) -> Extent:
        """Return the number and size of the rows in a range of storage keys.

        Stop when the rows fill one page (1 MB).
        """
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

    def first_page(self, planned: Pages, *, consistent: bool) -> float:
        """Return the read units of a SELECT's first page. Read the page without charging it."""
        table = self._table
        relation = table if isinstance(planned.relation, Table) else planned.relation
        unfiltered: list[tuple[Range, Test | None]] = [(limits, None) for limits, _ in planned.ranges]
        read = replace(planned, table=table, relation=relation, ranges=unfiltered, project=None)
        return pages.read(self._txn, read, None, consistent=consistent).consumed.total()

    def total(self, index: Index | None) -> Extent:
        """Return the number and size of all rows of the table or of an index."""
        counted = statistics.read(self._txn, self._table.statistics_key, 1 + len(self._table.indexes))
        items, size = counted[0 if index is None else index.position]
        return Extent(items, size, complete=True)
