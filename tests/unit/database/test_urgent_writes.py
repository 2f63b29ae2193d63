"""The database on a full disk: there is room only for urgent writes, or for no writes."""

import pytest

from emulator.database import entrances as module
from emulator.log_limits import LogLimit
from storage import Full
from tests.support.tables import index_request, table_request

TABLE = {
    **table_request(
        "pk:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")], StreamSpecification={}
    ),
    "TableName": "table",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
FULL = ("InternalServerError", "The emulator's disk is full; nothing of this request was stored.")
KEY = {"pk": {"S": "a"}}
ITEM = {**KEY, "g": {"S": "g"}, "until": {"N": "1700000100"}}


class Tight:
    """A write transaction on a full disk. reserve: True if there is room for urgent writes."""

    def __init__(self, txn, *, reserve):
        self.txn, self.reserve, self.urgent = txn, reserve, False

    def __enter__(self):
        self.txn.__enter__()
        return self

    def __exit__(self, *error):
        return self.txn.__exit__(*error)

    def __getattr__(self, name):
        if name in ("put", "delete", "drop_range") and not (self.urgent and self.reserve):
            raise Full("no room")
        return getattr(self.txn, name)


@pytest.fixture
def fill(db, monkeypatch):
    """Return a function that makes the disk full, until the fixture `monkeypatch` undoes it."""

    def fill(*, reserve=True):
        database = db.emulator.database
        write = database.access.write
        for owner in (database, database.access):
            monkeypatch.setattr(owner, "write", lambda: Tight(write(), reserve=reserve), raising=False)

    return fill


@pytest.fixture
def table(db):
    db("CreateTable", TABLE)
    db("DescribeTable", TableName="table")
    db("PutItem", TableName="table", Item=ITEM)


def partiql(*statements):
    return [{"Statement": statement} for statement in statements]


DELETE = "DELETE FROM \"table\" WHERE pk = 'a'"
DELETE_B = "DELETE FROM \"table\" WHERE pk = 'b'"
INSERT = "INSERT INTO \"table\" VALUE {'pk': 'b'}"


@pytest.mark.parametrize(
    ("operation", "request_", "urgent"),
    [
        ("DeleteItem", {"TableName": "table", "Key": KEY}, True),
        ("PutItem", {"TableName": "table", "Item": KEY}, False),
        ("UpdateItem", {"TableName": "table", "Key": KEY, "UpdateExpression": "SET a = pk"}, False),
        ("BatchWriteItem", {"RequestItems": {"table": [{"DeleteRequest": {"Key": KEY}}]}}, True),
        (
            "BatchWriteItem",
            {
                "RequestItems": {
                    "table": [{"DeleteRequest": {"Key": KEY}}, {"PutRequest": {"Item": {"pk": {"S": "b"}}}}]
                }
            },
            False,
        ),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Delete": {"TableName": "table", "Key": KEY}},
                    {
                        "ConditionCheck": {
                            "TableName": "table",
                            "Key": {"pk": {"S": "b"}},
                            "ConditionExpression": "attribute_not_exists(pk)",
                        }
                    },
                ]
            },
            True,
        ),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Delete": {"TableName": "table", "Key": KEY}},
                    {"Put": {"TableName": "table", "Item": {"pk": {"S": "b"}}}},
                ]
            },
            False,
        ),
        ("ExecuteStatement", {"Statement": DELETE}, True),
        ("ExecuteStatement", {"Statement": INSERT}, False),
        ("BatchExecuteStatement", {"Statements": partiql(DELETE, DELETE_B)}, True),
        ("BatchExecuteStatement", {"Statements": partiql(DELETE, INSERT)}, False),
        ("ExecuteTransaction", {"TransactStatements": partiql(DELETE)}, True),
        ("ExecuteTransaction", {"TransactStatements": partiql(DELETE, INSERT)}, False),
        ("DeleteTable", {"TableName": "table"}, True),
        ("CreateTable", {**TABLE, "TableName": "other"}, False),
        ("UpdateTable", {"TableName": "table", "StreamSpecification": {"StreamEnabled": False}}, True),
        (
            "UpdateTable",
            {"TableName": "table", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "global"}}]},
            True,
        ),
        (
            "UpdateTable",
            {
                "TableName": "table",
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "g", "AttributeType": "S"},
                ],
                "GlobalSecondaryIndexUpdates": [{"Create": index_request("late", "g")}],
            },
            False,
        ),
    ],
)
def test_what_frees_room_or_ends_a_status_is_urgent(db, table, fill, operation, request_, urgent):
    fill()
    if urgent:
        db(operation, request_)
    else:
        assert db.error(operation, request_) == FULL
        assert db("GetItem", TableName="table", Key=KEY)["Item"] == ITEM


def test_background_work_that_frees_room_goes_on(db, table, fill):
    db("UpdateTimeToLive", TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    db.emulator.database.background.run_all()
    fill()
    db.clock.advance(3600)
    db.emulator.tick()
    db.emulator.database.background.run_all()
    assert db("Scan", TableName="table")["Items"] == []
    db("DeleteTable", TableName="table")
    assert db("ListTables") == {"TableNames": []}
    db.clock.advance(25 * 3600)
    db.emulator.run_due()
    db.emulator.database.background.run_all()
    assert not db.emulator.database.background.slices


def test_status_that_cannot_be_stored_stays_the_old_one(db, fill, monkeypatch):
    db("CreateTable", {**TABLE, "TableName": "old"})
    db("DescribeTable", TableName="old")
    db("CreateTable", TABLE)
    db("DeleteTable", TableName="old")
    fill(reserve=False)
    for _ in range(3):
        assert db("DescribeTable", TableName="table")["Table"]["TableStatus"] == "CREATING"
        assert db("DescribeTable", TableName="old")["Table"]["TableStatus"] == "DELETING"
        assert db("ListTables") == {"TableNames": ["old", "table"]}
    assert db.error("PutItem", TableName="table", Item=KEY) == FULL
    assert db.error("GetItem", TableName="old", Key=KEY) == FULL
    monkeypatch.undo()
    assert db("DescribeTable", TableName="table")["Table"]["TableStatus"] == "ACTIVE"
    assert db.error("DescribeTable", TableName="old")[0] == "ResourceNotFoundException"


def test_refused_writes_are_logged_once_a_minute(db, table, fill, caplog, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module, "once_a_minute", LogLimit(now=lambda: now[0]))
    fill()
    for _ in range(5):
        db.error("PutItem", TableName="table", Item=KEY)
        now[0] += 15
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "the disk is full, so the server refuses writes: no room")
    ] * 2
