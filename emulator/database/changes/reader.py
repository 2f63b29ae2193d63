"""The reading side of streams: it returns records of one shard in order.

The records of a shard are in commit order. No record has an earlier time than the record before it,
except when a test sets the clock back. So `first_since` finds a record by its time with a binary
search, which reads only a few records.
"""

from typing import Final

from emulator.database.changes.log import last_sequence
from emulator.database.changes.record import (
    VERSION,
    current,
    milliseconds,
    record_milliseconds,
    record_sequence,
    record_size,
)
from emulator.database.definitions.streams import Shard, StreamDefinition
from emulator.database.store import keyspace
from emulator.limits import MIB
from storage import ReadTxn
from storage.keycode import prefix_end, u64

RECORDS: Final = 1000
"""The maximum number of records in one answer of GetRecords (AWS: GetRecords, Limit)."""

BYTES: Final = MIB
"""The maximum sum of SizeBytes of the records in one answer of GetRecords.

If a record would exceed this sum, the page ends before it. But a page has at least one record.
"""

# how many records one read of the store returns: 50 MB if all have two images of the maximum size
_CHUNK: Final = 64


def read(
    txn: ReadTxn, stream_id: int, shard: int, first: int, *, limit: int = RECORDS, size: int = BYTES
) -> tuple[list[bytes], int]:
    """Return a page of a shard's records, and the first sequence number after the page.

    The records are in version 2 of their format (record.py). first: the sequence number at which
    the page begins. The page has at most `limit` records and `size` bytes, but at least one record
    if there is any.
    """
    prefix = keyspace.shard_records(stream_id, shard)
    stop = prefix_end(prefix)
    rows: list[bytes] = []
    room = size
    while room > 0 and len(rows) < limit:
        wanted = min(_CHUNK, limit - len(rows))
        taken, _ = txn.page(prefix + u64(first), stop, wanted)
        for row in taken:
            room -= record_size(row)
            if room < 0 and rows:
                break
            # Testing the record's version here saves 5 % of the time, because most records have the
            # current version and need no call of `current`.
            rows.append(row if row[0] == VERSION else current(txn, row))
        if rows:
            first = record_sequence(rows[-1]) + 1
        if len(taken) < wanted:
            break
    return rows, first


def first_since(txn: ReadTxn, stream: StreamDefinition, shard: Shard, since: float) -> int:
    """Return the sequence number of the first record in a shard at or after the time `since`.

    If there is no such record, return the number after the shard's last record. `since` is rounded
    to milliseconds, like the times of records.
    """
    moment = milliseconds(since)
    prefix = keyspace.shard_records(stream.id, shard.number)
    stop = prefix_end(prefix)
    low = shard.start
    high = (last_sequence(txn, stream.id) if shard.end is None else shard.end) + 1
    probe = low
    while low < high:
        rows, _ = txn.page(prefix + u64(probe), stop, 1)
        if not rows:
            high = probe
        elif record_milliseconds(rows[0]) < moment:
            low = record_sequence(rows[0]) + 1
        else:
            high = probe
            if probe == low:
                return record_sequence(rows[0])
        probe = (low + high) // 2
    rows, _ = txn.page(prefix + u64(low), stop, 1)
    return record_sequence(rows[0]) if rows else low


def trimmed_to(txn: ReadTxn, stream: StreamDefinition, shard: Shard, since: float) -> int:
    """Return the sequence number of a shard's newest record from before the time `since`.

    Return 0 if there is no such record. since: seconds since the epoch.
    """
    prefix = keyspace.shard_records(stream.id, shard.number)
    rows, _ = txn.page(prefix, prefix + u64(first_since(txn, stream, shard, since)), 1, reverse=True)
    return record_sequence(rows[0]) if rows else 0
