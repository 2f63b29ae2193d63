"""ConsumedCapacity and ItemCollectionMetrics of the item operations (reference 9)."""

import pytest

from tests.conftest import index_request, new_name

KIB = 1024


def item_of(size, key, **more):
    """Return an item of so many bytes; more attributes are strings."""
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


# --- units ----------------------------------------------------------------------------------------------------------


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


def test_an_update_of_nothing(client, shared_table, key):
    request = {"TableName": shared_table, "Key": key, "ReturnConsumedCapacity": "TOTAL"}
    assert units(client.update_item(**request)) == 1
    client.put_item(TableName=shared_table, Item=item_of(5 * KIB, key))
    assert units(client.update_item(**request)) == 5


@pytest.mark.parametrize("size", [KIB, KIB + 1])
def test_numbers_count_as_they_are_stored(client, shared_table, key, size):
    """1E125 is 126 digits in an answer and two bytes in the item."""
    filling = item_of(size - 3, key)
    cost = units(put(client, shared_table, {**filling, "n": {"N": "1E125"}}))
    assert cost == (1 if size == KIB else 2)


# --- shapes ---------------------------------------------------------------------------------------------------------

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


# --- index entries --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def indexed_table(client):
    """All, keys and some are global indexes on g; local is one on l."""
    name = new_name()
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk", "g", "h", "l")],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            index_request("all", "g"),
            index_request("keys", "g", "KEYS_ONLY"),
            index_request("some", "h g", "INCLUDE", ["i"]),
        ],
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    yield name
    client.delete_table(TableName=name)


def consumed(table, own, local=None, **indexes):
    """Return what INDEXES says."""
    total = {"TableName": table, "CapacityUnits": float(own + (local or 0) + sum(indexes.values()))}
    total["Table"] = {"CapacityUnits": float(own)}
    if indexes:
        total["GlobalSecondaryIndexes"] = {name: {"CapacityUnits": float(each)} for name, each in indexes.items()}
    if local:
        total["LocalSecondaryIndexes"] = {"local": {"CapacityUnits": float(local)}}
    return total


def big(letter):
    return letter * 1500


# before, after: attributes of an item; own units, units of each index
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


def test_order_of_set_members_is_no_change(client, indexed_table, key):
    client.put_item(TableName=indexed_table, Item={**key, "g": {"S": "1"}, "s": {"NS": ["1", "2"]}})
    same = {**key, "g": {"S": "1"}, "s": {"NS": ["2.0", "1"]}}
    answer = client.put_item(TableName=indexed_table, Item=same, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == consumed(indexed_table, 1)


def test_reads_of_an_indexed_table(client, indexed_table, key):
    client.put_item(TableName=indexed_table, Item={**key, "g": {"S": "1"}})
    answer = client.get_item(TableName=indexed_table, Key=key, ReturnConsumedCapacity="INDEXES", ConsistentRead=True)
    assert answer["ConsumedCapacity"] == consumed(indexed_table, 1)


# --- pages ----------------------------------------------------------------------------------------------------------


def query(client, table, key, **more):
    """Query the key's partition, or where an index on g is named, the same as a value of g."""
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
    """By the sizes of its entries; Table is told as 0."""
    attributes = {"g": key["pk"], "l": {"S": "l"}}
    for number in range(3):
        client.put_item(TableName=indexed_table, Item=item_of(3 * KIB, {**key, "sk": {"S": str(number)}}) | attributes)
    assert query(client, indexed_table, key, IndexName="all") == consumed(indexed_table, 0, all=1.5)
    assert query(client, indexed_table, key, IndexName="keys") == consumed(indexed_table, 0, keys=0.5)
    assert query(client, indexed_table, key, IndexName="local") == consumed(indexed_table, 0, local=0.5)
    told = query(client, indexed_table, key, IndexName="local", ConsistentRead=True)
    assert told == consumed(indexed_table, 0, local=1)


@pytest.mark.parametrize(("size", "strong"), [(100, 1), (4 * KIB, 1), (4 * KIB + 1, 2), (8 * KIB + 1, 3)])
@pytest.mark.parametrize("more", [{"Select": "ALL_ATTRIBUTES"}, {"ProjectionExpression": "a"}])
def test_what_a_local_index_fetches_is_charged_item_by_item(client, indexed_table, key, size, strong, more):
    for number in range(3):
        item = {**key, "sk": {"S": str(number)}, "l": {"S": "l"}}
        client.put_item(TableName=indexed_table, Item=item_of(size, item))
    told = query(client, indexed_table, key, IndexName="local", **more)
    assert told == consumed(indexed_table, 3 * strong / 2, local=0.5)
    told = query(client, indexed_table, key, IndexName="local", ConsistentRead=True, **more)
    assert told == consumed(indexed_table, 3 * strong, local=1)


# --- batches --------------------------------------------------------------------------------------------------------


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


# --- item collections -----------------------------------------------------------------------------------------------

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


def test_a_batch_tells_each_collection(client, indexed_table, key):
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
    told = {each["ItemCollectionKey"]["pk"]["S"] for each in answer["ItemCollectionMetrics"][indexed_table]}
    assert told == {key["pk"]["S"], other["pk"]["S"]}
