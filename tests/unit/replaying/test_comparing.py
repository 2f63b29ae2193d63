"""Which differences between a recorded and a new answer a replay reports."""

import pytest

from emulator.replaying.comparing import Comparison

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Orders"
OTHER_ARN = "arn:aws:dynamodb:us-east-1:999999999999:table/Orders"


def item(name):
    return {"pk": {"S": name}}


@pytest.mark.parametrize(
    ("operation", "one", "two", "paths"),
    [
        ("GetItem", {}, {}, []),
        ("GetItem", {"Item": item("a")}, {"Item": item("b")}, ["Item.pk.S"]),
        ("GetItem", {"Item": item("a")}, {}, ["Item"]),
        ("GetItem", {}, {"Item": item("a")}, ["Item"]),
        ("GetItem", None, {}, ["answer"]),
        ("GetItem", {"message": "a"}, {"message": "b"}, ["message"]),
        ("GetItem", {"message": f"no {ARN}"}, {"message": f"no {OTHER_ARN}"}, []),
        ("GetItem", {"Item": {"x": {"S": ARN}}}, {"Item": {"x": {"S": OTHER_ARN}}}, ["Item.x.S"]),
        ("GetItem", {"Item": {"TableId": {"S": "a"}}}, {"Item": {"TableId": {"S": "b"}}}, ["Item.TableId.S"]),
        ("GetItem", {"Item": {"TableId": {"S": "a"}}}, {"Item": {}}, ["Item.TableId"]),
        ("GetItem", {"Item": {"x": {"SS": ["a", "b"]}}}, {"Item": {"x": {"SS": ["b", "a"]}}}, []),
        (
            "GetItem",
            {"Item": {"x": {"L": [{"S": "a"}, {"S": "b"}]}}},
            {"Item": {"x": {"L": [{"S": "b"}, {"S": "a"}]}}},
            ["Item.x.L[0].S", "Item.x.L[1].S"],
        ),
        ("GetItem", {"Item": {"x": {"N": "1"}}}, {"Item": {"x": {"N": "1.0"}}}, ["Item.x.N"]),
        ("Scan", {"Items": [item("a"), item("b")]}, {"Items": [item("b"), item("a")]}, []),
        ("Scan", {"Items": [item("a")]}, {"Items": [item("a"), item("b")]}, ["Items[1]"]),
        (
            "Query",
            {"Items": [item("a"), item("b")]},
            {"Items": [item("b"), item("a")]},
            ["Items[0].pk.S", "Items[1].pk.S"],
        ),
        (
            "BatchGetItem",
            {"Responses": {"Orders": [item("a"), item("b")]}},
            {"Responses": {"Orders": [item("b"), item("a")]}},
            [],
        ),
        (
            "TransactGetItems",
            {"Responses": [{"Item": item("a")}, {}]},
            {"Responses": [{}, {"Item": item("a")}]},
            ["Responses[0].Item", "Responses[1].Item"],
        ),
        ("DescribeTable", {"Table": {"TableId": "1", "TableArn": ARN}}, {"Table": {"TableArn": OTHER_ARN}}, []),
        (
            "DescribeTable",
            {"Table": {"KeySchema": [{"AttributeName": "a"}, {"AttributeName": "b"}]}},
            {"Table": {"KeySchema": [{"AttributeName": "b"}, {"AttributeName": "a"}]}},
            ["Table.KeySchema[0].AttributeName", "Table.KeySchema[1].AttributeName"],
        ),
        (
            "ListStreams",
            {"Streams": [{"StreamArn": f"{ARN}/stream/2026-01-01T00:00:00.000"}]},
            {"Streams": [{"StreamArn": f"{OTHER_ARN}/stream/2027-02-02T11:11:11.111"}]},
            [],
        ),
        (
            "GetItem",
            {"ConsumedCapacity": {"CapacityUnits": 0.5}},
            {"ConsumedCapacity": {"CapacityUnits": 1.0}},
            ["ConsumedCapacity.CapacityUnits"],
        ),
    ],
)
def test_differences(operation, one, two, paths):
    assert [each.path for each in Comparison(operation, one, two).differences] == paths


def test_what_is_not_counted_is_listed():
    one = {"Table": {"TableId": "1", "CreationDateTime": 1.5, "TableArn": ARN, "ItemCount": 0}}
    two = {"Table": {"TableId": "2", "CreationDateTime": 2.5, "TableArn": OTHER_ARN, "ItemCount": 0}}
    compared = Comparison("DescribeTable", one, two)
    assert compared.differences == []
    assert compared.ignored == {"TableId": 1, "CreationDateTime": 1, "accounts and dates in ARNs": 1}
