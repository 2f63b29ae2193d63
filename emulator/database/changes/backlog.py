"""Counts the records of a change log that a consumer has not done yet."""

from typing import Final

from emulator.database.changes.consumer import stored_positions
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.store import keyspace
from storage import ReadTxn
from storage.keycode import prefix_end, u64

MOST: Final = 10_000  # the maximum number of records to count; counting more would delay requests
_PAGE: Final = 1000  # how many records one read of the store returns


def backlog(txn: ReadTxn, stream: StreamDefinition, consumer: str) -> int:
    """Return the number of records of a stream that a consumer has not done yet, at most MOST."""
    positions = stored_positions(txn, consumer)
    return min(
        MOST, sum(_records(txn, stream.id, each.number, positions.get(each.number, 0)) for each in stream.shards)
    )


def _records(txn: ReadTxn, stream_id: int, shard: int, first: int) -> int:
    """Return how many records of a shard have a sequence number of at least `first`."""
    prefix = keyspace.shard_records(stream_id, shard)
    start, count = prefix + u64(first), 0
    while count < MOST:
        rows, last = txn.page(start, prefix_end(prefix), _PAGE)
        count += len(rows)
        if len(rows) < _PAGE:
            break
        start = last + b"\0"
    return count
