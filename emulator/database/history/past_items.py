"""The items of a table as they were at an earlier time, read in slices in the order of keys.

The package's docstring explains the design. A table without recovery can be opened too, with its
current items.
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
"""An item's key without the prefix of its table, and its row."""

Rows = tuple[list[Row], bytes | None]
"""Items in the order of their keys; the start of the next page, None if no item remains."""

_KEPT: Final = keyspace.counter("past")
"""The key under which the view keeps its `Past`."""

_FIRST: Final = 4  # the most items in the first part of a page
STEPS: Final = 5  # the most steps through a history for each part of a page: about 5 ms
_CHUNK: Final = 64  # the most items, or keys of a history, that are read at once


@dataclass(frozen=True, slots=True)
class Past:
    """A table at an earlier time, open for reading.

    view: the number of its frozen view. The code that opened the table stores this number.
    table: the id of the table. history: the id of its history, None for a table with its current
    items.
    micros: the time, in microseconds; changes of this microsecond are included.
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
        """Return this as JSON."""
        return orjson.dumps(self)


def open_past(views: Views, change: DefinitionChange, table: TableDefinition, at: float | None) -> Past:
    """Open a table as it was at the time `at` (seconds), or as it is now (None).

    The caller checks that the time is in the table's window.
    """
    number = table.history if at is not None else None
    prefixes = [keyspace.items(table.id)]
    if number is not None:
        prefixes += [keyspace.history_records(number), keyspace.history_keys(number)]
    view = views.open(change, prefixes)
    past = Past(view.id, table.id, number, 0 if at is None else microseconds(at))
    views.keep(change.txn, view, _KEPT, past.dump())
    return past


def find(views: Views, txn: ReadTxn, number: int) -> Past | None:
    """Return the open table with this number, None if it is closed."""
    view = views.get(number)
    if view is None or view.closing:
        return None
    kept = dict(views.kept(txn, view, _KEPT, _KEPT + b"\0"))
    return Past.load(kept[_KEPT])


def close(views: Views, change: DefinitionChange, past: Past) -> None:
    """Close a table, if it is open."""
    close_view(views, change, past.view)


def close_view(views: Views, change: DefinitionChange, number: int, *, last: bool = True) -> None:
    """Close the table with this number, if it is open. last: see Views.close."""
    view = views.get(number)
    if view is not None and not view.closing:
        views.close(change, view, last=last)


def page(views: Views, txn: ReadTxn, past: Past, start: bytes, limit: int, size: int) -> Rows:
    """Return items from `start` on, and the start of the next page: None if no items remain.

    The first page starts at b"". A page visits at most `limit` current items, and at most `limit`
    items that were changed after the time. So a page may have fewer items, or none, although others
    follow. It ends early once its rows have more than `size` bytes. Raises Interrupted as
    Views.page does.
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
    """Return a part of a page.

    The first parts are small: the rows of a part may be older than the items that it reads, and
    much larger.
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
    """Return the view of an open table."""
    view = views.get(past.view)
    assert view is not None, "the view is open until its user closes it"
    return view


def record(views: Views, txn: ReadTxn, past: Past, where: bytes) -> bytes | None:
    """Return an item's row before the change that is recorded at the position `where`.

    The row is None if there was no item.
    """
    assert past.history is not None, "only a table with a history has records"
    stored = views.value(txn, open_view(views, past), keyspace.history_records(past.history) + where)
    assert stored is not None, "a pointer and its record are stored and deleted together"
    return record_of(stored).old


def first_records(
    views: Views, txn: ReadTxn, past: Past, since: bytes, start: bytes, end: bytes | None = None
) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield each item with a record at or after `since`, and the position of its first such record.

    A table may have very many older records, of items that no longer exist. So this also yields
    pairs of an item and None, one after each step: all items before that item are done. The caller
    may stop at such a pair, and continue later with `start` at that item. It must take at least two
    steps each time: the first step may not get beyond `start`. start, end: the range of items, both
    included; None is the end of the table.
    """
    assert past.history is not None, "only a table with a history has records"
    view = open_view(views, past)
    pointers = keyspace.history_keys(past.history)
    at = pointers + keyspace.history_key(start)
    stop = prefix_end(pointers) if end is None else pointers + keyspace.history_key(end) + LAST
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
            # Skip the other records of a yielded item, and records before `since`.
            beyond = LAST if item == found else max(where + b"\0", since)
            at = pointers + keyspace.history_key(item) + beyond
            yield (item + b"\0" if item == found else item), None
