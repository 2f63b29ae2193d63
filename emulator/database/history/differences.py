"""The items of a table that changed in a range of time (*window*), in the order of keys.

The window includes its first time and excludes its last time. To read the changes, open the table
with `past_items.open_past` at the window's end or later, and call `page`.
"""

from typing import Final, NamedTuple

from emulator.clock import microseconds
from emulator.database.changes.history import LAST, micros_of, position
from emulator.database.history.past_items import Past, first_records, open_view, record
from emulator.database.store import keyspace
from emulator.database.views.views import Views
from storage import ReadTxn

_STEPS: Final = 50  # the most steps through a history for one page: about 10 ms
_CHUNK: Final = 64  # records of one item that are read at once


class Difference(NamedTuple):
    """An item that changed in a window.

    item: its key without the prefix of its table.
    before: its row when the window began, None if there was no item.
    after: its row when the window ended. Both are None if it was created and deleted in the window.
    micros: the time of its last change in the window, in microseconds since the epoch.
    """

    item: bytes
    before: bytes | None
    after: bytes | None
    micros: int


def page(
    views: Views, txn: ReadTxn, past: Past, window: tuple[float, float], start: bytes, limit: int, size: int
) -> tuple[list[Difference], bytes | None]:
    """Return differences from the key `start` on, and the start of the next page.

    The first page starts at b""; None means that no page follows. window: the first time, included,
    and the last time, excluded, in seconds. At most `limit` items are visited, and fewer large
    ones: a page ends with the difference with which its rows reach `size` bytes. Raises Interrupted
    as Views.page does.
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
    """Return an item's row before the change that the record `following` describes.

    If `following` is None, return the item's row in the view.
    """
    if following is not None:
        return record(views, txn, past, following)
    return views.value(txn, open_view(views, past), keyspace.items(past.table) + item)


def _around(
    views: Views, txn: ReadTxn, past: Past, item: bytes, first: bytes, until: bytes
) -> tuple[bytes, bytes | None]:
    """Return the positions of an item's last record before `until` and of its next record.

    first: the position of a record before `until`. An item may have very many records. So if the
    first chunk of them does not reach `until`, a binary search over the positions finds the last
    one.
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
    """Return the positions of up to `limit` records of an item, from `start` on."""
    assert past.history is not None, "only a table with a history has records"
    prefix = keyspace.history_keys(past.history) + keyspace.history_key(item)
    found, _ = views.page(txn, open_view(views, past), prefix + start, prefix + LAST, limit)
    return [key[len(prefix) :] for key, _ in found]
