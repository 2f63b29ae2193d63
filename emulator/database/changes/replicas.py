"""The stored data with which a global table replicates writes between regions (control-plane 6.5).

Every write of an item gets a *version*. The store keeps the version of the last write of each item:

    u64        microseconds since the epoch, big-endian
    the rest   the region of the write

In each region, the write with the greatest version wins. A version stays when its item is deleted,
so an older write that arrives later does not create the item again. A client's write in a region
gets a version greater than the item's present version. An item without a version counts as one with
the empty version, which is less than all others. When no write waits in any region of a group,
jobs/replication.py deletes all versions, those of deleted items too.

A client's write also adds a record to the table's log, in the same transaction. The log's records
have numbers. For each other region, the log stores the number of the last record that this other
region has got. jobs/replication.py moves the records. A record has these fields:

    2 bytes    length of the version, big-endian; the highest bit is set if the row is in the table
    4 bytes    length of the item's key without the prefix of its table
    the rest   version, key, and the item's row, which is empty if the item was deleted

The record of the last write of an item has no row, because the table has the row. The item's stored
version then ends with a zero byte and the number of this record (u64). If the item changes again
before all regions have the write, the replaced row moves from the table into the record. So the
other regions and their streams get each write.

A pause of replication can last long, so the log has a limit. The first KEPT records of a log stay
until all regions have them. A later record is dropped when its item changes again, so that the
other regions get only the last write of this item. So a log never has more records than KEPT plus
the number of written items.

The table's history (history.py) cannot serve as the log. A history deletes its records after 1 to
35 days, even if a paused region does not have them yet. And most tables have no history.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from struct import Struct
from typing import Final, NamedTuple

from emulator.clock import Moment
from emulator.database.definitions.replicas import Membership
from emulator.database.definitions.tables import TableDefinition
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end, u64

KEPT: Final = 10_000
"""The number of records at the beginning of a log that stay until all regions have them.

A later record is dropped when its item changes again.
"""

_header: Final = Struct(">HI")
_MICROS: Final = 8
_IN_TABLE: Final = 0x8000
_MARK: Final = b"\0"  # in a stored value: it separates an item's version and the number of a log record


class Write(NamedTuple):
    """A write of an item, from the log of writes for other regions.

    item: the item's key without the table's prefix. row: None if the write deletes the item.
    """

    version: bytes
    item: bytes
    row: bytes | None


class ReplicaLog:
    """A follower that gives each write of a table a version, and adds clients' writes to a log.

    The log keeps the writes until the other regions have them.

    moment: the clock that gives a write its time.
    notify: called with the table's definition after each write that other regions must get.
    """

    def __init__(
        self,
        definition: TableDefinition,
        membership: Membership,
        moment: Moment,
        notify: Callable[[TableDefinition], None],
    ) -> None:
        prefix = keyspace.replica(membership.log)
        self._table = definition
        self._versions = keyspace.item_versions(prefix)
        self._writes = keyspace.replicated_writes(prefix)
        self._last = keyspace.last_replicated(prefix)
        self._region = definition.region.encode()
        self._moment = moment
        paused = all(membership.direction(region).paused for region in membership.others)
        self._notify = _do_nothing if paused else notify

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Store the version of a change.

        If the change comes from a client and not from another region, add it to the log.
        """
        item = keyspace.tail_of(change.key)
        key = self._versions + item
        before, waiting = _parts(txn.get(key))
        if waiting:
            self._complete(txn, waiting, change.old_row)
        if change.version:
            txn.put(key, change.version)
            return
        micros = max(self._moment.micros(), 1 + micros_of(before))
        version = u64(micros) + self._region
        number = u64(1 + _number(txn.get(self._last)))
        txn.put(key, version + _MARK + number)
        txn.put(self._last, number)
        in_table = 0 if change.new_row is None else _IN_TABLE
        txn.put(self._writes + number, _header.pack(in_table | len(version), len(item)) + version + item)
        self._notify(self._table)

    def _complete(self, txn: WriteTxn, number: bytes, row: bytes | None) -> None:
        """Complete the log record of an item's last write, because the item changes again.

        Move the replaced row from the table into the record. If the record is not among the first
        KEPT records of the log, drop it instead.

        number: the number of the record, as bytes. `trim` may have deleted the record.
        row: the replaced row, None if the last write has deleted the item.
        """
        key = self._writes + number
        record = txn.get(key)
        if record is None:
            return
        first, _ = next(txn.scan(self._writes, prefix_end(self._writes)))
        if _number(number) - _number(first[len(self._writes) :]) >= KEPT:
            txn.delete(key)
            return
        length, item = _header.unpack_from(record)
        if length & _IN_TABLE:
            txn.put(key, b"".join((_header.pack(length ^ _IN_TABLE, item), record[_header.size :], row or b"")))


def _do_nothing(_table: TableDefinition) -> None:
    """Queue no replication: all directions are paused. The end of a pause queues replication."""


def _parts(stored: bytes | None) -> tuple[bytes, bytes]:
    """Split the stored version of an item into the version and the number of a log record.

    The two parts are bytes. The number is b"" if `stored` has no number. The version and the number
    are b"" if `stored` is None.
    """
    if not stored:
        return b"", b""
    end = stored.find(_MARK, _MICROS)
    return (stored, b"") if end < 0 else (stored[:end], stored[end + 1 :])


def _number(stored: bytes | None) -> int:
    return int.from_bytes(stored or b"", "big")


def micros_of(version: bytes) -> int:
    """Return the time in the version of a write, in microseconds since the epoch."""
    return int.from_bytes(version[:_MICROS], "big")


def region_of(version: bytes) -> str:
    """Return the region in the version of a write: the region where the write was made."""
    return version[_MICROS:].decode()


def version_at(micros: int, region: str) -> bytes:
    """Return the version of a write in a region. micros: its time, microseconds since the epoch."""
    return u64(micros) + region.encode()


def write_of(txn: ReadTxn, stored: bytes, table: bytes) -> Write:
    """Return the write that a record of a replication log has.

    stored: the record.
    table: the storage keys of the table's items begin with these bytes.
    """
    version, item = _header.unpack_from(stored)
    at = _header.size + (version & ~_IN_TABLE)
    key = stored[at : at + item]
    row = txn.get(table + key) if version & _IN_TABLE else stored[at + item :]
    return Write(stored[_header.size : at], key, row or None)


def is_in_table(stored: bytes) -> bool:
    """Return True if the table has the row of this log record, and the record has no row."""
    return bool(_header.unpack_from(stored)[0] & _IN_TABLE)


def is_version(stored: bytes) -> bool:
    """Return True if these bytes can be the version of a write."""
    return len(stored) > _MICROS


def version_of(txn: ReadTxn, log: int, item: bytes) -> bytes:
    """Return the version of an item's last write, b"" if the item has no version.

    log: the id of the table's replication log. item: the item's key without the table's prefix.
    """
    return version_in(txn.get(keyspace.item_versions(keyspace.replica(log)) + item))


def version_in(stored: bytes | None) -> bytes:
    """Return an item's version from its stored form, which may also have a log record's number.

    Return b"" if nothing is stored.
    """
    return _parts(stored)[0]


def set_version(txn: WriteTxn, log: int, item: bytes, version: bytes) -> None:
    """Store the version of an item whose last write has no record in the replication log."""
    txn.put(keyspace.item_versions(keyspace.replica(log)) + item, version)


def position(txn: ReadTxn, log: int, region: str) -> int:
    """Return the number of the last record that another region has got from a replication log."""
    return _number(txn.get(keyspace.replicated_to(keyspace.replica(log), region)))


def set_position(txn: WriteTxn, log: int, region: str, number: int) -> None:
    """Store the number of the last record that another region has got from a replication log."""
    txn.put(keyspace.replicated_to(keyspace.replica(log), region), u64(number))


def last_number(txn: ReadTxn, log: int) -> int:
    """Return the number of the last record that was added to a replication log, 0 if none was."""
    return _number(txn.get(keyspace.last_replicated(keyspace.replica(log))))


def pending(txn: ReadTxn, log: int, table: bytes, after: int, limit: int) -> list[tuple[int, Write]]:
    """Return the next writes of a replication log, at most `limit`, with their records' numbers.

    after: the number of the record after which to begin.
    table: the storage keys of the table's items begin with these bytes.
    """
    prefix = keyspace.replicated_writes(keyspace.replica(log))
    found = []
    for key, stored in txn.scan(prefix + u64(after + 1), prefix_end(prefix)):
        found.append((int.from_bytes(key[len(prefix) :], "big"), write_of(txn, stored, table)))
        if len(found) == limit:
            break
    return found


def trim(txn: WriteTxn, log: int, regions: Iterable[str], limit: int) -> None:
    """Delete at most `limit` records of a replication log that all `regions` have got."""
    prefix = keyspace.replicated_writes(keyspace.replica(log))
    least = min((position(txn, log, region) for region in regions), default=last_number(txn, log))
    txn.drop_range(prefix, prefix + u64(least + 1), limit)


def forget(txn: WriteTxn, logs: Iterable[int], limit: int) -> bool:
    """Delete the stored versions of items in a group, about `limit` versions in each table.

    For each item, the function deletes the versions in all tables or in none. Return True if
    versions may remain. logs: the ids of the tables' replication logs.
    """
    spans = [keyspace.item_versions(keyspace.replica(log)) for log in logs]
    last: bytes | None = None
    for prefix in spans:
        keys = [key for key, _ in islice(txn.scan(prefix, prefix_end(prefix)), limit)]
        if len(keys) == limit:
            item = keys[-1][len(prefix) :]
            last = item if last is None else min(last, item)
    for prefix in spans:
        stop = prefix_end(prefix) if last is None else prefix + last + b"\0"
        while txn.drop_range(prefix, stop, limit) == limit:
            pass
    return last is not None
