"""Restores in several slices: requests between them, restarts, and what ends a restore early."""

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.database.jobs import filling
from tests.support.engines import ENGINE_KINDS, settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.tables import index_request, table_request

ITEMS = 25
DAY = 86_400


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(filling, "SLICE", 4)


@pytest.fixture
def backup(db):
    """Return the ARN of a backup of the table `source`, which has 25 items and point-in-time
    recovery.
    """
    return filled(db)


def filled(db):
    db(
        "CreateTable",
        {
            **table_request("pk:S sk:S", define="g:S l:S"),
            "TableName": "source",
            "GlobalSecondaryIndexes": [index_request("global", "g")],
            "LocalSecondaryIndexes": [index_request("local", "pk l", "KEYS_ONLY")],
        },
    )
    for number in range(ITEMS):
        put(db, number)
    on = {"PointInTimeRecoveryEnabled": True}
    db("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=on)
    return db("CreateBackup", TableName="source", BackupName="backup")["BackupDetails"]["BackupArn"]


def put(db, number, **extra):
    item = {"pk": {"S": str(number % 3)}, "sk": {"S": f"{number:03}"}, "g": {"S": "g"}, "l": {"S": "l"}, **extra}
    db("PutItem", TableName="source", Item=item)


def start(db, backup, target="target"):
    db("RestoreTableFromBackup", TargetTableName=target, BackupArn=backup)


def status(db, name="target"):
    return db("DescribeTable", TableName=name)["Table"]["TableStatus"]


def finish(db):
    db.emulator.database.background.run_all()


def hold(db):
    """Take all background work out of the queue, so that requests run none of it; return it."""
    slices = db.emulator.database.background.slices
    held = dict(slices)
    slices.clear()
    return held


def counts(db, name="target"):
    return [
        db("Scan", TableName=name, **index)["Count"] for index in ({}, {"IndexName": "global"}, {"IndexName": "local"})
    ]


def test_what_is_seen_while_a_restore_runs(db, backup):
    start(db, backup)
    held = hold(db)
    table = db("DescribeTable", TableName="target")["Table"]
    assert table["TableStatus"] == "CREATING"
    assert table["RestoreSummary"]["RestoreInProgress"] is True
    assert db.error("CreateTable", {**table_request("pk:S"), "TableName": "target"}) == (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being used: target",
    )
    assert db.error("DeleteTable", TableName="target")[0] == "ResourceInUseException"
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: target not found")
    specification = {"AttributeName": "ttl", "Enabled": True}
    for operation, request in (
        ("DescribeTimeToLive", {}),
        ("UpdateTimeToLive", {"TimeToLiveSpecification": specification}),
        ("UpdateTable", {"DeletionProtectionEnabled": True}),
    ):
        assert db.error(operation, TableName="target", **request) == missing
    for operation in ("ListTagsOfResource", "GetResourcePolicy", "DescribeContributorInsights"):
        name = {"TableName": "target"} if operation.startswith("Describe") else {"ResourceArn": table["TableArn"]}
        assert db.error(operation, **name)[0] == "ResourceNotFoundException"
    on = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    for operation, request in (
        ("DescribeContinuousBackups", {}),
        ("UpdateContinuousBackups", on),
        ("CreateBackup", {"BackupName": "backup"}),
    ):
        error = ("TableNotFoundException", "Table not found: target")
        assert db.error(operation, TableName="target", **request) == error
    assert db.error("GetItem", TableName="target", Key={"pk": {"S": "0"}, "sk": {"S": "000"}})[0] == (
        "ResourceNotFoundException"
    )
    in_use = ("BackupInUseException", f"Backup is being used to restore table: {backup}")
    assert db.error("DeleteBackup", BackupArn=backup) == in_use
    assert db.error("RestoreTableFromBackup", TargetTableName="other", BackupArn=backup) == (
        "BackupInUseException",
        f"Backup is being used to restore another table: {backup}",
    )
    assert db.error("RestoreTableFromBackup", TargetTableName="target", BackupArn=backup) == (
        "TableInUseException",
        f"Table: target is already being restored from backup: {backup}",
    )
    assert db("DescribeBackup", BackupArn=backup)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    db.emulator.database.background.slices.update(held)
    finish(db)
    table = db("DescribeTable", TableName="target")["Table"]
    assert (table["TableStatus"], table["ItemCount"], "RestoreSummary" in table) == ("ACTIVE", ITEMS, False)
    assert counts(db) == [ITEMS] * 3
    db("DeleteBackup", BackupArn=backup)
    finish(db)
    check_store(db.emulator.database)


def test_writes_to_the_source_do_not_matter(db, backup):
    moment = db.clock.now()
    db.clock.advance(1000)
    put(db, 0, changed={"S": "later"})
    db("RestoreTableToPointInTime", SourceTableName="source", TargetTableName="target", RestoreDateTime=moment)
    for number in range(ITEMS):
        put(db, number, changed={"S": "later still"})
        db("DeleteItem", TableName="source", Key={"pk": {"S": str(number % 3)}, "sk": {"S": f"{number:03}"}})
    off = {"PointInTimeRecoveryEnabled": False}
    db("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=off)
    db("DeleteTable", TableName="source")
    db("ListTables")
    finish(db)
    assert status(db) == "ACTIVE"
    assert counts(db) == [ITEMS] * 3
    assert not any("changed" in item for item in db("Scan", TableName="target")["Items"])
    finish(db)
    check_store(db.emulator.database)


def test_small_restores_are_complete_before_the_next_answer(db, backup, monkeypatch):
    monkeypatch.setattr(filling, "SLICE", 100)
    start(db, backup)
    assert not db.emulator.database.background.slices
    assert status(db) == "ACTIVE"


@pytest.mark.parametrize("kind", [name for name, kind in ENGINE_KINDS.items() if kind.settings and kind.persistent])
@pytest.mark.parametrize("slices", [0, 1, 3])
def test_restores_continue_after_a_restart(kind, slices, tmp_path):
    options = settings_of_engine(kind, tmp_path / "data")
    db = InProcess(options)
    backup = filled(db)
    start(db, backup)
    latest = {"SourceTableName": "source", "UseLatestRestorableTime": True}
    db("RestoreTableToPointInTime", TargetTableName="second", **latest)
    for _ in range(slices):
        db.emulator.database.run_slice()
    db.emulator.close()
    db = InProcess(options)
    assert status(db) == "CREATING"
    finish(db)
    for name in ("target", "second"):
        assert status(db, name) == "ACTIVE"
        assert counts(db, name) == [ITEMS] * 3
    check_store(db.emulator.database)
    db.emulator.close()


def test_reset_ends_a_restore(db, backup):
    latest = {"SourceTableName": "source", "UseLatestRestorableTime": True}
    db("RestoreTableToPointInTime", TargetTableName="second", **latest)
    start(db, backup)
    with pytest.raises(BadDeclaration, match="is being filled: call again when it is ACTIVE"):
        registry.call(db.emulator, "snapshots/save", {"Name": "snapshot"})
    registry.call(db.emulator, "reset", {})
    finish(db)
    assert db("ListTables")["TableNames"] == []
    assert db("ListBackups", BackupType="ALL")["BackupSummaries"] == []
    assert db.emulator.database.views.get(1) is None
    check_store(db.emulator.database)
    with db.emulator.database.read() as txn:
        from emulator.database.store import keyspace

        assert list(txn.scan(*keyspace.views())) == []


def test_emptying_a_table_ends_its_restore(db, backup):
    latest = {"SourceTableName": "source", "UseLatestRestorableTime": True}
    db("RestoreTableToPointInTime", TargetTableName="second", **latest)
    start(db, backup)
    for name in ("second", "target"):
        registry.call(db.emulator, "reset", {"TableName": name})
    finish(db)
    for name in ("second", "target"):
        assert status(db, name) == "ACTIVE"
        assert counts(db, name) == [0] * 3
    db("DeleteBackup", BackupArn=backup)
    finish(db)
    check_store(db.emulator.database)
    # No view is open: writes go straight to the engine.
    assert db.emulator.database.access.write == db.emulator.database.engine.write


def test_reset_leaves_nothing_of_backups(db, backup):
    """A reset deletes items and closes frozen views in one transaction. Until it commits, the views
    store originals of these items, which must go too.
    """
    for number in range(3):
        db("CreateBackup", TableName="source", BackupName="another")
        put(db, number, changed={"S": "x"})
    start(db, backup)
    latest = {"SourceTableName": "source", "UseLatestRestorableTime": True}
    db("RestoreTableToPointInTime", TargetTableName="second", **latest)
    registry.call(db.emulator, "reset", {})
    finish(db)
    assert [key for key, _ in dump(db.emulator.database) if not key.startswith(b"\x01")] == []


def test_restoring_a_snapshot_ends_a_restore(db, backup):
    registry.call(db.emulator, "snapshots/save", {"Name": "snapshot"})
    put(db, 0, changed={"S": "x"})
    latest = {"SourceTableName": "source", "UseLatestRestorableTime": True}
    db("RestoreTableToPointInTime", TargetTableName="second", **latest)
    registry.call(db.emulator, "snapshots/restore", {"Name": "snapshot"})
    finish(db)
    assert db("ListTables")["TableNames"] == ["source"]
    assert len(db("ListBackups")["BackupSummaries"]) == 1  # restoring a snapshot does not change backups
    registry.call(db.emulator, "snapshots/delete", {"Name": "snapshot"})
    finish(db)
    check_store(db.emulator.database)
    start(db, backup)
    finish(db)
    assert counts(db) == [ITEMS] * 3


def test_fifty_restores_at_one_time(db, backup):
    latest = {"SourceTableName": "source", "UseLatestRestorableTime": True}
    held = {}
    for number in range(50):
        db("RestoreTableToPointInTime", TargetTableName=f"target{number}", **latest)
        held |= hold(db)
    assert db.error("RestoreTableToPointInTime", TargetTableName="one-more", **latest) == (
        "LimitExceededException",
        "Subscriber limit exceeded: Only 50 restore operations can be done simultaneously",
    )
    db.emulator.database.background.slices.update(held)
    finish(db)
    assert counts(db, "target49") == [ITEMS] * 3
    check_store(db.emulator.database)


def test_a_restore_with_waiting_states(engine_name, tmp_path):
    db = InProcess(settings_of_engine(engine_name, tmp_path / "data", delay_transient_statuses=True))
    request = {**table_request("pk:S"), "TableName": "source"}
    db("CreateTable", request)
    db.clock.advance(10)
    db("PutItem", TableName="source", Item={"pk": {"S": "a"}})
    backup = db("CreateBackup", TableName="source", BackupName="backup")["BackupDetails"]["BackupArn"]
    start(db, backup)
    finish(db)
    assert status(db) == "CREATING"
    db.clock.advance(3)
    assert status(db) == "ACTIVE"
    db.emulator.close()


def test_system_backups_expire(db, backup):
    db("DeleteTable", TableName="source")
    db("ListTables")
    finish(db)
    [system] = db("ListBackups", BackupType="SYSTEM")["BackupSummaries"]
    assert system["BackupExpiryDateTime"] == system["BackupCreationDateTime"] + 35 * DAY
    db.clock.advance(35 * DAY - 1)
    db.emulator.run_due()
    finish(db)
    assert len(db("ListBackups", BackupType="SYSTEM")["BackupSummaries"]) == 1
    start(db, system["BackupArn"])  # begins before the backup expires, so it is completed
    db.clock.advance(1)
    assert db("ListBackups", BackupType="SYSTEM")["BackupSummaries"] == []
    db.emulator.run_due()
    finish(db)
    assert counts(db) == [ITEMS] * 3
    db.clock.advance(60)
    db.emulator.run_due()
    finish(db)
    db("DeleteBackup", BackupArn=backup)
    finish(db)
    check_store(db.emulator.database)
    assert not list(db.emulator.database.backups)
    # No view is open: writes go straight to the engine.
    assert db.emulator.database.access.write == db.emulator.database.engine.write


def test_two_tables_deleted_at_one_moment(db, backup):
    for _ in range(2):
        db("DeleteTable", TableName="source")
        assert db("ListTables")["TableNames"] == []
        db("CreateTable", {**table_request("pk:S"), "TableName": "source"})
        on = {"PointInTimeRecoveryEnabled": True}
        db("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=on)
    assert len(db("ListBackups", BackupType="SYSTEM")["BackupSummaries"]) == 2


def test_disabling_recovery_of_a_deleting_table_suppresses_the_backup(engine_name, tmp_path):
    db = InProcess(settings_of_engine(engine_name, tmp_path / "data", delay_transient_statuses=True))
    db("CreateTable", {**table_request("pk:S"), "TableName": "source"})
    db.clock.advance(10)
    for seconds, last, backups in ((0, False, 0), (10, True, 1)):
        db.clock.advance(seconds)
        if seconds:
            db("CreateTable", {**table_request("pk:S"), "TableName": "source"})
            db.clock.advance(10)
        db("DeleteTable", TableName="source")
        specification = {"PointInTimeRecoveryEnabled": True}
        db("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=specification)
        specification = {"PointInTimeRecoveryEnabled": last}
        db("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=specification)
        db.clock.advance(10)
        assert len(db("ListBackups", BackupType="ALL")["BackupSummaries"]) == backups
    db.emulator.close()
