"""Which items expire, and what happens before and at their expiry (behaviour 12)."""

import pytest

from tests.support.engines import settings_of_engine
from tests.support.expiring_tables import HOUR, NOW, background, create, names, put, sweep, switch, wait
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import index_request

YEARS = 5 * 365 * 86_400  # five years in seconds

EXPIRED = {
    "a second ago": {"N": f"{NOW - 1}"},
    "a millisecond ago": {"N": f"{NOW - 1}.999"},
    "less than a millisecond before": {"N": f"{NOW - 1}.9989999"},
    "with an exponent": {"N": "1.699999999E+9"},
    "with a fraction": {"N": "1699999999.5"},
    "with zeros around it": {"N": "0001699999999.000"},
    "nearly five years ago": {"N": f"{NOW - YEARS}"},
}
STAYS = {
    "now": {"N": f"{NOW}"},
    "in a moment": {"N": f"{NOW}.001"},
    "in far less than a millisecond": {"N": f"{NOW}.0000000000000000000000000001"},
    "more than five years ago": {"N": f"{NOW - YEARS - 1}"},
    "at the epoch": {"N": "0"},
    "before the epoch": {"N": "-1699999999"},
    "in milliseconds": {"N": f"{NOW - 1}000"},
    "a tiny number": {"N": "1E-130"},
    "a huge number": {"N": "9.9999999999999999999999999999999999999E+125"},
    "a huge negative number": {"N": "-9.9999999999999999999999999999999999999E+125"},
    "more milliseconds than there are": {"N": "9223372036854775.808"},
    "a string": {"S": f"{NOW - 1}"},
    "a set": {"NS": [f"{NOW - 1}"]},
    "a list": {"L": [{"N": f"{NOW - 1}"}]},
    "a map": {"M": {"ttl": {"N": f"{NOW - 1}"}}},
    "binary": {"B": "AQ=="},
    "null": {"NULL": True},
    "true": {"BOOL": True},
    "nothing": None,
}


@pytest.mark.parametrize("when", ["on before", "on after"])
def test_what_expires(db, when):
    table = create(db, ttl="ttl" if when == "on before" else None)
    for name, value in {**EXPIRED, **STAYS}.items():
        put(db, table, name, value)
    if when == "on after":
        switch(db, table)
    sweep(db)
    assert names(db, table) == sorted(STAYS)
    check_store(db.emulator.database)


def test_times_come(db):
    table = create(db)
    for seconds in ("010", "010.5", "059.9999", "060", "060.0001", "061"):
        put(db, table, seconds, f"1700000{seconds}")
    wait(db)
    assert names(db, table) == ["060", "060.0001", "061"]
    wait(db)
    assert names(db, table) == []


def test_a_nested_attribute_of_the_name_says_nothing(db):
    table = create(db)
    put(db, table, "nested", other={"M": {"ttl": {"N": str(NOW - 1)}}})
    wait(db)
    assert names(db, table) == ["nested"]


def test_too_old_items_expire_where_the_clock_is_set_back(db):
    table = create(db)
    put(db, table, "old", NOW - YEARS - HOUR)
    sweep(db)
    assert names(db, table) == ["old"]
    db.clock.freeze(NOW - 2 * HOUR)
    sweep(db)
    assert names(db, table) == []


# --- expired, but still there ---------------------------------------------------------------------


def test_what_is_not_swept_yet_is_read(db):
    table = create(db, "pk:S sk:S", define="g:S", GlobalSecondaryIndexes=[index_request("index", "g")])
    item = {name: {"S": name} for name in ("pk", "sk", "g")} | {"ttl": {"N": str(NOW - 1)}}
    key = {name: item[name] for name in ("pk", "sk")}
    db("PutItem", TableName=table, Item=item)
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "pk"}}}
    assert db("GetItem", TableName=table, Key=key)["Item"] == item
    assert db("Query", TableName=table, **query)["Items"] == [item]
    assert db("Scan", TableName=table, IndexName="index")["Items"] == [item]
    assert db("DescribeTable", TableName=table)["Table"]["ItemCount"] == 1
    exists = {"ConditionExpression": "attribute_exists(pk)"}
    db("UpdateItem", TableName=table, Key=key, UpdateExpression="SET x = pk", **exists)
    wait(db)
    assert db("GetItem", TableName=table, Key=key) == {}


RESCUES = {
    "later": {"UpdateExpression": "SET #t = :v", "ExpressionAttributeValues": {":v": {"N": str(NOW + HOUR)}}},
    "added to": {"UpdateExpression": "ADD #t :v", "ExpressionAttributeValues": {":v": {"N": str(HOUR)}}},
    "removed": {"UpdateExpression": "REMOVE #t"},
    "another type": {"UpdateExpression": "SET #t = :v", "ExpressionAttributeValues": {":v": {"S": "never"}}},
}


@pytest.mark.parametrize("case", RESCUES)
def test_expired_items_are_rescued(db, case):
    table = create(db)
    put(db, table, "item", NOW - 1)
    put(db, table, "other", NOW - 1)
    db(
        "UpdateItem",
        TableName=table,
        Key={"pk": {"S": "item"}},
        ExpressionAttributeNames={"#t": "ttl"},
        **RESCUES[case],
    )
    wait(db)
    assert names(db, table) == ["item"]
    check_store(db.emulator.database)


def test_rescued_between_slices(db, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.ttl_sweep.SLICE", 1)
    table = create(db)
    put(db, table, "a", NOW - 3)
    put(db, table, "b", NOW - 2)
    db.clock.advance(60)
    db.emulator.run_due()
    background(db).run_slice()
    assert names(db, table) == []  # the Scan first ran one more slice
    put(db, table, "a", NOW - 3)
    put(db, table, "b", NOW - 2)
    db.clock.advance(60)
    db.emulator.run_due()
    put(db, table, "b", NOW + HOUR)
    background(db).run_all()
    assert names(db, table) == ["b"]


def test_an_item_put_again_has_its_new_time(db):
    table = create(db)
    put(db, table, "item", NOW + 10)
    db("DeleteItem", TableName=table, Key={"pk": {"S": "item"}})
    put(db, table, "item", NOW + 100)
    wait(db, 60)
    assert names(db, table) == ["item"]
    wait(db, 60)
    assert names(db, table) == []


# --- the deletion ---------------------------------------------------------------------------------


def test_all_that_follows_an_item_follows_its_end(db):
    table = create(
        db,
        "pk:S sk:S",
        define="l:S g:S",
        LocalSecondaryIndexes=[index_request("local", "pk l")],
        GlobalSecondaryIndexes=[index_request("global", "g", "KEYS_ONLY")],
    )
    for number in range(6):
        ttl = {"ttl": {"N": str(NOW + (1 if number % 2 else HOUR))}}
        item = {name: {"S": f"{name}{number // 2}"} for name in ("pk", "l", "g")}
        db("PutItem", TableName=table, Item={**item, "sk": {"S": str(number)}, **ttl})
    wait(db)
    described = db("DescribeTable", TableName=table)["Table"]
    indexes = described["LocalSecondaryIndexes"] + described["GlobalSecondaryIndexes"]
    assert [source["ItemCount"] for source in (described, *indexes)] == [3, 3, 3]
    assert names(db, table, IndexName="global") == ["pk0", "pk1", "pk2"]
    check_store(db.emulator.database)
    wait(db, HOUR)
    described = db("DescribeTable", TableName=table)["Table"]
    assert (described["ItemCount"], described["TableSizeBytes"]) == (0, 0)
    check_store(db.emulator.database)


KEYS = {
    "partition key": ({"keys": "ttl:N"}, {}),
    "sort key": ({"keys": "pk:S ttl:N"}, {}),
    "index key": (
        {"keys": "pk:S", "define": "ttl:N", "GlobalSecondaryIndexes": [index_request("index", "ttl")]},
        {"IndexName": "index"},
    ),
}


@pytest.mark.parametrize("case", KEYS)
def test_the_attribute_may_be_a_key(db, case):
    request, source = KEYS[case]
    table = create(db, **request)
    for ttl in (NOW + 1, NOW + 2, NOW + HOUR):
        put(db, table, f"pk{ttl}", ttl)
    wait(db)
    left = db("Scan", TableName=table, **source)["Items"]
    assert [item["ttl"]["N"] for item in left] == [str(NOW + HOUR)]
    check_store(db.emulator.database)


BY_TTL = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def test_the_stream_names_ttl_as_the_deleter(db):
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
    table = create(db, **stream)
    put(db, table, "swept", NOW + 1)
    put(db, table, "deleted", NOW + 1)
    db("DeleteItem", TableName=table, Key={"pk": {"S": "deleted"}})
    wait(db)
    records = {(r["dynamodb"]["Keys"]["pk"]["S"], r["eventName"]): r for r in records_of(db, table)}
    assert records.keys() == {(name, event) for name in ("swept", "deleted") for event in ("INSERT", "REMOVE")}
    assert {place for place, record in records.items() if "userIdentity" in record} == {("swept", "REMOVE")}
    swept = records["swept", "REMOVE"]
    assert swept["userIdentity"] == BY_TTL
    assert swept["dynamodb"]["OldImage"] == {"pk": {"S": "swept"}, "ttl": {"N": str(NOW + 1)}}
    assert "NewImage" not in swept["dynamodb"]
    assert swept["dynamodb"]["ApproximateCreationDateTime"] == NOW + 60


def records_of(db, table):
    arn = db("DescribeTable", TableName=table)["Table"]["LatestStreamArn"]
    for shard in db("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]:
        asked = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = db("GetShardIterator", asked)["ShardIterator"]
        yield from db("GetRecords", ShardIterator=iterator)["Records"]


def test_a_table_without_capacity_is_swept(engine_name, tmp_path):
    db = InProcess(settings_of_engine(engine_name, tmp_path / "data", enforce_throughput=True))
    one = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = create(db, BillingMode="PROVISIONED", ProvisionedThroughput=one)
    for number in range(10):
        put(db, table, str(number), NOW + number)
        db.clock.advance(1)
    put(db, table, "last", NOW + HOUR)
    assert db.error("PutItem", TableName=table, Item={"pk": {"S": "x"}})[0] == "ProvisionedThroughputExceededException"
    assert sweep(db).total() == 10
    assert db.error("PutItem", TableName=table, Item={"pk": {"S": "x"}})[0] == "ProvisionedThroughputExceededException"
    db.clock.advance(1)
    put(db, table, "x")  # the sweep did not use the unit that has refilled
    db.emulator.close()


def test_a_declared_transaction_holds_nothing_up(db):
    table = create(db)
    put(db, table, "held", NOW + 1)
    db.emulator.database.enforcer.lock_item(table, {"pk": {"S": "held"}}, HOUR)
    db.emulator.database.catalog.declare()
    assert db.error("DeleteItem", TableName=table, Key={"pk": {"S": "held"}})[0] == "TransactionConflictException"
    wait(db)
    assert names(db, table) == []
