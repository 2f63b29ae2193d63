"""Where reading a stream starts: shard iterators, how long they are valid, and the first record
since a time.
"""

from bisect import bisect_left
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.profile import profile
from tests.support.stream_reading import iterator, read_shard, sequence
from tests.support.streamed_tables import HOUR, MINUTE, Streamed, later, number_of

START = 1_700_000_000.0  # where a ManualClock starts


@pytest.fixture
def one(db):
    """Return a table whose stream has one shard."""
    return Streamed(
        db,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )


def first_shard(streamed):
    return streamed.shards()[0]["ShardId"]


@pytest.mark.parametrize("kind", ["TRIM_HORIZON", "LATEST", "NextShardIterator"])
def test_iterators_expire(db, one, kind):
    """Every iterator expires 15 minutes after it was made."""
    one.put()
    if kind == "NextShardIterator":
        start = db("GetRecords", ShardIterator=iterator(db, one.arn, first_shard(one)))[kind]
    else:
        start = iterator(db, one.arn, first_shard(one), kind)
    db.clock.advance(15 * MINUTE)
    later_start = db("GetRecords", ShardIterator=start)["NextShardIterator"]
    db.clock.advance(1)
    assert db.error("GetRecords", ShardIterator=start)[0] == "ExpiredIteratorException"
    db.clock.advance(14 * MINUTE)
    db("GetRecords", ShardIterator=later_start)


def test_an_iterator_from_the_future_is_valid(db, one):
    """The clock is set back after the iterator was made."""
    number = one.put()
    start = iterator(db, one.arn, first_shard(one))
    db.clock.advance(-HOUR)
    assert list(map(number_of, db("GetRecords", ShardIterator=start)["Records"])) == [number]


def test_iterator_is_of_its_stream_alone(db, one):
    """A text that the emulator did not issue is refused, for example an iterator with another
    stream's ARN.
    """
    other = Streamed(db)
    text = iterator(db, one.arn, first_shard(one))
    for wrong in (
        text.replace(one.arn, other.arn),
        text.replace("|1|", "|2|"),
        text + "A",
        text[:-1],
        one.arn,
        f"{one.arn}|1|",
        "||",
        "é|1|é",
    ):
        assert db.error("GetRecords", ShardIterator=wrong) == ("ValidationException", "Invalid ShardIterator")


def test_horizon_is_looked_up_when_it_is_used(db, one):
    start = iterator(db, one.arn, first_shard(one))
    number = one.put()
    assert list(map(number_of, db("GetRecords", ShardIterator=start)["Records"])) == [number]


def test_latest_is_looked_up_when_it_is_made(db, one):
    one.put()
    start = iterator(db, one.arn, first_shard(one), "LATEST")
    number = one.put()
    assert list(map(number_of, db("GetRecords", ShardIterator=start)["Records"])) == [number]


# --- the first record since a time ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "count"),
    [(-1000, 3), (0, 3), (0.001, 2), (0.1, 2), (0.123, 2), (0.124, 1), (0.4567, 1), (0.458, 0), (1, 0), (1e9, 0)],
)
def test_milliseconds(db, one, offset, count):
    """AT_TIMESTAMP compares milliseconds: the clock's time and the request's time are rounded."""
    for moment in (0, 0.123, 0.457):
        db.clock.freeze(START + moment)
        one.put()
    db.clock.freeze(START + 2)
    found = read_shard(db, one.arn, first_shard(one), "AT_TIMESTAMP", Timestamp=START + offset)
    assert len(found) == count


@pytest.mark.parametrize("timestamp", [0, -1, -1e308, 1e308, 1, START * 1000])
def test_any_number_is_a_time(db, one, timestamp):
    one.put()
    found = read_shard(db, one.arn, first_shard(one), "AT_TIMESTAMP", Timestamp=timestamp)
    assert len(found) == (timestamp < START)


@pytest.fixture(scope="module")
def inside(engine_name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("positions") / "data"
    made = InProcess(settings_of_engine(engine_name, folder, stream_shards=2))
    yield made
    made.emulator.close()


waits = st.sampled_from([0, 0, 0.001, 0.5, 1, 60, 3000])
partitions = st.sampled_from("abcdef")


def test_times_against_brute_force(inside):
    """Binary search finds the same record as a search of all records, also with many records at one
    moment, gaps in the numbers, and empty shards.
    """

    @profile(60)
    @given(writes=st.lists(st.tuples(waits, partitions), max_size=40), data=st.data())
    def compare(writes, data):
        inside.clock.freeze(START)
        streamed = Streamed(inside)
        moments = []
        for wait, partition in writes:
            later(inside, wait)
            streamed.put(partition)
            moments.append(inside.clock.now())
        later(inside, 1)
        asked = data.draw(st.lists(st.sampled_from([START - 1, *moments, inside.clock.now()]), min_size=1, max_size=5))
        for shard in streamed.shards():
            records = read_shard(inside, streamed.arn, shard["ShardId"])
            times = [moments[number_of(record) - 1] for record in records]
            for moment in (each + offset for each in asked for offset in (-0.001, 0, 0.001)):
                found = read_shard(inside, streamed.arn, shard["ShardId"], "AT_TIMESTAMP", Timestamp=moment)
                assert found == records[bisect_left([round(t * 1000) for t in times], round(moment * 1000)) :]

    compare()


def test_cost_of_finding_a_time(inside, monkeypatch):
    """Finding a time takes a few reads of single records, however many records there are."""
    from emulator.database.changes import reader

    streamed = Streamed(inside)
    for _ in range(1000):
        inside.clock.advance(1)
        streamed.put()
    database = inside.emulator.database
    stream = database.streams.find(inside.caller.tenant, streamed.arn)
    reads = []
    with database.read() as txn:

        class Counted:
            get = txn.get

            @staticmethod
            def page(*place, **options):
                reads.append(place)
                return txn.page(*place, **options)

        for shard in stream.shards:
            reader.first_since(Counted, stream, shard, inside.clock.now() - 300)
    assert len(reads) < 60


def test_times_of_records(db, one):
    """A record shows the emulator's time in whole seconds, rounded down."""
    db.clock.freeze(START + 0.9)
    one.put()
    (record,) = one.records()
    assert record["dynamodb"]["ApproximateCreationDateTime"] == START
    assert datetime.fromtimestamp(START, UTC).year == 2023
    assert sequence(record) == 10**20 + 1
