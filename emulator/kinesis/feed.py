"""Decides which records to send to Kinesis now, without I/O.

The caller (outbound/kinesis.py) gets batches of records from `due`, and sends each batch with one
call of PutRecords. It reports the result with `put`, `failed` or `refused` before it calls `due`
again. The feed guarantees:

- Every record is sent at least once, because its checkpoint is stored after PutRecords has
  succeeded. There are two exceptions. A record that Kinesis refuses is skipped. A record that
  cannot be sent within a day is lost, as on the service.
- The records of a parent shard are sent before the records of its child shards, and the number of
  records in memory is bounded (database/changes/consumer.py).
- The records of an item are sent in order. Kinesis preserves the order of calls, but not the order
  of the records in one call (AWS: PutRecords), and any record may fail. So a batch never has two
  records with the same partition key.

After each further failure, the feed waits longer, by the emulator's clock, before it sends a batch
again. If Kinesis refuses the content of a batch, the next batches are smaller, until a batch has
only the bad record. This record is skipped, and the log says so.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, zip_longest
from typing import Final

from emulator.database.changes.consumer import BackOff, LogConsumer, Page, stored_positions
from emulator.database.database import Database
from emulator.database.definitions.kinesis import DISABLED, DISABLING, DRAIN_SECONDS, consumer, precision
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.definitions.tables import KinesisDestination
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.escaping import LONGEST_DETAIL, printable
from emulator.kinesis.records import KinesisRecord, RecordFormat
from emulator.limits import KIB, KINESIS_BATCH_BYTES, KINESIS_BATCH_RECORDS

log = logging.getLogger("emulator")

FIRST_BACK_OFF: Final = 0.1  # seconds of the wait after the first failure
LONGEST_BACK_OFF: Final = 30.0  # the maximum number of seconds of a wait
_BACK_OFF: Final = BackOff(first=FIRST_BACK_OFF, longest=LONGEST_BACK_OFF)

_WINDOW: Final = 500  # the maximum number of records of a shard in memory
_REFILL: Final = 250  # if a shard has fewer records in memory, the feed reads more records
_PAGE: Final = Page(records=128, size=256 * KIB)
"""The maximum that one poll reads from a shard. The poll delays requests by a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one PutRecords call.

    log: the id of the change log that the records come from. arn: the ARN of the Kinesis data
    stream. access_key: the access key of the table's owner.
    """

    log: int
    arn: str
    access_key: str
    records: tuple[KinesisRecord, ...]


class _Waiting:
    """The records of one shard that wait to be sent. Implements `Inbox` of consumer.py."""

    def __init__(self, feed: "_Feed", number: int) -> None:
        self._feed = feed
        self._number = number
        self.records: list[KinesisRecord] = []

    def room(self) -> int:
        return _WINDOW - len(self.records) if len(self.records) < _REFILL else 0

    def add(self, row: bytes) -> None:
        self.records.append(self._feed.form.record(row, self._number))

    def first_not_done(self) -> int | None:
        return self.records[0].sequence if self.records else None

    def expire(self) -> None:
        self.records.clear()

    def remove(self, done: Collection[int]) -> None:
        """Remove records that were sent or skipped. done: the records' sequence numbers."""
        self.records = [record for record in self.records if record.sequence not in done]


class _Feed:
    """The state of one Kinesis destination: reads its change log and keeps the waiting records.

    most: the maximum number of records in the next batch. failures: the number of failures in a
    row. form: converts stored records to Kinesis records.
    """

    form: RecordFormat

    def __init__(self, stream: StreamDefinition, positions: Mapping[int, int]) -> None:
        self.consumer = LogConsumer(
            consumer(stream.id),
            keyspace.stream(stream.id),
            positions,
            lambda shard: _Waiting(self, shard.number),
            _PAGE,
        )
        self.log_id = stream.id
        self.restored = stream.restored
        self.most = KINESIS_BATCH_RECORDS
        self.failures = 0
        self._backs_off_until = 0.0
        self._precision = ""

    def form_with(self, stream: StreamDefinition, precision: str) -> None:
        """Use this precision for the times in records that will be read from now on.

        precision: the unit of times, MILLISECOND or MICROSECOND.
        """
        if precision != self._precision:
            self._precision = precision
            self.form = RecordFormat(
                region=stream.region, table=stream.table, hash_key=stream.hash, precision=precision
            )

    @property
    def waiting(self) -> Iterable[list[KinesisRecord]]:
        """The records that wait to be sent: one list for each shard."""
        return (cursor.inbox.records for cursor in self.consumer.shards.values())

    def ready(self, now: float) -> bool:
        """Return True if the feed may send a batch. After a failure, the feed waits for some time.

        now: the time, in seconds since 1970.
        """
        return _BACK_OFF.over(self._backs_off_until, now)

    def back_off(self, now: float) -> None:
        self.failures += 1
        self._backs_off_until = _BACK_OFF.until(now, self.failures)

    def remove(self, records: Iterable[KinesisRecord]) -> None:
        """Remove records that were sent or skipped."""
        done: dict[int, set[int]] = {}
        for record in records:
            done.setdefault(record.shard, set()).add(record.sequence)
        for number, sequences in done.items():
            # A shard may be missing: the consumer drops shards whose records are too old.
            if number in self.consumer.shards:
                self.consumer.shards[number].inbox.remove(sequences)


class KinesisFeed:
    """Decides what to send to the Kinesis destinations of all tables.

    Only the thread that owns the database may call the methods.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._feeds: dict[int, _Feed] = {}  # keyed by the id of the change log

    def due(self) -> list[Batch]:
        """Return the batches to send now, at most one for each destination.

        The caller must report the result of each batch before it calls `due` again.
        """
        return self._database.try_run(self._due, [])

    def _due(self) -> list[Batch]:
        now = self._database.clock.now()
        batches = []
        drained = []
        seen = set()
        with self._database.read_committed() as txn:
            for table, destination, stream in self._destinations():
                seen.add(stream.id)
                feed = self._feed(destination, stream)
                feed.consumer.poll(txn, stream, now)
                leaving = destination.status == DISABLING
                # Like other transient statuses, DISABLING lasts `delay` seconds or more.
                shown = destination.until - DRAIN_SECONDS + self._database.catalog.delay
                if leaving and (now >= destination.until or (now >= shown and feed.consumer.finished(stream))):
                    drained.append((table, stream.id))
                elif feed.ready(now) and (records := _batch(feed)):
                    batches.append(Batch(stream.id, destination.arn, table.definition.access_key, records))
        self._feeds = {log_id: feed for log_id, feed in self._feeds.items() if log_id in seen}
        for table, log_id in drained:
            # If the status DISABLED cannot be stored now, the next call of `due` tries again.
            self._database.try_run(partial(self._finish, table, log_id), None)
        return batches

    def put(self, batch: Batch, failed: Collection[int] = ()) -> None:
        """Remove the records that Kinesis accepted from the feed of the sent batch.

        failed: the positions (in the batch) of the records that Kinesis rejected. After a wait,
        `due` returns these records again.
        """
        feed = self._feeds.get(batch.log)
        if feed is None:
            return
        done = [record for position, record in enumerate(batch.records) if position not in failed]
        if done:
            self._done(feed, done)
            feed.failures = 0
            feed.most = min(KINESIS_BATCH_RECORDS, 2 * feed.most)
        if failed:
            feed.back_off(self._database.clock.now())

    def failed(self, batch: Batch, why: str) -> None:
        """Update the feed of a batch whose call of PutRecords failed.

        After a wait, `due` returns the records of the batch again.
        """
        feed = self._feeds.get(batch.log)
        if feed is None:
            return
        if not feed.failures:
            log.warning(
                "Kinesis stream %s does not accept records; they wait and will be sent again: %s",
                printable(batch.arn),
                printable(why, LONGEST_DETAIL),
            )
        feed.back_off(self._database.clock.now())

    def refused(self, batch: Batch, why: str) -> None:
        """Update the feed of a batch whose content Kinesis refused.

        The next batch has at most half as many records. If this batch had only one record, skip
        this record.
        """
        feed = self._feeds.get(batch.log)
        if feed is None:
            return
        feed.most = max(1, len(batch.records) // 2)
        if len(batch.records) == 1:
            log.warning(
                "Kinesis stream %s refused a record; it will not be sent again: %s",
                printable(batch.arn),
                printable(why, LONGEST_DETAIL),
            )
            self._done(feed, batch.records)

    def _destinations(self) -> Iterator[tuple[Table, KinesisDestination, StreamDefinition]]:
        """Yield each destination that has a change log, with its table and this change log."""
        for table in self._database.catalog.everything():
            for destination in table.definition.kinesis:
                stream = None if destination.stream_id is None else self._database.streams.get(destination.stream_id)
                if stream is not None:
                    yield table, destination, stream

    def _feed(self, destination: KinesisDestination, stream: StreamDefinition) -> _Feed:
        feed = self._feeds.get(stream.id)
        if feed is None or feed.restored != stream.restored:
            with self._database.read() as txn:
                positions = stored_positions(txn, consumer(stream.id))
            feed = self._feeds[stream.id] = _Feed(stream, positions)
        feed.form_with(stream, precision(destination))
        return feed

    def _done(self, feed: _Feed, records: Iterable[KinesisRecord]) -> None:
        """Remove the sent or skipped records from the feed, and store the new checkpoints.

        If the disk is full, only the next call of this method stores the checkpoints. If the
        process ends before this call, the records are sent again. If the change log was restored
        from a snapshot in the meantime, keep the checkpoints that were restored with it.
        """
        feed.remove(records)

        def save() -> None:
            stream = self._database.streams.get(feed.log_id)
            if stream is not None and stream.restored == feed.restored:
                feed.consumer.save(self._database.write)

        self._database.try_run(save, None)

    def _finish(self, table: Table, log_id: int) -> None:
        """Change a destination's status from DISABLING to DISABLED.

        This also deletes the destination's change log.
        """
        current = self._database.catalog.current(table)
        if current is None:
            return
        definition = current.definition
        ended = tuple(
            replace(each, status=DISABLED) if each.stream_id == log_id and each.status == DISABLING else each
            for each in definition.kinesis
        )
        if ended != definition.kinesis:
            self._database.catalog.change(replace(definition, kinesis=ended))


def _batch(feed: _Feed) -> tuple[KinesisRecord, ...]:
    """Return the records of the next batch, or () if no records wait.

    Take records from all shards in turn, but only the first record of each partition key.
    """
    chosen: dict[str, KinesisRecord] = {}
    size = 0
    for record in chain.from_iterable(zip_longest(*feed.waiting)):
        if record is None or record.key in chosen:
            continue
        size += record.size
        if len(chosen) == feed.most or (chosen and size > KINESIS_BATCH_BYTES):
            break
        chosen[record.key] = record
    return tuple(chosen.values())
