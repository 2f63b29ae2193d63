"""The streams of all tables: opened and closed with their tables' settings, turned and trimmed by the clock.

All definitions are held in memory; storage has them too and is written first.

The scheduler calls `begin_turn`, which queues what the clock brings about as background work: open
shards that are four hours old are closed and go on in children, records older than a day are deleted,
and a stream that has been disabled for a day is forgotten. Nothing depends on its being prompt:
readers look at the clock themselves, and what is written to a shard that should have ended before is
not lost.

The newest of a shard's records that are too old always stays, as the mark up to which the shard was trimmed.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import Final

from emulator import errors
from emulator.clock import Background, Clock
from emulator.database.changes import reader
from emulator.database.changes.log import StreamLog, counter_key, last_sequence, record_time, set_last_sequence
from emulator.database.definitions import arns
from emulator.database.definitions.streams import RETENTION, StreamDefinition, closed, opened, turned
from emulator.database.definitions.tables import TableDefinition
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import deletions as deleting
from emulator.database.store import keyspace
from emulator.database.store.deletions import Deletions
from emulator.database.store.registry import DefinitionChange, Registries
from storage import Engine, ReadTxn
from storage.keycode import prefix_end, u64

TURN_SECONDS: Final = 60.0  # how often streams are turned and trimmed
TURN: Final = "turn"  # the background work that does so
TURN_SLICE: Final = 10  # streams: 3 to 8 ms

_ON_DEMAND_SHARDS: Final = 4  # an on-demand table starts with four partitions (4,000 write units, 1,000 a partition)
_PARTITION_READS: Final = 3000  # units of a provisioned table's partition (AWS: "Partitions and data distribution")
_PARTITION_WRITES: Final = 1000


def _new_seed() -> str:
    return os.urandom(8).hex()


class Streams:
    """All streams of an engine.

    account: of access keys that are not accounts; shared: one tenant for all callers; shards: open shards
    of a new stream, 0 for as many as its table has partitions; delay: seconds that ENABLING and
    DISABLING last.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        background: Background,
        deletions: Deletions,
        *,
        account: str,
        shared: bool,
        shards: int,
        delay: float,
        registries: Registries,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._background = background
        self._deletions = deletions
        self._shared = shared
        self._shards = shards
        self._delay = delay
        self._registries = registries
        self._registry = registries.add(
            keyspace.streams(), partial(StreamDefinition.load, account=account), self._publish, self._forget
        )
        self._definitions: dict[int, StreamDefinition] = {}
        self._logs: dict[int, StreamLog] = {}
        self._tenants: dict[Tenant, dict[str, StreamDefinition]] = {}  # by `resource`: those that clients can see
        self._turning: list[int] = []  # streams that are yet to be turned, by id
        self._due: dict[int, float] = {}  # when time changes the definition next
        self._trim: dict[int, float] = {}  # when there may be a record to trim, inf while a slice of that is queued

    # --- finding ----------------------------------------------------------------------------------------------------

    def find(self, tenant: Tenant, arn: str) -> StreamDefinition:
        """Return a stream by its ARN. Raises ResourceNotFoundException.

        In the one tenant of all callers the ARN may have any account and region.
        """
        stream = self.of_resource(tenant, arns.resource(arn))
        if stream is None or not (stream.shared or stream.arn == arn):
            raise errors.stream_not_found(arn)
        return stream

    def of_resource(self, tenant: Tenant, resource: str) -> StreamDefinition | None:
        """Return a stream by the part of its ARN behind the account."""
        return self._tenants.get(tenant, {}).get(resource)

    def of(self, tenant: Tenant) -> Iterator[StreamDefinition]:
        """Walk the streams that callers with an access key and region see."""
        yield from self._tenants.get(tenant, {}).values()

    def get(self, stream_id: int) -> StreamDefinition | None:
        """Return a stream by its id, hidden ones too."""
        return self._definitions.get(stream_id)

    def log(self, stream_id: int | None) -> StreamLog | None:
        """Return the writing side of a stream, None where it is not written."""
        return None if stream_id is None else self._logs.get(stream_id)

    # --- opening and closing ----------------------------------------------------------------------------------------

    def open(
        self, change: DefinitionChange, number: int, table: TableDefinition, view: str, *, hidden: bool = False
    ) -> StreamDefinition:
        """Store a new stream of a table. number: a fresh id."""
        now = self._clock.now()
        stream = StreamDefinition(
            id=number,
            seed=_new_seed(),
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
            shared=self._shared,
        )
        stream = opened(stream, 1, now)
        self._save(change, stream)
        return stream

    def close(self, change: DefinitionChange, stream_id: int) -> None:
        """Disable a stream: its shards are closed, its records stay for a day."""
        now = self._clock.now()
        stream = self._definitions[stream_id]
        last = last_sequence(change.txn, stream_id) + 1
        set_last_sequence(change.txn, stream_id, last)
        self._save(change, replace(closed(stream, last, now), disabled=now, until=now + self._delay))

    def tag(self, stream: StreamDefinition, tags: Mapping[str, str]) -> None:
        """Give a stream other tags, in a transaction of its own."""
        with self._registries.changing() as change:
            self._save(change, replace(stream, tags=tags))

    def remove(self, change: DefinitionChange, stream_id: int) -> None:
        """Delete a stream and all its records, also one that is gone already."""
        self._registry.remove(change, keyspace.stream(stream_id))
        change.txn.delete(counter_key(stream_id))
        self._deletions.begin(change.txn, keyspace.stream_records(stream_id))

    def _save(self, change: DefinitionChange, stream: StreamDefinition) -> None:
        self._registry.save(change, keyspace.stream(stream.id), stream)

    def _publish(self, _key: bytes, stream: StreamDefinition) -> None:
        self._definitions[stream.id] = stream
        self._due[stream.id] = stream.due()
        self._trim.setdefault(stream.id, stream.created + RETENTION)
        if not stream.hidden:
            self._tenants.setdefault(_tenant(stream), {})[stream.resource] = stream
        if stream.disabled is not None:
            self._logs.pop(stream.id, None)
        elif stream.id in self._logs:
            self._logs[stream.id].adopt(stream)
        else:
            self._logs[stream.id] = StreamLog(stream, self._clock, alone=not self._registries.shared)

    def _forget(self, _key: bytes, stream: StreamDefinition) -> None:
        del self._definitions[stream.id]
        del self._due[stream.id]
        self._trim.pop(stream.id, None)
        self._logs.pop(stream.id, None)
        if not stream.hidden:
            tenant = _tenant(stream)
            del self._tenants[tenant][stream.resource]
            if not self._tenants[tenant]:
                del self._tenants[tenant]

    def _label(self, table: TableDefinition, now: float) -> str:
        """Return the time as a label; a clock that stands still must not give two streams of a table the same one."""
        taken = {stream.label for stream in self._definitions.values() if stream.table == table.name}
        moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        while (label := moment.isoformat(timespec="milliseconds")) in taken:
            moment += timedelta(milliseconds=1)
        return label

    # --- what the clock brings about --------------------------------------------------------------------------------

    def begin_turn(self) -> None:
        """Queue the turn of all streams.

        Shards roll over, streams that nobody can read any more are forgotten, and then old records are
        trimmed. A stream that has nothing due costs a comparison or two: there may be thousands.
        """
        now = self._clock.now()
        self._turning = [number for number, due in self._due.items() if due <= now]
        if self._turning:
            self._background.add(TURN, self._turn_slice)
        else:
            self._begin_trimming()

    def _turn_slice(self) -> bool:
        """Turn some of the streams that are due; return True while there are more."""
        now = self._clock.now()
        for _ in range(TURN_SLICE):
            if not self._turning:
                self._begin_trimming()
                return False
            number = self._turning[-1]
            stream = self._definitions.get(number)
            if stream is not None and stream.gone(now):
                with self._registries.changing(urgent=True) as change:
                    self.remove(change, number)
            elif stream is not None:
                self._turn(stream, now)
            self._turning.pop()
        return True

    def _begin_trimming(self) -> None:
        now = self._clock.now()
        for number in [number for number, due in self._trim.items() if due <= now]:
            self._trim[number] = inf
            self._background.add(("trim", number), partial(self._trim_slice, number))

    def _turn(self, stream: StreamDefinition, now: float) -> None:
        with self._registries.changing(urgent=True) as change:
            txn = change.txn
            last = last_sequence(txn, stream.id)
            changed, used = turned(stream, last, _written(txn, stream), now)
            if changed == stream:
                return
            if used != last:
                set_last_sequence(txn, stream.id, used)
            kept = {shard.number for shard in changed.shards}
            for shard in stream.shards:
                if shard.number not in kept:
                    self._deletions.begin(txn, keyspace.shard_records(stream.id, shard.number))
            self._save(change, changed)

    def _trim_slice(self, stream_id: int) -> bool:
        """Delete some of the records that are too old; return True while there are more."""
        stream = self._definitions.get(stream_id)
        if stream is None:
            return False
        now = self._clock.now()
        due = now + RETENTION  # when what is written from now on is too old
        room = deleting.SLICE
        with self._engine.write() as txn:
            txn.urgent = True
            for shard in stream.shards:
                mark = reader.trimmed_to(txn, stream, shard, now - RETENTION)
                prefix = keyspace.shard_records(stream.id, shard.number)
                room -= txn.drop_range(prefix, prefix + u64(mark), room)
                if not room:
                    return True
                rows, _ = txn.page(prefix, prefix_end(prefix), 2)
                if len(rows) > 1:  # the first can stay as the mark
                    due = min(due, record_time(rows[1]) + RETENTION)
        self._trim[stream_id] = due
        return False


def _tenant(stream: StreamDefinition) -> Tenant:
    return SHARED if stream.shared else (stream.access_key, stream.region)


def _written(txn: ReadTxn, stream: StreamDefinition) -> float:
    """Return the time of the newest record in the open shards, 0 where there is none."""
    newest = 0.0
    for shard in stream.open_shards():
        prefix = keyspace.shard_records(stream.id, shard.number)
        rows, _ = txn.page(prefix, prefix_end(prefix), 1, reverse=True)
        newest = max([newest, *map(record_time, rows)])
    return newest


def _partitions(table: TableDefinition) -> int:
    """Return how many partitions, and so open shards, a table starts with."""
    if table.billing_mode == "PAY_PER_REQUEST":
        return _ON_DEMAND_SHARDS
    return max(1, -(-table.read_units // _PARTITION_READS), -(-table.write_units // _PARTITION_WRITES))
