"""Where a page ends (behaviour 6.2): its last item is the one with which it reaches 1 MB."""

import random
from itertools import accumulate

import pytest

from tests.support.tables import index_request, table_request

MIB = 1024 * 1024
BARE = len("pk" + "p" + "sk" + "00000" + "data")
"""The size of an item without its data."""


def fill(db, sizes, define=""):
    request = table_request("pk:S sk:S", **({"define": define} if define else {}))
    if define:
        request["LocalSecondaryIndexes"] = [index_request("local", "pk l", "KEYS_ONLY")]
    name = request["TableName"]
    db("CreateTable", request)
    for number, size in enumerate(sizes):
        item = {"pk": {"S": "p"}, "sk": {"S": f"{number:05}"}, "data": {"S": "x" * (size - BARE)}}
        if define:
            item["data"]["S"] = item["data"]["S"][3:]
            item["l"] = {"N": "1"}  # takes the three bytes by which "data" is shorter
        db("PutItem", TableName=name, Item=item)
    return {
        "TableName": name,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
        "ProjectionExpression": "sk",
    }


def pages(db, request):
    """Read all pages; return for each page the numbers of its items."""
    found = []
    while True:
        page = db("Query", request)
        assert page["ScannedCount"] == page["Count"] == len(page["Items"])
        found.append([int(item["sk"]["S"]) for item in page["Items"]])
        if "LastEvaluatedKey" not in page:
            return found
        request = {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]}


def expected(sizes, limit=None):
    """Return the expected pages, as lists of item numbers. A page ends with the item with which it
    reaches 1 MB, or with `limit` items. The last page may be empty.
    """
    found, page, size = [], [], 0
    for number, each in enumerate(sizes):
        page.append(number)
        size += each
        if size >= MIB or len(page) == limit:
            found.append(page)
            page, size = [], 0
    return [*found, page]


EIGHTH = MIB // 8

CASES = {
    "exactly a megabyte": [EIGHTH] * 8,
    "a byte less": [EIGHTH] * 7 + [EIGHTH - 1],
    "a byte less, and one more": [EIGHTH] * 7 + [EIGHTH - 1, 50],
    "a byte more": [EIGHTH + 1] * 8,
    "large after many small ones": [20] * 200 + [EIGHTH] * 9 + [20] * 10,
    "many small ones": [20] * 300,
    "the largest": [400 * 1024] * 5,
    "middling": [8000] * 290,
}


@pytest.mark.parametrize("capacity", [None, "TOTAL"])
@pytest.mark.parametrize("case", CASES)
def test_pages(db, case, capacity):
    sizes = CASES[case]
    request = fill(db, sizes)
    if capacity:
        request["ReturnConsumedCapacity"] = capacity
    assert pages(db, request) == expected(sizes)


@pytest.mark.parametrize("seed", range(3))
def test_random_sizes_and_limits(db, seed):
    choose = random.Random(seed)
    sizes = [choose.choice((20, 300, 5000, 70_000, 300_000)) + choose.randrange(200) for _ in range(60)]
    request = fill(db, sizes)
    for limit in (None, 1, 7, 30, 60):
        limited = {**request, **({} if limit is None else {"Limit": limit})}
        assert pages(db, limited) == expected(sizes, limit)
        assert pages(db, {**limited, "ReturnConsumedCapacity": "INDEXES"}) == expected(sizes, limit)
    backward = {**request, "ScanIndexForward": False}
    last = len(sizes) - 1
    assert pages(db, backward) == [[last - number for number in page] for page in expected(sizes[::-1])]


def test_capacity_is_of_the_page(db):
    sizes = [EIGHTH + 5] * 9
    request = fill(db, sizes) | {"ReturnConsumedCapacity": "TOTAL"}
    page = db("Query", request)
    assert page["Count"] == 8
    size = list(accumulate(sizes))[7]
    assert page["ConsumedCapacity"]["CapacityUnits"] == -(-size // 4096) / 2
    page = db("Query", {**request, "ConsistentRead": True, "Limit": 1})
    assert page["ConsumedCapacity"]["CapacityUnits"] == -(-sizes[0] // 4096)


def test_a_filter_leaves_the_accounting_as_it_is(db):
    sizes = [EIGHTH] * 20
    request = fill(db, sizes)
    request["FilterExpression"] = "begins_with(#d, :p)"
    request["ExpressionAttributeNames"] = {"#d": "data"}
    page = db("Query", request)
    assert (page["Items"], page["Count"], page["ScannedCount"]) == ([], 0, 8)
    assert page["LastEvaluatedKey"]["sk"] == {"S": "00007"}
    scanned = db("Scan", TableName=request["TableName"], Select="COUNT")
    assert (scanned["Count"], scanned["LastEvaluatedKey"]["sk"]) == (8, {"S": "00007"})


def test_fetching_counts_the_index_entries(db):
    """Items that a local index fetches from the table are charged, but do not fill the page. Only
    the index entries do.
    """
    sizes = [EIGHTH] * 10
    request = fill(db, sizes, define="l:N") | {"IndexName": "local", "ReturnConsumedCapacity": "INDEXES"}
    request["ProjectionExpression"] = "sk, #d"
    request["ExpressionAttributeNames"] = {"#d": "data"}
    page = db("Query", request)
    assert page["Count"] == 10
    assert "LastEvaluatedKey" not in page
    reported = page["ConsumedCapacity"]
    assert reported["Table"]["CapacityUnits"] == 10 * (EIGHTH / 4096 / 2)
    assert reported["LocalSecondaryIndexes"]["local"]["CapacityUnits"] == 0.5
