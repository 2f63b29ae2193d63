"""Conditions of PutItem, UpdateItem and DeleteItem: outcomes and failures (behaviour 4.4, 4.6)."""

import pytest
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

FAILED = ("ConditionalCheckFailedException", "The conditional request failed")

ITEM = {
    "n": {"N": "5"},
    "s": {"S": "héllo"},
    "b": {"B": b"\x01\x02\xff"},
    "t": {"BOOL": True},
    "nil": {"NULL": True},
    "l": {"L": [{"N": "1"}, {"M": {"x": {"S": "deep"}}}]},
    "m": {"M": {"x": {"N": "1"}, "a.b": {"N": "2"}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"\x01"]},
}
VALUES = {
    ":0": {"N": "0"},
    ":1": {"N": "1"},
    ":2": {"N": "2"},
    ":3": {"N": "3"},
    ":5": {"N": "5.00"},
    ":9": {"N": "9"},
    ":10": {"N": "10"},
    ":empty": {"S": ""},
    ":h": {"S": "hé"},
    ":hello": {"S": "héllo"},
    ":z": {"S": "z"},
    ":a": {"S": "a"},
    ":bin": {"B": b"\x01"},
    ":tail": {"B": b"\x02\xff"},
    ":true": {"BOOL": True},
    ":nil": {"NULL": True},
    ":l": {"L": [{"N": "1.0"}, {"M": {"x": {"S": "deep"}}}]},
    ":reversed": {"L": [{"M": {"x": {"S": "deep"}}}, {"N": "1"}]},
    ":m": {"M": {"a.b": {"N": "2"}, "x": {"N": "1"}}},
    ":x": {"M": {"x": {"S": "deep"}}},
    ":ss": {"SS": ["b", "a"]},
    ":ns": {"NS": ["2.0", "1"]},
    ":S": {"S": "S"},
    ":N": {"S": "N"},
    ":L": {"S": "L"},
    ":NULL": {"S": "NULL"},
}
NAMES = {"#dotted": "a.b"}

HOLD = [
    "n = :5",
    "n <> :1",
    "n < :9",
    "n < :10",
    "n <= :5",
    "n > :1",
    "n >= :5",
    "n BETWEEN :1 AND :9",
    "n BETWEEN :5 AND :5",
    "n IN (:1, :a, :5)",
    "s > :h",
    "s = :hello",
    "b > :bin",
    "t = :true",
    "nil = :nil",
    "l = :l",
    "m = :m",
    "ss = :ss",
    "ns = :ns",
    "l[1].x > :a",
    "m.#dotted = :2",
    "n = :a OR n = :5",
    "NOT n = :a",
    "NOT (n = :5 AND n = :1)",
    "n = :1 AND n = :1 OR n = :5",
    "absent <> :1",
    "n <> :a",
    "n <> absent",
    "attribute_exists(n)",
    "attribute_exists(l[1].x)",
    "attribute_not_exists(absent)",
    "attribute_not_exists(l[2])",
    "attribute_not_exists(n.x)",
    "attribute_type(n, :N)",
    "attribute_type(nil, :NULL)",
    "begins_with(s, :h)",
    "begins_with(s, :empty)",
    "begins_with(b, :bin)",
    "contains(s, :h)",
    "contains(b, :tail)",
    "contains(ss, :a)",
    "contains(ns, :1)",
    "contains(bs, :bin)",
    "contains(l, :1)",
    "contains(l, :x)",
    "size(s) = :5",
    "size(b) = :3",
    "size(ss) = :2",
    "size(l) = :2",
    "size(m) = :2",
    ":1 < n",
    ":5 = n",
]
FAIL = [
    "n = :1",
    "n = :a",
    "n < :a",
    "n > :a",
    "n < absent",
    "absent = :1",
    "absent = absent2",
    "absent < :1",
    "absent BETWEEN :1 AND :9",
    "absent IN (:1)",
    "n BETWEEN :a AND :z",
    "l = :reversed",
    "n <> :5",
    "NOT n = :5",
    "n = :5 AND n = :1",
    "attribute_exists(absent)",
    "attribute_exists(m.absent)",
    "attribute_exists(#dotted)",
    "attribute_not_exists(n)",
    "attribute_type(n, :S)",
    "attribute_type(absent, :S)",
    "begins_with(s, :z)",
    "begins_with(n, :a)",
    "contains(s, :z)",
    "contains(ss, :h)",
    "contains(n, :1)",
    "contains(m, :1)",
    "contains(absent, :1)",
    "size(absent) >= :0",
    "size(n) >= :0",
    "size(t) >= :0",
]


def used(values, expression):
    words = expression.replace("(", " ").replace(")", " ").replace(",", " ").replace(".", " ").split()
    return {name: value for name, value in values.items() if name in words}


def condition(expression):
    request = {"ConditionExpression": expression}
    if values := used(VALUES, expression):
        request["ExpressionAttributeValues"] = values
    if names := used(NAMES, expression):
        request["ExpressionAttributeNames"] = names
    return request


@pytest.fixture(scope="module")
def item_key(client, shared_table):
    item_key = {"pk": {"S": "conditions"}, "sk": {"S": "s"}}
    client.put_item(TableName=shared_table, Item={**item_key, **ITEM})
    return item_key


@pytest.mark.parametrize("expression", HOLD)
def test_holds(client, shared_table, item_key, expression):
    client.update_item(TableName=shared_table, Key=item_key, **condition(expression))
    client.put_item(TableName=shared_table, Item={**item_key, **ITEM}, **condition(expression))


@pytest.mark.parametrize("expression", FAIL)
def test_fails(refused, shared_table, item_key, expression):
    assert refused("update_item", TableName=shared_table, Key=item_key, **condition(expression)) == FAILED
    assert refused("put_item", TableName=shared_table, Item=item_key, **condition(expression)) == FAILED
    assert refused("delete_item", TableName=shared_table, Key=item_key, **condition(expression)) == FAILED


ON_KEYS = {
    "attribute_exists(pk)": True,
    "attribute_not_exists(sk)": False,
    "pk = :pk AND sk = :sk": True,
    "sk <> :sk OR a = :old": True,
    "sk > :sk OR a = :new": False,  # the condition is about the stored item, not the new one
    "begins_with(pk, :pk) AND attribute_not_exists(b)": True,
    "pk = :pk AND a = :old AND attribute_exists(b)": False,
}


@pytest.mark.parametrize("method", ["put_item", "delete_item"])
@pytest.mark.parametrize(("expression", "holds"), ON_KEYS.items())
def test_conditions_on_the_key_of_an_existing_item(client, refused, shared_table, key, method, expression, holds):
    client.put_item(TableName=shared_table, Item={**key, "a": {"N": "1"}})
    values = {":pk": key["pk"], ":sk": key["sk"], ":old": {"N": "1"}, ":new": {"N": "2"}}
    values = {name: value for name, value in values.items() if name in expression}
    request = {"TableName": shared_table, "ConditionExpression": expression}
    request |= {"ExpressionAttributeValues": values} if values else {}
    request |= {"Item": {**key, "a": {"N": "2"}, "b": {"N": "3"}}} if method == "put_item" else {"Key": key}
    if holds:
        getattr(client, method)(**request)
    else:
        assert refused(method, **request) == FAILED


ON_NOTHING = {
    "attribute_not_exists(pk)": True,
    "attribute_exists(pk)": False,
    "a <> :1": True,
    "a = :1": False,
    "NOT a = :1": True,
    "size(a) = :0": False,
    "pk = :1": False,
}


@pytest.mark.parametrize("method", ["put_item", "update_item", "delete_item"])
@pytest.mark.parametrize(("expression", "holds"), ON_NOTHING.items())
def test_a_missing_item_is_an_empty_one(client, refused, shared_table, key, method, expression, holds):
    request = {"TableName": shared_table, "Item" if method == "put_item" else "Key": key, **condition(expression)}
    if holds:
        getattr(client, method)(**request)
    else:
        assert refused(method, **request) == FAILED
    written = "Item" in client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)
    assert written is (holds and method != "delete_item")


# --- failure --------------------------------------------------------------------------------------

WRITES = {
    "put_item": lambda key: {"Item": {**key, "a": {"N": "2"}}},
    "update_item": lambda key: {
        "Key": key,
        "UpdateExpression": "SET a = :two",
        "ExpressionAttributeValues": {":two": {"N": "2"}},
    },
    "delete_item": lambda key: {"Key": key},
}


def failure(client, method, **request):
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        getattr(client, method)(**request)
    return caught.value.response


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("mode", ["ALL_OLD", "NONE", None])
@pytest.mark.parametrize("exists", [True, False])
def test_a_failure_changes_nothing_and_returns_the_item_on_request(client, shared_table, key, method, mode, exists):
    item = {**key, "a": {"N": "1"}, "m": {"M": {"x": {"B": b"\x00"}}}}
    if exists:
        client.put_item(TableName=shared_table, Item=item)
    request = WRITES[method](key) | {"ConditionExpression": "attribute_exists(nothing)"}
    if mode is not None:
        request["ReturnValuesOnConditionCheckFailure"] = mode
    response = failure(client, method, TableName=shared_table, **request)
    assert (response["Error"]["Code"], response["Error"]["Message"]) == FAILED
    assert response.get("Item") == (item if exists and mode == "ALL_OLD" else None)
    after = client.get_item(TableName=shared_table, Key=key, ConsistentRead=True).get("Item")
    assert after == (item if exists else None)


def test_failure_mode_is_ignored_when_the_condition_holds(client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key)
    answer = client.delete_item(
        TableName=shared_table,
        Key=key,
        ConditionExpression="attribute_exists(pk)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert "Attributes" not in answer


def test_body_of_a_failure(post, client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": {"N": "1"}})
    body = {
        "TableName": shared_table,
        "Key": key,
        "ConditionExpression": "attribute_not_exists(a)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    answer = post("DeleteItem", body)
    assert (answer.status, answer.json) == (
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": {**key, "a": {"N": "1"}},
        },
    )


def test_path_below_a_key_attribute(refused, shared_table, key):
    for method in WRITES:
        request = {"TableName": shared_table, "Item" if method == "put_item" else "Key": key}
        assert refused(method, **request, ConditionExpression="attribute_exists(pk[0])") == (
            "ValidationException",
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
        )


def test_failed_condition_comes_before_a_failing_update(refused, shared_table, key):
    request = {"TableName": shared_table, "Key": key, "UpdateExpression": "SET a = b"}
    assert refused("update_item", **request, ConditionExpression="attribute_exists(pk)") == FAILED


@pytest.mark.parametrize("method", ["put_item", "delete_item"])
def test_an_attribute_whose_name_ends_like_a_key_is_not_the_key(client, refused, shared_table, key, method):
    client.put_item(TableName=shared_table, Item={**key, 'a"v': {"N": "1"}, "v": {"N": "2"}})
    request = {
        "TableName": shared_table,
        "Item" if method == "put_item" else "Key": key,
        "ConditionExpression": "v = :v",
    }
    assert refused(method, **request, ExpressionAttributeValues={":v": {"N": "1"}}) == FAILED
    getattr(client, method)(**request, ExpressionAttributeValues={":v": {"N": "2"}})


def test_three_hundred_operators(client, refused, shared_table, key):
    values = {":v": {"N": "1"}}
    request = {"TableName": shared_table, "Item": key, "ExpressionAttributeValues": values}
    too_many = " OR ".join(["a <> :v"] * 150) + " AND a <> :v"  # 151 comparators, 149 OR, one AND
    assert refused("put_item", **request, ConditionExpression=too_many) == (
        "ValidationException",
        (
            "1 validation error detected: Invalid ConditionExpression: "
            "The expression contains too many operators; operator count: 301"
        ),
    )
    client.put_item(
        **request, ConditionExpression="NOT " + " OR ".join(["a = :v"] * 150)
    )  # 150 comparators, 149 OR, one NOT
    client.put_item(**request, ConditionExpression="NOT(" * 299 + "a = :v" + ")" * 299)
    deep = "contains(a,:v)OR NOT contains(a,:v)AND(" * 100 + "contains(a,:v)" + ")" * 100
    assert refused("put_item", **request, ConditionExpression=deep) == FAILED


def test_resource_conditions(resource, shared_table, key):
    table = resource.Table(shared_table)
    plain = {"pk": key["pk"]["S"], "sk": "s"}
    table.put_item(Item={**plain, "tags": {"x", "y"}, "count": 3}, ConditionExpression=Attr("pk").not_exists())
    table.update_item(
        Key=plain,
        UpdateExpression="SET #c = #c - :one",
        ConditionExpression=Attr("count").between(1, 3) & Attr("tags").contains("x") & ~Attr("tags").contains("z"),
        ExpressionAttributeNames={"#c": "count"},
        ExpressionAttributeValues={":one": 1},
    )
    assert table.get_item(Key=plain, ConsistentRead=True)["Item"]["count"] == 2
    with pytest.raises(ClientError) as caught:
        table.delete_item(Key=plain, ConditionExpression=Attr("count").is_in([3, 4]) | Attr("tags").size().gt(2))
    assert caught.value.response["Error"]["Code"] == FAILED[0]
