"""Requests of any length get short answers, and the work on them is bounded.

An answer names ten failures at most (behaviour 3.1).
"""

import orjson
import pytest

from emulator import errors, limits
from emulator.errors import ApiError
from emulator.model import validate
from emulator.model.service import request_model
from tests.support.long_requests import LONG_REQUESTS, MANY
from tests.support.tables import table_request

ANSWER = 64 * 1024  # the maximum number of bytes that an answer may have


def refusal(operation, raw):
    model = request_model(operation)
    with pytest.raises(ApiError) as caught:
        model.validate(model.parse(orjson.loads(orjson.dumps(raw))))
    return caught.value


@pytest.mark.parametrize("name", LONG_REQUESTS)
def test_the_answer_is_short(name):
    error = refusal(*LONG_REQUESTS[name])
    assert error.code == "ValidationException"
    assert "failed to satisfy constraint: Member must" in error.message
    assert len(orjson.dumps(error.body())) < ANSWER


@pytest.mark.parametrize("name", LONG_REQUESTS)
def test_few_failures_are_collected(name, monkeypatch):
    made = []
    failure = validate.Failure
    monkeypatch.setattr(validate, "Failure", lambda *values: made.append(values) or failure(*values))
    refusal(*LONG_REQUESTS[name])
    assert 0 < len(made) <= 40


def test_only_a_part_of_a_too_long_list_is_read():
    model = request_model("TransactWriteItems")
    request = model.parse({"TransactItems": [{} for _ in range(MANY)]})
    assert len(request["TransactItems"]) == 1_000


@pytest.mark.parametrize(
    ("operation", "raw", "member", "kept"),
    [
        ("GetItem", {"ExpressionAttributeNames": {f"#{number}": "a" for number in range(MANY)}}, None, 10_000),
        ("Scan", {"ExpressionAttributeValues": {f":{number}": {"S": "a"} for number in range(MANY)}}, None, 10_000),
        ("ExecuteStatement", {"Parameters": [{"S": "a"}] * MANY}, None, 10_000),
        ("CreateTable", {"AttributeDefinitions": [{"AttributeName": "a"}] * MANY}, None, 10_000),
        ("BatchWriteItem", {"RequestItems": {str(number): [] for number in range(MANY)}}, None, 1_000),
        ("BatchWriteItem", {"RequestItems": {"tab": [{}] * MANY}}, "tab", 1_000),
        ("GetItem", {"AttributesToGet": ["a"] * MANY}, None, MANY),
        ("UpdateItem", {"AttributeUpdates": {str(number): {} for number in range(MANY)}}, None, MANY),
    ],
)
def test_how_much_of_a_long_collection_is_read(operation, raw, member, kept):
    [found] = request_model(operation).parse(raw).values()
    assert len(found if member is None else found[member]) == kept


def test_the_member_that_is_reported_first_can_use_up_all_failures():
    wrong = {
        "TableName": "",
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "X"}] * 12,
        "KeySchema": [{"AttributeName": "a", "KeyType": "X"}],
    }
    message = refusal("CreateTable", wrong).message
    assert message.startswith("10 validation errors detected: ")
    assert [f"attributeDefinitions.{number}.member" in message for number in (1, 10, 11)] == [True, True, False]
    assert "tableName" not in message


def test_members_are_reported_in_order_even_if_failures_were_left_out():
    wrong = {
        "GlobalSecondaryIndexes": [{}] * 12,
        "TableName": "",
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "X"}] * 2,
        "KeySchema": [{"AttributeName": "a", "KeyType": "X"}],
        "BillingMode": "X",
    }
    message = refusal("CreateTable", wrong).message
    positions = [
        message.index(text)
        for text in (
            "attributeDefinitions.1.member",
            "attributeDefinitions.2.member",
            "tableName",
            "keySchema.1.member",
            "globalSecondaryIndexes.1.member",
        )
    ]
    assert positions == sorted(positions)
    assert message.count(" failed to satisfy ") == 10
    assert "billingMode" not in message


def test_long_values_are_shortened_and_short_ones_stay_whole():
    message = refusal(
        "TransactWriteItems", {"TransactItems": [{}] * MANY, "ReturnConsumedCapacity": "B" * 1_000}
    ).message
    assert f"Value '{'B' * 1_000}' at 'returnConsumedCapacity'" in message


@pytest.mark.parametrize("length", [255, 5_000, 20_000])
def test_a_value_that_fits_is_printed_whole(length):
    name = "a" * length + "!"
    assert refusal("GetItem", {"TableName": name, "Key": {}}).message.count(name) >= 1


@pytest.mark.parametrize("text", ["", "a", "é" * 50, "\x01" * 50, '"' * 50, "a" * 10_000, "\U0001f600" * 3_000])
@pytest.mark.parametrize("most", [3, 60, 5_000])
def test_shortened(text, most):
    short = errors.shortened(text, most)
    assert len(orjson.dumps(short)) - 2 <= max(most, 3)
    assert short == text or (short.endswith("...") and text.startswith(short[:-3]))
    if len(orjson.dumps(text)) - 2 <= most:
        assert short == text


def test_every_long_message_is_shortened():
    error = errors.names_unused(f"#name{number}" for number in range(100_000))
    assert len(orjson.dumps(error.body())) < ANSWER


NAMES = [f"{number:06}" for number in range(80_000)]
ITEM_TOO_LARGE = "Item size has exceeded the maximum allowed size"
LEGACY = [
    (
        "PutItem",
        {"Item": {"pk": {"S": "a"}}},
        "Expected",
        {"Exists": False},
        f"1 validation error detected: {ITEM_TOO_LARGE}",
    ),
    (
        "DeleteItem",
        {"Key": {"pk": {"S": "a"}}},
        "Expected",
        {"Exists": False},
        f"1 validation error detected: {ITEM_TOO_LARGE}",
    ),
    ("Scan", {}, "ScanFilter", {"ComparisonOperator": "NULL"}, ITEM_TOO_LARGE),
    (
        "UpdateItem",
        {"Key": {"pk": {"S": "a"}}},
        "AttributeUpdates",
        {"Action": "DELETE"},
        "Item size to update has exceeded the maximum allowed size",
    ),
]


@pytest.mark.parametrize(("operation", "rest", "member", "element", "message"), LEGACY, ids=lambda part: str(part)[:20])
def test_legacy_parameters_with_more_names_than_an_item_has_room_for(db, operation, rest, member, element, message):
    """The request is refused before its last entries are read."""
    db("CreateTable", **table_request("pk:S", TableName="tab"))
    request = {"TableName": "tab", **rest, member: dict.fromkeys(NAMES, element) | {"last": "is not an object"}}
    assert db.error(operation, **request) == ("ValidationException", message)
    request[member] = dict.fromkeys(NAMES[:1_000], element)
    db(operation, **request)


def test_attributes_to_get_with_more_names_than_an_item_has_room_for(db):
    """As for the other legacy parameters, the request is refused before its last names are read."""
    db("CreateTable", **table_request("pk:S", TableName="tab"))
    request = {"TableName": "tab", "Key": {"pk": {"S": "a"}}}
    too_large = ("ValidationException", ITEM_TOO_LARGE)
    assert db.error("GetItem", **request, AttributesToGet=[*NAMES, 5]) == too_large
    keys = {"tab": {"Keys": [request["Key"]], "AttributesToGet": [*NAMES, 5]}}
    assert db.error("BatchGetItem", RequestItems=keys) == too_large
    repeated = "One or more parameter values were invalid: Duplicate value in attribute name: 000007"
    names = [*NAMES[:20], "000007", *NAMES[20:]]
    assert db.error("GetItem", **request, AttributesToGet=names) == ("ValidationException", repeated)
    assert db("GetItem", **request, AttributesToGet=NAMES[: limits.LEGACY_NAMES // 6]) == {}
