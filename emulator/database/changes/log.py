"""The writing side of streams: a record for each change of an item, in the change's own storage transaction.

A stored record is made once and spliced into answers as it is:

    1 byte     version of the layout, 1
    8 bytes    time of the change, milliseconds since the epoch (see `milliseconds`), big-endian
    8 bytes    sequence number
    4 bytes    SizeBytes: of Keys and the images that are there, by the rules of values/size.py; never more than the rest
    the rest   the record as GetRecords and (nearly) Lambda tell it, JSON (behaviour 11.3)

The last sequence number is a counter of the stream in storage, so numbers rise in commit order and survive a crash.
"""

from struct import Struct
from typing import Final

import orjson

from emulator.clock import Clock
from emulator.database.definitions.streams import FIRST_SEQUENCE, StreamDefinition
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from emulator.values.rows import row_json, row_size
from emulator.values.size import utf8_size, value_size
from storage import ReadTxn, WriteTxn
from storage.keycode import u64

_header: Final = Struct(">BQQI")
_VERSION: Final = 1
HEADER: Final = _header.size
_pack: Final = _header.pack
_dumps: Final = orjson.dumps
_HASH: Final = keyspace.ITEM_PREFIX  # where in an item's key the two bytes are that choose its shard

_SPREAD: Final = 0x9E3779B97F4A7C15  # odd, so multiplying by it is one to one and event ids are unique
_U64: Final = (1 << 64) - 1
_BY_TTL: Final = b',"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}}'


def milliseconds(seconds: float) -> int:
    """Return a time in the precision of records; rounded, as what a client means by 1.001 is 1.000999 in binary."""
    return round(seconds * 1000)


def counter_key(stream_id: int) -> bytes:
    """Return the key of a stream's last sequence number."""
    return keyspace.counter(f"sequence {stream_id}")


def last_sequence(txn: ReadTxn, stream_id: int) -> int:
    """Return the last sequence number that a stream has used, 0 for none."""
    return int.from_bytes(txn.get(counter_key(stream_id)) or b"", "big")


def set_last_sequence(txn: WriteTxn, stream_id: int, number: int) -> None:
    """Store the last sequence number that a stream has used."""
    txn.put(counter_key(stream_id), u64(number))


class StreamLog:
    """A stream that is being written, compiled: follows the writes of its table. `adopt` gives it a changed definition.

    alone: no other process writes the stream, so its last sequence number need not be read again. On
    disk, that read is a tenth of a record's cost. A transaction that is undone leaves a gap.
    """

    __slots__ = (
        "_after",
        "_alone",
        "_before",
        "_clock",
        "_counter",
        "_last",
        "_names_size",
        "_new",
        "_old",
        "_shards",
        "_slots",
        "key_names",
    )

    def __init__(self, stream: StreamDefinition, clock: Clock, *, alone: bool) -> None:
        self._clock = clock
        self._alone = alone
        self._counter = counter_key(stream.id)
        self._old = stream.view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")
        self._new = stream.view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
        self.key_names = (stream.hash,) if stream.range is None else (stream.hash, stream.range)
        self._names_size = sum(map(utf8_size, self.key_names))
        region = orjson.dumps(stream.region).replace(b"%", b"%%")
        self._before = (
            b'{"eventID":"%b%%016x","eventName":"%%b","eventVersion":"1.1","eventSource":"aws:dynamodb",'
            b'"awsRegion":%b,"dynamodb":{"ApproximateCreationDateTime":%%d,"Keys":%%b'
        ) % (stream.seed.encode(), region)
        self._after = b',"SequenceNumber":"%%d","SizeBytes":%%d,"StreamViewType":"%b"}' % stream.view.encode()
        self.adopt(stream)

    def adopt(self, stream: StreamDefinition) -> None:
        """Write to the open shards of a changed definition from now on."""
        self._last: int | None = None
        self._slots = stream.slots
        self._shards = [keyspace.shard_records(stream.id, shard.number) for shard in stream.open_shards()]

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Record a change.

        Inlined on purpose: building a record costs half a PutItem, and a third of that is copying the
        two images.
        """
        old_row, new_row, key = change.old_row, change.new_row, change.key
        item = change.new or change.old_item()
        assert item is not None, "a change has an item before or after it"
        last = self._last
        number = 1 + (int.from_bytes(txn.get(self._counter) or b"", "big") if last is None else last)
        if self._alone:
            self._last = number
        sequence = u64(number)
        txn.put(self._counter, sequence)
        now = self._clock.now()
        keys = {}
        size = self._names_size
        for name in self.key_names:
            value = keys[name] = item[name]
            text = value.get("S")
            size += len(text) if text is not None and text.isascii() else value_size(value)
        new_name = new = old_name = old = b""
        if self._new and new_row is not None:
            size += row_size(new_row)
            new_name, new = b',"NewImage":', row_json(new_row)
        if self._old and old_row is not None:
            size += row_size(old_row)
            old_name, old = b',"OldImage":', row_json(old_row)
        event = b"REMOVE" if new_row is None else b"INSERT" if old_row is None else b"MODIFY"
        row = b"".join(
            (
                _pack(_VERSION, round(now * 1000), number, size),
                self._before % (number * _SPREAD & _U64, event, now, _dumps(keys)),
                new_name,
                new,
                old_name,
                old,
                self._after % (FIRST_SEQUENCE + number, size),
                _BY_TTL if change.expired else b"}",
            )
        )
        slot = (key[_HASH] << 8 | key[_HASH + 1]) * self._slots >> 16
        txn.put(self._shards[slot] + sequence, row)


def record_milliseconds(row: bytes) -> int:
    """Return when a stored record's change was made, milliseconds since the epoch."""
    time: int = _header.unpack_from(row)[1]
    return time


def record_time(row: bytes) -> float:
    """Return when a stored record's change was made, seconds since the epoch to the millisecond."""
    return record_milliseconds(row) / 1000


def record_sequence(row: bytes) -> int:
    """Return a stored record's sequence number."""
    number: int = _header.unpack_from(row)[2]
    return number


def record_size(row: bytes) -> int:
    """Return a stored record's SizeBytes."""
    size: int = _header.unpack_from(row)[3]
    return size


def record_json(row: bytes) -> bytes:
    """Return a stored record as JSON text."""
    return row[HEADER:]
