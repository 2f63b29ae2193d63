"""Reading pages: Query and Scan.

A page evaluates rows in key order until the range ends, `limit` rows were evaluated, or their sizes reach 1 MB; the row
that crosses the megabyte still belongs to the page (service-behaviour.md 6.2). Filters and projections come after that
accounting. Rows that go out as they are stored are never parsed: their JSON is spliced into the answer.

A Query is charged for the sizes of all evaluated rows together. A Scan reads partition after partition, and each is
rounded up by itself, the empty ones too (service-behaviour.md 9.1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from emulator.database import partitions
from emulator.database.capacity import Consumed, read_units
from emulator.database.ranges import Range, resume
from emulator.database.schema import Index, Table
from emulator.limits import PAGE
from emulator.values.rows import decode_row, row_json, row_size
from emulator.values.types import Item
from storage import ReadTxn

_CHUNK: Final = 128  # rows taken from the store at once

Test = Callable[[Item], bool]
Project = Callable[[Item], Item]


@dataclass(slots=True)
class PageRequest:
    """What to read: a range of a table or index, in which direction, how much of it, and what becomes of each row."""

    table: Table
    source: Table | Index
    range: Range
    reverse: bool
    limit: int
    consistent: bool
    test: Test | None = None
    project: Project | None = None
    count_only: bool = False
    fetch: bool = False
    """Read each item from the table: a local index does not hold everything that is asked for."""
    partition: bytes | None = None
    """The digest of the partition that a query reads, None for a scan."""
    scan: bool = False
    """Whether the capacity is a Scan's."""
    measured: bool = True
    """Whether the answer tells consumed capacity; if not, sizes are only added up where a page may be full."""


@dataclass(slots=True)
class Page:
    """items: the JSON texts of the matching items; last: the key to go on from, None at the range's end."""

    items: list[bytes]
    count: int
    scanned: int
    last: Item | None
    consumed: Consumed


def read_page(txn: ReadTxn, request: PageRequest) -> Page:
    """Read one page. Raises what enforced throughput refuses: a page is admitted while any capacity is left."""
    enforcement = request.table.enforcement
    throttle = None if enforcement is None else enforcement.throttle
    if throttle is None:
        return _page(txn, request)
    source = request.source
    name = source.name if isinstance(source, Index) and source.is_global else None
    throttle.admit(name, request.partition)
    request.measured = True
    page = _page(txn, request)
    throttle.charge(name, request.partition, page.consumed.total())
    return page


def _page(txn: ReadTxn, request: PageRequest) -> Page:
    if request.scan and request.measured:
        rows, units, stopped = _scanned(txn, request)
    else:
        rows, size, stopped = _evaluated(txn, request, request.range, request.limit)
        units = read_units(size, consistent=request.consistent)
    last = _key_of(request, rows[-1]) if stopped else None
    scanned = len(rows)
    consumed = _consumed(request, units)
    if request.fetch:
        rows = _fetched(txn, request, rows, consumed)
    items, count = _output(request, rows)
    return Page(items, count, scanned, last, consumed)


def _scanned(txn: ReadTxn, request: PageRequest) -> tuple[list[bytes], float, bool]:
    """Return the rows of a Scan's page, the units of all partitions it reads, and whether the page was cut.

    The page reads the partitions of its range up to the one in which it ends.
    """
    rows: list[bytes] = []
    size = 0
    units = 0.0
    for part in partitions.parts(request.table, request.source, request.range):
        found, size_now, stopped = _evaluated(txn, request, part, request.limit - len(rows), size)
        rows += found
        units += read_units(size_now - size, consistent=request.consistent)
        if stopped:
            return rows, units, True
        size = size_now
    return rows, units, False


def _evaluated(
    txn: ReadTxn, request: PageRequest, limits: Range, limit: int, size: int = 0
) -> tuple[list[bytes], int, bool]:
    """Return the rows of a range, up to a page's end, the page's size so far, and whether the page was cut.

    size: of the page's rows before this range. The returned one is 0 if nobody asked and it was not needed.

    Rows are taken by the chunk, which halves the time of a page. A row is never shorter than its item's size (see
    values/size.py), so while the rows' lengths stay within the megabyte nothing need be measured.
    """
    start, stop = limits
    reverse = request.reverse
    rows: list[bytes] = []
    length = PAGE if request.measured else 0
    while True:
        wanted = min(_CHUNK, limit - len(rows))
        taken, last = txn.page(start, stop, wanted, reverse=reverse)
        length += sum(map(len, taken))
        if length >= PAGE:
            if not size:
                size = sum(map(row_size, rows))
            for position, row in enumerate(taken, start=1):
                size += row_size(row)
                if size >= PAGE:
                    return rows + taken[:position], size, True
        rows += taken
        if len(rows) == limit:
            return rows, size, True
        if len(taken) < wanted:
            return rows, size, False
        start, stop = resume((start, stop), last, reverse=reverse)


def _output(request: PageRequest, rows: list[bytes]) -> tuple[list[bytes], int]:
    test, project = request.test, request.project
    if test is None and project is None:
        return ([], len(rows)) if request.count_only else (list(map(row_json, rows)), len(rows))
    if request.count_only:
        return [], sum(1 for row in rows if test is None or test(decode_row(row)))
    items = []
    for row in rows:
        item = decode_row(row)
        if test is None or test(item):
            items.append(row_json(row) if project is None else orjson.dumps(project(item)))
    return items, len(items)


def _key_of(request: PageRequest, row: bytes) -> Item:
    """Return the LastEvaluatedKey of a row: the table's key and, for an index, the index's."""
    item = decode_row(row)
    names = dict.fromkeys(request.source.key_names + request.table.key_names)
    return {name: item[name] for name in names}


def _consumed(request: PageRequest, units: float) -> Consumed:
    source = request.source
    if isinstance(source, Table):
        return Consumed(units)
    if source.local:
        return Consumed(local_indexes={source.name: units})
    return Consumed(global_indexes={source.name: units})


def _fetched(txn: ReadTxn, request: PageRequest, rows: list[bytes], consumed: Consumed) -> list[bytes]:
    """Replace index rows by the table's rows, each charged as a read of its own (reference 9.2)."""
    table = request.table
    fetched = []
    for row in rows:
        full = txn.get(table.item_key(table.key_attributes(decode_row(row))))
        assert full is not None, "an index entry always has its item"
        consumed.table += read_units(row_size(full), consistent=request.consistent)
        fetched.append(full)
    return fetched
