"""How streams open, change and close: in the transaction that changes their table's settings. Also:
which callers see a stream.
"""

import re
from math import inf

import pytest

from emulator.database.store.ids import next_id
from emulator.settings import Settings
from storage import Full
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.stream_reading import iterator, read_all, read_shard, sequence, stream_of
from tests.support.streamed_tables import DAY, HOUR, IMAGES, LIFE, OFF, Streamed, emulator, finish, later, stored
from tests.support.tables import table_request

ACCOUNT = "123456789012"


# --- labels and statuses --------------------------------------------------------------------------


def test_label_is_the_clocks(db):
    db.clock.freeze(1_700_000_000.1234)
    streamed = Streamed(db)
    reported = db("DescribeStream", StreamArn=streamed.arn)["StreamDescription"]
    assert reported["StreamLabel"] == "2023-11-14T22:13:20.123"
    assert reported["CreationRequestDateTime"] == 1_700_000_000.123


def test_labels_while_the_clock_stands_still(db):
    """Each stream of a table has its own label, even if the clock stands still or goes back. Under
    a frozen clock, later streams have greater labels.
    """
    streamed = Streamed(db)
    arns = [streamed.arn]
    for _ in range(5):
        streamed.set_stream(OFF)
        arns.append(streamed.set_stream(IMAGES))
    assert arns == sorted(set(arns))
    later(db, -HOUR)
    streamed.set_stream(OFF)
    db.clock.advance(HOUR)
    arns.append(streamed.set_stream(IMAGES))
    assert len(set(arns)) == 7
    listed = [stream["StreamArn"] for stream in db("ListStreams")["Streams"]]
    assert listed == sorted(arns)


def test_transient_statuses(engine_name, tmp_path):
    """With --delay-transient-statuses, a stream is ENABLING for three seconds and already records
    writes.
    """
    with emulator(engine_name, tmp_path, delay_transient_statuses=True) as db:

        def status(arn):
            return db("DescribeStream", StreamArn=arn)["StreamDescription"]["StreamStatus"]

        request = table_request("pk:S", StreamSpecification=IMAGES)
        reported = db("CreateTable", request)["TableDescription"]
        name, arn = reported["TableName"], reported["LatestStreamArn"]
        assert status(arn) == "ENABLING"
        db.clock.advance(3)
        db("PutItem", TableName=name, Item={"pk": {"S": "a"}})
        assert status(arn) == "ENABLED"
        db("UpdateTable", TableName=name, StreamSpecification=OFF)
        db("PutItem", TableName=name, Item={"pk": {"S": "b"}})
        assert status(arn) == "DISABLING"
        db.clock.advance(3)
        assert status(arn) == "DISABLED"
        assert len(read_all(db, arn)) == 1
        second = db("UpdateTable", TableName=name, StreamSpecification=IMAGES)["TableDescription"]["LatestStreamArn"]
        assert (status(arn), status(second)) == ("DISABLED", "ENABLING")
        db("PutItem", TableName=name, Item={"pk": {"S": "c"}})
        assert len(read_all(db, second)) == 1
        db.clock.advance(3)
        db("DescribeTable", TableName=name)
        db("DeleteTable", TableName=name)
        assert status(second) == "DISABLING"
        db.clock.advance(3)
        db("ListTables")
        assert status(second) == "DISABLED"
        assert len(read_all(db, second)) == 1


def test_statuses_without_delay(db):
    streamed = Streamed(db)
    assert db("DescribeStream", StreamArn=streamed.arn)["StreamDescription"]["StreamStatus"] == "ENABLED"
    streamed.set_stream(OFF)
    assert db("DescribeStream", StreamArn=streamed.arn)["StreamDescription"]["StreamStatus"] == "DISABLED"


# --- transactions ---------------------------------------------------------------------------------


@pytest.fixture
def failing(db, monkeypatch):
    """Yield a function that makes write transactions fail as they commit, until
    `monkeypatch.undo()`.
    """
    database = db.emulator.database

    class AtCommit:
        def __init__(self, txn):
            self.txn = txn

        def __enter__(self):
            return self.txn.__enter__()

        def __exit__(self, *error):
            self.txn.abort()
            self.txn.__exit__(None, None, None)
            if error[0] is None:
                raise Full("no room")

    def fail():
        for owner in (database, database.access):
            monkeypatch.setattr(owner, "write", lambda write=owner.write: AtCommit(write()), raising=False)

    yield fail
    monkeypatch.undo()


def check_unchanged(db, before, shown):
    assert dump(db.emulator.database) == before
    assert db("ListStreams") == shown
    db.emulator.database.streams.begin_roll_over()
    db.emulator.database.background.run_all()
    assert db("ListStreams") == shown


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateTable", {**table_request("pk:S", StreamSpecification=IMAGES), "TableName": "new"}),
        ("UpdateTable", {"TableName": "without", "StreamSpecification": IMAGES}),
        ("UpdateTable", {"TableName": "with", "StreamSpecification": OFF}),
        ("DeleteTable", {"TableName": "with"}),
    ],
)
def test_a_commit_that_fails_neither_opens_nor_closes_a_stream(db, monkeypatch, failing, operation, request_):
    """Clients see neither the new stream nor the end of the old one. The request succeeds when it
    is repeated.
    """
    streamed = Streamed(db, TableName="with")
    db("CreateTable", {**table_request("pk:S"), "TableName": "without"})
    db("DescribeTable", TableName="without")
    streamed.put()
    before, shown = dump(db.emulator.database), db("ListStreams")
    failing()
    assert db.error(operation, request_)[0] == "InternalServerError"
    monkeypatch.undo()
    check_unchanged(db, before, shown)
    streamed.put()
    assert streamed.numbers_read() == [1, 2]
    db(operation, request_)


def test_a_rollover_that_fails_is_tried_again(db, monkeypatch, failing):
    """The disk is full when shards are due to roll over. They roll over later. Until then, writes
    go to the old shards.
    """
    streamed = Streamed(db)
    numbers = [streamed.put()]
    shards = streamed.shards()
    failing()
    later(db, LIFE)
    monkeypatch.undo()
    assert streamed.shards() == shards
    numbers.append(streamed.put())
    # Ends the pause that follows the failure.
    monkeypatch.setattr(db.emulator.database.background, "_monotonic", lambda: inf)
    later(db, 60)
    assert len(streamed.shards()) == 2 * len(shards)
    assert streamed.numbers_read() == numbers


def test_canceled_transactions_take_no_number(db):
    """Sequence numbers of records have no gaps, whatever was refused between the writes."""
    streamed = Streamed(db)
    streamed.put("a")
    fails = {"TableName": streamed.name, "Item": {"pk": {"S": "b"}}, "ConditionExpression": "attribute_exists(pk)"}
    puts = {"TableName": streamed.name, "Item": {"pk": {"S": "c"}}}
    db.error("TransactWriteItems", TransactItems=[{"Put": puts}, {"Put": fails}])
    db.error("PutItem", fails)
    streamed.put("d")
    assert sorted(map(sequence, streamed.records())) == [10**20 + 1, 10**20 + 2]


# --- reopening ------------------------------------------------------------------------------------


def test_reopening_keeps_everything(tmp_path):
    """A reopened folder has its open and disabled streams, shards and records. Iterators stay
    valid, and sequence numbers go on.
    """
    settings = Settings(data_dir=tmp_path / "data", stream_shards=3)
    db = InProcess(settings)
    streamed = Streamed(db)
    for number in range(20):
        streamed.put(str(number))
    old = streamed.arn
    streamed.set_stream(OFF)
    streamed.set_stream(IMAGES)
    for number in range(20):
        streamed.put(str(number))
    later(db, LIFE)
    for number in range(20):
        streamed.put(str(number))
    now = db.clock.now()

    def reported():
        return [
            db("ListStreams"),
            *(db("DescribeStream", StreamArn=arn) for arn in (old, streamed.arn)),
            *(read_all(db, arn) for arn in (old, streamed.arn)),
            db("DescribeTable", TableName=streamed.name),
        ]

    before = reported()
    starts = [iterator(db, streamed.arn, shard["ShardId"], "LATEST") for shard in streamed.shards()]
    for attempt in range(3):
        db.emulator.close()
        db = streamed.db = InProcess(settings)
        db.clock.freeze(now)
        assert reported() == before
        check_store(db.emulator.database)
        streamed.put(f"new {attempt}")
        before = reported()
    found = [record for start in starts for record in db("GetRecords", ShardIterator=start)["Records"]]
    assert sorted(map(sequence, found)) == [10**20 + 20 + 1 + 20 + number for number in (1, 2, 3)]
    db.emulator.close()


def test_a_new_number_of_shards_is_for_new_streams(tmp_path):
    """Existing streams keep their number of shards, also when these roll over."""
    with emulator("lmdb", tmp_path, stream_shards=2) as db:
        streamed = Streamed(db)
        now = db.clock.now()
    with emulator("lmdb", tmp_path, stream_shards=5) as db:
        db.clock.freeze(now)
        streamed.db = db
        assert len(streamed.shards()) == 2
        later(db, LIFE)
        assert len(streamed.shards()) == 4
        assert len(Streamed(db).shards()) == 5


# --- who sees them --------------------------------------------------------------------------------


def test_hidden_streams_are_not_listed(db):
    """A hidden stream is a change log for the emulator's own use. Clients do not see it."""
    db("CreateTable", {**table_request("pk:S"), "TableName": "watched"})
    table = db.emulator.database.table(db.caller, "watched")
    database = db.emulator.database
    with database.catalog.changing() as change:
        number = next_id(change.txn)
        stream = database.streams.open(change, number, table.definition, "NEW_AND_OLD_IMAGES", hidden=True)
    assert db("ListStreams")["Streams"] == []
    assert db("ListStreams", TableName="watched")["Streams"] == []
    assert "LatestStreamArn" not in db("DescribeTable", TableName="watched")["Table"]
    missing = ("ResourceNotFoundException", f"Requested resource not found: Stream: {stream.arn} not found")
    assert db.error("DescribeStream", StreamArn=stream.arn) == missing
    request = {"StreamArn": stream.arn, "ShardId": stream.shards[0].id, "ShardIteratorType": "LATEST"}
    assert db.error("GetShardIterator", request) == missing
    streams = database.streams
    assert streams.get(number) == stream
    later(db, LIFE)
    assert len(streams.get(number).shards) == 2 * len(stream.shards), "it rolls over as any other"
    with database.catalog.changing() as change:
        streams.close(change, number)
    later(db, DAY)
    finish(db)
    assert streams.get(number) is None
    assert stored(db, b"\x0a", b"\x0b") == []


def as_(db, access_key, region):
    db.caller = db.emulator.caller(access_key, region)
    return db


CALLERS = [("test", "us-east-1"), (ACCOUNT, "us-east-1"), ("test", "eu-west-1")]


def test_every_key_and_region_has_its_own_streams(db):
    arns = {}
    for caller in CALLERS:
        streamed = Streamed(as_(db, *caller), TableName="same")
        streamed.put(caller[0])
        arns[caller] = streamed.arn
    for caller in CALLERS:
        as_(db, *caller)
        assert [stream["StreamArn"] for stream in db("ListStreams")["Streams"]] == [arns[caller]]
        for other, arn in arns.items():
            if other == caller:
                (record,) = read_all(db, arn)
                assert record["awsRegion"] == caller[1]
                assert record["dynamodb"]["Keys"] == {"pk": {"S": caller[0]}}
            elif arn != arns[caller]:
                assert db.error("DescribeStream", StreamArn=arn)[0] == "ResourceNotFoundException"


def test_keys_that_stand_for_the_same_account(db):
    """Two access keys share an account number, and the clock stands still. Their streams still have
    different ARNs, and each key sees only its own stream.
    """
    streams = {key: Streamed(as_(db, key, "us-east-1"), TableName="same") for key in ("one", "two")}
    assert streams["one"].arn != streams["two"].arn
    for key, streamed in streams.items():
        as_(db, key, "us-east-1")
        streamed.put(key)
        assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in streamed.records()] == [key]
        assert [stream["StreamArn"] for stream in db("ListStreams")["Streams"]] == [streamed.arn]


def test_shared_database(engine_name, tmp_path):
    """With --shared-db, all callers see all streams. An ARN names the account and region of the
    caller that made the table.
    """
    with emulator(engine_name, tmp_path, shared_db=True) as db:
        made = [Streamed(as_(db, *caller), TableName=f"t.{caller[0]}.{caller[1]}") for caller in CALLERS]
        for caller in CALLERS:
            as_(db, *caller)
            listed = {stream["StreamArn"] for stream in db("ListStreams")["Streams"]}
            assert listed == {streamed.arn for streamed in made}
            made[0].put(caller[0] + caller[1])
        assert len(made[0].records()) == 3


def test_streams_wait_while_a_folder_is_open_with_the_other_value_of_shared_db(tmp_path):
    """With or without --shared-db, a server sees only the tables that were made with the same
    setting, and only their streams.
    """
    made = {}
    for shared in (False, True, False, True):
        with emulator("lmdb", tmp_path, shared_db=shared) as db:
            if shared not in made:
                made[shared] = Streamed(db)
            streamed = made[shared]
            streamed.db = db
            newest = streamed.put()
            assert [stream["StreamArn"] for stream in db("ListStreams")["Streams"]] == [streamed.arn]
            for other in made.keys() - {shared}:
                assert db.error("DescribeStream", StreamArn=made[other].arn)[0] == "ResourceNotFoundException"
            later(db, HOUR)
            assert streamed.numbers_read() == list(range(1, newest + 1))


@pytest.mark.parametrize("region", ["eu-süd-1", "100%s", "%b%%d%016x", 'quoted"\\', "pipe|1|x", "日本"])
def test_regions_of_any_characters(db, region):
    """A client may send any text as its region. ARNs, records and iterators have it unchanged."""
    as_(db, "test", region)
    streamed = Streamed(db)
    number = streamed.put("%s %d %%")
    (record,) = streamed.records()
    assert record["awsRegion"] == region
    assert streamed.arn.startswith(f"arn:aws:dynamodb:{region}:")
    assert streamed.numbers_read() == [number]
    assert re.fullmatch("[0-9a-f]{32}", record["eventID"])


@pytest.mark.parametrize("name", ["%s", "é", "a.b", "#", '"', "\\", "名前"])
def test_keys_of_any_name(db, name):
    request = table_request("pk:S", StreamSpecification=IMAGES)
    request["KeySchema"][0]["AttributeName"] = request["AttributeDefinitions"][0]["AttributeName"] = name
    db("CreateTable", request)
    item = {name: {"S": "%s"}, "other": {"S": "é%"}}
    db("PutItem", TableName=request["TableName"], Item=item)
    (record,) = read_all(db, stream_of(db, request["TableName"]))
    assert record["dynamodb"]["Keys"] == {name: {"S": "%s"}}
    assert record["dynamodb"]["NewImage"] == item
    assert record["dynamodb"]["SizeBytes"] == 2 * (len(name.encode()) + 2) + len("other") + 3


def test_many_streams(db):
    """60 streams have their own records. They all roll over, and their old records are deleted."""
    streams = [Streamed(db) for _ in range(60)]
    for streamed in streams:
        streamed.put()
    later(db, LIFE)
    for streamed in streams:
        streamed.put()
        assert streamed.numbers_read() == [1, 2]
        assert len(streamed.shards()) == 8
    page = db("ListStreams", Limit=50)
    rest = db("ListStreams", ExclusiveStartStreamArn=page["LastEvaluatedStreamArn"])
    assert [stream["StreamArn"] for stream in page["Streams"] + rest["Streams"]] == sorted(s.arn for s in streams)
    later(db, 2 * DAY)
    finish(db)
    assert all(streamed.records() == [] for streamed in streams)
    assert stored(db, b"\x0b") == []


def test_pages_of_shards_while_they_go(db):
    """Small pages of DescribeStream list each shard that still exists once, although the shards
    roll over between two pages.
    """
    streamed = Streamed(db)
    for _ in range(3):
        later(db, LIFE)
    seen, start = [], {}
    while True:
        reported = db("DescribeStream", StreamArn=streamed.arn, Limit=3, **start)["StreamDescription"]
        seen += [shard["ShardId"] for shard in reported["Shards"]]
        if "LastEvaluatedShardId" not in reported:
            break
        start = {"ExclusiveStartShardId": reported["LastEvaluatedShardId"]}
        if len(seen) == 6:
            later(db, LIFE)
    assert seen == [shard["ShardId"] for shard in streamed.shards()]
    assert read_shard(db, streamed.arn, seen[0]) == []


# --- folders of older versions --------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["UpdateTable", "DeleteTable"])
def test_stream_of_a_table_is_missing(db, operation):
    """In an older version, a failed commit under --durable could leave a table whose stream was
    never stored.
    """
    streamed = Streamed(db)
    (table,) = db.emulator.database.catalog.everything()
    with db.emulator.database.catalog.changing() as change:
        db.emulator.database.streams.remove(change, table.definition.stream_id)
    db(operation, TableName=streamed.name, **({"StreamSpecification": OFF} if operation == "UpdateTable" else {}))
    finish(db)
    assert db("ListStreams")["Streams"] == []
    check_store(db.emulator.database)
