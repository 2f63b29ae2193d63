"""Item collections: stored sizes are exact, and a limit stops their growth (behaviour 9.4)."""

import random

import pytest

from emulator.database.items import collections
from emulator.database.store import keyspace
from emulator.errors import ApiError
from emulator.settings import Settings
from emulator.values.size import item_size
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.tables import index_request, table_request

LIMIT = 3000
TOO_LARGE = ("ItemCollectionSizeLimitExceededException", "Collection size exceeded.")
INDEXES = ("l_all", "l_keys", "l_some")


def create(db, **extra):
    """Create a table with three local indexes on l and a global index on g.

    Entries of a global index do not belong to item collections.
    """
    request = table_request(
        "pk:S sk:N",
        define="g:S l:S",
        GlobalSecondaryIndexes=[index_request("g_all", "g")],
        LocalSecondaryIndexes=[
            index_request("l_all", "pk l"),
            index_request("l_keys", "pk l", "KEYS_ONLY"),
            index_request("l_some", "pk l", "INCLUDE", ["x"]),
        ],
        **extra,
    )
    db("CreateTable", request)
    return request["TableName"]


def collection_key(table, partition):
    """Return the prefix of a partition's items in the store, which identifies its collection."""
    return table.prefix + keyspace.digest(table.hash_encode(partition))


def kept(db, name, pk):
    """Return the stored size in bytes of the collection with this partition key."""
    table = db.emulator.database.table(db.caller, name)
    with db.emulator.database.read() as txn:
        return collections.collection_size(txn, collection_key(table, {"S": pk}))


def recounted(db, name, pk):
    """Return the size in bytes of what queries of the table and its local indexes return."""
    query = {
        "TableName": name,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": pk}},
        "ConsistentRead": True,
    }
    answers = [db("Query", query), *(db("Query", {**query, "IndexName": index}) for index in INDEXES)]
    return sum(item_size(item) for answer in answers for item in answer["Items"])


def random_item(choose):
    values = {
        "g": choose.choice([None, {"S": "g"}]),
        "l": choose.choice([None, {"S": "l"}, {"S": "other"}]),
        "x": choose.choice([None, {"N": str(choose.randrange(10**6))}, {"S": "é" * choose.randrange(1, 300)}]),
    }
    key = {"pk": {"S": choose.choice("ab")}, "sk": {"N": str(choose.randrange(5))}}
    return key, {name: value for name, value in values.items() if value is not None}


def update_of(key, values):
    gone = ", ".join(name for name in ("g", "l", "x") if name not in values)
    sets = ", ".join(f"{name} = :{name}" for name in values)
    expression = (f"SET {sets} " if sets else "") + (f"REMOVE {gone}" if gone else "")
    request = {"Key": key, "UpdateExpression": expression}
    return request | (
        {"ExpressionAttributeValues": {f":{name}": each for name, each in values.items()}} if sets else {}
    )


def random_write(db, name, choose):
    key, values = random_item(choose)
    elsewhere = {**key, "sk": {"N": "9"}}
    match choose.randrange(7):
        case 0 | 1:
            db("PutItem", TableName=name, Item=key | values)
        case 2:
            db("DeleteItem", TableName=name, Key=key)
        case 3:
            db("UpdateItem", TableName=name, **update_of(key, values))
        case 4:
            writes = [{"PutRequest": {"Item": key | values}}, {"DeleteRequest": {"Key": elsewhere}}]
            db("BatchWriteItem", RequestItems={name: writes})
        case 5:
            actions = [
                {"Put": {"TableName": name, "Item": elsewhere | values}},
                {"Update": {"TableName": name, **update_of(key, values)}},
            ]
            db("TransactWriteItems", TransactItems=actions)
        case _:
            statement = f"""UPDATE "{name}" SET x = ? REMOVE l WHERE pk = ? AND sk = ?"""
            try:
                db("ExecuteStatement", Statement=statement, Parameters=[{"S": "x"}, key["pk"], key["sk"]])
            except ApiError as error:
                if error.code != "ConditionalCheckFailedException":
                    raise


@pytest.mark.parametrize("seed", range(3))
def test_sizes_after_random_writes(db, seed):
    name = create(db)
    choose = random.Random(seed)
    for _ in range(60):
        random_write(db, name, choose)
        for pk in "ab":
            assert kept(db, name, pk) == recounted(db, name, pk)
    check_store(db.emulator.database)


def test_sizes_byte_by_byte(db):
    name = create(db)
    key = {"pk": {"S": "p"}, "sk": {"N": "1"}}
    db("PutItem", TableName=name, Item=key | {"x": {"S": "12345"}})
    assert kept(db, name, "p") == 3 + 4 + 6
    db("PutItem", TableName=name, Item=key | {"x": {"S": "12345"}, "l": {"S": "l"}, "y": {"S": "y"}})
    everything, keys = 3 + 4 + 6 + 2 + 2, 3 + 4 + 2
    assert kept(db, name, "p") == everything + everything + keys + (keys + 6)
    assert kept(db, name, "other") == 0
    db("DeleteItem", TableName=name, Key=key)
    assert kept(db, name, "p") == 0


def test_tables_without_local_indexes_keep_none(db):
    request = table_request("pk:S sk:N")
    db("CreateTable", request)
    db("PutItem", TableName=request["TableName"], Item={"pk": {"S": "p"}, "sk": {"N": "1"}})
    assert kept(db, request["TableName"], "p") == 0


def test_sizes_survive_a_restart(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    name = create(db)
    db("PutItem", TableName=name, Item={"pk": {"S": "p"}, "sk": {"N": "1"}, "l": {"S": "l"}})
    size = kept(db, name, "p")
    db.emulator.close()
    db = InProcess(settings)
    assert kept(db, name, "p") == size == recounted(db, name, "p")
    db.emulator.close()


def test_sizes_go_with_the_table(db):
    name = create(db)
    db("PutItem", TableName=name, Item={"pk": {"S": "p"}, "sk": {"N": "1"}})
    db("DeleteTable", TableName=name)
    db("ListTables")
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)
    assert not [key for key, _ in dump(db.emulator.database) if key[0] == 9]


GIB = 1 << 30


@pytest.mark.parametrize(
    ("size", "reported"),
    [
        (1000, [0.0, 1.0]),
        (GIB - 1, [0.0, 1.0]),
        (GIB, [1.0, 2.0]),
        (5 * GIB // 2, [2.0, 3.0]),
        (10 * GIB - 1000, [9.0, 10.0]),
    ],
)
def test_metrics_tell_whole_gigabytes(db, size, reported):
    name = create(db)
    item = {"pk": {"S": "p"}, "sk": {"N": "1"}}
    table = db.emulator.database.table(db.caller, name)
    with db.emulator.database.write() as txn:
        txn.put(keyspace.collection(collection_key(table, item["pk"])), (size - item_size(item)).to_bytes(8, "big"))
    answer = db("PutItem", TableName=name, Item=item, ReturnItemCollectionMetrics="SIZE")
    assert answer == {
        "ItemCollectionMetrics": {"ItemCollectionKey": {"pk": {"S": "p"}}, "SizeEstimateRangeGB": reported}
    }


# --- the limit ------------------------------------------------------------------------------------


@pytest.fixture
def small(engine_name, tmp_path):
    """Yield an emulator whose item collections may have at most 3000 bytes."""
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data", item_collection_limit=LIMIT))
    yield inside
    inside.emulator.close()


def item_of(size, sk="1", pk="p", **more):
    """Return an item of `size` bytes."""
    item = {"pk": {"S": pk}, "sk": {"N": sk}} | {name: {"S": value} for name, value in more.items()}
    return item | {"a": {"S": "x" * (size - item_size(item) - 1)}}


def key_of(sk="1", pk="p"):
    return {"pk": {"S": pk}, "sk": {"N": sk}}


def growing(name, size):
    """Return operation -> a request that adds an item of `size` bytes to the collection."""
    item = item_of(size, "2")
    update = {
        "Key": key_of("2"),
        "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": {":a": item["a"]},
    }
    statement = f"""INSERT INTO "{name}" VALUE {{'pk': 'p', 'sk': 2, 'a': '{item["a"]["S"]}'}}"""
    return {
        "PutItem": {"TableName": name, "Item": item},
        "UpdateItem": {"TableName": name, **update},
        "BatchWriteItem": {"RequestItems": {name: [{"PutRequest": {"Item": item}}]}},
        "TransactWriteItems": {"TransactItems": [{"Update": {"TableName": name, **update}}]},
        "ExecuteStatement": {"Statement": statement},
    }


OPERATIONS = list(growing("", 100))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_collection_may_fill_up_to_the_limit(small, operation):
    name = create(small)
    small("PutItem", TableName=name, Item=item_of(2000))
    before = dump(small.emulator.database)
    code, message = small.error(operation, growing(name, LIMIT - 2000 + 1)[operation])
    if operation == "TransactWriteItems":
        codes = "[ItemCollectionSizeLimitExceeded]"
        text = "Transaction cancelled, please refer cancellation reasons for specific reasons"
        assert (code, message) == ("TransactionCanceledException", f"{text} {codes}")
    else:
        assert (code, message) == TOO_LARGE
    assert dump(small.emulator.database) == before
    small(operation, growing(name, LIMIT - 2000)[operation])
    assert kept(small, name, "p") == LIMIT == recounted(small, name, "p")


def test_a_cancelled_transaction_tells_the_reason(small):
    name = create(small)
    small("PutItem", TableName=name, Item=item_of(2000))
    actions = [{"Put": {"TableName": name, "Item": item_of(600, sk)}} for sk in "23"]
    with pytest.raises(ApiError) as caught:
        small("TransactWriteItems", TransactItems=actions)
    reason = {"Code": "ItemCollectionSizeLimitExceeded", "Message": "Collection size exceeded."}
    assert caught.value.extra["CancellationReasons"] == [{"Code": "None"}, reason]
    assert kept(small, name, "p") == 2000 == recounted(small, name, "p")


def test_a_batch_entry_tells_the_reason(small):
    name = create(small)
    statements = [{"Statement": growing(name, size)["ExecuteStatement"]["Statement"]} for size in (LIMIT + 1,)]
    reported = {"Code": "ItemCollectionSizeLimitExceeded", "Message": "Collection size exceeded."}
    answer = small("BatchExecuteStatement", Statements=statements)
    assert answer["Responses"] == [{"TableName": name, "Error": reported}]


def test_local_index_entries_count(small):
    name = create(small)
    # The item counts twice, in the table and in l_all. It also counts with nine bytes in each of
    # the two other local indexes: 3002 bytes.
    size = LIMIT // 2 - 8
    assert small.error("PutItem", TableName=name, Item=item_of(size, l="l")) == TOO_LARGE
    small("PutItem", TableName=name, Item=item_of(size, g="g"))
    update = {"UpdateExpression": "SET l = :l", "ExpressionAttributeValues": {":l": {"S": "l"}}}
    assert small.error("UpdateItem", TableName=name, Key=key_of(), **update) == TOO_LARGE
    small("PutItem", TableName=name, Item=item_of(size - 1, l="l"))
    assert kept(small, name, "p") == LIMIT == recounted(small, name, "p")


def test_other_collections_and_tables_go_on(small):
    name = create(small)
    plain = table_request("pk:S sk:N")
    small("CreateTable", plain)
    small("PutItem", TableName=name, Item=item_of(LIMIT))
    small("PutItem", TableName=name, Item=item_of(LIMIT, pk="q"))
    small("PutItem", TableName=plain["TableName"], Item=item_of(2 * LIMIT))
    assert small.error("PutItem", TableName=name, Item=item_of(50, "2")) == TOO_LARGE


def test_above_the_limit_only_growing_is_refused(tmp_path):
    """A collection is above the limit if the server restarts with a lower limit."""
    place = tmp_path / "data"
    db = InProcess(Settings(data_dir=place))
    name = create(db)
    for sk in "123":
        db("PutItem", TableName=name, Item=item_of(2000, sk))
    db.emulator.close()
    db = InProcess(Settings(data_dir=place, item_collection_limit=LIMIT))
    assert db.error("PutItem", TableName=name, Item=item_of(2001, "1")) == TOO_LARGE
    assert db.error("PutItem", TableName=name, Item=item_of(50, "4")) == TOO_LARGE
    db("PutItem", TableName=name, Item=item_of(2000, "1", g="g"))
    db("UpdateItem", TableName=name, Key=key_of("1"), UpdateExpression="REMOVE g")
    db("DeleteItem", TableName=name, Key=key_of("1"))
    db("BatchWriteItem", RequestItems={name: [{"PutRequest": {"Item": item_of(1500, "2")}}]})
    actions = [{"Put": {"TableName": name, "Item": item_of(1400, "2")}}]
    db("TransactWriteItems", TransactItems=actions)
    assert kept(db, name, "p") == 3400 == recounted(db, name, "p")
    assert db.error("PutItem", TableName=name, Item=item_of(2001, "3")) == TOO_LARGE
    db("DeleteItem", TableName=name, Key=key_of("3"))
    db("PutItem", TableName=name, Item=item_of(LIMIT, "2"))
    db.emulator.close()
