"""An answer that is made in slices equals one that is made in one piece, on each kind of server.

The server makes a page of some hundred items in slices if the filter has 140 comparisons. It also
deletes a few hundred expired items in slices.
"""

import pytest

from tests.support.tables import new_name

ITEMS = 1_000
FILTER = " OR ".join([*["nothere = :none"] * 139, "n < :limit"])
VALUES = {":none": {"S": "x"}, ":limit": {"N": "100"}}


def fill(client, table, items):
    for first in range(0, len(items), 25):
        client.batch_write_item(
            RequestItems={table: [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]}
        )


@pytest.fixture(scope="module")
def filled(client, shared_table):
    """Fill a partition; return the table, the partition key and the items that FILTER selects."""
    partition = new_name("p")
    items = [{"pk": {"S": partition}, "sk": {"S": f"{number:04d}"}, "n": {"N": str(number)}} for number in range(ITEMS)]
    fill(client, shared_table, items)
    return shared_table, partition, items[:100]


def test_query(client, filled):
    table, partition, wanted = filled
    answer = client.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        FilterExpression=FILTER,
        ExpressionAttributeValues={**VALUES, ":pk": {"S": partition}},
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["Items"] == wanted
    assert (answer["Count"], answer["ScannedCount"]) == (100, ITEMS)
    assert "LastEvaluatedKey" not in answer


def test_pages(client, filled):
    table, partition, wanted = filled
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        FilterExpression=FILTER,
        ExpressionAttributeValues={**VALUES, ":pk": {"S": partition}},
        PaginationConfig={"PageSize": 600},
    )
    found = list(pages)
    assert [page["ScannedCount"] for page in found] == [600, 400]
    assert [item for page in found for item in page["Items"]] == wanted


def test_scan(client, filled):
    table, _, wanted = filled
    answer = client.scan(
        TableName=table, FilterExpression=FILTER, ExpressionAttributeValues=VALUES, ProjectionExpression="sk, n"
    )
    assert answer["Items"] == [{"sk": item["sk"], "n": item["n"]} for item in wanted]


def test_statement(client, filled):
    table, partition, wanted = filled
    where = FILTER.replace(":none", "'x'").replace(":limit", "100")
    answer = client.execute_statement(Statement=f"SELECT * FROM \"{table}\" WHERE pk = '{partition}' AND ({where})")
    assert answer["Items"] == wanted


def test_a_sweep(client, make_table, declare):
    table = make_table("pk:S")
    items = [{"pk": {"S": str(number)}, "ttl": {"N": "1700000000"}} for number in range(350)]
    fill(client, table, items)
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    status, answer = declare("ttl", {"TableName": table})
    assert (status, answer["Deleted"]) == (200, 350)
    assert client.scan(TableName=table)["Count"] == 0
