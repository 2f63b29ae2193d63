"""Estimates the capacity units that a statement would consume, from the sizes of stored items.

The sizes are read when the estimate is made. The estimate for a read is about its first page,
because a client pays for one page after another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from emulator.database.items.ranges import Range
from emulator.database.items.requested import Write
from emulator.database.schema.index import Index
from emulator.database.throughput.capacity import read_units, write_units
from emulator.explaining.accesses import CHECK, Access
from emulator.limits import PAGE
from emulator.partiql.select import Pages, Read
from emulator.values.size import item_size
from emulator.values.types import Item

QUERIES_OF_A_PAGE: Final = 10
"""The maximum number of queries that one page of a SELECT runs (partiql/pages.py)."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The number and size of the rows in a range of storage keys.

    complete: True if all rows of the range were counted. False if the counting stopped after 1 MB,
    the size of a page.
    """

    items: int
    size: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What a write would do to the item and its index entries.

    before, after: the size of the item before and after the write, 0 if there is no item. If the
    write would fail, `after` is 0.
    entries: name of an index -> write units for its changed entries.
    failure: why the write would fail now, None if it would succeed.
    """

    before: int
    after: int
    entries: Mapping[str, float]
    failure: str | None = None


class Sizes(Protocol):
    """A source of the sizes of stored items, in bytes."""

    def item(self, key: bytes) -> Item | None:
        """Return the item stored under a key, or None if there is no such item."""
        ...

    def effect(self, planned: Write) -> Effect:
        """Return the effect that a write would have, without writing or charging anything."""
        ...

    def extent(self, limits: Range) -> Extent:
        """Return the number and size of the rows in a range of storage keys.

        Stop when the rows fill one page (1 MB).
        """
        ...

    def first_page(self, planned: Pages, *, consistent: bool) -> float:
        """Return the read units of a SELECT's first page. Read the page without charging it."""
        ...

    def total(self, index: Index | None) -> Extent:
        """Return the number and size of all rows of the table or of an index."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """The estimated cost of a statement.

    read: the read units of the first page. write: the write units.
    items, size: the number of items that the first page evaluates, and their size in bytes.
    pages: the number of pages that all items need; None if it is unknown.
    total: the read units of all pages; None if they are unknown.
    reasons: sentences that explain the cost.
    """

    read: float = 0.0
    write: float = 0.0
    items: int = 0
    size: int = 0
    pages: int | None = 1
    total: float | None = None
    reasons: tuple[str, ...] = ()


def cost_of(access: Access, sizes: Sizes, *, consistent: bool = False) -> Cost:
    """Return the estimated cost of a statement's native operation.

    consistent: True for a strongly consistent read.
    """
    planned = access.plan
    if isinstance(planned, Read):
        return _of_item(planned, sizes, consistent=consistent)
    if isinstance(planned, Write):
        return _of_write(access, planned, sizes)
    if planned.query:
        return _of_query(planned, sizes, consistent=consistent)
    return _of_scan(access, planned, sizes, consistent=consistent)


# --- reads ----------------------------------------------------------------------------------------


def _of_item(planned: Read, sizes: Sizes, *, consistent: bool) -> Cost:
    item = sizes.item(planned.key)
    size = 0 if item is None else item_size(item)
    units = read_units(size, consistent=consistent)
    why = "There is no item with this key now. The read costs the minimum." if item is None else _read_rule(size)
    return Cost(
        read=units, items=int(item is not None), size=size, total=units, reasons=(why, _halved(consistent=consistent))
    )


def _of_query(planned: Pages, sizes: Sizes, *, consistent: bool) -> Cost:
    found: list[Extent] = []
    for limits, _ in planned.ranges if planned.merged else planned.ranges[:QUERIES_OF_A_PAGE]:
        found.append(sizes.extent(limits))
        if not found[-1].complete or sum(each.size for each in found) >= PAGE:
            break
    items, size = sum(each.items for each in found), sum(each.size for each in found)
    units = sizes.first_page(planned, consistent=consistent)
    complete = len(found) == len(planned.ranges) and all(each.complete for each in found)
    reasons = [_read_rule(size) if len(found) == 1 else _queries_rule(found, size)]
    reasons += _further_rules(planned, consistent=consistent)
    if not complete:
        reasons.append("The first page may not have all items. Each further page costs units too.")
    return Cost(units, 0.0, items, size, 1 if complete else None, units if complete else None, tuple(reasons))


def _of_scan(access: Access, planned: Pages, sizes: Sizes, *, consistent: bool) -> Cost:
    whole, page = sizes.total(access.index), sizes.extent(planned.ranges[0][0])
    units = sizes.first_page(planned, consistent=consistent)
    pages = 1 if page.complete else -(-whole.size // page.size)
    total = units if page.complete else round(units * whole.size / page.size, 1)
    what = "index" if access.index is not None else "table"
    reasons = [
        f"A Scan reads every item of the {what}: {whole.items:,} items with {whole.size:,} bytes.",
        f"{_read_rule(page.size)} A Scan rounds up for each partition.",
        *_further_rules(planned, consistent=consistent),
    ]
    if pages > 1:
        reasons.append(f"All items need about {pages:,} pages, which together cost about {total:,g} units.")
    return Cost(units, 0.0, page.items, page.size, pages, total, tuple(reasons))


def _further_rules(planned: Pages, *, consistent: bool) -> list[str]:
    if not planned.fetch:
        return [_halved(consistent=consistent)]
    fetching = "The local index does not project all attributes. So each item is also read from the table."
    return [fetching, _halved(consistent=consistent)]


def _read_rule(size: int) -> str:
    return f"A read costs 1 unit for each 4 KB, rounded up. This read has {size:,} bytes."


def _queries_rule(found: Sequence[Extent], size: int) -> str:
    return f"Each of the {len(found)} queries costs 1 unit for each 4 KB, rounded up. They read {size:,} bytes."


def _halved(*, consistent: bool) -> str:
    if consistent:
        return "A strongly consistent read costs all of these units."
    return "An eventually consistent read costs half of these units."


# --- writes ---------------------------------------------------------------------------------------


def _of_write(access: Access, planned: Write, sizes: Sizes) -> Cost:
    effect = sizes.effect(planned)
    largest = max(effect.before, effect.after)
    # A check exists only in transactions, which charge twice (behaviour 9.1).
    units = write_units(effect.before, effect.after) * (2 if access.operation == CHECK else 1)
    reasons = [f"A write costs 1 unit for each 1 KB of the larger of old and new item: {largest:,} bytes."]
    if access.operation == CHECK:
        reasons.append("EXISTS runs only in a transaction, which doubles the cost.")
    if effect.failure is not None:
        reasons.append(f"The statement would fail now ({effect.failure}), but it would still cost these units.")
    for name, more in effect.entries.items():
        units += more
        reasons.append(f"Writing the entries in index {name} costs {more:g} more units.")
    return Cost(write=units, items=int(effect.before > 0), size=largest, reasons=tuple(reasons))
