"""Delivery without I/O: decides which functions to invoke now, and handles the outcomes.

    delivery = Delivery(database, mappings, functions, dead_letters)
    for invocation in delivery.due():            # called often: it costs one read if nothing is new
        ...                                      # the caller invokes the function
        delivery.finished(invocation, outcome)   # later, in any order

A consumer (database/changes/consumer.py) reads the stream of each mapping into lanes. A lane
retries batches and gives up records (lanes.py). The outcome of a batch is stored before the next
batch of the same lane is sent. So after a crash, no batches are sent a second time except those
that were in flight.

The consumer of a mapping ends if the mapping changes or stops delivering, or if its stream is
restored from a snapshot. Before it ends, it waits for the batches in flight. If the mapping still
delivers, a new consumer then begins at the mapping's checkpoints.
"""

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final, NamedTuple, Protocol

from emulator.clock import Clock
from emulator.database.changes.consumer import LogConsumer, ShardCursor, stored_positions
from emulator.database.database import Database
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.store import keyspace
from emulator.event_sources import mapping as results
from emulator.event_sources.configuration import Function, Functions
from emulator.event_sources.dead_letters import letter
from emulator.event_sources.events import payload
from emulator.event_sources.filters import compile_filters
from emulator.event_sources.lanes import Discard, Lane
from emulator.event_sources.mapping import EventSourceMapping
from emulator.event_sources.mappings import Mappings
from emulator.event_sources.outcomes import Outcome
from emulator.event_sources.shard_lanes import ShardLanes
from storage import Interrupted

_FAILURES: Final = 100  # how many of the latest failures are kept in memory
_DETAIL: Final = 500  # the maximum number of characters of a failure's detail that are kept


@dataclass(frozen=True, slots=True, eq=False)
class Invocation:
    """An invocation to make: the function, and the event as JSON.

    id: the request id that the function gets.
    """

    id: str
    function: Function
    function_arn: str
    payload: bytes


class Failure(NamedTuple):
    """A failed invocation. time: in seconds since the epoch. uuid: the UUID of the mapping."""

    time: float
    uuid: str
    request_id: str
    kind: str
    detail: str


class DeadLetterSink(Protocol):
    """Stores the dead letters about batches that were given up."""

    def append(self, letter: dict[str, Any]) -> None:
        """Store one dead letter."""
        ...


class _Consumer:
    """Reads the stream of one mapping into lanes, the queues of records for the function."""

    def __init__(
        self, mapping: EventSourceMapping, stream: StreamDefinition, positions: dict[int, int], clock: Clock
    ) -> None:
        self.mapping = mapping
        self.restored = stream.restored
        self._stale = False
        passes = compile_filters(mapping.filters)
        self.log = LogConsumer(
            mapping.consumer,
            keyspace.mapping(*mapping.tenant, mapping.uuid),
            positions,
            lambda _: ShardLanes(mapping, stream, passes, clock),
        )

    @property
    def in_flight(self) -> bool:
        """True if a batch was sent and its outcome is not known yet."""
        return any(cursor.inbox.in_flight for cursor in self.log.shards.values())

    def adopt(self, mapping: EventSourceMapping | None) -> bool:
        """Continue with the current version of the mapping. Return False if this is impossible.

        The consumer can continue if all fields except `result` are unchanged. After the first
        False, every later call returns False too.

        mapping: the current version of the mapping; None if the mapping no longer delivers.
        """
        if mapping is None or self._stale or replace(mapping, result=self.mapping.result) != self.mapping:
            self._stale = True
            return False
        self.mapping = mapping
        return True


@dataclass(slots=True)
class _InFlight:
    """The origin of a batch that has no outcome yet: its consumer, shard and lane (queue)."""

    consumer: _Consumer
    cursor: ShardCursor[ShardLanes]
    lane: Lane


class Delivery:
    """Delivers stream records to functions.

    new_id: a function that returns a new request id. failures: the latest failed invocations.
    """

    def __init__(
        self,
        database: Database,
        mappings: Mappings,
        functions: Functions,
        dead_letters: DeadLetterSink,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._database = database
        self._mappings = mappings
        self._functions = functions
        self._dead_letters = dead_letters
        self._new_id = new_id
        self._consumers: dict[str, _Consumer] = {}
        self._in_flight: dict[str, _InFlight] = {}
        self.failures: deque[Failure] = deque(maxlen=_FAILURES)

    def due(self) -> list[Invocation]:
        """Return the invocations that the caller must make now.

        The batch of an invocation is in flight until the caller reports the outcome to `finished`.
        """
        return self._database.try_run(self._due, [])

    def next_events(self) -> Iterator[tuple[float, str, str]]:
        """Yield a triple for each lane that will send a batch: time, kind, UUID of the mapping.

        The time is when the lane (a queue of records) sends the batch. If the time has passed, the
        next poll sends the batch. The kind is "FunctionRetry" or "BatchingWindow" (`Lane.due`).
        Lanes exist only in the process that delivers to functions.
        """
        for consumer in self._consumers.values():
            for cursor in consumer.log.shards.values():
                for lane in cursor.inbox.lanes:
                    due = lane.due(consumer.mapping)
                    if due is not None:
                        yield *due, consumer.mapping.uuid

    def lanes(self, uuid: str) -> Iterator[tuple[str, Lane]]:
        """Yield a pair for each lane of a mapping: the id of the lane's shard, and the lane.

        A lane is a queue of records for the mapping's function.
        """
        consumer = self._consumers.get(uuid)
        for cursor in () if consumer is None else consumer.log.shards.values():
            for lane in cursor.inbox.lanes:
                yield cursor.shard_id, lane

    def _due(self) -> list[Invocation]:
        found: list[Invocation] = []
        current = {mapping.uuid: mapping for mapping in self._mappings.delivering()}
        for key, consumer in list(self._consumers.items()):
            mapping = current.get(key)
            if self._reads_on(consumer) and (mapping is consumer.mapping or consumer.adopt(mapping)):
                continue
            if consumer.in_flight:
                current.pop(key, None)
            else:
                del self._consumers[key]
        for mapping in current.values():
            found += self._due_of(mapping)
        return found

    def _reads_on(self, consumer: _Consumer) -> bool:
        """Return False if a consumer must end because its stream was restored from a snapshot."""
        stream = self._database.streams.get(consumer.mapping.stream_id)
        return stream is None or stream.restored == consumer.restored

    def _due_of(self, mapping: EventSourceMapping) -> Iterator[Invocation]:
        function = self._functions.get(mapping.function_name)
        stream = self._database.streams.get(mapping.stream_id)
        if function is None or stream is None:
            missing = mapping.function_arn if function is None else mapping.stream_arn
            what = "Function" if function is None else "Stream"
            self._save_result(mapping, f"PROBLEM: {what} not found: {missing}")
            return
        now = self._database.clock.now()
        try:
            consumer = self._consumer(mapping, stream)
            with self._database.read_committed() as txn:
                if not consumer.log.poll(txn, stream, now):
                    return
        except Interrupted:  # another process has changed definitions; the next poll reads again
            return
        oldest = max(stream.oldest(now), -inf if mapping.record_age < 0 else now - mapping.record_age)
        for cursor in tuple(consumer.log.shards.values()):
            for lane in cursor.inbox.lanes:
                for discard in lane.give_up(oldest):
                    self._discard(mapping, cursor.shard_id, discard, self._new_id())
                batch = lane.next_batch(mapping, now)
                if batch is not None:
                    invocation = Invocation(self._new_id(), function, mapping.function_arn, payload(batch.records))
                    self._in_flight[invocation.id] = _InFlight(consumer, cursor, lane)
                    yield invocation
        self._save(consumer)

    def _consumer(self, mapping: EventSourceMapping, stream: StreamDefinition) -> _Consumer:
        consumer = self._consumers.get(mapping.uuid)
        if consumer is None:
            with self._database.read() as txn:
                positions = stored_positions(txn, mapping.consumer)
            consumer = _Consumer(mapping, stream, positions, self._database.clock)
            self._consumers[mapping.uuid] = consumer
        return consumer

    def finished(self, invocation: Invocation, outcome: Outcome) -> None:
        """End an invocation that `due` returned, with its outcome.

        Store the mapping's positions and result. If records were given up, write a dead letter
        about them.
        """
        batch = self._in_flight.pop(invocation.id)
        mapping = batch.consumer.mapping
        now = self._database.clock.now()
        if outcome.kind != "answered":
            self.failures.append(Failure(now, mapping.uuid, invocation.id, outcome.kind, outcome.detail[:_DETAIL]))
        discard = batch.lane.finish(mapping, outcome, now)
        if discard is not None:
            self._discard(mapping, batch.cursor.shard_id, discard, invocation.id)
        self._save(batch.consumer)
        self._save_result(mapping, results.OK if outcome.kind == "answered" else results.CALL_FAILED)

    def _save_result(self, mapping: EventSourceMapping, result: str) -> None:
        self._database.try_run(lambda: self._mappings.save_result(mapping.uuid, result), None)

    def _discard(self, mapping: EventSourceMapping, shard_id: str, discard: Discard, request_id: str) -> None:
        self._dead_letters.append(letter(mapping, shard_id, discard, request_id, self._database.clock.now()))

    def _save(self, consumer: _Consumer) -> None:
        """Store the changed positions of a consumer. If the disk is full, a later call stores them.

        If the stream was restored from a snapshot, store nothing: the restored positions are valid.
        """

        def save() -> None:
            if self._reads_on(consumer):
                consumer.log.save(self._database.write)

        self._database.try_run(save, None)
