"""Reads: pages of Query and Scan, and the cost of reading one item.

A row is *evaluated* when the page visits it, even if the request's filter then drops it. A page
ends at the end of the range, after `limit` evaluated rows, or when the evaluated rows have 1 MB
together, whichever comes first. The row that reaches the megabyte still belongs to the page
(behaviour 6.2). Without a filter and a projection, no row is parsed: the JSON of each row is copied
into the response.

The read units of a Query follow from the total size of the evaluated rows. A Scan reads one
partition after another, and the size of the evaluated rows is rounded up for each partition. An
empty partition costs the minimum (behaviour 9.1).

A filter with many operators takes seconds on a page with many rows. If the operation that reads can
wait for slices, such a filter runs in slices after the transaction, on the rows that were read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import orjson

from emulator.database.items import partitions
from emulator.database.items.ranges import Range, resume
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput.capacity import Consumed, read_units
from emulator.database.throughput.enforcement import Enforcement
from emulator.limits import PAGE
from emulator.slices import Steps
from emulator.values.rows import decode_row, row_json, row_size
from emulator.values.types import Item
from storage import ReadTxn

UNLIMITED: Final = 1 << 60  # the `limit` of a Query or Scan whose request has no Limit
_CHUNK: Final = 128  # how many rows are read from the store in one call
# After _MANY rows, a page is read in larger chunks: 133,000 tiny rows take 41 ms instead of 46.
_MANY: Final = 8_192
_LARGE_CHUNK: Final = 1_024

Test = Callable[[Item], bool]
Project = Callable[[Item], Item]


@dataclass(slots=True, eq=False)
class PageRequest:
    """A request for a page of a Query or Scan: which rows to read, and what to do with each row.

    relation: the table itself, or the index that is read.
    range: the storage keys to read.
    test: the filter, or None to keep all rows.
    project: the projection, or None for whole items.
    """

    table: Table
    relation: Table | Index
    range: Range
    reverse: bool
    limit: int
    consistent: bool
    test: Test | None = None
    project: Project | None = None
    count_only: bool = False
    fetch: bool = False
    """True if each item must be read from the table.

    This is necessary if a local index lacks some of the requested attributes.
    """
    partition: bytes | None = None
    """The digest of the partition key that a Query reads, None for a Scan."""
    scan: bool = False
    """Whether the consumed units are computed by the rules of a Scan, and not of a Query."""
    measured: bool = True
    """Whether the consumed units must be computed, for example because the response reports them.

    If not, item sizes are added up only when the page may be full.
    """
    weight: int = 0
    """The units of work that `test` and `project` take on a tiny row: see `_ROW_WORK`."""
    sliced: bool = False
    """True if the caller calls `complete` after `read_page`.

    Then `read_page` leaves the testing and projecting of the rows to `complete` if this work takes
    long.
    """


@dataclass(slots=True, eq=False)
class Page:
    """One page of a Query or Scan.

    items: the matching items as JSON texts. One text may have several items, joined by commas.
    count: the number of matching items.
    scanned: the number of evaluated rows.
    last: the LastEvaluatedKey, or None if the read has reached the end of the range.
    rest: evaluated rows that the function `complete` must still test and project.
    """

    items: list[bytes]
    count: int
    scanned: int
    last: Item | None
    consumed: Consumed
    rest: Sequence[bytes] = ()


def item_units(row: bytes | None, *, consistent: bool) -> float:
    """Return the read units that reading one item costs.

    row: the item's row, or None if there is no item: this costs as much as the smallest item.
    """
    return read_units(0 if row is None else row_size(row), consistent=consistent)


def charge(table: Table, key: bytes, item: Item, units: float) -> None:
    """Charge the read of one item, if the table's throughput is enforced or its reads are counted.

    key: the item's storage key.
    item: the request's Key.
    units: the read units.
    Raises ApiError if a throughput limit or a fault refuses the read.
    """
    if table.enforcement is not None:
        table.enforcement.read(keyspace.partition_of(key), units, item)


def read_page(txn: ReadTxn, request: PageRequest) -> Page:
    """Read one page of a Query or Scan. Raises ApiError if a limit or a fault refuses the read.

    The page's cost is not known before the read. So the read is admitted if at least half a read
    unit is left (throughput/throttle.py).
    """
    enforcement = request.table.enforcement
    if enforcement is None:
        return _page(txn, request)
    if enforcement.lag is not None and not request.consistent:
        txn = enforcement.lag.past(txn)
    return _enforced_page(txn, request, enforcement)


def read_page_of(txn: ReadTxn, request: PageRequest) -> Page:
    """Read one page as `read_page` does, but apply no lag: `txn` is based on a result of `seen`."""
    enforcement = request.table.enforcement
    return _page(txn, request) if enforcement is None else _enforced_page(txn, request, enforcement)


def seen(txn: ReadTxn, table: Table, *, consistent: bool) -> ReadTxn:
    """Return the transaction that a read of this table must use.

    If a test makes eventually consistent reads of the table lag (database/lagging/), the result
    shows an earlier state of the table. Otherwise the result is `txn`.
    """
    enforcement = table.enforcement
    if consistent or enforcement is None or enforcement.lag is None:
        return txn
    return enforcement.lag.past(txn)


def _enforced_page(txn: ReadTxn, request: PageRequest, enforcement: Enforcement) -> Page:
    """Read one page of a table with an `Enforcement`: check its throughput, and charge the read."""
    relation = request.relation
    name = relation.name if isinstance(relation, Index) and relation.is_global else None
    enforcement.admit(name, request.partition)
    request.measured = True
    insights = enforcement.insights
    counted = None if insights is None else insights.relations.get(name)
    recorder = _Recorder(txn)
    page = _page(txn if counted is None else recorder, request)
    units = page.consumed.total()
    enforcement.charge_page(name, request.partition, units)
    if counted is not None:
        items = list(map(decode_row, recorder.rows[: page.scanned]))
        counted.add_page(request.partition, units, [(_partition(request, item), item) for item in items])
    return page


def _partition(request: PageRequest, item: Item) -> bytes:
    """Return the digest of an item's partition key in the table or index that is read.

    item: an item that the Query or Scan has evaluated.
    """
    if request.partition is not None:
        return request.partition
    table, relation = request.table, request.relation
    key = table.key_of_item(item) if isinstance(relation, Table) or relation.local else relation.key(item, b"")
    assert key is not None, "an item with an index entry must have all key attributes of the index"
    return keyspace.partition_of(key)


class _Recorder:
    """A read transaction that keeps the rows that its method `page` returns, in `rows`.

    Contributor Insights counts the keys of the rows that the Query or Scan evaluates. `rows` may
    have more rows: the evaluated rows come first.
    """

    def __init__(self, txn: ReadTxn) -> None:
        self._txn = txn
        self.rows: list[bytes] = []
        self.get = txn.get
        self.scan = txn.scan

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> tuple[list[bytes], bytes]:
        """Return the same rows and last key as `ReadTxn.page`. Add the rows to `self.rows`."""
        rows, last = self._txn.page(start, stop, limit, reverse=reverse)
        self.rows += rows
        return rows, last

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: the code that began the transaction ends it."""


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
    if request.sliced and _takes_long(request, rows):
        return Page([], 0, scanned, last, consumed, rows)
    items, count = _output(request, rows)
    return Page(items, count, scanned, last, consumed)


def complete(request: PageRequest, page: Page) -> Steps[None]:
    """Test and project the rows in `page.rest`, some in each step; add the items to `page`."""
    rows, page.rest = page.rest, ()
    begun = work = 0
    for position, row in enumerate(rows, 1):
        work += _ROW_WORK + request.weight + request.weight * len(row) // _BYTES_OF_WORK
        if work >= _STEP or position == len(rows):
            items, count = _output(request, rows[begun:position])
            page.items += items
            page.count += count
            begun, work = position, 0
            yield None


def _takes_long(request: PageRequest, rows: list[bytes]) -> bool:
    """Return True if testing and projecting these rows takes too long for one step.

    Other requests wait until a step ends.
    """
    work = len(rows) * (_ROW_WORK + request.weight)
    if request.weight:
        work += request.weight * sum(map(len, rows)) // _BYTES_OF_WORK
    return work > _LONG


# These constants estimate how long a page takes. One unit of work is one operator or operand of a
# filter, evaluated on a tiny row: 15 to 50 ns. On a longer row, each operator or operand takes one
# more unit for each _BYTES_OF_WORK bytes of the row, because some operators read whole values.
_ROW_WORK: Final = 10  # units of work for decoding a row
PROJECTION_WORK: Final = 20  # units of work for making a projected item and its JSON
_BYTES_OF_WORK: Final = 300
# A page that takes more than _LONG units (6 to 20 ms) is completed in steps of _STEP units. For
# example, 150 comparisons on a page of 133,000 tiny items (1 MB) take 60 million units.
_LONG: Final = 400_000
_STEP: Final = 40_000


def _scanned(txn: ReadTxn, request: PageRequest) -> tuple[list[bytes], float, bool]:
    """Return a Scan page's rows, their read units, and True if keys of the range remain unread.

    The page reads one partition after another until it is full. The units are rounded up for each
    partition that is read.
    """
    rows: list[bytes] = []
    size = 0
    units = 0.0
    for part in partitions.parts(request.table, request.relation, request.range):
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
    """Return rows of a range, the size of the page, and True if keys of the range may be unread.

    limits: the range.
    limit: the maximum number of rows to return.
    size: the total item size, in bytes, of the rows that the page already has. The returned size
    includes `size`. If the consumed units are not needed, and the rows have less than 1 MB
    together, the returned size is 0.

    Reading rows in chunks halves the time of a page. If the consumed units are not needed, the
    function first adds up the lengths of the rows, which is faster than adding up item sizes. A row
    is never shorter than its item's size (values/size.py). So the page cannot be full until the
    lengths add up to 1 MB. Only then does the function compute item sizes.
    """
    start, stop = limits
    reverse = request.reverse
    rows: list[bytes] = []
    length = PAGE if request.measured else 0
    while True:
        wanted = min(_CHUNK if len(rows) < _MANY else _LARGE_CHUNK, limit - len(rows))
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


def _output(request: PageRequest, rows: Sequence[bytes]) -> tuple[list[bytes], int]:
    test, project = request.test, request.project
    if test is None and project is None:
        return ([], len(rows)) if request.count_only else (list(map(row_json, rows)), len(rows))
    if request.count_only:
        return [], sum(1 for row in rows if test is None or test(decode_row(row)))
    if project is not None:
        return _projected(rows, test, project)
    items = [row_json(row) for row in rows if test is None or test(decode_row(row))]
    return items, len(items)


def _projected(rows: Sequence[bytes], test: Test | None, project: Project) -> tuple[list[bytes], int]:
    """Return the matching items as JSON texts, and the number of matching items.

    Each text has several items, joined by commas, because even a short text takes 4 KB of memory.
    """
    texts, count = [], 0
    for begun in range(0, len(rows), _CHUNK):
        items = map(decode_row, rows[begun : begun + _CHUNK])
        projected = [project(item) for item in items if test is None or test(item)]
        if projected:
            texts.append(orjson.dumps(projected)[1:-1])
            count += len(projected)
    return texts, count


def _key_of(request: PageRequest, row: bytes) -> Item:
    """Return the LastEvaluatedKey for a page that ends with this row.

    The LastEvaluatedKey has the key attributes of the table, and of the index if one is read.
    """
    item = decode_row(row)
    names = dict.fromkeys(request.relation.key_names + request.table.key_names)
    return {name: item[name] for name in names}


def _consumed(request: PageRequest, units: float) -> Consumed:
    relation = request.relation
    if isinstance(relation, Table):
        return Consumed(units)
    if relation.local:
        return Consumed(local_indexes={relation.name: units})
    return Consumed(global_indexes={relation.name: units})


def _fetched(txn: ReadTxn, request: PageRequest, rows: list[bytes], consumed: Consumed) -> list[bytes]:
    """Return the table's row of each item, for rows of a local index that lack some attributes.

    The read units of each read from the table are added to `consumed` (behaviour 9.2).
    """
    table = request.table
    fetched = []
    for row in rows:
        full = txn.get(table.item_key(table.key_attributes(decode_row(row))))
        assert full is not None, "an item with an index entry must exist in the table"
        consumed.table += read_units(row_size(full), consistent=request.consistent)
        fetched.append(full)
    return fetched
