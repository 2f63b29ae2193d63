"""Reading a table's items as they were at an earlier time, in slices, in the order of keys.

The package's docstring explains the design. `open_past` fixes the time before the first read. For
a table without recovery, the only possible time is the present.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import orjson

from emulator.clock import microseconds
from emulator.database.changes.history import LAST, position, record_of
from emulator.database.definitions.tables import TableDefinition
from emulator.database.store import keyspace
from emulator.database.store.loading import from_fields
from emulator.database.store.registry import DefinitionChange
from emulator.database.views.views import View, Views
from storage import ReadTxn
from storage.keycode import prefix_end

Row = tuple[bytes, bytes]
"""A pair: an item's storage key without the table's prefix, and the item's row."""

Rows = tuple[list[Row], bytes | None]
"""Items in the order of their keys, and the `start` of the next page: None if no item remains."""

_KEPT: Final = keyspace.counter("past")
"""The storage key under which a frozen view keeps its `Past`."""

_FIRST: Final = 4  # the maximum number of items in the first part of a page; the parts grow (see `_part`)
STEPS: Final = 5  # a part of a page ends after this many steps of `first_records`: about 5 ms
_CHUNK: Final = 64
"""The maximum number of items in a part of a page.

Also the number of keys that `first_records` reads in one step.
"""


@dataclass(frozen=True, slots=True)
class Past:
    """A table that has been opened for reading, as it was at an earlier time.

    view: the number of its frozen view. The code that opened the table stores this number.
    table: the id of the table.
    history: the id of the table's history, or None if the table was opened with its current items.
    micros: the earlier time, in microseconds. Changes of this microsecond are visible. 0 if
    `history` is None.
    """

    view: int
    table: int
    history: int | None
    micros: int

    @classmethod
    def load(cls, stored: bytes) -> Self:
        """Return the Past that dump() stored."""
        return from_fields(cls, orjson.loads(stored))

    def dump(self) -> bytes:
        """Return the Past as JSON."""
        return orjson.dumps(self)


def open_past(views: Views, change: DefinitionChange, table: TableDefinition, at: float | None) -> Past:
    """Open a table for reading its items as they were at the time `at`.

    at: seconds since the epoch. None means the current items. The caller must have checked that
    the table's history reaches back to `at` (definitions/recovery.py).
    """
    number = table.history if at is not None else None
    prefixes = [keyspace.items(table.id)]
    if number is not None:
        prefixes += [keyspace.history_records(number), keyspace.history_pointers(number)]
    view = views.open(change, prefixes)
    past = Past(view.id, table.id, number, 0 if at is None else microseconds(at))
    views.keep(change.txn, view, _KEPT, past.dump())
    return past


def find(views: Views, txn: ReadTxn, number: int) -> Past | None:
    """Return the `Past` in the frozen view with this number, or None if the view is closed."""
    view = views.get(number)
    if view is None or view.closing:
        return None
    kept = dict(views.kept(txn, view, _KEPT, _KEPT + b"\0"))
    return Past.load(kept[_KEPT])


def close(views: Views, change: DefinitionChange, past: Past) -> None:
    """Close a table that `open_past` opened. Do nothing if it is already closed."""
    close_view(views, change, past.view)


def close_view(views: Views, change: DefinitionChange, number: int, *, no_more_writes: bool = True) -> None:
    """Close the frozen view with this number, if it is open.

    no_more_writes: True if the transaction writes no keys that the view covers after this call.
    """
    view = views.get(number)
    if view is not None and not view.closing:
        views.close(change, view, no_more_writes=no_more_writes)


def page(views: Views, txn: ReadTxn, past: Past, start: bytes, limit: int, size: int) -> Rows:
    """Return a pair: a page of items, and the `start` of the next page, or None if no items remain.

    start: the first key to visit, b"" for the first page. A page visits at most `limit` current
    items, and at most `limit` items that changed after the time of `past`. So a page may have fewer
    items, or none, although more pages follow. A page ends early when its rows have `size` bytes.
    Raises Interrupted if this process has not loaded the newest definitions.
    """
    found: list[Row] = []
    at: bytes | None = start
    part = min(_FIRST, _CHUNK)
    while at is not None and limit > 0 and size > 0:
        rows, at = _part(views, txn, past, at, min(limit, part), size)
        limit -= part
        size -= sum(len(row) for _, row in rows)
        found += rows
        part = min(2 * part, _CHUNK)
    return found, at


def _part(views: Views, txn: ReadTxn, past: Past, start: bytes, limit: int, size: int) -> Rows:
    """Return a part of a page: some items, and the `start` of the next part.

    The second value is None if no items remain. The first parts of a page have few items, because
    the size of a part is unknown until it is read: the rows in the history may be much larger than
    the current rows.
    """
    view = open_view(views, past)
    items = keyspace.items(past.table)
    found, last = views.page(txn, view, items + start, prefix_end(items), limit, size)
    rows = {key[keyspace.ITEM_PREFIX :]: row for key, row in found}
    end = None if last is None else last[keyspace.ITEM_PREFIX :]
    if past.history is None:
        return list(rows.items()), _after(end)
    visited = steps = 0
    for item, where in first_records(views, txn, past, position(past.micros + 1), start, end):
        if visited == limit or steps == STEPS or size <= 0:
            return sorted(pair for pair in rows.items() if pair[0] < item), item
        if where is None:
            steps += 1
            continue
        visited += 1
        row = record(views, txn, past, where)
        if row is not None:
            rows[item] = row
            size -= len(row)
        else:
            rows.pop(item, None)
    return sorted(rows.items()), _after(end)


def _after(end: bytes | None) -> bytes | None:
    return None if end is None else end + b"\0"


# --- histories in a view --------------------------------------------------------------------------


def open_view(views: Views, past: Past) -> View:
    """Return the frozen view of an open table."""
    view = views.get(past.view)
    assert view is not None, "an open table must have a frozen view"
    return view


def record(views: Views, txn: ReadTxn, past: Past, where: bytes) -> bytes | None:
    """Return an item's row before the change that a record of the history describes.

    Return None if there was no item before the change.

    where: the position of the record.
    """
    assert past.history is not None, "the table must be open with its history"
    stored = views.value(txn, open_view(views, past), keyspace.history_records(past.history) + where)
    assert stored is not None, "the history must have a record at this position"
    return record_of(stored).old


def first_records(
    views: Views, txn: ReadTxn, past: Past, since: bytes, start: bytes, end: bytes | None = None
) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield (item, position) for each item with a history record at or after `since` (a position).

    item: the item's storage key without its table's prefix.
    position: the position of the item's first record at or after `since`.
    start: the first item to visit.
    end: the last item to visit; None for the last item of the table.

    The function works in steps of up to 64 records. A step may find no item, because a table may
    have many records from before `since`. After each step except the last, the function yields
    (item, None): all items before `item` are done. The caller may stop there, and call again later
    with this item as `start`. The caller must take at least two steps before each stop, because
    the first step may not get beyond `start`.
    """
    assert past.history is not None, "the table must be open with its history"
    view = open_view(views, past)
    pointers = keyspace.history_pointers(past.history)
    at = pointers + keyspace.history_item(start)
    stop = prefix_end(pointers) if end is None else pointers + keyspace.history_item(end) + LAST
    found = item = None
    more = True
    while more:
        chunk, last = views.page(txn, view, at, stop, _CHUNK)
        for key, _ in chunk:
            item, where = keyspace.history_pointer_of(key)
            if item != found and where >= since:
                found = item
                yield item, where
        more = last is not None
        if last is not None:
            item, where = keyspace.history_pointer_of(last)
            # The next step begins at `beyond` in the records of `item`. It skips all records of an
            # item that was already yielded. For another item, it skips the records before `since`.
            beyond = LAST if item == found else max(where + b"\0", since)
            at = pointers + keyspace.history_item(item) + beyond
            yield (item + b"\0" if item == found else item), None
