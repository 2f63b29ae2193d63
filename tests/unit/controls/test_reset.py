"""The control `reset`: it empties the whole emulator, an account or a table."""

import gc

import orjson
import pytest

from emulator.app import Emulator
from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.stages import DONE, Stage, configured
from tests.support.tables import index_request, table_request


def reset(emulator, **body):
    return registry.call(emulator, "reset", body)["Tables"]


def create(db, name, **extra):
    """Create a table with items and all kinds of attached data: indexes, a stream, TTL."""
    request = table_request(
        "pk:S sk:S",
        define="v:S",
        LocalSecondaryIndexes=[index_request("local", "pk v")],
        GlobalSecondaryIndexes=[index_request("global", "v")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        **extra,
    )
    db("CreateTable", {**request, "TableName": name})
    db("UpdateTimeToLive", TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    fill(db, name)


def fill(db, name, items=3):
    for number in range(items):
        item = {"pk": {"S": "p"}, "sk": {"S": str(number)}, "v": {"S": "v"}, "ttl": {"N": "2000000000"}}
        db("PutItem", TableName=name, Item=item)


def as_(db, access_key, region="us-east-1"):
    db.caller = db.emulator.caller(access_key, region)
    return db


def tables(db, access_key, region="us-east-1"):
    caller = db.emulator.caller(access_key, region)
    return orjson.loads(db.emulator.call("ListTables", {}, caller))["TableNames"]


def left(db):
    """Finish all work; return the keys that are left in the store, without counters."""
    db.emulator.database.background.run_all()
    return [key for key, _ in dump(db.emulator.database) if not key.startswith(b"\x01")]


def test_a_reset_without_members_deletes_everything(db):
    for access_key in ("one", "two"):
        create(as_(db, access_key), "tab")
        token = {"Update": {"TableName": "tab", "Key": key(0), "UpdateExpression": "SET a = pk"}}
        db("TransactWriteItems", TransactItems=[token], ClientRequestToken="t")
    assert reset(db.emulator) == 2
    assert left(db) == []
    assert [name for name, _ in dump(db.emulator.database) if name.startswith(keyspace.counter("sequence"))] == []
    assert tables(db, "one") == tables(db, "two") == []
    assert as_(db, "one")("ListTables") == {"TableNames": []}
    create(db, "tab")
    check_store(db.emulator.database)
    assert db("Scan", TableName="tab")["Count"] == 3


def key(number):
    return {"pk": {"S": "p"}, "sk": {"S": str(number)}}


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"AccessKey": "one"}, ["two east"]),
        ({"AccessKey": "one", "Region": "us-east-1"}, ["one west", "two east"]),
        ({"AccessKey": "two"}, ["one east", "one west"]),
        ({"AccessKey": "on"}, ["one east", "one west", "two east"]),
        ({}, []),
    ],
)
def test_an_account_goes_and_the_others_stay(db, body, kept):
    places = {"one east": ("one", "us-east-1"), "one west": ("one", "us-west-1"), "two east": ("two", "us-east-1")}
    for place in places.values():
        create(as_(db, *place), "tab")
    assert reset(db.emulator, **body) == 3 - len(kept)
    assert [name for name, place in places.items() if tables(db, *place)] == kept
    for name, place in places.items():
        streams = as_(db, *place)("ListStreams")["Streams"]
        assert len(streams) == (name in kept)
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_items_of_a_table_go_and_the_table_stays(db):
    create(as_(db, "one"), "tab")
    create(db, "other")
    create(as_(db, "two"), "tab")
    before = as_(db, "one")("DescribeTable", TableName="tab")["Table"]
    assert reset(db.emulator, TableName="tab", AccessKey="one") == 1
    after = db("DescribeTable", TableName="tab")["Table"]
    indexes = after["LocalSecondaryIndexes"] + after["GlobalSecondaryIndexes"]
    assert [each["ItemCount"] for each in (after, *indexes)] == [0, 0, 0]
    same = ("TableArn", "TableId", "LatestStreamArn", "CreationDateTime", "TableStatus")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert db("Scan", TableName="tab")["Count"] == 0
    assert db("Query", **query("tab", "global"))["Count"] == 0
    assert db("Scan", TableName="other")["Count"] == 3
    assert as_(db, "two")("Scan", TableName="tab")["Count"] == 3
    fill(as_(db, "one"), "tab", 2)
    assert db("Query", **query("tab", "global"))["Count"] == 2
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)
    assert reset(db.emulator, TableName="tab") == 2
    assert reset(db.emulator, TableName=before["TableArn"]) == 2, "both access keys have the default account"
    assert as_(db, "two")("Scan", TableName="tab")["Count"] == 0


def query(name, index):
    values = {":v": {"S": "v"}}
    return {
        "TableName": name,
        "IndexName": index,
        "KeyConditionExpression": "v = :v",
        "ExpressionAttributeValues": values,
    }


def test_a_large_table_is_empty_at_once_and_dropped_in_the_background(db):
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "tab"})
    fill(db, "tab", 250)
    reset(db.emulator, TableName="tab")
    assert db.emulator.database.background.slices
    assert db("Scan", TableName="tab")["Count"] == 0
    fill(db, "tab", 1)
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)
    assert db("Scan", TableName="tab")["Count"] == 1


def test_an_index_that_is_being_filled_is_complete_after_its_table_was_emptied(db):
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "tab"})
    fill(db, "tab")
    create = {"Create": index_request("new", "v")}
    define = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "v")]
    db("UpdateTable", TableName="tab", AttributeDefinitions=define, GlobalSecondaryIndexUpdates=[create])
    reset(db.emulator, TableName="tab")
    fill(db, "tab", 2)
    (index,) = db("DescribeTable", TableName="tab")["Table"]["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", 2)
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_no_records_of_a_reset_are_written(db):
    create(db, "tab")
    arn = db("DescribeTable", TableName="tab")["Table"]["LatestStreamArn"]
    reset(db.emulator, TableName="tab")
    records = []
    for shard in db("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = db("GetShardIterator", **start)["ShardIterator"]
        records += db("GetRecords", ShardIterator=iterator)["Records"]
    assert [record["eventName"] for record in records] == ["INSERT"] * 3


def test_a_repeated_request_runs_again_after_a_reset(db):
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "tab"})
    put = {"TransactItems": [{"Put": {"TableName": "tab", "Item": key(1)}}], "ClientRequestToken": "t"}
    for body in ({"TableName": "tab"}, {"AccessKey": "test"}, {}):
        db("TransactWriteItems", put)
        reset(db.emulator, **body)
        if "TableName" not in body:
            db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "tab"})
        db("TransactWriteItems", put)
        assert db("Scan", TableName="tab")["Count"] == 1


def test_declarations_end_and_the_clock_is_released(db):
    registry.call(db.emulator, "throttling", {"Enforced": True})
    registry.call(db.emulator, "transactions", {"TableName": "tab", "Key": key(1), "Seconds": 1000})
    registry.call(db.emulator, "transactions", {"ClientRequestToken": "t", "Seconds": 1000})
    registry.call(db.emulator, "move_clock", {"Offset": 1000})
    reset(db.emulator, AccessKey="test")
    assert registry.call(db.emulator, "clock", {})["Offset"] == 1000
    reset(db.emulator)
    assert orjson.loads(db.emulator.database.enforcer.declared()) == [False, {}, [], {}, {}, {}]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"Accesskey": "one"}, "there is no member Accesskey; there are: TableName, AccessKey, Region, Snapshots"),
        ({"AccessKey": 1}, "the member AccessKey is missing or of a wrong type"),
        ({"TableName": None}, "the member TableName is missing or of a wrong type"),
        ({"Region": "us-east-1"}, "the member Region needs the member AccessKey"),
        ({"AccessKey": "one", "Snapshots": True}, "a body with the member Snapshots cannot have other members"),
        ({"TableName": "none"}, "there is no table none"),
        ({"TableName": "tab", "AccessKey": "two"}, "there is no table tab"),
        ({"TableName": "tab", "AccessKey": "one", "Region": "us-west-1"}, "there is no table tab"),
    ],
)
def test_wrong_bodies(db, body, text):
    create(as_(db, "one"), "tab")
    with pytest.raises(BadDeclaration, match=f"^{text}$"):
        reset(db.emulator, **body)
    assert db("Scan", TableName="tab")["Count"] == 3


def test_with_one_tenant_any_access_key_means_all():
    db = InProcess(Settings(in_memory=True, shared_db=True))
    for name in ("AccessKey", "TableName"):
        create(db, "tab")
        assert reset(db.emulator, **{name: "tab", "AccessKey": "another"}) == 1
        assert reset(db.emulator) == (name == "TableName")
    assert left(db) == []


@pytest.mark.parametrize("shared", [True, False])
def test_tables_that_the_server_hides_stay(tmp_path, shared):
    for each in (shared, not shared):
        db = InProcess(Settings(data_dir=tmp_path / "data", shared_db=each))
        create(db, f"shared {each}".replace(" ", "-"))
        db.emulator.close()
    assert reset_in(tmp_path, shared_db=shared) == 1
    assert reset_in(tmp_path, shared_db=shared) == 0
    assert reset_in(tmp_path, shared_db=not shared) == 1


def reset_in(tmp_path, **settings):
    emulator = Emulator(Settings(data_dir=tmp_path / "data", **settings))
    try:
        return reset(emulator)
    finally:
        emulator.close()


def test_mappings_go_with_their_account(tmp_path):
    stage = Stage(configured(tmp_path, in_memory=True))
    stage.mapping(stage.table())
    stage.put("a")
    ((invocation, _),) = stage.due()
    assert reset(stage.emulator, AccessKey="test") == 1
    assert stage.api("GET")[1]["EventSourceMappings"] == []
    stage.service.finished(invocation, DONE)
    assert stage.due() == []
    assert left(stage) == []
    stage.emulator.close()


# --- several workers, many accounts ---------------------------------------------------------------


def test_a_reset_holds_for_all_workers(workers):
    mine, other = workers
    create(mine, "tab")
    registry.call(mine.emulator, "throttling", {"Enforced": True, "TableName": "tab"})
    assert other("Scan", TableName="tab")["Count"] == 3
    assert reset(other.emulator, TableName="tab") == 1
    assert mine("Scan", TableName="tab")["Count"] == 0
    fill(mine, "tab", 1)
    assert other("Scan", TableName="tab")["Count"] == 1
    assert reset(other.emulator) == 1
    assert mine("ListTables") == {"TableNames": []}
    assert orjson.loads(mine.emulator.database.enforcer.declared()) == [False, {}, [], {}, {}, {}]
    create(mine, "tab")
    assert other("Scan", TableName="tab")["Count"] == 3
    check_store(mine.emulator.database)


def test_accounts_that_come_and_go_leave_nothing_in_memory(db):
    """Here 200 accounts come and go. In a trial with 10,000 accounts, nothing grew either."""
    registry.call(db.emulator, "throttling", {"Enforced": True})
    for number in range(20):
        come_and_go(db, f"warm{number}")
    before, tables_before = objects(), compiled_tables()  # earlier tests in this process may have left tables
    for number in range(200):
        come_and_go(db, f"key{number}")
    more = objects() - before
    assert more < 1000, "fewer than five objects for each account"
    assert compiled_tables() <= tables_before
    assert db.emulator.database.enforcer._throttles == {}
    assert left(db) == []


def come_and_go(db, access_key):
    create(as_(db, access_key), "tab")
    as_(db, "nobody")
    reset(db.emulator, AccessKey=access_key)


def objects():
    gc.collect()
    return len(gc.get_objects())


def compiled_tables():
    """Return the number of `Table` objects in memory."""
    return sum(type(each) is Table for each in gc.get_objects())
