"""Filters the records of one shard for one mapping, and distributes them to lanes (queues).

A record that does not pass the filter counts as done. The store has one position for the shard: the
first record that is not done. After a restart, this record and all later records are delivered. So
no record is lost. But a later record that another lane had already done is delivered again.
"""

from zlib import crc32

import orjson

from emulator.clock import Clock
from emulator.database.definitions.streams import StreamDefinition
from emulator.event_sources.events import PAYLOAD, EventFormat
from emulator.event_sources.filters import Test
from emulator.event_sources.lanes import Lane
from emulator.event_sources.mapping import EventSourceMapping


class ShardLanes:
    """The lanes of one shard: queues of records for a function. Implements `Inbox` (consumer.py).

    passes: the mapping's filters as a function, None if every record passes.
    """

    __slots__ = ("_clock", "_form", "_hash_key", "_passes", "_window", "lanes")

    def __init__(
        self, mapping: EventSourceMapping, stream: StreamDefinition, passes: Test | None, clock: Clock
    ) -> None:
        self.lanes = [Lane() for _ in range(mapping.parallelization)]
        self._window = 2 * mapping.batch_size * mapping.parallelization
        self._form = EventFormat(stream.arn)
        self._hash_key = stream.hash
        self._passes = passes
        self._clock = clock

    @property
    def in_flight(self) -> bool:
        """True if a batch was sent and its outcome is not known yet."""
        return any(lane.in_flight for lane in self.lanes)

    def room(self) -> int:
        """Return the number of records that may be added now.

        All lanes together may have as many records as two full batches for each lane. If they have
        PAYLOAD bytes (6 MB) or more for each lane, the result is 0.
        """
        if sum(lane.size for lane in self.lanes) >= PAYLOAD * len(self.lanes):
            return 0
        return self._window - sum(map(len, self.lanes))

    def add(self, row: bytes) -> None:
        """Add a stored record to its lane, if it passes the filter."""
        record = self._form.record(row)
        lane = self.lanes[0]
        if self._passes is not None or len(self.lanes) > 1:
            parsed = record.parsed()
            if self._passes is not None and not self._passes(parsed):
                return
            key = orjson.dumps(parsed["dynamodb"]["Keys"][self._hash_key])
            lane = self.lanes[crc32(key) % len(self.lanes)]
        lane.add(record, self._clock.now())

    def first_not_done(self) -> int | None:
        """Return the sequence number of the first record that is not done.

        Return None if all records are done.
        """
        unfinished = [number for lane in self.lanes if (number := lane.unfinished()) is not None]
        return min(unfinished, default=None)

    def expire(self) -> None:
        """Do nothing, because the lanes give up records that are too old (`Lane.give_up`)."""
