"""The query builder, attribute values and entities of the console: pure functions."""

import pytest

from emulator.http.site.console import rendering
from emulator.http.site.console.attributes import kind_name, plain_item, retyped_item, shown
from emulator.http.site.console.described import mode
from emulator.http.site.console.entities import collections, entities, prefix
from emulator.http.site.console.forms import BadForm, Fields
from emulator.http.site.console.querying import Placeholders, attribute_value, form_of, request_of
from tests.support.tables import index_request

TABLE = {
    "TableName": "t",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind} for name, kind in (("pk", "S"), ("sk", "N"), ("status", "B"))
    ],
    "KeySchema": [{"AttributeName": "sk", "KeyType": "RANGE"}, {"AttributeName": "pk", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [index_request("by-status", "status pk")],
}


def built(*pairs):
    return request_of(form_of(Fields(pairs), TABLE), "t")


def test_without_a_key_a_scan_reads_the_table():
    plain = {"TableName": "t", "Limit": 100, "ReturnConsumedCapacity": "TOTAL"}
    assert built() == ("Scan", plain)
    assert built(("limit", "25"), ("consistent", "on")) == ("Scan", plain | {"Limit": 25, "ConsistentRead": True})


@pytest.mark.parametrize(
    ("op", "condition"),
    [
        ("=", "#n0 = :v0 AND #n1 = :v1"),
        ("<=", "#n0 = :v0 AND #n1 <= :v1"),
        ("between", "#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2"),
        ("begins_with", "#n0 = :v0 AND begins_with(#n1, :v1)"),
    ],
)
def test_a_key_makes_a_query(op, condition):
    operation, request = built(
        ("key-0", "a"), ("key-1", " 5 "), ("key-1-op", op), ("key-1-to", "7"), ("order", "backward")
    )
    values = {":v0": {"S": "a"}, ":v1": {"N": "5"}}
    assert operation == "Query"
    assert request["KeyConditionExpression"] == condition
    assert request["ExpressionAttributeNames"] == {"#n0": "pk", "#n1": "sk"}
    assert request["ExpressionAttributeValues"] == values | ({":v2": {"N": "7"}} if op == "between" else {})
    assert request["ScanIndexForward"] is False


def test_an_index_has_its_own_key():
    operation, request = built(("index", "by-status"), ("key-0", "AAE="), ("start", '{"pk": {"S": "x"}}'))
    assert (operation, request["IndexName"]) == ("Query", "by-status")
    assert request["ExpressionAttributeNames"] == {"#n0": "status"}
    assert request["ExpressionAttributeValues"] == {":v0": {"B": "AAE="}}
    assert request["ExclusiveStartKey"] == {"pk": {"S": "x"}}


def test_a_key_of_several_attributes():
    types = [{"AttributeName": name, "AttributeType": "S"} for name in "abcd"]
    indexes = [index_request("several", "a+b c+d")]
    table = TABLE | {"GlobalSecondaryIndexes": indexes, "AttributeDefinitions": types}
    fields = Fields([("index", "several"), *((f"key-{at}", str(at)) for at in range(4)), ("key-3-op", ">")])
    operation, request = request_of(form_of(fields, table), "t")
    assert operation == "Query"
    assert request["KeyConditionExpression"] == "#n0 = :v0 AND #n1 = :v1 AND #n2 = :v2 AND #n3 > :v3"
    assert list(request["ExpressionAttributeNames"].values()) == ["a", "b", "c", "d"]


def filters(*rows):
    return [
        (f"filter-{column}", text)
        for row in rows
        for column, text in zip(("name", "op", "type", "value", "to"), row, strict=True)
    ]


def test_filters_and_attributes_share_placeholders():
    rows = filters(
        ("a.b[0]", "=", "N", "1", ""),
        ("", "=", "S", "", ""),
        ("a", "attribute_exists", "S", "", ""),
        ("a", "attribute_type", "N", "SS", ""),
        ("c", "between", "S", "x", "y"),
        ("c", "contains", "JSON", '{"BOOL": true}', ""),
    )
    _, request = built(*rows, ("attributes", "a, c[1].b ,"))
    assert request["FilterExpression"] == (
        "#n0.#n1[0] = :v0 AND attribute_exists(#n0) AND attribute_type(#n0, :v1) AND #n2 BETWEEN :v2 AND :v3 "
        "AND contains(#n2, :v4)"
    )
    assert request["ProjectionExpression"] == "#n0, #n2[1].#n1"
    assert request["ExpressionAttributeNames"] == {"#n0": "a", "#n1": "b", "#n2": "c"}
    assert request["ExpressionAttributeValues"][":v1"] == {"S": "SS"}
    assert request["ExpressionAttributeValues"][":v4"] == {"BOOL": True}


@pytest.mark.parametrize(
    "pairs",
    [
        [("index", "none")],
        [("key-1", "5")],
        [("key-1-op", "like")],
        [("limit", "many")],
        [("start", "[]")],
        [("start", "{")],
        [("view", "tree")],
        [("attributes", "a..b")],
        filters(("a", "like", "S", "", "")),
        filters(("a[", "=", "S", "", "")),
        filters(("a", "=", "X", "", "")),
        filters(("a", "=", "BOOL", "maybe", "")),
        filters(("a", "=", "JSON", "1", "")),
        [*filters(("a", "=", "S", "", "")), ("filter-name", "b")],
        filters(*[("a", "=", "S", "", "")] * 51),
    ],
)
def test_wrong_forms(pairs):
    with pytest.raises(BadForm):
        built(*pairs)


def test_the_form_shows_its_filters_and_blank_ones():
    rows = form_of(Fields(filters(("a", "=", "S", "1", ""))), TABLE).rows
    assert [each.name for each in rows] == ["a", "", ""]


def test_placeholders_are_reused():
    names = Placeholders()
    assert [names.name("a"), names.name("b"), names.name("a")] == ["#n0", "#n1", "#n0"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("S", " a ", {"S": " a "}),
        ("N", " 1 ", {"N": "1"}),
        ("BOOL", "True", {"BOOL": True}),
        ("NULL", "", {"NULL": True}),
    ],
)
def test_attribute_values(kind, text, value):
    assert attribute_value(kind, text) == value


# --- attribute values -----------------------------------------------------------------------------

BIG = "12345678901234567890123456789012345678"
ITEM = {
    "s": {"S": "x"},
    "n": {"N": "1"},
    "big": {"N": BIG},
    "fraction": {"N": "0.1"},
    "odd": {"N": "0.12345678901234567890123"},
    "b": {"B": "AAE="},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2.5"]},
    "bs": {"BS": ["AAE="]},
    "l": {"L": [{"N": "1"}, {"SS": ["a"]}, {"M": {"x": {"B": "AA=="}}}]},
    "m": {"M": {"ns": {"NS": ["3"]}, "e": {"M": {}}}},
}


def test_an_item_survives_its_form_as_ordinary_json():
    assert retyped_item(plain_item(ITEM), ITEM) == ITEM


def test_large_numbers_keep_their_digits():
    found = plain_item(ITEM)
    assert (found["n"], found["fraction"], found["big"]) == (1, 0.1, BIG)
    assert found["odd"] == "0.12345678901234567890123"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ss", ["a", "c"], {"SS": ["a", "c"]}),
        ("ss", [], {"L": []}),
        ("ss", ["a", 1], {"L": [{"S": "a"}, {"N": "1"}]}),
        ("ns", [1, 7], {"NS": ["1", "7"]}),
        ("ns", [True], {"L": [{"BOOL": True}]}),
        ("b", "AAI=", {"B": "AAI="}),
        ("big", BIG[:-1], {"N": BIG[:-1]}),
        ("big", "many", {"S": "many"}),
        ("s", 5, {"N": "5"}),
        ("n", True, {"BOOL": True}),
        ("new", None, {"NULL": True}),
        ("l", [2, ["a"], {"x": "AQ=="}], {"L": [{"N": "2"}, {"SS": ["a"]}, {"M": {"x": {"B": "AQ=="}}}]}),
        ("m", {"ns": [4], "f": 1.5}, {"M": {"ns": {"NS": ["4"]}, "f": {"N": "1.5"}}}),
    ],
)
def test_an_edited_value_keeps_its_type_if_it_can(name, value, expected):
    assert retyped_item({name: value}, ITEM) == {name: expected}


def test_values_in_cells_are_short():
    assert shown({"S": "x" * 400}) == "x" * 300 + "… (400 characters)"
    assert (shown(None), shown({"NULL": True}), shown({"L": [{"N": "1"}]})) == ("", "null", "[1]")
    assert (kind_name({"SS": ["a"]}), kind_name(None)) == ("String set", "no value")


# --- entities -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"S": "USER#42"}, "USER#"),
        ({"S": "order|1#2"}, "order|"),
        ({"S": "PROFILE"}, "PROFILE"),
        ({"S": "alice"}, "*"),
        ({"S": "2024-01-01#x"}, "*"),
        ({"S": ""}, "*"),
        ({"S": "PROFILE\n"}, "*"),
        ({"N": "5"}, "*"),
        ({"B": "QQ=="}, "*"),
        (None, "*"),
    ],
)
def test_prefixes(value, expected):
    assert prefix(value) == expected


def item(pk, sk, **attributes):
    return {"pk": {"S": pk}, "sk": {"S": sk}, **{name: {"S": value} for name, value in attributes.items()}}


SAMPLE = [
    item("USER#1", "PROFILE", name="a"),
    item("USER#1", "ORDER#1", total="1", note="x"),
    item("USER#1", "ORDER#2", total="2"),
    item("USER#2", "PROFILE", name="b"),
    item("SHOP#1", "ORDER#3", total="2"),
]


def test_entities_are_counted_with_their_attributes():
    found = entities(SAMPLE, ["pk", "sk"])
    assert [(each.name, each.count) for each in found] == [
        ("USER#, ORDER#", 2),
        ("USER#, PROFILE", 2),
        ("SHOP#, ORDER#", 1),
    ]
    assert found[0].attributes == {"total": 2, "note": 1}


def test_collections_have_the_items_of_a_partition_key():
    found = collections(SAMPLE, ["pk", "sk"], 2)
    assert (found[0].key, found[0].count) == ({"S": "USER#1"}, 3)
    assert found[0].entities == {"USER#, ORDER#": 2, "USER#, PROFILE": 1}
    assert len(found) == 2


# --- texts about tables ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({}, "on demand"),
        ({"MaxReadRequestUnits": 5}, "on demand, at most 5 read and any write units"),
        ({"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 7}, "on demand, at most any read and 7 write units"),
    ],
)
def test_the_capacity_of_a_table_on_demand(limits, text):
    assert mode({"OnDemandThroughput": limits}, on_demand=True) == text


def test_sizes_and_times():
    expected = ["0 bytes", "1023 bytes", "1.0 KB", "5.0 MB", "3.0 GB"]
    assert [rendering.size(number) for number in (0, 1023, 1024, 5 << 20, 3 << 30)] == expected
    assert rendering.moment(0) == "1970-01-01 00:00:00 UTC"
    assert rendering.moment(None) == ""
    assert rendering.moment(1e300) == "1e+300 seconds since 1970"
