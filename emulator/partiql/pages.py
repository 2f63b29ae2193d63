"""Reads a SELECT of several items, one page at a time (behaviour 14.2).

A page ends like a page of a Query or Scan: after `Limit` evaluated items, or after 1 MB.

A SELECT may need several queries, which run one after another. Each query consumes capacity units
separately. A page runs at most ten queries (Developer Guide, "PartiQL arithmetic, comparison, and
logical operators", on IN). The size of the page is checked only after each query, by the units
consumed so far. So a page of several queries may have up to a megabyte more than the limit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from typing import Final, Self

from emulator import errors
from emulator.database.items import ranges
from emulator.database.items.ranges import Range
from emulator.database.items.read import UNLIMITED, Page, PageRequest, complete, read_page, read_page_of, seen
from emulator.database.schema.table import Table
from emulator.database.store.keyspace import DIGEST, ITEM_PREFIX, partition_of
from emulator.database.throughput.capacity import Consumed
from emulator.limits import PAGE, READ_UNIT
from emulator.partiql.select import Pages
from emulator.slices import Steps
from emulator.values.types import Item
from storage import ReadTxn
from storage.keycode import prefix_end

_RANGES: Final = 10
_PARTITION: Final = ITEM_PREFIX + DIGEST
"""The number of bytes at the start of a storage key that identify the partition.

The rest of the storage key sorts like the sort key of the item.
"""


@dataclass(frozen=True, slots=True)
class Continuation:
    """The point at which the next page of a SELECT begins.

    position: the index in the plan's `ranges` of the range to read.
    after: the last key that was read in this range; None to read the range from its start.
    """

    position: int
    after: Item | None


@dataclass(slots=True)
class Result:
    """A page of a SELECT, and the point at which the next page begins.

    items: the items as JSON.
    last: the last evaluated key if the page ended within a range, otherwise None.
    next: where the next page begins; None if this is the last page.
    later: the reads whose items are not in `items` yet: the first read with untested rows, and all
        later reads. `complete` tests the rows, and adds the items of these reads to `items`.
    """

    items: list[bytes]
    last: Item | None
    next: Continuation | None
    consumed: Consumed
    later: list[tuple[PageRequest, Page]] = field(default_factory=list)

    def add(self, request: PageRequest, page: Page) -> None:
        """Add the items of a read to the page.

        If this read or an earlier read has rows that the filter has not tested yet, keep this read
        in `later`.
        """
        if self.later or page.rest:
            self.later.append((request, page))
        else:
            self.items += page.items

    def complete(self) -> Steps[None]:
        """Filter and project the untested rows of the reads in `later`, some rows in each step.

        Then add the items of these reads to `items`.
        """
        for request, page in self.later:
            yield from complete(request, page)
            self.items += page.items
        self.later = []


def read(
    txn: ReadTxn,
    plan: Pages,
    start: Continuation | None,
    limit: int | None = None,
    *,
    consistent: bool = False,
    measured: bool = True,
    sliced: bool = False,
) -> Result:
    """Read one page of a SELECT.

    Raises ApiError if `start` cannot be a `Result.next` of this statement.

    start: where the page begins; None for the first page.
    limit: the maximum number of items to evaluate.
    measured: True if the caller needs the consumed units.
    sliced: True if the caller runs `complete` of the result, in slices. Then this function leaves
    rows to `complete` if their filter and projection take long.
    """
    remaining = UNLIMITED if limit is None else limit
    if plan.merged:
        return _read_merged(txn, plan, start, remaining, consistent=consistent, sliced=sliced)
    position, after = (0, None) if start is None else (start.position, start.after)
    if not 0 <= position < len(plan.ranges):
        raise errors.next_token_invalid()
    several = len(plan.ranges) > 1
    result = Result([], None, None, Consumed())
    for at in range(position, min(position + _RANGES, len(plan.ranges))):
        limits, test = plan.ranges[at]
        one_item = _states_whole_key(plan, limits)
        if after is not None:
            key = _start_key(plan, after)
            if not limits[0] <= key < limits[1]:
                raise errors.next_token_invalid()
            limits = ranges.resume(limits, key, reverse=plan.reverse)
            after = None
        range_limit = UNLIMITED if one_item else remaining
        request = PageRequest(plan.table, plan.relation, limits, plan.reverse, range_limit, consistent)
        request.test, request.project = test, plan.project
        request.fetch, request.measured = plan.fetch, measured or several
        request.partition = partition_of(limits[0]) if plan.query else None
        request.weight, request.sliced = plan.weight, sliced
        request.scan = not plan.query
        page = read_page(txn, request)
        result.add(request, page)
        result.consumed.add(page.consumed)
        remaining -= page.scanned
        if page.last is not None:
            result.last, result.next = page.last, Continuation(at, page.last)
            return result
        result.next = Continuation(at + 1, None) if at + 1 < len(plan.ranges) else None
        if remaining == 0 or result.consumed.total() * READ_UNIT * (1 if consistent else 2) >= PAGE:
            return result
    return result


def _states_whole_key(plan: Pages, limits: Range) -> bool:
    """Return True if a query is for one whole primary key of the table.

    Such a query never returns a last evaluated key (behaviour 6.2).
    """
    if not plan.query or not isinstance(plan.relation, Table):
        return False
    return plan.relation.range is None or limits[1] == limits[0] + b"\0"


def _start_key(plan: Pages, key: Item) -> bytes:
    try:
        return ranges.start_key(plan.table, plan.relation, key)
    except errors.ApiError:
        raise errors.next_token_invalid() from None


def _read_merged(
    txn: ReadTxn, plan: Pages, start: Continuation | None, limit: int, *, consistent: bool, sliced: bool
) -> Result:
    """Read a page of several partitions, with the items of all partitions in sort key order."""
    walk = _Merged(seen(txn, plan.table, consistent=consistent), plan, None if start is None else start.after)
    everything = (plan.relation.prefix, prefix_end(plan.relation.prefix))
    request = PageRequest(plan.table, plan.relation, everything, plan.reverse, limit, consistent)
    request.test, request.project, request.fetch = plan.ranges[0][1], plan.project, plan.fetch
    request.weight, request.sliced = plan.weight, sliced
    page = read_page_of(walk, request)
    result = Result([], page.last, None if page.last is None else Continuation(0, page.last), page.consumed)
    result.add(request, page)
    return result


class _Merged:
    """Takes the place of a read transaction, and merges a plan's ranges in sort key order.

    It serves the reads of one page. Each call of `scan` or `page` continues where the previous call
    ended, and ignores the range in its arguments.
    """

    def __init__(self, txn: ReadTxn, plan: Pages, after: Item | None) -> None:
        self._txn = txn
        self._reverse = plan.reverse
        limits = [part for part, _ in plan.ranges]
        if after is not None:
            key = _start_key(plan, after)
            if not any(low <= key < high for low, high in limits):
                raise errors.next_token_invalid()
            limits = [self._rest(part, key) for part in limits]
        walks = [txn.scan(*part, reverse=plan.reverse) for part in limits]
        self._walk = merge(*walks, key=lambda pair: (pair[0][_PARTITION:], pair[0]), reverse=plan.reverse)

    def _rest(self, limits: Range, key: bytes) -> Range:
        """Return the part of a range that comes after a key in the merged order.

        In the merged order, keys are sorted by sort key, and then by partition.
        """
        start, stop = limits
        partition = start[:_PARTITION]
        border = partition + key[_PARTITION:]
        if self._reverse:
            return start, max(start, min(stop, border + b"\0" if partition < key[:_PARTITION] else border))
        return max(start, border if partition > key[:_PARTITION] else border + b"\0"), stop

    def scan(self, _start: bytes, _stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        assert reverse == self._reverse, "all reads of a page must have the direction of the plan"
        return self._walk

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> tuple[list[bytes], bytes]:
        pairs = list(islice(self.scan(start, stop, reverse=reverse), limit))
        return [row for _, row in pairs], pairs[-1][0] if pairs else b""

    def get(self, key: bytes) -> bytes | None:
        return self._txn.get(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: the code that opened the real transaction closes it."""
