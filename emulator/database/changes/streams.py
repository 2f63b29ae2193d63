"""Opens, closes, rolls over and deletes the streams of all tables.

The definitions of all streams are in memory. A changed definition comes into force only after it is
stored.

The scheduler calls `begin_roll_over`, which queues background work:

- Open shards that are four hours old are closed, and child shards continue them.
- A disabled stream is deleted once its retention has passed since it was disabled.
- Records that are older than the retention are deleted (*trimmed*). The newest of these old records
  in each shard stays, to mark how far the shard was trimmed.

This work may be late. Readers do not depend on it, because they compare the times of records with
the clock. Until a shard is closed, it takes records, even after its four hours.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final

from emulator import errors
from emulator.clock import Background, Clock
from emulator.database.changes import reader
from emulator.database.changes.log import StreamLog, counter_key, last_sequence, set_last_sequence
from emulator.database.changes.record import record_time
from emulator.database.definitions import arns
from emulator.database.definitions.streams import RETENTION, StreamDefinition, closed, opened, rolled_over
from emulator.database.definitions.tables import TableDefinition
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import deletions as deleting
from emulator.database.store import keyspace
from emulator.database.store.deletions import Deletions
from emulator.database.store.registry import DefinitionChange, Registries
from storage import Engine, ReadTxn
from storage.keycode import prefix_end, u64

if TYPE_CHECKING:
    from emulator.database.definitions.policies import AttachedPolicy

ROLL_OVER_SECONDS: Final = 60.0
"""The seconds between two calls of `begin_roll_over`."""

ROLL_OVER: Final = "roll over"
"""The name of the background work that rolls over streams."""

ROLL_OVER_SLICE: Final = 10
"""The maximum number of streams that one slice rolls over. Such a slice takes 3 to 8 ms."""

_ON_DEMAND_SHARDS: Final = 4
"""The number of partitions with which an on-demand table starts: 1,000 write units each."""

_PARTITION_READS: Final = 3000
_PARTITION_WRITES: Final = 1000
"""The read units and the write units that one partition of a provisioned table serves.

AWS: "Partitions and data distribution".
"""


def _new_seed() -> str:
    return os.urandom(8).hex()


class Streams:
    """All streams in an engine's store.

    account: the account of every access key that is not itself an account number.
    shared: True if all callers are one tenant.
    shards: the number of open shards of a new stream. 0 means one for each partition of its table.
    delay: how many seconds the statuses ENABLING and DISABLING last.
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
        # the streams that clients see, by tenant and then by the part of the ARN after the account
        self._tenants: dict[Tenant, dict[str, StreamDefinition]] = {}
        # ids of streams that the queued work must roll over or delete
        self._rolling: list[int] = []
        # when to roll over or delete each stream, by its id
        self._due: dict[int, float] = {}
        # when to trim each stream, by its id; inf while a trim is queued
        self._trim: dict[int, float] = {}

    # --- finding ----------------------------------------------------------------------------------

    def find(self, tenant: Tenant, arn: str) -> StreamDefinition:
        """Return a stream by its ARN. Raises ResourceNotFoundException if there is none.

        With `--shared-db`, the ARN may have any account and region.
        """
        stream = self.of_resource(tenant, arns.resource(arn))
        if stream is None or not (stream.shared or stream.arn == arn):
            raise errors.stream_not_found(arn)
        return stream

    def of_resource(self, tenant: Tenant, resource: str) -> StreamDefinition | None:
        """Return the tenant's stream whose ARN has the part `resource` after the account.

        Return None if there is no such stream.
        """
        return self._tenants.get(tenant, {}).get(resource)

    def of_tenant(self, tenant: Tenant) -> Iterator[StreamDefinition]:
        """Yield the streams that the callers of a tenant see."""
        yield from self._tenants.get(tenant, {}).values()

    def visible(self) -> Iterator[StreamDefinition]:
        """Yield the streams of all tenants, except streams that are hidden from clients."""
        for streams in self._tenants.values():
            yield from streams.values()

    def owned(self, owns: Callable[[Tenant], bool]) -> Iterator[StreamDefinition]:
        """Yield the streams that clients see, of the tenants for which `owns` returns True."""
        for tenant in self._tenants:
            if owns(tenant):
                yield from self._tenants[tenant].values()

    def get(self, stream_id: int) -> StreamDefinition | None:
        """Return the stream with this id, or None. The stream may be hidden from clients."""
        return self._definitions.get(stream_id)

    def log(self, stream_id: int | None) -> StreamLog | None:
        """Return the StreamLog of a stream, None if the stream is disabled or does not exist."""
        return None if stream_id is None else self._logs.get(stream_id)

    # --- opening and closing ----------------------------------------------------------------------

    def open(
        self,
        change: DefinitionChange,
        number: int,
        table: TableDefinition,
        view_type: str,
        *,
        hidden: bool = False,
        retention: float = RETENTION,
    ) -> StreamDefinition:
        """Store a new stream of a table. Return its definition.

        number: an unused id. hidden: True if clients cannot see the stream. retention: how many
        seconds the stream keeps records.
        """
        now = self._clock.now()
        stream = StreamDefinition(
            id=number,
            seed=_new_seed(),
            access_key=table.access_key,
            account=table.account,
            region=table.region,
            table=table.name,
            label=self._label(table, now),
            view=view_type,
            hash=table.hash,
            range=table.range,
            created=now,
            slots=self._shards or _partitions(table),
            shards=(),
            until=now + self._delay,
            hidden=hidden,
            shared=self._shared,
            retention=retention,
        )
        stream = opened(stream, 1, now)
        self._save(change, stream)
        return stream

    def close(self, change: DefinitionChange, stream_id: int) -> None:
        """Disable a stream and close its shards.

        The records stay until the stream's retention has passed.
        """
        now = self._clock.now()
        stream = self._definitions[stream_id]
        last = last_sequence(change.txn, stream_id) + 1
        set_last_sequence(change.txn, stream_id, last)
        self._save(change, replace(closed(stream, last, now), disabled=now, until=now + self._delay))

    def tag(self, stream: StreamDefinition, tags: Mapping[str, str]) -> None:
        """Replace the tags of a stream, in a separate transaction."""
        with self._registries.changing() as change:
            self._save(change, replace(stream, tags=tags))

    def attach(self, stream: StreamDefinition, policy: "AttachedPolicy") -> None:
        """Replace the resource policy of a stream, in a separate transaction."""
        with self._registries.changing() as change:
            self._save(change, replace(stream, policy=policy))

    def remove(self, change: DefinitionChange, stream_id: int) -> None:
        """Delete a stream. A background job deletes its records."""
        self._registry.remove(change, keyspace.stream(stream_id))
        change.txn.delete(counter_key(stream_id))
        self._deletions.begin(change.txn, keyspace.stream_records(stream_id))

    def _save(self, change: DefinitionChange, stream: StreamDefinition) -> None:
        self._registry.save(change, keyspace.stream(stream.id), stream)

    def _publish(self, _key: bytes, stream: StreamDefinition) -> None:
        before = self._definitions.get(stream.id)
        self._definitions[stream.id] = stream
        self._due[stream.id] = stream.due()
        first_trim = stream.created + stream.retention
        if before is None or stream.retention < before.retention:
            self._trim[stream.id] = min(first_trim, self._trim.get(stream.id, inf))
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
        """Return the label of a new stream: a time as text, which is a part of the stream's ARN.

        The time is `now`, or the first later time that is not the label of another stream of the
        table. So the labels are different even if a test has frozen the clock.
        """
        taken = {stream.label for stream in self._definitions.values() if stream.table == table.name}
        moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        while (label := moment.isoformat(timespec="milliseconds")) in taken:
            moment += timedelta(milliseconds=1)
        return label

    # --- what is due by the clock -----------------------------------------------------------------

    def begin_roll_over(self) -> None:
        """Queue all work on streams that is due.

        There may be thousands of streams, so a stream without due work costs only two comparisons.
        """
        now = self._clock.now()
        self._rolling = [number for number, due in self._due.items() if due <= now]
        if self._rolling:
            self._background.add(ROLL_OVER, self._roll_over_slice)
        else:
            self._begin_trimming()

    def _roll_over_slice(self) -> bool:
        """Roll over or delete the next streams in `_rolling`. Return True if streams may remain."""
        now = self._clock.now()
        for _ in range(ROLL_OVER_SLICE):
            if not self._rolling:
                self._begin_trimming()
                return False
            number = self._rolling[-1]
            stream = self._definitions.get(number)
            if stream is not None and stream.gone(now):
                with self._registries.changing(urgent=True) as change:
                    self.remove(change, number)
            elif stream is not None:
                self._roll_over(stream, now)
            self._rolling.pop()
        return True

    def _begin_trimming(self) -> None:
        now = self._clock.now()
        for number in [number for number, due in self._trim.items() if due <= now]:
            self._trim[number] = inf
            self._background.add(("trim", number), partial(self._trim_slice, number))

    def _roll_over(self, stream: StreamDefinition, now: float) -> None:
        with self._registries.changing(urgent=True) as change:
            txn = change.txn
            last = last_sequence(txn, stream.id)
            changed, used = rolled_over(stream, last, _written(txn, stream), now)
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
        """Delete one slice of a stream's old records.

        Return True if old records may remain.
        """
        stream = self._definitions.get(stream_id)
        if stream is None:
            return False
        now = self._clock.now()
        # The next trim is due when the oldest remaining record is too old. If no record remains,
        # `due` is the time at which a record that is written now will be too old.
        due = now + stream.retention
        room = deleting.SLICE
        with self._engine.write() as txn:
            txn.urgent = True
            for shard in stream.shards:
                mark = reader.trimmed_to(txn, stream, shard, stream.oldest(now))
                prefix = keyspace.shard_records(stream.id, shard.number)
                room -= txn.drop_range(prefix, prefix + u64(mark), room)
                if not room:
                    return True
                rows, _ = txn.page(prefix, prefix_end(prefix), 2)
                # The newest record that is too old stays, to mark how far the shard is trimmed. So
                # rows[0] can be deleted only when rows[1] is too old.
                if len(rows) > 1:
                    due = min(due, record_time(rows[1]) + stream.retention)
        self._trim[stream_id] = due
        return False


def _tenant(stream: StreamDefinition) -> Tenant:
    return SHARED if stream.shared else (stream.access_key, stream.region)


def _written(txn: ReadTxn, stream: StreamDefinition) -> float:
    """Return the time of the newest record in a stream's open shards, 0 if there is none."""
    newest = 0.0
    for shard in stream.open_shards():
        prefix = keyspace.shard_records(stream.id, shard.number)
        rows, _ = txn.page(prefix, prefix_end(prefix), 1, reverse=True)
        newest = max([newest, *map(record_time, rows)])
    return newest


def _partitions(table: TableDefinition) -> int:
    """Return the number of partitions of a new table. Its stream has as many open shards."""
    if table.billing_mode == "PAY_PER_REQUEST":
        return _ON_DEMAND_SHARDS
    return max(1, -(-table.read_units // _PARTITION_READS), -(-table.write_units // _PARTITION_WRITES))
