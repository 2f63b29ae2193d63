"""The consumed capacity and the item collections that transactions report (behaviour 8.3, 9)."""

import uuid

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import index_request, new_name

KB = 1024


@pytest.fixture(scope="module")
def tables(make_shared_table):
    """Return a "plain" table, and an "indexed" one, with a local and a global (KEYS_ONLY) index."""
    indexed = make_shared_table(
        TableName=new_name("indexed"),
        define="l:S g:S",
        LocalSecondaryIndexes=[index_request("local", "pk l")],
        GlobalSecondaryIndexes=[index_request("global", "g", "KEYS_ONLY")],
    )
    return {"plain": make_shared_table(TableName=new_name("plain")), "indexed": indexed}


def sized(key, size):
    """Return an item with this key whose whole size is `size` bytes."""
    fixed = sum(len(name) + len(value["S"]) for name, value in key.items())
    return {**key, "x": {"S": "x" * (size - fixed - 1)}}


def put(table, item):
    return {"Put": {"TableName": table, "Item": item}}


def update(table, key, expression, **values):
    extra = {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}} if values else {}
    return {"Update": {"TableName": table, "Key": key, "UpdateExpression": expression, **extra}}


def delete(table, key):
    return {"Delete": {"TableName": table, "Key": key}}


def check(table, key):
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": key,
            "ConditionExpression": "NOT size(pk) = :n",
            "ExpressionAttributeValues": {":n": {"N": "0"}},
        }
    }


def get(table, key, **extra):
    return {"Get": {"TableName": table, "Key": key, **extra}}


def entry(name, units, kind="Write", table=None, local=None, global_=None):
    """Return a table's entry of ConsumedCapacity.

    With ReturnConsumedCapacity=INDEXES an entry also has the units of the table itself, of the
    local and of the global index: `table`, `local` and `global_`.
    """
    entry = {"TableName": name, "CapacityUnits": units, f"{kind}CapacityUnits": units}
    if table is not None:
        entry["Table"] = {"CapacityUnits": table, f"{kind}CapacityUnits": table}
    if local is not None:
        entry["LocalSecondaryIndexes"] = {"local": {"CapacityUnits": local}}
    if global_ is not None:
        entry["GlobalSecondaryIndexes"] = {"global": {"CapacityUnits": global_}}
    return entry


def by_name(answer):
    return sorted(answer["ConsumedCapacity"], key=lambda entry: entry["TableName"])


# --- TransactWriteItems ---------------------------------------------------------------------------

# Each row: bytes of the item before (None: no item), a function that returns the action, and its
# units, which are twice those of the same write without a transaction.
WRITES = {
    "put a small item": (None, put, 2.0),
    "put 1 KB": (None, lambda t, key: put(t, sized(key, KB)), 2.0),
    "put 1 KB and a byte": (None, lambda t, key: put(t, sized(key, KB + 1)), 4.0),
    "put over a larger one": (2 * KB + 1, put, 6.0),
    "put over a smaller one": (KB, lambda t, key: put(t, sized(key, 3 * KB)), 6.0),
    "put the same again": (2 * KB, lambda t, key: put(t, sized(key, 2 * KB)), 4.0),
    "delete nothing": (None, delete, 2.0),
    "delete 1 KB": (KB, delete, 2.0),
    "delete 1 KB and a byte": (KB + 1, delete, 4.0),
    "update to nothing new": (KB + 1, lambda t, key: update(t, key, "REMOVE absent"), 4.0),
    "update that shrinks": (3 * KB, lambda t, key: update(t, key, "REMOVE x"), 6.0),
    "update that creates": (
        None,
        lambda t, key: update(t, key, "SET x = :x", x=sized(key, KB + 1)["x"]),
        4.0,
    ),
    "check nothing": (None, check, 2.0),
    "check 1 KB": (KB, check, 2.0),
    "check 1 KB and a byte": (KB + 1, check, 4.0),
    "check 5 KB": (5 * KB, check, 10.0),
}


@pytest.mark.parametrize("case", WRITES)
def test_units_of_a_write(client, tables, key, case):
    before, make, units = WRITES[case]
    table = tables["plain"]
    for mode, figures in (("TOTAL", {}), ("INDEXES", {"table": units})):
        if before is not None:
            client.put_item(TableName=table, Item=sized(key, before))
        else:
            client.delete_item(TableName=table, Key=key)
        answer = client.transact_write_items(TransactItems=[make(table, key)], ReturnConsumedCapacity=mode)
        assert without_metadata(answer) == {"ConsumedCapacity": [entry(table, units, **figures)]}


L1, L2 = {"l": {"S": "1"}}, {"l": {"S": "2"}}
G1, G2 = {"g": {"S": "1"}}, {"g": {"S": "2"}}
A1, A2 = {"a": {"S": "1"}}, {"a": {"S": "2"}}
BIG = {"x": {"S": "x" * 1500}}
# Each row: an item's attributes before (None: no item) and after a Put, and the units: total, and
# those of the table, of the local index, of the global index.
INDEXED = {
    "neither index": ({}, A1, (2.0, 2.0, None, None)),
    "both appear": (None, L1 | G1, (4.0, 2.0, 1.0, 1.0)),
    "both disappear": (L1 | G1, {}, (4.0, 2.0, 1.0, 1.0)),
    "one changes": (L1 | G1 | A1, L1 | G1 | A2, (3.0, 2.0, 1.0, None)),
    "both move": (L1 | G1, L2 | G2, (6.0, 2.0, 2.0, 2.0)),
    "nothing changes": (L1 | G1, L1 | G1, (2.0, 2.0, None, None)),
    "the index entry is large": (None, L1 | BIG, (6.0, 4.0, 2.0, None)),
    "the entry of keys is small": (None, G1 | BIG, (5.0, 4.0, None, 1.0)),
    "a large entry moves": (L1 | BIG, L2 | BIG, (8.0, 4.0, 4.0, None)),
}


@pytest.mark.parametrize("case", INDEXED)
def test_index_units_are_not_doubled(client, tables, key, case):
    before, after, (total, own, local, global_) = INDEXED[case]
    table = tables["indexed"]
    for mode in ("TOTAL", "INDEXES"):
        client.delete_item(TableName=table, Key=key)
        if before is not None:
            client.put_item(TableName=table, Item=key | before)
        answer = client.transact_write_items(TransactItems=[put(table, key | after)], ReturnConsumedCapacity=mode)
        figures = {} if mode == "TOTAL" else {"table": own, "local": local, "global_": global_}
        assert answer["ConsumedCapacity"] == [entry(table, total, **figures)]


def test_each_action_is_rounded_and_each_table_summed(client, tables, key):
    plain, indexed = tables["plain"], tables["indexed"]
    keys = [key | {"sk": {"S": str(number)}} for number in range(4)]
    actions = [
        put(plain, sized(keys[0], KB + 1)),
        put(indexed, keys[0] | L1 | G1),
        check(plain, keys[1]),
        put(indexed, keys[1] | L1),
        delete(plain, keys[2]),
        check(indexed, keys[2]),
    ]
    answer = client.transact_write_items(TransactItems=actions, ReturnConsumedCapacity="INDEXES")
    assert by_name(answer) == [entry(indexed, 9.0, table=6.0, local=2.0, global_=1.0), entry(plain, 8.0, table=8.0)]


@pytest.mark.parametrize("mode", [None, "NONE"])
def test_no_capacity_is_returned_by_default(client, tables, key, mode):
    extra = {} if mode is None else {"ReturnConsumedCapacity": mode}
    table = tables["indexed"]
    assert without_metadata(client.transact_write_items(TransactItems=[put(table, key)], **extra)) == {}
    answer = without_metadata(client.transact_get_items(TransactItems=[get(table, key)], **extra))
    assert answer == {"Responses": [{"Item": key}]}


def test_a_replay_consumes_reads(client, tables, key):
    """Sent again with its token, a transaction reads each item: two units for each 4 KB of it.

    The size is that of the item now, and indexes consume no units.
    """
    plain, indexed = tables["plain"], tables["indexed"]
    keys = [key | {"sk": {"S": str(number)}} for number in range(4)]
    request = {
        "TransactItems": [
            put(plain, sized(keys[0], 4 * KB)),
            put(plain, sized(keys[1], 4 * KB + 1)),
            delete(plain, keys[2]),
            check(plain, keys[3]),
            put(indexed, keys[0] | L1 | G1),
        ],
        "ClientRequestToken": str(uuid.uuid4()),
    }
    first = client.transact_write_items(**request, ReturnConsumedCapacity="TOTAL")
    assert by_name(first) == [entry(indexed, 4.0), entry(plain, 22.0)]
    again = client.transact_write_items(**request, ReturnConsumedCapacity="TOTAL")
    assert by_name(again) == [entry(indexed, 2.0, "Read"), entry(plain, 10.0, "Read")]
    again = client.transact_write_items(**request, ReturnConsumedCapacity="INDEXES")
    assert by_name(again) == [entry(indexed, 2.0, "Read", table=2.0), entry(plain, 10.0, "Read", table=10.0)]
    assert without_metadata(client.transact_write_items(**request)) == {}


# --- TransactGetItems -----------------------------------------------------------------------------

READS = [(None, 2.0), (1, 2.0), (4 * KB, 2.0), (4 * KB + 1, 4.0), (8 * KB, 4.0), (8 * KB + 1, 6.0)]


@pytest.mark.parametrize(("size", "units"), READS)
def test_units_of_a_read(client, tables, key, size, units):
    table = tables["indexed"]
    if size is not None:
        client.put_item(TableName=table, Item=key if size == 1 else sized(key, size))
    for extra in ({}, {"ProjectionExpression": "pk"}):
        reads = [get(table, key, **extra)]
        answer = client.transact_get_items(TransactItems=reads, ReturnConsumedCapacity="TOTAL")
        assert answer["ConsumedCapacity"] == [entry(table, units, "Read")]
        answer = client.transact_get_items(TransactItems=reads, ReturnConsumedCapacity="INDEXES")
        assert answer["ConsumedCapacity"] == [entry(table, units, "Read", table=units)]


def test_each_read_is_rounded_and_each_table_summed(client, tables, key):
    plain, indexed = tables["plain"], tables["indexed"]
    keys = [key | {"sk": {"S": str(number)}} for number in range(2)]
    client.put_item(TableName=plain, Item=sized(keys[0], 4 * KB + 1))
    client.put_item(TableName=indexed, Item=keys[0] | L1 | G1)
    reads = [get(plain, keys[0]), get(indexed, keys[0]), get(plain, keys[1])]
    answer = client.transact_get_items(TransactItems=reads, ReturnConsumedCapacity="INDEXES")
    assert by_name(answer) == [entry(indexed, 2.0, "Read", table=2.0), entry(plain, 6.0, "Read", table=6.0)]


# --- item collections -----------------------------------------------------------------------------


def test_item_collections(client, tables, key):
    """Each item collection with a write is reported once.

    A table without local indexes has no item collections.
    """
    plain, indexed = tables["plain"], tables["indexed"]
    partitions = [{"S": f"{number}{key['pk']['S']}"} for number in range(5)]
    client.put_item(TableName=indexed, Item=key | {"pk": partitions[1]})
    answer = client.transact_write_items(
        TransactItems=[
            put(plain, key),
            put(indexed, key | {"pk": partitions[0]} | L1),
            put(indexed, {"pk": partitions[0], "sk": {"S": "other"}}),
            delete(indexed, key | {"pk": partitions[1]}),
            update(indexed, key | {"pk": partitions[2]}, "SET a = :a", a={"S": "x"}),
            check(indexed, key | {"pk": partitions[3]}),
        ],
        ReturnItemCollectionMetrics="SIZE",
    )
    metrics = without_metadata(answer)["ItemCollectionMetrics"]
    assert list(metrics) == [indexed]
    assert sorted(metrics[indexed], key=lambda each: each["ItemCollectionKey"]["pk"]["S"]) == [
        {"ItemCollectionKey": {"pk": partition}, "SizeEstimateRangeGB": [0.0, 1.0]} for partition in partitions[:3]
    ]


@pytest.mark.parametrize("mode", [None, "NONE"])
def test_item_collections_are_not_returned_by_default(client, tables, key, mode):
    extra = {} if mode is None else {"ReturnItemCollectionMetrics": mode}
    answer = client.transact_write_items(TransactItems=[put(tables["indexed"], key | L1)], **extra)
    assert without_metadata(answer) == {}


def test_no_item_collections_without_local_indexes(client, tables, key):
    request = {"TransactItems": [put(tables["plain"], key)], "ReturnItemCollectionMetrics": "SIZE"}
    assert without_metadata(client.transact_write_items(**request)) == {}
