"""Enforced throughput over HTTP (behaviour 16).

The machine's clock runs during these tests, and as time passes, tables get capacity. So a request
that must be refused consumes far more than a table can get during a test.
tests/unit/database/test_throttle.py tests the exact figures, with a manual clock.
"""

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator.controls import registry
from tests.support.http_clients import boto_options, without_metadata
from tests.support.servers import running
from tests.support.tables import index_request, table_request

KIB = 1024
ONE = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
PLENTY = {"ReadCapacityUnits": 1000, "WriteCapacityUnits": 1000}
TABLE = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes "
    "with the UpdateTable API"
)


@pytest.fixture
def throttled_table(client, make_table, declare):
    """throttled_table(...) creates a table with enforced throughput, and returns name and ARN."""

    def make(keys="pk:S sk:S", **extra):
        if "BillingMode" not in extra:
            extra = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": ONE, **extra}
        name = make_table(keys, **extra)
        assert declare("throttling", {"TableName": name, "Enforced": True}) == (200, {})
        return name, client.describe_table(TableName=name)["Table"]["TableArn"]

    return make


def item_of(number, size=50 * KIB, **more):
    return {"pk": {"S": "p"}, "sk": {"S": str(number)}, "a": {"S": "x" * size}, **more}


def until_refused(method, **request):
    """Repeat a request until it is refused; return the response of the error."""
    for _ in range(1000):
        try:
            method(**request)
        except ClientError as error:
            return error.response
    raise AssertionError("it was never refused")


def exceeded(response, code="ProvisionedThroughputExceededException"):
    """Check that a request was throttled; return the message and the throttling reasons."""
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Code"] == code
    member = "throttlingReasons" if code == "ThrottlingException" else "ThrottlingReasons"
    return response["Error"]["Message"], response[member]


def test_writes(client, throttled_table):
    table, arn = throttled_table()
    response = until_refused(client.put_item, TableName=table, Item=item_of(1))
    assert exceeded(response) == (TABLE, [{"reason": "TableWriteProvisionedThroughputExceeded", "resource": arn}])
    assert client.scan(TableName=table)["Items"] == []
    client.put_item(TableName=table, Item=item_of(1, 10))


def test_reads(client, throttled_table):
    table, arn = throttled_table()
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
    key = {"pk": {"S": "p"}, "sk": {"S": "1"}}
    response = until_refused(client.query, TableName=table, **query)
    reasons = [{"reason": "TableReadProvisionedThroughputExceeded", "resource": arn}]
    assert exceeded(response) == (TABLE, reasons)
    assert exceeded(until_refused(client.scan, TableName=table)) == (TABLE, reasons)
    assert exceeded(until_refused(client.get_item, TableName=table, Key=key)) == (TABLE, reasons)
    response = until_refused(client.transact_get_items, TransactItems=[{"Get": {"TableName": table, "Key": key}}])
    reported = {"Code": "ProvisionedThroughputExceeded", "Message": TABLE.removesuffix(".")}
    assert response["CancellationReasons"] == [reported]


def test_an_index_without_write_capacity(client, throttled_table):
    index = index_request("index", "g") | {"ProvisionedThroughput": ONE}
    table, arn = throttled_table(define="g:S", ProvisionedThroughput=PLENTY, GlobalSecondaryIndexes=[index])
    response = until_refused(client.put_item, TableName=table, Item=item_of(1, g={"S": "g"}))
    reason = {"reason": "IndexWriteProvisionedThroughputExceeded", "resource": f"{arn}/index/index"}
    assert exceeded(response) == (INDEX, [reason])
    client.put_item(TableName=table, Item=item_of(2))
    assert client.scan(TableName=table)["Items"] == [item_of(2)]


def test_a_batch_write(client, throttled_table):
    table, _ = throttled_table()
    puts = [{"PutRequest": {"Item": item_of(number, size=10)}} for number in range(25)]
    answer = client.batch_write_item(RequestItems={table: puts})
    left = answer["UnprocessedItems"][table]
    assert 0 < len(left) < 25
    assert left == puts[-len(left) :]
    found = client.scan(TableName=table)["Items"]
    assert len(found) == 25 - len(left)
    big = [{"PutRequest": {"Item": item_of(number)}} for number in range(4)]
    response = until_refused(client.batch_write_item, RequestItems={table: big})
    assert exceeded(response)[0] == TABLE


def test_a_batch_get(client, throttled_table):
    table, _ = throttled_table()
    keys = [{"pk": {"S": "p"}, "sk": {"S": str(number)}} for number in range(100)]
    part = {
        "Keys": keys,
        "ConsistentRead": True,
        "ProjectionExpression": "#p",
        "ExpressionAttributeNames": {"#p": "pk"},
    }
    answer = client.batch_get_item(RequestItems={table: part})
    assert answer["Responses"] == {table: []}
    left = answer["UnprocessedKeys"][table]
    assert left == {**part, "Keys": keys[-len(left["Keys"]) :]}
    assert 0 < len(left["Keys"]) < 100


def test_a_transaction(client, throttled_table, canceled):
    table, _ = throttled_table()
    until_refused(client.put_item, TableName=table, Item=item_of(1))
    actions = [{"Put": {"TableName": table, "Item": item_of(number)}} for number in (2, 3)]
    reported = {"Code": "ProvisionedThroughputExceeded", "Message": TABLE.removesuffix(".")}
    assert canceled("transact_write_items", TransactItems=actions) == [reported, {"Code": "None"}]


def test_an_on_demand_maximum(client, throttled_table):
    maximum = {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 1}
    table, arn = throttled_table(BillingMode="PAY_PER_REQUEST", OnDemandThroughput=maximum)
    text = "Throughput exceeds the maximum OnDemandThroughput configured on table or index."
    response = until_refused(client.put_item, TableName=table, Item=item_of(1))
    reasons = [{"reason": "TableWriteMaxOnDemandThroughputExceeded", "resource": arn}]
    assert exceeded(response, "ThrottlingException") == (text, reasons)
    response = until_refused(client.scan, TableName=table)
    reasons = [{"reason": "TableReadMaxOnDemandThroughputExceeded", "resource": arn}]
    assert exceeded(response, "ThrottlingException") == (text, reasons)


def test_a_hot_key(client, throttled_table):
    """A partition key has 1000 write units a second, and a put of this item consumes 390."""
    table, arn = throttled_table(BillingMode="PAY_PER_REQUEST")
    response = until_refused(client.put_item, TableName=table, Item=item_of(1, 390 * KIB))
    _, reasons = exceeded(response, "ThrottlingException")
    assert reasons == [{"reason": "TableWriteKeyRangeThroughputExceeded", "resource": arn}]
    client.put_item(TableName=table, Item=item_of(1, 390 * KIB) | {"pk": {"S": "cold"}})


def test_switched_off(client, throttled_table, declare):
    table, _ = throttled_table()
    until_refused(client.put_item, TableName=table, Item=item_of(1))
    assert declare("throttling", {"TableName": table, "Enforced": False}) == (200, {})
    assert without_metadata(client.put_item(TableName=table, Item=item_of(1))) == {}


BAD = {
    "no JSON": (b"{", "the body is not JSON"),
    "empty": (b"", "the member Enforced is missing or of a wrong type"),
    "a list": ([], "the body must be a JSON object"),
    "a misspelt name": ({"Enforced": True, "Table": "x"}, "there is no member Table; there are: Enforced, TableName"),
    "nothing": ({}, "the member Enforced is missing or of a wrong type"),
    "a wrong type": ({"Enforced": "yes"}, "the member Enforced is missing or of a wrong type"),
    "a wrong name": ({"Enforced": True, "TableName": 1}, "the member TableName is missing or of a wrong type"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_declarations(declare, case):
    body, text = BAD[case]
    assert declare("throttling", body) == (400, {"message": text})


@pytest.mark.parametrize(
    ("call", "body"),
    [("throttling", {"Enforced": True}), ("transactions", {"Key": {"pk": {"S": "a"}}, "Seconds": 0})],
)
@pytest.mark.parametrize("name", ["none-yet", "arn:aws:dynamodb:us-east-1:000000000000:table/none-yet"])
def test_the_answer_says_that_the_table_does_not_exist_yet(declare, call, body, name):
    text = f"there is no table {name} yet; the declaration will apply once it is created"
    assert declare(call, {"TableName": name, **body}) == (200, {"message": text})


@pytest.mark.parametrize(
    ("call", "method"), [("throttle", "POST"), ("", "POST"), ("ttl", "GET"), ("throttling", "PUT")]
)
def test_calls_that_there_are_not(declare, call, method):
    calls = sorted((each.path, each.method) for each in registry.registered().values())
    known = [f"{method} {path}" for path, method in calls]
    assert {"GET clock", "POST clock", "POST throttling"} <= {*known}
    text = "there is no such call; there are: " + ", ".join(name.replace(" ", " /_emulator/") for name in known)
    assert declare(call, {"Enforced": False}, method) == (404, {"message": text})


def test_the_start_option():
    with running("--in-memory", "--enforce-throughput") as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=ONE)
        client.create_table(**request)
        response = until_refused(client.put_item, TableName=request["TableName"], Item=item_of(1))
        assert exceeded(response)[0] == TABLE
