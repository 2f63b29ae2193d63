"""Pages of Query and Scan: Limit, the limit of 1 MB, LastEvaluatedKey (behaviour 6.2).

tests/unit/database/test_page_accounting.py tests the exact sizes of pages.
"""

import pytest

from tests.support.tables import index_request, new_name

LARGE = 30
"""The number of items of 50 KB in a partition: one and a half pages."""


@pytest.fixture(scope="module")
def large(client, make_shared_table):
    name = make_shared_table(define="g:S", GlobalSecondaryIndexes=[index_request("global", "g sk", "KEYS_ONLY")])
    for number in range(LARGE):
        item = {"pk": {"S": "p"}, "sk": {"S": f"{number:03}"}, "g": {"S": "g"}, "data": {"S": "x" * 50_000}}
        client.put_item(TableName=name, Item=item)
    return {
        "TableName": name,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
        "ProjectionExpression": "sk",
    }


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
        # A full page has a LastEvaluatedKey even if no item follows.
        assert ("LastEvaluatedKey" in page) == (page["Count"] == limit)
        if "LastEvaluatedKey" not in page:
            break
        assert page["LastEvaluatedKey"] == {"pk": ten["ExpressionAttributeValues"][":p"], "sk": {"S": seen[-1]}}
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert seen == wanted


# --- queries of one item --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one(client, make_shared_table, ten):
    """Return name -> a query for one item by its whole key.

    The tables have a sort key or not; the queries use an expression or KeyConditions ("legacy").
    """
    name = make_shared_table("pk:S")
    client.put_item(TableName=name, Item={"pk": {"S": "p"}})
    partition = ten["ExpressionAttributeValues"][":p"]
    five, p = {"S": "5"}, {"S": "p"}
    return {
        "two keys": {
            "TableName": ten["TableName"],
            "KeyConditionExpression": "sk = :s AND pk = :p",
            "ExpressionAttributeValues": {":p": partition, ":s": five},
        },
        "two keys, legacy": {
            "TableName": ten["TableName"],
            "KeyConditions": {"pk": equal(partition), "sk": equal(five)},
        },
        "one key": {
            "TableName": name,
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": p},
        },
        "one key, legacy": {"TableName": name, "KeyConditions": {"pk": equal(p)}},
    }


def equal(value):
    return {"ComparisonOperator": "EQ", "AttributeValueList": [value]}


@pytest.mark.parametrize("form", ["two keys", "two keys, legacy", "one key", "one key, legacy"])
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({}, 1),
        ({"Select": "COUNT"}, 1),
        ({"ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}, 1),
        ({"FilterExpression": "attribute_exists(nothing)"}, 0),
        ({"Select": "COUNT", "FilterExpression": "attribute_exists(nothing)"}, 0),
        ({"ProjectionExpression": "nothing"}, 1),
    ],
)
def test_a_query_of_a_whole_key_has_no_last_key(client, one, form, forward, more, count):
    """Such a query refuses any start key, so it returns none (exception to behaviour 6.2)."""
    for limit in (1, 2):
        answer = client.query(**one[form], **more, Limit=limit, ScanIndexForward=forward)
        assert (answer["Count"], answer["ScannedCount"]) == (count, 1)
        assert "LastEvaluatedKey" not in answer


def test_a_statement_of_whole_keys_has_no_last_key(client, ten, one):
    """With Limit=1, each page has the item of the next key; the last page has no NextToken."""
    partition = ten["ExpressionAttributeValues"][":p"]["S"]
    two, hash_only = ten["TableName"], one["one key"]["TableName"]
    statements = {
        f"SELECT sk FROM \"{two}\" WHERE pk IN ['{partition}'] AND sk = '5'": [1],
        f"SELECT sk FROM \"{two}\" WHERE pk IN ['{partition}', 'nothing'] AND sk = '5'": [1, 0],
        f"SELECT sk FROM \"{two}\" WHERE pk = '{partition}' AND sk = '5' OR pk = '{partition}' AND sk = '3'": [1, 1],
        f"SELECT pk FROM \"{hash_only}\" WHERE pk IN ['nothing', 'p', 'none', 'p']": [1, 0],
        f"SELECT pk FROM \"{hash_only}\" WHERE pk IN ['nothing', 'p']": [1],
    }
    for statement, counts in statements.items():
        pages, token = [], {}
        while True:
            page = client.execute_statement(Statement=statement, Limit=1, **token)
            assert "LastEvaluatedKey" not in page
            pages.append(len(page["Items"]))
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert pages == counts, statement


def test_other_queries_of_one_item_have_a_last_key(client, ten, large):
    partition = ten["ExpressionAttributeValues"][":p"]
    request = {
        **ten,
        "KeyConditionExpression": "pk = :p AND sk BETWEEN :s AND :s",
        "ExpressionAttributeValues": {":p": partition, ":s": {"S": "5"}},
        "Limit": 1,
    }
    start = client.query(**request)["LastEvaluatedKey"]
    assert start == {"pk": partition, "sk": {"S": "5"}}
    assert client.query(**request, ExclusiveStartKey=start)["Items"] == []
    request = {
        "TableName": large["TableName"],
        "IndexName": "global",
        "KeyConditionExpression": "g = :g AND sk = :s",
        "ExpressionAttributeValues": {":g": {"S": "g"}, ":s": {"S": "007"}},
        "Limit": 1,
    }
    start = client.query(**request)["LastEvaluatedKey"]
    assert client.query(**request, ExclusiveStartKey=start)["Items"] == []


@pytest.mark.parametrize(
    ("form", "start", "message"),
    [
        ("two keys", {"sk": {"S": "5"}}, "The query can return at most one row and cannot be restarted"),
        ("two keys, legacy", {"sk": {"S": "6"}}, "The query can return at most one row and cannot be restarted"),
        (  # behaviour 6.1, as for the rows below
            "one key",
            {"pk": {"S": "p"}},
            "The provided exclusive start key is invalid: ExclusiveStartKey: {pk=AttributeValue: {S:p}}",
        ),
        (
            "one key, legacy",
            {"pk": {"S": "p"}},
            "The provided exclusive start key is invalid: ExclusiveStartKey: {pk=AttributeValue: {S:p}}",
        ),
        (
            "one key",
            {"pk": {"S": "q"}},
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        ("one key", {"pk": {"N": "1"}}, "The provided key element does not match the schema"),
    ],
)
@pytest.mark.parametrize("forward", [True, False])
def test_a_query_of_a_whole_key_refuses_a_start_key(refused, ten, one, form, start, message, forward):
    partition = {} if "pk" in start else {"pk": ten["ExpressionAttributeValues"][":p"]}
    answer = refused("query", **one[form], ExclusiveStartKey={**partition, **start}, ScanIndexForward=forward)
    assert answer == ("ValidationException", message)


@pytest.mark.parametrize(("kind", "key", "shown"), [("N", "1.0", "{N:1}"), ("B", b"ab", "{B:YWI=}")])
def test_how_an_error_shows_the_key_of_a_query(refused, make_table, kind, key, shown):
    """On AWS only the form for S was seen (behaviour 6.1); those for N and B are inferred."""
    answer = refused(
        "query",
        TableName=make_table(f"id:{kind}"),
        KeyConditionExpression="id = :p",
        ExpressionAttributeValues={":p": {kind: key}},
        ExclusiveStartKey={"id": {kind: key}},
    )
    assert answer == (
        "ValidationException",
        f"The provided exclusive start key is invalid: ExclusiveStartKey: {{id=AttributeValue: {shown}}}",
    )


# --- start keys -----------------------------------------------------------------------------------


def test_the_page_after_the_last_item_is_empty(client, ten):
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


def test_the_item_of_the_start_key_may_be_deleted(client, make_table):
    name = make_table()
    for number in range(4):
        client.put_item(TableName=name, Item={"pk": {"S": "p"}, "sk": {"S": str(number)}})
    page = client.scan(TableName=name, Limit=2)
    client.delete_item(TableName=name, Key=page["LastEvaluatedKey"])
    page = client.scan(TableName=name, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert sorts(page) == ["2", "3"]
