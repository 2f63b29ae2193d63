"""Estimates the units that a statement would consume, from the sizes of stored items.

Sizes are those of the moment. A read is estimated for its first page, because a client pays page by
page. The new item of an UPDATE is not computed: the estimate takes the size of the old item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from emulator.database.items.ranges import Range
from emulator.database.items.requested import Delete, Put, Update, Write
from emulator.database.schema.index import Index
from emulator.database.throughput.capacity import entry_units, read_units, write_units
from emulator.explaining.accesses import Access
from emulator.limits import PAGE
from emulator.partiql.select import Pages, Read
from emulator.values.size import item_size
from emulator.values.types import Item

QUERIES_OF_A_PAGE: Final = 10
"""How many queries one page of a SELECT runs (partiql/pages.py)."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The rows of a range of storage keys.

    complete: whether these are all rows. If not, they fill a page of 1 MB.
    """

    items: int
    size: int
    complete: bool


class Sizes(Protocol):
    """The sizes of what is stored, in bytes."""

    def item(self, key: bytes) -> Item | None:
        """Return a stored item, None if there is none."""
        ...

    def extent(self, limits: Range) -> Extent:
        """Return the number and size of the rows in a range, at most those of one page."""
        ...

    def total(self, index: Index | None) -> Extent:
        """Return the number and size of all rows of the table or of an index."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """The estimated cost of a statement.

    read, write: units. For a read, they are those of its first page.
    items, size: the items that the first page evaluates, and their bytes.
    pages: how many pages all items need; None if this is unknown.
    total: the read units of all pages; None if this is unknown.
    reasons: sentences.
    """

    read: float = 0.0
    write: float = 0.0
    items: int = 0
    size: int = 0
    pages: int | None = 1
    total: float | None = None
    reasons: tuple[str, ...] = ()


def cost_of(access: Access, sizes: Sizes, *, consistent: bool = False) -> Cost:
    """Return the estimated cost of a statement."""
    planned = access.plan
    if isinstance(planned, Read):
        return _of_item(planned, sizes, consistent=consistent)
    if isinstance(planned, Write):
        return _of_write(planned, sizes)
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
    first = planned.ranges if planned.merged else planned.ranges[:QUERIES_OF_A_PAGE]
    found: list[Extent] = []
    for limits, _ in first:
        found.append(sizes.extent(limits))
        if not found[-1].complete or (not planned.merged and sum(each.size for each in found) >= PAGE):
            break
    items, size = sum(each.items for each in found), sum(each.size for each in found)
    if planned.merged:
        size = min(size, PAGE)
        units = read_units(size, consistent=consistent)
    else:
        units = sum(read_units(each.size, consistent=consistent) for each in found)
    complete = len(found) == len(planned.ranges) and all(each.complete for each in found)
    reasons = [_read_rule(size) if len(found) == 1 else _queries_rule(found, size)]
    if planned.fetch:
        # behaviour 9.1: for each entry, the table is read for an item of unknown size
        units += items * read_units(0, consistent=consistent)
        reasons.append("The local index does not project all attributes. So each item is also read from the table.")
    reasons.append(_halved(consistent=consistent))
    if not complete:
        reasons.append("There are more items than one page of 1 MB has. Each further page costs units too.")
    return Cost(units, 0.0, items, size, 1 if complete else None, units if complete else None, tuple(reasons))


def _of_scan(access: Access, planned: Pages, sizes: Sizes, *, consistent: bool) -> Cost:
    whole = sizes.total(access.index)
    pages = max(1, -(-whole.size // PAGE))
    page = min(whole.size, PAGE)
    units, total = (read_units(size, consistent=consistent) for size in (page, whole.size))
    items = whole.items if pages == 1 else whole.items * page // whole.size
    what = "index" if access.index is not None else "table"
    reasons = [f"A Scan reads every item of the {what}: {whole.items:,} items, {whole.size:,} bytes.", _read_rule(page)]
    if planned.fetch:
        units += items * read_units(0, consistent=consistent)
        total += whole.items * read_units(0, consistent=consistent)
        reasons.append("The local index does not project all attributes. So each item is also read from the table.")
    reasons.append(_halved(consistent=consistent))
    if pages > 1:
        reasons.append(f"All items need {pages:,} pages of 1 MB, which together cost {total:,g} units.")
    return Cost(units, 0.0, items, page, pages, total, tuple(reasons))


def _read_rule(size: int) -> str:
    return f"A read costs 1 unit for each 4 KB, rounded up. It reads {size:,} bytes."


def _queries_rule(found: Sequence[Extent], size: int) -> str:
    return f"Each of the {len(found)} queries costs 1 unit for each 4 KB, rounded up. They read {size:,} bytes."


def _halved(*, consistent: bool) -> str:
    if consistent:
        return "A strongly consistent read costs the whole units."
    return "An eventually consistent read costs half of the units."


# --- writes ---------------------------------------------------------------------------------------


def _of_write(planned: Write, sizes: Sizes) -> Cost:
    old = sizes.item(planned.key)
    before = 0 if old is None else item_size(old)
    after = item_size(planned.key_item) if isinstance(planned, Put) else 0
    reasons = [f"A write costs 1 unit for each 1 KB of the larger of old and new item: {max(before, after):,} bytes."]
    if isinstance(planned, Put) and old is not None:
        reasons.append("There is an item with this key now. So the INSERT would fail, and would cost its units.")
        return Cost(write=write_units(before, 0), items=1, size=before, reasons=tuple(reasons))
    if isinstance(planned, Update):
        if old is None:
            reasons.append("There is no item with this key now. So the UPDATE would fail, and would cost 1 unit.")
        else:
            reasons.append("The new item is not computed. This estimate takes the size of the old item.")
    units = write_units(before, after)
    for index in planned.table.indexes:
        extra = _of_entry(planned, index, old)
        if extra:
            units += extra
            reasons.append(f"The entry in index {index.name} costs {extra:g} more.")
    return Cost(write=units, items=int(old is not None), size=max(before, after), reasons=tuple(reasons))


def _of_entry(planned: Write, index: Index, old: Item | None) -> float:
    """Return the units of writing the entry of an item in an index, 0 if it stays as it is."""
    if isinstance(planned, Put):
        item = planned.key_item
        return 0.0 if index.key(item, planned.key) is None else entry_units(item_size(index.project(item)))
    if old is None or index.key(old, planned.key) is None:
        return 0.0
    units = entry_units(item_size(index.project(old)))
    if isinstance(planned, Delete):
        return units
    if not isinstance(planned, Update) or planned.update is None:
        return 0.0
    changed = planned.update.attributes
    if not changed.isdisjoint(index.key_names):
        return 2 * units  # the old entry is deleted, and a new one written
    return units if index.projects_all or not changed.isdisjoint(index.attributes) else 0.0
