"""A new index is filled while requests change its table (behaviour 10.4).

Most tables have the index `twin` from the start. The index `new`, with the same keys and
projection, is created later. Whatever is written while it is being filled, both are equal in the
end.
"""

import random

import pytest

from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import index_request, table_request

ITEMS = 120
CREATE = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("g", "s")],
    "GlobalSecondaryIndexUpdates": [{"Create": index_request("new", "g s", "INCLUDE", ["x"])}],
}
DELETE = {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "new"}}]}


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.backfill.SLICE", 3)
    monkeypatch.setattr("emulator.database.store.deletions.SLICE", 7)


class Writer:
    """Sends random writes to a table.

    Items appear and disappear, and they get, change or lose the key attributes of the index.
    """

    def __init__(self, seed):
        self.random = random.Random(seed)

    def item(self):
        choose = self.random
        item = {"pk": {"S": f"p{choose.randrange(ITEMS)}"}, "sk": {"S": choose.choice("ab")}}
        for name, values in (("g", ("1", "2", None)), ("s", ("x", "y" * 1024, None)), ("x", ("", "new", None))):
            value = choose.choice(values)
            if value is not None:
                item[name] = {"S": value}
        return item

    def write(self, db, name):
        item = self.item()
        key = {each: item.pop(each) for each in ("pk", "sk")}
        match self.random.randrange(4):
            case 0:
                db("PutItem", TableName=name, Item=key | item)
            case 1:
                db("DeleteItem", TableName=name, Key=key)
            case 2:
                gone = self.random.choice(("g", "s", "x"))
                db("UpdateItem", TableName=name, Key=key, UpdateExpression=f"REMOVE {gone}")
            case _ if item:
                reported = ", ".join(f"{each} = :{each}" for each in item)
                values = {f":{each}": value for each, value in item.items()}
                db(
                    "UpdateItem",
                    TableName=name,
                    Key=key,
                    UpdateExpression=f"SET {reported}",
                    ExpressionAttributeValues=values,
                )


def filled(db, seed=1):
    request = table_request(
        "pk:S sk:S", define="g:S s:S", GlobalSecondaryIndexes=[index_request("twin", "g s", "INCLUDE", ["x"])]
    )
    name = request["TableName"]
    db("CreateTable", request)
    writer = Writer(seed)
    for _ in range(ITEMS * 2):
        db("PutItem", TableName=name, Item=writer.item())
    return name


def indexes(db, name):
    reported = db("DescribeTable", TableName=name)["Table"]["GlobalSecondaryIndexes"]
    return {index["IndexName"]: index for index in reported}


def place(item):
    return item["pk"]["S"], item["sk"]["S"]


def content(db, name, index):
    """Return the items of an index in the order of queries, and its size in bytes.

    Assert that a Scan finds the same items, and that ItemCount is their number.
    """
    items = []
    for group in ("1", "2"):
        answer = db(
            "Query",
            TableName=name,
            IndexName=index,
            KeyConditionExpression="g = :g",
            ExpressionAttributeValues={":g": {"S": group}},
        )
        assert "LastEvaluatedKey" not in answer
        items += answer["Items"]
    scanned = db("Scan", TableName=name, IndexName=index)["Items"]
    assert sorted(scanned, key=place) == sorted(items, key=place)
    reported = indexes(db, name)[index]
    assert reported["ItemCount"] == len(items)
    return items, reported["IndexSizeBytes"]


def wanted(db, name):
    """Return the entries that the index must have, computed from the items of the table."""
    items = db("Scan", TableName=name)["Items"]
    assert len(items) > ITEMS / 2
    return [
        {each: item[each] for each in ("pk", "sk", "g", "s", "x") if each in item}
        for item in items
        if "g" in item and "s" in item
    ]


def check_new(db, name):
    db.emulator.database.background.run_all()
    assert indexes(db, name)["new"]["IndexStatus"] == "ACTIVE"
    items, size = content(db, name, "new")
    assert (items, size) == content(db, name, "twin")
    assert sorted(items, key=place) == sorted(wanted(db, name), key=place)
    check_store(db.emulator.database)


@pytest.mark.parametrize("seed", range(3))
def test_writes_on_both_sides_of_the_cursor(db, seed):
    name = filled(db, seed)
    writer = Writer(seed + 100)
    db("UpdateTable", TableName=name, **CREATE)
    background = db.emulator.database.background
    slices = 0
    while background.slices:
        if slices % 2:
            background.run_slice()
        writer.write(db, name)  # each request also runs one slice of the filling
        check_store(db.emulator.database)
        slices += 1
    assert slices > 10
    for _ in range(20):
        writer.write(db, name)
    check_new(db, name)


def test_the_index_is_not_read_before_it_is_complete(db, monkeypatch):
    name = filled(db)
    monkeypatch.setattr("emulator.database.jobs.backfill.SLICE", 1)
    db("UpdateTable", TableName=name, **CREATE)
    for _ in range(5):
        assert indexes(db, name)["new"]["Backfilling"] is True
        assert db.error("Scan", TableName=name, IndexName="new") == (
            "ValidationException",
            "Cannot read from backfilling global secondary index: new",
        )
        content(db, name, "twin")
    check_new(db, name)


def test_reopening_half_way(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    name = filled(db)
    writer = Writer(5)
    db("UpdateTable", TableName=name, **CREATE)
    reopened = 0
    while db.emulator.database.background.slices:
        writer.write(db, name)
        db.emulator.close()
        db = InProcess(settings)
        check_store(db.emulator.database)
        reopened += 1
    assert reopened > 10
    check_new(db, name)
    db.emulator.close()


def test_an_index_deleted_half_way_leaves_nothing(db):
    name = filled(db)
    before = content(db, name, "twin")
    db("UpdateTable", TableName=name, **CREATE)
    for _ in range(5):
        db.emulator.database.background.run_slice()
    assert db.error("DeleteTable", TableName=name)[0] == "ResourceInUseException"
    db("UpdateTable", TableName=name, **DELETE)
    assert indexes(db, name).keys() == {"twin"}
    db.emulator.database.background.run_all()
    assert content(db, name, "twin") == before
    check_store(db.emulator.database)


def test_an_index_made_again_while_the_old_one_is_being_dropped(db):
    name = filled(db)
    db("UpdateTable", TableName=name, **CREATE)
    db.emulator.database.background.run_all()
    assert indexes(db, name)["new"]["IndexStatus"] == "ACTIVE"
    db("UpdateTable", TableName=name, **DELETE)
    assert indexes(db, name).keys() == {"twin"}
    db("UpdateTable", TableName=name, **CREATE)
    writer = Writer(9)
    for _ in range(10):
        writer.write(db, name)
    check_new(db, name)


def test_items_that_cannot_be_in_the_index_are_skipped(db):
    request = table_request("pk:S")
    name = request["TableName"]
    db("CreateTable", request)
    odd = [{"N": "1"}, {"S": ""}, {"NULL": True}, {"SS": ["a"]}, {"S": "y" * 2049}, {"S": "z" * 2048}, {"S": "a"}]
    for number, value in enumerate(odd):
        db("PutItem", TableName=name, Item={"pk": {"S": str(number)}, "g": value})
    create = {
        "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
        "GlobalSecondaryIndexUpdates": [{"Create": index_request("new", "g")}],
    }
    db("UpdateTable", TableName=name, **create)
    db.emulator.database.background.run_all()
    assert sorted(item["pk"]["S"] for item in db("Scan", TableName=name, IndexName="new")["Items"]) == ["5", "6"]
    assert indexes(db, name)["new"]["ItemCount"] == 2
    # The skipped items can be changed and deleted. Neither has an effect on the index.
    for number in range(5):
        key = {"pk": {"S": str(number)}}
        db("UpdateItem", TableName=name, Key=key, UpdateExpression="SET other_ = pk")
        db("DeleteItem", TableName=name, Key=key)
    assert indexes(db, name)["new"]["ItemCount"] == 2
    check_store(db.emulator.database)
