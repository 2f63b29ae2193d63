"""GetItem: found and missing items, and its errors, most without an envelope (behaviour 3.6, 5)."""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name

NO_TABLE = ("ResourceNotFoundException", "Requested resource not found")


@pytest.mark.parametrize("consistent", [False, True])
def test_item(client, shared_table, key, consistent):
    client.put_item(TableName=shared_table, Item={**key, "a": {"BOOL": False}})
    answer = client.get_item(TableName=shared_table, Key=key, ConsistentRead=consistent)
    assert without_metadata(answer) == {"Item": {**key, "a": {"BOOL": False}}}


@pytest.mark.parametrize("more", [{}, {"ProjectionExpression": "a"}, {"AttributesToGet": ["a"]}])
def test_missing_item_has_no_item_member(client, shared_table, key, more):
    assert without_metadata(client.get_item(TableName=shared_table, Key=key, **more)) == {}


def test_order_of_the_key_attributes_does_not_matter(client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key)
    assert client.get_item(TableName=shared_table, Key={"sk": key["sk"], "pk": key["pk"]})["Item"] == key


REFUSALS = {
    "no table name": (
        {"TableName": None},
        "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
    ),
    "no key": (
        {"Key": None},
        "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
    ),
    "empty table name": (
        {"TableName": ""},
        (
            "1 validation error detected: Value at 'TableName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        ),
    ),
    "bad enum": (
        {"ReturnConsumedCapacity": "total"},
        (
            "1 validation error detected: Value 'total' at 'returnConsumedCapacity' failed to satisfy constraint: "
            "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
        ),
    ),
    "names without expression": (
        {"ExpressionAttributeNames": {"#n": "a"}},
        "ExpressionAttributeNames can only be specified when using expressions",
    ),
    "empty names": (
        {"ProjectionExpression": "a", "ExpressionAttributeNames": {}},
        "ExpressionAttributeNames must not be empty",
    ),
    "empty projection": (
        {"ProjectionExpression": ""},
        "Invalid ProjectionExpression: The expression can not be empty;",
    ),
    "reserved word": (
        {"ProjectionExpression": "a.Status"},
        "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: Status",
    ),
    "undefined name": (
        {"ProjectionExpression": "#x"},
        (
            "Invalid ProjectionExpression: An expression attribute name used in the document path is not defined; "
            "attribute name: #x"
        ),
    ),
    "overlap": (
        {"ProjectionExpression": "a.b, a"},
        (
            "Invalid ProjectionExpression: Two document paths overlap with each other; "
            "must remove or rewrite one of these paths; path one: [a, b], path two: [a]"
        ),
    ),
    "conflict": (
        {"ProjectionExpression": "a.b, a[0]"},
        (
            "Invalid ProjectionExpression: Two document paths conflict with each other; "
            "must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]"
        ),
    ),
    "unused name": (
        {"ProjectionExpression": "a", "ExpressionAttributeNames": {"#n": "b"}},
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}",
    ),
    "too long": (
        {"ProjectionExpression": "a" * 4097},
        "Invalid ProjectionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097",
    ),
    "legacy and expression": (
        {"ProjectionExpression": "a", "AttributesToGet": ["b"]},
        (
            "Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        ),
    ),
    "duplicate attribute": (
        {"AttributesToGet": ["a", "b", "a"]},
        "One or more parameter values were invalid: Duplicate value in attribute name: a",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(refused, shared_table, key, case):
    changes, text = REFUSALS[case]
    request = {"TableName": shared_table, "Key": key, **changes}
    request = {name: value for name, value in request.items() if value is not None}
    assert refused("get_item", **request) == ("ValidationException", text)


def test_missing_table(refused, key):
    assert refused("get_item", TableName=new_name(), Key=key) == NO_TABLE


def test_capacity_of_a_table_named_by_its_arn_echoes_the_arn(client, shared_table, key):
    arn = client.describe_table(TableName=shared_table)["Table"]["TableArn"]
    answer = client.get_item(TableName=arn, Key=key, ReturnConsumedCapacity="TOTAL")
    assert without_metadata(answer) == {"ConsumedCapacity": {"TableName": arn, "CapacityUnits": 0.5}}
