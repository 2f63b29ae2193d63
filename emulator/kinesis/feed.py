"""What is to be put to Kinesis now: the core of the feed, without I/O.

Whoever puts asks for the `due` batches, puts each in one PutRecords call, and reports what became of it with `put`,
`failed` or `refused`. The invariants:

- At least once: a change log is read from its checkpoint, the first record that is not known to be put; checkpoints are
  stored after the put.
- Order per item: Kinesis orders calls, not the entries of one call (AWS: PutRecords), and may fail any of them. So a
  batch never has two records of one partition key, and the next one goes only when the one before it has been put.
- Lineage: a shard is read once its parent is drained.
- Bounded: no more than a window of each shard is in memory; the log itself is trimmed after a day like every stream.

After a failure the destination rests by the emulator's clock. A batch whose content is refused is halved until the
record to blame stands alone; that one is given up, and the log says so.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, zip_longest
from typing import Final

from emulator.database.changes import reader
from emulator.database.database import Database
from emulator.database.definitions.kinesis import DISABLED, DISABLING, consumer, precision
from emulator.database.definitions.streams import Shard, StreamDefinition
from emulator.database.definitions.tables import KinesisDestination
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.escaping import ANSWER, printable
from emulator.kinesis.records import KinesisRecord, kinesis_record
from emulator.limits import KIB, KINESIS_BATCH_BYTES, KINESIS_BATCH_RECORDS
from storage import ReadTxn
from storage.keycode import u64

log = logging.getLogger("emulator")

FIRST_REST: Final = 0.1  # seconds of the emulator's clock after a first failure, twice as long after each further one
LONGEST_REST: Final = 30.0

_WINDOW: Final = 500  # records of a shard in memory
_REFILL: Final = 250  # below that many more are read
_READ_RECORDS: Final = 128  # at a time, and of those so many bytes: a look holds up requests for a few milliseconds
_READ_BYTES: Final = 256 * KIB  # of SizeBytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Records for one PutRecords call.

    log: id of the change log they are from; arn: of the data stream; access_key: of the table's owner.
    """

    log: int
    arn: str
    access_key: str
    records: tuple[KinesisRecord, ...]


@dataclass(slots=True)
class _ShardReader:
    """Where the feed is in one shard: records that were read and wait, and the number from which to read on."""

    following: int
    waiting: list[KinesisRecord] = field(default_factory=list)

    @property
    def checkpoint(self) -> int:
        return self.waiting[0].sequence if self.waiting else self.following

    def drained(self, shard: Shard) -> bool:
        return shard.end is not None and not self.waiting and self.following > shard.end


@dataclass(slots=True)
class _LogReader:
    """Where the feed is in one destination's change log. most: records of the next batch; rests: until when it rests."""

    shards: dict[int, _ShardReader] = field(default_factory=dict)
    most: int = KINESIS_BATCH_RECORDS
    failures: int = 0
    rests: float = 0.0

    def drained(self, stream: StreamDefinition) -> bool:
        return all(shard.number in self.shards and self.shards[shard.number].drained(shard) for shard in stream.shards)

    def ready(self, now: float) -> bool:
        """Say whether the rest is over; a clock that was set back does not prolong it."""
        return not now < self.rests <= now + LONGEST_REST

    def rest(self, now: float) -> None:
        self.failures += 1
        self.rests = now + min(LONGEST_REST, FIRST_REST * 2.0 ** min(self.failures - 1, 20))


class KinesisFeed:
    """The destinations of all tables and how far each has got. Synchronous, owned by the database's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._logs: dict[int, _LogReader] = {}

    def due(self) -> list[Batch]:
        """Return what is to be put now, at most one batch for a destination; report each before asking again."""
        return self._database.try_run(self._due, [])

    def _due(self) -> list[Batch]:
        now = self._database.clock.now()
        batches = []
        finished = []
        seen = set()
        with self._database.read_committed() as txn:
            for table, destination, stream in self._destinations():
                seen.add(stream.id)
                reader = self._logs.setdefault(stream.id, _LogReader())
                _read_on(txn, reader, stream, table, destination)
                leaving = destination.status == DISABLING
                if leaving and (now >= destination.until or reader.drained(stream)):
                    finished.append((table, stream.id))
                elif reader.ready(now) and (records := _batch(reader)):
                    batches.append(Batch(stream.id, destination.arn, table.definition.access_key, records))
        self._logs = {log_id: reader for log_id, reader in self._logs.items() if log_id in seen}
        for table, log_id in finished:
            self._database.try_run(partial(self._finish, table, log_id), None)  # else the next look tries again
        return batches

    def put(self, batch: Batch, failed: Collection[int] = ()) -> None:
        """Take note that a batch was put, but for the entries at some positions, which are tried again."""
        reader = self._logs.get(batch.log)
        if reader is None:
            return
        done = {record.sequence for position, record in enumerate(batch.records) if position not in failed}
        if done:
            self._advance(batch, reader, done)
            reader.failures = 0
            reader.most = min(KINESIS_BATCH_RECORDS, 2 * reader.most)
        if failed:
            reader.rest(self._database.clock.now())

    def failed(self, batch: Batch, why: str) -> None:
        """Take note that nothing of a batch was put; it is tried again after a rest."""
        reader = self._logs.get(batch.log)
        if reader is None:
            return
        if not reader.failures:
            log.warning(
                "Kinesis stream %s does not take records, which wait and are tried again: %s",
                printable(batch.arn),
                printable(why, ANSWER),
            )
        reader.rest(self._database.clock.now())

    def refused(self, batch: Batch, why: str) -> None:
        """Take note that a batch was refused for what it contains: parts of it are tried, a single record is given up."""
        reader = self._logs.get(batch.log)
        if reader is None:
            return
        reader.most = max(1, len(batch.records) // 2)
        if len(batch.records) == 1:
            log.warning(
                "Kinesis stream %s refuses a record, which is given up: %s",
                printable(batch.arn),
                printable(why, ANSWER),
            )
            self._advance(batch, reader, {batch.records[0].sequence})

    def _destinations(self) -> Iterator[tuple[Table, KinesisDestination, StreamDefinition]]:
        """Walk the destinations that have a change log."""
        for table in self._database.catalog.everything():
            for destination in table.definition.kinesis:
                stream = None if destination.stream_id is None else self._database.streams.get(destination.stream_id)
                if stream is not None:
                    yield table, destination, stream

    def _advance(self, batch: Batch, reader: _LogReader, done: Collection[int]) -> None:
        """Forget records that were put, and store the checkpoints of their shards.

        A full disk only means that a restart puts them once more.
        """
        shards = {record.shard for record in batch.records}
        for number in shards:
            shard = reader.shards[number]
            shard.waiting = [record for record in shard.waiting if record.sequence not in done]
        stream = self._database.streams.get(batch.log)
        if stream is None:  # disabled or deleted while the batch was under way
            return
        gone = reader.shards.keys() - {shard.number for shard in stream.shards}
        checkpoints = {number: reader.shards[number].checkpoint for number in shards - gone}
        self._database.try_run(partial(self._store, batch.log, checkpoints, gone), None)
        for number in gone:
            del reader.shards[number]

    def _store(self, log_id: int, checkpoints: Mapping[int, int], gone: Collection[int]) -> None:
        with self._database.write() as txn:
            txn.urgent = True
            for number, checkpoint in checkpoints.items():
                txn.put(keyspace.checkpoint(consumer(log_id), number), u64(checkpoint))
            for number in gone:
                txn.delete(keyspace.checkpoint(consumer(log_id), number))

    def _finish(self, table: Table, log_id: int) -> None:
        """End the DISABLING of the destination with a change log; the log goes."""
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


def _read_on(
    txn: ReadTxn, reader: _LogReader, stream: StreamDefinition, table: Table, destination: KinesisDestination
) -> None:
    """Read what is new in the shards whose turn it is; what still waits of shards that are gone is too old by now."""
    for number in reader.shards.keys() - {shard.number for shard in stream.shards}:
        reader.shards[number].waiting.clear()
    blocked = set()
    for shard in stream.shards:  # parents first
        if shard.parent in blocked:
            blocked.add(shard.id)
            continue
        state = reader.shards.get(shard.number)
        if state is None:
            state = reader.shards[shard.number] = _ShardReader(_checkpoint(txn, stream, shard))
        if len(state.waiting) < _REFILL:
            _refill(txn, state, stream, shard, table, destination)
        if not state.drained(shard):
            blocked.add(shard.id)


def _checkpoint(txn: ReadTxn, stream: StreamDefinition, shard: Shard) -> int:
    stored = txn.get(keyspace.checkpoint(consumer(stream.id), shard.number))
    return shard.start if stored is None else int.from_bytes(stored, "big")


def _refill(
    txn: ReadTxn,
    state: _ShardReader,
    stream: StreamDefinition,
    shard: Shard,
    table: Table,
    destination: KinesisDestination,
) -> None:
    room = min(_READ_RECORDS, _WINDOW - len(state.waiting))
    rows, following = reader.read(txn, stream.id, shard.number, state.following, limit=room, size=_READ_BYTES)
    state.following = following if rows or shard.end is None else shard.end + 1
    state.waiting += (
        kinesis_record(row, shard.number, table=table.name, hash_key=stream.hash, precision=precision(destination))
        for row in rows
    )


def _batch(reader: _LogReader) -> tuple[KinesisRecord, ...]:
    """Choose records for one call, from all shards by turns: the first that waits of each partition key."""
    chosen: dict[str, KinesisRecord] = {}
    size = 0
    for record in _by_turns(reader.shards):
        if record.key in chosen:
            continue
        size += record.size
        if len(chosen) == reader.most or (chosen and size > KINESIS_BATCH_BYTES):
            break
        chosen[record.key] = record
    return tuple(chosen.values())


def _by_turns(shards: Mapping[int, _ShardReader]) -> Iterator[KinesisRecord]:
    for record in chain.from_iterable(zip_longest(*(shard.waiting for shard in shards.values()))):
        if record is not None:
            yield record
