"""Queries and scans of secondary indexes (behaviour 6, features 3).

They test which items an index has, with which attributes, in which order, and start keys.
"""

import itertools
import random

import pytest

from tests.support.tables import index_request

INVALID = "One or more parameter values were invalid: "
HASH = "HASH key attributes {} must have equality conditions specified in the query"
START = "The provided starting key is invalid"


@pytest.fixture(scope="module")
def indexed(client, make_shared_table):
    """A table with indexes of each projection and items 0 to 5. Only even items have g."""
    name = make_shared_table(
        "pk:S sk:S",
        define="g:S l:N",
        GlobalSecondaryIndexes=[
            index_request("g_all", "g"),
            index_request("g_keys", "g sk", "KEYS_ONLY"),
            index_request("g_some", "g l", "INCLUDE", ["x"]),
        ],
        LocalSecondaryIndexes=[
            index_request("l_all", "pk l"),
            index_request("l_keys", "pk l", "KEYS_ONLY"),
            index_request("l_some", "pk l", "INCLUDE", ["x"]),
        ],
    )
    for number in range(6):
        item = {
            "pk": {"S": "p"},
            "sk": {"S": f"s{number}"},
            "l": {"N": str(10 - number)},
            "x": {"S": f"x{number}"},
            "y": {"S": f"y{number}"},
        }
        if number % 2 == 0:
            item["g"] = {"S": "group"}
        client.put_item(TableName=name, Item=item)
    return name


def query(client, name, index, **request):
    partition = {"g": "group", "l": "p"}[index[0]]
    return client.query(
        **{
            "TableName": name,
            "IndexName": index,
            "KeyConditionExpression": ("g" if index[0] == "g" else "pk") + " = :v",
            **request,
            "ExpressionAttributeValues": {":v": {"S": partition}, **request.get("ExpressionAttributeValues", {})},
        }
    )


@pytest.mark.parametrize(
    ("index", "attributes", "sorts"),
    [
        ("g_all", {"pk", "sk", "g", "l", "x", "y"}, None),
        ("g_keys", {"pk", "sk", "g"}, ["s0", "s2", "s4"]),
        ("g_some", {"pk", "sk", "g", "l", "x"}, ["s4", "s2", "s0"]),
        ("l_all", {"pk", "sk", "g", "l", "x", "y"}, ["s5", "s4", "s3", "s2", "s1", "s0"]),
        ("l_keys", {"pk", "sk", "l"}, ["s5", "s4", "s3", "s2", "s1", "s0"]),
        ("l_some", {"pk", "sk", "l", "x"}, ["s5", "s4", "s3", "s2", "s1", "s0"]),
    ],
)
def test_membership_projection_and_order(client, indexed, index, attributes, sorts):
    for select in ({}, {"Select": "ALL_PROJECTED_ATTRIBUTES"}):
        items = query(client, indexed, index, **select)["Items"]
        assert set().union(*items) == attributes
        if sorts:
            assert [item["sk"]["S"] for item in items] == sorts
        assert len(items) == (3 if index[0] == "g" else 6)
    backward = query(client, indexed, index, ScanIndexForward=False)["Items"]
    assert backward == items[::-1]
    scanned = client.scan(TableName=indexed, IndexName=index)["Items"]
    assert sorted(scanned, key=str) == sorted(items, key=str)


def test_a_local_index_fetches_attributes_that_it_does_not_have(client, indexed):
    for index in ("l_keys", "l_some"):
        items = query(client, indexed, index, Select="ALL_ATTRIBUTES")["Items"]
        assert [item["y"]["S"] for item in items] == ["y5", "y4", "y3", "y2", "y1", "y0"]
        items = query(client, indexed, index, ProjectionExpression="y, x", Limit=2)["Items"]
        assert items == [{"y": {"S": "y5"}, "x": {"S": "x5"}}, {"y": {"S": "y4"}, "x": {"S": "x4"}}]
        answer = query(
            client,
            indexed,
            index,
            FilterExpression="y = :y",
            ProjectionExpression="sk",
            ExpressionAttributeValues={":y": {"S": "y2"}},
        )
        assert answer["Items"] == [{"sk": {"S": "s2"}}]


def test_fetches_are_charged_to_the_table(client, indexed):
    def capacity(**request):
        answer = query(client, indexed, "l_keys", ReturnConsumedCapacity="INDEXES", **request)
        reported = answer["ConsumedCapacity"]
        assert reported["LocalSecondaryIndexes"].keys() == {"l_keys"}
        return (
            reported["CapacityUnits"],
            reported.get("Table", {}).get("CapacityUnits", 0),
            reported["LocalSecondaryIndexes"]["l_keys"]["CapacityUnits"],
        )

    assert capacity() == (0.5, 0, 0.5)
    assert capacity(ConsistentRead=True) == (1, 0, 1)
    assert capacity(Select="ALL_ATTRIBUTES") == (3.5, 3, 0.5)
    assert capacity(Select="ALL_ATTRIBUTES", ConsistentRead=True) == (7, 6, 1)


def test_a_global_index_read_is_charged_to_the_index(client, indexed):
    reported = query(client, indexed, "g_all", ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert reported == {
        "TableName": indexed,
        "CapacityUnits": 0.5,
        "Table": {"CapacityUnits": 0.0},
        "GlobalSecondaryIndexes": {"g_all": {"CapacityUnits": 0.5}},
    }


@pytest.mark.parametrize("operation", ["query", "scan"])
@pytest.mark.parametrize(
    ("index", "request_", "message"),
    [
        ("g_all", {"ConsistentRead": True}, "Consistent reads are not supported on global secondary indexes"),
        (
            "g_keys",
            {"Select": "ALL_ATTRIBUTES"},
            INVALID + "Select type ALL_ATTRIBUTES is not supported for global secondary index g_keys because its "
            "projection type is not ALL",
        ),
        (
            "g_some",
            {"Select": "ALL_ATTRIBUTES"},
            INVALID + "Select type ALL_ATTRIBUTES is not supported for global secondary index g_some because its "
            "projection type is not ALL",
        ),
        (
            "g_some",
            {"ProjectionExpression": "x, y"},
            INVALID + "Global secondary index g_some does not project [y]",
        ),
        (
            "g_keys",
            {"ProjectionExpression": "pk, x, y"},
            INVALID + "Global secondary index g_keys does not project [x, y]",
        ),
        (
            "g_some",
            {"FilterExpression": "attribute_exists(y.z) OR attribute_exists(w) OR attribute_exists(x)"},
            INVALID + "Secondary index g_some does not project one or more filter attributes: [y, w]",
        ),
        (
            "g_keys",
            {"FilterExpression": "attribute_exists(x)", "ProjectionExpression": "pk"},
            INVALID + "Secondary index g_keys does not project one or more filter attributes: [x]",
        ),
        ("nowhere", {}, "The table does not have the specified index: nowhere"),
    ],
)
def test_refuses(refused, indexed, operation, index, request_, message):
    if operation == "query":
        request_ = {
            **request_,
            "KeyConditionExpression": "g = :v",
            "ExpressionAttributeValues": {":v": {"S": "group"}},
        }
    answer = refused(operation, TableName=indexed, IndexName=index, **request_)
    assert answer == ("ValidationException", message)


def test_a_legacy_filter_of_a_global_index_needs_its_attributes_too(refused, indexed):
    condition = {"ComparisonOperator": "NOT_NULL"}
    answer = refused("scan", TableName=indexed, IndexName="g_some", ScanFilter={"x": condition, "y": condition})
    text = INVALID + "Secondary index g_some does not project one or more filter attributes: [y]"
    assert answer == ("ValidationException", text)


def test_a_filter_may_not_name_the_keys_of_the_index(refused, indexed):
    for index, partition, name in (("g_some", "g", "l"), ("l_all", "pk", "l"), ("g_all", "g", "g")):
        answer = refused(
            "query",
            TableName=indexed,
            IndexName=index,
            KeyConditionExpression=f"{partition} = :v",
            FilterExpression=f"{name} <> :v",
            ExpressionAttributeValues={":v": {"S": "group"}},
        )
        assert answer == (
            "ValidationException",
            f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}",
        )


def test_a_filter_on_a_global_index_may_name_the_keys_of_the_table(client, indexed):
    answer = query(client, indexed, "g_all", FilterExpression="sk > :s", ExpressionAttributeValues={":s": {"S": "s1"}})
    assert sorted(item["sk"]["S"] for item in answer["Items"]) == ["s2", "s4"]


def test_consistent_reads_of_a_local_index(client, indexed):
    assert query(client, indexed, "l_all", ConsistentRead=True)["Count"] == 6
    assert client.scan(TableName=indexed, IndexName="l_all", ConsistentRead=True)["Count"] == 6


# --- start keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "names"),
    [("g_all", {"pk", "sk", "g"}), ("g_some", {"pk", "sk", "g", "l"}), ("l_all", {"pk", "sk", "l"})],
)
@pytest.mark.parametrize("forward", [True, False])
def test_paging_through_an_index(client, indexed, index, names, forward):
    whole = query(client, indexed, index, ScanIndexForward=forward)["Items"]
    for limit in (1, 2):
        items, start = [], {}
        while True:
            page = query(client, indexed, index, ScanIndexForward=forward, Limit=limit, **start)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            assert page["LastEvaluatedKey"].keys() == names
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert items == whole


S = {"S": "group"}
MISMATCH = "The provided key element does not match the schema"


@pytest.mark.parametrize("operation", ["query", "scan"])
@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"pk": S, "sk": S}, START),
        ({"g": S, "l": {"N": "1"}}, START),
        ({"pk": S, "sk": S, "g": S}, START),
        ({"pk": S, "sk": S, "g": S, "l": {"N": "1"}, "x": S}, START),
        # behaviour 6.1, as for the rows below
        ({"pk": S, "sk": S, "g": S, "l": S}, MISMATCH),
        ({"pk": S, "sk": S, "g": {"N": "1"}, "l": {"N": "1"}}, MISMATCH),
        ({"pk": {"N": "1"}, "sk": S, "g": {"N": "1"}, "l": {"N": "1"}}, MISMATCH),
        ({"pk": {"N": "1"}, "sk": S, "g": S, "l": {"N": "1"}}, f"{START}: {MISMATCH}"),
        ({"pk": S, "sk": {"BOOL": True}, "g": S, "l": {"N": "1"}}, f"{START}: {MISMATCH}"),
        (
            {"pk": S, "sk": S, "g": {"S": ""}, "l": {"N": "1"}},
            (
                f"{START}: One or more parameter values are not valid. "
                "The AttributeValue for a key attribute cannot contain an empty string value. Key: g"
            ),
        ),
        (
            {"pk": S, "sk": S, "g": {"S": "x" * 2049}, "l": {"N": "1"}},
            (
                f"{START}: One or more parameter values were invalid: "
                "Size of hashkey has exceeded the maximum size limit of2048 bytes"
            ),
        ),
    ],
)
def test_refuses_start_keys(refused, indexed, operation, start, message):
    request = {"TableName": indexed, "IndexName": "g_some", "ExclusiveStartKey": start}
    if operation == "query":
        request |= {"KeyConditionExpression": "g = :v", "ExpressionAttributeValues": {":v": S}}
    assert refused(operation, **request) == ("ValidationException", message)


@pytest.mark.parametrize("operation", ["query", "scan"])
@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"pk": S, "sk": S, "l": S}, MISMATCH),
        ({"pk": {"N": "1"}, "sk": S, "l": {"N": "1"}}, MISMATCH),  # pk is also the partition key of the index
        ({"pk": S, "sk": {"N": "1"}, "l": {"N": "1"}}, f"{START}: {MISMATCH}"),
        ({"pk": S, "l": {"N": "1"}}, START),
    ],
)
def test_refuses_start_keys_of_a_local_index(refused, indexed, operation, start, message):
    request = {"TableName": indexed, "IndexName": "l_all", "ExclusiveStartKey": start}
    if operation == "query":
        request |= {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": S}}
    assert refused(operation, **request) == ("ValidationException", message)


def test_a_start_key_of_another_partition(refused, indexed):
    start = {"pk": S, "sk": S, "g": {"S": "other"}, "l": {"N": "1"}}
    answer = refused(
        "query",
        TableName=indexed,
        IndexName="g_some",
        KeyConditionExpression="g = :v",
        ExpressionAttributeValues={":v": S},
        ExclusiveStartKey=start,
    )
    assert answer == (
        "ValidationException",
        "The provided starting key is outside query boundaries based on provided conditions",
    )


# --- entries follow their items -------------------------------------------------------------------


def test_entries_follow_their_items(client, make_table):
    name = make_table("pk:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")])
    key = {"pk": {"S": "a"}}

    def group(value):
        answer = client.query(
            TableName=name,
            IndexName="global",
            KeyConditionExpression="g = :g",
            ExpressionAttributeValues={":g": {"S": value}},
        )
        return answer["Items"]

    def update(expression, **values):
        arguments = {f":{each}": {"S": value} for each, value in values.items()}
        client.update_item(
            TableName=name,
            Key=key,
            UpdateExpression=expression,
            **({"ExpressionAttributeValues": arguments} if arguments else {}),
        )

    client.put_item(TableName=name, Item=key)
    assert group("1") == []
    update("SET g = :g", g="1")
    assert group("1") == [{**key, "g": {"S": "1"}}]
    update("SET g = :g, x = :x", g="2", x="new")
    assert group("1") == []
    assert group("2") == [{**key, "g": {"S": "2"}, "x": {"S": "new"}}]
    update("SET x = :x", x="newer")
    assert group("2")[0]["x"] == {"S": "newer"}
    update("REMOVE g")
    assert group("2") == []
    client.put_item(TableName=name, Item={**key, "g": {"S": "3"}})
    assert group("3") == [{**key, "g": {"S": "3"}}]
    client.delete_item(TableName=name, Key=key)
    assert client.scan(TableName=name, IndexName="global")["Items"] == []


# --- keys of several attributes -------------------------------------------------------------------

HASHES = ("a", "b")
RANGES = ("s", "n", "t")
KINDS = {"a": "S", "b": "N", "s": "S", "n": "N", "t": "B"}


@pytest.fixture(scope="module")
def wide(client, make_shared_table):
    """Return the name of a table, and its items: each combination of a few values.

    The index has two HASH and three RANGE attributes.
    """
    name = make_shared_table(
        "pk:S",
        define="a:S b:N s:S n:N t:B",
        GlobalSecondaryIndexes=[index_request("wide", "a+b s+n+t")],
    )
    choices = {
        "a": ["x", "xy"],
        "b": ["1", "10"],
        "s": ["", "a", "a\0", "ab", "b"][1:],
        "n": ["-5", "2", "10"],
        "t": [b"\0", b"\0\0", b"\xff"],
    }
    rows = list(itertools.product(*choices.values()))
    random.Random(7).shuffle(rows)
    items = [
        {"pk": {"S": str(number)}, **{each: {KINDS[each]: value} for each, value in zip(choices, row, strict=True)}}
        for number, row in enumerate(rows)
    ]
    # The index is sparse: it has no entry for an item without one of the five attributes.
    items += [
        {
            "pk": {"S": f"lacks {each}"},
            **{other: value for other, value in items[0].items() if other not in ("pk", each)},
        }
        for each in choices
    ]
    for start in range(0, len(items), 25):
        batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={name: batch})
    return name, items


def order(item):
    return item["s"]["S"].encode(), float(item["n"]["N"]), item["t"]["B"]


def wide_query(name, condition, **values):
    arguments = {":a": {"S": "x"}, ":b": {"N": "1"}}
    arguments |= {f":{each}": {KINDS[each[0]]: value} for each, value in values.items()}
    return {
        "TableName": name,
        "IndexName": "wide",
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {each: value for each, value in arguments.items() if each in condition},
    }


BOTH = "a = :a AND b = :b"


@pytest.mark.parametrize(
    ("condition", "values", "fits"),
    [
        (BOTH, {}, lambda s, n, t: True),
        ("b = :b AND a = :a", {}, lambda s, n, t: True),
        (BOTH + " AND s = :s", {"s": "a"}, lambda s, n, t: s == "a"),
        (BOTH + " AND begins_with(s, :s)", {"s": "a"}, lambda s, n, t: s.startswith("a")),
        (BOTH + " AND s > :s", {"s": "a"}, lambda s, n, t: s > "a"),
        (BOTH + " AND s <= :s", {"s": "a\0"}, lambda s, n, t: s <= "a\0"),
        ("n >= :n AND " + BOTH + " AND s = :s", {"s": "a", "n": "2"}, lambda s, n, t: s == "a" and n >= 2),
        (BOTH + " AND s = :s AND n < :n", {"s": "ab", "n": "10"}, lambda s, n, t: s == "ab" and n < 10),
        (
            BOTH + " AND s = :s AND n BETWEEN :n1 AND :n2",
            {"s": "b", "n1": "-5", "n2": "2"},
            lambda s, n, t: s == "b" and -5 <= n <= 2,
        ),
        (
            BOTH + " AND s = :s AND n = :n AND t = :t",
            {"s": "a", "n": "2", "t": b"\0"},
            lambda s, n, t: (s, n, t) == ("a", 2, b"\0"),
        ),
        (
            BOTH + " AND s = :s AND n = :n AND begins_with(t, :t)",
            {"s": "a", "n": "2", "t": b"\0"},
            lambda s, n, t: (s, n) == ("a", 2) and t[:1] == b"\0",
        ),
        (
            BOTH + " AND s = :s AND n = :n AND t > :t",
            {"s": "a\0", "n": "10", "t": b"\0"},
            lambda s, n, t: (s, n) == ("a\0", 10) and t > b"\0",
        ),
    ],
)
def test_queries_of_a_wide_index(client, wide, condition, values, fits):
    name, items = wide
    whole = sorted(
        (
            item
            for item in items
            if {*HASHES, *RANGES} <= item.keys()
            and (item["a"]["S"], item["b"]["N"]) == ("x", "1")
            and fits(item["s"]["S"], float(item["n"]["N"]), item["t"]["B"])
        ),
        key=order,
    )
    assert whole
    request = wide_query(name, condition, **values)
    assert client.query(**request)["Items"] == whole
    assert client.query(**request, ScanIndexForward=False)["Items"] == whole[::-1]


def test_paging_through_a_wide_index(client, wide):
    name, items = wide
    request = wide_query(name, BOTH)
    whole = client.query(**request)["Items"]
    seen, start = [], {}
    while True:
        page = client.query(**request, Limit=7, **start)
        seen += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        assert page["LastEvaluatedKey"].keys() == {"pk", *HASHES, *RANGES}
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert seen == whole
    assert client.scan(TableName=name, IndexName="wide", Select="COUNT")["Count"] == len(items) - 5


@pytest.mark.parametrize(
    ("condition", "values", "message"),
    [
        (
            BOTH + " AND n = :n",
            {"n": "1"},
            (
                "RANGE key attributes s must have equality conditions specified in the query because a condition is "
                "present on key attribute n"
            ),
        ),
        (
            BOTH + " AND t = :t",
            {"t": b"x"},
            (
                "RANGE key attributes s, n must have equality conditions specified in the query because a condition is "
                "present on key attribute t"
            ),
        ),
        (
            BOTH + " AND s > :s AND n = :n",
            {"s": "a", "n": "1"},
            (
                "RANGE key attributes s must have equality conditions specified in the query because a condition is "
                "present on key attribute n"
            ),
        ),
        ("a = :a", {}, HASH.format("b")),  # behaviour 4.3, as for the rows below
        ("b = :b AND s = :s", {"s": "a"}, HASH.format("a")),
        ("s = :s", {"s": "a"}, HASH.format("a, b")),
        ("a = :a AND b > :b", {}, HASH.format("b")),
        ("begins_with(a, :a) AND b = :b", {}, HASH.format("a")),
        ("a = :a AND b BETWEEN :b AND :b", {}, HASH.format("b")),
    ],
)
def test_a_wide_index_refuses(refused, wide, condition, values, message):
    name, _ = wide
    assert refused("query", **wide_query(name, condition, **values)) == ("ValidationException", message)


def test_a_filter_may_name_no_key_of_a_wide_index(refused, wide):
    name, _ = wide
    for each in RANGES:
        assert refused("query", **wide_query(name, BOTH), FilterExpression=f"attribute_exists({each})") == (
            "ValidationException",
            f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {each}",
        )


def test_a_wide_key_of_a_wrong_type_is_refused(refused, wide):
    name, _ = wide
    assert refused("put_item", TableName=name, Item={"pk": {"S": "q"}, "n": {"S": "1"}}) == (
        "ValidationException",
        INVALID + "Type mismatch for Index Key n Expected: N Actual: S IndexName: wide",
    )


def test_an_index_of_four_and_four(client, make_table):
    hashes, ranges = ("h1", "h2", "h3", "h4"), ("r1", "r2", "r3", "r4")
    name = make_table(
        "pk:S",
        define=" ".join(f"{each}:S" for each in hashes + ranges),
        GlobalSecondaryIndexes=[index_request("widest", f"{'+'.join(hashes)} {'+'.join(ranges)}")],
    )
    item = {each: {"S": each} for each in ("pk", *hashes, *ranges)}
    client.put_item(TableName=name, Item=item)
    answer = client.query(
        TableName=name,
        IndexName="widest",
        KeyConditionExpression=" AND ".join(f"{each} = :{each}" for each in hashes + ranges),
        ExpressionAttributeValues={f":{each}": {"S": each} for each in hashes + ranges},
    )
    assert answer["Items"] == [item]
    legacy = client.query(
        TableName=name,
        IndexName="widest",
        KeyConditions={
            each: {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": each}]} for each in (*hashes, *ranges[:2])
        },
    )
    assert legacy["Items"] == [item]
