"""Stream records of a table with recovery have no images of their own: they refer to the table's
history, which stores each image once.

Clients must see the same records as without recovery: while recovery is switched on and off, when
the table is emptied or deleted, across restarts and restored snapshots, for 24 hours.
"""

import pytest

from emulator.controls import registry
from emulator.database.changes.record import REFERRING_VERSION, VERSION
from emulator.database.store import keyspace
from storage.keycode import prefix_end
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import table_request

VIEWS = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
TABLES = ["plain", "recovered"]
HOUR = 3600


@pytest.fixture(params=VIEWS)
def view(request):
    return request.param


@pytest.fixture
def tables(db, view):
    create(db, view)
    return TABLES


def create(db, view):
    stream = {"StreamEnabled": True, "StreamViewType": view}
    for name in TABLES:
        db("CreateTable", {**table_request("pk:S"), "TableName": name, "StreamSpecification": stream})
        db("DescribeTable", TableName=name)


def recover(db, *, on=True):
    specification = {"PointInTimeRecoveryEnabled": on}
    db("UpdateContinuousBackups", TableName="recovered", PointInTimeRecoverySpecification=specification)


def write(db, number):
    """Make the same changes in both tables: a new item, a change, and a deletion."""
    for name in TABLES:
        db("PutItem", TableName=name, Item={"pk": {"S": "a"}, "n": {"N": str(number)}})
        db("PutItem", TableName=name, Item={"pk": {"S": "b"}, "n": {"N": str(number)}})
        db("DeleteItem", TableName=name, Key={"pk": {"S": "b"}})
    db.clock.advance(60)


def arns(db):
    return {name: db("DescribeTable", TableName=name)["Table"]["LatestStreamArn"] for name in TABLES}


def records(db, arn):
    """Return the records of a stream, without their eventIDs, which differ between two streams."""
    found = []
    for shard in db("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = db("GetShardIterator", start)["ShardIterator"]
        found += db("GetRecords", ShardIterator=iterator)["Records"]
    for record in found:
        del record["eventID"]
    return sorted(found, key=lambda record: record["dynamodb"]["SequenceNumber"])


def compare(db, known):
    plain, recovered = (records(db, known[name]) for name in TABLES)
    assert plain == recovered
    check_store(db.emulator.database)
    return len(plain)


def stored_versions(db):
    """Return the number of stored stream records of each version of the codec."""
    prefix = keyspace.stream_records(0)[:1]
    with db.emulator.database.read() as txn:
        versions = [row[0] for _, row in txn.scan(prefix, prefix_end(prefix))]
    return {version: versions.count(version) for version in set(versions)}


def test_records_while_recovery_is_switched(db, tables, view):
    known = arns(db)
    write(db, 1)
    recover(db)
    write(db, 2)
    expected = {VERSION: 12} if view == "KEYS_ONLY" else {VERSION: 9, REFERRING_VERSION: 3}
    assert stored_versions(db) == expected
    assert compare(db, known) == 6
    recover(db, on=False)
    db.emulator.database.background.run_all()
    write(db, 3)
    assert compare(db, known) == 9
    recover(db)
    write(db, 4)
    assert compare(db, known) == 12


def test_closed_histories_live_as_long_as_the_records(db, tables, view):
    known = arns(db)
    recover(db)
    write(db, 1)
    recover(db, on=False)
    database = db.emulator.database
    for hours in (1, 22):
        db.clock.advance(hours * HOUR)
        database.scheduler.run_due()
        database.background.run_all()
        assert compare(db, known) == 3
    db.clock.advance(2 * HOUR)
    for _ in range(3):
        database.scheduler.run_due()
        database.background.run_all()
        db.clock.advance(60)
    assert compare(db, known) == 0
    with database.read() as txn:
        assert not list(txn.scan(*keyspace.histories()))


def test_a_short_period_keeps_what_streams_need(db, tables, view):
    known = arns(db)
    specification = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 1}
    db("UpdateContinuousBackups", TableName="recovered", PointInTimeRecoverySpecification=specification)
    write(db, 1)
    db.clock.advance(24 * HOUR - 61)
    database = db.emulator.database
    database.scheduler.run_due()
    database.background.run_all()
    assert compare(db, known) == 3


@pytest.mark.parametrize("how", ["delete", "empty"])
def test_tables_that_go(db, tables, view, how):
    known = arns(db)
    recover(db)
    write(db, 1)
    for name in TABLES:
        if how == "delete":
            db("DeleteTable", TableName=name)
        else:
            registry.call(db.emulator, "reset", {"TableName": name})
    db("ListTables")
    db.emulator.database.background.run_all()
    assert compare(db, known) == 3
    if how == "empty":
        write(db, 2)
        assert compare(db, known) == 6
    db.clock.advance(23 * HOUR)
    db.emulator.run_due()
    db.emulator.database.background.run_all()
    assert compare(db, known) == (3 if how == "delete" else 6)


def test_a_restored_snapshot(db, tables, view):
    known = arns(db)
    recover(db)
    write(db, 1)
    registry.call(db.emulator, "snapshots/save", {"Name": "snapshot"})
    recover(db, on=False)
    write(db, 2)
    recover(db)
    write(db, 3)
    registry.call(db.emulator, "snapshots/restore", {"Name": "snapshot"})
    db.emulator.database.background.run_all()
    assert compare(db, known) == 3
    write(db, 4)
    assert compare(db, known) == 6


def test_streams_that_are_switched_meanwhile(db, tables, view):
    recover(db)
    for name in TABLES:
        db("UpdateTable", TableName=name, StreamSpecification={"StreamEnabled": False})
    write(db, 1)
    for name in TABLES:
        specification = {"StreamEnabled": True, "StreamViewType": view}
        db("UpdateTable", TableName=name, StreamSpecification=specification)
    write(db, 2)
    assert compare(db, arns(db)) == 3


def test_a_restart(tmp_path, view):
    options = settings_of_engine("lmdb", tmp_path / "data")
    db = InProcess(options)
    create(db, view)
    known = arns(db)
    recover(db)
    write(db, 1)
    db.emulator.close()
    db = InProcess(options)
    write(db, 2)
    assert compare(db, known) == 6
    db.emulator.close()
