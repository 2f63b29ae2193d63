"""The controls that save, restore, hold and read snapshots of users."""

import re

import orjson
import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.database.snapshots import branching, holding, restoring
from emulator.database.store import keyspace
from emulator.settings import Settings
from storage import Full
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.stages import DONE, Stage, configured
from tests.support.tables import table_request

RENAME = "the new names in the member Rename must have 3 to 255 characters: letters, digits, _, . and -"


def call(db, name, **body):
    return registry.call(db.emulator, name, body)


def save(db, name="s", **body):
    return call(db, "snapshots/save", Name=name, **body)


def restore(db, name="s"):
    return call(db, "snapshots/restore", Name=name)


def create(db, name="tab", **extra):
    db("CreateTable", {**table_request("pk:S", **extra), "TableName": name})
    db("DescribeTable", TableName=name)


def put(db, *keys, table="tab"):
    for key in keys:
        db("PutItem", TableName=table, Item={"pk": {"S": key}})


def items(db, table="tab"):
    return sorted(item["pk"]["S"] for item in db("Scan", TableName=table)["Items"])


def as_(db, access_key, region="us-east-1"):
    db.caller = db.emulator.caller(access_key, region)
    return db


def names(db):
    return [snapshot["Name"] for snapshot in call(db, "snapshots")["Snapshots"]]


def test_a_snapshot_is_listed_and_described_in_the_same_way(db):
    create(db)
    put(db, "a", "b")
    saved = {"Name": "s", "Created": db.clock.now(), "Tables": 1, "Items": 2}
    assert save(db) == saved
    put(db, "c")
    assert call(db, "snapshots") == {"Snapshots": [saved]}
    assert restore(db) == saved
    assert items(db) == ["a", "b"]
    assert call(db, "snapshots/delete", Name="s") == {}
    assert call(db, "snapshots") == {"Snapshots": []}


def test_a_suite_rewinds_between_its_tests(db):
    create(db)
    put(db, "a")
    save(db)
    for _ in range(3):
        put(db, "b")
        create(db, "further")
        db("DeleteItem", TableName="tab", Key={"pk": {"S": "a"}})
        restore(db)
        assert items(db) == ["a"]
        assert db("ListTables")["TableNames"] == ["tab"]


def test_a_replaced_snapshot_shows_the_newer_state(db):
    create(db)
    save(db)
    put(db, "a")
    with pytest.raises(
        BadDeclaration, match=r'^there is already a snapshot s; to replace it, add "Replace": true to the body$'
    ):
        save(db)
    save(db, Replace=True)
    put(db, "b")
    restore(db)
    assert items(db) == ["a"]
    assert names(db) == ["s"]


def test_only_the_scope_is_restored(db):
    for access_key in ("one", "two"):
        create(as_(db, access_key))
        create(db, "other")
    save(as_(db, "one"), "account", AccessKey="one")
    save(db, "table", AccessKey="one", Tables=["tab"])
    for access_key in ("one", "two"):
        put(as_(db, access_key), "a")
        put(db, "a", table="other")
    as_(db, "one")
    restore(db, "table")
    assert (items(db), items(db, "other")) == ([], ["a"])
    restore(db, "account")
    assert (items(db), items(db, "other")) == ([], [])
    assert (items(as_(db, "two")), items(db, "other")) == (["a"], ["a"])


def test_a_deleted_table_comes_back_with_its_identity(db):
    create(db)
    put(db, "a")
    before = db("DescribeTable", TableName="tab")
    save(db)
    db("DeleteTable", TableName="tab")
    create(db, Tags=[{"Key": "k", "Value": "v"}])
    restore(db)
    assert db("DescribeTable", TableName="tab") == before
    assert db("ListTagsOfResource", ResourceArn=before["Table"]["TableArn"])["Tags"] == []


def test_a_snapshot_outlives_a_reset_unless_that_is_meant(db):
    create(db)
    put(db, "a")
    save(db)
    call(db, "reset")
    assert restore(db)["Tables"] == 1
    assert items(db) == ["a"]
    call(db, "reset", Snapshots=True)
    assert names(db) == []
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_a_transaction_after_a_restore_runs_again(db):
    create(db)
    save(db)
    request = {
        "TransactItems": [{"Put": {"TableName": "tab", "Item": {"pk": {"S": "a"}}}}],
        "ClientRequestToken": "t",
    }
    for _ in range(2):
        db("TransactWriteItems", request)
        assert items(db) == ["a"]
        restore(db)


ANOTHER = "there is no member Nmae; there are: Name"


PAGE = {"Name": "s", "TableName": "tab", "AccessKey": "test", "Region": "us-east-1"}
SEGMENTS = "Segment and TotalSegments must be numbers with 0 <= Segment < TotalSegments <= 1000000"
AFTER = "the member After must be the After of the last result for the same segment"


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [
        ("save", {}, "the member Name is missing or of a wrong type"),
        ("save", {"Name": ""}, "the member Name must have 1 to 255 characters"),
        ("save", {"Name": "x" * 256}, "the member Name must have 1 to 255 characters"),
        ("save", {"Name": "n", "Region": "us-east-1"}, "the member Region needs the member AccessKey"),
        ("save", {"Name": "n", "Tables": ["none"]}, "there is no table none"),
        ("save", {"Name": "n", "Tables": ["tab"], "AccessKey": "two"}, "there is no table tab"),
        ("save", {"Name": "n", "Tables": [1]}, "the member Tables must be a list of table names"),
        ("save", {"Name": "n", "Replace": "yes"}, "the member Replace is missing or of a wrong type"),
        ("save", {"Name": "\0n"}, "the member Name must not begin with the character NUL"),
        ("hold", {"Name": "n", "Tables": ["none"]}, "there is no table none"),
        ("items", {**PAGE, "Name": "n"}, "there is no snapshot n; there are: s"),
        ("items", {**PAGE, "TableName": "none"}, "the snapshot s has no table none"),
        ("items", {**PAGE, "AccessKey": "other"}, "the snapshot s has no table tab"),
        ("items", {**PAGE, "Segment": 2, "TotalSegments": 2}, SEGMENTS),
        ("items", {**PAGE, "Segment": -1}, SEGMENTS),
        ("items", {**PAGE, "TotalSegments": 1_000_001}, SEGMENTS),
        ("items", {**PAGE, "After": "x"}, AFTER),
        ("items", {**PAGE, "After": "00"}, AFTER),
        ("restore", {"Name": "n"}, "there is no snapshot n; there are: s"),
        ("restore", {"Nmae": "s"}, ANOTHER),
        ("delete", {"Name": "n"}, "there is no snapshot n; there are: s"),
        ("delete", {"Nmae": "s"}, ANOTHER),
        ("branch", {"Name": "n", "AccessKey": "two"}, "there is no snapshot n; there are: s"),
        ("branch", {"Name": "s"}, "the member AccessKey is missing or of a wrong type"),
        ("branch", {"Name": "s", "AccessKey": ""}, "the members AccessKey and Region must not be empty"),
        ("branch", {"Name": "s", "AccessKey": "test"}, "the account has a table tab already"),
        ("branch", {"Name": "s", "AccessKey": "test", "Rename": {"tab": "a b"}}, RENAME),
        ("branch", {"Name": "s", "AccessKey": "test", "Rename": {"tab": 1}}, RENAME),
        (
            "branch",
            {"Name": "s", "AccessKey": "test", "Rename": "tab"},
            "the member Rename is missing or of a wrong type",
        ),
        (
            "branch",
            {"Name": "s", "AccessKey": "test", "Rename": {"other": "copy"}},
            "the account has a table tab already",
        ),
    ],
)
def test_wrong_bodies(db, name, body, text):
    create(db)
    save(db)
    with pytest.raises(BadDeclaration, match=f"^{re.escape(text)}$"):
        call(db, f"snapshots/{name}", **body)
    assert names(db) == ["s"]


def test_during_a_restore_in_slices_no_snapshot_changes(db, monkeypatch):
    monkeypatch.setattr(restoring, "MOST_IN_ONE", 0)
    create(db)
    save(db, "another")
    save(db)
    put(db, "a")
    steps = restoring.restore(db.emulator.database, "s")
    next(steps)
    text = "the snapshot s is being restored: call again when the restore is over"
    with pytest.raises(BadDeclaration, match=text):
        call(db, "snapshots/delete", Name="s")
    with pytest.raises(BadDeclaration, match=text):
        save(db, "new")
    with pytest.raises(BadDeclaration, match=text):
        restore(db, "another")
    for body in ({}, {"AccessKey": db.caller.access_key}, {"Snapshots": True}):
        with pytest.raises(BadDeclaration, match=text):
            call(db, "reset", **body)
    assert db("ListTables")["TableNames"] == [], "nobody writes to tables that are being restored"
    restore(db)
    assert items(db) == []


def test_a_deleted_table_is_not_saved(db):
    create(db)
    create(db, "gone")
    db("DeleteTable", TableName="gone")
    assert save(db, "all")["Tables"] == 1
    create(db, "gone")
    db("DeleteTable", TableName="gone")
    with pytest.raises(BadDeclaration, match="there is no table gone"):
        save(db, "one", Tables=["gone"])


# --- holds, and items of snapshots ----------------------------------------------------------------


def held(db, name="h", **body):
    """Begin to hold a snapshot; return the steps of the control. Closing them ends the hold."""
    steps = registry.begin(db.emulator, registry.registered()["snapshots/hold"], {"Name": name, **body})
    next(steps)
    return steps


def items_of(db, name, segments=1):
    """Return the items of a snapshot, read page by page."""
    found = []
    for segment in range(segments):
        body = {**PAGE, "Name": name, "Segment": segment, "TotalSegments": segments}
        while True:
            answer = orjson.loads(orjson.dumps(call(db, "snapshots/items", **body)))
            found += [item["pk"]["S"] for item in answer["Items"]]
            if "After" not in answer:
                break
            body["After"] = answer["After"]
    return sorted(found)


def test_a_held_snapshot_lasts_as_long_as_its_steps(db):
    create(db)
    put(db, "a", "b")
    steps = held(db, AccessKey="test", Tables=["tab"])
    put(db, "c")
    db("DeleteItem", TableName="tab", Key={"pk": {"S": "a"}})
    next(steps)
    assert items_of(db, "h") == ["a", "b"]
    assert call(db, "show_holds") == {"Names": ["h"]}
    assert names(db) == []
    with pytest.raises(BadDeclaration, match="there is already a held snapshot h"):
        held(db)
    with pytest.raises(BadDeclaration, match="there is no snapshot x; there are: none"):
        call(db, "snapshots/items", **{**PAGE, "Name": "x"})
    steps.close()
    db.emulator.database.background.run_all()
    assert call(db, "show_holds") == {"Names": []}
    with db.emulator.database.read() as txn:
        assert list(txn.scan(*keyspace.snapshots())) == list(txn.scan(*keyspace.views())) == []
    check_store(db.emulator.database)


@pytest.mark.parametrize("segments", [1, 3])
def test_items_of_a_snapshot_come_in_pages(db, monkeypatch, segments):
    monkeypatch.setattr(holding, "PAGE", 2)
    create(db)
    put(db, *"abcdefg")
    save(db)
    put(db, "x")
    assert items_of(db, "s", segments) == list("abcdefg")


def test_a_hold_that_a_reset_has_ended(db):
    create(db)
    steps = held(db)
    call(db, "reset", Snapshots=True)
    steps.close()
    db.emulator.database.background.run_all()
    assert call(db, "show_holds") == {"Names": []}


def test_the_next_start_ends_the_holds_of_a_server_that_was_killed(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    before = InProcess(settings)
    create(before)
    put(before, "a")
    save(before)
    steps = held(before)
    before.emulator.close()  # like a killed server, which does not end the hold
    after = InProcess(settings)
    after.emulator.database.background.run_all()
    assert call(after, "show_holds") == {"Names": []}
    assert names(after) == ["s"]
    check_store(after.emulator.database)
    after.emulator.close()
    del steps


# --- branches -------------------------------------------------------------------------------------


def test_a_branch_has_the_saved_items_and_an_identity_of_its_own(db):
    create(db, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    put(db, "a")
    save(db)
    put(db, "b")
    mine = db("DescribeTable", TableName="tab")["Table"]
    assert call(db, "snapshots/branch", Name="s", AccessKey="111111111111", Region="eu-west-1") == {"Tables": 1}
    as_(db, "111111111111", "eu-west-1")
    copy = db("DescribeTable", TableName="tab")["Table"]
    assert (items(db), copy["ItemCount"]) == (["a"], 1)
    assert copy["TableArn"] == "arn:aws:dynamodb:eu-west-1:111111111111:table/tab"
    assert copy["TableId"] != mine["TableId"]
    assert copy["LatestStreamArn"].startswith(copy["TableArn"])
    put(db, "c")
    assert items(as_(db, "test")) == ["a", "b"]
    check_store(db.emulator.database)


def test_a_branch_with_another_name_copies_a_table_within_its_account(db):
    create(db)
    put(db, "a")
    save(db)
    assert call(db, "snapshots/branch", Name="s", AccessKey="test", Rename={"tab": "copy"}) == {"Tables": 1}
    put(db, "b")
    assert (items(db), items(db, "copy")) == (["a", "b"], ["a"])
    copy = db("DescribeTable", TableName="copy")["Table"]
    assert copy["TableArn"].endswith(":table/copy")
    check_store(db.emulator.database)


def test_a_large_branch_is_out_of_reach_until_it_is_complete(db, monkeypatch):
    monkeypatch.setattr(branching, "SLICE", 2)
    create(db)
    put(db, *"abcde")
    save(db)
    steps = branching.branch(db.emulator.database, "s", "other", None)
    next(steps)
    assert as_(db, "other")("ListTables") == {"TableNames": []}
    put(as_(db, "test"), "f")
    assert call(db, "snapshots/branch", Name="s", AccessKey="third") == {"Tables": 1}
    for _ in steps:
        pass
    for access_key in ("other", "third"):
        assert items(as_(db, access_key)) == list("abcde")
    check_store(db.emulator.database)


def no_room(*_arguments):
    raise Full("no room")


@pytest.mark.parametrize("why", ["deleted", "taken", "full"])
def test_a_branch_that_cannot_be_completed_leaves_nothing(db, monkeypatch, why):
    monkeypatch.setattr(branching, "SLICE", 2)
    create(db)
    put(db, *"abcde")
    save(db)
    steps = branching.branch(db.emulator.database, "s", "other", None)
    next(steps)
    if why == "deleted":
        call(db, "snapshots/delete", Name="s")
    elif why == "taken":
        create(as_(db, "other"))
    else:
        monkeypatch.setattr(branching, "_copy_rows", no_room)
    with pytest.raises((branching.BranchRefused, Full)):
        for _ in steps:
            pass
    assert as_(db, "other")("ListTables")["TableNames"] == (["tab"] if why == "taken" else [])
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_a_branch_that_is_interrupted_by_a_kill_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(branching, "SLICE", 2)
    db = InProcess(Settings(data_dir=tmp_path / "data"))
    create(db)
    put(db, *"abcde")
    save(db)
    steps = branching.branch(db.emulator.database, "s", "other", None)
    next(steps)
    db.emulator.close()
    db = InProcess(Settings(data_dir=tmp_path / "data"))
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)
    assert as_(db, "other")("ListTables") == {"TableNames": []}
    db.emulator.close()


# --- several workers ------------------------------------------------------------------------------


def test_snapshots_are_known_to_all_workers(workers):
    mine, other = workers
    create(mine, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    put(mine, "a")
    save(mine)
    put(other, "b")
    put(mine, "c")
    create(other, "further")
    assert restore(other)["Items"] == 1
    for db in workers:
        assert items(db) == ["a"]
        assert db("ListTables")["TableNames"] == ["tab"]
    put(other, "d")
    put(mine, "e")
    assert restore(mine)["Items"] == 1
    assert items(other) == ["a"]
    assert call(mine, "snapshots/branch", Name="s", AccessKey="another") == {"Tables": 1}
    assert items(as_(other, "another")) == ["a"]
    assert call(other, "snapshots/delete", Name="s") == {}
    assert names(mine) == []
    mine.emulator.database.background.run_all()
    other.emulator.database.background.run_all()
    put(as_(other, "test"), "f")
    assert items(mine) == ["a", "f"]
    check_store(mine.emulator.database)


def test_a_restore_in_slices_is_finished_by_another_worker(workers, monkeypatch):
    monkeypatch.setattr(restoring, "MOST_IN_ONE", 0)
    monkeypatch.setattr(restoring, "SLICE", 1)
    mine, other = workers
    create(mine)
    put(mine, "a")
    save(mine)
    put(mine, *"bcdef")
    next(restoring.restore(mine.emulator.database, "s"))
    assert other("ListTables") == {"TableNames": []}
    assert restore(other)["Items"] == 1
    assert items(mine) == ["a"]
    check_store(mine.emulator.database)


# --- streams and functions ------------------------------------------------------------------------


def keys_of(event_records):
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in event_records]


def test_functions_get_what_is_new_after_a_restore(tmp_path):
    stage = Stage(configured(tmp_path, in_memory=True))
    stage.mapping(stage.table())
    stage.put("a")
    ((invocation, records),) = stage.due()
    stage.service.finished(invocation, DONE)
    assert keys_of(records) == ["a"]
    save(stage)
    stage.put("b")
    ((invocation, records),) = stage.due()
    stage.service.finished(invocation, DONE)
    stage.put("c")
    restore(stage)
    assert stage.due() == []
    stage.put("d")
    ((invocation, records),) = stage.due()
    assert keys_of(records) == ["d"]
    restore(stage)
    assert stage.due() == []
    stage.service.finished(invocation, DONE)
    assert stage.due() == [], "the outcome of a batch from before a restore moves no position"
    stage.put("e")
    ((invocation, records),) = stage.due()
    assert keys_of(records) == ["e"]
    stage.service.finished(invocation, DONE)
    check_store(stage.emulator.database)
    stage.emulator.close()


def test_a_mapping_that_was_deleted_comes_back(tmp_path):
    stage = Stage(configured(tmp_path, in_memory=True))
    uuid = stage.mapping(stage.table())
    stage.put("a")
    save(stage)
    stage.api("DELETE", f"/{uuid}")
    assert stage.api("GET")[1]["EventSourceMappings"] == []
    restore(stage)
    assert [each["UUID"] for each in stage.api("GET")[1]["EventSourceMappings"]] == [uuid]
    ((_, records),) = stage.due()
    assert keys_of(records) == ["a"]
    stage.emulator.close()
