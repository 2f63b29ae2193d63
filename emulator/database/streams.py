"""The streams of all tables: opened and closed with their tables' settings, turned and trimmed by the clock.

All definitions are held in memory; storage has them too and is written first. What the clock brings about, `turn` does,
a job of the scheduler: open shards that are four hours old are closed and go on in children, records older than a day are
deleted in slices, and a stream that has been disabled for a day is forgotten.

The newest of a shard's records that are too old always stays, as the mark up to which the shard was trimmed.
"""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from emulator import errors
from emulator.clock import Background, Clock
from emulator.database import keyspace, stream_reader
from emulator.database.definitions import TableDefinition
from emulator.database.drops import DROP_SLICE, Drops
from emulator.database.stream_definitions import RETENTION, StreamDefinition, closed, opened, turned
from emulator.database.stream_log import StreamLog, last_sequence, set_last_sequence
from storage import Engine, WriteTxn
from storage.keycode import u64

TURN_SECONDS: Final = 60.0  # how often streams are turned and trimmed

_ON_DEMAND_SHARDS: Final = 4  # an on-demand table starts with four partitions (4,000 write units, 1,000 a partition)
_PARTITION_READS: Final = 3000  # units of a provisioned table's partition (AWS: "Partitions and data distribution")
_PARTITION_WRITES: Final = 1000

Space = tuple[str, str]


class Streams:
    """All streams of an engine.

    shared: one space for all callers; shards: open shards of a new stream, 0 for as many as its table has partitions;
    delay: seconds that ENABLING and DISABLING last.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        background: Background,
        drops: Drops,
        *,
        shared: bool,
        shards: int,
        delay: float,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._background = background
        self._drops = drops
        self._shared = shared
        self._shards = shards
        self._delay = delay
        self._definitions: dict[int, StreamDefinition] = {}
        self._logs: dict[int, StreamLog] = {}
        with engine.read() as txn:
            stored = [StreamDefinition.load(value) for _, value in txn.scan(*keyspace.streams())]
        for stream in stored:
            self.publish(stream)

    # --- finding ----------------------------------------------------------------------------------------------------

    def find(self, space: Space, arn: str) -> StreamDefinition:
        """Return a stream by its ARN. Raises ResourceNotFoundException."""
        for stream in self.of(space):
            if stream.arn == arn:
                return stream
        raise errors.stream_not_found(arn)

    def of(self, space: Space) -> Iterator[StreamDefinition]:
        """Walk the streams that callers with an access key and region see."""
        for stream in self._definitions.values():
            if not stream.hidden and (self._shared or (stream.access_key, stream.region) == space):
                yield stream

    def get(self, stream_id: int) -> StreamDefinition | None:
        """Return a stream by its id, hidden ones too."""
        return self._definitions.get(stream_id)

    def log(self, stream_id: int | None) -> StreamLog | None:
        """Return the writing side of a stream, None where it is not written."""
        return None if stream_id is None else self._logs.get(stream_id)

    # --- opening and closing ----------------------------------------------------------------------------------------

    def open(
        self, txn: WriteTxn, number: int, table: TableDefinition, view: str, *, hidden: bool = False
    ) -> StreamDefinition:
        """Store a new stream of a table; `publish` it once the transaction has committed. number: a fresh id."""
        now = self._clock.now()
        stream = StreamDefinition(
            id=number,
            seed=secrets.token_hex(8),
            access_key=table.access_key,
            account=table.account,
            region=table.region,
            table=table.name,
            label=self._label(table, now),
            view=view,
            hash=table.hash,
            range=table.range,
            created=now,
            slots=self._shards or _partitions(table),
            shards=(),
            until=now + self._delay,
            hidden=hidden,
        )
        stream = opened(stream, 1, now)
        self._save(txn, stream)
        return stream

    def close(self, txn: WriteTxn, stream_id: int) -> StreamDefinition:
        """Disable a stream: its shards are closed, its records stay for a day. `publish` the result after the commit."""
        now = self._clock.now()
        stream = self._definitions[stream_id]
        last = last_sequence(txn, stream_id) + 1
        set_last_sequence(txn, stream_id, last)
        stream = replace(closed(stream, last, now), disabled=now, until=now + self._delay)
        self._save(txn, stream)
        return stream

    def publish(self, stream: StreamDefinition) -> None:
        """Make a stored definition the one in force."""
        self._definitions[stream.id] = stream
        if stream.disabled is not None:
            self._logs.pop(stream.id, None)
        elif stream.id in self._logs:
            self._logs[stream.id].follow(stream)
        else:
            self._logs[stream.id] = StreamLog(stream, self._clock)

    def _save(self, txn: WriteTxn, stream: StreamDefinition) -> None:
        txn.put(keyspace.stream(stream.id), stream.dump())

    def _label(self, table: TableDefinition, now: float) -> str:
        """Return the time as a label; a clock that stands still must not give two streams of a table the same one."""
        taken = {stream.label for stream in self._definitions.values() if stream.table == table.name}
        moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        while (label := moment.isoformat(timespec="milliseconds")) in taken:
            moment += timedelta(milliseconds=1)
        return label

    # --- what the clock brings about --------------------------------------------------------------------------------

    def turn(self) -> None:
        """Turn shards over, forget streams that nobody can read any more, begin to trim old records."""
        now = self._clock.now()
        for stream in list(self._definitions.values()):
            if stream.disabled is not None and stream.disabled <= now - RETENTION:
                self._forget(stream)
                continue
            self._turn(stream, now)
            self._background.add(partial(self._trim_slice, stream.id))

    def _turn(self, stream: StreamDefinition, now: float) -> None:
        with self._engine.read() as txn:
            last = last_sequence(txn, stream.id)
        changed, used = turned(stream, last, now)
        if changed == stream:
            return
        kept = {shard.number for shard in changed.shards}
        with self._engine.write() as txn:
            if used != last:
                set_last_sequence(txn, stream.id, used)
            for shard in stream.shards:
                if shard.number not in kept:
                    self._drops.begin(txn, keyspace.shard_records(stream.id, shard.number))
            self._save(txn, changed)
        self.publish(changed)

    def _forget(self, stream: StreamDefinition) -> None:
        with self._engine.write() as txn:
            txn.delete(keyspace.stream(stream.id))
            txn.delete(keyspace.counter(f"sequence {stream.id}"))
            self._drops.begin(txn, keyspace.stream_records(stream.id))
        del self._definitions[stream.id]
        self._logs.pop(stream.id, None)

    def _trim_slice(self, stream_id: int) -> bool:
        """Delete some of the records that are too old; return True while there are more."""
        stream = self._definitions.get(stream_id)
        if stream is None:
            return False
        since = self._clock.now() - RETENTION
        room = DROP_SLICE
        with self._engine.write() as txn:
            for shard in stream.shards:
                mark = stream_reader.trimmed_to(txn, stream, shard, since)
                prefix = keyspace.shard_records(stream.id, shard.number)
                room -= txn.drop_range(prefix, prefix + u64(mark), room)
                if not room:
                    return True
        return False


def _partitions(table: TableDefinition) -> int:
    """Return how many partitions, and so open shards, a table starts with."""
    if table.billing_mode == "PAY_PER_REQUEST":
        return _ON_DEMAND_SHARDS
    return max(1, -(-table.read_units // _PARTITION_READS), -(-table.write_units // _PARTITION_WRITES))
