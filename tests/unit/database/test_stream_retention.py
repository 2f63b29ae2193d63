"""After a day, records, shards and streams can no longer be read, and their data are deleted."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from emulator.database.definitions import arns
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.store import keyspace
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.stream_reading import iterator, read_shard, sequence
from tests.support.streamed_tables import (
    DAY,
    HOUR,
    IMAGES,
    LIFE,
    MINUTE,
    OFF,
    Streamed,
    finish,
    later,
    number_of,
    stored,
)

ONE_SHARD = {
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
}
TRIMMED = "TrimmedDataAccessException"
MISSING = "ResourceNotFoundException"
RECORDS = b"\x0b"
STREAMS = b"\x0a"


def record_count(db):
    return len(stored(db, RECORDS))


@pytest.fixture
def hourly(db):
    """Return a table whose stream has one open shard and a record of each of the last 24 hours. The
    oldest record is 23 hours and 59 minutes old.
    """
    streamed = Streamed(db, **ONE_SHARD)
    db.clock.advance(-MINUTE)
    for _ in range(24):
        streamed.put()
        later(db, HOUR)
    db.clock.advance(-HOUR + 59 * MINUTE)
    return streamed


def test_readers_never_see_what_is_too_old(db, hourly):
    """Readers never see a record that is older than a day, whether or not it is deleted already."""
    for hour in range(24):
        assert hourly.numbers_read() == list(range(hour + 1, 25))
        db.clock.advance(2 * MINUTE)
        assert hourly.numbers_read() == list(range(hour + 2, 25))
        later(db, 0)
        finish(db)
        assert hourly.numbers_read() == list(range(hour + 2, 25))
        db.clock.advance(HOUR - 2 * MINUTE)
    assert hourly.numbers_read() == []


def test_deletion_follows_the_clock(db, hourly):
    """The newest record that is too old stays in its shard, as a mark of deleted records, until the
    shard goes.
    """
    counts = []
    for _ in range(24):
        later(db, HOUR)
        finish(db)
        counts.append(record_count(db))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 24
    assert counts[12] <= 14
    later(db, LIFE)
    finish(db)
    assert record_count(db) == 0
    check_store(db.emulator.database)


def test_deletion_is_sliced(db, monkeypatch):
    """A slice deletes at most SLICE records."""
    monkeypatch.setattr("emulator.database.store.deletions.SLICE", 7)
    streamed = Streamed(db, **ONE_SHARD)
    for _ in range(60):
        streamed.put()
    later(db, DAY - MINUTE)
    streamed.put()
    db.clock.advance(2 * MINUTE)
    counts = [record_count(db)]
    while db.emulator.tick():
        counts.append(record_count(db))
    assert (counts[0], counts[-1]) == (61, 2)
    assert all(0 <= before - after <= 7 for before, after in pairwise(counts))
    assert streamed.numbers_read() == [61]


def test_mark_of_an_open_shard(db):
    """A shard whose old records are deleted still knows that it had them: their sequence numbers
    are refused as trimmed.
    """
    streamed = Streamed(db, **ONE_SHARD)
    db.clock.advance(LIFE - MINUTE)
    old = [streamed.put() for _ in range(3)]
    later(db, MINUTE)
    (first, _) = streamed.shards()
    records = read_shard(db, streamed.arn, first["ShardId"])
    assert list(map(number_of, records)) == old
    db.clock.advance(DAY - MINUTE + 1)
    later(db, 0)
    finish(db)
    for record in records:
        for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            assert trimmed(db, streamed, first, kind, record)
    assert read_shard(db, streamed.arn, first["ShardId"]) == []


def trimmed(db, streamed, shard, kind, record):
    """Return True if the position of a record is refused as trimmed."""
    code, _ = db.error(
        "GetShardIterator",
        StreamArn=streamed.arn,
        ShardId=shard["ShardId"],
        ShardIteratorType=kind,
        SequenceNumber=record["dynamodb"]["SequenceNumber"],
    )
    return code == TRIMMED


@pytest.mark.parametrize("swept", [False, True])
def test_trimmed_positions(db, hourly, swept):
    """Refused as trimmed are a sequence number that is too old, and an iterator whose record has
    become too old since it was made.
    """
    records = sorted(hourly.records(), key=sequence)
    shards = {shard["ShardId"]: shard for shard in hourly.shards()}
    places = {
        sequence(record): shard for number, shard in shards.items() for record in read_shard(db, hourly.arn, number)
    }
    oldest, second = records[:2]
    shard = places[sequence(oldest)]
    place = {"SequenceNumber": oldest["dynamodb"]["SequenceNumber"]}
    at = iterator(db, hourly.arn, shard["ShardId"], "AT_SEQUENCE_NUMBER", **place)
    after = iterator(db, hourly.arn, shard["ShardId"], "AFTER_SEQUENCE_NUMBER", **place)
    horizon = iterator(db, hourly.arn, shard["ShardId"])
    dated = iterator(db, hourly.arn, shard["ShardId"], "AT_TIMESTAMP", Timestamp=0)
    assert db("GetRecords", ShardIterator=at)["Records"][0] == oldest
    db.clock.advance(2 * MINUTE)
    if swept:
        later(db, 0)
        finish(db)
    assert db.error("GetRecords", ShardIterator=at)[0] == TRIMMED
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert trimmed(db, hourly, shard, kind, oldest)
    for start in (after, horizon, dated):
        assert db("GetRecords", ShardIterator=start)["Records"][0] == second


def test_iterator_of_a_shard_that_went(db):
    streamed = Streamed(db, **ONE_SHARD)
    streamed.put()
    (shard,) = streamed.shards()
    later(db, LIFE)
    db.clock.advance(DAY - MINUTE)
    start = iterator(db, streamed.arn, shard["ShardId"])
    child = {"Type": "CHILD_SHARDS", "ShardId": shard["ShardId"]}
    (first_child,) = db("DescribeStream", StreamArn=streamed.arn, ShardFilter=child)["StreamDescription"]["Shards"]
    db.clock.advance(2 * MINUTE)
    for _ in range(2):
        assert db.error("GetRecords", ShardIterator=start)[0] == TRIMMED
        request = {"StreamArn": streamed.arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        assert db.error("GetShardIterator", request)[0] == MISSING
        assert shard["ShardId"] not in [each["ShardId"] for each in streamed.shards()]
        reported = db("DescribeStream", StreamArn=streamed.arn, ShardFilter=child)["StreamDescription"]["Shards"]
        children = [each["ShardId"] for each in reported]
        assert children == [first_child["ShardId"]], "who has just finished the parent still finds them"
        later(db, 0)
        finish(db)


def disable(db, streamed):
    streamed.set_stream(OFF)


def delete(db, streamed):
    db("DeleteTable", TableName=streamed.name)
    db("ListTables")


def everything_but_counters(db):
    return [(key, value) for key, value in dump(db.emulator.database) if key[:1] not in (b"\x01", b"\x02")]


@pytest.mark.parametrize("end", [disable, delete])
def test_a_closed_stream_can_be_read_for_a_day(db, end):
    """A stream closes when it is disabled or its table is deleted. After a day it leaves nothing in
    the store.
    """
    streamed = Streamed(db)
    db.clock.advance(10 * HOUR)
    numbers = [streamed.put(str(n)) for n in range(30)]
    end(db, streamed)
    shards = streamed.shards()
    later(db, DAY - MINUTE)
    finish(db)
    assert streamed.numbers_read() == numbers
    assert streamed.shards() == shards
    start = iterator(db, streamed.arn, shards[0]["ShardId"])
    db.clock.advance(2 * MINUTE)
    for _ in range(2):  # before and after its data are deleted
        assert db("ListStreams")["Streams"] == []
        for operation, request in (
            ("DescribeStream", {"StreamArn": streamed.arn}),
            (
                "GetShardIterator",
                {"StreamArn": streamed.arn, "ShardId": shards[0]["ShardId"], "ShardIteratorType": "LATEST"},
            ),
            ("GetRecords", {"ShardIterator": start}),
        ):
            assert db.error(operation, request) == (
                MISSING,
                f"Requested resource not found: Stream: {streamed.arn} not found",
            )
        later(db, 0)
        finish(db)
    assert stored(db, RECORDS, STREAMS, b"\x01sequence", b"\x06") == []
    if end is delete:
        assert everything_but_counters(db) == []
    else:
        assert "LatestStreamArn" in db("DescribeTable", TableName=streamed.name)["Table"]


def test_streams_of_a_table_end_one_by_one(db):
    """The streams of a deleted table each end a day after they were closed. A new table with the
    same name does not get them.
    """
    streamed = Streamed(db, TableName="again")
    arns = [streamed.arn]
    for _ in range(2):
        streamed.put()
        later(db, 10 * HOUR)
        streamed.set_stream(OFF)
        arns.append(streamed.set_stream(IMAGES))
    delete(db, streamed)
    listed = [stream["StreamArn"] for stream in db("ListStreams", TableName="again")["Streams"]]
    assert sorted(listed) == sorted(arns)
    later(db, 5 * HOUR)
    newer = Streamed(db, TableName="again")
    newer.put()
    # The three streams were closed after 10, 20 and 20 hours; now 25 hours have passed.
    for hours, left in ((0, 3), (8, 3), (2, 2), (8, 2), (2, 0)):
        later(db, hours * HOUR)
        finish(db)
        listed = [stream["StreamArn"] for stream in db("ListStreams")["Streams"]]
        assert len(listed) == left + 1
        assert newer.arn in listed
    check_store(db.emulator.database)


def test_a_stream_may_go_while_its_old_records_are_deleted(db, monkeypatch):
    """Slices that delete old records do no harm if they are still queued when the whole stream
    goes.
    """
    monkeypatch.setattr("emulator.database.store.deletions.SLICE", 3)
    streamed = Streamed(db, **ONE_SHARD)
    for _ in range(50):
        streamed.put()
    later(db, DAY - HOUR)
    streamed.set_stream(OFF)
    later(db, 2 * HOUR)
    assert db.emulator.database.background.slices
    later(db, DAY)
    finish(db)
    assert stored(db, RECORDS, STREAMS, b"\x06") == []


def test_reopened_after_a_day(tmp_path):
    """A folder is closed for two days. Then an open stream has lost its old records, and a disabled
    stream is gone.
    """
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    kept, gone = Streamed(db), Streamed(db)
    for streamed in (kept, gone):
        streamed.put()
    gone.set_stream(OFF)
    then = db.clock.now() + 2 * DAY
    db.emulator.close()
    db = InProcess(settings)
    db.clock.freeze(then)
    kept.db = db
    assert kept.records() == []
    number = kept.put()
    assert kept.numbers_read() == [number]
    assert [stream["StreamArn"] for stream in db("ListStreams")["Streams"]] == [kept.arn]
    later(db, HOUR)
    finish(db)
    assert kept.numbers_read() == [number]
    assert record_count(db) == 2, "the mark stays as long as its shard"
    assert len(stored(db, STREAMS)) == 1
    db.emulator.close()


# --- streams that keep their records for another time ---------------------------------------------

WEEK = 7 * DAY


def keep(db, streamed, retention):
    """Set the number of seconds for which a stream keeps its records; return the stream's
    definition.
    """
    streams = db.emulator.database.streams
    stream = replace(streams.of_resource(db.caller.tenant, arns.resource(streamed.arn)), retention=retention)
    with db.emulator.database.write() as txn:
        txn.put(keyspace.stream(stream.id), stream.dump())
    db.emulator.database.refresh()
    return streams.get(stream.id)


@pytest.fixture
def both(db):
    """Return two tables: the first one's stream keeps records for a day, the second one's for a
    week.
    """
    day, week = Streamed(db, **ONE_SHARD), Streamed(db, **ONE_SHARD)
    keep(db, week, WEEK)
    return day, week


def test_each_stream_keeps_its_records_for_its_own_time(db, both):
    """For readers, a record ends exactly on time. The stored records, shards and marks go soon
    afterwards.
    """
    day, week = both
    for streamed in both:
        for _ in range(3):
            streamed.put()
    for passed, expected in ((DAY - MINUTE, [3, 3]), (2 * MINUTE, [0, 3]), (WEEK - DAY - 2 * MINUTE, [0, 3])):
        db.clock.advance(passed)
        for _ in range(2):  # before and after the records are deleted
            assert [len(streamed.records()) for streamed in both] == expected
            later(db, 0)
            finish(db)
    assert len(day.shards()) == DAY // LIFE + 1
    assert len(week.shards()) == WEEK // LIFE
    later(db, 2 * MINUTE)
    finish(db)
    assert [len(streamed.records()) for streamed in both] == [0, 0]
    later(db, LIFE)
    finish(db)
    assert record_count(db) == 0
    check_store(db.emulator.database)


def test_positions_follow_the_retention(db, both):
    """TRIM_HORIZON, AT_TIMESTAMP and AT_SEQUENCE_NUMBER find only records within the stream's
    retention.
    """
    for _ in range(2):
        for streamed in both:
            streamed.put()
        db.clock.advance(LIFE - MINUTE)
    shards = [streamed.shards()[0] for streamed in both]
    records = [read_shard(db, s.arn, shard["ShardId"]) for s, shard in zip(both, shards, strict=True)]
    db.clock.advance(DAY - LIFE)
    for streamed, shard, (old, young), expected in zip(both, shards, records, ([2], [1, 2]), strict=True):
        for kind, place in (("TRIM_HORIZON", {}), ("AT_TIMESTAMP", {"Timestamp": 1_700_000_000})):
            found = read_shard(db, streamed.arn, shard["ShardId"], kind, **place)
            assert list(map(number_of, found)) == expected
        for record, number in ((old, 1), (young, 2)):
            if number in expected:
                place = {"SequenceNumber": record["dynamodb"]["SequenceNumber"]}
                assert read_shard(db, streamed.arn, shard["ShardId"], "AT_SEQUENCE_NUMBER", **place)[0] == record
            else:
                assert trimmed(db, streamed, shard, "AT_SEQUENCE_NUMBER", record)


@pytest.mark.parametrize("end", [disable, delete])
def test_a_closed_stream_can_be_read_for_its_own_time(db, both, end):
    day, week = both
    day.put()
    numbers = [week.put()]
    arn = week.arn
    for streamed in both:
        end(db, streamed)
    week.arn = arn
    later(db, WEEK - MINUTE)
    finish(db)
    assert [stream["StreamArn"] for stream in db("ListStreams")["Streams"]] == [arn]
    assert week.numbers_read() == numbers
    later(db, 2 * MINUTE)
    finish(db)
    assert db("ListStreams")["Streams"] == []
    assert stored(db, RECORDS, STREAMS, b"\x01sequence", b"\x06") == []


def test_a_retention_that_is_shortened_applies_to_what_is_there(db, both):
    _, week = both
    for _ in range(3):
        week.put()
    later(db, 2 * DAY)
    finish(db)
    assert len(week.records()) == 3
    keep(db, week, DAY)
    assert week.records() == []
    later(db, MINUTE)
    finish(db)
    assert record_count(db) == 0
    check_store(db.emulator.database)


def test_generations_after_a_long_pause_are_those_that_can_be_read(db, both):
    day, week = both
    later(db, 30 * DAY)
    finish(db)
    assert len(day.shards()) == DAY // LIFE + 1
    assert len(week.shards()) == WEEK // LIFE + 1


def test_a_hidden_log_is_opened_with_its_own_retention(db):
    """A change log that clients do not see may keep its records for longer than a day, here 35
    days.
    """
    streamed = Streamed(db)
    database = db.emulator.database
    table = database.table(db.caller, streamed.name).definition
    with database.catalog.changing() as change:
        stream = database.streams.open(change, 99, table, "NEW_AND_OLD_IMAGES", hidden=True, retention=35 * DAY)
    assert StreamDefinition.load(stream.dump()) == stream
    assert stream.retention == 35 * DAY
    assert not stream.gone(db.clock.now())


def test_definitions_of_older_versions_keep_records_for_a_day(db):
    streamed = Streamed(db)
    stream = keep(db, streamed, DAY)
    fields = json.loads(stream.dump())
    del fields["retention"]
    assert StreamDefinition.load(json.dumps(fields).encode()) == stream
