"""Tables whose throughput is enforced, and what their refusals say: for the tests of throttling."""

import pytest

from emulator.controls import registry
from emulator.errors import ApiError
from tests.conftest import index_request, table_request
from tests.model.invariants import dump

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
    registry.call(db.emulator, "throttling", body)


def create(db, read=1000, write=1000, keys="pk:S sk:S", **extra):
    """Create a provisioned table whose throughput is enforced; return its name."""
    request = table_request(keys, BillingMode="PROVISIONED", ProvisionedThroughput=units(read, write), **extra)
    db("CreateTable", request)
    enforce(db, request["TableName"])
    db("DescribeTable", TableName=request["TableName"])  # from now on it is ACTIVE
    return request["TableName"]


def create_on_demand(db, keys="pk:S sk:S", **extra):
    request = table_request(keys, **extra)
    db("CreateTable", request)
    enforce(db, request["TableName"])
    db("DescribeTable", TableName=request["TableName"])  # from now on it is ACTIVE
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
            if error.about == "capacity":
                return number
            raise
    return most


def levels(db, table, kind="Write"):
    """Return the tokens left of the table (None) and its global indexes."""
    found = db.emulator.database.table(db.caller, table).enforcement.throttle._resources
    return {name: each._whole.level for (name, direction), each in found.items() if direction == kind}


def puts(numbers, **item):
    return [{"PutRequest": {"Item": item_of(number, **item)}} for number in numbers]


def create_filled(db):
    """Create a table with a local index of keys and items of 100 bytes, 9 KB and 3 KB."""
    table = create(db, define="l:S", LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")])
    for number, size in ((1, 100), (2, 9 * KIB), (3, 3 * KIB)):
        put(db, table, number, size, l="l")
    return table
