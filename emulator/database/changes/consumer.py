"""Consumers of change logs: they read the records of shards in order, and store their positions.

    class Pending:                         # an Inbox: records of one shard, read and not done
        ...
    positions = stored_positions(txn, "backup 7")
    consumer = LogConsumer("backup 7", owner, positions, lambda shard: Pending())
    with engine.read_committed() as txn:
        consumer.poll(txn, stream, now)    # fills the inboxes
    ...                                    # take records out of the inboxes, in any order
    consumer.save(engine.write)            # stores the position in each shard

What is always true:

- A consumer gets each record at least once. A shard's *position* is the sequence number of the
  first record that is not done. `save` stores the position as a checkpoint. After a restart, the
  consumer reads on from the checkpoint.
- Records of one item come in the order of its changes. For this, the consumer reads a shard only
  when all records of the shard's parent are done.
- Memory is bounded. An inbox says how many more records it takes, and the consumer reads no more.
  The log does not wait for a slow consumer: the consumer skips records older than the stream's
  retention.

If no record is new since the last poll and none waits in an inbox, a poll reads only one value from
the store.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from emulator.database.changes import reader
from emulator.database.changes.log import last_sequence
from emulator.database.changes.record import record_time
from emulator.database.definitions.streams import Shard, StreamDefinition
from emulator.database.store import keyspace
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end, u64

_MOST_DOUBLINGS: Final = 20  # BackOff doubles its wait at most 20 times


class Inbox(Protocol):
    """The records of one shard that a consumer has read and not done."""

    def room(self) -> int:
        """Return how many more records the inbox can take now."""
        ...

    def add(self, row: bytes) -> None:
        """Add a stored record. If the inbox does not keep the record, the record counts as done."""
        ...

    def first_not_done(self) -> int | None:
        """Return the sequence number of the first record that is not done.

        Return None if all records in the inbox are done.
        """
        ...

    def expire(self) -> None:
        """Remember that the shard no longer exists, because all its records are too old."""
        ...


InboxT = TypeVar("InboxT", bound=Inbox)


class ShardCursor(Generic[InboxT]):
    """The progress of a consumer in one shard.

    stored: the consumer's position in the shard according to its checkpoint in the store.
    """

    __slots__ = ("_end", "_next", "inbox", "number", "shard_id", "stored")

    def __init__(self, shard: Shard, position: int, inbox: InboxT) -> None:
        self.shard_id = shard.id
        self.number = shard.number
        self.inbox = inbox
        self.stored = position
        self._next = position
        self._end: int | None = None  # the shard's last sequence number, None while it is open

    @property
    def position(self) -> int:
        """The sequence number of the first record of the shard that is not done.

        If all records in the inbox are done, this is the number of the next record to read.
        """
        first = self.inbox.first_not_done()
        return self._next if first is None else first

    @property
    def drained(self) -> bool:
        """True if the shard is closed and the consumer has read all its records."""
        return self._end is not None and self._next > self._end

    @property
    def finished(self) -> bool:
        """True if all records of the shard are done, so that the consumer may read its children."""
        return self.drained and self.inbox.first_not_done() is None

    def read(
        self, txn: ReadTxn, stream: StreamDefinition, shard: Shard, last: int, page: "Page", oldest: float
    ) -> bool:
        """Read a page of records into the inbox, if the inbox has room.

        Return True if more records may follow.

        last: the stream's last sequence number in the snapshot of `txn`. If it is less than the
        last number of a closed shard, the snapshot may lack records of the shard.
        page: the maximum number of records and bytes to read.
        oldest: a time in seconds since the epoch. Records from before this time are skipped.
        """
        if shard.end is not None and last >= shard.end:
            self._end = shard.end
        if self.drained:
            return False
        limit = min(self.inbox.room(), page.records)
        if limit <= 0:
            return True
        rows, self._next = reader.read(txn, stream.id, self.number, self._next, limit=limit, size=page.size)
        if not rows:
            if self._end is not None:
                self._next = max(self._next, self._end + 1)
            return False
        for row in rows:
            if record_time(row) >= oldest:
                self.inbox.add(row)
        return True


@dataclass(frozen=True, slots=True)
class Page:
    """The limits of what one poll reads of one shard.

    records: the maximum number of records.
    size: the maximum sum of the records' SizeBytes.
    """

    records: int = reader.RECORDS
    size: int = reader.BYTES


class LogConsumer(Generic[InboxT]):
    """One consumer of one change log.

    name: the name under which the consumer's checkpoints are stored.
    owner: the storage key of the definition for which the consumer works, such as an event source
    mapping. Once that definition is deleted, the consumer stores no more checkpoints.
    positions: the consumer's stored checkpoints. A shard without a checkpoint is read from its
    beginning.
    make_inbox: a function that returns a new inbox for a shard.
    page: the limits of what one poll reads of one shard.
    """

    def __init__(
        self,
        name: str,
        owner: bytes,
        positions: Mapping[int, int],
        make_inbox: Callable[[Shard], InboxT],
        page: Page | None = None,
    ) -> None:
        self.name = name
        self.shards: dict[int, ShardCursor[InboxT]] = {}
        self._owner = owner
        self._positions = dict(positions)
        self._make_inbox = make_inbox
        self._page = page or Page()
        self._gone: set[int] = set()  # numbers of shards whose checkpoints `save` must delete
        # The last sequence number and the stream at the last poll. None if records waited in an
        # inbox after the poll.
        self._seen: tuple[int, StreamDefinition] | None = None

    def poll(self, txn: ReadTxn, stream: StreamDefinition, now: float) -> bool:
        """Read new records into the inboxes.

        Return False if there was nothing to do: there are no new records, and none waits in an
        inbox.
        """
        last = last_sequence(txn, stream.id)
        if self._seen is not None and self._seen[0] == last and self._seen[1] is stream:
            return False
        self._seen = None  # `_seen` stays None if this poll fails or leaves records in an inbox
        busy = self._drop_gone(stream)
        held = {cursor.shard_id for cursor in self.shards.values() if not cursor.finished}
        oldest = stream.oldest(now)
        for shard in stream.shards:  # in `shards`, a parent comes before its children
            cursor = self.shards.get(shard.number)
            if cursor is None:
                if shard.parent in held:
                    held.add(shard.id)
                    continue
                position = self._positions.pop(shard.number, shard.start)
                cursor = self.shards[shard.number] = ShardCursor(shard, position, self._make_inbox(shard))
            more = cursor.read(txn, stream, shard, last, self._page, oldest)
            busy = busy or more or cursor.inbox.first_not_done() is not None
            if cursor.finished:
                held.discard(shard.id)
            else:
                held.add(shard.id)
        if not busy:
            self._seen = (last, stream)
        return True

    def _drop_gone(self, stream: StreamDefinition) -> bool:
        """Forget shards that no longer exist.

        Return True if an inbox still has records of such a shard.
        """
        busy = False
        known = {shard.number for shard in stream.shards}
        # These shards have a checkpoint, but were deleted before this object read them.
        for number in self._positions.keys() - known:
            del self._positions[number]
            self._gone.add(number)
        for number in self.shards.keys() - known:
            inbox = self.shards[number].inbox
            inbox.expire()
            if inbox.first_not_done() is None:
                del self.shards[number]
                self._gone.add(number)
            else:
                busy = True
        return busy

    def finished(self, stream: StreamDefinition) -> bool:
        """Return True if the consumer has done all records of a closed stream."""
        return all(shard.number in self.shards and self.shards[shard.number].finished for shard in stream.shards)

    def save(self, write: Callable[[], WriteTxn]) -> None:
        """Store the changed positions as checkpoints, in a separate transaction.

        If the engine raises an error, no position is stored, and the next call tries again. If the
        process ends before the next call, some records are read a second time after the restart.
        """
        moved = {n: cursor.position for n, cursor in self.shards.items() if cursor.position != cursor.stored}
        gone = tuple(self._gone)
        if not moved and not gone:
            return
        with write() as txn:
            txn.urgent = True
            if txn.get(self._owner) is not None:
                store_positions(txn, self.name, moved)
                for number in gone:
                    txn.delete(keyspace.checkpoint(self.name, number))
        for number, position in moved.items():
            self.shards[number].stored = position
        self._gone.difference_update(gone)


def stored_positions(txn: ReadTxn, name: str) -> dict[int, int]:
    """Return the checkpoints of a consumer, by shard number.

    A checkpoint is the sequence number at which the consumer continues.
    """
    prefix = keyspace.checkpoints(name)
    stored = txn.scan(prefix, prefix_end(prefix))
    return {int.from_bytes(key[-4:], "big"): int.from_bytes(value, "big") for key, value in stored}


def store_positions(txn: WriteTxn, name: str, positions: Mapping[int, int]) -> None:
    """Store checkpoints of a consumer, given by shard number.

    A checkpoint is the sequence number at which the consumer continues.
    """
    for shard, position in positions.items():
        txn.put(keyspace.checkpoint(name, shard), u64(position))


@dataclass(frozen=True, slots=True)
class BackOff:
    """The waits between attempts: `first` seconds, then twice as long after each further failure.

    A wait is never longer than `longest` seconds.
    """

    first: float
    longest: float

    def until(self, now: float, failures: int) -> float:
        """Return the time of the next attempt. failures: how many attempts in a row have failed."""
        return now + min(self.longest, self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))

    def over(self, until: float, now: float) -> bool:
        """Return True if a wait that ends at the time `until` is over.

        A wait is also over if more than `longest` seconds remain, because then a test has set the
        clock back.
        """
        return not now < until <= now + self.longest
