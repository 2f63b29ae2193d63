"""Reading the items of a table that changed in a range of time (a *window*), in the order of keys.

The window includes its first time and excludes its last time. Once the window is over, the caller
opens the table as it was at the end of the window (`past_items.open_past`), and calls `page`.
"""

from typing import Final, NamedTuple

from emulator.clock import microseconds
from emulator.database.changes.history import LAST, micros_of, position
from emulator.database.history.past_items import Past, first_records, open_view, record
from emulator.database.store import keyspace
from emulator.database.views.views import Views
from storage import ReadTxn

_STEPS: Final = 50  # a page ends after this many steps of `first_records`: about 10 ms
_CHUNK: Final = 64  # how many records of one item are read in one step


class Difference(NamedTuple):
    """An item that changed in a window (a range of time).

    item: the item's storage key without the prefix of its table.
    before: the item's row when the window began, or None if there was no item then.
    after: the item's row when the window ended, or None if there was no item then.
    micros: the time of the last change in the window, in microseconds since the epoch.

    For an item that was created and deleted in the window, `before` and `after` are None.
    """

    item: bytes
    before: bytes | None
    after: bytes | None
    micros: int


def page(
    views: Views, txn: ReadTxn, past: Past, window: tuple[float, float], start: bytes, limit: int, size: int
) -> tuple[list[Difference], bytes | None]:
    """Return a pair: a page of changed items, and the `start` of the next page.

    The second part is None if no page follows.

    start: the first key to visit, b"" for the first page.
    window: a first time, which is included, and a last time, which is excluded, in seconds since
    the epoch.
    limit: a page ends after this number of visited items.
    size: a page also ends when its rows have this number of bytes or more together.

    Raises Interrupted if this process has not loaded the newest definitions.
    """
    since, until = (position(microseconds(moment)) for moment in window)
    found: list[Difference] = []
    visited = steps = 0
    for item, first in first_records(views, txn, past, since, start):
        if visited == limit or steps == _STEPS or size <= 0:
            return found, item
        if first is None:
            steps += 1
            continue
        visited += 1
        if first < until:
            last, following = _around(views, txn, past, item, first, until)
            before, after = record(views, txn, past, first), _row(views, txn, past, item, following)
            found.append(Difference(item, before, after, micros_of(last)))
            size -= len(before or b"") + len(after or b"")
    return found, None


def _row(views: Views, txn: ReadTxn, past: Past, item: bytes, following: bytes | None) -> bytes | None:
    """Return an item's row at the end of the window, or None if there was no item then.

    following: the position of the item's first history record after the window, or None if there is
    no such record. Without such a record, the item has not changed since the window, so its row at
    the end of the window is the row in the frozen view.
    """
    if following is not None:
        return record(views, txn, past, following)
    return views.value(txn, open_view(views, past), keyspace.items(past.table) + item)


def _around(
    views: Views, txn: ReadTxn, past: Past, item: bytes, first: bytes, until: bytes
) -> tuple[bytes, bytes | None]:
    """Return the positions of two records of an item: the last before `until`, and the next.

    The second position is None if no record follows. An item may have very many records. So if the
    first chunk of records does not reach `until`, a binary search over the positions finds the last
    record before `until`.

    first: the position of any record of the item before `until`.
    """
    last = first
    chunk = _records(views, txn, past, item, first, _CHUNK)
    for each in chunk:
        if each >= until:
            return last, each
        last = each
    if len(chunk) < _CHUNK:
        return last, None
    low, high = int.from_bytes(last, "big"), int.from_bytes(until, "big")
    while high - low > 1:
        probe = (low + high) // 2
        found = _records(views, txn, past, item, probe.to_bytes(len(last), "big"), 1)
        if found and found[0] < until:
            low = int.from_bytes(found[0], "big")
        else:
            high = probe
    following = _records(views, txn, past, item, until, 1)
    return low.to_bytes(len(last), "big"), following[0] if following else None


def _records(views: Views, txn: ReadTxn, past: Past, item: bytes, start: bytes, limit: int) -> list[bytes]:
    """Return the positions of at most `limit` history records of an item, from `start` on."""
    assert past.history is not None, "the table must be open with its history"
    prefix = keyspace.history_pointers(past.history) + keyspace.history_item(item)
    found, _ = views.page(txn, open_view(views, past), prefix + start, prefix + LAST, limit)
    return [key[len(prefix) :] for key, _ in found]
