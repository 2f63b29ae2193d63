"""The window of point-in-time recovery as the clock moves (control-plane 2.2)."""

from itertools import count

import pytest

from emulator.controls import registry
from emulator.database.changes.history import micros_of
from emulator.database.store import keyspace
from emulator.settings import Settings
from storage.keycode import prefix_end
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import table_request

DAY = 86_400


@pytest.fixture
def table(db):
    db("CreateTable", {**table_request("pk:S"), "TableName": "table"})
    return "table"


def switch(db, *, on=True, days=None):
    wanted = {"PointInTimeRecoveryEnabled": on}
    if days is not None:
        wanted["RecoveryPeriodInDays"] = days
    db("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=wanted)


def window(db):
    answer = db("DescribeContinuousBackups", TableName="table")["ContinuousBackupsDescription"]
    recovery = answer["PointInTimeRecoveryDescription"]
    return recovery.get("EarliestRestorableDateTime"), recovery.get("LatestRestorableDateTime")


def test_the_window_begins_when_recovery_is_enabled(db, table):
    begun = db.clock.now()
    db.clock.advance(0.75)
    switch(db)
    for later in (0, 1, 298):
        db.clock.advance(later)
        assert window(db) == (begun, begun)
    db.clock.advance(60)
    assert window(db) == (begun, begun + 59)
    db.clock.advance(40 * DAY)
    now = int(db.clock.now())
    assert window(db) == (now - 35 * DAY, now - 300)


def test_a_shorter_period_drops_history_and_a_longer_one_does_not_bring_it_back(db, table):
    switch(db)
    db.clock.advance(10 * DAY)
    switch(db, days=2)
    earliest = db.clock.now() - 2 * DAY
    assert window(db)[0] == earliest
    switch(db, days=20)
    assert window(db)[0] == earliest
    db.clock.advance(DAY)
    assert window(db)[0] == earliest
    switch(db)  # a request without a period keeps the period of 20 days
    db.clock.advance(30 * DAY)
    assert window(db)[0] == db.clock.now() - 20 * DAY


def test_disabling_forgets_period_and_window(db, table):
    switch(db, days=3)
    db.clock.advance(DAY)
    switch(db, on=False)
    assert window(db) == (None, None)
    switch(db)
    assert window(db) == (db.clock.now(), db.clock.now())
    answer = db("DescribeContinuousBackups", TableName="table")["ContinuousBackupsDescription"]
    assert answer["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 35


def records(db):
    with db.emulator.database.read() as txn:
        prefix = keyspace.history_records(0)[:1]
        return len(list(txn.scan(prefix, prefix_end(prefix))))


def test_old_records_are_deleted_in_slices(db, table, monkeypatch):
    monkeypatch.setattr("emulator.database.changes.histories.SLICE", 3)
    switch(db, days=2)
    for number in range(10):
        db("PutItem", TableName="table", Item={"pk": {"S": "a"}, "n": {"N": str(number)}})
        db.clock.advance(3600)
    database = db.emulator.database
    assert records(db) == 10
    db.clock.advance(2 * DAY - 5 * 3600)
    database.scheduler.run_due()
    assert database.run_slice()
    assert records(db) == 7  # one slice deletes three records
    database.background.run_all()
    assert records(db) == 5  # the record of 48 hours ago stays: records are kept a minute longer
    check_store(database)
    db.clock.advance(2 * 3600)
    database.scheduler.run_due()
    database.background.run_all()
    assert records(db) == 3
    switch(db, on=False)
    database.background.run_all()
    assert records(db) == 0
    check_store(database)


def test_a_transaction_has_one_time(db, table, monkeypatch):
    """All changes of a transaction get the same time, even if they are in several tables or take
    long. So no restore has only a part of the transaction.
    """
    switch(db)
    db("CreateTable", {**table_request("pk:S"), "TableName": "second"})
    on = {"PointInTimeRecoveryEnabled": True}
    db("UpdateContinuousBackups", TableName="second", PointInTimeRecoverySpecification=on)
    ticks = count(int(db.clock.now()) + 10)
    monkeypatch.setattr(type(db.clock), "now", lambda _clock: float(next(ticks)))
    parts = [{"Put": {"TableName": name, "Item": {"pk": {"S": pk}}}} for name in (table, "second") for pk in ("a", "b")]
    db("TransactWriteItems", TransactItems=parts)
    assert len(times(db)) == 4
    assert len(set(times(db))) == 1
    for pk in ("c", "d"):
        db("PutItem", TableName="table", Item={"pk": {"S": pk}})
    assert len(set(times(db))) == 3


def times(db):
    """Return the time of each record of all histories, in microseconds."""
    prefix = keyspace.history_records(0)[:1]
    with db.emulator.database.read() as txn:
        return [micros_of(key[keyspace.ITEM_PREFIX :]) for key, _ in txn.scan(prefix, prefix_end(prefix))]


def test_a_clock_that_is_set_back(db, table):
    """Times in a history never go back: changes under the earlier clock get the history's latest
    time.
    """
    switch(db)
    db.clock.advance(100)
    latest = db.clock.now()
    db("PutItem", TableName="table", Item={"pk": {"S": "a"}})
    db.clock.freeze(latest - 50)
    db("PutItem", TableName="table", Item={"pk": {"S": "b"}})
    assert times(db) == [latest * 1_000_000] * 2
    db.clock.freeze(latest + 1000)
    for at, expected in ((latest - 1, 0), (latest, 2)):
        target = f"target{expected}"
        db("RestoreTableToPointInTime", SourceTableName="table", TargetTableName=target, RestoreDateTime=at)
        assert db("Scan", TableName=target)["Count"] == expected


@pytest.mark.parametrize("written", [False, True], ids=["nothing is written", "an item is written"])
def test_recovery_that_is_enabled_under_an_advanced_clock_that_is_released(db, table, written):
    """The window stays where it began, although the clock is now earlier.

    A write under the earlier clock belongs to the state at the beginning of the window. But if the
    history already has a change, the write gets the time of that change.
    """
    start = int(db.clock.now())
    begun = start + DAY
    db.clock.freeze(begun)
    switch(db)
    if written:
        db.clock.freeze(begun + 10)
        db("PutItem", TableName="table", Item={"pk": {"S": "a"}})
    db.clock.freeze(start)
    assert window(db) == (begun, begun)
    db("PutItem", TableName="table", Item={"pk": {"S": "b"}})
    latest = {"SourceTableName": "table", "UseLatestRestorableTime": True}
    db("RestoreTableToPointInTime", {**latest, "TargetTableName": "early"})
    assert keys(db, "early") == ([] if written else ["b"])
    error = db.error(
        "RestoreTableToPointInTime", SourceTableName="table", TargetTableName="none", RestoreDateTime=start
    )
    assert error[0] == "InvalidRestoreTimeException"
    db.clock.freeze(begun + 1000)
    db("PutItem", TableName="table", Item={"pk": {"S": "c"}})
    for at, expected in ((begun, keys(db, "early")), (begun + 10, ["a", "b"] if written else ["b"])):
        target = f"target{at}"
        db("RestoreTableToPointInTime", SourceTableName="table", TargetTableName=target, RestoreDateTime=at)
        assert keys(db, target) == expected
    db.clock.advance(300)
    db("RestoreTableToPointInTime", {**latest, "TargetTableName": "late"})
    assert keys(db, "late") == keys(db, "table")
    db.clock.advance(40 * DAY)
    db.emulator.database.scheduler.run_due()
    db.emulator.database.background.run_all()
    assert records(db) == 0
    check_store(db.emulator.database)


def keys(db, name):
    return sorted(item["pk"]["S"] for item in db("Scan", TableName=name)["Items"])


def test_deleting_and_emptying_tables(db, table):
    switch(db)
    db("PutItem", TableName="table", Item={"pk": {"S": "a"}})
    db.clock.advance(100)
    assert registry.call(db.emulator, "reset", {"TableName": "table"}) == {"Tables": 1}
    assert window(db) == (db.clock.now(), db.clock.now())
    db.emulator.database.background.run_all()
    assert records(db) == 0
    check_store(db.emulator.database)
    db("PutItem", TableName="table", Item={"pk": {"S": "a"}})
    db("DeleteTable", TableName="table")
    db("ListTables")
    db.emulator.database.background.run_all()
    assert records(db) == 0
    check_store(db.emulator.database)


def test_a_new_table_cannot_be_backed_up_at_once(tmp_path):
    """With delay_transient_statuses, backups are refused until some seconds after the table is
    ACTIVE (control-plane 0.3).
    """
    db = InProcess(Settings(data_dir=tmp_path / "data", delay_transient_statuses=True))
    db("CreateTable", {**table_request("pk:S"), "TableName": "table"})
    unavailable = (
        "ContinuousBackupsUnavailableException",
        "Backups are being enabled for the table: table. Please retry later",
    )
    wanted = {"TableName": "table", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    for seconds in (0, 3, 2.5):
        db.clock.advance(seconds)
        assert db.error("UpdateContinuousBackups", wanted) == unavailable
        answer = db("DescribeContinuousBackups", TableName="table")["ContinuousBackupsDescription"]
        assert answer["ContinuousBackupsStatus"] == "DISABLED"
    db.clock.advance(0.5)
    answer = db("UpdateContinuousBackups", wanted)["ContinuousBackupsDescription"]
    assert answer["ContinuousBackupsStatus"] == "ENABLED"
    db.emulator.close()
