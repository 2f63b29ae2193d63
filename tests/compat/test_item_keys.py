"""Keys of items and of secondary indexes: every wrong key in every operation (behaviour 2.5,
3.8).
"""

import pytest

from tests.support.indexes import INDEXES_ON_EACH_TYPE, index_key_mismatch
from tests.support.tables import new_name

INVALID = "One or more parameter values were invalid: "
NOT_VALID = "One or more parameter values are not valid. "
MISMATCH = "The provided key element does not match the schema"
HASH_TOO_LONG = INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"
RANGE_TOO_LONG = INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"


def empty(kind, name):
    return f"{NOT_VALID}The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {name}"


# Name -> operation: those that take a whole key, and those that put an item.
WITH_KEY = {
    "get": lambda t, key: ("get_item", {"TableName": t, "Key": key}),
    "delete": lambda t, key: ("delete_item", {"TableName": t, "Key": key}),
    "update": lambda t, key: ("update_item", {"TableName": t, "Key": key}),
    "batch get": lambda t, key: ("batch_get_item", {"RequestItems": {t: {"Keys": [key]}}}),
    "batch delete": lambda t, key: ("batch_write_item", {"RequestItems": {t: [{"DeleteRequest": {"Key": key}}]}}),
}
WITH_ITEM = {
    "put": lambda t, item: ("put_item", {"TableName": t, "Item": item}),
    "batch put": lambda t, item: ("batch_write_item", {"RequestItems": {t: [{"PutRequest": {"Item": item}}]}}),
}
ALL = WITH_KEY | WITH_ITEM

S, N, B = {"S": "x"}, {"N": "1"}, {"B": b"x"}

WRONG_KEYS = {
    "nothing": {},
    "no sort key": {"pk": S},
    "no partition key": {"sk": S},
    "one more": {"pk": S, "sk": S, "a": S},
    "another name": {"pk": S, "a": S},
    "another case": {"pk": S, "SK": S},
    "partition key of another type": {"pk": N, "sk": S},
    "sort key of another type": {"pk": S, "sk": B},
    "list": {"pk": S, "sk": {"L": [S]}},
    "map": {"pk": {"M": {"S": S}}, "sk": S},
    "set": {"pk": {"SS": ["x"]}, "sk": S},
    "null": {"pk": S, "sk": {"NULL": True}},
}


@pytest.mark.parametrize("surface", WITH_KEY)
@pytest.mark.parametrize("case", WRONG_KEYS)
def test_wrong_keys(refused, shared_table, surface, case):
    method, request = WITH_KEY[surface](shared_table, WRONG_KEYS[case])
    assert refused(method, **request) == ("ValidationException", MISMATCH)


def mismatch(name, actual):
    return f"{INVALID}Type mismatch for key {name} expected: S actual: {actual}"


WRONG_ITEMS = {
    "nothing": ({}, INVALID + "Missing the key pk in the item"),
    "no sort key": ({"pk": S, "a": S}, INVALID + "Missing the key sk in the item"),
    "no partition key": ({"sk": S}, INVALID + "Missing the key pk in the item"),
    "number": ({"pk": N, "sk": S}, mismatch("pk", "N")),
    "binary": ({"pk": S, "sk": B}, mismatch("sk", "B")),
    "boolean": ({"pk": {"BOOL": True}, "sk": S}, mismatch("pk", "BOOL")),
    "null": ({"pk": S, "sk": {"NULL": True}}, mismatch("sk", "NULL")),
    "list": ({"pk": S, "sk": {"L": []}}, mismatch("sk", "L")),
    "map": ({"pk": {"M": {}}, "sk": S}, mismatch("pk", "M")),
    "set": ({"pk": S, "sk": {"NS": ["1"]}}, mismatch("sk", "NS")),
}


@pytest.mark.parametrize("case", WRONG_ITEMS)
def test_items_with_wrong_keys(refused, shared_table, case):
    item, text = WRONG_ITEMS[case]
    assert refused("put_item", TableName=shared_table, Item=item) == ("ValidationException", text)
    method, request = WITH_ITEM["batch put"](shared_table, item)
    assert refused(method, **request) == ("ValidationException", MISMATCH)


@pytest.mark.parametrize("surface", ALL)
def test_empty_keys(refused, shared_table, surface):
    for name in ("pk", "sk"):
        method, request = ALL[surface](shared_table, {"pk": S, "sk": S, name: {"S": ""}})
        assert refused(method, **request) == ("ValidationException", empty("string", name))


@pytest.fixture(scope="module")
def binary_table(make_shared_table):
    return make_shared_table("h:B r:B")


@pytest.mark.parametrize("surface", ALL)
def test_empty_binary_keys(refused, binary_table, surface):
    for name in ("h", "r"):
        method, request = ALL[surface](binary_table, {"h": B, "r": B, name: {"B": b""}})
        assert refused(method, **request) == ("ValidationException", empty("binary", name))


@pytest.mark.parametrize("surface", ALL)
@pytest.mark.parametrize("letter", ["x", "é"])
def test_longest_keys(client, refused, shared_table, surface, letter):
    width = len(letter.encode())
    longest = {"pk": {"S": letter * (2048 // width)}, "sk": {"S": letter * (1024 // width)}}
    method, request = ALL[surface](shared_table, longest)
    getattr(client, method)(**request)
    method, request = ALL[surface](shared_table, {**longest, "pk": {"S": longest["pk"]["S"] + "x"}})
    assert refused(method, **request) == ("ValidationException", HASH_TOO_LONG)
    method, request = ALL[surface](shared_table, {**longest, "sk": {"S": longest["sk"]["S"] + "x"}})
    assert refused(method, **request) == ("ValidationException", RANGE_TOO_LONG)


@pytest.mark.parametrize("surface", ALL)
def test_longest_binary_keys(client, refused, binary_table, surface):
    longest = {"h": {"B": b"\xff" * 2048}, "r": {"B": b"\x00" * 1024}}
    method, request = ALL[surface](binary_table, longest)
    getattr(client, method)(**request)
    for name, text in (("h", HASH_TOO_LONG), ("r", RANGE_TOO_LONG)):
        method, request = ALL[surface](binary_table, {**longest, name: {"B": longest[name]["B"] + b"x"}})
        assert refused(method, **request) == ("ValidationException", text)


def test_long_keys_that_differ_in_the_last_byte_are_different(client, shared_table):
    pk = new_name() + "x" * 2000
    for last in "ab":
        for sort in "cd":
            item = {"pk": {"S": pk + last}, "sk": {"S": "y" * 1023 + sort}, "v": {"S": last + sort}}
            client.put_item(TableName=shared_table, Item=item)
    for last in "ab":
        for sort in "cd":
            key = {"pk": {"S": pk + last}, "sk": {"S": "y" * 1023 + sort}}
            item = client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"]
            assert item["v"] == {"S": last + sort}


def test_number_keys_are_equal_by_value(client, make_table):
    table = make_table("pk:N sk:N")
    client.put_item(TableName=table, Item={"pk": {"N": "1.00"}, "sk": {"N": "-0"}, "v": N})
    item = client.get_item(TableName=table, Key={"pk": {"N": "1"}, "sk": {"N": "0.0"}}, ConsistentRead=True)["Item"]
    assert item == {"pk": {"N": "1"}, "sk": {"N": "0"}, "v": N}
    client.delete_item(TableName=table, Key={"pk": {"N": "10e-1"}, "sk": {"N": "0e5"}})
    assert client.scan(TableName=table, ConsistentRead=True)["Items"] == []


# --- keys of secondary indexes --------------------------------------------------------------------


@pytest.fixture(scope="module")
def indexed_table(make_shared_table):
    return make_shared_table(**INDEXES_ON_EACH_TYPE)


def empty_index_key(kind, index, name):
    return (
        f"{NOT_VALID}A value specified for a secondary index key is not supported. The AttributeValue for a key "
        f"attribute cannot contain an empty {kind} value. IndexName: {index}, IndexKey: {name}"
    )


def update_empty(kind):
    return (
        f"{NOT_VALID}The update expression attempted to update a secondary index key to a value that is not supported. "
        f"The AttributeValue for a key attribute cannot contain an empty {kind} value."
    )


# Case -> attributes, text of a put, text of an update (None: the same).
WRONG_INDEX_KEYS = {
    "number": ({"x": N}, index_key_mismatch("x", "S", "N", "first"), None),
    "string": ({"n": S}, index_key_mismatch("n", "N", "S", "second"), None),
    "null": ({"x": {"NULL": True}}, index_key_mismatch("x", "S", "NULL", "first"), None),
    "list": ({"b": {"L": []}}, index_key_mismatch("b", "B", "L", "third"), None),
    "local": ({"l": B}, index_key_mismatch("l", "S", "B", "local"), None),
    "empty string": ({"x": {"S": ""}}, empty_index_key("string", "first", "x"), update_empty("string")),
    "empty binary": ({"b": {"B": b""}}, empty_index_key("binary", "third", "b"), update_empty("binary")),
    "empty local": ({"l": {"S": ""}}, empty_index_key("string", "local", "l"), update_empty("string")),
}


@pytest.mark.parametrize("case", WRONG_INDEX_KEYS)
def test_wrong_index_keys(client, refused, indexed_table, key, case):
    attributes, put_text, update_text = WRONG_INDEX_KEYS[case]
    for surface in WITH_ITEM.values():
        method, request = surface(indexed_table, {**key, **attributes})
        assert refused(method, **request) == ("ValidationException", put_text)
    ((name, value),) = attributes.items()
    assert refused(
        "update_item",
        TableName=indexed_table,
        Key=key,
        UpdateExpression=f"SET {name} = :v",
        ExpressionAttributeValues={":v": value},
    ) == ("ValidationException", update_text or put_text)
    assert "Item" not in client.get_item(TableName=indexed_table, Key=key, ConsistentRead=True)


@pytest.mark.parametrize("case", [case for case, row in WRONG_INDEX_KEYS.items() if row[2] is None])
def test_wrong_index_keys_of_attribute_updates(refused, indexed_table, key, case):
    attributes, put_text, _ = WRONG_INDEX_KEYS[case]
    updates = {name: {"Action": "PUT", "Value": value} for name, value in attributes.items()}
    answer = refused("update_item", TableName=indexed_table, Key=key, AttributeUpdates=updates)
    assert answer == ("ValidationException", put_text)


def test_index_keys_may_be_absent(client, indexed_table, key):
    client.put_item(TableName=indexed_table, Item={**key, "x": S})
    client.update_item(TableName=indexed_table, Key=key, UpdateExpression="REMOVE x")
    assert client.get_item(TableName=indexed_table, Key=key, ConsistentRead=True)["Item"] == key


def test_index_keys_have_the_lengths_of_table_keys(client, refused, indexed_table, key):
    client.put_item(TableName=indexed_table, Item={**key, "x": {"S": "x" * 2048}, "l": {"S": "x" * 1024}})
    for name, size, longest, index in (("x", 2049, 2048, "first"), ("l", 1025, 1024, "local")):
        text = (
            f"{INVALID}Size limit exceeded for Index Key {name} Actual Size: {size} bytes Max Size: {longest} bytes "
            f"IndexName: {index}"
        )
        for surface in WITH_ITEM.values():
            method, request = surface(indexed_table, {**key, name: {"S": "x" * size}})
            assert refused(method, **request) == ("ValidationException", text)


def test_path_below_an_index_key(refused, indexed_table, key):
    text = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: x"
    request = {"TableName": indexed_table, "Key": key}
    assert refused("update_item", **request, UpdateExpression="REMOVE x.a") == ("ValidationException", text)
    answer = refused("delete_item", **request, ConditionExpression="attribute_exists(x[0])")
    assert answer == ("ValidationException", text)


def test_wrong_member_of_a_batch_writes_nothing(client, refused, indexed_table, key):
    good = {"PutRequest": {"Item": key}}
    for bad in (
        {"PutRequest": {"Item": {**key, "sk": S, "x": N}}},
        {"PutRequest": {"Item": {"pk": S}}},
        {"DeleteRequest": {"Key": {"pk": S}}},
    ):
        assert refused("batch_write_item", RequestItems={indexed_table: [good, bad]})[0] == "ValidationException"
        assert "Item" not in client.get_item(TableName=indexed_table, Key=key, ConsistentRead=True)
