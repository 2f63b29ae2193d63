"""The data that replicate one table of a global table (control-plane 6.5).

Every write gets a *version*, which the store keeps beside the item:

    u64        microseconds since the epoch, big-endian
    the rest   the region of the write

In each region, the write with the greatest version wins. A version stays when its item is deleted,
so an older write that arrives later does not create the item again. A write in this region gets a
version later than the one that the item has. An item without a version has the empty version, which
is less than all others.

A write in this region also adds a record to the table's log, in the same transaction. For each
other region, the log has the number of the last record that this region has. jobs/replication.py
moves the records. A record:

    2 bytes    length of the version, big-endian
    4 bytes    length of the item's key without the prefix of its table
    the version, the key, and the item's row, which is empty if the item was deleted
"""

from collections.abc import Callable, Iterable
from struct import Struct
from typing import Final, NamedTuple

from emulator.clock import Moment
from emulator.database.definitions.replicas import Membership
from emulator.database.definitions.tables import TableDefinition
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end, u64

_header: Final = Struct(">HI")
_MICROS: Final = 8


class Write(NamedTuple):
    """A write of another region. row: None if it deletes the item."""

    version: bytes
    item: bytes
    row: bytes | None


class ReplicaLog:
    """Gives each write of a table a version, and adds to the table's log what replicas must get.

    This is a follower: it takes part in each write of the table.

    moment: has the time of a write. notify: called with the table after each write that must be
    sent to other replicas.
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
        self._notify = notify

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Store the version of a change; if this region made the change, add it to the log."""
        item = change.key[keyspace.ITEM_PREFIX :]
        key = self._versions + item
        if change.version:
            txn.put(key, change.version)
            return
        before = txn.get(key) or b""
        micros = max(self._moment.micros(), 1 + micros_of(before))
        version = u64(micros) + self._region
        txn.put(key, version)
        number = u64(1 + _number(txn.get(self._last)))
        txn.put(self._last, number)
        head = _header.pack(len(version), len(item))
        txn.put(self._writes + number, b"".join((head, version, item, change.new_row or b"")))
        self._notify(self._table)


def _number(stored: bytes | None) -> int:
    return int.from_bytes(stored or b"", "big")


def micros_of(version: bytes) -> int:
    """Return the time of a version in microseconds."""
    return int.from_bytes(version[:_MICROS], "big")


def write_of(stored: bytes) -> Write:
    """Return the write in a record of a log."""
    version, item = _header.unpack_from(stored)
    at = _header.size + version
    return Write(stored[_header.size : at], stored[at : at + item], stored[at + item :] or None)


def is_version(stored: bytes) -> bool:
    """Return whether these bytes are the version of a write."""
    return len(stored) > _MICROS


def version_of(txn: ReadTxn, log: int, item: bytes) -> bytes:
    """Return an item's version, empty if it has none."""
    return txn.get(keyspace.item_versions(keyspace.replica(log)) + item) or b""


def set_version(txn: WriteTxn, log: int, item: bytes, version: bytes) -> None:
    """Store an item's version."""
    txn.put(keyspace.item_versions(keyspace.replica(log)) + item, version)


def position(txn: ReadTxn, log: int, region: str) -> int:
    """Return the number of the last record of a log that a region has."""
    return _number(txn.get(keyspace.replicated_to(keyspace.replica(log), region)))


def set_position(txn: WriteTxn, log: int, region: str, number: int) -> None:
    """Store the number of the last record that a region has."""
    txn.put(keyspace.replicated_to(keyspace.replica(log), region), u64(number))


def last_number(txn: ReadTxn, log: int) -> int:
    """Return the number of the last record that a log had, 0 if it never had one."""
    return _number(txn.get(keyspace.last_replicated(keyspace.replica(log))))


def pending(txn: ReadTxn, log: int, after: int, limit: int) -> list[tuple[int, Write]]:
    """Return the next records of a log with their numbers, at most `limit`."""
    prefix = keyspace.replicated_writes(keyspace.replica(log))
    found = []
    for key, stored in txn.scan(prefix + u64(after + 1), prefix_end(prefix)):
        found.append((int.from_bytes(key[len(prefix) :], "big"), write_of(stored)))
        if len(found) == limit:
            break
    return found


def trim(txn: WriteTxn, log: int, regions: Iterable[str], limit: int) -> None:
    """Delete records that all of these regions have, at most `limit`."""
    prefix = keyspace.replicated_writes(keyspace.replica(log))
    least = min((position(txn, log, region) for region in regions), default=last_number(txn, log))
    txn.drop_range(prefix, prefix + u64(least + 1), limit)
