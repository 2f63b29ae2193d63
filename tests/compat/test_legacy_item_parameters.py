"""Expected, ConditionalOperator and AttributeUpdates of the single-item writes (behaviour 18)."""

import pytest

from tests.support.http_clients import without_metadata

ENVELOPE = "1 validation error detected: "
INVALID = "One or more parameter values were invalid: "
FAILED = ("ConditionalCheckFailedException", "The conditional request failed")


def text(content):
    return {"S": content}


def number(content):
    return {"N": content}


def by(operator, *arguments):
    return {"ComparisonOperator": operator, "AttributeValueList": list(arguments)}


# --- Expected -------------------------------------------------------------------------------------

ITEM = {
    "n": number("5"),
    "s": text("hello"),
    "b": {"B": b"\x01\x02"},
    "ss": {"SS": ["x", "y"]},
    "ns": {"NS": ["1", "2"]},
    "l": {"L": [number("1"), text("a")]},
    "m": {"M": {"x": number("1")}},
    "a.b": number("7"),
    "t": {"BOOL": True},
    "nil": {"NULL": True},
}

HOLD = {
    "value": {"n": {"Value": number("5.0")}},
    "value, exists": {"n": {"Value": number("5"), "Exists": True}},
    "not exists": {"gone": {"Exists": False}},
    "name with a dot": {"a.b": {"Value": number("7")}},
    "set in another order": {"ss": {"Value": {"SS": ["y", "x"]}}},
    "document": {"m": {"Value": {"M": {"x": number("1.0")}}}},
    "value with operator": {"n": {"Value": number("4"), "ComparisonOperator": "GT"}},
    "EQ": {"n": by("EQ", number("5"))},
    "EQ list": {"l": by("EQ", ITEM["l"])},
    "NE": {"n": by("NE", number("6"))},
    "NE other type": {"n": by("NE", text("5"))},
    "NE missing": {"gone": by("NE", number("6"))},
    "LT": {"n": by("LT", number("10"))},
    "LE": {"s": by("LE", text("hello"))},
    "GT": {"b": by("GT", {"B": b"\x01"})},
    "GE": {"n": by("GE", number("5"))},
    "BETWEEN": {"n": by("BETWEEN", number("5"), number("6"))},
    "IN": {"s": by("IN", text("x"), text("hello"))},
    "NULL": {"gone": {"ComparisonOperator": "NULL"}},
    "NOT_NULL": {"nil": {"ComparisonOperator": "NOT_NULL"}},
    "NOT_NULL, empty list": {"n": by("NOT_NULL")},
    "CONTAINS part": {"s": by("CONTAINS", text("ell"))},
    "CONTAINS bytes": {"b": by("CONTAINS", {"B": b"\x02"})},
    "CONTAINS member": {"ns": by("CONTAINS", number("2.0"))},
    "CONTAINS element": {"l": by("CONTAINS", text("a"))},
    "NOT_CONTAINS": {"s": by("NOT_CONTAINS", text("z"))},
    "NOT_CONTAINS member": {"ss": by("NOT_CONTAINS", text("z"))},
    "BEGINS_WITH": {"s": by("BEGINS_WITH", text("he"))},
    "two": {"n": {"Value": number("5")}, "s": {"Value": text("hello")}},
}
FAIL = {
    "value": {"n": {"Value": number("6")}},
    "value of another type": {"n": {"Value": text("5")}},
    "value of nothing": {"gone": {"Value": number("5")}},
    "exists": {"n": {"Exists": False}},
    "EQ": {"t": by("EQ", {"BOOL": False})},
    "NE": {"ss": by("NE", {"SS": ["y", "x"]})},
    "LT": {"n": by("LT", number("5"))},
    "LT other type": {"n": by("LT", text("9"))},
    "GT missing": {"gone": by("GT", number("0"))},
    "BETWEEN": {"n": by("BETWEEN", number("6"), number("9"))},
    "IN": {"n": by("IN", number("1"), number("2"))},
    "NULL": {"nil": {"ComparisonOperator": "NULL"}},
    "NOT_NULL": {"gone": {"ComparisonOperator": "NOT_NULL"}},
    "CONTAINS": {"s": by("CONTAINS", text("z"))},
    "NOT_CONTAINS": {"s": by("NOT_CONTAINS", text("ell"))},
    "BEGINS_WITH": {"s": by("BEGINS_WITH", text("hello!"))},
    "one of two": {"n": {"Value": number("5")}, "s": {"Value": text("x")}},
}


@pytest.fixture(scope="module")
def item_key(client, shared_table):
    item_key = {"pk": {"S": "expected"}, "sk": {"S": "s"}}
    client.put_item(TableName=shared_table, Item={**item_key, **ITEM})
    return item_key


@pytest.mark.parametrize("case", HOLD)
def test_expected_holds(client, shared_table, item_key, case):
    client.update_item(TableName=shared_table, Key=item_key, Expected=HOLD[case])


@pytest.mark.parametrize("case", FAIL)
def test_expected_fails(refused, shared_table, item_key, case):
    assert refused("update_item", TableName=shared_table, Key=item_key, Expected=FAIL[case]) == FAILED


@pytest.mark.parametrize("method", ["put_item", "delete_item"])
def test_expected_of_the_other_writes(client, refused, shared_table, key, method):
    client.put_item(TableName=shared_table, Item={**key, "n": number("1")})
    request = {"TableName": shared_table, "Item" if method == "put_item" else "Key": key}
    assert refused(method, **request, Expected={"n": {"Exists": False}}) == FAILED
    getattr(client, method)(**request, Expected={"n": {"Value": number("1")}})


@pytest.mark.parametrize(
    ("operator", "first", "second", "holds"),
    [
        ("OR", "5", "no", True),
        ("OR", "6", "no", False),
        ("AND", "5", "no", False),
        ("AND", "5", "hello", True),
        (None, "5", "no", False),
    ],
)
def test_conditional_operator(client, refused, shared_table, item_key, operator, first, second, holds):
    request = {
        "TableName": shared_table,
        "Key": item_key,
        "Expected": {"n": {"Value": number(first)}, "s": {"Value": text(second)}},
    }
    if operator:
        request["ConditionalOperator"] = operator
    if holds:
        client.update_item(**request)
    else:
        assert refused("update_item", **request) == FAILED


def test_expected_returns_the_item_that_failed(client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.delete_item(
            TableName=shared_table,
            Key=key,
            Expected={"pk": {"Exists": False}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Item"] == key


ONE, TWO = number("1"), number("2")
COUNT = INVALID + "Invalid number of argument(s) for the {} ComparisonOperator"
KIND = INVALID + "ComparisonOperator {} is not valid for {} AttributeValue type"

WRONG_EXPECTED = {
    "value and list": (
        {"a": {"Value": ONE, "AttributeValueList": [ONE], "ComparisonOperator": "EQ"}},
        INVALID + "Value and AttributeValueList cannot be used together for Attribute: a",
    ),
    "exists and operator": (
        {"a": {"Exists": True, "ComparisonOperator": "EQ", "AttributeValueList": [ONE]}},
        INVALID + "Exists and ComparisonOperator cannot be used together for Attribute: a",
    ),
    "operator alone": (
        {"a": {"ComparisonOperator": "LT"}},
        INVALID + "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a",
    ),
    "list alone": (
        {"a": {"AttributeValueList": [ONE]}},
        INVALID + "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
    ),
    "nothing": ({"a": {}}, INVALID + "Value must be provided when Exists is null for Attribute: a"),
    "exists alone": ({"a": {"Exists": True}}, INVALID + "Value must be provided when Exists is true for Attribute: a"),
    "value of what may not exist": (
        {"a": {"Exists": False, "Value": ONE}},
        INVALID + "Value cannot be used when Exists is false for Attribute: a",
    ),
    "EQ of two": ({"a": by("EQ", ONE, TWO)}, COUNT.format("EQ")),
    "EQ of none": ({"a": by("EQ")}, COUNT.format("EQ")),
    "IN of none": ({"a": by("IN")}, COUNT.format("IN")),
    "BETWEEN of one": ({"a": by("BETWEEN", ONE)}, COUNT.format("BETWEEN")),
    "BETWEEN of three": ({"a": by("BETWEEN", ONE, TWO, TWO)}, COUNT.format("BETWEEN")),
    "NULL of one": ({"a": by("NULL", ONE)}, COUNT.format("NULL")),
    "NOT_NULL of one": ({"a": by("NOT_NULL", ONE)}, COUNT.format("NOT_NULL")),
    "LT of a set": ({"a": by("LT", {"SS": ["a"]})}, KIND.format("LT", "SS")),
    "GE of a boolean": ({"a": by("GE", {"BOOL": True})}, KIND.format("GE", "BOOL")),
    "BETWEEN of lists": ({"a": by("BETWEEN", {"L": []}, {"L": []})}, KIND.format("BETWEEN", "L")),
    "BEGINS_WITH a number": ({"a": by("BEGINS_WITH", ONE)}, KIND.format("BEGINS_WITH", "N")),
    "CONTAINS a set": ({"a": by("CONTAINS", {"SS": ["a"]})}, KIND.format("CONTAINS", "SS")),
    "IN of a map": ({"a": by("IN", {"M": {}})}, KIND.format("IN", "M")),
    "mixed types": (
        {"a": by("IN", ONE, text("a"))},
        INVALID + "AttributeValues inside AttributeValueList must be of same type",
    ),
    "bounds reversed": (
        {"a": by("BETWEEN", TWO, ONE)},
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
    ),
}


@pytest.mark.parametrize("case", WRONG_EXPECTED)
@pytest.mark.parametrize("method", ["put_item", "update_item", "delete_item"])
def test_wrong_expected(refused, shared_table, key, case, method):
    expected, detail = WRONG_EXPECTED[case]
    request = {"TableName": shared_table, "Item" if method == "put_item" else "Key": key, "Expected": expected}
    assert refused(method, **request) == ("ValidationException", ENVELOPE + detail)


@pytest.mark.parametrize("expected", [None, {}, {"a": {"Exists": False}}])
def test_conditional_operator_without_two_conditions(refused, shared_table, key, expected):
    request = {"TableName": shared_table, "Key": key, "ConditionalOperator": "OR"}
    if expected is not None:
        request["Expected"] = expected
    assert refused("delete_item", **request) == (
        "ValidationException",
        ENVELOPE + "ConditionalOperator can only be used when Filter or Expected has two or more elements",
    )


@pytest.mark.parametrize(
    ("members", "part"),
    [
        (
            {"ConditionalOperator": "XOR"},
            (
                "Value 'XOR' at 'conditionalOperator' failed to satisfy constraint: "
                "Member must satisfy enum value set: [OR, AND]"
            ),
        ),
        (
            {"Expected": {"a": {"ComparisonOperator": "LIKE"}}},
            (
                "Value 'LIKE' at 'expected.a.member.comparisonOperator' failed to satisfy constraint: "
                "Member must satisfy enum value set: [EQ, NE, IN, LE, LT, GE, GT, BETWEEN, NOT_NULL, NULL, "
                "CONTAINS, NOT_CONTAINS, BEGINS_WITH]"
            ),
        ),
    ],
)
def test_enums(refused, shared_table, key, members, part):
    answer = refused("delete_item", TableName=shared_table, Key=key, **members)
    assert answer == ("ValidationException", ENVELOPE + part)


# --- AttributeUpdates -----------------------------------------------------------------------------

OLD = {"n": number("5"), "s": text("x"), "ss": {"SS": ["a", "b"]}, "l": {"L": [ONE]}, "m": {"M": {}}}
GONE = None


def put(value):
    return {"Action": "PUT", "Value": value}


def add(value):
    return {"Action": "ADD", "Value": value}


def delete(*value):
    return {"Action": "DELETE"} | ({"Value": value[0]} if value else {})


CHANGES = {
    "put": ({"a": put(ONE)}, {"a": ONE}),
    "put is the default": ({"a": {"Value": ONE}}, {"a": ONE}),
    "put over another type": ({"n": put({"L": []})}, {"n": {"L": []}}),
    "name with a dot": ({"m.x": put(ONE)}, {"m.x": ONE}),
    "delete": ({"n": delete(), "gone": delete()}, {"n": GONE}),
    "delete members": ({"ss": delete({"SS": ["a", "z"]})}, {"ss": {"SS": ["b"]}}),
    "delete all members": ({"ss": delete({"SS": ["a", "b"]})}, {"ss": GONE}),
    "delete members of nothing": ({"gone": delete({"NS": ["1"]})}, {}),
    "add number": ({"n": add(number("-6.5"))}, {"n": number("-1.5")}),
    "add number to nothing": ({"a": add(ONE)}, {"a": ONE}),
    "add members": ({"ss": add({"SS": ["b", "c"]})}, {"ss": {"SS": ["a", "b", "c"]}}),
    "add set to nothing": ({"a": add({"NS": ["1"]})}, {"a": {"NS": ["1"]}}),
    "add elements": ({"l": add({"L": [TWO]})}, {"l": {"L": [ONE, TWO]}}),
    "add list to nothing": ({"a": add({"L": [TWO]})}, {"a": {"L": [TWO]}}),
    "several": ({"n": add(ONE), "s": delete(), "a": put(TWO)}, {"n": number("6"), "s": GONE, "a": TWO}),
    "none": ({}, {}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_attribute_updates(client, shared_table, key, case):
    updates, changed = CHANGES[case]
    client.put_item(TableName=shared_table, Item={**key, **OLD})
    client.update_item(TableName=shared_table, Key=key, AttributeUpdates=updates)
    item = client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"]
    if "ss" in item:
        item["ss"]["SS"].sort()
    expected = {**key, **OLD, **changed}
    assert item == {name: value for name, value in expected.items() if value is not GONE}


@pytest.mark.parametrize(
    ("mode", "attributes"),
    [
        ("ALL_OLD", {"n": number("5"), "s": text("x")}),
        ("ALL_NEW", {"n": number("6"), "a": TWO}),
        ("UPDATED_OLD", {"n": number("5"), "s": text("x")}),
        ("UPDATED_NEW", {"n": number("6"), "a": TWO}),
        ("NONE", None),
    ],
)
def test_return_values(client, shared_table, key, mode, attributes):
    client.put_item(TableName=shared_table, Item={**key, "n": number("5"), "s": text("x")})
    updates = {"n": add(ONE), "s": delete(), "a": put(TWO)}
    answer = client.update_item(TableName=shared_table, Key=key, AttributeUpdates=updates, ReturnValues=mode)
    if mode.startswith("ALL"):
        attributes = {**key, **attributes}
    assert without_metadata(answer) == ({} if attributes is None else {"Attributes": attributes})


@pytest.mark.parametrize(
    ("updates", "created"),
    [
        ({"a": put(ONE)}, {"a": ONE}),
        ({"a": add(ONE)}, {"a": ONE}),
        ({"a": add(ONE), "b": delete()}, {"a": ONE}),
        ({"a": delete()}, None),
    ],
)
def test_missing_item(client, shared_table, key, updates, created):
    """PUT and ADD create a missing item; DELETE alone does not (API reference of UpdateItem)."""
    client.update_item(TableName=shared_table, Key=key, AttributeUpdates=updates)
    item = client.get_item(TableName=shared_table, Key=key, ConsistentRead=True).get("Item")
    assert item == (None if created is None else {**key, **created})


WRONG_UPDATES = {
    "put nothing": ({"a": {"Action": "PUT"}}, "Only DELETE action is allowed when no attribute value is specified"),
    "add nothing": ({"a": {"Action": "ADD"}}, "Only DELETE action is allowed when no attribute value is specified"),
    "delete a string": ({"a": delete(text("x"))}, "DELETE action with value is not supported for the type S"),
    "delete a number": ({"a": delete(ONE)}, "DELETE action with value is not supported for the type N"),
    "add a string": ({"a": add(text("x"))}, "ADD action is not supported for the type S"),
    "add a boolean": ({"a": add({"BOOL": True})}, "ADD action is not supported for the type BOOL"),
    "add a map": ({"a": add({"M": {}})}, "ADD action is not supported for the type M"),
}


@pytest.mark.parametrize("case", WRONG_UPDATES)
def test_wrong_attribute_updates(refused, shared_table, key, case):
    updates, detail = WRONG_UPDATES[case]
    answer = refused("update_item", TableName=shared_table, Key=key, AttributeUpdates=updates)
    assert answer == ("ValidationException", ENVELOPE + INVALID + detail)


@pytest.mark.parametrize(
    "updates",
    [
        {"s": add(ONE)},
        {"n": add({"SS": ["a"]})},
        {"ss": add({"NS": ["1"]})},
        {"ss": delete({"NS": ["1"]})},
        {"n": delete({"NS": ["1"]})},
        {"ss": add({"L": [ONE]})},
    ],
)
def test_attribute_of_another_type(client, refused, shared_table, key, updates):
    client.put_item(TableName=shared_table, Item={**key, **OLD})
    answer = refused("update_item", TableName=shared_table, Key=key, AttributeUpdates=updates)
    assert answer == ("ValidationException", "Type mismatch for attribute to update")


@pytest.mark.parametrize("name", ["pk", "sk"])
@pytest.mark.parametrize("update", [put(text("x")), delete()])
def test_key_attributes(refused, shared_table, key, name, update):
    answer = refused("update_item", TableName=shared_table, Key=key, AttributeUpdates={name: update})
    detail = f"Cannot update attribute {name}. This attribute is part of the key"
    assert answer == ("ValidationException", INVALID + detail)


MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {%s} Expression parameters: {%s}"
)


@pytest.mark.parametrize(
    ("members", "legacy", "expressions"),
    [
        ({"Expected": {}, "UpdateExpression": "REMOVE a"}, "Expected", "UpdateExpression"),
        (
            {"ConditionalOperator": "OR", "ConditionExpression": "a = b", "UpdateExpression": "REMOVE a"},
            "ConditionalOperator",
            "UpdateExpression, ConditionExpression",
        ),
        (
            {
                "ConditionExpression": "= syntax",
                "Expected": {"a": {"Exists": True}},
                "AttributeUpdates": {"a": {"Action": "ADD"}},
            },
            "AttributeUpdates, Expected",
            "ConditionExpression",
        ),
    ],
)
def test_mixing_is_reported_before_errors_in_either_parameter(refused, shared_table, key, members, legacy, expressions):
    answer = refused("update_item", TableName=shared_table, Key=key, **members)
    assert answer == ("ValidationException", ENVELOPE + MIXED % (legacy, expressions))


def test_expression_values_need_an_expression(refused, shared_table, key):
    answer = refused(
        "update_item",
        TableName=shared_table,
        Key=key,
        AttributeUpdates={"a": put(ONE)},
        ExpressionAttributeValues={":v": ONE},
    )
    assert answer == (
        "ValidationException",
        ENVELOPE + "ExpressionAttributeValues can only be specified when using expressions",
    )
