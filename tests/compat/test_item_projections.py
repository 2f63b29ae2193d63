"""ProjectionExpression and AttributesToGet of GetItem and BatchGetItem (reference 4.7)."""

import pytest

ITEM = {
    "a": {"N": "1"},
    "a.b": {"N": "2"},
    "l": {"L": [{"N": "0"}, {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, {"L": [{"N": "3"}, {"N": "4"}]}, {"N": "5"}]},
    "m": {"M": {"x": {"N": "1"}, "y": {"M": {"z": {"S": "deep"}, "w": {"BOOL": True}}}}},
}
NAMES = {"#dot": "a.b", "#name": "m", "#key": "pk"}

# expression, what comes back; "pk" stands for the item's partition key
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


def test_a_set_is_projected_whole(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "s": {"SS": ["x"]}})
    get = {"TableName": shared_table, "Key": key}
    assert client.get_item(**get, ProjectionExpression="s")["Item"] == {"s": {"SS": ["x"]}}
    assert client.get_item(**get, ProjectionExpression="s[0]")["Item"] == {}
