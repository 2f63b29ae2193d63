"""The codec of stream records: each form in which clients read a record, from each version in which
the store may have it.

The tests build the expected forms from their parts, as JSON objects: behaviour 11.3 for GetRecords,
behaviour 15 for Kinesis, AWS's example event for Lambda.
"""

import contextlib
from struct import Struct
from uuid import UUID

import orjson
import pytest

from emulator.clock import ManualClock, Moment
from emulator.database.changes import record as codec
from emulator.database.changes.history import POSITION, History
from emulator.database.changes.log import StreamLog
from emulator.database.changes.record import (
    FIRST_VERSION,
    HEADER,
    REFERRING_VERSION,
    VERSION,
    current,
    is_consistent,
    record_json,
    record_milliseconds,
    record_parts,
    record_sequence,
    record_size,
    record_time,
)
from emulator.database.definitions.histories import HistoryDefinition
from emulator.database.definitions.kinesis import MICROSECOND, MILLISECOND
from emulator.database.definitions.streams import StreamDefinition, opened
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from emulator.event_sources.events import EventFormat, payload
from emulator.kinesis.records import RecordFormat
from emulator.values.rows import encode_row
from emulator.values.size import item_size
from storage import MemoryEngine
from storage.keycode import prefix_end

NOW = 1_700_000_000.125
STREAM_ARN = 'arn:aws:dynamodb:eu"%d-1:123456789012:table/t/stream/"%s'
FIRST_HEADER = Struct(">BQQI")
"""The header of version 1: version, milliseconds, sequence number, SizeBytes."""

VIEWS = {
    "KEYS_ONLY": (False, False),
    "NEW_IMAGE": (True, False),
    "OLD_IMAGE": (False, True),
    "NEW_AND_OLD_IMAGES": (True, True),
}
"""View type -> whether records have the new and the old image."""

PLAIN = {"pk": {"S": "a"}, "n": {"N": "1"}}
ITEMS = {
    "plain": ("pk", None, PLAIN),
    "keys in names": ("pk", None, {**PLAIN, ',"Keys":': {"S": ',"Keys":{"pk":{"S":"b"}}'}, "Keys": {"S": ""}}),
    "images in names": (
        ',"NewImage":',
        ',"OldImage":',
        {',"NewImage":': {"S": ',"OldImage":{'}, ',"OldImage":': {"N": "-0.5"}, ',"SequenceNumber":"': {"NULL": True}},
    ),
    "quotes and backslashes": ('p"\\', None, {'p"\\': {"S": '"},"NewImage":{"\\'}, '\\",': {"M": {'"': {"S": '"'}}}}),
    "percent signs": ("%b", "%%d", {"%b": {"S": "%d"}, "%%d": {"B": "AP8="}, "%(x)s": {"SS": ["%", "%%"]}}),
    "unicode": ("schlüssel", None, {"schlüssel": {"S": "☃\U0001f600"}, "\0\x7f\u2028": {"S": "é\0"}}),
    "all types": (
        "pk",
        None,
        {
            **PLAIN,
            "l": {"L": [{"BOOL": True}, {"M": {}}, {"L": []}]},
            "ns": {"NS": ["1", "20"]},
            "bs": {"BS": ["AA=="]},
        },
    ),
}
"""Case -> name of the partition key, name of the sort key, item."""

EVENTS = {"INSERT": (False, True), "MODIFY": (True, True), "REMOVE": (True, False), "by TTL": (True, False)}
"""Event -> whether the item was there before and is there after."""


class Written:
    """A stream record: the bytes that StreamLog stores for it, and what clients must read."""

    def __init__(self, view, item_name, event, region='eu"%d-1'):
        self.hash, self.range, item = ITEMS[item_name]
        self.expired = event == "by TTL"
        self.event = "REMOVE" if self.expired else event
        before, after = EVENTS[event]
        old = {**item, "changed": {"N": "0"}} if before else None
        new = {**item, "changed": {"S": 'é"%'}} if after else None
        stream = StreamDefinition(
            id=7,
            seed="0123456789abcdef",
            access_key="a",
            account="123456789012",
            region=region,
            table="t",
            label="l",
            view=view,
            hash=self.hash,
            range=self.range,
            created=NOW,
            slots=1,
            shards=(),
        )
        clock = ManualClock(NOW)
        log = StreamLog(opened(stream, 1, NOW), clock, alone=True)
        referring = StreamLog(opened(stream, 1, NOW), clock, alone=True)
        history = History(HistoryDefinition(8, "a", "r", "t", 86_400.0, both=True), Moment(clock), alone=True)
        engine = MemoryEngine()
        old_row, new_row = (None if each is None else encode_row(each, item_size(each)) for each in (old, new))
        key = keyspace.items(1) + bytes(keyspace.DIGEST)
        change = Change(key, old_row, old, new_row, new, expired=self.expired)
        prefix = keyspace.stream_records(7)
        rows = []
        for follower in (log, referring):
            with engine.write() as txn:
                if follower is referring:
                    history.follow(txn, change)
                    referring.refer_to(8)
                txn.delete(keyspace.counter("sequence 7"))
                follower.follow(txn, change)
            with engine.read() as txn:
                ((_, row),) = txn.scan(prefix, prefix_end(prefix))
            rows.append(row)
        self.row, self.referring = rows
        self.txn = engine.read()
        names = [name for name in (self.hash, self.range) if name is not None]
        self.keys = {name: item[name] for name in names}
        self.images = {}
        self.size = item_size(self.keys)
        for member, image, wanted in zip(("NewImage", "OldImage"), (new, old), VIEWS[view], strict=True):
            if wanted and image is not None:
                self.images[member] = image
                self.size += item_size(image)
        self.view = view
        self.region = region
        self.event_id = f"0123456789abcdef{0x9E3779B97F4A7C15:016x}"

    def in_version(self, version):
        """Return the bytes that a version of the codec stores for the record."""
        if version != FIRST_VERSION:
            return self.row if version == VERSION else self.referring
        return FIRST_HEADER.pack(FIRST_VERSION, *FIRST_HEADER.unpack_from(self.row)[1:]) + record_json(self.row)

    def as_stream(self):
        record = {
            "eventID": self.event_id,
            "eventName": self.event,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.region,
            "dynamodb": {
                "ApproximateCreationDateTime": int(NOW),
                "Keys": self.keys,
                **self.images,
                "SequenceNumber": "100000000000000000001",
                "SizeBytes": self.size,
                "StreamViewType": self.view,
            },
        }
        if self.expired:
            record["userIdentity"] = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
        return record

    def as_lambda(self):
        record = self.as_stream()
        if self.expired:
            record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        return {**record, "eventSourceARN": STREAM_ARN}

    def as_kinesis(self, precision):
        unit = {MILLISECOND: 1_000, MICROSECOND: 1_000_000}[precision]
        identity = {"type": "Service", "principalId": "dynamodb.amazonaws.com"} if self.expired else None
        return {
            "awsRegion": self.region,
            "eventID": str(UUID(self.event_id)),
            "eventName": self.event,
            "userIdentity": identity,
            "recordFormat": "application/json",
            "tableName": 'a"%b',
            "dynamodb": {
                "ApproximateCreationDateTime": int(NOW * unit),
                "Keys": self.keys,
                **self.images,
                "SizeBytes": self.size,
                "ApproximateCreationDateTimePrecision": precision,
            },
            "eventSource": "aws:dynamodb",
        }


@pytest.fixture(params=[(view, item, event) for view in VIEWS for item in ITEMS for event in EVENTS], ids=" ".join)
def written(request):
    return Written(*request.param)


@pytest.fixture(params=[FIRST_VERSION, VERSION, REFERRING_VERSION])
def row(request, written):
    """Return the record in version 2, converted from the version in which it is stored."""
    stored = written.in_version(request.param)
    assert stored[0] == (VERSION if request.param != FIRST_VERSION and written.view == "KEYS_ONLY" else request.param)
    return current(written.txn, stored)


def same_json(text, expected):
    """Assert that a JSON text has the expected value, with the members in the same order."""
    assert orjson.loads(text) == expected
    assert list(orjson.loads(text)["dynamodb"]) == list(expected["dynamodb"])


def test_form_of_get_records(written, row):
    same_json(record_json(row), written.as_stream())


def test_form_of_lambda(written, row):
    record = EventFormat(STREAM_ARN).record(row)
    assert (record.sequence, record.time) == (1, NOW)
    same_json(record.text, written.as_lambda())
    assert orjson.loads(payload([record, record])) == {"Records": [written.as_lambda()] * 2}


@pytest.mark.parametrize("precision", [MILLISECOND, MICROSECOND])
def test_form_of_kinesis(written, row, precision):
    form = RecordFormat(region=written.region, table='a"%b', hash_key=written.hash, precision=precision)
    record = form.record(row, 3)
    assert (record.shard, record.sequence) == (3, 1)
    same_json(record.data, written.as_kinesis(precision))


def test_all_versions_are_one_record(written):
    for version in (FIRST_VERSION, VERSION, REFERRING_VERSION):
        assert current(written.txn, written.in_version(version)) == written.row


def test_a_record_that_refers_to_a_history_has_no_images(written):
    stored = written.referring
    text = record_json(stored) if written.view == "KEYS_ONLY" else record_json(stored)[4 + POSITION :]
    expected = written.as_stream()
    for name in written.images:
        del expected["dynamodb"][name]
    assert orjson.loads(text) == expected


def test_a_record_whose_history_is_gone_has_no_images(written):
    """Such a record is older than its stream's retention. A reader that skips it must not fail."""
    row = current(MemoryEngine().read(), written.referring)
    if written.view != "KEYS_ONLY":
        assert (record_parts(row).new, record_parts(row).old) == (b"", b"")
    assert orjson.loads(record_json(row))["dynamodb"]["Keys"] == written.keys


def test_header_of_each_version_has_the_same_beginning(written):
    """Code that needs only the first fields of a header reads them without a conversion
    to version 2.
    """
    for version in (FIRST_VERSION, VERSION, REFERRING_VERSION):
        stored = written.in_version(version)
        assert (record_milliseconds(stored), record_time(stored)) == (int(NOW * 1000), NOW)
        assert (record_sequence(stored), record_size(stored)) == (1, written.size)


def test_parts(written, row):
    parts = record_parts(row)
    images = [orjson.loads(text) if text else None for text in (parts.new, parts.old)]
    assert images == [written.images.get(name) for name in ("NewImage", "OldImage")]
    assert orjson.loads(parts.keys) == written.keys
    assert (parts.event, parts.event_id, parts.size) == (written.event.encode(), written.event_id, written.size)
    assert parts.origin == (codec.TTL if written.expired else codec.CLIENT)


# --- records that are damaged ---------------------------------------------------------------------


@pytest.mark.parametrize("at", range(9, HEADER))
def test_a_header_that_does_not_fit_its_text_is_found(at):
    """The test changes each byte after the version and the time. The time is left out because the
    JSON text has it only to the second.
    """
    row = Written("NEW_AND_OLD_IMAGES", "all types", "MODIFY").row
    assert is_consistent(row)
    damaged = row[:at] + bytes([row[at] ^ 1]) + row[at + 1 :]
    with contextlib.suppress(ValueError, IndexError):
        assert not is_consistent(damaged)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"MODIFY"', b'"INSERT"'),
        (b'"Keys"', b'"keys"'),
        (b'"OldImage"', b'"Oldimage"'),
        (b'"SizeBytes":', b'"SizeBytes":1'),
        (b'"N":"0"', b'"N":"00"'),
        (b'"SequenceNumber":"1', b'"SequenceNumber":"2'),
    ],
)
def test_a_text_that_does_not_fit_its_header_is_found(old, new):
    row = Written("NEW_AND_OLD_IMAGES", "all types", "MODIFY").row
    assert old in row
    with contextlib.suppress(ValueError, KeyError):
        assert not is_consistent(row.replace(old, new, 1))


def test_a_version_of_the_future_is_not_read():
    row = Written("KEYS_ONLY", "plain", "INSERT").row
    with pytest.raises(KeyError):
        current(MemoryEngine().read(), bytes([REFERRING_VERSION + 1]) + row[1:])
