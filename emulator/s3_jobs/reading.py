"""Reads the objects of imports and bulk operations, record by record (control-plane 5.4).

| format        | a record                                                        |
|---------------|-----------------------------------------------------------------|
| DYNAMODB_JSON | a JSON object with `Item`; line breaks are optional             |
| ION           | a struct with `Item`                                            |
| CSV           | a line, after the header                                        |

Reading of an object ends at the first part that cannot be parsed. This part counts as one bad
record. Exception: after a CSV line with too many fields, reading continues.

The functions in this module block, so `outbound/s3_jobs.py` calls them in a thread. The thread also
parses the items. Python runs only one thread at a time, so parsing holds up requests. Therefore the
thread reads and parses only a small batch of records at once (`Batch`).
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, BinaryIO, Final, NamedTuple, cast

import orjson

from emulator import limits
from emulator.errors import ApiError
from emulator.formats import csv_rows, ion
from emulator.formats.files import open_zstandard
from emulator.formats.json_text import Values, with_numbers
from emulator.formats.records import FormatError, ItemRecord, Problem, ReadOptions
from emulator.objects.store import Bucket, ObjectError, Readable, StoredObject, too_many_objects
from emulator.values.problems import Layer, first_problem
from emulator.values.wire import ParsedItem, parse_item

RECORDS: Final = 100
"""The maximum number of records in a batch.

A slice stores a batch in 2 to 10 ms, depending on the number of indexes.
"""

SIZE: Final = 64 << 10
"""Once a batch has this many bytes, no record is added to it."""

_CHUNK: Final = 64 << 10
# The maximum number of bytes of a line. An item has at most 400 KB, but its JSON text may be
# longer, because the text of a number is longer than the size that DynamoDB counts for the number.
_LONGEST_LINE: Final = 2 << 20
CONDITION: Final = frozenset(("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"))
"""The members that a record of a bulk operation may have in addition to Item."""

_LAYER: Final[Layer] = "new"
_DAMAGED: Final = (OSError, EOFError, zlib.error, FormatError)


class Bad(NamedTuple):
    """A part of an object that is not a valid record. text: the reason, for the error log."""

    text: str


class Record(NamedTuple):
    """A record that has the member `Item`.

    content: the JSON object `{"Item": item, ...}`.
    item: the parsed item, or the error if it is not a valid item. None means not parsed yet: an
    item with a condition is parsed later, as a PutItem request (`storing.conditional_put`).
    """

    content: dict[str, Any]
    item: ParsedItem | ApiError | None = None


@dataclass(frozen=True, slots=True)
class ObjectFormat:
    """The format of the records, as the request for the import or bulk operation states it.

    types: name -> type of each key attribute. Only CSV needs this, because CSV fields have no type.
    """

    input_format: str
    compression: str = "NONE"
    csv: ReadOptions = field(default_factory=ReadOptions)
    types: dict[str, str] = field(default_factory=dict)


class Batch(NamedTuple):
    """Consecutive records of an object.

    first: the number of the object's records before this batch.
    size: the number of uncompressed bytes that were read for this batch.
    ended: True if this is the last batch of the object.
    """

    object: StoredObject
    first: int
    records: Sequence[Record | Bad]
    size: int
    ended: bool


def listed(bucket: Bucket, prefix: str) -> Sequence[StoredObject]:
    """Return the objects of an import or bulk operation, in key order.

    Raises ObjectError, for example if there are more objects than the service allows.
    """
    objects = bucket.objects(prefix)
    if len(objects) > limits.S3_OBJECTS:
        raise too_many_objects(len(objects), limits.S3_OBJECTS)
    return objects


def check_libraries(object_format: ObjectFormat) -> None:
    """Import the optional libraries that a format needs.

    Raises ObjectError if a library is not installed.
    """
    try:
        if object_format.compression == "ZSTD":
            open_zstandard(cast("BinaryIO", BytesIO(b"")), "input")
        if object_format.input_format == "ION":
            next(ion.structs(cast("BinaryIO", BytesIO(b"")), "input"), None)
    except FormatError as error:
        raise ObjectError("UnsupportedFormat", error.text, error.text) from error


class ObjectReader:
    """Reads the records of objects, in the order of the objects' keys.

    A job that continues after a restart skips the records that are done:

    done: the key of the last object whose records are all done; None if there is no such object.
    skipped: the number of records that are done in the object that follows `done`.
    """

    def __init__(
        self,
        bucket: Bucket,
        objects: Sequence[StoredObject],
        object_format: ObjectFormat,
        done: str | None,
        skipped: int,
    ) -> None:
        after = b"" if done is None else done.encode()
        self._objects = [each for each in objects if done is None or each.key.encode() > after]
        self._bucket = bucket
        self._format = object_format
        self._skipped = skipped
        self._current: _Open | None = None

    def batch(self) -> Batch | None:
        """Return the next batch of records, or None after the last object.

        Raises ObjectError if the object storage fails.
        """
        if self._current is None:
            if not self._objects:
                return None
            self._current = _Open(self._bucket, self._objects.pop(0), self._format, self._skipped)
            self._skipped = 0
        batch = self._current.batch()
        if batch.ended:
            self.close()
        return batch

    def close(self) -> None:
        """Close the object that is being read, if there is one."""
        if self._current is not None:
            self._current.close()
            self._current = None


class _Open:
    """An open object, from which `batch` reads the next records."""

    def __init__(self, bucket: Bucket, stored: StoredObject, object_format: ObjectFormat, skipped: int) -> None:
        self._object = stored
        self._raw = bucket.open(stored.key)
        self._counter = _Counter(self._raw, object_format.compression)
        self._records = _records(self._counter, object_format)
        for _ in range(skipped):
            next(self._records, None)
        self._count = skipped
        self._counted = self._counter.count

    def batch(self) -> Batch:
        first, counted = self._count, self._counted
        found: list[Record | Bad] = []
        ended = True
        for record in self._records:
            found.append(_parsed(record))
            if len(found) == RECORDS or self._counter.count - counted >= SIZE:
                ended = False
                break
        self._count += len(found)
        self._counted = self._counter.count
        return Batch(self._object, first, found, self._counted - counted, ended)

    def close(self) -> None:
        self._raw.close()


def _parsed(record: Record | Bad) -> Record | Bad:
    """Return a record with its parsed item. A record with a condition is returned unparsed.

    The thread that reads the object calls this, because parsing 390 KB of small numbers takes
    0.1 s, in which the main thread could not answer requests.
    """
    if isinstance(record, Bad) or not CONDITION.isdisjoint(record.content):
        return record
    return Record(record.content, parsed_item(record.content["Item"]))


def parsed_item(raw: object) -> ParsedItem | ApiError:
    """Return the parsed item, or the service's error if `raw` is not a valid item."""
    problems: list[Any] = []
    try:
        item = parse_item(raw, problems)
    except ApiError as error:
        return error
    return first_problem(problems).error(_LAYER) if problems else item


class _Raw(RawIOBase):
    """The bytes of an object, as a raw stream for Python's `io` classes.

    failure: the last error of the object storage; None if there was no error.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        # `_records` raises this error again, because a library that reads this stream may replace
        # the error by its own.
        self.failure: ObjectError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        try:
            data = self._stream.read(len(buffer))
        except ObjectError as error:
            self.failure = error
            raise
        buffer[: len(data)] = data
        return len(data)


class _Counter:
    """A stream of an object's uncompressed bytes. count: the number of bytes read so far."""

    def __init__(self, stream: Readable, compression: str) -> None:
        self._raw = _Raw(stream)
        raw = cast("BinaryIO", BufferedReader(self._raw, _CHUNK))
        if compression == "GZIP":
            raw = cast("BinaryIO", gzip.GzipFile(fileobj=raw))
        elif compression == "ZSTD":
            raw = open_zstandard(raw, "the object")
        self._stream = raw
        self.count = 0

    @property
    def failure(self) -> ObjectError | None:
        """The error of the object storage that ended the stream, or None."""
        return self._raw.failure

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        data = self._stream.readline(size)
        self.count += len(data)
        return data


def _records(stream: _Counter, object_format: ObjectFormat) -> Iterator[Record | Bad]:
    """Yield the records of an object.

    If a part cannot be parsed, yield a Bad for it and stop. Raises ObjectError if the object
    storage fails.
    """
    try:
        yield from _READERS[object_format.input_format](stream, object_format)
    except _DAMAGED as error:
        if stream.failure is not None:
            raise stream.failure from error
        yield Bad(f"The object cannot be parsed: {getattr(error, 'text', error)}")


def _of_json(stream: _Counter, _format: ObjectFormat) -> Iterator[Record | Bad]:
    while line := stream.readline(_LONGEST_LINE):
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            if line.strip():
                yield from _concatenated(line, stream)
                return
            continue
        yield _wrapped(value)


def _concatenated(start: bytes, stream: _Counter) -> Iterator[Record | Bad]:
    """Yield JSON records that are not on separate lines.

    start: the bytes that were already read from `stream`.
    """
    for _, value in Values(cast("BinaryIO", _Joined(start, stream)), "").all():
        yield _wrapped(with_numbers(value))


class _Joined:
    """A stream that first returns `start`, then the bytes of the stream `rest`."""

    def __init__(self, start: bytes, rest: _Counter) -> None:
        self._start = start
        self._rest = rest

    def read(self, size: int) -> bytes:
        if self._start:
            data, self._start = self._start, b""
            return data
        return self._rest.read(size)


def _wrapped(value: object) -> Record | Bad:
    if isinstance(value, dict) and isinstance(value.get("Item"), dict):
        return Record(value)
    return Bad("The record is not an object with the member Item")


def _of_ion(stream: _Counter, _format: ObjectFormat) -> Iterator[Record | Bad]:
    for value in ion.structs(cast("BinaryIO", stream), ""):
        if not isinstance(value, Mapping) or not isinstance(value.get("Item"), Mapping):
            yield Bad("The record is not a struct with the member Item")
            continue
        found = ion.wrapped(value)
        yield Bad(found) if isinstance(found, str) else Record(found)


def _of_csv(stream: _Counter, object_format: ObjectFormat) -> Iterator[Record | Bad]:
    raw = cast("BinaryIO", BufferedReader(_Raw(cast("Readable", stream)), _CHUNK))
    for record in csv_rows.rows(raw, "", None, object_format.types, object_format.csv):
        if isinstance(record, ItemRecord):
            yield Record({"Item": record.item})
        elif isinstance(record, Problem):
            yield Bad(record.text)


_READERS: Final = {"DYNAMODB_JSON": _of_json, "ION": _of_ion, "CSV": _of_csv}
