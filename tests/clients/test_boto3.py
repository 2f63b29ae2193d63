"""Common patterns of programs with boto3, end to end, with boto3's own defaults."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError, ParamValidationError, WaiterError

from tests.support.tables import index_request, new_name, table_request

SINGLE_TABLE = {
    "keys": "PK:S SK:S",
    "define": "GSI1PK:S GSI1SK:S",
    "GlobalSecondaryIndexes": [index_request("GSI1", "GSI1PK GSI1SK")],
}
PROFILE = {"PK": "USER#alice", "SK": "PROFILE", "name": "Alice", "email": "alice@example.com"}
ORDERS = [
    {
        "PK": f"USER#{user}",
        "SK": f"ORDER#{day}#{number}",
        "GSI1PK": f"STATUS#{status}",
        "GSI1SK": f"{day}#{number}",
        "total": Decimal(total),
    }
    for user, day, number, status, total in (
        ("alice", "2024-01-15", "ord-001", "shipped", "59.97"),
        ("alice", "2024-01-20", "ord-002", "shipped", "5"),
        ("alice", "2024-02-03", "ord-003", "open", "120.50"),
        ("bob", "2024-01-31", "ord-004", "shipped", "17.25"),
    )
]


@pytest.fixture(scope="module")
def session(endpoint):
    """A session with only credentials and a region, as most programs have it."""
    return boto3.Session("test", "secret", region_name="us-east-1")


@pytest.fixture(scope="module")
def client(session, endpoint):
    return session.client("dynamodb", endpoint_url=endpoint)


@pytest.fixture(scope="module")
def resource(session, endpoint):
    return session.resource("dynamodb", endpoint_url=endpoint)


@contextmanager
def filled_table(resource, items):
    """Yield a table with items, and delete it afterwards.

    It has a single-table design: users with a profile and orders, and an index of orders by status.
    """
    table = resource.create_table(**table_request(**SINGLE_TABLE))
    table.wait_until_exists()
    with table.batch_writer() as batch:
        for item in items:
            batch.put_item(Item=item)
    yield table
    table.delete()
    table.wait_until_not_exists()


@pytest.fixture(scope="module")
def catalogue(resource):
    """A table of a shop that no test changes."""
    with filled_table(resource, [PROFILE, *ORDERS]) as table:
        yield table


@pytest.fixture
def shop(resource):
    """A table of a shop that only one test uses, so the test may change it."""
    with filled_table(resource, [PROFILE, *ORDERS]) as table:
        yield table


def test_single_table_design_is_queried_by_access_pattern(catalogue):
    alice = Key("PK").eq("USER#alice")
    assert catalogue.get_item(Key={"PK": "USER#alice", "SK": "PROFILE"})["Item"] == PROFILE
    assert "Item" not in catalogue.get_item(Key={"PK": "USER#bob", "SK": "PROFILE"})
    everything = catalogue.query(KeyConditionExpression=alice)
    assert everything["Items"] == [*ORDERS[:3], PROFILE]
    assert (everything["Count"], everything["ScannedCount"]) == (4, 4)
    orders = catalogue.query(KeyConditionExpression=alice & Key("SK").begins_with("ORDER#2024-01"))
    assert orders["Items"] == ORDERS[:2]
    between = Key("SK").between("ORDER#2024-01-20", "ORDER#2024-02-03#zzz")
    assert catalogue.query(KeyConditionExpression=alice & between)["Items"] == ORDERS[1:3]
    newest = catalogue.query(KeyConditionExpression=alice & Key("SK").lt("P"), ScanIndexForward=False, Limit=1)
    assert newest["Items"] == [ORDERS[2]]
    assert newest["LastEvaluatedKey"] == {"PK": "USER#alice", "SK": "ORDER#2024-02-03#ord-003"}
    rich = catalogue.query(
        KeyConditionExpression=alice, FilterExpression=Attr("total").gt(50), ProjectionExpression="SK"
    )
    assert rich["Items"] == [{"SK": ORDERS[0]["SK"]}, {"SK": ORDERS[2]["SK"]}]
    assert (rich["Count"], rich["ScannedCount"]) == (2, 4)


def test_index_is_queried_with_begins_with(shop):
    shipped = Key("GSI1PK").eq("STATUS#shipped")
    january = shop.query(IndexName="GSI1", KeyConditionExpression=shipped & Key("GSI1SK").begins_with("2024-01"))
    assert january["Items"] == [ORDERS[0], ORDERS[1], ORDERS[3]]
    # All items but the profile, which has no key of the index.
    assert shop.scan(IndexName="GSI1", Select="COUNT")["Count"] == 4
    shop.update_item(
        Key={"PK": "USER#alice", "SK": "ORDER#2024-02-03#ord-003"},
        UpdateExpression="SET GSI1PK = :shipped",
        ExpressionAttributeValues={":shipped": "STATUS#shipped"},
    )
    assert shop.query(IndexName="GSI1", KeyConditionExpression=Key("GSI1PK").eq("STATUS#open"))["Items"] == []
    assert len(shop.query(IndexName="GSI1", KeyConditionExpression=shipped)["Items"]) == 4


def test_index_added_to_a_table_with_items_becomes_active_and_complete(shop, client):
    client.update_table(
        TableName=shop.name,
        AttributeDefinitions=[{"AttributeName": "SK", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index_request("by_sort_key", "SK", "KEYS_ONLY")}],
    )
    status = None
    while status != "ACTIVE":
        description = client.describe_table(TableName=shop.name)["Table"]
        indexes = {index["IndexName"]: index for index in description["GlobalSecondaryIndexes"]}
        status = indexes["by_sort_key"]["IndexStatus"]
    profiles = shop.query(IndexName="by_sort_key", KeyConditionExpression=Key("SK").eq("PROFILE"))
    assert profiles["Items"] == [{"PK": "USER#alice", "SK": "PROFILE"}]


UPDATES = [
    ("SET #n = :v", {":v": "Alicia"}, "UPDATED_NEW", {"name": "Alicia"}),
    ("SET visits = if_not_exists(visits, :zero) + :one", {":zero": 0, ":one": 1}, "UPDATED_NEW", {"visits": 1}),
    ("SET tags = list_append(if_not_exists(tags, :e), :v)", {":e": [], ":v": ["x"]}, "UPDATED_NEW", {"tags": ["x"]}),
    ("ADD points :v", {":v": Decimal("2.50")}, "UPDATED_NEW", {"points": Decimal("2.5")}),
    ("ADD badges :v", {":v": {"gold"}}, "UPDATED_NEW", {"badges": {"gold"}}),
    ("REMOVE email", None, "UPDATED_OLD", {"email": "alice@example.com"}),
    ("SET address = :v", {":v": {"city": "Zürich"}}, "ALL_NEW", PROFILE | {"address": {"city": "Zürich"}}),
    ("SET address = :v", {":v": {}}, "ALL_OLD", PROFILE),
]


@pytest.mark.parametrize(("expression", "values", "returned", "attributes"), UPDATES, ids=[row[0] for row in UPDATES])
def test_an_update_returns_the_changed_attributes(shop, expression, values, returned, attributes):
    answer = shop.update_item(
        Key={"PK": "USER#alice", "SK": "PROFILE"},
        UpdateExpression=expression,
        ReturnValues=returned,
        **({"ExpressionAttributeValues": values} if values else {}),
        **({"ExpressionAttributeNames": {"#n": "name"}} if "#n" in expression else {}),
    )
    assert answer["Attributes"] == attributes


CONDITIONS = [
    (Attr("total").eq(5), [1]),
    (Attr("total").ne(5) & Attr("SK").ne("PROFILE"), [0, 2, 3]),
    (Attr("total").lt(17) | Attr("total").gte(Decimal("120.5")), [1, 2]),
    (Attr("total").between(5, 60) & ~Attr("PK").eq("USER#bob"), [0, 1]),
    (Attr("total").is_in([5, Decimal("17.25")]), [1, 3]),
    (Attr("GSI1SK").begins_with("2024-01") & Attr("SK").contains("ord-00"), [0, 1, 3]),
    (Attr("GSI1PK").size().eq(11), [2]),
    (Attr("total").attribute_type("N") & Attr("GSI1PK").exists() & Attr("name").not_exists(), [0, 1, 2, 3]),
]


@pytest.mark.parametrize(("condition", "matching"), CONDITIONS, ids=[str(row[1]) for row in CONDITIONS])
def test_condition_objects_filter_a_scan(catalogue, condition, matching):
    found = catalogue.scan(FilterExpression=condition)["Items"]
    assert sorted(found, key=lambda item: item["GSI1SK"]) == sorted(
        [ORDERS[number] for number in matching], key=lambda item: item["GSI1SK"]
    )


def test_failed_condition_raises_the_modelled_exception_with_the_item(catalogue, client):
    new = {"PK": {"S": "USER#alice"}, "SK": {"S": "PROFILE"}}
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.put_item(
            TableName=catalogue.name,
            Item=new,
            ConditionExpression="attribute_not_exists(PK)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    response = caught.value.response
    assert response["Error"] == {
        "Message": "The conditional request failed",
        "Code": "ConditionalCheckFailedException",
    }
    assert response["Item"] == {name: {"S": value} for name, value in PROFILE.items()}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    assert len(response["ResponseMetadata"]["RequestId"]) == 52
    assert catalogue.get_item(Key={"PK": "USER#alice", "SK": "PROFILE"})["Item"] == PROFILE


ERRORS = [
    (
        "get_item",
        {"Key": {"PK": "USER#alice"}},
        "ValidationException",
        "The provided key element does not match the schema",
    ),
    (
        "query",
        {"KeyConditionExpression": Key("SK").eq("PROFILE")},
        "ValidationException",
        "Query condition missed key schema element: PK",
    ),
    (
        "query",
        {"KeyConditionExpression": Key("PK").eq("a"), "IndexName": "nope"},
        "ValidationException",
        "The table does not have the specified index: nope",
    ),
    (
        "put_item",
        {"Item": {"PK": 1, "SK": "a"}},
        "ValidationException",
        "One or more parameter values were invalid: Type mismatch for key PK expected: S actual: N",
    ),
    (
        "update_item",
        {"Key": {"PK": "a", "SK": "b"}, "UpdateExpression": "SET size = :v", "ExpressionAttributeValues": {":v": 1}},
        "ValidationException",
        (
            "1 validation error detected: Invalid UpdateExpression: "
            "Attribute name is a reserved keyword; reserved keyword: size"
        ),
    ),
]


@pytest.mark.parametrize(("method", "request_", "code", "message"), ERRORS, ids=[row[3] for row in ERRORS])
def test_error_of_a_table_resource(catalogue, method, request_, code, message):
    with pytest.raises(ClientError) as caught:
        getattr(catalogue, method)(**request_)
    assert caught.value.response["Error"] == {"Code": code, "Message": message}


def test_missing_table_raises_the_modelled_exception(client):
    name = new_name()
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.describe_table(TableName=name)
    assert caught.value.response["Error"]["Message"] == f"Requested resource not found: Table: {name} not found"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.get_item(TableName=name, Key={"PK": {"S": "a"}})
    assert caught.value.response["Error"]["Message"] == "Requested resource not found"


def test_botocore_validates_parameters_itself(client):
    with pytest.raises(ParamValidationError):
        client.get_item(TableName="abc", Key="a")


# 3,000 items of about 1 KB, so a Scan has three pages. A partition key has 1,000 items in the
# table, and 125 in the index.
LOAD = [
    {
        "PK": f"SENSOR#{number % 3}",
        "SK": f"{number:06}",
        "GSI1PK": f"HOUR#{number % 24:02}",
        "GSI1SK": f"{number:06}",
        "reading": Decimal(number) / 8,
        "note": "x" * 900,
    }
    for number in range(3000)
]


@pytest.fixture(scope="module")
def loaded(endpoint, resource, client):
    """A table filled by batch_writer, for tests that only read."""
    with filled_table(resource, []) as table:
        with table.batch_writer(overwrite_by_pkeys=["PK", "SK"]) as batch:
            for item in random.Random(3).sample(LOAD, len(LOAD)):
                batch.put_item(Item=item | {"note": "overwritten before it is sent"})
                batch.put_item(Item=item)
        yield table


def test_batch_writer_loads_thousands_of_items(loaded):
    items, start = [], {}
    pages = 0
    while start is not None:
        answer = loaded.scan(**start)
        items += answer["Items"]
        pages += 1
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]} if "LastEvaluatedKey" in answer else None
    assert pages == 3
    assert sorted(items, key=lambda item: item["SK"]) == LOAD
    loaded.load()
    assert loaded.item_count == 3000
    assert loaded.global_secondary_indexes[0]["ItemCount"] == 3000


def test_batch_writer_deletes(make_table, resource):
    table = resource.Table(make_table())
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": "a", "sk": str(number)})
    with table.batch_writer() as batch:
        for number in range(0, 60, 2):
            batch.delete_item(Key={"pk": "a", "sk": str(number)})
        batch.put_item(Item={"pk": "b", "sk": "0"})
    assert {(item["pk"], item["sk"]) for item in table.scan()["Items"]} == {
        *(("a", str(number)) for number in range(1, 60, 2)),
        ("b", "0"),
    }


def test_scan_paginator_goes_through_all_pages(loaded, client):
    pages = list(client.get_paginator("scan").paginate(TableName=loaded.name))
    assert len(pages) == 3
    assert ["LastEvaluatedKey" in page for page in pages] == [True, True, False]
    found = [item["SK"]["S"] for page in pages for item in page["Items"]]
    assert sorted(found) == [item["SK"] for item in LOAD]


def test_parallel_scan_divides_the_table(loaded, client):
    paginator = client.get_paginator("scan")
    parts = [
        {
            item["SK"]["S"]
            for page in paginator.paginate(TableName=loaded.name, Segment=n, TotalSegments=4)
            for item in page["Items"]
        }
        for n in range(4)
    ]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 3000
    assert all(len(part) % 1000 == 0 for part in parts)  # a segment has all 1,000 items of a partition key, or none


@pytest.mark.parametrize("forward", [True, False], ids=["forward", "backward"])
def test_query_paginator_over_a_table(loaded, client, forward):
    pages = client.get_paginator("query").paginate(
        TableName=loaded.name,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "SENSOR#1"}},
        ScanIndexForward=forward,
        PaginationConfig={"PageSize": 300},
    )
    found = [[item["SK"]["S"] for item in page["Items"]] for page in pages]
    expected = [item["SK"] for item in LOAD if item["PK"] == "SENSOR#1"]
    assert [len(page) for page in found] == [300, 300, 300, 100]
    assert list(chain(*found)) == (expected if forward else expected[::-1])


def test_query_paginator_over_an_index_with_a_filter(loaded, client):
    pages = client.get_paginator("query").paginate(
        TableName=loaded.name,
        IndexName="GSI1",
        KeyConditionExpression="GSI1PK = :hour AND begins_with(GSI1SK, :prefix)",
        FilterExpression="reading > :least",
        ExpressionAttributeValues={":hour": {"S": "HOUR#07"}, ":prefix": {"S": "001"}, ":least": {"N": "200"}},
        PaginationConfig={"PageSize": 10},
    )
    result = pages.build_full_result()
    expected = [n for n in range(1000, 2000) if n % 24 == 7]
    assert result["ScannedCount"] == len(expected)
    assert [item["SK"]["S"] for item in result["Items"]] == [f"{n:06}" for n in expected if n > 1600]


def test_pagination_is_resumed_from_a_token(loaded, client):
    def first(**config):
        paginator = client.get_paginator("query")
        return paginator.paginate(
            TableName=loaded.name,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": "SENSOR#0"}},
            PaginationConfig={"MaxItems": 170, "PageSize": 50, **config},
        ).build_full_result()

    one = first()
    two = first(StartingToken=one["NextToken"])
    found = [item["SK"]["S"] for item in one["Items"] + two["Items"]]
    assert found == [item["SK"] for item in LOAD if item["PK"] == "SENSOR#0"][:340]


def test_list_tables_paginator_and_collection(make_table, client, resource):
    names = [make_table("pk:S") for _ in range(3)]
    pages = list(client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1}))
    listed = [name for page in pages for name in page["TableNames"]]
    assert all(len(page["TableNames"]) <= 1 for page in pages)
    assert set(names) <= set(listed)
    assert listed == sorted(listed)
    assert [table.name for table in resource.tables.all()] == listed


def test_batch_get_of_the_resource(loaded, resource):
    wanted = [{"PK": f"SENSOR#{n % 3}", "SK": f"{n:06}"} for n in range(0, 300, 3)]
    answer = resource.batch_get_item(
        RequestItems={loaded.name: {"Keys": wanted, "ProjectionExpression": "SK, reading"}}
    )
    assert answer["UnprocessedKeys"] == {}
    assert sorted(answer["Responses"][loaded.name], key=lambda item: item["SK"]) == [
        {"SK": f"{n:06}", "reading": Decimal(n) / 8} for n in range(0, 300, 3)
    ]


def at_once(job, count=16):
    """Run job(number) in several threads at the same time; return the results."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(job, range(count)))


def test_conditional_decrements_of_many_clients_lose_no_update(make_table, session, endpoint):
    name = make_table("pk:S")
    clients = [session.client("dynamodb", endpoint_url=endpoint) for _ in range(16)]
    clients[0].put_item(TableName=name, Item={"pk": {"S": "apple"}, "quantity": {"N": "100"}})

    def buy(number):
        sold = []
        for _ in range(10):
            try:
                answer = clients[number].update_item(
                    TableName=name,
                    Key={"pk": {"S": "apple"}},
                    UpdateExpression="SET quantity = quantity - :dec",
                    ConditionExpression="quantity >= :dec",
                    ExpressionAttributeValues={":dec": {"N": "1"}},
                    ReturnValues="UPDATED_NEW",
                )
            except clients[number].exceptions.ConditionalCheckFailedException:
                continue
            sold.append(int(answer["Attributes"]["quantity"]["N"]))
        return sold

    left = list(chain(*at_once(buy)))
    assert sorted(left) == list(range(100))
    stored = clients[0].get_item(TableName=name, Key={"pk": {"S": "apple"}}, ConsistentRead=True)
    assert stored["Item"]["quantity"] == {"N": "0"}


def test_with_version_numbers_one_of_many_writers_wins_each_round(make_table, session, endpoint):
    name = make_table("pk:S")
    tables = [session.resource("dynamodb", endpoint_url=endpoint).Table(name) for _ in range(16)]
    tables[0].put_item(Item={"pk": "doc", "version": 0, "lines": []})

    def append(number):
        while True:
            item = tables[number].get_item(Key={"pk": "doc"}, ConsistentRead=True)["Item"]
            read = item["version"]
            try:
                tables[number].put_item(
                    Item=item | {"version": read + 1, "lines": [*item["lines"], number]},
                    ConditionExpression=Attr("version").eq(read),
                )
            except tables[number].meta.client.exceptions.ConditionalCheckFailedException:
                continue
            return

    at_once(append)
    item = tables[0].get_item(Key={"pk": "doc"}, ConsistentRead=True)["Item"]
    assert item["version"] == 16
    assert sorted(item["lines"]) == list(range(16))


VALUES = {
    "text": 'Grüße 🎉 \u0000"\\/\n',
    "empty": "",
    "integer": Decimal(42),
    "fraction": Decimal("-0.125"),
    "many digits": Decimal("1234567890.1234567890123456789012345678"),
    # The largest that boto3 can read: it refuses 39 digits.
    "large": Decimal("9.9999999999999999999999999999999999999E+37"),
    "tiny": Decimal("1E-130"),
    "bytes": Binary(bytes(range(256))),
    "no bytes": Binary(b""),
    "yes": True,
    "no": False,
    "nothing": None,
    "strings": {"a", "", "ä"},
    "numbers": {Decimal(1), Decimal("2.5"), Decimal("-3E+20")},
    "binaries": {Binary(b"\x00"), Binary(b"\xff\xfe")},
    "list": [1, "two", [Decimal("3.0"), []], {"deep": {"deeper": {Decimal(7)}}}],
    "map": {" ": "odd name", "a.b": {"c-d": None}},
    "no list": [],
    "no map": {},
}


@pytest.mark.parametrize("name", VALUES)
def test_a_resource_returns_the_value_that_was_put(shared_table, resource, name):
    table = resource.Table(shared_table)
    key = {"pk": "resource", "sk": name}
    table.put_item(Item=key | {"value": VALUES[name]})
    assert table.get_item(Key=key)["Item"] == key | {"value": VALUES[name]}


@pytest.mark.parametrize("name", VALUES)
def test_a_client_returns_the_serialized_value_that_was_put(shared_table, client, name):
    serialize, deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize
    key = {"pk": {"S": "client"}, "sk": {"S": name}}
    client.put_item(TableName=shared_table, Item=key | {"value": serialize(VALUES[name])})
    stored = client.get_item(TableName=shared_table, Key=key)["Item"]
    assert deserialize(stored["value"]) == VALUES[name]


def test_binary_and_number_keys(make_table, resource):
    table = resource.Table(make_table("id:B at:N"))
    for at in (Decimal(10), Decimal("-1.5"), Decimal(9), Decimal("1E+30")):
        table.put_item(Item={"id": b"\x00\xff", "at": at})
    answer = table.query(KeyConditionExpression=Key("id").eq(b"\x00\xff") & Key("at").gt(-2))
    assert [item["at"] for item in answer["Items"]] == [Decimal("-1.5"), 9, 10, Decimal("1E+30")]


def test_waiters_for_creation_and_deletion_of_a_table(client):
    request = table_request()
    name = request["TableName"]
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=name)
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(TableName=name)
    with pytest.raises(WaiterError, match="Waiter TableExists failed: Max attempts exceeded"):
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"MaxAttempts": 1})


def test_endpoint_comes_from_the_environment(endpoint, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.Session().client("dynamodb")
    assert client.meta.endpoint_url == endpoint
    assert client.list_tables(Limit=1)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_checksum_that_botocore_verifies_is_sent(loaded, client):
    answer = client.scan(TableName=loaded.name)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-crc32"].isdigit()
    assert headers["x-amzn-requestid"] == answer["ResponseMetadata"]["RequestId"]
