"""The check of copied data folders (emulator/database/soundness.py) finds histories and backups
with missing parts or wrong references.
"""

import pytest

from emulator.database import soundness
from emulator.database.changes.record import REFERRING_VERSION
from emulator.database.store import keyspace
from storage import Corrupted
from storage.keycode import prefix_end
from tests.support.tables import table_request


@pytest.fixture
def database(db):
    """Return a database with a backup, and a history to which stream records refer."""
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    db("CreateTable", {**table_request("pk:S"), "TableName": "table", "StreamSpecification": stream})
    specification = {"PointInTimeRecoveryEnabled": True}
    db("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=specification)
    for number in ("1", "2"):
        db("PutItem", TableName="table", Item={"pk": {"S": "a"}, "n": {"N": number}})
    db("CreateBackup", TableName="table", BackupName="backup")
    return db.emulator.database


def first_key(txn, span):
    return next(iter(txn.scan(*span)))


def of_kind(prefix):
    """Return the range of all keys with the first byte of a prefix."""
    return prefix[:1], prefix_end(prefix[:1])


def test_a_sound_store(database):
    with database.read() as txn:
        soundness.check(txn)


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        (of_kind(keyspace.history_pointers(0)), "the history of table table does not list one of its records"),
        (of_kind(keyspace.history_records(0)), "the history of table table lists a record that is missing"),
        (keyspace.views(), "the items of the backup arn:aws:dynamodb:us-east-1:123456789012:table/table/backup/"),
    ],
)
def test_a_record_that_is_missing(database, span, problem):
    with database.engine.write() as txn:
        key, _ = first_key(txn, span)
        txn.delete(key)
    with database.read() as txn, pytest.raises(Corrupted, match=f"^{problem}"):
        soundness.check(txn)


def test_a_reference_that_leads_to_other_images(database):
    with database.engine.write() as txn:
        (key, row), (_, other) = [
            pair for pair in txn.scan(*of_kind(keyspace.stream_records(0))) if pair[1][0] == REFERRING_VERSION
        ]
        assert len(row) != len(other)
        txn.put(key, row[:36] + other[36:52] + row[52:])  # now has the history position of the other record
    with database.read() as txn, pytest.raises(Corrupted):
        soundness.check(txn)
