"""The largest item has exactly 409,600 bytes, with every operation that writes items.

See behaviour 2.3 and 2.4.
"""

import pytest

LIMIT = 409_600
ENVELOPE = "1 validation error detected: "
TOO_LARGE = "Item size has exceeded the maximum allowed size"
UPDATE_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


def key_size(key):
    return 2 + len(key["pk"]["S"]) + 2 + len(key["sk"]["S"])


def item_of(size, key):
    """Return an item of this size in bytes, nearly all in one string."""
    return {**key, "a": {"S": "x" * (size - key_size(key) - 1)}}


def put(client, table, item):
    client.put_item(TableName=table, Item=item)


def batch_put(client, table, item):
    answer = client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}}]})
    assert answer["UnprocessedItems"] == {}


def test_largest_item(client, shared_table, key):
    item = item_of(LIMIT, key)
    for store in (put, batch_put):
        store(client, shared_table, item)
        assert client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"] == item
        client.delete_item(TableName=shared_table, Key=key)


def test_one_byte_too_many(refused, client, shared_table, key):
    item = item_of(LIMIT + 1, key)
    code, text = refused("put_item", TableName=shared_table, Item=item)
    assert (code, text.removeprefix(ENVELOPE)) == ("ValidationException", TOO_LARGE)
    small = {"PutRequest": {"Item": {**key, "sk": {"S": "small"}}}}
    answer = refused("batch_write_item", RequestItems={shared_table: [small, {"PutRequest": {"Item": item}}]})
    assert answer == ("ValidationException", TOO_LARGE)
    assert (
        client.query(
            TableName=shared_table,
            KeyConditionExpression="pk = :k",
            ExpressionAttributeValues={":k": key["pk"]},
            ConsistentRead=True,
        )["Items"]
        == []
    )


# Each row: a value, and its size in bytes. The test fills the rest of the item with a string.
SIZES = [
    ({"S": ""}, 0),
    ({"S": "aé日😀"}, 10),
    ({"B": b"\x00" * 7}, 7),
    ({"BOOL": False}, 1),
    ({"NULL": True}, 1),
    ({"N": "0"}, 1),
    ({"N": "-0.0"}, 1),
    ({"N": "1"}, 2),
    ({"N": "0012"}, 2),
    ({"N": "123"}, 3),
    ({"N": "1234"}, 3),
    ({"N": "123456"}, 4),
    ({"N": "9" * 38}, 20),
    ({"N": "100"}, 2),
    ({"N": "1010"}, 3),
    ({"N": "0.0000001"}, 2),
    ({"N": "1E125"}, 2),
    ({"N": "1E-100"}, 2),
    ({"N": "1.5"}, 3),
    ({"N": "1.200"}, 3),
    ({"N": "1.234"}, 4),
    ({"N": "3.14159"}, 5),
    ({"N": "100.5"}, 4),
    ({"N": "0.15"}, 2),
    ({"N": "-42"}, 3),
    ({"SS": ["a", "bc", ""]}, 3),
    ({"BS": [b"a", b"bcd"]}, 4),
    ({"NS": ["1", "-42", "1.5"]}, 8),
    ({"L": []}, 3),
    ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + (1 + 2) + (1 + 2)),
    ({"M": {}}, 3),
    ({"M": {"é": {"S": "ab"}, "b": {"NULL": True}}}, 3 + (2 + 1 + 2) + (1 + 1 + 1)),
    ({"M": {"l": {"L": [{"M": {}}]}}}, 3 + 1 + 1 + (3 + (1 + 3))),
]


@pytest.mark.parametrize(("value", "size"), SIZES)
def test_size_of_a_value(client, refused, shared_table, key, value, size):
    name = "näme"
    fitting = item_of(LIMIT - len(name.encode()) - size, key)
    put(client, shared_table, {**fitting, name: value})
    code, text = refused(
        "put_item", TableName=shared_table, Item={**fitting, "a": {"S": fitting["a"]["S"] + "x"}, name: value}
    )
    assert (code, text.removeprefix(ENVELOPE)) == ("ValidationException", TOO_LARGE)


# --- updates: the size of the new item is checked before the condition ----------------------------

GROWTH = {
    "set": ("SET b = :v", {"S": "12345678"}),
    "set number": ("SET b = :v", {"N": "12345678901234"}),
    "append": ("SET l = list_append(l, :v)", {"L": [{"S": "12345678"}]}),
    "element": ("SET l[9] = :v", {"S": "12345678"}),
    "entry": ("SET m.e = :v", {"S": "1234567"}),
    "add": ("ADD ss :v", {"SS": ["123456789"]}),
    "legacy": (None, {"S": "12345678"}),
}


def growth(case):
    expression, value = GROWTH[case]
    if expression is None:
        return {"AttributeUpdates": {"b": {"Action": "PUT", "Value": value}}}
    return {"UpdateExpression": expression, "ExpressionAttributeValues": {":v": value}}


@pytest.mark.parametrize("case", GROWTH)
def test_an_update_may_reach_the_largest_size_but_not_exceed_it(client, refused, shared_table, key, case):
    documents = {"l": {"L": []}, "m": {"M": {}}, "ss": {"SS": ["0"]}}
    extra = 1 + 3 + 1 + 3 + 2 + 1
    for room, fits in ((9, True), (8, False)):
        item = {**item_of(LIMIT - extra - room, key), **documents}
        put(client, shared_table, item)
        request = {"TableName": shared_table, "Key": key, **growth(case)}
        if fits:
            client.update_item(**request)
        else:
            assert refused("update_item", **request) == ("ValidationException", UPDATE_TOO_LARGE)
            assert client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"] == item


# Each row: an UpdateExpression, the bytes of the longest value that :pad may have, and the item's
# attributes beside its key (None: there is no item). UpdateItem also limits the cost of the
# statement (behaviour 2.4); tests/unit/expressions/test_update_cost.py tests the cost of a clause.
COSTS = {
    "the example": ("SET b = :pad", LIMIT - 3 - 19 - 1, None),
    "unused default": ("SET b = if_not_exists(b, :pad)", LIMIT - 3 - 19 - 1 - 39 - (1 + 14 + 1), {"b": {"S": "x"}}),
    "beside a removal": ("SET b = :pad REMOVE c.d", LIMIT - 3 - 19 - 1 - 1 - (1 + 4 + 1), {"c": {"M": {}}}),
    "nested": ("SET c.d = :pad", LIMIT - 3 - 19 - (1 + 4 + 1), {"c": {"M": {}}}),
}


@pytest.mark.parametrize("case", COSTS)
def test_an_update_costs_what_it_writes(client, refused, shared_table, key, case):
    expression, longest, attributes = COSTS[case]
    if attributes is not None:
        put(client, shared_table, {**key, **attributes})
    request = {"TableName": shared_table, "Key": key, "UpdateExpression": expression}
    value = {":pad": {"S": "x" * (longest + 1)}}
    refusal = ("ValidationException", UPDATE_TOO_LARGE)
    assert refused("update_item", **request, ExpressionAttributeValues=value) == refusal
    failing = {
        "ConditionExpression": "begins_with(pk, :q)",
        "ExpressionAttributeValues": {**value, ":q": {"S": "absent"}},
    }
    assert refused("update_item", **request, **failing) == refusal
    before = client.get_item(TableName=shared_table, Key=key, ConsistentRead=True).get("Item")
    assert before == (None if attributes is None else {**key, **attributes})
    client.transact_write_items(  # a transaction has no limit on the cost of the statement
        TransactItems=[{"Update": {**request, "ExpressionAttributeValues": value}}]
    )
    value[":pad"]["S"] = "x" * longest
    client.update_item(**request, ExpressionAttributeValues=value)


def test_attribute_updates_cost_what_they_write(client, refused, shared_table, key):
    request = {"TableName": shared_table, "Key": key}
    longest = LIMIT - 3 - 19 - 1
    value = {"b": {"Value": {"S": "x" * (longest + 1)}}}
    assert refused("update_item", **request, AttributeUpdates=value) == ("ValidationException", UPDATE_TOO_LARGE)
    value["b"]["Value"]["S"] = "x" * longest
    client.update_item(**request, AttributeUpdates=value)


def test_values_of_the_condition_cost_nothing(client, shared_table, key):
    put(client, shared_table, key)
    client.update_item(
        TableName=shared_table,
        Key=key,
        UpdateExpression="SET b = :small",
        ConditionExpression="b <> :pad",
        ExpressionAttributeValues={":small": {"S": "x" * 1000}, ":pad": {"S": "x" * LIMIT}},
    )


def test_size_is_reported_before_a_failed_condition(client, refused, shared_table, key):
    put(client, shared_table, item_of(LIMIT, key))
    answer = refused(
        "update_item",
        TableName=shared_table,
        Key=key,
        UpdateExpression="SET b = :v",
        ConditionExpression="attribute_not_exists(pk)",
        ExpressionAttributeValues={":v": {"N": "1"}},
    )
    assert answer == ("ValidationException", UPDATE_TOO_LARGE)


def test_an_update_may_remove_enough_to_fit(client, shared_table, key):
    put(client, shared_table, item_of(LIMIT, key))
    client.update_item(
        TableName=shared_table,
        Key=key,
        UpdateExpression="SET b = :v REMOVE a",
        ExpressionAttributeValues={":v": {"S": "x" * 400_000}},
    )
    item = client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)["Item"]
    assert item == {**key, "b": {"S": "x" * 400_000}}


def test_an_item_that_an_update_creates(client, refused, shared_table, key):
    room = LIMIT - key_size(key) - len("b")
    request = {"TableName": shared_table, "Key": key, "UpdateExpression": "SET b = :v"}
    answer = refused("update_item", **request, ExpressionAttributeValues={":v": {"S": "x" * (room + 1)}})
    assert answer == ("ValidationException", UPDATE_TOO_LARGE)
    # 30 bytes less than the limit: in most regions, about 20 bytes of the statement count too
    # (behaviour 2.4).
    client.update_item(**request, ExpressionAttributeValues={":v": {"S": "x" * (room - 30)}})


def test_a_large_value_of_a_condition_does_not_count(client, shared_table, key):
    client.put_item(
        TableName=shared_table,
        Item=item_of(300_000, key),
        ConditionExpression="a <> :v",
        ExpressionAttributeValues={":v": {"S": "x" * 300_000}},
    )
