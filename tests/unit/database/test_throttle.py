"""Enforced throughput on a manual clock: admitted requests, their units, and the texts of refusals.

Facts: behaviour 16; Developer Guide, "Burst and adaptive capacity", "Maximum throughput for
on-demand tables". Tables begin with the units of one second; items of 1 KB cost one unit to write,
or to read consistently.
"""

import pytest

from emulator.database.throughput.throttle import BURST, Bucket
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request
from tests.support.throttled_tables import (
    INDEX,
    KIB,
    MAXIMUM,
    ON_DEMAND,
    ON_DEMAND_INDEX,
    TABLE,
    admitted,
    create,
    create_filled,
    create_on_demand,
    enforce,
    exceeded,
    gsi,
    item_of,
    key_of,
    levels,
    maximum,
    put,
    refusal,
    units,
)

# --- buckets --------------------------------------------------------------------------------------


def test_a_bucket_fills_at_its_rate_up_to_its_capacity():
    bucket = Bucket(rate=5, capacity=20, level=0, now=100)
    assert not bucket.admits(1, 100)
    assert not bucket.admits(1, 100.1)
    assert bucket.admits(1, 100.25)
    assert bucket.admits(20, 104)
    assert (bucket.admits(20, 1000), bucket.level) == (True, 20)


def test_what_is_larger_than_the_bucket_needs_a_full_one():
    bucket = Bucket(rate=1, capacity=10, level=9, now=0)
    assert not bucket.admits(500, 0)
    assert bucket.admits(500, 1)


def test_a_clock_that_goes_back_takes_nothing_and_fills_on_from_there():
    bucket = Bucket(rate=1, capacity=10, level=5, now=100)
    assert bucket.admits(5, 50)
    assert not bucket.admits(6, 50.9)
    assert bucket.admits(6, 51)


def test_a_new_rate_counts_from_now_on():
    bucket = Bucket(rate=1, capacity=300, level=0, now=0)
    bucket.change(100, 30_000, 10)
    assert (bucket.admits(10, 10), bucket.level) == (True, 10)
    assert (bucket.admits(210, 12), bucket.level) == (True, 210)
    bucket.change(1, 100, 12)
    assert bucket.level == 100


# --- provisioned tables ---------------------------------------------------------------------------


def test_a_new_table_has_one_second(db):
    table = create(db, write=5)
    assert admitted(db, table) == 5
    db.clock.advance(1)
    assert admitted(db, table) == 5
    db.clock.advance(0.5)
    assert admitted(db, table) == 2
    db.clock.advance(0.1)
    assert admitted(db, table) == 1  # half a unit was left before, and another half is new


def test_unused_capacity_of_300_seconds_is_kept(db):
    table = create(db, write=5)
    assert admitted(db, table) == 5
    db.clock.advance(10)
    assert admitted(db, table) == 50
    for idle in (BURST, 10 * BURST):
        db.clock.advance(idle)
        assert admitted(db, table, size=100 * KIB) == 15


def test_a_table_that_existed_before_has_its_unused_capacity(db):
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(5, 5))
    table = request["TableName"]
    db("CreateTable", request)
    db.clock.advance(9)
    enforce(db, table)
    assert admitted(db, table) == 50


def test_an_item_larger_than_the_burst(db):
    """A table with one unit a second saves at most 300 units; an item of 400 KB costs 400. It is
    admitted when all 300 are there, and later units pay for the rest.
    """
    table = create(db, write=1)
    size = 400 * KIB
    db.clock.advance(298.5)
    body = refusal(db, "PutItem", TableName=table, Item=item_of(1, size))
    assert body == exceeded(db, table, "TableWriteProvisionedThroughputExceeded")
    db.clock.advance(0.5)
    put(db, table, 1, size)
    db.clock.advance(100)
    assert admitted(db, table) == 0
    db.clock.advance(1)
    assert admitted(db, table) == 1


def test_reads_and_writes_are_apart(db):
    table = create(db, read=2, write=1)
    put(db, table)
    assert refusal(db, "PutItem", TableName=table, Item=item_of(0)) == exceeded(
        db, table, "TableWriteProvisionedThroughputExceeded"
    )
    request = {"TableName": table, "Key": key_of(0)}
    db("GetItem", **request, ConsistentRead=True)
    db("GetItem", **request)
    db("GetItem", **request)
    assert refusal(db, "GetItem", **request) == exceeded(db, table, "TableReadProvisionedThroughputExceeded")
    db.clock.advance(0.25)
    db("GetItem", **request)


def test_a_raised_rate(db):
    table = create(db, write=1)
    assert admitted(db, table) == 1
    db.clock.advance(10)
    db("UpdateTable", TableName=table, ProvisionedThroughput=units(1000, 100))
    assert admitted(db, table) == 10
    db.clock.advance(1)
    assert admitted(db, table) == 100


def test_a_lowered_rate(db):
    table = create(db, write=100)
    db.clock.advance(BURST)
    db("UpdateTable", TableName=table, ProvisionedThroughput=units(1000, 1))
    assert admitted(db, table, size=10 * KIB) == 30
    db.clock.advance(1)
    put(db, table, 77)
    body = refusal(db, "PutItem", TableName=table, Item=item_of(78))
    assert body == exceeded(db, table, "TableWriteProvisionedThroughputExceeded")


def test_other_changes_of_a_table_leave_its_buckets(db):
    table = create(db, write=5)
    assert admitted(db, table) == 5
    db("UpdateTable", TableName=table, DeletionProtectionEnabled=True)
    db(
        "TagResource",
        ResourceArn=db("DescribeTable", TableName=table)["Table"]["TableArn"],
        Tags=[{"Key": "k", "Value": "v"}],
    )
    assert admitted(db, table) == 0


def test_from_on_demand_to_provisioned(db):
    table = create_on_demand(db)
    db.clock.advance(BURST)
    assert admitted(db, table, most=200) == 200
    db("UpdateTable", TableName=table, BillingMode="PROVISIONED", ProvisionedThroughput=units(5, 5))
    assert admitted(db, table) == 5
    db("UpdateTable", TableName=table, BillingMode="PAY_PER_REQUEST")
    assert admitted(db, table, most=200) == 200


def test_a_recreated_table_begins_anew(db):
    enforce(db)
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(5, 5))
    for _ in range(2):
        db("CreateTable", request)
        assert admitted(db, request["TableName"]) == 5
        db("DeleteTable", TableName=request["TableName"])
        db("ListTables")


# --- what requests take ---------------------------------------------------------------------------

READS = {
    "get": ("GetItem", {"Key": key_of(1)}),
    "get consistently": ("GetItem", {"Key": key_of(1), "ConsistentRead": True}),
    "get, projected": ("GetItem", {"Key": key_of(2), "ProjectionExpression": "pk"}),
    "get a missing item": ("GetItem", {"Key": key_of(9)}),
    "query": ("Query", {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": key_of(2)["pk"]}}),
    "query nothing": ("Query", {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "?"}}}),
    "query an index": (
        "Query",
        {
            "IndexName": "local",
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": key_of(2)["pk"]},
        },
    ),
    "query an index and fetch": (
        "Query",
        {
            "IndexName": "local",
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": key_of(2)["pk"]},
            "Select": "ALL_ATTRIBUTES",
        },
    ),
    "scan": ("Scan", {}),
    "scan consistently": ("Scan", {"ConsistentRead": True}),
    "scan, filtered": (
        "Scan",
        {"FilterExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "?"}}, "Select": "COUNT"},
    ),
}
WRITES = {
    "put": ("PutItem", {"Item": item_of(9, 1500)}),
    "replace": ("PutItem", {"Item": item_of(2)}),
    "put into the local index": ("PutItem", {"Item": item_of(9, 1500, l="l")}),
    "update": ("UpdateItem", {"Key": key_of(2), "UpdateExpression": "REMOVE a"}),
    "update nothing": ("UpdateItem", {"Key": key_of(2)}),
    "delete": ("DeleteItem", {"Key": key_of(2)}),
    "delete a missing item": ("DeleteItem", {"Key": key_of(9)}),
}

TAKEN = {
    "get": 0.5,
    "get consistently": 1,
    "get, projected": 1.5,
    "get a missing item": 0.5,
    "query": 1.5,
    "query nothing": 0.5,
    "query an index": 0.5,
    "query an index and fetch": 2,
    "scan": 2,
    "scan consistently": 4,
    "scan, filtered": 2,
    "put": 2,
    "replace": 10,
    "put into the local index": 3,
    "update": 9,
    "update nothing": 9,
    "delete": 10,
    "delete a missing item": 1,
}


@pytest.mark.parametrize("case", [*READS, *WRITES])
@pytest.mark.parametrize("asked", ["TOTAL", "NONE"])
def test_the_units_taken_are_the_units_reported(db, case, asked):
    filled = create_filled(db)
    kind = "Read" if case in READS else "Write"
    operation, request = (READS | WRITES)[case]
    before = levels(db, filled, kind)[None]
    answer = db(operation, TableName=filled, **request, ReturnConsumedCapacity=asked)
    taken = before - levels(db, filled, kind)[None]
    if asked == "TOTAL":
        assert answer["ConsumedCapacity"]["CapacityUnits"] == taken
    assert taken == TAKEN[case]


def test_a_failed_condition_is_charged(db):
    """A failed condition costs as much as writing the existing item, or one unit if there is no
    item (behaviour 9.1).
    """
    filled = create_filled(db)
    for number, cost in ((2, 9), (9, 1)):
        for operation, request in (
            ("PutItem", {"Item": item_of(number, 20 * KIB)}),
            ("UpdateItem", {"Key": key_of(number)}),
            ("DeleteItem", {"Key": key_of(number)}),
        ):
            before = levels(db, filled)[None]
            body = refusal(db, operation, TableName=filled, **request, ConditionExpression="pk = sk")
            assert body["message"] == "The conditional request failed"
            assert before - levels(db, filled)[None] == cost


def test_a_condition_cannot_fail_where_nothing_is_left(db):
    table = create(db, write=1)
    request = {"TableName": table, "Key": key_of(1), "ConditionExpression": "attribute_exists(pk)"}
    assert refusal(db, "DeleteItem", **request)["message"] == "The conditional request failed"
    assert refusal(db, "DeleteItem", **request) == exceeded(db, table, "TableWriteProvisionedThroughputExceeded")


def test_a_wrong_request_takes_nothing(db):
    filled = create_filled(db)
    before = levels(db, filled)
    for request in (
        {"Key": key_of(1), "UpdateExpression": "SET a = a + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}},
        {"Key": {"pk": {"S": "p"}}},
    ):
        assert refusal(db, "UpdateItem", TableName=filled, **request)["__type"].endswith("#ValidationException")
    assert levels(db, filled) == before


def test_the_control_plane_is_never_throttled(db):
    table = create(db, read=1, write=1)
    assert admitted(db, table) == 1
    for _ in range(20):
        assert db("DescribeTable", TableName=table)["Table"]["ItemCount"] == 1


# --- global indexes -------------------------------------------------------------------------------


def test_an_index_without_write_capacity_throttles_the_table(db):
    table = create(db, define="g:S", GlobalSecondaryIndexes=[gsi("index", "g", write=2)])
    put(db, table, 1, g="a")
    put(db, table, 2, g="b")
    before = levels(db, table)[None]
    body = refusal(db, "PutItem", TableName=table, Item=item_of(3, g="c"))
    assert body == exceeded(db, table, "IndexWriteProvisionedThroughputExceeded", INDEX, "index")
    update = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": ""}}}
    for operation, request in (("DeleteItem", {"Key": key_of(1)}), ("UpdateItem", {"Key": key_of(1), **update})):
        assert refusal(db, operation, TableName=table, **request) == body
    assert levels(db, table)[None] == before
    put(db, table, 4)
    put(db, table, 1, g="a")  # an entry that stays the same costs the index nothing
    db.clock.advance(0.5)
    put(db, table, 3, g="c")


INDEX_WRITES = {
    "appears": ({}, {"g": "1"}, 1),
    "appears, two units": ({}, {"g": "1", "more": "x" * 1500}, 2),
    "stays": ({"g": "1"}, {"g": "1"}, 0),
    "changes": ({"g": "1"}, {"g": "1", "more": "x" * 1500}, 2),
    "moves": ({"g": "1"}, {"g": "2"}, 2),
    "disappears": ({"g": "1"}, {}, 1),
    "is none": ({}, {"more": "x"}, 0),
}


@pytest.mark.parametrize("case", INDEX_WRITES)
def test_what_an_index_takes(db, case):
    before, after, cost = INDEX_WRITES[case]
    table = create(db, define="g:S", GlobalSecondaryIndexes=[gsi("index", "g")])
    old, new = ({name: {"S": value} for name, value in each.items()} for each in (before, after))
    db("PutItem", TableName=table, Item=key_of(1) | old)
    level = levels(db, table)["index"]
    db("PutItem", TableName=table, Item=key_of(1) | new)
    assert level - levels(db, table)["index"] == cost


def test_an_entry_that_moves_needs_both_units(db):
    table = create(db, define="g:S", GlobalSecondaryIndexes=[gsi("index", "g", write=2)])
    put(db, table, 1, g="a")
    item = item_of(1, g="b")
    body = refusal(db, "PutItem", TableName=table, Item=item)
    assert body == exceeded(db, table, "IndexWriteProvisionedThroughputExceeded", INDEX, "index")
    db.clock.advance(0.5)
    db("PutItem", TableName=table, Item=item)
    assert levels(db, table)["index"] == 0


def test_reads_of_an_index_are_its_own(db):
    table = create(db, read=1, define="g:S", GlobalSecondaryIndexes=[gsi("index", "g", read=2)])
    put(db, table, 1, g="a")
    query = {
        "TableName": table,
        "IndexName": "index",
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "a"}},
    }
    for _ in range(4):
        assert db("Query", **query)["Count"] == 1
    body = exceeded(db, table, "IndexReadProvisionedThroughputExceeded", INDEX, "index")
    assert refusal(db, "Query", **query) == body
    assert refusal(db, "Scan", TableName=table, IndexName="index") == body
    db("Scan", TableName=table)
    db("GetItem", TableName=table, Key=key_of(1))
    assert refusal(db, "Scan", TableName=table) == exceeded(db, table, "TableReadProvisionedThroughputExceeded")


def test_reads_of_a_local_index_are_the_tables(db):
    table = create(db, read=1, define="l:S", LocalSecondaryIndexes=[index_request("local", "pk l")])
    for _ in range(2):
        db("Scan", TableName=table, IndexName="local")
    body = exceeded(db, table, "TableReadProvisionedThroughputExceeded")
    assert refusal(db, "Scan", TableName=table, IndexName="local") == body
    assert refusal(db, "GetItem", TableName=table, Key=key_of(1)) == body


def test_an_index_is_raised_and_lowered_by_itself(db):
    table = create(db, define="g:S", GlobalSecondaryIndexes=[gsi("index", "g", write=1)])
    assert admitted(db, table, g="g") == 1
    update = {"Update": {"IndexName": "index", "ProvisionedThroughput": units(1, 50)}}
    db("UpdateTable", TableName=table, GlobalSecondaryIndexUpdates=[update])
    assert admitted(db, table, g="h") == 0
    db.clock.advance(1)
    assert admitted(db, table, g="h") == 49  # the first item's entry moves from g to h, which costs two units


def test_an_index_that_comes_later(db):
    table = create(db)
    db.clock.advance(BURST)
    new = {"Create": gsi("index", "g", write=3)}
    defined = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g")]
    db("UpdateTable", TableName=table, AttributeDefinitions=defined, GlobalSecondaryIndexUpdates=[new])
    db.emulator.database.background.run_all()
    assert admitted(db, table, g="g") == 3


# --- on-demand tables -----------------------------------------------------------------------------


def test_a_new_on_demand_table_serves_its_warm_throughput(db):
    table = create_on_demand(db)
    assert admitted(db, table, most=100, size=100 * KIB) == 40
    assert refusal(db, "PutItem", TableName=table, Item=item_of(99, 100 * KIB)) == exceeded(
        db, table, "TableWriteKeyRangeThroughputExceeded", ON_DEMAND
    )


def test_on_demand_maximums(db):
    table = create_on_demand(db, OnDemandThroughput=maximum(2, 3))
    assert admitted(db, table) == 3
    body = refusal(db, "PutItem", TableName=table, Item=item_of(1))
    assert body == exceeded(db, table, "TableWriteMaxOnDemandThroughputExceeded", MAXIMUM)
    for _ in range(4):
        db("GetItem", TableName=table, Key=key_of(1))
    body = refusal(db, "GetItem", TableName=table, Key=key_of(1))
    assert body == exceeded(db, table, "TableReadMaxOnDemandThroughputExceeded", MAXIMUM)
    db.clock.advance(100)
    assert admitted(db, table) == 3  # unused units of a maximum are not saved


def test_on_demand_maximums_come_and_go(db):
    table = create_on_demand(db, OnDemandThroughput=maximum(write=3))
    assert admitted(db, table) == 3
    db("UpdateTable", TableName=table, OnDemandThroughput=maximum(write=-1))
    assert admitted(db, table, most=50) == 50
    db("UpdateTable", TableName=table, OnDemandThroughput=maximum(write=7))
    assert admitted(db, table) == 7


def test_maximums_of_an_index(db):
    index = index_request("index", "g") | {"OnDemandThroughput": maximum(4, 2)}
    table = create_on_demand(db, define="g:S", GlobalSecondaryIndexes=[index])
    assert admitted(db, table, g="g") == 2
    body = refusal(db, "PutItem", TableName=table, Item=item_of(9, g="g"))
    assert body == exceeded(db, table, "IndexWriteMaxOnDemandThroughputExceeded", MAXIMUM, "index")
    for _ in range(2):  # each Scan reads four partitions, for half a unit each
        db("Scan", TableName=table, IndexName="index")
    body = refusal(db, "Scan", TableName=table, IndexName="index")
    assert body == exceeded(db, table, "IndexReadMaxOnDemandThroughputExceeded", MAXIMUM, "index")
    db("Scan", TableName=table)


# --- partitions -----------------------------------------------------------------------------------


@pytest.fixture(params=[TABLE, ON_DEMAND], ids=["provisioned", "on-demand"])
def wide(request, db):
    """Return a table with more throughput than one partition key may use, and the text
    of refusals.
    """
    return (create(db, 40_000, 40_000) if request.param is TABLE else create_on_demand(db)), request.param


def test_a_hot_key_is_throttled_for_writing_and_the_others_go_on(db, wide):
    table, text = wide
    for number in range(10):
        put(db, table, number, 100 * KIB, pk="hot")
    body = refusal(db, "PutItem", TableName=table, Item=item_of(10, pk="hot"))
    assert body == exceeded(db, table, "TableWriteKeyRangeThroughputExceeded", text)
    assert admitted(db, table, most=20, size=100 * KIB) == 20
    db.clock.advance(0.1)
    put(db, table, 10, 100 * KIB, pk="hot")
    assert refusal(db, "PutItem", TableName=table, Item=item_of(10, pk="hot")) == body
    db.clock.advance(BURST)
    for number in range(10):
        put(db, table, number, 100 * KIB, pk="hot")
    assert refusal(db, "PutItem", TableName=table, Item=item_of(10, pk="hot")) == body


def test_a_hot_key_is_throttled_for_reading_and_the_others_go_on(db, wide):
    table, text = wide
    put(db, table, 1, 400 * KIB, pk="hot")
    request = {"TableName": table, "Key": key_of(1, pk="hot"), "ConsistentRead": True}
    for _ in range(30):
        db("GetItem", **request)
    body = exceeded(db, table, "TableReadKeyRangeThroughputExceeded", text)
    assert refusal(db, "GetItem", **request) == body
    query = {
        "TableName": table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "hot"}},
    }
    assert refusal(db, "Query", **query) == body
    db("GetItem", TableName=table, Key=key_of(1, pk="cold"))
    assert db("Scan", TableName=table)["Count"] == 1  # a Scan is not limited by one partition
    db.clock.advance(0.1)
    db("GetItem", **request)


@pytest.mark.parametrize("on_demand", [False, True])
def test_a_hot_key_of_an_index_throttles_the_table(db, on_demand):
    if on_demand:
        table = create_on_demand(db, define="g:S", GlobalSecondaryIndexes=[index_request("index", "g")])
    else:
        indexes = [gsi("index", "g", 40_000, 40_000)]
        table = create(db, 40_000, 40_000, define="g:S", GlobalSecondaryIndexes=indexes)
    assert admitted(db, table, size=100 * KIB, g="hot") == 10
    body = refusal(db, "PutItem", TableName=table, Item=item_of(11, g="hot"))
    text = ON_DEMAND_INDEX if on_demand else INDEX
    assert body == exceeded(db, table, "IndexWriteKeyRangeThroughputExceeded", text, "index")
    put(db, table, 11, g="cold")
    put(db, table, 12)


def test_many_partitions_are_forgotten_once_they_are_full(db, monkeypatch):
    monkeypatch.setattr("emulator.database.throughput.throttle._PARTITIONS", 20)
    table = create_on_demand(db)
    for number in range(10):
        put(db, table, number, 100 * KIB, pk="hot")
    assert admitted(db, table, most=50) == 50
    db.clock.advance(0.01)
    for number in range(50):
        put(db, table, number, pk=f"later{number}")
    assert refusal(db, "PutItem", TableName=table, Item=item_of(1, 100 * KIB, pk="hot"))["throttlingReasons"]
    throttle = db.emulator.database.table(db.caller, table).enforcement.throttle
    assert len(throttle._resources[None, "Write"]._partitions) == 1 + 50


# --- on which tables ------------------------------------------------------------------------------


def test_off_by_default(db):
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    db("CreateTable", request)
    assert admitted(db, request["TableName"], most=50) == 50


def test_on_one_table(db):
    table = create(db, write=2)
    other = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    db("CreateTable", other)
    assert admitted(db, table) == 2
    assert admitted(db, other["TableName"], most=50) == 50
    enforce(db, other["TableName"])
    assert admitted(db, other["TableName"]) == 1
    assert admitted(db, table) == 0  # enforcing the limits of another table does not refill this one
    enforce(db, table)
    assert admitted(db, table) == 0


def test_on_all_tables_but_one(db):
    enforce(db)
    table, other = create(db, write=2), create(db, write=2)
    enforce(db, other, enforced=False)
    assert (admitted(db, table), admitted(db, other, most=50)) == (2, 50)
    enforce(db, enforced=False)
    assert admitted(db, table, most=50) == 50
    enforce(db)
    assert (admitted(db, table), admitted(db, other)) == (2, 2)


def test_before_the_table_exists(db):
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    enforce(db, request["TableName"])
    db("CreateTable", request)
    assert admitted(db, request["TableName"]) == 1


def test_a_name_means_every_account_and_an_arn_one(db):
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    table = request["TableName"]
    callers = [db.emulator.caller(*each) for each in (("test", "us-east-1"), ("test", "eu-west-1"))]
    arns = []
    for db.caller in callers:
        arns.append(db("CreateTable", request)["TableDescription"]["TableArn"])
    enforce(db, arns[1])
    for db.caller, most in zip(callers, (50, 1), strict=True):
        assert admitted(db, table, most=50) == most
    enforce(db, table)
    enforce(db, arns[1], enforced=False)
    for db.caller, most in zip(callers, (1, 50), strict=True):
        assert admitted(db, table, most=50) == most


def test_from_the_start():
    db = InProcess(Settings(in_memory=True, enforce_throughput=True))
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    db("CreateTable", request)
    assert admitted(db, request["TableName"]) == 1
    db.emulator.close()


def test_from_the_start_on_tables_that_are_there(tmp_path):
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    for enforced, most in ((False, 30), (True, 1)):
        db = InProcess(Settings(data_dir=tmp_path / "data", enforce_throughput=enforced))
        if not enforced:
            db("CreateTable", request)
        assert admitted(db, request["TableName"], most=30) == most
        db.emulator.close()
