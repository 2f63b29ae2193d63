"""The ids in a table's definition: branches and replicas of a table have new ids. An emptied table
keeps only the id of its stream.

`OWN_DATA` and `LOGS` of emulator/database/definitions/tables.py list the fields with ids.
"""

from importlib import import_module
from typing import get_type_hints

import pytest

from emulator.controls import registry
from emulator.database.changes.ttl_queue import queue_of
from emulator.database.definitions import tables
from emulator.database.definitions.insights import InsightsSetting
from emulator.database.definitions.policies import AttachedPolicy
from emulator.database.definitions.replicas import Membership
from emulator.database.definitions.tables import COPIED, LOGS, OWN_DATA, TableDefinition
from emulator.database.definitions.vectors import VectorDefinition
from tests.support.invariants import check_store
from tests.support.tables import index_request, table_request

NUMBERS = ("recovery_days",)
"""The fields of a table with the type `int | None` whose numbers are not ids."""

RARE = {each.__name__: each for each in (InsightsSetting, AttachedPolicy, Membership, VectorDefinition)}
"""Classes of fields that tables.py imports only for type checks, by their names."""


def test_every_field_with_an_id_is_listed():
    hints = get_type_hints(TableDefinition, {**vars(tables), **RARE})
    numbers = {name for name, hint in hints.items() if hint == int | None}
    unlisted = numbers - {*OWN_DATA, *LOGS, *NUMBERS}
    assert not unlisted, (
        f"{unlisted}: list a field with an id in OWN_DATA or LOGS of emulator/database/definitions/tables.py, "
        "a field with another number in NUMBERS of this test"
    )
    assert numbers == {*OWN_DATA, *LOGS, *NUMBERS}, "a listed field is gone"
    assert {*COPIED} <= {*OWN_DATA}


@pytest.fixture
def table(db):
    """Return the definition of a table in which every field with an id is set."""
    request = table_request(
        "pk:S",
        define="g:S",
        GlobalSecondaryIndexes=[index_request("global", "g")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    db("CreateTable", {**request, "TableName": "ttt"})
    db("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    recovery = {"PointInTimeRecoveryEnabled": True}
    db("UpdateContinuousBackups", TableName="ttt", PointInTimeRecoverySpecification=recovery)
    registry.call(db.emulator, "consistency", {"Lag": 5, "TableName": "ttt"})
    put(db)
    definition = found(db)
    assert None not in ids(definition).values(), "give the table what the new field stands for"
    return definition


def put(db, key="a"):
    db("PutItem", TableName="ttt", Item={"pk": {"S": key}, "g": {"S": "x"}, "ttl": {"N": "9999999999"}})


def found(db):
    return db.emulator.database.described(db.caller, "ttt").definition


def ids(definition):
    return {name: getattr(definition, name) for name in ("id", *OWN_DATA, *LOGS)}


def shared(one, other):
    """Return what two definitions share: names of fields with equal ids, and key prefixes."""
    same = {name for name, number in ids(one).items() if number is not None and number == ids(other)[name]}
    return same | {prefix for prefix in one.data_prefixes() if prefix in other.data_prefixes()}


def test_a_branch_has_ids_of_its_own(db, table):
    registry.call(db.emulator, "snapshots/save", {"Name": "s"})
    registry.call(db.emulator, "snapshots/branch", {"Name": "s", "AccessKey": "two"})
    first, db.caller = db.caller, db.emulator.caller("two", "us-east-1")
    assert shared(found(db), table) == set()
    check_store(db.emulator.database)
    put(db, "b")
    db("DeleteTable", TableName="ttt")
    db.caller = first
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)
    put(db, "c")
    assert db("Scan", TableName="ttt", ConsistentRead=True)["Count"] == 2


def test_an_emptied_table_has_new_data(db, table):
    registry.call(db.emulator, "reset", {"TableName": "ttt"})
    emptied = found(db)
    assert shared(emptied, table) == {"stream_id"}, "the stream stays"
    put(db, "b")
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)
    queue = queue_of(emptied)
    with db.emulator.database.read() as txn:
        assert len(list(txn.scan(queue.prefix, queue.prefix + b"\xff"))) == 1


def test_a_replica_has_ids_of_its_own(db, table):
    db("UpdateTable", TableName="ttt", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    db.emulator.database.background.run_all()
    first, db.caller = db.caller, db.emulator.caller("test", "eu-west-1")
    assert shared(found(db), table) == set()
    put(db, "b")
    db.caller = first
    check_store(db.emulator.database)
    db("UpdateTable", TableName="ttt", ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)
    assert found(db).lag_log == table.lag_log
    put(db, "c")


# --- walks ----------------------------------------------------------------------------------------


def test_every_position_of_a_walk_is_listed():
    """A walk that is not listed would not go on after a restart, a copy or a restore."""
    positions = {name for name in TableDefinition.__dataclass_fields__ if name.endswith("filled_to")}
    assert positions == {*tables.WALKS}, "list the position of a walk in WALKS, with the module of the walk"
    for module in map(import_module, tables.WALKS.values()):
        assert callable(module.begin)
        assert callable(module.resume_all)
