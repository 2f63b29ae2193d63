"""The control `move_clock` with `Next`: it moves the clock to the next event and does its work."""

import json

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.shared_memory import SharedMemory
from tests.support.buckets import run_jobs
from tests.support.engines import fields_of_engine
from tests.support.expiring_tables import NOW, create, names, put
from tests.support.seeds import IMPORT
from tests.support.stages import DONE, FAILED, Stage, configured
from tests.support.streamed_tables import DAY, HOUR, IMAGES, LIFE, OFF, emulator
from tests.support.tables import index_request, table_request


def following(inside):
    """Move the clock to the next event; return the seconds since NOW, and the kinds of events."""
    answer = registry.call(inside.emulator, "move_clock", {"Next": True})
    assert inside.clock.now() == answer["Now"]
    assert all(event["Time"] <= answer["Now"] for event in answer["Events"])
    return round(answer["Now"] - NOW, 3), [event["Kind"] for event in answer["Events"]]


def test_without_future_events_next_does_nothing(db):
    create(db)
    assert following(db) == (0, [])


@pytest.mark.parametrize("value", [False, 1, "yes", None])
def test_the_member_next_must_be_true(db, value):
    with pytest.raises(BadDeclaration, match="the member Next must be true"):
        registry.call(db.emulator, "move_clock", {"Next": value})


def test_items_expire_in_their_order(db):
    table = create(db)
    put(db, table, "late", NOW + 500)
    put(db, table, "soon", NOW + 10)
    put(db, table, "too", NOW + 10)
    put(db, table, "never")
    arn = db("DescribeTable", TableName=table)["Table"]["TableArn"]
    answer = registry.call(db.emulator, "move_clock", {"Next": True})
    assert answer["Events"] == [{"Time": pytest.approx(NOW + 10.001), "Kind": "TimeToLive", "Resource": arn}]
    assert names(db, table) == ["late", "never"]
    assert following(db) == (500.001, ["TimeToLive"])
    assert names(db, table) == ["never"]
    assert following(db) == (500.001, [])


def test_a_late_event_happens_and_the_clock_stays(db):
    """An item that has expired waits for the next sweep, which is due within a minute."""
    table = create(db)
    put(db, table, "late", NOW - 1)
    assert following(db) == (0, ["TimeToLive"])
    assert names(db, table) == []


def test_an_expiry_after_the_last_time_of_the_clock_never_comes(db):
    put(db, create(db), "never", 10**12)
    assert following(db) == (0, [])


def test_statuses(engine_name, tmp_path):
    with emulator(engine_name, tmp_path, delay_transient_statuses=True) as inside:
        request = table_request("pk:S")
        name = request["TableName"]
        inside("CreateTable", request)
        assert following(inside) == (3, ["TableStatus"])
        update = {"Create": index_request("index", "g")}
        types = [{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "g")]
        inside("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[update], AttributeDefinitions=types)
        inside.emulator.database.background.run_all()
        time, kinds = following(inside)
        assert time == 6
        assert "IndexStatus" in kinds
        inside("DeleteTable", TableName=name)
        assert following(inside) == (9, ["TableStatus"])
        assert inside("ListTables")["TableNames"] == []


def test_the_work_of_an_import_begins(engine_name, tmp_path):
    with emulator(engine_name, tmp_path, delay_transient_statuses=True, s3_dir=str(tmp_path / "s3")) as inside:
        inside("ImportTable", IMPORT)
        assert following(inside) == (3, ["S3Job"])
        run_jobs(inside)
        assert following(inside) == (3, [])


def test_settings_of_tables_come_into_force(engine_name, tmp_path):
    with emulator(engine_name, tmp_path, delay_transient_statuses=True) as inside:
        indexes = [index_request("index", "g")]
        request = table_request("pk:S", define="g:S", GlobalSecondaryIndexes=indexes, StreamSpecification=IMAGES)
        described = inside("CreateTable", request)["TableDescription"]
        assert following(inside)[0] == 3
        name = request["TableName"]
        for extra in ({}, {"IndexName": "index"}):
            inside("UpdateContributorInsights", TableName=name, ContributorInsightsAction="ENABLE", **extra)
            assert following(inside)[1] == ["InsightsStatus"]
        for arn, action in ((described["TableArn"], "GetItem"), (described["LatestStreamArn"], "GetRecords")):
            statement = {"Effect": "Deny", "Principal": "*", "Action": f"dynamodb:{action}", "Resource": "*"}
            inside("PutResourcePolicy", ResourceArn=arn, Policy=json.dumps({"Statement": statement}))
            assert following(inside)[1] == ["ResourcePolicy"]


def test_shards_roll_over_and_records_are_trimmed(engine_name, tmp_path):
    with emulator(engine_name, tmp_path, stream_shards=1) as inside:
        table = create(inside, ttl=None, StreamSpecification=IMAGES)
        stream = inside("DescribeTable", TableName=table)["Table"]["LatestStreamArn"]
        inside.clock.advance(HOUR)
        put(inside, table, "a")
        for number in (1, 2, 3, 4, 5, 6):
            assert following(inside) == (number * LIFE, ["ShardRollover"])
            shards = inside("DescribeStream", StreamArn=stream)["StreamDescription"]["Shards"]
            assert len(shards) == number + 1
        assert following(inside) == (DAY + HOUR + 0.001, ["StreamTrimming"])
        assert following(inside) == (DAY + LIFE, ["ShardExpiry", "ShardRollover"])
        inside("UpdateTable", TableName=table, StreamSpecification=OFF)
        while kinds := following(inside)[1]:
            last = kinds
        assert "StreamExpiry" in last
        assert inside("ListStreams")["Streams"] == []


def test_system_backups_expire(db):
    table = create(db)
    specification = {"PointInTimeRecoveryEnabled": True}
    db("UpdateContinuousBackups", TableName=table, PointInTimeRecoverySpecification=specification)
    db("CreateBackup", TableName=table, BackupName="backup")  # a backup of a user never expires
    db("DeleteTable", TableName=table)
    assert len(db("ListBackups", BackupType="ALL")["BackupSummaries"]) == 2
    assert following(db) == (35 * DAY, ["BackupExpiry"])
    assert len(db("ListBackups", BackupType="ALL")["BackupSummaries"]) == 1
    db.emulator.database.background.run_all()
    assert len(list(db.emulator.database.backups)) == 1
    assert following(db) == (35 * DAY, [])


def test_declared_transactions_end(db):
    table = create(db, ttl=None)
    key = {"pk": {"S": "a"}}
    registry.call(db.emulator, "transactions", {"TableName": table, "Key": key, "Seconds": 20})
    registry.call(db.emulator, "transactions", {"ClientRequestToken": "token", "Seconds": 10})
    shown = registry.call(db.emulator, "show_transactions", {})["Transactions"]
    assert shown == [
        {"ClientRequestToken": "token", "Seconds": 10, "Until": NOW + 10},
        {"TableName": table, "Key": key, "Seconds": 20, "Until": NOW + 20},
    ]
    assert following(db) == (10, ["Transaction"])
    assert registry.call(db.emulator, "show_transactions", {})["Transactions"] == [shown[1] | {"Seconds": 10}]
    assert db.error("PutItem", TableName=table, Item=key)[0] == "TransactionConflictException"
    assert following(db) == (20, ["Transaction"])
    db("PutItem", TableName=table, Item=key)


def test_functions_are_tried_again(make_stage):
    stage = make_stage()
    uuid = stage.mapping(stage.table())
    stage.put("a")
    ((invocation, _),) = stage.due()
    stage.service.finished(invocation, FAILED)
    answer = registry.call(stage.emulator, "move_clock", {"Next": True})
    assert answer["Events"] == [{"Time": NOW + 1, "Kind": "FunctionRetry", "Resource": uuid}]
    assert stage.deliver() == [["a"]]


def test_a_batching_window_closes(make_stage):
    stage = make_stage()
    stage.mapping(stage.table(), MaximumBatchingWindowInSeconds=30)
    stage.put("a")
    assert stage.deliver() == []
    assert following(stage) == (30, ["BatchingWindow"])
    assert stage.deliver() == [["a"]]


@pytest.fixture
def make_stage(engine_name, tmp_path):
    """Return a function that opens an emulator with functions, each time over the same folder."""
    stages = []

    def make():
        stages.append(Stage(configured(tmp_path, **fields_of_engine(engine_name, tmp_path / "data"))))
        return stages[-1]

    yield make
    for stage in stages:
        stage.emulator.close()


def test_other_workers_learn_of_the_next_delivery():
    sharing = SharedMemory(2)
    assert sharing.delivery() is None
    hints = sharing.hints()
    event = (NOW + 1.5, "FunctionRetry", "01234567-89ab-cdef-0123-456789abcdef")
    sharing.set_delivery(event)
    assert sharing.delivery() == event
    assert sharing.hints() == hints, "it is not a change of definitions"
    sharing.set_delivery(None)
    assert sharing.delivery() is None


def test_the_owner_publishes_its_next_delivery(tmp_path):
    sharing = SharedMemory(2)
    stage = Stage(configured(tmp_path, data_dir=tmp_path / "data"), sharing)
    uuid = stage.mapping(stage.table())
    stage.put("a")
    ((invocation, _),) = stage.due()
    stage.service.finished(invocation, FAILED)
    assert sharing.delivery() == (NOW + 1, "FunctionRetry", uuid)
    stage.clock.advance(1)
    assert stage.deliver(lambda _: DONE) == [["a"]]
    assert sharing.delivery() is None
    stage.emulator.close()
