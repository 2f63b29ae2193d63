"""Reading one shard for one mapping: from storage into lanes, past what its filters leave out.

A reader's *position* is the number of the first record that is not done; it is what a checkpoint stores. After a restart
reading goes on there: a record that another lane had finished already is delivered once more, none is left out.
"""

from zlib import crc32

import orjson

from emulator.database.changes import reader
from emulator.database.changes.record import record_time
from emulator.database.definitions.streams import RETENTION, Shard, StreamDefinition
from emulator.event_sources.events import PAYLOAD, Record, record_of
from emulator.event_sources.filters import Test
from emulator.event_sources.lanes import Lane
from emulator.event_sources.mapping import EventSourceMapping
from storage import ReadTxn


class Reader:
    """One shard's reader. stored: the position that is in storage; drained: the shard is closed and read to its end."""

    def __init__(self, shard: Shard, position: int, lanes: int) -> None:
        self.shard_id = shard.id
        self.number = shard.number
        self.lanes = [Lane() for _ in range(lanes)]
        self.stored = position
        self.drained = False
        self._next = position

    @property
    def position(self) -> int:
        """The sequence number of the first record that is not done."""
        unfinished = [number for lane in self.lanes if (number := lane.unfinished()) is not None]
        return min(unfinished, default=self._next)

    @property
    def waiting(self) -> bool:
        """Whether there are records in its lanes."""
        return any(map(len, self.lanes))

    @property
    def finished(self) -> bool:
        """Whether everything in the shard is done, so that its children may be read."""
        return self.drained and not self.waiting

    @property
    def in_flight(self) -> bool:
        """Whether a batch is under way."""
        return any(lane.in_flight for lane in self.lanes)

    def read(
        self,
        txn: ReadTxn,
        stream: StreamDefinition,
        shard: Shard,
        mapping: EventSourceMapping,
        passes: Test | None,
        now: float,
    ) -> bool:
        """Read a page of records into the lanes, unless enough are there; say whether there may be more.

        Records older than a day count as trimmed, whether they are deleted yet or not.
        """
        if self.drained:
            return False
        room = self._room(mapping)
        if room <= 0:
            return True
        limit = min(room, reader.RECORDS)
        rows, self._next = reader.read(txn, stream.id, shard.number, self._next, limit=limit)
        if not rows:
            self.drained = shard.end is not None
            if shard.end is not None:
                self._next = max(self._next, shard.end + 1)
            return False
        oldest = now - RETENTION
        for row in rows:
            if record_time(row) >= oldest:
                self._add(record_of(row, stream.arn), stream, passes, now)
        return True

    def _room(self, mapping: EventSourceMapping) -> int:
        """Return how many more records may be read ahead: two batches for each lane, but no more bytes than it may send."""
        if sum(lane.size for lane in self.lanes) >= PAYLOAD * len(self.lanes):
            return 0
        return 2 * mapping.batch_size * len(self.lanes) - sum(map(len, self.lanes))

    def _add(self, record: Record, stream: StreamDefinition, passes: Test | None, now: float) -> None:
        lane = self.lanes[0]
        if passes is not None or len(self.lanes) > 1:
            parsed = record.parsed()
            if passes is not None and not passes(parsed):
                return
            key = orjson.dumps(parsed["dynamodb"]["Keys"][stream.hash])
            lane = self.lanes[crc32(key) % len(self.lanes)]
        lane.add(record, now)
