"""Delivery without I/O: which functions are to be invoked now, and what follows from the outcomes.

    delivery = Delivery(database, mappings, functions, dead_letters)
    for invocation in delivery.due():            # often; costs one read where nothing happened
        ...                                      # somebody invokes the function
        delivery.finished(invocation, outcome)   # later, in any order

A shard is read once its parent is done (`_Consumer`), into lanes that retry and give up (lanes.py). Whatever a batch
came to is in storage before the next one of its lane is due, so a crash repeats at most what was under way.

A mapping that changes, or stops delivering, lets what is under way end; then it begins anew at its checkpoints.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from emulator.database.changes.log import last_sequence
from emulator.database.database import Database
from emulator.database.definitions.streams import StreamDefinition
from emulator.event_sources import mapping as results
from emulator.event_sources.configuration import Function, Functions
from emulator.event_sources.dead_letters import letter
from emulator.event_sources.events import payload
from emulator.event_sources.filters import compile_filters
from emulator.event_sources.lanes import Discard, Lane
from emulator.event_sources.mapping import EventSourceMapping
from emulator.event_sources.mappings import Mappings
from emulator.event_sources.outcomes import Outcome
from emulator.event_sources.readers import Reader
from storage import Interrupted, ReadTxn


@dataclass(frozen=True, slots=True, eq=False)
class Invocation:
    """A function to be invoked with an event. id: the request id that it sees."""

    id: str
    function: Function
    function_arn: str
    payload: bytes


class Letters(Protocol):
    """Who takes the letters about discarded batches."""

    def append(self, told: dict[str, Any]) -> None:
        """Take one."""
        ...


@dataclass(slots=True)
class _UnderWay:
    """A batch that was sent, and where it belongs."""

    consumer: "_Consumer"
    reader: Reader
    lane: Lane


class Delivery:
    """Delivers the records of streams to functions. new_id: the source of request ids."""

    def __init__(
        self,
        database: Database,
        mappings: Mappings,
        functions: Functions,
        letters: Letters,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._database = database
        self._mappings = mappings
        self._functions = functions
        self._letters = letters
        self._new_id = new_id
        self._consumers: dict[str, _Consumer] = {}
        self._under_way: dict[str, _UnderWay] = {}

    def due(self) -> list[Invocation]:
        """Return the invocations to be made now; each is under way until `finished`."""
        return self._database.try_run(self._due, [])

    def _due(self) -> list[Invocation]:
        found: list[Invocation] = []
        current = {mapping.uuid: mapping for mapping in self._mappings.delivering()}
        for key, consumer in list(self._consumers.items()):
            mapping = current.get(key)
            if mapping is consumer.mapping or consumer.follow(mapping):
                continue
            if consumer.in_flight:
                current.pop(key, None)
            else:
                del self._consumers[key]
        for mapping in current.values():
            found += self._due_of(mapping)
        return found

    def _due_of(self, mapping: EventSourceMapping) -> Iterator[Invocation]:
        function = self._functions.get(mapping.function_name)
        stream = self._database.streams.get(mapping.stream_id)
        if function is None or stream is None:
            missing = mapping.function_arn if function is None else mapping.stream_arn
            what = "Function" if function is None else "Stream"
            self._tell(mapping, f"PROBLEM: {what} not found: {missing}")
            return
        now = self._database.clock.now()
        try:
            consumer = self._consumers.get(mapping.uuid)
            if consumer is None:
                positions = self._mappings.checkpoints(mapping)
                consumer = self._consumers[mapping.uuid] = _Consumer(mapping, positions)
            with self._database.read_committed() as txn:
                if not consumer.look(txn, stream, now):
                    return
        except Interrupted:  # by another process; the next look reads again
            return
        for reader in tuple(consumer.readers.values()):
            for lane in reader.lanes:
                for discard in lane.given_up(mapping, now):
                    self._discard(mapping, reader, discard, self._new_id())
                batch = lane.next_batch(mapping, now)
                if batch is not None:
                    invocation = Invocation(self._new_id(), function, mapping.function_arn, payload(batch.records))
                    self._under_way[invocation.id] = _UnderWay(consumer, reader, lane)
                    yield invocation
        self._save(consumer)

    def finished(self, invocation: Invocation, outcome: Outcome) -> None:
        """Take the outcome of an invocation."""
        under_way = self._under_way.pop(invocation.id)
        consumer = under_way.consumer
        mapping = consumer.mapping
        discard = under_way.lane.finish(mapping, outcome, self._database.clock.now())
        if discard is not None:
            self._discard(mapping, under_way.reader, discard, invocation.id)
        self._save(consumer)
        self._tell(mapping, results.OK if outcome.kind == "answered" else results.CALL_FAILED)

    def _tell(self, mapping: EventSourceMapping, result: str) -> None:
        self._database.try_run(lambda: self._mappings.save_result(mapping.uuid, result), None)

    def _discard(self, mapping: EventSourceMapping, reader: Reader, discard: Discard, request_id: str) -> None:
        now = self._database.clock.now()
        self._letters.append(letter(mapping, reader.shard_id, discard, request_id, now))

    def _save(self, consumer: "_Consumer") -> None:
        """Store the positions that moved. What cannot be stored now (the disk is full) is tried again with the next."""
        moved, gone = consumer.moved(), tuple(consumer.gone)
        if not moved and not gone:
            return

        def store() -> None:
            self._mappings.checkpoint(consumer.mapping, moved, gone)
            consumer.saved(moved, gone)

        self._database.try_run(store, None)


class _Consumer:
    """A mapping that is delivered: a reader for each shard that can be read.

    positions: its checkpoints; a shard without one is read from its beginning.
    """

    def __init__(self, mapping: EventSourceMapping, positions: dict[int, int]) -> None:
        self.mapping = mapping
        self.readers: dict[int, Reader] = {}
        self.gone: set[int] = set()  # shards whose checkpoints are to be forgotten
        self._positions = positions
        self._passes = compile_filters(mapping.filters)
        self._seen: int | None = None  # the stream's last number when everything before it had been done
        self._stale = False

    @property
    def in_flight(self) -> bool:
        """Whether a batch is under way."""
        return any(reader.in_flight for reader in self.readers.values())

    def follow(self, mapping: EventSourceMapping | None) -> bool:
        """Take over a mapping that only tells another result; say whether delivery can go on as it is."""
        if mapping is None or self._stale or replace(mapping, result=self.mapping.result) != self.mapping:
            self._stale = True
            return False
        self.mapping = mapping
        return True

    def look(self, txn: ReadTxn, stream: StreamDefinition, now: float) -> bool:
        """Read what is new; say whether there is anything to do, which one read tells when nothing was written."""
        last = last_sequence(txn, stream.id)
        if last == self._seen:
            return False
        self._seen = None  # until everything has been looked at
        busy = False
        held = set()  # ids of the shards whose ancestors are not done
        for shard in stream.shards:
            reader = self.readers.get(shard.number)
            if reader is None:
                if shard.parent in held or not self._done(shard.parent):
                    held.add(shard.id)
                    continue
                position = self._positions.get(shard.number, shard.start)
                reader = self.readers[shard.number] = Reader(shard, position, self.mapping.parallelization)
            more = reader.read(txn, stream, shard, self.mapping, self._passes, now)
            busy = busy or more or reader.waiting
        for number in self.readers.keys() - {shard.number for shard in stream.shards}:
            if not self.readers[number].waiting:
                del self.readers[number]
                self.gone.add(number)
        if not busy:
            self._seen = last
        return True

    def _done(self, shard_id: str | None) -> bool:
        """Say whether a parent's records are all done; one that has no reader, and is not held, is trimmed by now."""
        return all(reader.finished for reader in self.readers.values() if reader.shard_id == shard_id)

    def moved(self) -> dict[int, int]:
        """Return the positions that are not in storage, by shard."""
        return {number: r.position for number, r in self.readers.items() if r.position != r.stored}

    def saved(self, positions: dict[int, int], gone: Iterable[int]) -> None:
        """Note that positions are in storage, and those of shards that are gone no more."""
        for number, position in positions.items():
            self.readers[number].stored = position
        self.gone.difference_update(gone)
