"""The history of one table: each change of an item adds a record in the same transaction.

With a history, the items can be read as they were at any time T after the history was opened: the
state of an item at T is its state before its first change after T. If there is no such change, it
is the current state.

The key of a record is its *position*: the microseconds of the change (eight bytes) and a number
(four bytes). Positions rise in the order of the changes, even if the clock is set back, because a
record never has an earlier time than the record before it. All changes of a transaction have the
same time. Each record also has a second key that begins with the item's key, to find the records of
an item. A record has these fields:

    1 byte     version of this format, 1
    1 byte     flags: TTL, if TTL deleted the item
    2 bytes    length of the item's key, without the prefix of its table
    4 bytes    length of the row before the change, 0 if there was no item
    4 bytes    length of the row after the change, 0 if there is no item or the row is not kept
    the rest   key, row before, row after

The row after the change is stored only if stream records need this row (record.py).
"""

from struct import Struct
from typing import Final, NamedTuple

from emulator.clock import Moment
from emulator.database.definitions.histories import HistoryDefinition
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end

VERSION: Final = 1
TTL: Final = 1

_header: Final = Struct(">BBHII")
_position: Final = Struct(">QI")

POSITION: Final = _position.size
LAST: Final = b"\xff" * POSITION
"""Bytes that sort after every position in a history."""


class Record(NamedTuple):
    """A record of a history.

    item: the item's key without the table's prefix.
    expired: True if TTL deleted the item.
    old, new: the rows before and after the change. None means that there was no item, or that the
    history did not keep the row.
    """

    item: bytes
    expired: bool
    old: bytes | None
    new: bytes | None


def position(micros: int, number: int = 0) -> bytes:
    """Return the position of a record in a history, from its time and number.

    The number 0 gives the first position of a microsecond.
    """
    return _position.pack(micros, number)


def micros_of(where: bytes) -> int:
    """Return the time in a position of a history, in microseconds since the epoch."""
    micros: int = _position.unpack(where)[0]
    return micros


def item_of(stored: bytes) -> bytes:
    """Return the key of the item whose change a record stores, without the table's prefix."""
    return stored[_header.size : _header.size + _header.unpack_from(stored)[2]]


def record_of(stored: bytes) -> Record:
    """Split a stored record of a history into its parts."""
    _, flags, key, old, new = _header.unpack_from(stored)
    old_at = _header.size + key
    new_at = old_at + old
    return Record(
        stored[_header.size : old_at],
        bool(flags & TTL),
        stored[old_at:new_at] if old else None,
        stored[new_at : new_at + new] if new else None,
    )


class History:
    """The writing side of a history: a follower that stores a record of each change of an item.

    alone: True if no other process writes to the history. Then the position of the last record is
    in memory too, which saves a read of the store for each change.
    """

    __slots__ = ("_alone", "_both", "_keys", "_last", "_moment", "_records", "id")

    def __init__(self, history: HistoryDefinition, moment: Moment, *, alone: bool) -> None:
        self.id = history.id
        self._moment = moment
        self._alone = alone
        self._records = keyspace.history_records(history.id)
        self._keys = keyspace.history_pointers(history.id)
        self.adopt(history)

    def adopt(self, history: HistoryDefinition) -> None:
        """Use a changed definition of the history for all later records."""
        self._both = history.both
        self._last: tuple[int, int] | None = None

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Store a record of a change, and a second key that finds the record by its item."""
        old, new = change.old_row or b"", (change.new_row or b"") if self._both else b""
        item = change.key[keyspace.ITEM_PREFIX :]
        where = change.recorded = self._next(txn)
        header = _header.pack(VERSION, TTL if change.expired else 0, len(item), len(old), len(new))
        txn.put(self._records + where, b"".join((header, item, old, new)))
        txn.put(b"".join((self._keys, keyspace.history_item(item), where)), b"")

    def _next(self, txn: WriteTxn) -> bytes:
        """Return the position of a new record, which is after all earlier positions."""
        last = self._last or last_position(txn, self._records)
        micros = self._moment.micros()
        position = (micros, 0) if micros > last[0] else (last[0], last[1] + 1)
        if self._alone:
            self._last = position
        return _position.pack(*position)


def last_position(txn: ReadTxn, records: bytes) -> tuple[int, int]:
    """Return the time and number in the position of a history's last record.

    Return (0, 0) if there are no records. records: the storage keys of the records begin with these
    bytes.
    """
    _, last = txn.page(records, prefix_end(records), 1, reverse=True)
    return _position.unpack_from(last, keyspace.ITEM_PREFIX) if last else (0, 0)
