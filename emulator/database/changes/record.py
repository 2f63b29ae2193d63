"""The stored form of a stream record: a row of bytes, which log.py writes and readers parse.

    1 byte     version of this format, 2
    8 bytes    time of the change, milliseconds since the epoch, big-endian as all numbers here
    8 bytes    sequence number
    4 bytes    SizeBytes: the size of Keys and of the record's images, computed by values/size.py
    1 byte     origin of the change: CLIENT or TTL
    1 byte     what the change did: an index into EVENTS
    4 bytes    index, in the JSON text, at which the value of Keys begins
    4 bytes    length of Keys
    4 bytes    length of NewImage, 0 if the record has none
    4 bytes    length of OldImage, 0 if the record has none
    the rest   JSON text: the record as GetRecords returns it (behaviour 11.3)

The JSON text is a frame around the JSON of the item's key (K), new image (N) and old image (O):

    {"eventID":..,"dynamodb":{..,"Keys":K,"NewImage":N,"OldImage":O,"SequenceNumber":..}<identity>}

So GetRecords copies the whole text into its answer. Records for Lambda and Kinesis are built from
K, N and O. No text is parsed.

A record of version 1 has the first four fields and the text. Data folders of storage layout 1 have
such records.

A record of version 3 has no images. It is used for a table with recovery, which has a history
(history.py). The history stores the images of a change once, and the record refers to them:

    39 bytes   the first ten fields as above. They describe the record with its images
    4 bytes    the history's id
    12 bytes   the position of the change in the history
    the rest   the text without images

`current` converts records of versions 1 and 3 to version 2. The store keeps the old version. Code
that needs only the first four fields may read a record of any version.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

import orjson

from emulator.database.definitions.streams import sequence_text
from emulator.database.store import keyspace
from emulator.values.rows import row_json
from storage import ReadTxn

CLIENT: Final = 0
TTL: Final = 1
"""The origins of a change."""

EVENTS: Final = (b"INSERT", b"MODIFY", b"REMOVE")
INSERT: Final = 0
MODIFY: Final = 1
REMOVE: Final = 2

IDENTITIES: Final = (b"}", b',"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}}')
"""Origin of a change (an index) -> the end of its record's JSON text (behaviour 12)."""

_KEYS: Final = b',"Keys":'
NEW_IMAGE: Final = b',"NewImage":'
OLD_IMAGE: Final = b',"OldImage":'

VERSION: Final = 2
FIRST_VERSION: Final = 1
REFERRING_VERSION: Final = 3
_header: Final = Struct(">BQQIBBIIII")
_first_header: Final = Struct(">BQQI")
HEADER: Final = _header.size
pack_header: Final = _header.pack

_REFERENCE: Final = 16  # the bytes of a reference: a history's id and a position

_BEFORE_ID: Final = len(b'{"eventID":"')
_ID: Final = 32  # the number of hexadecimal digits of an event id


class Parts(NamedTuple):
    """The parts of a stored stream record.

    keys, new, old: JSON texts of the item's key, its new image and its old image. `new` and `old`
    are empty if the record has no such image.
    event_id: 32 hexadecimal digits.
    """

    origin: int
    event: bytes
    event_id: str
    keys: bytes
    new: bytes
    old: bytes
    size: int


def milliseconds(seconds: float) -> int:
    """Return a time in whole milliseconds.

    The function rounds, because the float for 1.001 s may be 1.000999...
    """
    return round(seconds * 1000)


def record_milliseconds(row: bytes) -> int:
    """Return the time of a stored record's change, in milliseconds since the epoch."""
    time: int = _first_header.unpack_from(row)[1]
    return time


def record_time(row: bytes) -> float:
    """Return the time of a stored record's change, in seconds since the epoch."""
    return record_milliseconds(row) / 1000


def record_sequence(row: bytes) -> int:
    """Return a stored record's sequence number."""
    number: int = _first_header.unpack_from(row)[2]
    return number


def record_size(row: bytes) -> int:
    """Return a stored record's SizeBytes."""
    size: int = _first_header.unpack_from(row)[3]
    return size


def record_json(row: bytes) -> bytes:
    """Return the JSON text that GetRecords returns for a stored record.

    row: the stored record, in version 2 of the format.
    """
    return row[HEADER:]


def record_frame(row: bytes) -> tuple[bytes, int]:
    """Return the JSON text of a record without its end, and the origin of the change.

    The end that is left out is IDENTITIES[origin].
    """
    origin = _header.unpack_from(row)[4]
    return row[HEADER : len(row) - len(IDENTITIES[origin])], origin


def record_parts(row: bytes) -> Parts:
    """Return the parts of a stored record. row: the record, in version 2 of the format."""
    _, _, _, size, origin, event, at, keys, new, old = _header.unpack_from(row)
    start = HEADER + at
    keys_end = start + keys
    new_start = keys_end + len(NEW_IMAGE)
    new_end = new_start + new if new else keys_end
    old_start = new_end + len(OLD_IMAGE)
    event_id = row[HEADER + _BEFORE_ID : HEADER + _BEFORE_ID + _ID].decode()
    return Parts(
        origin,
        EVENTS[event],
        event_id,
        row[start:keys_end],
        row[new_start:new_end] if new else b"",
        row[old_start : old_start + old] if old else b"",
        size,
    )


def current(txn: ReadTxn, row: bytes) -> bytes:
    """Return a stored record, converted to version 2 of the format if it has another version.

    Raises KeyError if its version is unknown.
    """
    return row if row[0] == VERSION else _UPGRADES[row[0]](txn, row)


def _from_reference(txn: ReadTxn, row: bytes) -> bytes:
    """Convert a record of version 3, whose images are in a history, to version 2.

    If the record is older than the retention of its stream, the history may have deleted the
    images. Then the result has no images.
    """
    from emulator.database.changes.history import record_of  # noqa: PLC0415 - few tables have a history

    _, time, sequence, size, origin, event, at, keys, new, old = _header.unpack_from(row)
    text = HEADER + _REFERENCE
    history = int.from_bytes(row[HEADER : HEADER + 4], "big")
    stored = txn.get(keyspace.history_records(history) + row[HEADER + 4 : text])
    if stored is None:
        return pack_header(VERSION, time, sequence, size, origin, event, at, keys, 0, 0) + row[text:]
    rows = record_of(stored)
    images = [row[text : text + at + keys]]
    for length, name, image in ((new, NEW_IMAGE, rows.new), (old, OLD_IMAGE, rows.old)):
        if length and image is not None:
            images += (name, row_json(image))
    header = pack_header(VERSION, time, sequence, size, origin, event, at, keys, new, old)
    return b"".join((header, *images, row[text + at + keys :]))


def _from_first(_txn: ReadTxn, row: bytes) -> bytes:
    """Convert a record of version 1 to version 2.

    To find the lengths of the parts, the function parses the text and dumps each part again. A
    dumped part equals the stored part, because all stored JSON has the same format. The first
    `,"Keys":` in the text is the member Keys: it cannot be inside a string value, because quotes in
    JSON strings are escaped.
    """
    _, time, sequence, size = _first_header.unpack_from(row)
    text = row[_first_header.size :]
    parsed = orjson.loads(text)
    change = parsed["dynamodb"]
    keys, new, old = (
        len(orjson.dumps(change[name])) if name in change else 0 for name in ("Keys", "NewImage", "OldImage")
    )
    origin = TTL if "userIdentity" in parsed else CLIENT
    event = EVENTS.index(parsed["eventName"].encode())
    at = text.index(_KEYS) + len(_KEYS)
    return pack_header(VERSION, time, sequence, size, origin, event, at, keys, new, old) + text


_UPGRADES: Final[dict[int, Callable[[ReadTxn, bytes], bytes]]] = {
    FIRST_VERSION: _from_first,
    REFERRING_VERSION: _from_reference,
}
"""For each version of records except 2, the function that converts a record to version 2."""


def is_consistent(row: bytes) -> bool:
    """Return True if the header of a record agrees with its JSON text.

    Raises ValueError if the text is not JSON. row: the record, in version 2.
    """
    _, _, sequence, _ = _first_header.unpack_from(row)
    parts = record_parts(row)
    parsed = orjson.loads(record_json(row))
    change = parsed["dynamodb"]
    frame, origin = record_frame(row)
    return (
        [parsed["eventID"], parsed["eventName"].encode(), change["SizeBytes"], change["SequenceNumber"]]
        == [parts.event_id, parts.event, parts.size, sequence_text(sequence)]
        and all(
            (orjson.loads(text) if text else None) == change.get(name)
            for name, text in (("Keys", parts.keys), ("NewImage", parts.new), ("OldImage", parts.old))
        )
        and frame + IDENTITIES[origin] == record_json(row)
    )
