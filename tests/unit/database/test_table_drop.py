"""The data of deleted tables and indexes are deleted slice by slice, even across a restart."""

import pytest

from emulator.database.store import keyspace
from emulator.settings import Settings
from storage.keycode import prefix_end
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.tables import index_request, table_request

ITEMS = 60
SLICE = 7


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch):
    monkeypatch.setattr("emulator.database.store.deletions.SLICE", SLICE)


def filled(db, name=None):
    request = table_request(
        "pk:S sk:S",
        define="l:S",
        GlobalSecondaryIndexes=[index_request("global", "sk")],
        LocalSecondaryIndexes=[index_request("local", "pk l")],
    )
    request["TableName"] = name or request["TableName"]
    db("CreateTable", request)
    for number in range(ITEMS):
        long = "x" * 1000 if number % 2 else "x"
        db(
            "PutItem",
            TableName=request["TableName"],
            Item={"pk": {"S": f"p{number % 3}"}, "sk": {"S": f"{long}{number}"}, "l": {"S": long}},
        )
    return request["TableName"]


def rows(db):
    """Return the number of item rows and index entries in the store."""
    count = 0
    with db.emulator.database.engine.read() as txn:
        for prefix in (keyspace.items(0)[:1], keyspace.entries(0)[:1]):
            count += sum(1 for _ in txn.scan(prefix, prefix_end(prefix)))
    return count


def delete(db, name):
    db("DeleteTable", TableName=name)
    assert db.error("DescribeTable", TableName=name)[0] == "ResourceNotFoundException"


def test_room_comes_back_in_slices(db):
    before = [key for key, _ in dump(db.emulator.database) if key[:1] != b"\x01"]
    name = filled(db)
    assert rows(db) == 3 * ITEMS
    delete(db, name)
    background = db.emulator.database.background
    left = rows(db)
    slices = 0
    while background.slices:
        background.run_slice()
        now = rows(db)
        assert left - now <= SLICE
        check_store(db.emulator.database)
        left = now
        slices += 1
    assert slices >= 3 * ITEMS / SLICE
    assert [key for key, _ in dump(db.emulator.database) if key[:1] != b"\x01"] == before == []


def test_requests_advance_it(db):
    name = filled(db)
    delete(db, name)
    for _ in range(3 * ITEMS):
        db("ListTables")
    assert rows(db) == 0
    assert not db.emulator.database.background.slices


def test_a_table_of_the_same_name_is_another(db):
    name = filled(db)
    delete(db, name)
    filled(db, name)
    key = {"pk": {"S": "p0"}, "sk": {"S": "only"}}
    db("PutItem", TableName=name, Item=key)
    db.emulator.database.background.run_all()
    assert rows(db) == 3 * ITEMS + 2
    assert db("GetItem", TableName=name, Key=key)["Item"] == key
    check_store(db.emulator.database)


def test_neighbours_stay(db):
    names = [filled(db) for _ in range(3)]
    before = db("Scan", TableName=names[0]), db("Scan", TableName=names[2])
    delete(db, names[1])
    db.emulator.database.background.run_all()
    assert (db("Scan", TableName=names[0]), db("Scan", TableName=names[2])) == before
    assert rows(db) == 6 * ITEMS
    check_store(db.emulator.database)


def test_reopening_half_way(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    delete(db, filled(db))
    reopened = 0
    while db.emulator.database.background.slices:
        db.emulator.database.background.run_slice()
        db.emulator.close()
        db = InProcess(settings)
        reopened += 1
    assert reopened > 10
    assert rows(db) == 0
    check_store(db.emulator.database)
    db.emulator.close()


def test_a_deleted_index(db):
    name = filled(db)
    db("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}])
    assert "GlobalSecondaryIndexes" not in db("DescribeTable", TableName=name)["Table"]
    db.emulator.database.background.run_all()
    assert rows(db) == 2 * ITEMS
    assert db("Query", **local(name))["Count"] == ITEMS / 3
    check_store(db.emulator.database)


def local(name):
    return {
        "TableName": name,
        "IndexName": "local",
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p1"}},
    }
