"""Lanes, each of which sends records to a function in order, one batch at a time.

A record stays in its lane until it is done or the lane gives it up. A shard has as many lanes as
the mapping's ParallelizationFactor. All records with the same partition key go into the same lane,
so the records of an item stay in order.

If a batch fails, the lane takes these steps:

1. A partial batch response may name failed records. The records before the first failed record are
   done and leave the batch.
2. With BisectBatchOnFunctionError, the lane sends the remaining records again without a wait: as
   one batch if step 1 has removed records, else as two halves. This uses up no retry (Lambda:
   "Retain discarded records for a DynamoDB event source"). We infer that the service also halves a
   batch if a partial batch response names the batch's first record.
3. Without BisectBatchOnFunctionError, the batch uses up a retry. A batch of one record always uses
   up a retry, because it cannot be halved. The first retry waits 1 s by the emulator's clock. Each
   later retry waits twice as long as the previous retry, up to 60 s.
4. If the batch has no retry left, the lane gives up its records (`Discard`).

The lane also gives up records that are too old. If the function cannot be invoked at all, no retry
is used up: as on AWS, the lane sends the batch again until the function can be invoked or the
records are too old.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from emulator.database.changes.consumer import BackOff
from emulator.event_sources.events import FRAME, PAYLOAD, Record
from emulator.event_sources.mapping import EventSourceMapping
from emulator.event_sources.outcomes import Outcome, first_failure

BACK_OFF: Final = BackOff(first=1.0, longest=60.0)


@dataclass(slots=True)
class Batch:
    """Records that are sent together.

    retries: the number of retries that the batch has used up.
    invoked: the number of times that the batch was sent.
    unreached: the number of consecutive attempts in which the function could not be invoked.
    due: the earliest time at which the batch may be sent, in seconds since the epoch.
    last: the outcome of the last invocation, None if there is no outcome yet.
    """

    records: Sequence[Record]
    retries: int = 0
    invoked: int = 0
    unreached: int = 0
    due: float = 0.0
    last: Outcome | None = None

    def part(self, records: Sequence[Record]) -> "Batch":
        """Return a new batch of the given records, which are a part of this batch's records.

        The new batch may be sent immediately. It has the same `retries`, `invoked` and `last` as
        this batch.
        """
        return Batch(records, self.retries, self.invoked, last=self.last)


@dataclass(frozen=True, slots=True)
class Discard:
    """Records that were given up, and the reason.

    invoked: how often the records were sent.
    last: the outcome of the last invocation, None if the records were never sent.
    """

    condition: Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
    records: Sequence[Record]
    invoked: int
    last: Outcome | None


class Lane:
    """One lane of a shard: its waiting records, and its current batch."""

    def __init__(self) -> None:
        self._queue: deque[Record] = deque()
        self._batches: deque[Batch] = deque()  # the current batch, or its remaining parts after a failure
        self._gathering = 0.0  # the time when the batching window of the next batch began
        self.size = 0  # bytes of all records in the lane
        self.in_flight = False

    def __len__(self) -> int:
        return len(self._queue) + sum(len(batch.records) for batch in self._batches)

    def unfinished(self) -> int | None:
        """Return the sequence number of the first record that is not done.

        Return None if all records are done.
        """
        if self._batches:
            return self._batches[0].records[0].sequence
        return self._queue[0].sequence if self._queue else None

    def current(self) -> Batch | None:
        """Return the batch that is in flight or will be sent again.

        Return None if there is no such batch.
        """
        return self._batches[0] if self._batches else None

    def add(self, record: Record, now: float) -> None:
        """Append a record to the waiting records."""
        if not self._queue and not self._batches:
            self._gathering = now
        self._queue.append(record)
        self.size += len(record.text)

    def _count_out(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return the given records, which leave the lane. Subtract their bytes from `size`."""
        self.size -= sum(len(record.text) for record in records)
        return records

    # --- sending ----------------------------------------------------------------------------------

    def give_up(self, oldest: float) -> Iterator[Discard]:
        """Remove the records that are older than `oldest`, and yield them as Discards.

        oldest: a time in seconds since the epoch.

        While a batch is in flight, do nothing.
        """
        if self.in_flight:
            return
        while self._batches and self._batches[0].records[0].time < oldest:
            batch = self._batches[0]
            old = [record for record in batch.records if record.time < oldest]
            yield Discard("RecordAgeExceeded", self._count_out(old), batch.invoked, batch.last)
            batch.records = batch.records[len(old) :]
            if not batch.records:
                self._batches.popleft()
        old = []
        while not self._batches and self._queue and self._queue[0].time < oldest:
            old.append(self._queue.popleft())
        if old:
            yield Discard("RecordAgeExceeded", self._count_out(old), 0, None)

    def next_batch(self, mapping: EventSourceMapping, now: float) -> Batch | None:
        """Return the batch to send now, which is then in flight.

        Return None if the lane has no batch that may be sent now.
        """
        if self.in_flight:
            return None
        if not self._batches:
            gathered = self._gathered(mapping, now)
            if not gathered:
                return None
            self._batches.append(Batch(gathered))
        batch = self._batches[0]
        if not BACK_OFF.over(batch.due, now):
            return None
        batch.invoked += 1
        self.in_flight = True
        return batch

    def due(self, mapping: EventSourceMapping) -> tuple[float, str] | None:
        """Return a pair: the time at which the lane sends its next batch, and the reason to wait.

        The reason is "FunctionRetry" if the batch failed before, else "BatchingWindow". Return None
        if the lane has no records, or if a batch is in flight.
        """
        if self.in_flight or not len(self):
            return None
        if self._batches:
            return self._batches[0].due, "FunctionRetry"
        return self._gathering + mapping.window, "BatchingWindow"

    def _gathered(self, mapping: EventSourceMapping, now: float) -> list[Record]:
        """Take the records of the next batch from the queue, and return them.

        Return an empty list if the batch must wait for more records, because it is not full and its
        batching window is still open.
        """
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

    # --- outcomes ---------------------------------------------------------------------------------

    def finish(self, mapping: EventSourceMapping, outcome: Outcome, now: float) -> Discard | None:
        """End the batch in flight. outcome: the result of the batch's invocation.

        If the lane gives up records of the batch, return them as a Discard, else return None.
        Records that must be sent again stay in the lane.
        """
        self.in_flight = False
        self._gathering = now
        batch = self._batches[0]
        batch.last = outcome
        if outcome.kind == "unreachable":
            batch.unreached += 1
            batch.due = BACK_OFF.until(now, batch.unreached)
            return None
        batch.unreached = 0
        failed = first_failure(outcome, batch.records, reports=mapping.reports_failures)
        if failed is None:
            self._count_out(batch.records)
            self._batches.popleft()
            return None
        self._count_out(batch.records[:failed])
        batch.records = batch.records[failed:]
        if mapping.bisect and (failed or len(batch.records) > 1):
            self._bisect(batch, halve=not failed)
            return None
        if 0 <= mapping.retries <= batch.retries:
            self._batches.popleft()
            return Discard("RetryAttemptsExhausted", self._count_out(batch.records), batch.invoked, outcome)
        batch.retries += 1
        batch.due = BACK_OFF.until(now, batch.retries)
        return None

    def _bisect(self, batch: Batch, *, halve: bool) -> None:
        """Queue the remaining records of a failed batch again.

        halve: True to make two batches of the records, False to make one. The new batches may be
        sent immediately.
        """
        self._batches.popleft()
        middle = (len(batch.records) + 1) // 2 if halve else len(batch.records)
        for records in (batch.records[middle:], batch.records[:middle]):
            if records:
                self._batches.appendleft(batch.part(records))
