"""DeleteItem: missing items, ReturnValues, refusals (behaviour 3.5, 3.6, 4.6, 5)."""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name

ENVELOPE = "1 validation error detected: "


def test_deletes(client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key)
    assert without_metadata(client.delete_item(TableName=shared_table, Key=key)) == {}
    assert "Item" not in client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)


def test_neighbouring_items_stay(client, shared_table, key):
    other = {**key, "sk": {"S": "other"}}
    for each in (key, other):
        client.put_item(TableName=shared_table, Item=each)
    client.delete_item(TableName=shared_table, Key=key)
    assert client.get_item(TableName=shared_table, Key=other, ConsistentRead=True)["Item"] == other


@pytest.mark.parametrize("mode", ["NONE", "ALL_OLD"])
def test_missing_item(client, shared_table, key, mode):
    assert without_metadata(client.delete_item(TableName=shared_table, Key=key, ReturnValues=mode)) == {}


def test_all_old_returns_the_deleted_item(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": {"SS": ["x"]}})
    answer = client.delete_item(TableName=shared_table, Key=key, ReturnValues="ALL_OLD")
    assert without_metadata(answer) == {"Attributes": {**key, "a": {"SS": ["x"]}}}


REFUSALS = {
    "no key": ({"Key": None}, ENVELOPE + "Value null at 'key' failed to satisfy constraint: Member must not be null"),
    "ALL_NEW": ({"ReturnValues": "ALL_NEW"}, ENVELOPE + "ReturnValues can only be ALL_OLD or NONE"),
    "UPDATED_OLD": ({"ReturnValues": "UPDATED_OLD"}, ENVELOPE + "ReturnValues can only be ALL_OLD or NONE"),
    "UPDATED_NEW": ({"ReturnValues": "UPDATED_NEW"}, ENVELOPE + "ReturnValues can only be ALL_OLD or NONE"),
    "two enums": (
        {"ReturnValues": "X", "ReturnConsumedCapacity": "X"},
        (
            "2 validation errors detected: Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
            "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; "
            "Failed to satisfy constraint: Member must satisfy enum value set: "
            "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
        ),
    ),
    "values without expression": (
        {"ExpressionAttributeValues": {":v": {"N": "1"}}},
        ENVELOPE + "ExpressionAttributeValues can only be specified when using expressions",
    ),
    "bad expression": (
        {"ConditionExpression": "a = :v"},
        ENVELOPE + "Invalid ConditionExpression: "
        "An expression attribute value used in expression is not defined; attribute value: :v",
    ),
    "legacy and expression": (
        {"ConditionExpression": "attribute_exists(a)", "Expected": {}, "ConditionalOperator": "OR"},
        ENVELOPE + "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected, ConditionalOperator} Expression parameters: {ConditionExpression}",
    ),
    "unused value": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeValues": {":v": {"N": "1"}}},
        ENVELOPE + "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(client, refused, shared_table, key, case):
    changes, text = REFUSALS[case]
    client.put_item(TableName=shared_table, Item=key)
    request = {"TableName": shared_table, "Key": key, **changes}
    request = {name: value for name, value in request.items() if value is not None}
    assert refused("delete_item", **request) == ("ValidationException", text)
    assert client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"] == key


def test_missing_table(refused, key):
    assert refused("delete_item", TableName=new_name(), Key=key) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )
