"""Counts and sizes of DescribeTable are exact after every kind of write (behaviour 10.3)."""

import random

import pytest

from emulator.values.size import item_size
from tests.support.invariants import check_store
from tests.support.tables import index_request, table_request


def create(db):
    request = table_request(
        "pk:S sk:N",
        define="g:S l:B",
        GlobalSecondaryIndexes=[index_request("g_all", "g"), index_request("g_keys", "g sk", "KEYS_ONLY")],
        LocalSecondaryIndexes=[index_request("l_some", "pk l", "INCLUDE", ["x"])],
    )
    db("CreateTable", request)
    return request["TableName"]


def reported(db, name):
    """Return name -> (count, bytes) for the table and each index, as DescribeTable reports them."""
    table = db("DescribeTable", TableName=name)["Table"]
    indexes = [*table["GlobalSecondaryIndexes"], *table["LocalSecondaryIndexes"]]
    return {"table": (table["ItemCount"], table["TableSizeBytes"])} | {
        index["IndexName"]: (index["ItemCount"], index["IndexSizeBytes"]) for index in indexes
    }


def counted(db, name):
    """Return the same as `reported`, computed from the items that Scans return."""
    scans = {"table": db("Scan", TableName=name)}
    scans |= {index: db("Scan", TableName=name, IndexName=index) for index in ("g_all", "g_keys", "l_some")}
    return {source: (len(answer["Items"]), sum(map(item_size, answer["Items"]))) for source, answer in scans.items()}


def random_write(db, name, choose):
    key = {"pk": {"S": choose.choice("ab")}, "sk": {"N": str(choose.randrange(6))}}
    values = {
        "g": choose.choice([None, {"S": "g"}, {"S": "other"}]),
        "l": choose.choice([None, {"B": "AA=="}, {"B": "AAAA"}]),
        "x": choose.choice([None, {"N": str(choose.randrange(10**6))}, {"L": [{"S": "é"}, {"NULL": True}]}]),
    }
    rest = {each: value for each, value in values.items() if value is not None}
    match choose.randrange(5):
        case 0 | 1:
            db("PutItem", TableName=name, Item=key | rest)
        case 2:
            db("DeleteItem", TableName=name, Key=key)
        case 3:
            gone = ", ".join(each for each in values if each not in rest)
            sets = ", ".join(f"{each} = :{each}" for each in rest)
            expression = (f"SET {sets} " if sets else "") + (f"REMOVE {gone}" if gone else "")
            request = {"TableName": name, "Key": key, "UpdateExpression": expression}
            if rest:
                request["ExpressionAttributeValues"] = {f":{each}": value for each, value in rest.items()}
            db("UpdateItem", request)
        case _:
            other = {**key, "sk": {"N": "9"}}
            writes = [{"PutRequest": {"Item": key | rest}}, {"DeleteRequest": {"Key": other}}]
            db("BatchWriteItem", RequestItems={name: writes})


@pytest.mark.parametrize("seed", range(4))
def test_after_random_writes(db, seed):
    name = create(db)
    choose = random.Random(seed)
    for _ in range(60):
        random_write(db, name, choose)
        assert reported(db, name) == counted(db, name)
    check_store(db.emulator.database)


def test_failed_writes_count_for_nothing(db):
    name = create(db)
    item = {"pk": {"S": "p"}, "sk": {"N": "1"}, "g": {"S": "g"}}
    db("PutItem", TableName=name, Item=item)
    before = reported(db, name)
    assert before["table"] == (1, 9)
    db.error("PutItem", TableName=name, Item=item | {"x": {"S": "x"}}, ConditionExpression="attribute_not_exists(pk)")
    db.error("PutItem", TableName=name, Item=item | {"g": {"N": "1"}})
    writes = [{"PutRequest": {"Item": {**item, "sk": {"N": "2"}}}}, {"PutRequest": {"Item": {"pk": {"S": "p"}}}}]
    db.error("BatchWriteItem", RequestItems={name: writes})
    key = {"pk": item["pk"], "sk": item["sk"]}
    db.error("DeleteItem", TableName=name, Key=key, ConditionExpression="g = sk")
    db("DeleteItem", TableName=name, Key={**key, "sk": {"N": "5"}})
    assert reported(db, name) == before
    db("DeleteItem", TableName=name, Key=key)
    assert set(reported(db, name).values()) == {(0, 0)}


def test_the_answer_of_deleting_tells_the_last_counts(db):
    name = create(db)
    db("PutItem", TableName=name, Item={"pk": {"S": "p"}, "sk": {"N": "1"}})
    answer = db("DeleteTable", TableName=name)["TableDescription"]
    assert (answer["ItemCount"], answer["TableSizeBytes"]) == (1, 7)
