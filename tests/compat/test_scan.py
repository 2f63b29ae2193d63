"""Scan: order, segments, filters, Select, start keys (service-behaviour.md 6)."""

import hashlib
import random

import pytest

from tests.conftest import index_request, new_name, table_request

INVALID = "One or more parameter values were invalid: "
ONE = "1 validation error detected: "
START = "The provided starting key is invalid"


def fill(client, name, items):
    for start in range(0, len(items), 25):
        batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={name: batch})


def scanned(client, **request):
    """Scan to the end, by pages."""
    items = []
    while True:
        page = client.scan(**request)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def place(content):
    """Where the service puts a partition: by this digest, ascending."""
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
def scattered(client):
    """Forty partitions of three items, with an index on the sort key's attribute for half of them."""
    request = table_request("pk:S sk:N", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")])
    name = request["TableName"]
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    items = [
        {"pk": {"S": f"partition {partition}"}, "sk": {"N": str(sort)}, "n": {"N": str(partition)}}
        | ({"g": {"S": f"g{partition}"}} if partition % 2 else {})
        for partition in range(40)
        for sort in (-1, 2, 10)
    ]
    random.Random(3).shuffle(items)
    fill(client, name, items)
    yield name, sorted(items, key=lambda item: (place(item["pk"]["S"].encode()), float(item["sk"]["N"])))
    client.delete_table(TableName=name)


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
def test_segments_are_the_table_cut_in_pieces(client, scattered, total):
    name, ordered = scattered
    if total > 100:  # the segments that have something
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


# --- what Scan refuses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "messages"),
    [
        (
            {"Segment": 0},
            [
                (
                    "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
                    "present"
                )
            ],
        ),
        (
            {"TotalSegments": 4},
            [
                (
                    "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
                    "present"
                )
            ],
        ),
        (
            {"Segment": 5, "TotalSegments": 5},
            [
                "The Segment parameter is zero-based and must be less than parameter TotalSegments",
                (
                    "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                    "Segment: 5 is not less than TotalSegments: 5"
                ),
            ],
        ),
        (
            {"Segment": -1, "TotalSegments": 5},
            [
                ONE
                + "Value at 'Segment' failed to satisfy constraint: Member must have value greater than or equal to 0"
            ],
        ),
        (
            {"Limit": 0},
            [
                ONE
                + "Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
                ONE + "Value '0' at 'limit' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1",
            ],
        ),
        (
            {"Select": "SPECIFIC_ATTRIBUTES"},
            [
                ONE
                + "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
            ],
        ),
        (
            {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "a"},
            [
                "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
                ONE + "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
            ],
        ),
        (
            {"Select": "COUNT", "ProjectionExpression": "a"},
            [
                "Cannot specify the ProjectionExpression when choosing to get only the Count",
                ONE + "Cannot specify the ProjectionExpression when choosing to get only the Count",
            ],
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES"},
            [
                "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
                ONE + "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
            ],
        ),
        ({"FilterExpression": "a = a"}, None),
    ],
)
def test_refuses_before_the_table_is_looked_up(refused, request_, messages):
    code, message = refused("scan", TableName="missing", **request_)
    assert code == "ValidationException"
    messages = messages or [
        (
            "Invalid FilterExpression: The first operand must be distinct from the remaining operands for this operator or "
            "function; operator: =, first operand: [a]"
        )
    ]
    assert message in messages


S = {"S": "x"}
OUTSIDE = (START, START + ": The provided key element does not match the schema")


@pytest.mark.parametrize(
    ("start", "messages"),
    [
        ({}, OUTSIDE),
        ({"pk": S}, OUTSIDE),
        ({"pk": S, "sk": S}, OUTSIDE),
        ({"pk": {"N": "1"}, "sk": {"N": "1"}}, OUTSIDE),
        ({"pk": S, "sk": {"N": "1"}, "n": S}, OUTSIDE),
        ({"pk": S, "sk": {"N": "one"}}, ("The parameter cannot be converted to a numeric value: one",)),
        ({"pk": S, "sk": {"NS": ["1", "1"]}}, ("Input collection contains duplicates",)),
    ],
)
def test_refuses_start_keys(refused, scattered, start, messages):
    name, _ = scattered
    code, message = refused("scan", TableName=name, ExclusiveStartKey=start)
    assert code == "ValidationException"
    assert message in messages


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
