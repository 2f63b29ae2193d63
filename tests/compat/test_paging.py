"""Pages: Limit, the megabyte, LastEvaluatedKey (service-behaviour.md 6.2). Exact accounting: unit/database/test_pages."""

import pytest

from tests.conftest import index_request, new_name, table_request

LARGE = 30
"""Items of 50 KB in the large partition: one and a half pages."""


@pytest.fixture(scope="module")
def large(client):
    request = table_request(define="g:S", GlobalSecondaryIndexes=[index_request("global", "g sk", "KEYS_ONLY")])
    name = request["TableName"]
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    for number in range(LARGE):
        item = {"pk": {"S": "p"}, "sk": {"S": f"{number:03}"}, "g": {"S": "g"}, "data": {"S": "x" * 50_000}}
        client.put_item(TableName=name, Item=item)
    yield {
        "TableName": name,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
        "ProjectionExpression": "sk",
    }
    client.delete_table(TableName=name)


def sorts(page):
    return [item["sk"]["S"] for item in page["Items"]]


WHOLE = [f"{number:03}" for number in range(LARGE)]


@pytest.mark.parametrize("forward", [True, False])
def test_a_page_ends_at_one_megabyte(client, large, forward):
    first = client.query(**large, ScanIndexForward=forward)
    assert 19 <= first["Count"] <= 22
    second = client.query(**large, ScanIndexForward=forward, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert "LastEvaluatedKey" not in second
    assert sorts(first) + sorts(second) == (WHOLE if forward else WHOLE[::-1])


def test_a_scan_pages_as_well(client, large):
    first = client.scan(TableName=large["TableName"])
    assert 19 <= first["Count"] <= 22
    second = client.scan(TableName=large["TableName"], ExclusiveStartKey=first["LastEvaluatedKey"])
    assert sorts(first) + sorts(second) == WHOLE


def test_filters_and_counting_do_not_make_pages_longer(client, large):
    request = {
        **large,
        "FilterExpression": "begins_with(g, :none)",
        "ExpressionAttributeValues": {":p": {"S": "p"}, ":none": {"S": "none"}},
    }
    page = client.query(**request)
    assert page["Items"] == []
    assert page["Count"] == 0
    assert 19 <= page["ScannedCount"] <= 22
    assert page["LastEvaluatedKey"].keys() == {"pk", "sk"}
    del request["ProjectionExpression"]
    page = client.query(**request, Select="COUNT")
    assert 19 <= page["ScannedCount"] <= 22


def test_an_index_counts_its_own_entries(client, large):
    page = client.query(
        TableName=large["TableName"],
        IndexName="global",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "g"}},
    )
    assert sorts(page) == WHOLE
    assert "LastEvaluatedKey" not in page


def test_the_paginator_finds_everything(client, large):
    pages = list(client.get_paginator("query").paginate(**large))
    assert len(pages) == 2
    assert [sort for page in pages for sort in sorts(page)] == WHOLE


@pytest.fixture(scope="module")
def ten(client, shared_table):
    partition = new_name()
    for number in range(10):
        client.put_item(TableName=shared_table, Item={"pk": {"S": partition}, "sk": {"S": str(number)}})
    return {
        "TableName": shared_table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": partition}},
    }


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 5, 9, 10, 11])
def test_limit(client, ten, limit, forward):
    wanted = list("0123456789") if forward else list("9876543210")
    seen, start = [], {}
    while True:
        page = client.query(**ten, Limit=limit, ScanIndexForward=forward, **start)
        assert page["Count"] == page["ScannedCount"] == len(page["Items"]) == min(limit, 10 - len(seen))
        seen += sorts(page)
        # A page that is full has a LastEvaluatedKey even where nothing follows.
        assert ("LastEvaluatedKey" in page) == (page["Count"] == limit)
        if "LastEvaluatedKey" not in page:
            break
        assert page["LastEvaluatedKey"] == {"pk": ten["ExpressionAttributeValues"][":p"], "sk": {"S": seen[-1]}}
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert seen == wanted


def test_the_page_behind_the_last_item_is_empty(client, ten):
    partition = ten["ExpressionAttributeValues"][":p"]
    page = client.query(**ten, ExclusiveStartKey={"pk": partition, "sk": {"S": "9"}})
    assert (page["Items"], page["Count"], page["ScannedCount"]) == ([], 0, 0)
    assert "LastEvaluatedKey" not in page


def test_a_start_key_within_a_range(client, ten):
    partition = ten["ExpressionAttributeValues"][":p"]
    request = {
        **ten,
        "KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :b",
        "ExpressionAttributeValues": {":p": partition, ":a": {"S": "2"}, ":b": {"S": "7"}},
        "ExclusiveStartKey": {"pk": partition, "sk": {"S": "4"}},
    }
    assert sorts(client.query(**request)) == ["5", "6", "7"]
    assert sorts(client.query(**request, ScanIndexForward=False)) == ["3", "2"]


def test_an_item_deleted_meanwhile_does_not_disturb(client, make_table):
    name = make_table()
    for number in range(4):
        client.put_item(TableName=name, Item={"pk": {"S": "p"}, "sk": {"S": str(number)}})
    page = client.scan(TableName=name, Limit=2)
    client.delete_item(TableName=name, Key=page["LastEvaluatedKey"])
    page = client.scan(TableName=name, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert sorts(page) == ["2", "3"]
