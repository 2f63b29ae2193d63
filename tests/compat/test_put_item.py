"""PutItem: replacement, ReturnValues, conditions, and errors that need no table.

See behaviour 3.5, 3.6, 4.6 and 5."""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name

ENVELOPE = "1 validation error detected: "
ENUM_CAPACITY = (
    "Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
    "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
)
ENUM_VALUES = (
    "Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
ENUM_METRICS = (
    "Value 'X' at 'returnItemCollectionMetrics' failed to satisfy constraint: "
    "Member must satisfy enum value set: [SIZE, NONE]"
)
NULL = "Value null at '{}' failed to satisfy constraint: Member must not be null"


def read(client, table, key):
    return client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def test_the_answer_is_empty_by_default(client, shared_table, key):
    answer = client.put_item(TableName=shared_table, Item={**key, "a": {"N": "1"}})
    assert without_metadata(answer) == {}


def test_replaces_the_whole_item(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": {"N": "1"}, "b": {"N": "2"}})
    client.put_item(TableName=shared_table, Item={**key, "b": {"N": "3"}})
    assert read(client, shared_table, key) == {**key, "b": {"N": "3"}}


def test_an_item_may_have_only_its_key(client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key)
    assert read(client, shared_table, key) == key


def test_all_old_of_a_new_item_is_absent(client, shared_table, key):
    answer = client.put_item(TableName=shared_table, Item=key, ReturnValues="ALL_OLD")
    assert without_metadata(answer) == {}


def test_all_old_returns_the_replaced_item(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": {"L": [{"S": "x"}]}})
    answer = client.put_item(TableName=shared_table, Item={**key, "b": {"N": "2"}}, ReturnValues="ALL_OLD")
    assert without_metadata(answer) == {"Attributes": {**key, "a": {"L": [{"S": "x"}]}}}


def test_return_values_none(client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key)
    answer = client.put_item(TableName=shared_table, Item=key, ReturnValues="NONE", ReturnConsumedCapacity="NONE")
    assert without_metadata(answer) == {}


@pytest.mark.parametrize("mode", ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_return_values_of_updates_are_refused(refused, shared_table, key, mode):
    assert refused("put_item", TableName=shared_table, Item=key, ReturnValues=mode) == (
        "ValidationException",
        ENVELOPE + "ReturnValues can only be ALL_OLD or NONE",
    )


def test_names_may_have_dots_spaces_and_non_ascii_characters(client, shared_table, key):
    item = {
        **key,
        "a.b": {"N": "1"},
        "two words": {"N": "2"},
        "é日": {"N": "3"},
        "select": {"N": "4"},
        "\n": {"N": "5"},
    }
    client.put_item(TableName=shared_table, Item=item)
    assert read(client, shared_table, key) == item


REFUSALS = {
    "no table name": ({"TableName": None}, ENVELOPE + NULL.format("tableName")),
    "no item": ({"Item": None}, ENVELOPE + NULL.format("item")),
    "empty table name": (
        {"TableName": "", "ReturnConsumedCapacity": "X"},
        ENVELOPE
        + "Value at 'TableName' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
    "table name with other characters": (
        {"TableName": "bad table!@#"},
        ENVELOPE + "Value 'bad table!@#' at 'tableName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    ),
    "table name too long": (
        {"TableName": "t" * 256},
        ENVELOPE + f"Value '{'t' * 256}' at 'tableName' failed to satisfy constraint: "
        "Member must have length less than or equal to 255",
    ),
    "three enums": (
        {"ReturnValues": "X", "ReturnItemCollectionMetrics": "X", "ReturnConsumedCapacity": "X"},
        f"3 validation errors detected: {ENUM_CAPACITY}; {ENUM_VALUES}; {ENUM_METRICS}",
    ),
    "failure mode": (
        {"ReturnValuesOnConditionCheckFailure": "X"},
        ENVELOPE + "Value 'X' at 'returnValuesOnConditionCheckFailure' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ALL_OLD, NONE]",
    ),
    "values without expression": (
        {"ExpressionAttributeValues": {":v": {"N": "1"}}},
        ENVELOPE + "ExpressionAttributeValues can only be specified when using expressions",
    ),
    "names without expression": (
        {"ExpressionAttributeNames": {"#n": "a"}},
        ENVELOPE + "ExpressionAttributeNames can only be specified when using expressions",
    ),
    "empty values": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeValues": {}},
        ENVELOPE + "ExpressionAttributeValues must not be empty",
    ),
    "empty names": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeNames": {}},
        ENVELOPE + "ExpressionAttributeNames must not be empty",
    ),
    "malformed alias": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeNames": {"n": "a"}},
        ENVELOPE + 'ExpressionAttributeNames contains invalid key: Syntax error; key: "n"',
    ),
    "malformed placeholder": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeValues": {":v-1": {"N": "1"}}},
        ENVELOPE + 'ExpressionAttributeValues contains invalid key: Syntax error; key: ":v-1"',
    ),
    "legacy and expression": (
        {"ConditionExpression": "attribute_exists(a)", "Expected": {"a": {"Exists": False}}},
        ENVELOPE + "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
    ),
    "bad expression": (
        {"ConditionExpression": "attribute_exists("},
        ENVELOPE + 'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("',
    ),
    "unused name": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeNames": {"#n": "a", "#m": "b"}},
        ENVELOPE + "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n, #m}",
    ),
    "unused value": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeValues": {":v": {"N": "1"}}},
        ENVELOPE + "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(refused, shared_table, key, case):
    changes, text = REFUSALS[case]
    request = {"TableName": shared_table, "Item": key, **changes}
    request = {name: value for name, value in request.items() if value is not None}
    assert refused("put_item", **request) == ("ValidationException", text)


def test_missing_table(refused, key):
    assert refused("put_item", TableName=new_name(), Item=key) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )


def test_table_arn_is_a_table_name(client, shared_table, key):
    arn = client.describe_table(TableName=shared_table)["Table"]["TableArn"]
    answer = client.put_item(TableName=arn, Item=key, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": arn, "CapacityUnits": 1.0}
    assert read(client, shared_table, key) == key


def test_unknown_members_and_nulls_are_ignored(post, client, shared_table, key):
    body = {"TableName": shared_table, "Item": {**key, "a": {"S": "x", "N": None}}, "Unknown": 1, "ReturnValues": None}
    assert post("PutItem", body).json == {}
    assert read(client, shared_table, key) == {**key, "a": {"S": "x"}}
