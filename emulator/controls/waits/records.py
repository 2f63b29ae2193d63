"""The condition that a stream has certain records.

The body is `{"TableName" or "StreamArn", "Record": pattern, "Count"?, "After"?}`. The pattern is
the JSON of a filter of event source mappings (event_sources/filters.py). It is tested on records in
the form that a function gets. `After` is a sequence number, after which the records must come.
Without `After`, all records of the stream are tested. `Count` says how many records must match, in
the form of waits/counts.py. Without `Count`, at least one record must match.
"""

from typing import Any, Final

import orjson

from emulator.controls.body import BadDeclaration, Body, member
from emulator.controls.registry import Emulator
from emulator.controls.waits.condition import NOT_FOUND, Seen, TableTarget, Tenancy
from emulator.controls.waits.counts import comparison
from emulator.database.changes import reader
from emulator.database.changes.record import record_time
from emulator.database.definitions.streams import StreamDefinition, sequence_of
from emulator.event_sources.events import EventFormat
from emulator.event_sources.filters import BadPattern, compile_pattern
from emulator.slices import Steps

_IN_STEP: Final = 100  # how many records one step parses and tests: about 2 ms
_SHOWN: Final = 100  # the maximum number of records in a result


class StreamTarget:
    """The stream that a body selects: the stream with an ARN, or the current stream of a table."""

    def __init__(self, emulator: Emulator, body: Body) -> None:
        if ("StreamArn" in body) is ("TableName" in body):
            raise BadDeclaration("the body must have exactly one of the members TableName and StreamArn")
        self._streams = emulator.database.streams
        self._arn: str | None = member(body, "StreamArn", str) if "StreamArn" in body else None
        self._tenancy = Tenancy(emulator, body)
        self._table = None if self._arn is not None else TableTarget(emulator, body)

    def find(self) -> StreamDefinition | None:
        """Return the stream that the body selects, None if it does not exist."""
        if self._table is None:
            found = (stream for stream in self._streams.visible() if stream.arn == self._arn)
            return next(filter(self._tenancy.has, found), None)
        table = self._table.find()
        number = None if table is None else table.definition.stream_id
        return None if number is None else self._streams.get(number)


class RecordCondition:
    """The condition that a certain number of records in a stream match a pattern."""

    def __init__(self, emulator: Emulator, body: Body) -> None:
        self._database = emulator.database
        self._target = StreamTarget(emulator, body)
        self._compare = comparison(body.get("Count", {"GE": 1}))
        try:
            self._passes = compile_pattern(orjson.dumps(member(body, "Record", dict)).decode())
        except BadPattern:
            raise BadDeclaration("the member Record is not a filter pattern of an event source mapping") from None
        after = sequence_of(member(body, "After", str)) if "After" in body else 0
        if after is None:
            raise BadDeclaration("the member After must be the SequenceNumber of a record")
        self._first = after + 1
        self._stream: int | None = None
        self._forget()

    def _forget(self) -> None:
        self._next: dict[int, int] = {}  # by shard number: the first sequence number not read yet
        self._matches: list[Any] = []
        self._count = 0
        self._read = 0
        self._last: Any = None

    def look(self) -> Steps[Seen]:
        """Read the records that are new since the last check, and count those that match."""
        stream = self._target.find()
        if stream is None:
            return Seen(met=False, shown={"StreamStatus": NOT_FOUND})
        if stream.id != self._stream:
            self._stream = stream.id
            self._forget()
        form = EventFormat(stream.arn)
        for shard in stream.shards:
            while rows := self._rows(stream, shard.number, shard.start):
                for row in rows:
                    self._test(form.record(row).parsed())
                yield None
        if self._compare(self._count):
            return Seen(met=True, shown={"Count": self._count, "Records": self._matches})
        return Seen(met=False, shown={"Count": self._count, "Read": self._read, "LastRecord": self._last})

    def _rows(self, stream: StreamDefinition, shard: int, start: int) -> list[bytes]:
        """Return the next records of a shard, without those older than the stream's retention."""
        first = self._next.get(shard, max(start, self._first))
        oldest = stream.oldest(self._database.clock.now())
        with self._database.read_committed() as txn:
            while True:
                rows, first = reader.read(txn, stream.id, shard, first, limit=_IN_STEP)
                self._next[shard] = first
                kept = [row for row in rows if record_time(row) >= oldest]
                if kept or not rows:
                    return kept

    def _test(self, record: Any) -> None:  # noqa: ANN401 - any JSON
        self._read += 1
        self._last = record
        if self._passes(record):
            self._count += 1
            if len(self._matches) < _SHOWN:
                self._matches.append(record)
