"""A lane: records that go to a function one batch at a time, in order, until each is done or given up.

A shard has as many lanes as its mapping's ParallelizationFactor; a partition key always takes the same lane, so the order
of an item's records holds. What happens to a batch that fails, in this order:

1. the records before the first one that failed are done (partial batch response);
2. with BisectBatchOnFunctionError the rest is tried again at once, in halves if nothing of it succeeded; that uses up no
   retry (Lambda: "Retain discarded records for a DynamoDB event source"; halving after a partial response that names the
   first record is inferred);
3. otherwise a retry is used up, and waits 1 s, 2 s, 4 s .. 60 s by the emulator's clock;
4. when none is left, or records get too old, they are given up: a `Discard`.

A function that cannot be invoked at all is tried until it can be or the records are too old, as on AWS.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from emulator.database.definitions.streams import RETENTION
from emulator.event_sources.events import FRAME, PAYLOAD, Record
from emulator.event_sources.mapping import EventSourceMapping
from emulator.event_sources.outcomes import Outcome, first_failure

_LONGEST_WAIT: Final = 60.0


def backoff(failures: int) -> float:
    """Return the seconds to wait after that many failures in a row: 1, 2, 4 .. 60."""
    return min(_LONGEST_WAIT, 2.0 ** min(failures - 1, 10))


@dataclass(slots=True)
class Batch:
    """Records that are sent together. retries and invoked: how often so far; due: when it may be sent (seconds)."""

    records: Sequence[Record]
    retries: int = 0
    invoked: int = 0
    unreached: int = 0
    due: float = 0.0
    last: Outcome | None = None

    def part(self, records: Sequence[Record]) -> "Batch":
        """Return some of its records as a batch with the same past, due at once."""
        return Batch(records, self.retries, self.invoked, last=self.last)


@dataclass(frozen=True, slots=True)
class Discard:
    """Records that were given up, and why. invoked: how often they were sent; last: what came of it the last time."""

    condition: Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
    records: Sequence[Record]
    invoked: int
    last: Outcome | None


class Lane:
    """One lane of a shard."""

    def __init__(self) -> None:
        self._queue: deque[Record] = deque()
        self._batches: deque[Batch] = deque()  # what is left of the current one, in order
        self._gathering = 0.0  # since when the next batch is gathered
        self.size = 0  # bytes of all its records
        self.in_flight = False

    def __len__(self) -> int:
        return len(self._queue) + sum(len(batch.records) for batch in self._batches)

    def unfinished(self) -> int | None:
        """Return the sequence number of the first record that is not done yet, None where there is none."""
        if self._batches:
            return self._batches[0].records[0].sequence
        return self._queue[0].sequence if self._queue else None

    def add(self, record: Record, now: float) -> None:
        """Append a record."""
        if not self._queue and not self._batches:
            self._gathering = now
        self._queue.append(record)
        self.size += len(record.text)

    def _out(self, records: Sequence[Record]) -> Sequence[Record]:
        """Count out records that are done or given up; return them."""
        self.size -= sum(len(record.text) for record in records)
        return records

    # --- sending ----------------------------------------------------------------------------------------------------

    def given_up(self, mapping: EventSourceMapping, now: float) -> Iterator[Discard]:
        """Take out what is too old to be sent (again). Nothing while a batch is under way."""
        if self.in_flight:
            return
        limit = RETENTION if mapping.record_age < 0 else min(RETENTION, mapping.record_age)
        oldest = now - limit
        while self._batches and self._batches[0].records[0].time < oldest:
            batch = self._batches[0]
            old = [record for record in batch.records if record.time < oldest]
            yield Discard("RecordAgeExceeded", self._out(old), batch.invoked, batch.last)
            batch.records = batch.records[len(old) :]
            if not batch.records:
                self._batches.popleft()
        old = []
        while not self._batches and self._queue and self._queue[0].time < oldest:
            old.append(self._queue.popleft())
        if old:
            yield Discard("RecordAgeExceeded", self._out(old), 0, None)

    def next_batch(self, mapping: EventSourceMapping, now: float) -> Batch | None:
        """Return the batch that is to be sent now, which is then under way."""
        if self.in_flight:
            return None
        if not self._batches:
            gathered = self._gathered(mapping, now)
            if not gathered:
                return None
            self._batches.append(Batch(gathered))
        batch = self._batches[0]
        if now < batch.due <= now + _LONGEST_WAIT:  # else the clock was set back
            return None
        batch.invoked += 1
        self.in_flight = True
        return batch

    def _gathered(self, mapping: EventSourceMapping, now: float) -> list[Record]:
        """Take the records of the next batch from the queue: none unless it is full or its window is over."""
        self._gathering = min(self._gathering, now)
        full = len(self._queue) >= mapping.batch_size or FRAME + self.size + len(self._queue) > PAYLOAD
        if not full and now < self._gathering + mapping.window:
            return []
        size = FRAME
        gathered: list[Record] = []
        while self._queue and len(gathered) < mapping.batch_size:
            size += len(self._queue[0].text) + 1
            if size > PAYLOAD and gathered:
                break
            gathered.append(self._queue.popleft())
        return gathered

    # --- what came of it --------------------------------------------------------------------------------------------

    def finish(self, mapping: EventSourceMapping, outcome: Outcome, now: float) -> Discard | None:
        """Take the outcome of the batch under way; return what is given up by that."""
        self.in_flight = False
        self._gathering = now
        batch = self._batches[0]
        batch.last = outcome
        if outcome.kind == "unreachable":
            batch.unreached += 1
            batch.due = now + backoff(batch.unreached)
            return None
        batch.unreached = 0
        failed = first_failure(outcome, batch.records, reports=mapping.reports_failures)
        if failed is None:
            self._out(batch.records)
            self._batches.popleft()
            return None
        self._out(batch.records[:failed])
        batch.records = batch.records[failed:]
        if mapping.bisect and (failed or len(batch.records) > 1):
            self._bisect(batch, halve=not failed)
            return None
        if 0 <= mapping.retries <= batch.retries:
            self._batches.popleft()
            return Discard("RetryAttemptsExhausted", self._out(batch.records), batch.invoked, outcome)
        batch.retries += 1
        batch.due = now + backoff(batch.retries)
        return None

    def _bisect(self, batch: Batch, *, halve: bool) -> None:
        """Put what is left of a batch back, to be tried at once."""
        self._batches.popleft()
        middle = (len(batch.records) + 1) // 2 if halve else len(batch.records)
        for records in (batch.records[middle:], batch.records[:middle]):
            if records:
                self._batches.appendleft(batch.part(records))
