"""Tables with enforced throughput, and the bodies of throttling errors."""

from collections.abc import Iterable
from typing import Any

import pytest

from emulator.controls import registry
from emulator.errors import ApiError
from tests.support.in_process import InProcess
from tests.support.invariants import dump
from tests.support.tables import index_request, table_request

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


def units(read: int, write: int) -> dict[str, int]:
    """Return the value of a member ProvisionedThroughput."""
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def maximum(read: int | None = None, write: int | None = None) -> dict[str, int]:
    """Return the value of a member OnDemandThroughput."""
    given = {"MaxReadRequestUnits": read, "MaxWriteRequestUnits": write}
    return {name: limit for name, limit in given.items() if limit is not None}


def enforce(db: InProcess, table: str | None = None, *, enforced: bool = True) -> None:
    """Turn the enforcement of throughput on or off, for one table or for all tables."""
    body: dict[str, Any] = {"Enforced": enforced} | ({} if table is None else {"TableName": table})
    registry.call(db.emulator, "throttling", body)


def create(db: InProcess, read: int = 1000, write: int = 1000, keys: str = "pk:S sk:S", **extra: Any) -> str:
    """Create a provisioned table with enforced throughput; return its name."""
    request = table_request(keys, BillingMode="PROVISIONED", ProvisionedThroughput=units(read, write), **extra)
    db("CreateTable", request)
    enforce(db, request["TableName"])
    db("DescribeTable", TableName=request["TableName"])  # makes the table ACTIVE
    name: str = request["TableName"]
    return name


def create_on_demand(db: InProcess, keys: str = "pk:S sk:S", **extra: Any) -> str:
    """Create an on-demand table with enforced throughput; return its name."""
    request = table_request(keys, **extra)
    db("CreateTable", request)
    enforce(db, request["TableName"])
    db("DescribeTable", TableName=request["TableName"])  # makes the table ACTIVE
    name: str = request["TableName"]
    return name


def gsi(name: str, keys: str, read: int = 1000, write: int = 1000, projection: str = "ALL") -> dict[str, Any]:
    """Return a provisioned global index for a request."""
    return index_request(name, keys, projection) | {"ProvisionedThroughput": units(read, write)}


def key_of(number: int, pk: str | None = None) -> dict[str, Any]:
    """Return the key of item `number`."""
    return {"pk": {"S": pk or f"k{number:05}"}, "sk": {"S": f"{number:05}"}}


def item_of(number: int, size: int = 100, pk: str | None = None, **more: str) -> dict[str, Any]:
    """Return item `number`, with a text that gives the item this size in bytes."""
    item = key_of(number, pk) | {name: {"S": value} for name, value in more.items()}
    used = sum(len(name) + len(value["S"]) for name, value in item.items())
    return item | {"a": {"S": "x" * (size - used - 1)}}


def put(db: InProcess, table: str, number: int = 0, size: int = 100, pk: str | None = None, **more: str) -> Any:
    """Put item `number`; return the answer."""
    return db("PutItem", TableName=table, Item=item_of(number, size, pk, **more))


def refusal(db: InProcess, operation: str, **request: Any) -> dict[str, Any]:
    """Send a request that must fail and change nothing; return the body of the error."""
    before = dump(db.emulator.database)
    with pytest.raises(ApiError) as caught:
        db(operation, request)
    assert dump(db.emulator.database) == before
    assert caught.value.status == 400
    return caught.value.body()


def exceeded(db: InProcess, table: str, reason: str, text: str = TABLE, index: str | None = None) -> dict[str, Any]:
    """Return the expected body of a throttling error, about a table or one of its indexes."""
    arn = db("DescribeTable", TableName=table)["Table"]["TableArn"]
    resource = arn if index is None else f"{arn}/index/{index}"
    provisioned = text in (TABLE, INDEX)
    return {
        "__type": SERVICE + ("ProvisionedThroughputExceededException" if provisioned else "ThrottlingException"),
        "message": text,
        "ThrottlingReasons" if provisioned else "throttlingReasons": [{"reason": reason, "resource": resource}],
    }


def admitted(db: InProcess, table: str, most: int = 10_000, **item: Any) -> int:
    """Put items into different partitions until a put is throttled; return how many succeeded."""
    for number in range(most):
        try:
            put(db, table, number, **item)
        except ApiError as error:
            if error.about == "capacity":
                return number
            raise
    return most


def levels(db: InProcess, table: str, kind: str = "Write") -> dict[str | None, float]:
    """Return the tokens that are left in the buckets of a table and its global indexes.

    The keys are the names of the indexes, and None for the table.
    """
    enforcement = db.emulator.database.table(db.caller, table).enforcement
    assert enforcement is not None
    assert enforcement.throttle is not None
    buckets = {
        name: resource._whole
        for (name, direction), resource in enforcement.throttle._resources.items()
        if direction == kind
    }
    return {name: bucket.level for name, bucket in buckets.items() if bucket is not None}


def puts(numbers: Iterable[int], **item: Any) -> list[dict[str, Any]]:
    """Return the elements of a BatchWriteItem that puts the items with these numbers."""
    return [{"PutRequest": {"Item": item_of(number, **item)}} for number in numbers]


def create_filled(db: InProcess) -> str:
    """Create a table with a KEYS_ONLY local index and items of 100 bytes, 9 KB and 3 KB."""
    table = create(db, define="l:S", LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")])
    for number, size in ((1, 100), (2, 9 * KIB), (3, 3 * KIB)):
        put(db, table, number, size, l="l")
    return table
