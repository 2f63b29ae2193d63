"""A page with a slow filter is filtered in slices. Its answer shows the snapshot that the page was
read from, not what is written between the slices.
"""

import pytest

from emulator.database.items import read
from emulator.slices import finish
from tests.support.slices import sliced
from tests.support.tables import index_request, table_request

ITEMS = 60
MANY_OPERATORS = " OR ".join(["nothere = :none"] * 50 + ["m < :limit"])
VALUES = {":none": {"S": "x"}, ":limit": {"N": "40"}}
WHERE = MANY_OPERATORS.replace(":none", "'x'").replace(":limit", "40")
FILTER = {"FilterExpression": MANY_OPERATORS, "ExpressionAttributeValues": VALUES}
PARTITION = {"KeyConditionExpression": "pk = :pk"}
OF_PARTITION = {"FilterExpression": MANY_OPERATORS, "ExpressionAttributeValues": {**VALUES, ":pk": {"S": "a"}}}


@pytest.fixture
def table(db, monkeypatch):
    """Return the name of a table with 60 items. Filtering more than ten of them counts as long
    work, and a slice filters five.
    """
    wanted = table_request(
        "pk:S sk:N",
        define="n:N",
        LocalSecondaryIndexes=[index_request("local", "pk n", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[index_request("global", "n", "ALL")],
    )
    db("CreateTable", wanted)
    db.emulator.database.background.run_all()
    for number in range(ITEMS):
        item = {
            "pk": {"S": "ab"[number % 2]},
            "sk": {"N": str(number)},
            "n": {"N": str(number)},
            "m": {"N": str(number)},
        }
        db("PutItem", TableName=wanted["TableName"], Item=item)
    weight = 4 * 51
    monkeypatch.setattr(read, "_LONG", 10 * weight)
    monkeypatch.setattr(read, "_STEP", 5 * weight)
    return wanted["TableName"]


REQUESTS = {
    "scan": ("Scan", FILTER),
    "measured": ("Scan", {**FILTER, "ReturnConsumedCapacity": "INDEXES"}),
    "count": ("Scan", {**FILTER, "Select": "COUNT"}),
    "limit": ("Scan", {**FILTER, "Limit": 30}),
    "projection": ("Scan", {**FILTER, "ProjectionExpression": "n, nothere"}),
    "segment": ("Scan", {**FILTER, "Segment": 0, "TotalSegments": 1}),
    "global index": ("Scan", {**FILTER, "IndexName": "global"}),
    "query": ("Query", {**PARTITION, **OF_PARTITION}),
    "backwards": ("Query", {**PARTITION, **OF_PARTITION, "ScanIndexForward": False, "Limit": 25}),
    "local index": (
        "Query",
        {
            **PARTITION,
            **OF_PARTITION,
            "IndexName": "local",
            "Select": "ALL_ATTRIBUTES",
            "ReturnConsumedCapacity": "TOTAL",
        },
    ),
    "old filter": (
        "Scan",
        {
            "ConditionalOperator": "OR",
            "ScanFilter": {f"nothere{number}": {"ComparisonOperator": "NOT_NULL"} for number in range(100)}
            | {"m": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "40"}]}},
        },
    ),
    "statement": ("ExecuteStatement", f"SELECT * FROM {{table}} WHERE {WHERE}"),
    "statement of a partition": ("ExecuteStatement", f"SELECT * FROM {{table}} WHERE pk = 'a' AND ({WHERE})"),
    "statement of partitions": ("ExecuteStatement", f"SELECT n FROM {{table}} WHERE pk IN ['a', 'b'] AND ({WHERE})"),
    "merged": (
        "ExecuteStatement",
        f"SELECT * FROM {{table}} WHERE pk IN ['a', 'b'] AND ({WHERE}) ORDER BY sk DESC",
    ),
}


def request_of(name, table):
    operation, request = REQUESTS[name]
    if isinstance(request, str):
        return operation, {"Statement": request.format(table=f'"{table}"'), "ReturnConsumedCapacity": "TOTAL"}
    return operation, {"TableName": table, **request}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_answer_is_the_same(db, table, name):
    operation, request = request_of(name, table)
    answer, steps = sliced(db, operation, request)
    assert answer == db(operation, request)
    assert steps > 3


def test_pages_go_on_where_they_ended(db, table):
    operation, request = request_of("limit", table)
    found, start = [], {}
    while start is not None:
        page, _ = sliced(db, operation, {**request, **start})
        found += page["Items"]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
    assert sorted(int(item["n"]["N"]) for item in found) == list(range(40))


def test_writes_between_the_slices_are_not_seen(db, table):
    numbers = iter(range(ITEMS))

    def write():
        number = next(numbers)
        key = {"pk": {"S": "ab"[number % 2]}, "sk": {"N": str(number)}}
        if number % 2:
            db("DeleteItem", TableName=table, Key=key)
        else:
            db("PutItem", TableName=table, Item={**key, "n": {"N": "1"}, "m": {"N": "1000"}})

    operation, request = request_of("scan", table)
    before = db(operation, request)
    answer, steps = sliced(db, operation, request, between=write)
    assert answer == before
    assert steps > 5
    assert db(operation, request)["Count"] < before["Count"]


def test_a_table_that_goes_between_the_slices(db, table):
    def deleted():
        if db("ListTables")["TableNames"]:
            db("DeleteTable", TableName=table)
            db.clock.advance(60)

    operation, request = request_of("statement", table)
    before = db(operation, request)
    answer, _ = sliced(db, operation, request, between=deleted)
    assert answer == before


def test_a_slice_has_a_bounded_number_of_rows(db, table, monkeypatch):
    sizes = []
    output = read._output
    monkeypatch.setattr(read, "_output", lambda request, rows: sizes.append(len(rows)) or output(request, rows))
    sliced(db, *request_of("scan", table))
    assert sum(sizes) == ITEMS
    assert max(sizes) <= 5


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"Limit": 5, **FILTER},
        {"FilterExpression": "m < :limit", "ExpressionAttributeValues": {":limit": {"N": "40"}}},
        {"ProjectionExpression": "n", "Limit": 30},
    ],
)
def test_ordinary_pages_are_answered_at_once(db, table, request_):
    _, steps = sliced(db, "Scan", {"TableName": table, **request_})
    assert steps == 0


def test_callers_that_cannot_wait_get_the_answer_at_once(db, table):
    assert not db.emulator.database.sliced
    assert db("Scan", TableName=table, **FILTER)["Count"] == 40


def test_large_rows_count_by_their_bytes():
    request = read.PageRequest(None, None, (b"", b""), False, 1, False, weight=900)
    assert not read._takes_long(request, [b"x" * 100] * 100)
    assert read._takes_long(request, [b"x" * 100_000] * 3)
    assert finish(read.complete(request, read.Page([], 0, 0, None, None))) is None
