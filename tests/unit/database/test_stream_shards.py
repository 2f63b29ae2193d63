"""Shards and the clock: shards roll over after four hours. Readers find all records, and the
records of an item in their order.
"""

from itertools import pairwise

import pytest

from emulator.controls.registry import begin, registered
from emulator.database.changes.streams import ROLL_OVER_SLICE
from tests.support.stream_reading import iterator, pages, parents_first, read_shard, sequence
from tests.support.streamed_tables import (
    DAY,
    HOUR,
    LIFE,
    MINUTE,
    OFF,
    Streamed,
    closed,
    emulator,
    finish,
    later,
    number_of,
    stored,
)

PROVISIONED = {
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
}


@pytest.mark.parametrize(
    ("extra", "shards"),
    [
        ({}, 4),
        (PROVISIONED, 1),
        ({**PROVISIONED, "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 1001}}, 2),
        ({**PROVISIONED, "ProvisionedThroughput": {"ReadCapacityUnits": 9000, "WriteCapacityUnits": 5}}, 3),
    ],
)
def test_as_many_as_the_table_would_have_partitions(db, extra, shards):
    assert len(Streamed(db, **extra).shards()) == shards


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_setting(engine_name, tmp_path, shards):
    with emulator(engine_name, tmp_path, stream_shards=shards) as db:
        streamed = Streamed(db)
        assert len(streamed.shards()) == shards
        for number in range(20 * shards):
            streamed.put(str(number))
        assert all(read_shard(db, streamed.arn, shard["ShardId"]) for shard in streamed.shards()), "all are used"
        later(db, LIFE)
        assert sum(not closed(shard) for shard in streamed.shards()) == shards


def test_item_stays_in_its_shard(db):
    """All items of a partition stay in one shard, with their records in the order of the writes."""
    streamed = Streamed(db, "pk:S")
    written = {pk: [streamed.put(pk) for _ in range(5)] for pk in map(str, range(30))}
    places = {}
    for shard in streamed.shards():
        records = read_shard(db, streamed.arn, shard["ShardId"])
        assert [sequence(record) for record in records] == sorted(map(sequence, records))
        for record in records:
            places.setdefault(record["dynamodb"]["Keys"]["pk"]["S"], {}).setdefault(shard["ShardId"], []).append(
                number_of(record)
            )
    assert {pk: [*numbers.values()] for pk, numbers in places.items()} == {pk: [w] for pk, w in written.items()}


def test_each_shard_rolls_over_to_one_child(db):
    streamed = Streamed(db)
    before = [streamed.put(str(number)) for number in range(20)]
    first = streamed.shards()
    later(db, LIFE - MINUTE)
    assert streamed.shards() == first
    later(db, MINUTE)
    parents, children = streamed.shards()[:4], streamed.shards()[4:]
    assert [shard["ShardId"] for shard in parents] == [shard["ShardId"] for shard in first]
    assert [shard.get("ParentShardId") for shard in children] == [shard["ShardId"] for shard in parents]
    ids = [shard["ShardId"] for shard in parents + children]
    assert ids == sorted(set(ids))
    for parent, child in zip(parents, children, strict=True):
        assert closed(parent)
        assert not closed(child)
        end = int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
        assert all(sequence(record) <= end for record in read_shard(db, streamed.arn, parent["ShardId"]))
        assert int(child["SequenceNumberRange"]["StartingSequenceNumber"]) > end
        reported = db("DescribeStream", StreamArn=streamed.arn, ShardFilter=child_filter(parent))["StreamDescription"]
        assert reported["Shards"] == [child]
        reported = db("DescribeStream", StreamArn=streamed.arn, ShardFilter=child_filter(child))["StreamDescription"]
        assert reported["Shards"] == []
    after = [streamed.put(str(number)) for number in range(20)]
    assert sorted(n for shard in parents for n in read(db, streamed, shard)) == before
    assert sorted(n for shard in children for n in read(db, streamed, shard)) == after


def child_filter(shard):
    return {"Type": "CHILD_SHARDS", "ShardId": shard["ShardId"]}


def read(db, streamed, shard):
    return [number_of(record) for record in read_shard(db, streamed.arn, shard["ShardId"])]


def test_child_takes_over_the_items_of_its_parent(db):
    streamed = Streamed(db)
    keys = list(map(str, range(20)))
    for _ in range(3):
        for pk in keys:
            streamed.put(pk)
        later(db, LIFE)
    lines = {}
    for shard in streamed.shards():
        line = lines[shard["ShardId"]] = lines.get(shard.get("ParentShardId"), len(lines))
        for record in read_shard(db, streamed.arn, shard["ShardId"]):
            assert lines.setdefault(record["dynamodb"]["Keys"]["pk"]["S"], line) == line


def test_closed_shard_comes_to_an_end(db):
    """The last page of a closed shard has no NextShardIterator, also if the iterator was made
    before the shard was closed.
    """
    streamed = Streamed(db, **PROVISIONED)
    numbers = [streamed.put() for _ in range(5)]
    (shard,) = streamed.shards()
    waiting = iterator(db, streamed.arn, shard["ShardId"], "LATEST")
    half = db("GetRecords", ShardIterator=iterator(db, streamed.arn, shard["ShardId"]), Limit=3)
    assert db("GetRecords", ShardIterator=waiting).keys() == {"Records", "NextShardIterator"}
    db.clock.advance(LIFE - 10 * MINUTE)
    waiting = iterator(db, streamed.arn, shard["ShardId"], "LATEST")
    half = db("GetRecords", ShardIterator=iterator(db, streamed.arn, shard["ShardId"]), Limit=3)
    later(db, 10 * MINUTE)
    streamed.put()
    assert db("GetRecords", ShardIterator=waiting) == {"Records": []}
    rest = db("GetRecords", ShardIterator=half["NextShardIterator"])
    assert "NextShardIterator" not in rest
    assert list(map(number_of, half["Records"] + rest["Records"])) == numbers
    exact = db("GetRecords", ShardIterator=iterator(db, streamed.arn, shard["ShardId"]), Limit=5)
    assert "NextShardIterator" not in exact, "nothing is left, although the page was full"
    for kind in ("LATEST", "TRIM_HORIZON"):
        *_, last = pages(db, iterator(db, streamed.arn, shard["ShardId"], kind))
        assert last == [] or kind == "TRIM_HORIZON"


def test_ends_of_a_shard_are_positions(db):
    """Readers can resume at the sequence numbers that DescribeStream shows for a shard, whether or
    not a record has them.
    """
    streamed = Streamed(db, **PROVISIONED)
    (shard,) = streamed.shards()
    start = {"SequenceNumber": shard["SequenceNumberRange"]["StartingSequenceNumber"]}
    assert read_shard(db, streamed.arn, shard["ShardId"], "AT_SEQUENCE_NUMBER", **start) == []
    number = streamed.put()
    assert list(map(number_of, read_shard(db, streamed.arn, shard["ShardId"], "AT_SEQUENCE_NUMBER", **start))) == [
        number
    ]
    later(db, LIFE)
    end = {"SequenceNumber": streamed.shards()[0]["SequenceNumberRange"]["EndingSequenceNumber"]}
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert read_shard(db, streamed.arn, shard["ShardId"], kind, **end) == []
    beyond = str(int(end["SequenceNumber"]) + 1)
    code, _ = db.error(
        "GetShardIterator",
        StreamArn=streamed.arn,
        ShardId=shard["ShardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=beyond,
    )
    assert code == "ValidationException"


@pytest.mark.parametrize("pause", [LIFE, 2 * LIFE, 5 * LIFE + HOUR, DAY - LIFE])
def test_generations_of_a_pause(db, pause):
    """After a pause without requests, there are the shards that rollovers in time would have made,
    and all records can be read.
    """
    streamed = Streamed(db)
    numbers = [streamed.put(str(n)) for n in range(10)]
    later(db, pause)
    generations = pause // LIFE + 1
    shards = streamed.shards()
    assert len(shards) == 4 * generations
    assert parents_first(shards) == shards
    known = {shard["ShardId"] for shard in shards}
    assert sum("ParentShardId" not in shard for shard in shards) == 4
    assert all(shard.get("ParentShardId", shards[0]["ShardId"]) in known for shard in shards)
    assert [closed(shard) for shard in shards] == [True] * 4 * (generations - 1) + [False] * 4
    numbers += [streamed.put(str(n)) for n in range(10)]
    assert list(map(number_of, by_time(streamed.records()))) == numbers


def by_time(records):
    return sorted(records, key=sequence)


@pytest.mark.parametrize("pause", [2 * DAY, 400 * DAY, 40 * 365 * DAY])
def test_generations_are_bounded(db, pause):
    """However long the pause, there are only as many generations of shards as a day has. No older
    records are left.
    """
    streamed = Streamed(db)
    streamed.put()
    later(db, pause)
    shards = streamed.shards()
    assert 4 * DAY // LIFE <= len(shards) <= 4 * (DAY // LIFE + 1)
    assert [closed(shard) for shard in shards[-4:]] == [False] * 4
    assert streamed.records() == []
    number = streamed.put()
    assert streamed.numbers_read() == [number]
    finish(db)
    assert len(stored(db, b"\x0b")) == 1


@pytest.mark.parametrize("late", [LIFE, DAY, 3 * DAY])
def test_a_late_rollover_loses_nothing(db, late):
    """A machine slept, so the rollover is late. Records from before it can be read for a day like
    others.
    """
    streamed = Streamed(db)
    streamed.put("old")
    db.clock.advance(late)
    numbers = [streamed.put(str(n)) for n in range(10)]
    later(db, MINUTE)
    numbers += [streamed.put(str(n)) for n in range(10)]
    finish(db)
    assert streamed.numbers_read()[-20:] == numbers
    later(db, DAY - 2 * MINUTE)
    finish(db)
    assert streamed.numbers_read() == numbers
    later(db, 3 * MINUTE)
    finish(db)
    assert streamed.numbers_read() == []


def test_shards_roll_over_after_the_folder_is_reopened(tmp_path):
    """The folder is closed for longer than a shard stays open."""
    with emulator("lmdb", tmp_path) as db:
        name = Streamed(db)
        numbers = [name.put(str(n)) for n in range(10)]
        shards = name.shards()
        now = db.clock.now()
    with emulator("lmdb", tmp_path) as db:
        db.clock.freeze(now + LIFE + HOUR)
        name.db = db
        numbers += [name.put(str(n)) for n in range(10)]
        later(db, MINUTE)
        assert [shard["ShardId"] for shard in name.shards()[:4]] == [shard["ShardId"] for shard in shards]
        assert len(name.shards()) == 8
        numbers += [name.put(str(n)) for n in range(10)]
        assert list(map(number_of, by_time(name.records()))) == numbers


def test_shards_of_a_disabled_stream_do_not_roll_over(db):
    streamed = Streamed(db)
    later(db, LIFE)
    streamed.set_stream(OFF)
    shards = streamed.shards()
    assert all(map(closed, shards))
    later(db, 2 * LIFE)
    assert streamed.shards() == shards


def test_clock_set_back(db):
    """If the clock is set back, shards do not roll over until it has caught up. Reads and writes
    work as before.
    """
    streamed = Streamed(db)
    streamed.put("a")
    later(db, 30 * DAY)
    numbers = [streamed.put("a")]
    later(db, -30 * DAY)
    numbers += [streamed.put("a") for _ in range(3)]
    shards = streamed.shards()
    assert list(map(number_of, by_time(streamed.records())))[-4:] == numbers
    later(db, LIFE)
    assert streamed.shards()[-4:] == shards[-4:]
    streamed.set_stream(OFF)
    sequences = list(map(sequence, streamed.records()))
    assert sequences == sorted(set(sequences))


def test_cost_of_streams_with_nothing_due(db, monkeypatch):
    """Before shards are due to roll over, no stream is visited. Then all are, in slices."""
    for _ in range(20):
        Streamed(db)
    streams = db.emulator.database.streams
    rolled = []
    monkeypatch.setattr(streams, "_roll_over", lambda stream, now: rolled.append(stream))
    later(db, LIFE - MINUTE)
    assert (rolled, bool(db.emulator.database.background.slices)) == ([], False)
    later(db, MINUTE)
    assert len(rolled) == ROLL_OVER_SLICE
    finish(db)
    assert len(rolled) == 20


def test_a_moved_clock_rolls_streams_over_in_steps(db, monkeypatch):
    """Between two steps of move_clock, other requests are answered. After the last step, all
    streams have rolled over.
    """
    monkeypatch.setattr("emulator.database.changes.streams.ROLL_OVER_SLICE", 2)
    streamed = [Streamed(db) for _ in range(5)]
    before = [len(each.shards()) for each in streamed]
    streams = db.emulator.database.streams
    roll_over = streams._roll_over
    rolled = []
    monkeypatch.setattr(streams, "_roll_over", lambda stream, now: rolled.append(stream) or roll_over(stream, now))
    move = registered()["move_clock"]
    assert [len(rolled) for _ in begin(db.emulator, move, {"Advance": LIFE})] == [2, 4]
    assert len(rolled) == 5
    assert [len(each.shards()) for each in streamed] == [2 * count for count in before]
    assert list(begin(db.emulator, move, {"Advance": 1})) == [], "nothing is due"


def test_ids_grow(db):
    """Shard ids grow in the order in which DescribeStream lists them, across generations."""
    streamed = Streamed(db)
    for _ in range(5):
        later(db, LIFE)
    ids = [shard["ShardId"] for shard in streamed.shards()]
    assert all(a < b for a, b in pairwise(ids))
    assert len(ids) == 24
    reported = db("DescribeStream", StreamArn=streamed.arn, Limit=10)["StreamDescription"]
    assert reported["LastEvaluatedShardId"] == ids[9]
    later(db, DAY - 2 * HOUR)  # now the shard ids[9] is gone
    reported = db("DescribeStream", StreamArn=streamed.arn, ExclusiveStartShardId=ids[9])["StreamDescription"]
    assert reported["Shards"] == streamed.shards()
    assert ids[9] not in [shard["ShardId"] for shard in reported["Shards"]]
