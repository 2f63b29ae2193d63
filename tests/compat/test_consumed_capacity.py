"""ConsumedCapacity and ItemCollectionMetrics of the item operations (behaviour 9)."""

import hashlib
import itertools

import pytest

from tests.support.tables import index_request, new_name

KIB = 1024


def item_of(size, key, **more):
    """Return an item of `size` bytes. `more` has further attributes, whose values are strings."""
    item = {**key, **{name: {"S": value} for name, value in more.items()}}
    used = sum(len(name) + len(value["S"]) for name, value in item.items())
    return {**item, "a": {"S": "x" * (size - used - 1)}}


def units(answer):
    consumed = answer["ConsumedCapacity"]
    assert set(consumed) == {"TableName", "CapacityUnits"}
    return consumed["CapacityUnits"]


def get(client, table, key, **more):
    return client.get_item(TableName=table, Key=key, ReturnConsumedCapacity="TOTAL", **more)


def put(client, table, item, **more):
    return client.put_item(TableName=table, Item=item, ReturnConsumedCapacity="TOTAL", **more)


def delete(client, table, key):
    return client.delete_item(TableName=table, Key=key, ReturnConsumedCapacity="TOTAL")


# --- units ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "strong"), [(None, 1), (50, 1), (4 * KIB, 1), (4 * KIB + 1, 2), (8 * KIB, 2), (8 * KIB + 1, 3)]
)
def test_reads_in_steps_of_4_kib(client, shared_table, key, size, strong):
    if size is not None:
        client.put_item(TableName=shared_table, Item=item_of(size, key))
    assert units(get(client, shared_table, key)) == strong / 2
    assert units(get(client, shared_table, key, ConsistentRead=False)) == strong / 2
    assert units(get(client, shared_table, key, ConsistentRead=True)) == strong
    assert units(get(client, shared_table, key, ConsistentRead=True, ProjectionExpression="pk")) == strong


@pytest.mark.parametrize(
    ("size", "cost"), [(50, 1), (KIB, 1), (KIB + 1, 2), (2 * KIB, 2), (2 * KIB + 1, 3), (409_600, 400)]
)
def test_writes_in_steps_of_1_kib(client, shared_table, key, size, cost):
    item = item_of(size, key)
    assert units(put(client, shared_table, item)) == cost
    assert units(put(client, shared_table, item)) == cost
    assert units(delete(client, shared_table, key)) == cost
    assert units(delete(client, shared_table, key)) == 1


def test_a_replacement_costs_the_larger_item(client, shared_table, key):
    costs = [units(put(client, shared_table, item_of(size, key))) for size in (2500, 100, 1500, 3000)]
    assert costs == [3, 3, 2, 3]


@pytest.mark.parametrize("update", [{"UpdateExpression": "SET a = :v"}, {"UpdateExpression": "SET b = :v REMOVE a"}])
def test_an_update_costs_the_larger_item(client, shared_table, key, update):
    def cost(size):
        values = {":v": {"S": "x" * size}}
        request = {**update, "ExpressionAttributeValues": values, "ReturnConsumedCapacity": "TOTAL"}
        return units(client.update_item(TableName=shared_table, Key=key, **request))

    client.put_item(TableName=shared_table, Item=item_of(2 * KIB + 1, key))
    assert [cost(10), cost(10), cost(3000)] == [3, 1, 3]


def test_an_update_that_changes_nothing(client, shared_table, key):
    request = {"TableName": shared_table, "Key": key, "ReturnConsumedCapacity": "TOTAL"}
    assert units(client.update_item(**request)) == 1
    client.put_item(TableName=shared_table, Item=item_of(5 * KIB, key))
    assert units(client.update_item(**request)) == 5


@pytest.mark.parametrize("size", [KIB, KIB + 1])
def test_numbers_count_as_they_are_stored(client, shared_table, key, size):
    """1E125 has 126 digits in an answer, but counts as two bytes."""
    filling = item_of(size - 3, key)
    cost = units(put(client, shared_table, {**filling, "n": {"N": "1E125"}}))
    assert cost == (1 if size == KIB else 2)


# --- shapes ---------------------------------------------------------------------------------------

METHODS = {
    "put_item": lambda table, key: {"TableName": table, "Item": key},
    "get_item": lambda table, key: {"TableName": table, "Key": key},
    "update_item": lambda table, key: {"TableName": table, "Key": key},
    "delete_item": lambda table, key: {"TableName": table, "Key": key},
    "batch_get_item": lambda table, key: {"RequestItems": {table: {"Keys": [key]}}},
    "batch_write_item": lambda table, key: {"RequestItems": {table: [{"PutRequest": {"Item": key}}]}},
}


@pytest.mark.parametrize("method", METHODS)
def test_shapes(client, shared_table, key, method):
    request = METHODS[method](shared_table, key)
    call = getattr(client, method)
    cost = 0.5 if "get" in method else 1.0
    total = {"TableName": shared_table, "CapacityUnits": cost}
    indexes = {**total, "Table": {"CapacityUnits": cost}}
    if "batch" in method:
        total, indexes = [total], [indexes]
    assert "ConsumedCapacity" not in call(**request)
    assert "ConsumedCapacity" not in call(**request, ReturnConsumedCapacity="NONE")
    assert call(**request, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"] == total
    assert call(**request, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"] == indexes


# --- index entries --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def indexed_table(make_shared_table):
    """The name of a table with three global indexes and a local index.

    The keys are g for `all` and `keys`, h and g for `some`, and pk and l for `local`.
    """
    return make_shared_table(
        define="g:S h:S l:S",
        GlobalSecondaryIndexes=[
            index_request("all", "g"),
            index_request("keys", "g", "KEYS_ONLY"),
            index_request("some", "h g", "INCLUDE", ["i"]),
        ],
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
    )


def consumed(table, own, local=None, **indexes):
    """Return the ConsumedCapacity of an answer to ReturnConsumedCapacity=INDEXES."""
    total = {"TableName": table, "CapacityUnits": float(own + (local or 0) + sum(indexes.values()))}
    total["Table"] = {"CapacityUnits": float(own)}
    if indexes:
        total["GlobalSecondaryIndexes"] = {name: {"CapacityUnits": float(each)} for name, each in indexes.items()}
    if local:
        total["LocalSecondaryIndexes"] = {"local": {"CapacityUnits": float(local)}}
    return total


def big(letter):
    return letter * 1500


# Case -> attributes of the item before and after (None: no item), units of the table, units of the
# indexes.
STEPS = {
    "no index": ({"a": "1"}, {"a": "2"}, 1, {}),
    "appears": ({}, {"g": "1"}, 1, {"all": 1, "keys": 1}),
    "appears in a new item": (None, {"g": "1", "h": "1", "l": "1"}, 1, {"all": 1, "keys": 1, "some": 1, "local": 1}),
    "appears, two units": ({}, {"g": "1", "a": big("x")}, 2, {"all": 2, "keys": 1}),
    "disappears": ({"g": "1", "l": "1"}, {}, 1, {"all": 1, "keys": 1, "local": 1}),
    "disappears, two units": ({"g": "1", "a": big("x")}, {"a": big("x")}, 2, {"all": 2, "keys": 1}),
    "deleted with the item": ({"g": "1", "h": "1"}, None, 1, {"all": 1, "keys": 1, "some": 1}),
    "same entries": ({"g": "1", "h": "1", "l": "1"}, {"g": "1", "h": "1", "l": "1"}, 1, {}),
    "changed where projected": ({"g": "1", "a": "1"}, {"g": "1", "a": "2"}, 1, {"all": 1}),
    "changed, the larger counts": ({"g": "1", "a": big("x")}, {"g": "1", "a": "2"}, 2, {"all": 2}),
    "included attribute": ({"g": "1", "h": "1", "i": "1"}, {"g": "1", "h": "1", "i": "2"}, 1, {"all": 1, "some": 1}),
    "moves": ({"g": "1"}, {"g": "2"}, 1, {"all": 2, "keys": 2}),
    "moves, grows": ({"g": "1"}, {"g": "2", "a": big("x")}, 2, {"all": 3, "keys": 2}),
    "moves in one index": ({"h": "1", "g": "1"}, {"h": "2", "g": "1"}, 1, {"all": 1, "some": 2}),
    "local moves": ({"l": "1"}, {"l": "2"}, 1, {"local": 2}),
    "one of two keys": ({}, {"h": "1"}, 1, {}),
}


@pytest.mark.parametrize("case", STEPS)
def test_index_entries(client, indexed_table, key, case):
    before, after, own, indexes = STEPS[case]

    def item(attributes):
        return {**key, **{name: {"S": value} for name, value in attributes.items()}}

    if before is not None:
        client.put_item(TableName=indexed_table, Item=item(before))
    if after is None:
        answer = client.delete_item(TableName=indexed_table, Key=key, ReturnConsumedCapacity="INDEXES")
    else:
        answer = client.put_item(TableName=indexed_table, Item=item(after), ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == consumed(indexed_table, own, **indexes)


def test_total_counts_the_indexes(client, indexed_table, key):
    answer = put(client, indexed_table, {**key, "g": {"S": "1"}, "l": {"S": "1"}})
    assert answer["ConsumedCapacity"] == {"TableName": indexed_table, "CapacityUnits": 4.0}


def test_an_update_of_an_index(client, indexed_table, key):
    request = {"TableName": indexed_table, "Key": key, "ReturnConsumedCapacity": "INDEXES"}
    answer = client.update_item(**request, UpdateExpression="SET g = :v", ExpressionAttributeValues={":v": {"S": "1"}})
    assert answer["ConsumedCapacity"] == consumed(indexed_table, 1, all=1, keys=1)
    answer = client.update_item(**request, UpdateExpression="SET c = :v", ExpressionAttributeValues={":v": {"S": "1"}})
    assert answer["ConsumedCapacity"] == consumed(indexed_table, 1, all=1)
    answer = client.update_item(**request, UpdateExpression="REMOVE g")
    assert answer["ConsumedCapacity"] == consumed(indexed_table, 1, all=1, keys=1)


def test_another_order_of_set_members_is_not_a_change(client, indexed_table, key):
    client.put_item(TableName=indexed_table, Item={**key, "g": {"S": "1"}, "s": {"NS": ["1", "2"]}})
    same = {**key, "g": {"S": "1"}, "s": {"NS": ["2.0", "1"]}}
    answer = client.put_item(TableName=indexed_table, Item=same, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == consumed(indexed_table, 1)


def test_reads_of_an_indexed_table(client, indexed_table, key):
    client.put_item(TableName=indexed_table, Item={**key, "g": {"S": "1"}})
    answer = client.get_item(TableName=indexed_table, Key=key, ReturnConsumedCapacity="INDEXES", ConsistentRead=True)
    assert answer["ConsumedCapacity"] == consumed(indexed_table, 1)


# --- pages ----------------------------------------------------------------------------------------


def query(client, table, key, **more):
    """Query the partition of a key, or its entries in a global index; return ConsumedCapacity."""
    name = "g" if more.get("IndexName") in ("all", "keys") else "pk"
    return client.query(
        TableName=table,
        KeyConditionExpression=f"{name} = :v",
        ExpressionAttributeValues={":v": key["pk"]},
        ReturnConsumedCapacity="INDEXES",
        **more,
    )["ConsumedCapacity"]


@pytest.mark.parametrize(
    ("sizes", "strong"),
    [
        ([], 1),
        ([100], 1),
        ([2 * KIB, 2 * KIB], 1),
        ([2 * KIB, 2 * KIB + 1], 2),
        ([KIB] * 8, 2),
        ([4 * KIB + 1, 4 * KIB - 1], 2),
        ([KIB] * 8 + [100], 3),
    ],
)
def test_a_page_is_rounded_once(client, shared_table, key, sizes, strong):
    for number, size in enumerate(sizes):
        client.put_item(TableName=shared_table, Item=item_of(size, {**key, "sk": {"S": str(number)}}))
    for more in ({}, {"Select": "COUNT"}, {"ProjectionExpression": "sk"}, {"FilterExpression": "attribute_exists(b)"}):
        assert query(client, shared_table, key, **more) == consumed(shared_table, strong / 2)
        assert query(client, shared_table, key, ConsistentRead=True, **more) == consumed(shared_table, strong)


def test_a_page_of_an_index_is_charged_to_it(client, indexed_table, key):
    """The index has the units for its entries, and the table has 0 units."""
    attributes = {"g": key["pk"], "l": {"S": "l"}}
    for number in range(3):
        client.put_item(TableName=indexed_table, Item=item_of(3 * KIB, {**key, "sk": {"S": str(number)}}) | attributes)
    assert query(client, indexed_table, key, IndexName="all") == consumed(indexed_table, 0, all=1.5)
    assert query(client, indexed_table, key, IndexName="keys") == consumed(indexed_table, 0, keys=0.5)
    assert query(client, indexed_table, key, IndexName="local") == consumed(indexed_table, 0, local=0.5)
    reported = query(client, indexed_table, key, IndexName="local", ConsistentRead=True)
    assert reported == consumed(indexed_table, 0, local=1)


@pytest.mark.parametrize(("size", "strong"), [(100, 1), (4 * KIB, 1), (4 * KIB + 1, 2), (8 * KIB + 1, 3)])
@pytest.mark.parametrize("more", [{"Select": "ALL_ATTRIBUTES"}, {"ProjectionExpression": "a"}])
def test_what_a_local_index_fetches_is_charged_item_by_item(client, indexed_table, key, size, strong, more):
    for number in range(3):
        item = {**key, "sk": {"S": str(number)}, "l": {"S": "l"}}
        client.put_item(TableName=indexed_table, Item=item_of(size, item))
    reported = query(client, indexed_table, key, IndexName="local", **more)
    assert reported == consumed(indexed_table, 3 * strong / 2, local=0.5)
    reported = query(client, indexed_table, key, IndexName="local", ConsistentRead=True, **more)
    assert reported == consumed(indexed_table, 3 * strong, local=1)


# --- scans (behaviour 9.1) ------------------------------------------------------------------------


def scan(client, table, **more):
    return client.scan(TableName=table, ReturnConsumedCapacity="INDEXES", **more)["ConsumedCapacity"]


def quarter(partition):
    """Return in which of a table's four partitions a partition key (S) is: 0 to 3."""
    return hashlib.md5(b"Outliers" + partition.encode()).digest()[0] >> 6


def keys_in(wanted):
    """Return two partition keys that are in the partition `wanted`, in the order of a Scan."""
    found = (name for number in itertools.count() if quarter(name := f"k{number}") == wanted)
    return sorted(itertools.islice(found, 2), key=lambda name: hashlib.md5(b"Outliers" + name.encode()).digest())


@pytest.fixture(scope="module")
def scattered(client, make_shared_table):
    """Return a table's name, and the keys of the second and of the third item in it.

    The first two items have 5 KB and are in the second of four partitions. The third item is small
    and in the third partition. Only the third item is in the global index.
    """
    name = make_shared_table(
        "pk:S sk:S",
        define="g:S l:S",
        GlobalSecondaryIndexes=[index_request("global", "g", "KEYS_ONLY")],
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
    )
    first, second = keys_in(1)
    third, _ = keys_in(2)
    g, _ = keys_in(0)
    for partition in (first, second):
        item = item_of(5 * KIB, {"pk": {"S": partition}, "sk": {"S": "s"}}, l="l")
        client.put_item(TableName=name, Item=item)
    client.put_item(TableName=name, Item={"pk": {"S": third}, "sk": {"S": "s"}, "g": {"S": g}})
    return name, {"pk": {"S": second}, "sk": {"S": "s"}}, {"pk": {"S": third}, "sk": {"S": "s"}}


# Case -> request, units of a consistent Scan. A partition costs at least one unit. The second one
# has 10 KB, which cost three.
SCANS = {
    "whole": ({}, 1 + 3 + 1 + 1),
    "counted": ({"Select": "COUNT"}, 6),
    "projected": ({"ProjectionExpression": "sk"}, 6),
    "filtered": ({"FilterExpression": "attribute_exists(nothing)"}, 6),
    "one item": ({"Limit": 1}, 1 + 2),
    "two items": ({"Limit": 2}, 1 + 3),
    "three items": ({"Limit": 3}, 1 + 3 + 1),
    "more than there are": ({"Limit": 4}, 6),
    "segment without items": ({"Segment": 0, "TotalSegments": 4}, 1),
    "segment of one partition": ({"Segment": 1, "TotalSegments": 4}, 3),
    "segment of two": ({"Segment": 1, "TotalSegments": 2}, 2),
    "segment of half a one": ({"Segment": 7, "TotalSegments": 8}, 1),
    "segment across two": ({"Segment": 2, "TotalSegments": 3}, 2),
    "the only segment": ({"Segment": 0, "TotalSegments": 1}, 6),
}


@pytest.mark.parametrize("case", SCANS)
def test_each_partition_of_a_scan_is_rounded_separately(client, scattered, case):
    table, *_ = scattered
    request, strong = SCANS[case]
    assert scan(client, table, **request, ConsistentRead=True) == consumed(table, strong)
    assert scan(client, table, **request) == consumed(table, strong / 2)


def test_a_continued_scan_reads_the_remaining_partitions(client, scattered):
    table, second, third = scattered
    assert scan(client, table, ExclusiveStartKey=second) == consumed(table, 3 / 2)
    assert scan(client, table, ExclusiveStartKey=third) == consumed(table, 2 / 2)
    pages, start, total = 0, {}, 0
    while True:
        page = client.scan(TableName=table, Limit=1, ReturnConsumedCapacity="TOTAL", **start)
        pages, total = pages + 1, total + page["ConsumedCapacity"]["CapacityUnits"]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert (pages, total) == (4, (1 + 2) / 2 + 2 / 2 + (1 + 1) / 2 + (1 + 1) / 2)


def test_scans_of_indexes(client, scattered):
    table, *_ = scattered
    assert scan(client, table, IndexName="global") == consumed(table, 0, **{"global": 2})
    assert scan(client, table, IndexName="global", Limit=1) == consumed(table, 0, **{"global": 0.5})
    assert scan(client, table, IndexName="local") == consumed(table, 0, local=2)
    assert scan(client, table, IndexName="local", ConsistentRead=True) == consumed(table, 0, local=4)
    fetched = scan(client, table, IndexName="local", Select="ALL_ATTRIBUTES")
    assert fetched == consumed(table, 2 * 2 / 2, local=2)  # each of the two items has 5 KB, so two half units


@pytest.mark.parametrize(("consistent", "units_"), [(False, 2), (True, 4)])
def test_scan_of_an_empty_table(client, make_table, consistent, units_):
    table = make_table()
    assert scan(client, table, ConsistentRead=consistent) == consumed(table, units_)
    statement = {"Statement": f'SELECT * FROM "{table}"', "ConsistentRead": consistent}
    reported = client.execute_statement(**statement, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert reported == consumed(table, units_)
    assert query(client, table, {"pk": {"S": "p"}}, ConsistentRead=consistent) == consumed(table, units_ / 4)


def test_scans_by_statement(client, scattered):
    table, *_ = scattered
    for where in ("", " WHERE nothing = 1", " WHERE sk = 's'"):
        request = {"Statement": f'SELECT sk FROM "{table}"{where}', "ReturnConsumedCapacity": "INDEXES"}
        assert client.execute_statement(**request)["ConsumedCapacity"] == consumed(table, 6 / 2)
    request["Statement"] = f'SELECT pk FROM "{table}"."global"'
    assert client.execute_statement(**request)["ConsumedCapacity"] == consumed(table, 0, **{"global": 2})


PROVISIONED = {
    (5, 5): 1,
    (3000, 1000): 1,
    (3001, 5): 2,
    (5, 1001): 2,
    (12_000, 4000): 4,
    (40_000, 40_000): 40,
}
"""Provisioned units for reads and writes -> number of partitions."""


@pytest.mark.parametrize("throughput", PROVISIONED)
def test_scans_of_provisioned_tables(client, make_table, throughput):
    """A consistent Scan of an empty table costs one unit for each partition.

    One partition serves 3000 reads and 1000 writes a second. Inferred: the number of partitions
    follows from these figures.
    """
    given = dict(zip(("ReadCapacityUnits", "WriteCapacityUnits"), throughput, strict=True))
    index = index_request("small", "g") | {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
    table = make_table(
        define="g:S", BillingMode="PROVISIONED", ProvisionedThroughput=given, GlobalSecondaryIndexes=[index]
    )
    assert scan(client, table, ConsistentRead=True) == consumed(table, PROVISIONED[throughput])
    assert scan(client, table, IndexName="small") == consumed(table, 0, small=0.5)


# --- batches --------------------------------------------------------------------------------------


def by_table(answer):
    return {each["TableName"]: each["CapacityUnits"] for each in answer["ConsumedCapacity"]}


def test_batch_get_rounds_each_item(client, shared_table, indexed_table, key):
    keys = [{**key, "sk": {"S": sort}} for sort in "abcd"]
    for each, size in zip(keys, (100, 4 * KIB, 4 * KIB + 1), strict=False):
        client.put_item(TableName=shared_table, Item=item_of(size, each))
    for consistent, factor in ((False, 0.5), (True, 1)):
        answer = client.batch_get_item(
            RequestItems={
                shared_table: {"Keys": keys, "ConsistentRead": consistent},
                indexed_table: {"Keys": keys[:1]},
            },
            ReturnConsumedCapacity="TOTAL",
        )
        assert by_table(answer) == {shared_table: (1 + 1 + 2 + 1) * factor, indexed_table: 0.5}


def test_batch_write_rounds_each_item_and_adds_the_indexes(client, shared_table, indexed_table, key):
    client.put_item(TableName=shared_table, Item=item_of(2 * KIB + 1, key))
    new = [{**key, "sk": {"S": sort}} for sort in "ab"]
    answer = client.batch_write_item(
        RequestItems={
            shared_table: [
                {"DeleteRequest": {"Key": key}},
                {"DeleteRequest": {"Key": {**key, "sk": {"S": "missing"}}}},
                {"PutRequest": {"Item": item_of(KIB + 1, new[0])}},
            ],
            indexed_table: [
                {"PutRequest": {"Item": {**new[0], "g": {"S": "1"}}}},
                {"PutRequest": {"Item": {**new[1], "g": {"S": "1"}, "l": {"S": "1"}}}},
            ],
        },
        ReturnConsumedCapacity="INDEXES",
    )
    expected = [consumed(shared_table, 3 + 1 + 2), consumed(indexed_table, 2, local=1, all=2, keys=2)]
    assert sorted(answer["ConsumedCapacity"], key=str) == sorted(expected, key=str)


# --- item collections -----------------------------------------------------------------------------

WRITES = [method for method in METHODS if "get" not in method]


@pytest.mark.parametrize("method", WRITES)
def test_item_collection_metrics(client, shared_table, indexed_table, key, method):
    call = getattr(client, method)
    metrics = {"ItemCollectionKey": {"pk": key["pk"]}, "SizeEstimateRangeGB": [0.0, 1.0]}
    answer = call(**METHODS[method](indexed_table, key), ReturnItemCollectionMetrics="SIZE")
    assert answer["ItemCollectionMetrics"] == ({indexed_table: [metrics]} if "batch" in method else metrics)
    answer = call(**METHODS[method](indexed_table, key), ReturnItemCollectionMetrics="NONE")
    assert "ItemCollectionMetrics" not in answer
    answer = call(**METHODS[method](shared_table, key), ReturnItemCollectionMetrics="SIZE")
    assert not answer.get("ItemCollectionMetrics")


def test_a_batch_reports_each_collection(client, indexed_table, key):
    other = {**key, "pk": {"S": new_name("k")}}
    answer = client.batch_write_item(
        RequestItems={
            indexed_table: [
                {"PutRequest": {"Item": key}},
                {"DeleteRequest": {"Key": {**key, "sk": {"S": "other"}}}},
                {"PutRequest": {"Item": other}},
            ]
        },
        ReturnItemCollectionMetrics="SIZE",
    )
    reported = {each["ItemCollectionKey"]["pk"]["S"] for each in answer["ItemCollectionMetrics"][indexed_table]}
    assert reported == {key["pk"]["S"], other["pk"]["S"]}
