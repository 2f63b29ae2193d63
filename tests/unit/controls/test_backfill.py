"""The control `backfill`, which slows the filling of new indexes down.

While an index is being filled, its status shows that, and writes reach it.
"""

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from emulator.slices import finish
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import index_request, table_request, vector_index_request

ITEMS = 20


def pace(db, **body):
    return registry.call(db.emulator, "backfill", body)


def make(db, items=ITEMS):
    db("CreateTable", {**table_request("pk:S"), "TableName": "ttt"})
    for number in range(items):
        db("PutItem", TableName="ttt", Item={"pk": {"S": str(number)}, "g": {"S": "x"}})


def create_index(db):
    create = {"Create": index_request("global", "g")}
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")]
    db("UpdateTable", TableName="ttt", AttributeDefinitions=types, GlobalSecondaryIndexUpdates=[create])


def status(db):
    (index,) = db("DescribeTable", TableName="ttt")["Table"]["GlobalSecondaryIndexes"]
    return index["IndexStatus"], index.get("Backfilling", False), index["ItemCount"]


def work(db, seconds=0.0):
    """Move the clock forward in steps of 0.1 seconds, and run the work that becomes due."""
    for _ in range(round(seconds * 10)):
        db.clock.advance(0.1)
        db.emulator.tick()
    for _ in range(5):
        db.emulator.tick()


def test_a_pace(db):
    make(db)
    pace(db, TableName="ttt", ItemsPerSecond=4)
    create_index(db)
    work(db)
    assert status(db) == ("CREATING", True, 0)
    work(db, 2.5)
    state, filling, count = status(db)
    assert (state, filling) == ("CREATING", True)
    assert 8 <= count <= 11
    assert 0 < registry.call(db.emulator, "show_backfill", {})["Backfills"][0]["Filled"] < 1
    work(db, 4)
    assert status(db) == ("ACTIVE", False, ITEMS)
    check_store(db.emulator.database)


def move(db, **body):
    return finish(registry.find("move_clock").function(db.emulator, body))


def test_a_moved_clock_fills_at_once(db):
    make(db)
    db.clock.freeze()
    pace(db, ItemsPerSecond=2)
    create_index(db)
    move(db, Advance=5)
    assert status(db) == ("CREATING", True, 10)
    move(db, Advance=4)
    assert status(db) == ("CREATING", True, 18)
    move(db, Advance=1)
    assert status(db) == ("ACTIVE", False, ITEMS)


@pytest.mark.parametrize("before", [0, 3])
def test_the_clock_moves_to_the_end_of_a_backfill(db, before):
    make(db)
    db.clock.freeze()
    pace(db, ItemsPerSecond=2)
    create_index(db)
    move(db, Advance=before)
    start = db.clock.now()
    (event,) = move(db, Next=True)["Events"]
    assert (event["Kind"], event["Resource"].split("/")[1:]) == ("Backfill", ["ttt", "index", "global"])
    assert db.clock.now() - start == pytest.approx(10 - before, abs=0.002)
    assert status(db) == ("ACTIVE", False, ITEMS)
    assert move(db, Next=True)["Events"] == []


def test_no_event_ends_a_paused_backfill(db):
    make(db)
    pace(db, ItemsPerSecond=2, Paused=True)
    create_index(db)
    assert move(db, Next=True)["Events"] == []


def test_large_items_are_filled_at_the_pace(db):
    db("CreateTable", {**table_request("pk:S"), "TableName": "ttt"})
    for number in range(ITEMS):
        db("PutItem", TableName="ttt", Item={"pk": {"S": str(number)}, "g": {"S": "x"}, "x": {"S": "x" * 200_000}})
    db.clock.freeze()
    pace(db, ItemsPerSecond=1)
    create_index(db)
    move(db, Advance=15)
    assert status(db) == ("CREATING", True, 15)


def test_a_pause(db):
    make(db)
    assert pace(db, Paused=True) == {"Paces": [{"ItemsPerSecond": None, "Paused": True}], "Backfills": []}
    create_index(db)
    work(db, 60)
    assert status(db) == ("CREATING", True, 0)
    assert db.error("Query", TableName="ttt", IndexName="global", KeyConditionExpression="g = :g",
                    ExpressionAttributeValues={":g": {"S": "x"}})[0] == "ValidationException"  # fmt: skip
    shown = registry.call(db.emulator, "show_backfill", {})["Backfills"]
    assert shown == [
        {
            "AccessKey": "test",
            "Region": "us-east-1",
            "TableName": "ttt",
            "IndexName": "global",
            "Filled": 0.0,
            "Paused": True,
        }
    ]
    pace(db, Paused=False)
    work(db)
    assert status(db) == ("ACTIVE", False, ITEMS)


def test_a_pause_keeps_the_pace(db):
    pace(db, ItemsPerSecond=5)
    assert pace(db, Paused=True)["Paces"] == [{"ItemsPerSecond": 5.0, "Paused": True}]
    assert pace(db, Paused=False)["Paces"] == [{"ItemsPerSecond": 5.0, "Paused": False}]
    assert pace(db, ItemsPerSecond=None)["Paces"] == []


def test_writes_during_a_backfill(db):
    make(db)
    pace(db, ItemsPerSecond=5)
    create_index(db)
    work(db, 2)
    for number in range(0, ITEMS, 2):
        db("DeleteItem", TableName="ttt", Key={"pk": {"S": str(number)}})
        db("PutItem", TableName="ttt", Item={"pk": {"S": f"new {number}"}, "g": {"S": "y"}})
    work(db, 10)
    assert status(db) == ("ACTIVE", False, ITEMS)
    check_store(db.emulator.database)


def test_one_table_at_its_own_pace(db):
    make(db)
    pace(db, Paused=True)
    pace(db, TableName="ttt", ItemsPerSecond=1000)
    pace(db, TableName="ttt", Paused=False)
    create_index(db)
    work(db, 1)
    assert status(db)[0] == "ACTIVE"


def test_nothing_spins_while_a_backfill_waits(db):
    make(db)
    pace(db, Paused=True)
    create_index(db)
    work(db, 1)
    db.emulator.run_due()
    db.emulator.database.background.run_all()
    assert db.emulator.database.background.slices == {}


def test_a_vector_index(db):
    db("CreateTable", {**table_request("pk:S"), "TableName": "ttt"})
    for number in range(ITEMS):
        vector = {"L": [{"N": "1"}, {"N": str(number)}]}
        db("PutItem", TableName="ttt", Item={"pk": {"S": str(number)}, "v": vector})
    pace(db, Paused=True)
    create = {"Create": vector_index_request("near", "v", 2, "EUCLIDEAN")}
    db("UpdateTable", TableName="ttt", VectorIndexUpdates=[create])
    work(db, 10)
    assert [each["IndexName"] for each in registry.call(db.emulator, "show_backfill", {})["Backfills"]] == ["near"]
    pace(db, ItemsPerSecond=10, Paused=False)
    work(db, 1)
    assert registry.call(db.emulator, "show_backfill", {})["Backfills"] != []
    work(db, 3)
    assert registry.call(db.emulator, "show_backfill", {})["Backfills"] == []


def test_a_reset_ends_paces(db):
    pace(db, Paused=True)
    registry.call(db.emulator, "reset", {})
    assert registry.call(db.emulator, "show_backfill", {}) == {"Paces": [], "Backfills": []}


def test_a_restart_ends_paces(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    make(db)
    pace(db, Paused=True)
    create_index(db)
    db.emulator.close()
    again = InProcess(settings)
    work(again)
    assert status(again) == ("ACTIVE", False, ITEMS)
    again.emulator.close()


def test_the_owner_fills_for_all_workers(tmp_path):
    """Only the owner fills, although another worker declares the pace and creates the index."""
    sharing = SharedMemory(2)
    owner = InProcess(Settings(data_dir=tmp_path / "data"), sharing)
    sharing.worker_index = 1
    other = InProcess(Settings(data_dir=tmp_path / "data"), sharing)
    other.clock = other.emulator.clock
    make(other)
    pace(other, ItemsPerSecond=1000)
    create_index(other)
    for _ in range(3):
        other.emulator.database.run_slice()
    assert status(other)[0] == "CREATING"
    for each in (other, owner):
        events = finish(each.emulator.database.run_steps(each.emulator.coming_events))
        assert [event.kind for event in events] == ["Backfill"]
    for _ in range(3):
        owner.clock.advance(1)
        owner.emulator.tick()
        owner.emulator.tick()
    assert status(other)[0] == "ACTIVE"
    other.emulator.close()
    owner.emulator.close()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "the body has neither the member ItemsPerSecond nor the member Paused"),
        ({"ItemsPerSecond": 0}, "the member ItemsPerSecond must be a number above 0, or null"),
        ({"ItemsPerSecond": "1"}, "the member ItemsPerSecond is missing or of a wrong type"),
        ({"Paused": 1}, "the member Paused is missing or of a wrong type"),
        ({"Rate": 1}, "there is no member Rate; there are: TableName, ItemsPerSecond, Paused"),
    ],
)
def test_wrong_bodies(db, body, text):
    with pytest.raises(BadDeclaration) as caught:
        pace(db, **body)
    assert str(caught.value) == text
