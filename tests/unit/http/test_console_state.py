"""Pages about the state of the emulator: time, snapshots, recovery, backups, replication."""

import pytest

from emulator.controls import registry
from emulator.settings import Settings
from tests.support.console import in_process
from tests.support.in_process import InProcess
from tests.support.tables import table_request

HTMX = {"hx-request": "true"}
ITEM = {"pk": {"S": "a"}}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture
def db():
    inside = InProcess(Settings(in_memory=True))
    inside("CreateTable", table_request("pk:S", TableName="Orders", StreamSpecification=STREAM))
    inside("PutItem", TableName="Orders", Item=ITEM)
    yield inside
    inside.emulator.close()


@pytest.fixture
def console(db):
    return in_process(db.emulator)


def items(db, table="Orders"):
    return db("Scan", TableName=table)["Count"]


def tables(db):
    return db("ListTables")["TableNames"]


# --- time -----------------------------------------------------------------------------------------


def test_the_clock_moves(console, db):
    before = db.clock.now()
    assert "The clock shows" in console.done("time/advance", seconds="90.5")
    assert db.clock.now() == before + 90.5
    console.done("time/freeze", time="2031-01-31T12:00:00Z")
    assert "stands still" in console.shown("time")
    assert "2031-01-31T12:00:00.000Z" in console.shown("time")
    console.done("time/release")
    assert "runs" in console.shown("time")
    console.done("time/freeze")
    assert "Follow the machine&#39;s clock" in console.shown("time")
    console.done("time/offset", seconds="-3600")


def test_the_clock_moves_to_the_next_event(console, db):
    setting = {"Enabled": True, "AttributeName": "end"}
    db("UpdateTimeToLive", TableName="Orders", TimeToLiveSpecification=setting)
    db("PutItem", TableName="Orders", Item={**ITEM, "end": {"N": str(int(db.clock.now()) + 100)}})
    assert "Orders" in console.done("time/next")
    assert items(db) == 0
    db("PutItem", TableName="Orders", Item={**ITEM, "end": {"N": str(int(db.clock.now()) - 100)}})
    assert "Deleted expired items: 1." in console.done("time/expire")


@pytest.mark.parametrize("seconds", ["", "\u0661", "1_0", "soon", "nan", "1e999", "-5"])
def test_a_wrong_time(console, seconds):
    answer = console.post("time/advance", HTMX, seconds=seconds)
    assert (answer.status, 'role="alert"' in answer.text) == (400, True)


# --- snapshots ------------------------------------------------------------------------------------


def test_a_snapshot_is_saved_restored_copied_and_deleted(console, db):
    name = '<b>"one"'
    assert "is saved" in console.done("snapshots/save", name=name, scope="region", tables="Orders")
    assert "&lt;b&gt;" in console.shown("snapshots")
    db("DeleteItem", TableName="Orders", Key=ITEM)
    assert "is restored" in console.done("snapshots/restore", name=name)
    assert items(db) == 1
    assert "account other: 1" in console.done("snapshots/branch", name=name, access_key="other", region="")
    assert "Orders" in in_process(db.emulator, "other@us-east-1").get("tables").text
    assert console.post("snapshots/save", name=name, scope="account").status == 400
    console.done("snapshots/save", name=name, scope="everything", replace="on")
    assert "is deleted" in console.done("snapshots/delete", name=name)
    assert "There are no snapshots." in console.shown("snapshots")


def test_a_wrong_snapshot(console):
    assert "Name is empty" in console.post("snapshots/save", HTMX, name="").text
    assert "there is no snapshot x" in console.post("snapshots/restore", HTMX, name="x").text
    assert "scope must be one of these" in console.post("snapshots/save", HTMX, name="a", scope="b").text


# --- recovery -------------------------------------------------------------------------------------


def test_a_table_is_restored_to_a_second(console, db):
    assert "DISABLED" in console.shown("recovery")
    console.done("recovery/enable", table="Orders", days="7")
    db.clock.advance(100)
    moment = int(db.clock.now())
    db.clock.advance(100)
    db("DeleteItem", TableName="Orders", Key=ITEM)
    db.clock.advance(1000)
    page = console.shown("recovery")
    assert "ENABLED" in page
    assert '<td class="number">7</td>' in page
    console.done("recovery/restore", table="Orders", target="Before", time=str(moment))
    console.done("recovery/restore", table="Orders", target="Latest", time="")
    while db.emulator.tick():
        pass
    assert (items(db, "Before"), items(db, "Latest")) == (1, 0)
    console.done("recovery/disable", table="Orders")
    assert console.post("recovery/restore", HTMX, table="Orders", target="Again", time="").status == 400


def test_a_wrong_recovery(console):
    for fields in ({"table": "Orders", "target": "x", "time": "yesterday"}, {"table": "Nothing", "target": "New"}):
        assert console.post("recovery/restore", HTMX, **fields).status == 400
    assert console.post("recovery/enable", HTMX, table="Orders", days="99").status == 400


def test_more_tables_than_a_page_has(console, db):
    for number in range(60):
        db("CreateTable", table_request("pk:S", TableName=f"T{number:03}"))
    assert "More tables" in console.shown("recovery")
    assert "T059" in console.shown("recovery", after="T030")


# --- backups --------------------------------------------------------------------------------------


def test_a_backup_is_made_restored_and_deleted(console, db):
    console.done("backups/create", table="Orders", name="first")
    page = console.shown("backups")
    assert "first" in page
    [backup] = db("ListBackups")["BackupSummaries"]
    console.done("backups/restore", arn=backup["BackupArn"], target="Copy")
    while db.emulator.tick():
        pass
    assert items(db, "Copy") == 1
    assert "first" not in console.shown("backups", table="Copy")
    console.done("backups/delete", arn=backup["BackupArn"])
    assert "There are no backups." in console.shown("backups")
    assert console.post("backups/create", HTMX, table="Orders", name="").status == 400


# --- replication ----------------------------------------------------------------------------------


def test_a_replica_is_made_and_a_direction_is_steered(console, db):
    assert "No table of this account has replicas." in console.shown("replication")
    console.done("replication/create", table="Orders", region="eu-west-1")
    while db.emulator.tick():
        pass
    assert "eu-west-1" in console.shown("replication")
    place = {"table": "Orders", "from": "us-east-1", "to": "eu-west-1"}
    assert "is paused" in console.done("replication/steer", paused="yes", **place)
    assert "Resume" in console.shown("replication")
    assert "goes on" in console.done("replication/steer", paused="no", **place)
    assert "takes 2.5 seconds" in console.done("replication/steer", delay="2.5", **place)
    found = registry.call(db.emulator, "show_replication", {})["Directions"]
    assert [(each["From"], each["Delay"]) for each in found if each["Delay"]] == [("us-east-1", 2.5)]
    assert console.post("replication/steer", HTMX, delay="-1", **place).status == 400
    console.done("replication/delete", table="Orders", region="eu-west-1")


def test_a_replica_of_no_table(console):
    assert console.post("replication/create", HTMX, table="Nothing", region="eu-west-1").status == 400
