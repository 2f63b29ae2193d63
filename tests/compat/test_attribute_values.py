"""Attribute values: stored and returned values, and bad values in every place of a request.

See behaviour 2.1, 2.2 and 3.7. How an operation reports a bad value (behaviour 2.1):

| operations | text |
|---|---|
| writes of one item | with the envelope |
| reads of one item, BatchGetItem, Query | without it |
| BatchWriteItem, Scan | without it, and for some values in the words of the OLD layer |

A *surface* is a place of a request that may have an attribute value.
"""

from decimal import Decimal

import pytest
from boto3.dynamodb.types import Binary

INVALID = "One or more parameter values were invalid: "
ENVELOPE = "1 validation error detected: "


def stored(client, table, key, value):
    client.put_item(TableName=table, Item={**key, "a": value})
    return client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]["a"]


# --- stored values --------------------------------------------------------------------------------

NUMBERS = {
    "0": "0",
    "-0": "0",
    "0.00": "0",
    "0e125": "0",
    "0e-130": "0",
    "+1": "1",
    "001.500": "1.5",
    "-042": "-42",
    ".5": "0.5",
    "5.": "5",
    "1.e5": "100000",
    "1E+2": "100",
    "12e-3": "0.012",
    "-1.10e1": "-11",
    "1e125": "1" + "0" * 125,
    "1e-130": "0." + "0" * 129 + "1",
    "9" * 38: "9" * 38,
    "0." + "9" * 38: "0." + "9" * 38,
    "9.9999999999999999999999999999999999999E+125": "9" * 38 + "0" * 88,
    "-9.9999999999999999999999999999999999999E+125": "-" + "9" * 38 + "0" * 88,
    "1234567890123456789.0123456789012345678": "1234567890123456789.0123456789012345678",
    "0" * 50 + "1" + "0" * 50: "1" + "0" * 50,
    "0.000100000000000000000000000000000000000000000": "0.0001",
}


@pytest.mark.parametrize(("written", "returned"), NUMBERS.items())
def test_numbers_are_returned_in_plain_decimal(client, shared_table, key, written, returned):
    assert stored(client, shared_table, key, {"N": written}) == {"N": returned}


VALUES = {
    "empty string": {"S": ""},
    "empty binary": {"B": b""},
    "text": {"S": 'héllo \u0000 \U0001f600 "\\/\b\u2028'},
    "binary": {"B": bytes(range(256))},
    "true": {"BOOL": True},
    "false": {"BOOL": False},
    "null": {"NULL": True},
    "empty list": {"L": []},
    "empty map": {"M": {}},
    "list of all": {"L": [{"S": ""}, {"N": "1"}, {"B": b""}, {"BOOL": False}, {"NULL": True}, {"L": []}, {"M": {}}]},
    "documents": {"M": {"a": {"L": [{"M": {"b": {"L": [{"N": "-1.5"}]}}}]}, "a.b": {"S": "dot"}}},
    "string set with an empty member": {"SS": ["", "a"]},
    "binary set with an empty member": {"BS": [b"", b"\x00"]},
}


@pytest.mark.parametrize("case", VALUES)
def test_values_are_returned_as_they_were_stored(client, shared_table, key, case):
    assert stored(client, shared_table, key, VALUES[case]) == VALUES[case]


def test_sets_are_unordered(client, shared_table, key):
    assert set(stored(client, shared_table, key, {"SS": ["b", "é", "a", "Z"]})["SS"]) == {"a", "b", "é", "Z"}
    assert set(stored(client, shared_table, key, {"NS": ["10", "9.0", "-1e1"]})["NS"]) == {"10", "9", "-10"}
    assert set(stored(client, shared_table, key, {"BS": [b"\xff", b"\x00"]})["BS"]) == {b"\xff", b"\x00"}


def test_number_sets_may_differ_in_the_last_digit(client, shared_table, key):
    members = {"1" * 37 + "1", "1" * 37 + "2"}
    assert set(stored(client, shared_table, key, {"NS": list(members)})["NS"]) == members


def test_resource_values(resource, shared_table, key):
    table = resource.Table(shared_table)
    plain = {"pk": key["pk"]["S"], "sk": "s"}
    item = {
        **plain,
        "n": Decimal("3.1400"),
        "b": Binary(b"\x00\xff"),
        "l": [1, "x", None, True, {"deep": Decimal(-1)}],
        "ss": {"a", "b"},
        "ns": {1, Decimal("2.5")},
        "bs": {Binary(b"\x01")},
    }
    table.put_item(Item=item)
    assert table.get_item(Key=plain, ConsistentRead=True)["Item"] == item


# --- bad values on every surface ------------------------------------------------------------------

EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
AMBIGUOUS = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
PRECISION = "Attempting to store more than 38 significant digits in a Number"
NULL_FALSE = INVALID + "Null attribute value types must have the value of true"
NO_STRINGS = INVALID + "An string set  may not be empty"
NO_NUMBERS = INVALID + "An number set  may not be empty"
NO_BINARIES = INVALID + "Binary sets should not be empty"
INPUT = INVALID + "Input collection"

# Case -> value, its text (NEW), and the text of BatchWriteItem and Scan (OLD; None: the same).
BAD = {
    "empty": ({}, EMPTY, None),
    "two types": ({"S": "a", "N": "1"}, AMBIGUOUS, None),
    "null that is false": ({"NULL": False}, NULL_FALSE, None),
    "no strings": ({"SS": []}, NO_STRINGS, None),
    "no numbers": ({"NS": []}, NO_NUMBERS, None),
    "no binaries": ({"BS": []}, NO_BINARIES, None),
    "no number": ({"N": "1x"}, NOT_NUMERIC + ": 1x", None),
    "empty number": ({"N": ""}, NOT_NUMERIC + ": ", NOT_NUMERIC),
    "empty number in a set": ({"NS": ["1", ""]}, NOT_NUMERIC + ": ", NOT_NUMERIC),
    "overflow": ({"N": "1e126"}, OVERFLOW, None),
    "underflow": ({"N": "-1e-131"}, UNDERFLOW, None),
    "precision": ({"N": "1" * 39}, PRECISION, None),
    "wrapping exponent": ({"N": "1e2147483647"}, OVERFLOW, UNDERFLOW),
    "repeated string": (
        {"SS": ["b", "a", "b", "0"]},
        INPUT + ' ["a", "b", "b", "0"] contains duplicates.',
        INPUT + " [b, a, b, 0] contains duplicates.",
    ),
    "repeated number": (
        {"NS": ["1", "2", "1.0"]},
        INPUT + " contains duplicates.",
        "Input collection contains duplicates",
    ),
    "repeated binary": (
        {"BS": [b"\xff", b"\x00", b"\x00"]},
        INPUT + ' ["AA==","/w==","AA=="]of type BS contains duplicates.',
        INPUT + " [/w==, AA==, AA==]of type BS contains duplicates.",
    ),
    "deep in documents": ({"M": {"a": {"L": [{"S": "x"}, {"N": "NaN"}]}}}, NOT_NUMERIC + ": NaN", None),
}


def enveloped(current, _older):
    return ENVELOPE + current


def bare(current, _older):
    return current


def older(_current, older_text):
    return older_text


def older_wrapped(_current, older_text):
    return f"ExpressionAttributeValues contains invalid value: {older_text} for key :v"


def start_key(current, _older):
    """Return the text for a bad value in a start key (behaviour 6.1).

    Texts about numbers and repeated members stay as they are. Other texts get a prefix.
    """
    as_it_is = any(part in current for part in (NOT_NUMERIC, "Number", "contains duplicates"))
    return current if as_it_is else "The provided starting key is invalid: " + current


WHERE = {"ConditionExpression": "a = :v"}
KEYED = {"KeyConditionExpression": "pk = :k"}


def eq(name, value):
    return {name: {"AttributeValueList": [value], "ComparisonOperator": "EQ"}}


# Surface -> method, function that returns the text, function that makes the request from table,
# key and value.
SURFACES = {
    "put item": ("put_item", enveloped, lambda t, k, v: {"TableName": t, "Item": {**k, "a": v}}),
    "put key": ("put_item", enveloped, lambda t, k, v: {"TableName": t, "Item": {**k, "pk": v}}),
    "put nested": (
        "put_item",
        enveloped,
        lambda t, k, v: {"TableName": t, "Item": {**k, "a": {"L": [{"M": {"b": v}}]}}},
    ),
    "put values": (
        "put_item",
        enveloped,
        lambda t, k, v: {"TableName": t, "Item": k, "ExpressionAttributeValues": {":v": v}, **WHERE},
    ),
    "put expected": (
        "put_item",
        enveloped,
        lambda t, k, v: {"TableName": t, "Item": k, "Expected": {"a": {"Value": v}}},
    ),
    "update key": ("update_item", enveloped, lambda t, k, v: {"TableName": t, "Key": {**k, "sk": v}}),
    "update values": (
        "update_item",
        enveloped,
        lambda t, k, v: {
            "TableName": t,
            "Key": k,
            "UpdateExpression": "SET a = :v",
            "ExpressionAttributeValues": {":v": v},
        },
    ),
    "attribute updates": (
        "update_item",
        enveloped,
        lambda t, k, v: {"TableName": t, "Key": k, "AttributeUpdates": {"a": {"Action": "PUT", "Value": v}}},
    ),
    "update expected": (
        "update_item",
        enveloped,
        lambda t, k, v: {
            "TableName": t,
            "Key": k,
            "Expected": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [v]}},
        },
    ),
    "delete key": ("delete_item", enveloped, lambda t, k, v: {"TableName": t, "Key": {**k, "sk": v}}),
    "delete values": (
        "delete_item",
        enveloped,
        lambda t, k, v: {"TableName": t, "Key": k, "ExpressionAttributeValues": {":v": v}, **WHERE},
    ),
    "get key": ("get_item", bare, lambda t, k, v: {"TableName": t, "Key": {**k, "sk": v}}),
    "batch get key": ("batch_get_item", bare, lambda t, k, v: {"RequestItems": {t: {"Keys": [k, {**k, "sk": v}]}}}),
    "query values": (
        "query",
        bare,
        lambda t, k, v: {
            "TableName": t,
            "ExpressionAttributeValues": {":k": k["pk"], ":v": v},
            **KEYED,
            "FilterExpression": "a = :v",
        },
    ),
    "query key conditions": ("query", bare, lambda t, k, v: {"TableName": t, "KeyConditions": eq("pk", v)}),
    "query filter": (
        "query",
        bare,
        lambda t, k, v: {"TableName": t, "KeyConditions": eq("pk", k["pk"]), "QueryFilter": eq("a", v)},
    ),
    "query start key": (
        "query",
        start_key,
        lambda t, k, v: {
            "TableName": t,
            **KEYED,
            "ExpressionAttributeValues": {":k": k["pk"]},
            "ExclusiveStartKey": {**k, "sk": v},
        },
    ),
    "batch put": (
        "batch_write_item",
        older,
        lambda t, k, v: {"RequestItems": {t: [{"PutRequest": {"Item": {**k, "a": v}}}]}},
    ),
    "batch delete": (
        "batch_write_item",
        older,
        lambda t, k, v: {"RequestItems": {t: [{"DeleteRequest": {"Key": {**k, "sk": v}}}]}},
    ),
    "scan values": (
        "scan",
        older_wrapped,
        lambda t, k, v: {"TableName": t, "ExpressionAttributeValues": {":v": v}, "FilterExpression": "a = :v"},
    ),
    "scan filter": ("scan", older, lambda t, k, v: {"TableName": t, "ScanFilter": eq("a", v)}),
}


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", BAD)
def test_bad_values(refused, shared_table, key, surface, case):
    value, current, older_text = BAD[case]
    method, worded, request = SURFACES[surface]
    text = worded(current, older_text or current)
    assert refused(method, **request(shared_table, key, value)) == ("ValidationException", text)


NUMBER_PROBLEMS = {
    "": NOT_NUMERIC + ": ",
    " 1": NOT_NUMERIC + ":  1",
    "1 ": NOT_NUMERIC + ": 1 ",
    "+": NOT_NUMERIC + ": +",
    ".": NOT_NUMERIC + ": .",
    "1.2.3": NOT_NUMERIC + ": 1.2.3",
    "1e": NOT_NUMERIC + ": 1e",
    "1e+": NOT_NUMERIC + ": 1e+",
    "1e1.5": NOT_NUMERIC + ": 1e1.5",
    "--1": NOT_NUMERIC + ": --1",
    "0x10": NOT_NUMERIC + ": 0x10",
    "1_000": NOT_NUMERIC + ": 1_000",
    "1,5": NOT_NUMERIC + ": 1,5",
    "NaN": NOT_NUMERIC + ": NaN",
    "Infinity": NOT_NUMERIC + ": Infinity",
    "1e9223372036854775808": NOT_NUMERIC + ": 1e9223372036854775808",
    "1e99999999999": OVERFLOW,
    "1e-99999999999": UNDERFLOW,
    "10e125": OVERFLOW,
    "-1e126": OVERFLOW,
    "0e126": OVERFLOW,
    "0e-131": UNDERFLOW,
    "0.1e-130": UNDERFLOW,
    "1" * 39: PRECISION,
    "1." + "0" * 37 + "1": PRECISION,
    "1" + "0" * 37 + ".1": PRECISION,
}


@pytest.mark.parametrize(("written", "text"), NUMBER_PROBLEMS.items())
def test_bad_numbers(refused, shared_table, key, written, text):
    item = {**key, "a": {"N": written}}
    assert refused("put_item", TableName=shared_table, Item=item) == ("ValidationException", ENVELOPE + text)


def test_null_among_set_members_and_list_elements(post, client, shared_table, key):
    answer = post("PutItem", {"TableName": shared_table, "Item": {**key, "a": {"L": [{"S": "x"}, None]}}})
    assert (answer.status, answer.json["message"]) == (400, ENVELOPE + EMPTY)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "surface", ["put item", "batch put", "attribute updates", "put expected", "nested", "delete key", "get key"]
)
def test_empty_names(refused, shared_table, key, surface):
    value = {"S": "x"}
    method, request = {
        "put item": ("put_item", {"TableName": shared_table, "Item": {**key, "": value}}),
        "nested": ("put_item", {"TableName": shared_table, "Item": {**key, "a": {"M": {"": value}}}}),
        "batch put": (
            "batch_write_item",
            {"RequestItems": {shared_table: [{"PutRequest": {"Item": {**key, "": value}}}]}},
        ),
        "attribute updates": (
            "update_item",
            {"TableName": shared_table, "Key": key, "AttributeUpdates": {"": {"Value": value}}},
        ),
        "put expected": ("put_item", {"TableName": shared_table, "Item": key, "Expected": {"": {"Value": value}}}),
        "delete key": ("delete_item", {"TableName": shared_table, "Key": {"": value}}),
        "get key": ("get_item", {"TableName": shared_table, "Key": {"": value}}),
    }[surface]
    assert refused(method, **request) == ("ValidationException", "Empty attribute name")


def test_longest_name(client, refused, shared_table, key):
    longest = "é" * 32_767 + "x"
    client.put_item(TableName=shared_table, Item={**key, longest: {"N": "1"}})
    assert client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"] == {**key, longest: {"N": "1"}}
    code, text = refused("put_item", TableName=shared_table, Item={**key, "é" * 32_768: {"N": "1"}})
    assert (code, "65535" in text) == ("ValidationException", True)


# --- nesting --------------------------------------------------------------------------------------

NESTING = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


def nested(levels, kind="M"):
    """Return a scalar inside maps or lists, with `levels` levels in total."""
    value = {"S": "x"}
    for _ in range(levels - 1):
        value = {"M": {"a": value}} if kind == "M" else {"L": [value]}
    return value


@pytest.mark.parametrize("kind", ["M", "L"])
def test_thirty_two_levels(client, refused, shared_table, key, kind):
    assert stored(client, shared_table, key, nested(32, kind)) == nested(32, kind)
    answer = refused("put_item", TableName=shared_table, Item={**key, "a": nested(33, kind)})
    assert answer == ("ValidationException", ENVELOPE + NESTING)


DEEP = {
    "update values": ("update_item", enveloped),
    "put values": ("put_item", enveloped),
    "delete values": ("delete_item", enveloped),
    "batch put": ("batch_write_item", older),
    "attribute updates": ("update_item", enveloped),
}


@pytest.mark.parametrize("surface", DEEP)
def test_thirty_three_levels(refused, shared_table, key, surface):
    method, worded = DEEP[surface]
    request = SURFACES[surface][2](shared_table, key, nested(33))
    assert refused(method, **request) == ("ValidationException", worded(NESTING, NESTING))


def test_an_update_may_not_nest_too_deep(client, refused, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": nested(31)})
    step = {
        "TableName": shared_table,
        "Key": key,
        "UpdateExpression": "SET " + "a" + ".a" * 29 + " = :v",
    }
    client.update_item(**step, ExpressionAttributeValues={":v": nested(3)})
    before = client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"]
    assert before["a"] == nested(32)
    answer = refused("update_item", **step, ExpressionAttributeValues={":v": nested(4)})
    assert (answer[0], answer[1].removeprefix(ENVELOPE)) == ("ValidationException", NESTING)
    assert client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"] == before


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"a": nested(33), "": {"S": "x"}}, "Empty attribute name"),
        ({"a": {"M": {"": {"S": "x"}}}, "b": nested(33)}, NESTING),
    ],
)
def test_the_first_of_a_bad_name_and_a_deep_value_is_reported(refused, shared_table, key, item, text):
    code, message = refused("put_item", TableName=shared_table, Item={**key, **item})
    assert (code, message.removeprefix(ENVELOPE)) == ("ValidationException", text)
