"""The writing side of streams: each change of an item adds a record in the same transaction.

record.py has the format of records. For each stream, the store has a counter with the last sequence
number. So sequence numbers rise in commit order, and a crash does not reset them.
"""

from typing import Final

import orjson

from emulator.clock import Clock
from emulator.database.changes.record import (
    CLIENT,
    EVENTS,
    IDENTITIES,
    INSERT,
    MODIFY,
    NEW_IMAGE,
    OLD_IMAGE,
    REFERRING_VERSION,
    REMOVE,
    TTL,
    VERSION,
    milliseconds,
    pack_header,
)
from emulator.database.definitions.streams import FIRST_SEQUENCE, StreamDefinition
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from emulator.values.rows import row_json, row_size
from emulator.values.size import utf8_size, value_size
from storage import ReadTxn, WriteTxn
from storage.keycode import u32, u64

_dumps: Final = orjson.dumps
# The two bytes of an item's storage key at this offset choose the shard.
_HASH: Final = keyspace.ITEM_PREFIX

# An odd factor: different sequence numbers give different products, so event ids are unique.
_SPREAD: Final = 0x9E3779B97F4A7C15
_U64: Final = (1 << 64) - 1


def counter_key(stream_id: int) -> bytes:
    """Return the storage key of the counter with a stream's last sequence number."""
    return keyspace.counter(f"sequence {stream_id}")


def last_sequence(txn: ReadTxn, stream_id: int) -> int:
    """Return the last sequence number that a stream has used, 0 if it has used none."""
    return int.from_bytes(txn.get(counter_key(stream_id)) or b"", "big")


def set_last_sequence(txn: WriteTxn, stream_id: int, number: int) -> None:
    """Store the last sequence number that a stream has used."""
    txn.put(counter_key(stream_id), u64(number))


class StreamLog:
    """The writing side of one stream: adds a record for each change of an item.

    alone: True if no other process writes to the stream. If so, the last sequence number is also
    kept in memory: reading it from the store for each record would make writes of records 10 %
    slower. If a transaction is rolled back, the number in memory stays, so the sequence numbers
    have a gap.
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
        "_reference",
        "_shards",
        "_slots",
        "key_names",
    )

    def __init__(self, stream: StreamDefinition, clock: Clock, *, alone: bool) -> None:
        self._clock = clock
        self._alone = alone
        self._counter = counter_key(stream.id)
        self._reference = b""
        self._old = stream.view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")
        self._new = stream.view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
        self.key_names = (stream.hash,) if stream.range is None else (stream.hash, stream.range)
        self._names_size = sum(map(utf8_size, self.key_names))
        region = orjson.dumps(stream.region).replace(b"%", b"%%")
        self._before = (
            b'{"eventID":"%b%%016x","eventName":"%%b","eventVersion":"1.1","eventSource":"aws:dynamodb",'
            b'"awsRegion":%b,"dynamodb":{"ApproximateCreationDateTime":%%d,"Keys":'
        ) % (stream.seed.encode(), region)
        self._after = b',"SequenceNumber":"%%d","SizeBytes":%%d,"StreamViewType":"%b"}' % stream.view.encode()
        self.adopt(stream)

    def adopt(self, stream: StreamDefinition) -> None:
        """Use a changed definition of the stream, so that later records go to its open shards."""
        self._last: int | None = None
        self._slots = stream.slots
        self._shards = [keyspace.shard_records(stream.id, shard.number) for shard in stream.open_shards()]

    def refer_to(self, history: int | None) -> None:
        """Make later records refer to a history, which stores their images.

        history: the history's id. None makes later records contain their images. The table must
        call the history before this log, because the history gives a change its position. Records
        of a stream without images never refer to a history.
        """
        has_images = self._old or self._new
        self._reference = u32(history) if history is not None and has_images else b""

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Add a record of a change to the stream.

        Calls of other functions would cost time, so this is one long function. Building a record
        takes half as long as a whole PutItem without a stream. A third of this time goes to copying
        the two images.
        """
        old_row, new_row, key = change.old_row, change.new_row, change.key
        item = change.new or change.old_item()
        assert item is not None, "an item must exist before or after a change"
        last = self._last
        number = 1 + (int.from_bytes(txn.get(self._counter) or b"", "big") if last is None else last)
        if self._alone:
            self._last = number
        sequence = u64(number)
        txn.put(self._counter, sequence)
        now = self._clock.now()
        keyed = {}
        size = self._names_size
        for name in self.key_names:
            value = keyed[name] = item[name]
            text = value.get("S")
            size += len(text) if text is not None and text.isascii() else value_size(value)
        keys = _dumps(keyed)
        new_name = new = old_name = old = b""
        if self._new and new_row is not None:
            size += row_size(new_row)
            new_name, new = NEW_IMAGE, row_json(new_row)
        if self._old and old_row is not None:
            size += row_size(old_row)
            old_name, old = OLD_IMAGE, row_json(old_row)
        event = REMOVE if new_row is None else INSERT if old_row is None else MODIFY
        origin = TTL if change.expired else CLIENT
        before = self._before % (number * _SPREAD & _U64, EVENTS[event], now)
        reference = self._reference
        if reference:
            reference += change.recorded
        row = b"".join(
            (
                pack_header(
                    REFERRING_VERSION if reference else VERSION,
                    milliseconds(now),
                    number,
                    size,
                    origin,
                    event,
                    len(before),
                    len(keys),
                    len(new),
                    len(old),
                ),
                reference,
                before,
                keys,
                *((new_name, new, old_name, old) if not reference else ()),
                self._after % (FIRST_SEQUENCE + number, size),
                IDENTITIES[origin],
            )
        )
        slot = (key[_HASH] << 8 | key[_HASH + 1]) * self._slots >> 16
        txn.put(self._shards[slot] + sequence, row)
