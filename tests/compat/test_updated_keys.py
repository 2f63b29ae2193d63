"""Updates of key attributes of a table or its indexes, and paths below them (behaviour 3.8)."""

import pytest

from tests.support.indexes import INDEXES_ON_EACH_TYPE, index_key_mismatch

INVALID = "One or more parameter values were invalid: "
SCALARS = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
UNSUPPORTED = "The update expression attempted to update the secondary index key to unsupported type"
OPERAND = "An operand in the update expression has an incorrect data type"
MISSING = "The provided expression refers to an attribute that does not exist in the item"


@pytest.fixture(scope="module")
def table(make_shared_table):
    return make_shared_table(**INDEXES_ON_EACH_TYPE)


def part_of_key(name):
    return f"{INVALID}Cannot update attribute {name}. This attribute is part of the key"


ITEM = {"x": {"S": "v"}, "n": {"N": "1"}, "b": {"B": b"\x00"}, "l": {"S": "v"}, "misc": {"N": "7"}, "doc": {"M": {}}}
VALUES = {
    ":s": {"S": "s"},
    ":n": {"N": "5"},
    ":b": {"B": b"\x01"},
    ":bool": {"BOOL": True},
    ":null": {"NULL": True},
    ":m": {"M": {}},
    ":l": {"L": []},
    ":ss": {"SS": ["a"]},
    ":ns": {"NS": ["1"]},
}


def update_of(expression):
    words = expression.replace(",", " ").replace("(", " ").replace(")", " ").split()
    values = {name: value for name, value in VALUES.items() if name in words}
    return {"UpdateExpression": expression} | ({"ExpressionAttributeValues": values} if values else {})


# case: (expression, error text). These errors do not depend on the item. They are reported before a
# failing condition, and name the first index that has the key.
WRONG_TYPES = {
    "number": ("SET x = :n", index_key_mismatch("x", "S", "N", "first")),
    "binary": ("SET x = :b", index_key_mismatch("x", "S", "B", "first")),
    "boolean": ("SET x = :bool", index_key_mismatch("x", "S", "BOOL", "first")),
    "null": ("SET x = :null", index_key_mismatch("x", "S", "NULL", "first")),
    "map": ("SET x = :m", index_key_mismatch("x", "S", "M", "first")),
    "list": ("SET x = :l", index_key_mismatch("x", "S", "L", "first")),
    "set": ("SET x = :ss", index_key_mismatch("x", "S", "SS", "first")),
    "string for a number": ("SET n = :s", index_key_mismatch("n", "N", "S", "second")),
    "string for binary": ("SET b = :s", index_key_mismatch("b", "B", "S", "third")),
    "local index": ("SET misc = :n, l = :n", index_key_mismatch("l", "S", "N", "local")),
    "beside others": ("SET misc = :n, b = :b, x = :n REMOVE doc", index_key_mismatch("x", "S", "N", "first")),
    "add": ("ADD x :n", index_key_mismatch("x", "S", "N", "first")),
    "add a set": ("ADD n :ns", index_key_mismatch("n", "N", "NS", "second")),
    "sum": ("SET x = :n + :n", index_key_mismatch("x", "S", "N", "first")),
    "sum with an attribute": ("SET b = absent - :n", index_key_mismatch("b", "B", "N", "third")),
    "list_append": ("SET x = list_append(absent, :l)", index_key_mismatch("x", "S", "L", "first")),
    "sum with a default": ("SET x = if_not_exists(x, :n) + :n", index_key_mismatch("x", "S", "N", "first")),
}
PATHS = {
    "below a key: set": ("SET pk.b = :s", part_of_key("pk")),
    "below a key: set an element": ("SET sk[1] = :s", part_of_key("sk")),
    "below a key: remove": ("REMOVE pk.b", part_of_key("pk")),
    "below a key: add": ("ADD pk.b :n", part_of_key("pk")),
    "below a key: delete": ("DELETE sk.b.c :ss", part_of_key("sk")),
    "below a key: before index keys": ("SET x.a = :s, pk.b = :s", part_of_key("pk")),
    "below a key: before index key types": ("SET x = :n REMOVE sk[0]", part_of_key("sk")),
    "below a key: before operands": ("SET misc = x.a REMOVE sk[0]", part_of_key("sk")),
    "index key as a target": ("SET x.a = :s", SCALARS + "IndexKey: x"),
    "index key removed from": ("REMOVE l[0]", SCALARS + "IndexKey: l"),
    "read below: index key": ("SET misc = x[1]", SCALARS + "IndexKey: x"),
    "read below: index key in a sum": ("SET misc = :n + n.a", SCALARS + "IndexKey: n"),
    "read below: index key with a default": ("SET misc = if_not_exists(l.a, :n)", SCALARS + "IndexKey: l"),
    "read below: index key in a list": ("SET misc = list_append(:l, if_not_exists(b[0], :l))", SCALARS + "IndexKey: b"),
    "read below: key": ("SET misc = pk.a", SCALARS + "Key: pk"),
    "read below: key before index key": ("SET misc = x.a, doc = pk.a", SCALARS + "Key: pk"),
    "read below: sort key": ("SET misc = sk[0] + :n", SCALARS + "Key: sk"),
}


@pytest.mark.parametrize("case", WRONG_TYPES | PATHS)
def test_updates_that_are_wrong_for_every_item(client, refused, canceled, table, key, case):
    expression, text = (WRONG_TYPES | PATHS)[case]
    update = {"TableName": table, "Key": key, **update_of(expression)}
    for condition in ({}, {"ConditionExpression": "attribute_exists(pk)"}):
        assert refused("update_item", **update, **condition) == ("ValidationException", text)
    if text.startswith(SCALARS):
        assert refused("transact_write_items", TransactItems=[{"Update": update}]) == ("ValidationException", text)
    else:
        reasons = canceled("transact_write_items", TransactItems=[{"Update": update}])  # behaviour 3.8
        assert reasons == [{"Code": "ValidationError", "Message": text}]
    assert "Item" not in client.get_item(TableName=table, Key=key, ConsistentRead=True)
    client.put_item(TableName=table, Item={**key, **ITEM})
    assert refused("update_item", **update) == ("ValidationException", text)


@pytest.mark.parametrize(
    ("name", "action", "text"),
    [
        ("x", {"Action": "PUT", "Value": {"N": "1"}}, index_key_mismatch("x", "S", "N", "first")),
        ("x", {"Action": "ADD", "Value": {"N": "1"}}, index_key_mismatch("x", "S", "N", "first")),
        ("x", {"Action": "ADD", "Value": {"L": []}}, index_key_mismatch("x", "S", "L", "first")),
        ("n", {"Action": "ADD", "Value": {"SS": ["a"]}}, index_key_mismatch("n", "N", "SS", "second")),
        ("l", {"Value": {"BOOL": True}}, index_key_mismatch("l", "S", "BOOL", "local")),
    ],
)
def test_attribute_updates(client, refused, table, key, name, action, text):
    for _ in range(2):
        answer = refused("update_item", TableName=table, Key=key, AttributeUpdates={name: action})
        assert answer == ("ValidationException", text)
        client.put_item(TableName=table, Item={**key, **ITEM})


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("SET x = 1", index_key_mismatch("x", "S", "N", "first")),
        ("SET n = n + 1 SET b = 'a'", index_key_mismatch("b", "B", "S", "third")),
        ("SET pk.a = 1", part_of_key("pk")),
        ("SET misc = x[1]", SCALARS + "IndexKey: x"),
        ("SET x = misc", UNSUPPORTED),
    ],
)
def test_statements(client, refused, table, key, statement, text):
    client.put_item(TableName=table, Item={**key, **ITEM})
    where = f"WHERE pk = '{key['pk']['S']}' AND sk = 's'"
    answer = refused("execute_statement", Statement=f'UPDATE "{table}" {statement} {where}')
    assert answer == ("ValidationException", text)


# case: (expression, error text). These errors depend on the item, so a failing condition is
# reported before them.
FROM_THE_ITEM = {
    "a copy": ("SET x = misc", UNSUPPORTED),
    "a copied document": ("SET b = doc", UNSUPPORTED),
    "a default that is there": ("SET x = if_not_exists(misc, :s)", UNSUPPORTED),
    "a default from the item": ("SET x = if_not_exists(absent, misc)", UNSUPPORTED),
    "a default from the request": (
        "SET x = if_not_exists(absent, :bool)",
        index_key_mismatch("x", "S", "BOOL", "first"),
    ),
    "delete": ("DELETE x :ss", OPERAND),
    "nothing to copy": ("SET x = absent", MISSING),
}


@pytest.mark.parametrize("case", FROM_THE_ITEM)
def test_wrong_types_that_come_from_the_item(client, refused, canceled, table, key, case):
    expression, text = FROM_THE_ITEM[case]
    client.put_item(TableName=table, Item={**key, **ITEM})
    update = {"TableName": table, "Key": key, **update_of(expression)}
    assert refused("update_item", **update) == ("ValidationException", text)
    reasons = canceled("transact_write_items", TransactItems=[{"Update": update}])
    assert reasons == [{"Code": "ValidationError", "Message": text}]
    code, _ = refused("update_item", **update, ConditionExpression="attribute_not_exists(pk)")
    assert code == "ConditionalCheckFailedException"


@pytest.mark.parametrize(
    "expression",
    [
        "SET x = :s",
        "SET n = n + :n",
        "ADD n :n",
        "SET b = :b, l = x",
        "SET x = if_not_exists(x, :n)",
        "REMOVE x, n",
        "SET misc = if_not_exists(x, :n), doc.x = :n",
    ],
)
def test_right_types(client, table, key, expression):
    client.put_item(TableName=table, Item={**key, **ITEM})
    client.update_item(TableName=table, Key=key, **update_of(expression))


# --- projections below keys (behaviour 3.8) -------------------------------------------------------

BELOW_KEYS = {
    "pk.b": "Key: pk",
    "misc, sk[0]": "Key: sk",
    "x.a": "IndexKey: x",
    "doc.x, misc, l[2].c": "IndexKey: l",
    "n.a, l.a": "IndexKey: n",
    "n.a, pk.a": "Key: pk",
}


@pytest.mark.parametrize("expression", BELOW_KEYS)
def test_projections_below_keys(refused, table, key, expression):
    answer = ("ValidationException", SCALARS + BELOW_KEYS[expression])
    project = {"ProjectionExpression": expression}
    get = {"TableName": table, "Key": key, **project}
    condition = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": key["pk"]}}
    assert refused("get_item", **get) == answer
    assert refused("batch_get_item", RequestItems={table: {"Keys": [key], **project}}) == answer
    assert refused("query", TableName=table, **condition, **project) == answer
    assert refused("query", TableName=table, IndexName="local", **condition, **project) == answer
    assert refused("scan", TableName=table, **project) == answer
    assert refused("scan", TableName=table, IndexName="second", **project) == answer
    assert refused("transact_get_items", TransactItems=[{"Get": get}]) == answer
    assert refused("execute_statement", Statement=f'SELECT {expression} FROM "{table}"') == answer


@pytest.mark.parametrize(
    ("condition", "place"),
    [("pk.b = :s", "Key: pk"), ("x[0] = :s", "IndexKey: x"), ("l.a = :s OR sk[1] = :s", "Key: sk")],
)
def test_conditions_below_keys(refused, table, key, condition, place):
    """The error for a path below a key comes before the one for a key attribute in a filter."""
    answer = ("ValidationException", SCALARS + place)
    value = {":s": VALUES[":s"]}
    request = {"TableName": table, "ExpressionAttributeValues": value}
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {**value, ":p": key["pk"]}}
    check = {**request, "Key": key, "ConditionExpression": condition}
    assert refused("delete_item", **check) == answer
    assert refused("transact_write_items", TransactItems=[{"ConditionCheck": check}]) == answer
    assert refused("scan", **request, FilterExpression=condition) == answer
    for source in ({}, {"IndexName": "local"}):
        assert refused("query", **request | query, **source, FilterExpression=condition) == answer
    where = f"pk = '{key['pk']['S']}' AND sk = 's' AND ({condition.replace(':s', '1')})"
    assert refused("execute_statement", Statement=f'SELECT * FROM "{table}" WHERE {where}') == answer
    exists = {"Statement": f'EXISTS(SELECT * FROM "{table}" WHERE {where})'}
    assert refused("execute_transaction", TransactStatements=[exists]) == answer


def test_projections_below_keys_that_an_index_does_not_have(refused, table, key):
    """The error for such a path comes before the one for an attribute that is not projected."""
    read = {"TableName": table, "IndexName": "first", "ProjectionExpression": "l.a"}
    condition = {"KeyConditionExpression": "x = :s", "ExpressionAttributeValues": {":s": VALUES[":s"]}}
    answer = ("ValidationException", SCALARS + "IndexKey: l")
    assert refused("query", **read, **condition) == answer
    assert refused("scan", **read) == answer


def test_projections_beside_keys(client, table, key):
    client.put_item(TableName=table, Item={**key, **ITEM, "doc": {"M": {"x": {"N": "1"}, "pk": {"N": "2"}}}})
    answer = client.get_item(TableName=table, Key=key, ProjectionExpression="pk, x, doc.x, doc.pk.a")
    assert answer["Item"] == {"pk": key["pk"], "x": ITEM["x"], "doc": {"M": {"x": {"N": "1"}}}}
