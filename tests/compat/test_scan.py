"""Scan: order, segments, filters, Select, start keys (behaviour 6)."""

import hashlib
import random

import pytest

from tests.support.tables import index_request, new_name

INVALID = "One or more parameter values were invalid: "
ONE = "1 validation error detected: "
START = "The provided starting key is invalid"


def fill(client, name, items):
    for start in range(0, len(items), 25):
        batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={name: batch})


def scanned(client, **request):
    """Return all items that a Scan finds, read page by page."""
    items = []
    while True:
        page = client.scan(**request)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def place(content):
    """Return the digest of a partition key. A Scan returns partitions in the order of digests."""
    return hashlib.md5(b"Outliers" + content).digest()


NUMBER_BYTES = {
    "0": "80",
    "1": "C102",
    "-1": "3E6466",
    "100": "C202",
    "0.5": "C033",
    "12345": "C302182E",
    "-0.5": "3F3366",
    "1E125": "FF0B",
}


@pytest.fixture(scope="module")
def scattered(client, make_shared_table):
    """Return a table and its items, in the order of a Scan.

    The table has forty partitions of three items, every second of which is in the index `global`.
    """
    name = make_shared_table("pk:S sk:N", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")])
    items = [
        {"pk": {"S": f"partition {partition}"}, "sk": {"N": str(sort)}, "n": {"N": str(partition)}}
        | ({"g": {"S": f"g{partition}"}} if partition % 2 else {})
        for partition in range(40)
        for sort in (-1, 2, 10)
    ]
    random.Random(3).shuffle(items)
    fill(client, name, items)
    return name, sorted(items, key=lambda item: (place(item["pk"]["S"].encode()), float(item["sk"]["N"])))


def test_order_is_that_of_the_partitions_digests(client, scattered):
    name, ordered = scattered
    assert scanned(client, TableName=name) == ordered
    assert scanned(client, TableName=name, Limit=7, ConsistentRead=True) == ordered


def test_order_of_number_partitions(client, make_table):
    name = make_table("pk:N")
    fill(client, name, [{"pk": {"N": number}} for number in NUMBER_BYTES])
    wanted = sorted(NUMBER_BYTES, key=lambda number: place(bytes.fromhex(NUMBER_BYTES[number])))
    found = [item["pk"]["N"] for item in scanned(client, TableName=name)]
    assert [float(number) for number in found] == [float(number) for number in wanted]


def test_order_of_binary_partitions(client, make_table):
    name = make_table("pk:B")
    keys = [bytes([number]) * (number + 1) for number in range(20)]
    fill(client, name, [{"pk": {"B": key}} for key in keys])
    assert [item["pk"]["B"] for item in scanned(client, TableName=name)] == sorted(keys, key=place)


@pytest.mark.parametrize("total", [1, 2, 3, 7, 64, 1_000_000])
def test_segments_together_are_the_table(client, scattered, total):
    name, ordered = scattered
    if total > 100:  # too many to scan them all: scan only segments that have items
        numbers = sorted({int.from_bytes(place(item["pk"]["S"].encode())) * total >> 128 for item in ordered})
    else:
        numbers = range(total)
    pieces = [scanned(client, TableName=name, Segment=number, TotalSegments=total) for number in numbers]
    assert [item for piece in pieces for item in piece] == ordered
    partitions = [{item["pk"]["S"] for item in piece} for piece in pieces]
    assert sum(map(len, partitions)) == 40


def test_segments_by_pages_and_with_an_index(client, scattered):
    name, ordered = scattered
    whole = scanned(client, TableName=name, IndexName="global")
    assert sorted(whole, key=str) == sorted((item for item in ordered if "g" in item), key=str)
    pieces = [
        scanned(client, TableName=name, IndexName="global", Segment=number, TotalSegments=5, Limit=2)
        for number in range(5)
    ]
    assert [item for piece in pieces for item in piece] == whole


def test_filter_projection_and_counts(client, scattered):
    name, ordered = scattered
    answer = client.scan(
        TableName=name,
        FilterExpression="n < :n AND pk <> :p",
        ExpressionAttributeValues={":n": {"N": "3"}, ":p": {"S": "partition 1"}},
        ProjectionExpression="n",
    )
    assert [item["n"]["N"] for item in answer["Items"]] == [
        item["n"]["N"] for item in ordered if item["n"]["N"] in ("0", "2")
    ]
    assert (answer["Count"], answer["ScannedCount"]) == (6, 120)
    answer = client.scan(TableName=name, Select="COUNT", Limit=50)
    assert "Items" not in answer
    assert (answer["Count"], answer["ScannedCount"]) == (50, 50)
    assert answer["LastEvaluatedKey"] == {each: ordered[49][each] for each in ("pk", "sk")}


def test_an_empty_table(client, make_table):
    name = make_table()
    answer = client.scan(TableName=name)
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 0)
    assert "LastEvaluatedKey" not in answer


# --- refused requests -----------------------------------------------------------------------------

TOTAL_REQUIRED = (
    "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
)
MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {%s} Expression parameters: {%s}"
)
ONLY = "{} can only be specified when using expressions"
EQ = {"ComparisonOperator": "EQ"}
COUNT = INVALID + "Invalid number of argument(s) for the EQ ComparisonOperator"
REPEATED = INVALID + "Duplicate value in attribute name: a"
NO_TYPE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
NO_TYPE_IN_START = f"{START}: {NO_TYPE}"

REFUSED = {
    "segment alone": ({"Segment": 0}, TOTAL_REQUIRED),
    "total alone": (
        {"TotalSegments": 4},
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
    ),
    "segment not below total": (
        {"Segment": 5, "TotalSegments": 5},
        (
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: 5 is not less than TotalSegments: 5"
        ),
    ),
    "negative segment": (
        {"Segment": -1, "TotalSegments": 5},
        ONE + "Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0",
    ),
    "no segments": (
        {"Segment": 0, "TotalSegments": 0},
        ONE
        + "Value '0' at 'totalSegments' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    "limit": (
        {"Limit": 0},
        ONE + "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    "limit and segment": (
        {"Limit": -7, "Segment": -1, "TotalSegments": 1},
        (
            "2 validation errors detected: "
            "Value '-7' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1; "
            "Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0"
        ),
    ),
    "specific without projection": (
        {"Select": "SPECIFIC_ATTRIBUTES"},
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
    ),
    "all and projection": (
        {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "a"},
        "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
    ),
    "all and attributes": (
        {"Select": "ALL_ATTRIBUTES", "AttributesToGet": ["a"]},
        "Cannot specify the AttributesToGet when choosing to get ALL_ATTRIBUTES",
    ),
    "count and projection": (
        {"Select": "COUNT", "ProjectionExpression": "a"},
        "Cannot specify the ProjectionExpression when choosing to get only the Count",
    ),
    "projected attributes of no index": (
        {"Select": "ALL_PROJECTED_ATTRIBUTES"},
        "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
    ),
    "filter": (
        {"FilterExpression": "a = a"},
        (
            "Invalid FilterExpression: The first operand must be distinct from the remaining operands for this operator or "
            "function; operator: =, first operand: [a]"
        ),
    ),
    "mixed": (
        {
            "FilterExpression": "a = :a",
            "ExpressionAttributeValues": {":a": {"S": "a"}},
            "AttributesToGet": ["s"],
        },
        MIXED % ("AttributesToGet", "FilterExpression"),
    ),
    "several mixed": (
        {"FilterExpression": "a", "ProjectionExpression": "a", "ScanFilter": {}, "ConditionalOperator": "OR"},
        MIXED % ("ScanFilter, ConditionalOperator", "ProjectionExpression, FilterExpression"),
    ),
    # The text of the OLD layer also says which expression is missing (behaviour 3.6).
    "values alone": (
        {"ExpressionAttributeValues": {":a": {"S": "a"}}},
        ONLY.format("ExpressionAttributeValues") + ": FilterExpression is null",
    ),
    "values and a projection": (
        {"ExpressionAttributeValues": {":a": {"S": "a"}}, "ProjectionExpression": "a"},
        ONLY.format("ExpressionAttributeValues") + ": FilterExpression is null",
    ),
    "names alone": ({"ExpressionAttributeNames": {"#a": "a"}}, ONLY.format("ExpressionAttributeNames")),
    # These errors are reported before wrong members Segment and TotalSegments.
    "before the total: arguments": ({"Segment": 1, "ScanFilter": {"a": {**EQ, "AttributeValueList": []}}}, COUNT),
    "before the total: mixed": (
        {"Segment": 1, "ProjectionExpression": "a", "ScanFilter": {}},
        MIXED % ("ScanFilter", "ProjectionExpression"),
    ),
    "before the total: names": (
        {"Segment": 1, "ExpressionAttributeNames": {"#a": "a"}},
        ONLY.format("ExpressionAttributeNames"),
    ),
    "before the total: values": (
        {"TotalSegments": 1, "ExpressionAttributeValues": {":a": {}}},
        ONLY.format("ExpressionAttributeValues") + ": FilterExpression is null",
    ),
    "before the total: attributes": ({"Segment": 1, "AttributesToGet": ["a", "a"]}, REPEATED),
    "before the total: start key": ({"Segment": 1, "ExclusiveStartKey": {"pk": {}}}, NO_TYPE_IN_START),
    "before the total: start key out of range": (
        {"Segment": 2, "TotalSegments": 2, "ExclusiveStartKey": {"pk": {}}},
        NO_TYPE_IN_START,
    ),
    # Requests with two errors: the first word of the name says which is reported.
    "arguments before start key": (
        {"ScanFilter": {"a": EQ}, "ExclusiveStartKey": {"pk": {}}},
        COUNT,
    ),
    "attributes before start key": (
        {"AttributesToGet": ["a", "a"], "ExclusiveStartKey": {"pk": {"N": "x"}}},
        REPEATED,
    ),
    "value before arguments": (
        {"ScanFilter": {"a": EQ, "b": {**EQ, "AttributeValueList": [{}]}}, "ExclusiveStartKey": {"pk": {}}},
        NO_TYPE,
    ),
    "segment before filter": ({"Segment": 1, "FilterExpression": "a ="}, TOTAL_REQUIRED),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_before_the_table_is_looked_up(refused, case):
    request, message = REFUSED[case]
    assert refused("scan", TableName="missing", **request) == ("ValidationException", message)


S = {"S": "x"}
OUTSIDE = START + ": The provided key element does not match the schema"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({}, OUTSIDE),
        ({"pk": S}, OUTSIDE),
        ({"pk": S, "sk": S}, OUTSIDE),
        ({"pk": {"N": "1"}, "sk": {"N": "1"}}, OUTSIDE),
        ({"pk": S, "sk": {"N": "1"}, "n": S}, OUTSIDE),
        ({"pk": S, "sk": {"N": "one"}}, "The parameter cannot be converted to a numeric value: one"),
        ({"pk": S, "sk": {"NS": ["1", "1"]}}, "Input collection contains duplicates"),
        (
            {"pk": {"S": ""}, "sk": {"N": "1"}},
            START + ": One or more parameter values are not valid. "
            "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
    ],
)
def test_refuses_start_keys(refused, scattered, start, message):
    """Regions word these errors differently; the texts are those of us-east-1 (behaviour 6.1)."""
    name, _ = scattered
    assert refused("scan", TableName=name, ExclusiveStartKey=start) == ("ValidationException", message)


def test_a_start_key_of_another_segment(client, refused, scattered):
    name, ordered = scattered
    first = {each: ordered[0][each] for each in ("pk", "sk")}
    answer = refused("scan", TableName=name, ExclusiveStartKey=first, Segment=3, TotalSegments=4)
    assert answer == (
        "ValidationException",
        START + ": Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
        "TotalSegments: 4 Segment: 3",
    )
    answer = client.scan(TableName=name, ExclusiveStartKey=first, Segment=0, TotalSegments=4, Limit=1)
    assert answer["Items"] == [ordered[1]]


def test_a_start_key_need_not_exist(client, scattered):
    name, ordered = scattered
    start = {"pk": ordered[0]["pk"], "sk": {"N": "0.5"}}
    assert client.scan(TableName=name, ExclusiveStartKey=start, Limit=2)["Items"] == ordered[1:3]
    start = {"pk": {"S": new_name()}, "sk": {"N": "0"}}
    rest = [item for item in ordered if place(item["pk"]["S"].encode()) > place(start["pk"]["S"].encode())]
    assert scanned(client, TableName=name, ExclusiveStartKey=start) == rest
