"""Enforced throughput, on a clock that is moved by hand: what is admitted when, what it takes, what a refusal says.

Facts: reference 16; Developer Guide, "Burst and adaptive capacity", "Maximum throughput for on-demand tables".
Tables begin with one second's worth of units; items of 1 KB cost one unit to write, or to read consistently.
"""

import pytest

from emulator.database import declarations
from emulator.database.throttle import BURST, Bucket
from emulator.errors import ApiError
from emulator.settings import Settings
from tests.conftest import InProcess, index_request, table_request
from tests.model.invariants import check_store, dump

KIB = 1024
HOT = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
TABLE = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes "
    "with the UpdateTable API"
)
ON_DEMAND = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index "
    f"so please try again shortly. If exceptions persist, check if you have a hot key: {HOT}"
)
ON_DEMAND_INDEX = (
    "Throughput exceeds the current capacity for one or more global secondary indexes. "
    "DynamoDB is automatically scaling your index so please try again shortly."
)
MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index."
SERVICE = "com.amazonaws.dynamodb.v20120810#"


def units(read, write):
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def maximum(read=None, write=None):
    given = {"MaxReadRequestUnits": read, "MaxWriteRequestUnits": write}
    return {name: each for name, each in given.items() if each is not None}


def enforce(db, table=None, *, enforced=True):
    body = {"Enforced": enforced} | ({} if table is None else {"TableName": table})
    declarations.throttling(db.emulator.database, body)


def create(db, read=1000, write=1000, keys="pk:S sk:S", **extra):
    """Create a provisioned table whose throughput is enforced; return its name."""
    request = table_request(keys, BillingMode="PROVISIONED", ProvisionedThroughput=units(read, write), **extra)
    db("CreateTable", request)
    enforce(db, request["TableName"])
    return request["TableName"]


def create_on_demand(db, keys="pk:S sk:S", **extra):
    request = table_request(keys, **extra)
    db("CreateTable", request)
    enforce(db, request["TableName"])
    return request["TableName"]


def gsi(name, keys, read=1000, write=1000, projection="ALL"):
    return index_request(name, keys, projection) | {"ProvisionedThroughput": units(read, write)}


def key_of(number, pk=None):
    return {"pk": {"S": pk or f"k{number:05}"}, "sk": {"S": f"{number:05}"}}


def item_of(number, size=100, pk=None, **more):
    item = key_of(number, pk) | {name: {"S": value} for name, value in more.items()}
    used = sum(len(name) + len(value["S"]) for name, value in item.items())
    return item | {"a": {"S": "x" * (size - used - 1)}}


def put(db, table, number=0, size=100, pk=None, **more):
    return db("PutItem", TableName=table, Item=item_of(number, size, pk, **more))


def refusal(db, operation, **request):
    """Return the body of the answer to a request that must be refused, which must leave everything as it was."""
    before = dump(db.emulator.database)
    with pytest.raises(ApiError) as caught:
        db(operation, request)
    assert dump(db.emulator.database) == before
    assert caught.value.status == 400
    return caught.value.body()


def exceeded(db, table, reason, text=TABLE, index=None):
    """Return the body of an answer that refuses for throughput."""
    arn = db("DescribeTable", TableName=table)["Table"]["TableArn"]
    resource = arn if index is None else f"{arn}/index/{index}"
    provisioned = text in (TABLE, INDEX)
    return {
        "__type": SERVICE + ("ProvisionedThroughputExceededException" if provisioned else "ThrottlingException"),
        "message": text,
        "ThrottlingReasons" if provisioned else "throttlingReasons": [{"reason": reason, "resource": resource}],
    }


def admitted(db, table, most=10_000, **item):
    """Put items, each to a partition of its own, until one is refused; return how many were admitted."""
    for number in range(most):
        try:
            put(db, table, number, **item)
        except ApiError as error:
            assert error.code in ("ProvisionedThroughputExceededException", "ThrottlingException")
            return number
    return most


def levels(db, table, kind="Write"):
    """Return the tokens left of the table (None) and its global indexes."""
    found = db.emulator.database.table(db.caller, table).enforcement.throttle._resources
    return {name: each._whole.level for (name, direction), each in found.items() if direction == kind}


# --- buckets --------------------------------------------------------------------------------------------------------


def test_a_bucket_fills_at_its_rate_up_to_its_capacity():
    bucket = Bucket(rate=5, capacity=20, level=0, now=100)
    assert not bucket.holds(1, 100)
    assert not bucket.holds(1, 100.1)
    assert bucket.holds(1, 100.25)
    assert bucket.holds(20, 104)
    assert (bucket.holds(20, 1000), bucket.level) == (True, 20)


def test_what_is_larger_than_the_bucket_needs_a_full_one():
    bucket = Bucket(rate=1, capacity=10, level=9, now=0)
    assert not bucket.holds(500, 0)
    assert bucket.holds(500, 1)


def test_a_clock_that_goes_back_takes_nothing():
    bucket = Bucket(rate=1, capacity=10, level=5, now=100)
    assert bucket.holds(5, 50)
    assert not bucket.holds(6, 100)
    assert bucket.holds(6, 101)


def test_a_new_rate_counts_from_now_on():
    bucket = Bucket(rate=1, capacity=300, level=0, now=0)
    bucket.change(100, 30_000, 10)
    assert (bucket.holds(10, 10), bucket.level) == (True, 10)
    assert (bucket.holds(210, 12), bucket.level) == (True, 210)
    bucket.change(1, 100, 12)
    assert bucket.level == 100


# --- provisioned tables ---------------------------------------------------------------------------------------------


def test_a_new_table_has_one_second(db):
    table = create(db, write=5)
    assert admitted(db, table) == 5
    db.clock.advance(1)
    assert admitted(db, table) == 5
    db.clock.advance(0.5)
    assert admitted(db, table) == 2
    db.clock.advance(0.1)
    assert admitted(db, table) == 1  # half a unit was left


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
    """One unit a second is 300 units at most, 400 KB cost 400: admitted when full, and paid for afterwards."""
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
    db("GetItem", request, ConsistentRead=True) if False else db("GetItem", **request, ConsistentRead=True)
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
    assert admitted(db, table) == 1


def test_other_changes_of_a_table_leave_its_buckets(db):
    table = create(db, write=5)
    assert admitted(db, table) == 5
    db("UpdateTable", TableName=table, DeletionProtectionEnabled=True)
    db("TagResource", ResourceArn=db("DescribeTable", TableName=table)["Table"]["TableArn"], Tags=[])
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


# --- what requests take ---------------------------------------------------------------------------------------------

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


@pytest.fixture
def filled(db):
    """A table with a local index of keys, items of 100 bytes, 9 KB and 3 KB, and empty buckets' worth of room."""
    table = create(
        db, read=1000, write=1000, define="l:S", LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")]
    )
    for number, size in ((1, 100), (2, 9 * KIB), (3, 3 * KIB)):
        put(db, table, number, size, l="l")
    return table


@pytest.mark.parametrize("case", [*READS, *WRITES])
@pytest.mark.parametrize("asked", ["TOTAL", "NONE"])
def test_what_is_taken_is_what_is_told(db, filled, case, asked):
    kind = "Read" if case in READS else "Write"
    operation, request = (READS | WRITES)[case]
    told = InProcess(Settings(in_memory=True))
    before = levels(db, filled, kind)[None]
    answer = db(operation, TableName=filled, **request, ReturnConsumedCapacity=asked)
    taken = before - levels(db, filled, kind)[None]
    if asked == "TOTAL":
        assert answer["ConsumedCapacity"]["CapacityUnits"] == taken
    expected = {
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
    assert taken == expected[case]
    told.emulator.close()
