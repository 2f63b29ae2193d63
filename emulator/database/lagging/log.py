"""Writes a table's lag log, from which reads get the items of an earlier time.

The class `LagLog` is a follower: it is called for each write of an item of the table.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from emulator.clock import Moment
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from emulator.database.views.recording import original_of
from storage import ReadTxn, WriteTxn
from storage.keycode import escape, prefix_end

_position: Final = Struct(">QI")
POSITION: Final = _position.size

_SLACK: Final = 1_000_000
"""The log keeps records for this many microseconds longer than the lag.

The reason: a read first chooses the time that it shows, and begins to read a little later.
"""

_TRIMMED: Final = 2  # the maximum number of old records that a write deletes for each record that it adds


def position(micros: int, number: int = 0) -> bytes:
    """Return the bytes for a record's position (time and number) in the keys of a lag log.

    number: 0 for the first record of a microsecond, 1 for the second, and so on.
    """
    return _position.pack(micros, number)


class LagLog:
    """Writes the lag log of one table: the earlier values of its keys. This is a follower.

    number: the id of the log.
    keep: the lag in microseconds. Records are deleted when they are older than the lag and _SLACK
    together.
    real: True if records have times of the machine's clock, False for the emulator's clock.
    alone: True if no other process writes to the log. The position of the last record is then kept
    in memory.
    """

    __slots__ = ("_alone", "_held", "_keep", "_last", "_moment", "_originals", "_real", "_times")

    def __init__(self, number: int, moment: Moment, keep: int, *, real: bool, alone: bool) -> None:
        self._originals = keyspace.lag_originals(number)
        self._times = keyspace.lag_times(number)
        self._moment = moment
        self._keep = keep + _SLACK
        self._real = real
        self._alone = alone
        self._last: tuple[int, int] | None = None

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Add a record to the log for the changed item and for each changed entry of an index."""
        micros, number = self._next(txn)
        added = 0
        for key, row in _before(change):
            where = _position.pack(micros, number + added)
            txn.put(self._originals + escape(key) + where, original_of(row))
            txn.put(self._times + where, key)
            added += 1
        self._last = (micros, number + added - 1) if self._alone else None
        self._trim(txn, micros, _TRIMMED * added)

    def _next(self, txn: ReadTxn) -> tuple[int, int]:
        """Return the position of the log's next record: its time in microseconds, and a number.

        The position is greater than that of the last record.
        """
        last = self._last or _last_position(txn, self._times)
        micros = self._moment.machine_micros() if self._real else self._moment.micros()
        return (micros, 0) if micros > last[0] else (last[0], last[1] + 1)

    def _trim(self, txn: WriteTxn, now: int, most: int) -> None:
        """Delete up to `most` of the log's records that are too old for any read.

        now: the time in microseconds since the epoch.
        """
        stop = self._times + position(max(0, now - self._keep))
        old = []
        for key, changed in txn.scan(self._times, stop):
            old.append((key, changed))
            if len(old) == most:
                break
        for key, changed in old:
            txn.delete(key)
            txn.delete(self._originals + escape(changed) + key[len(self._times) :])


def _before(change: Change) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield each storage key that a change of an item writes, with its row before the change.

    The row is None if the key was absent before the change.
    """
    yield change.key, change.old_row
    old = change.old_item()
    for entry in change.entries:
        for key in (entry.old_key, entry.new_key):
            if key is not None:
                index = entry.index
                was = old is not None and index.key(old, change.key) == key
                yield key, index.row(old, change.old_row) if was and old is not None and change.old_row else None


def _last_position(txn: ReadTxn, times: bytes) -> tuple[int, int]:
    """Return the time and number of the log's last record, or (0, 0) if there are no records.

    times: the prefix of those keys of the log that are ordered by time (`keyspace.lag_times`).
    """
    _, last = txn.page(times, prefix_end(times), 1, reverse=True)
    return _position.unpack_from(last, len(times)) if last else (0, 0)
