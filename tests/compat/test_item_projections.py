"""ProjectionExpression and AttributesToGet of GetItem and BatchGetItem (behaviour 4.7)."""

import pytest

ITEM = {
    "a": {"N": "1"},
    "a.b": {"N": "2"},
    "l": {"L": [{"N": "0"}, {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, {"L": [{"N": "3"}, {"N": "4"}]}, {"N": "5"}]},
    "m": {"M": {"x": {"N": "1"}, "y": {"M": {"z": {"S": "deep"}, "w": {"BOOL": True}}}}},
}
NAMES = {"#dot": "a.b", "#name": "m", "#key": "pk"}

# Expression -> result. "pk" stands for the partition key of the item.
PROJECTIONS = {
    "a": {"a": ITEM["a"]},
    "#dot": {"a.b": ITEM["a.b"]},
    "a, l": {"a": ITEM["a"], "l": ITEM["l"]},
    "#key": "pk",
    "m.x": {"m": {"M": {"x": {"N": "1"}}}},
    "m.x, m.y.z": {"m": {"M": {"x": {"N": "1"}, "y": {"M": {"z": {"S": "deep"}}}}}},
    "#name.y": {"m": {"M": {"y": ITEM["m"]["M"]["y"]}}},
    "l[0]": {"l": {"L": [{"N": "0"}]}},
    "l[3], l[0]": {"l": {"L": [{"N": "0"}, {"N": "5"}]}},
    "l[1].y, l[1].x": {"l": {"L": [{"M": {"x": {"N": "1"}, "y": {"N": "2"}}}]}},
    "l[2][1], l[0]": {"l": {"L": [{"N": "0"}, {"L": [{"N": "4"}]}]}},
    "l[9], l[3]": {"l": {"L": [{"N": "5"}]}},
    "nothing": {},
    "m.nothing": {},
    "l[9]": {},
    "a.x": {},
    "a[0]": {},
    "m[0]": {},
    "l.x": {},
    "nothing, a": {"a": ITEM["a"]},
    "m.nothing, m.x": {"m": {"M": {"x": {"N": "1"}}}},
    " \t\r\na\n,\tl[0]": {"a": ITEM["a"], "l": {"L": [{"N": "0"}]}},
}


def projection(expression):
    names = {alias: name for alias, name in NAMES.items() if alias in expression}
    return {"ProjectionExpression": expression} | ({"ExpressionAttributeNames": names} if names else {})


@pytest.fixture(scope="module")
def item_key(client, shared_table):
    item_key = {"pk": {"S": "projections"}, "sk": {"S": "s"}}
    client.put_item(TableName=shared_table, Item={**item_key, **ITEM})
    return item_key


@pytest.mark.parametrize("expression", PROJECTIONS)
def test_projection_expression(client, shared_table, item_key, expression):
    expected = PROJECTIONS[expression]
    expected = {"pk": item_key["pk"]} if expected == "pk" else expected
    answer = client.get_item(TableName=shared_table, Key=item_key, ConsistentRead=True, **projection(expression))
    assert answer["Item"] == expected
    block = {"Keys": [item_key], "ConsistentRead": True, **projection(expression)}
    answer = client.batch_get_item(RequestItems={shared_table: block})
    assert answer["Responses"] == {shared_table: [expected]}


# AttributesToGet names whole attributes: dots and brackets are part of a name.
ATTRIBUTES = [
    (["a"], ("a",)),
    (["a.b", "a"], ("a.b", "a")),
    (["m", "nothing"], ("m",)),
    (["m.x"], ()),
    (["l[0]"], ()),
]


@pytest.mark.parametrize(("names", "found"), ATTRIBUTES)
def test_attributes_to_get(client, shared_table, item_key, names, found):
    expected = {name: ITEM[name] for name in found}
    answer = client.get_item(TableName=shared_table, Key=item_key, ConsistentRead=True, AttributesToGet=names)
    assert answer["Item"] == expected
    block = {"Keys": [item_key], "ConsistentRead": True, "AttributesToGet": names}
    answer = client.batch_get_item(RequestItems={shared_table: block})
    assert answer["Responses"] == {shared_table: [expected]}


def test_nothing_found_is_an_empty_item(post, shared_table, item_key):
    answer = post("GetItem", {"TableName": shared_table, "Key": item_key, "ProjectionExpression": "nothing"})
    assert answer.body == b'{"Item":{}}'


def answers_of(client, table, key, wanted):
    """Read the attributes `wanted` of an item in every possible way; yield each result."""
    get = {"TableName": table, "Key": key}
    project = {"ProjectionExpression": ", ".join(wanted)}
    condition = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": key["pk"]}}
    statement = f"""SELECT {", ".join(wanted)} FROM "{table}" WHERE pk = '{key["pk"]["S"]}'"""
    yield client.get_item(**get, **project)["Item"]
    yield client.get_item(**get, AttributesToGet=wanted)["Item"]
    yield client.batch_get_item(RequestItems={table: {"Keys": [key], **project}})["Responses"][table][0]
    yield client.transact_get_items(TransactItems=[{"Get": {**get, **project}}])["Responses"][0]["Item"]
    yield client.query(TableName=table, **condition, **project)["Items"][0]
    condition["FilterExpression"] = condition.pop("KeyConditionExpression")
    yield client.scan(TableName=table, **condition, **project)["Items"][0]
    yield client.execute_statement(Statement=statement)["Items"][0]
    yield client.execute_statement(Statement=f"{statement} AND sk = 's'")["Items"][0]


@pytest.fixture(scope="module")
def wide_key(client, shared_table):
    wide_key = {"pk": {"S": "wide"}, "sk": {"S": "s"}}
    attributes = {name: {"N": "1"} for name in "qdzaxmwbk"}
    client.put_item(TableName=shared_table, Item={**attributes, **wide_key, "doc": {"M": attributes}})
    return wide_key


@pytest.mark.parametrize("names", ["qdzaxmwbk", "zyxwvutsrqponmlkjihgfedcba", "kxa", "bz"])
def test_projections_come_in_the_order_of_the_whole_item(client, shared_table, wide_key, names):
    """Neither the order in the expression nor the random order of a Python set has an effect."""
    whole = client.get_item(TableName=shared_table, Key=wide_key)["Item"]
    wanted = [*names, "sk", "doc", "pk"]
    in_order = [name for name in whole if name in wanted]
    for answer in answers_of(client, shared_table, wide_key, wanted):
        assert list(answer) == in_order
        assert list(answer["doc"]["M"]) == list(whole["doc"]["M"])
    paths = [*names, *(f"doc.{name}" for name in names)]
    inner = [name for name in whole["doc"]["M"] if name in names]
    answer = client.get_item(TableName=shared_table, Key=wide_key, ProjectionExpression=", ".join(paths))["Item"]
    assert list(answer) == [name for name in whole if name in [*names, "doc"]]
    assert list(answer["doc"]["M"]) == inner
    leaves = ", ".join(f"doc.{name}" for name in names)
    for where in ("", " AND sk = 's'"):
        statement = f"""SELECT {leaves}, sk FROM "{shared_table}" WHERE pk = 'wide'{where}"""
        assert list(client.execute_statement(Statement=statement)["Items"][0]) == [*inner, "sk"]


def test_updated_attributes_come_in_the_order_of_the_item(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, **{name: {"N": "1"} for name in "qdzaxm"}})
    request = {"UpdateExpression": "SET e = :v, a = :v, z = :v, q = :v, c = :v"}
    request["ExpressionAttributeValues"] = {":v": {"M": {"y": {"N": "2"}, "b": {"N": "2"}}}}
    for mode, shown in (("UPDATED_OLD", "aqz"), ("UPDATED_NEW", "aceqz")):
        answer = client.update_item(TableName=shared_table, Key=key, ReturnValues=mode, **request)
        assert list(answer["Attributes"]) == list(shown)
        client.delete_item(TableName=shared_table, Key=key)
        client.put_item(TableName=shared_table, Item={**key, **{name: {"N": "1"} for name in "qdzaxm"}})
    statement = f"""UPDATE "{shared_table}" SET z = 1, e = 2, a = 3 WHERE pk = '{key["pk"]["S"]}' AND sk = 's'"""
    answer = client.execute_statement(Statement=statement + " RETURNING MODIFIED NEW *")
    assert list(answer["Items"][0]) == list("aez")


def test_a_set_is_projected_whole(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "s": {"SS": ["x"]}})
    get = {"TableName": shared_table, "Key": key}
    assert client.get_item(**get, ProjectionExpression="s")["Item"] == {"s": {"SS": ["x"]}}
    assert client.get_item(**get, ProjectionExpression="s[0]")["Item"] == {}
