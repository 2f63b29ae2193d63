"""Random programs of writes, tables and snapshots, compared with a model that copies everything."""

import tempfile
from copy import deepcopy
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.database.snapshots import branching, restoring
from emulator.database.store import deletions
from emulator.database.views import views
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.profile import profile
from tests.support.tables import index_request, table_request

PLACES = [("one", "us-east-1"), ("one", "us-west-1"), ("two", "us-east-1")]
BRANCHES = [("three", "us-east-1"), ("three", "us-west-1")]
NAMES = ["tab", "other"]
SNAPSHOTS = ["a", "b", "c"]

places = st.sampled_from(PLACES + BRANCHES)
names = st.sampled_from(NAMES)
keys = st.integers(0, 5)
texts = st.sampled_from(["x", "y"])

NEW = {
    **table_request(
        "pk:S sk:S",
        define="v:S",
        LocalSecondaryIndexes=[index_request("local", "pk v")],
        GlobalSecondaryIndexes=[index_request("global", "v")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
}


class Snapshots(RuleBasedStateMachine):
    """Tables and snapshots of three tenants, and of the two tenants to which branches go.

    model: tenant and table name -> items by key. saved: snapshot name -> the model at that time,
    and the snapshot's scope. backups: ARN -> tenant and items.
    """

    @initialize(kind=st.sampled_from(["memory", "lmdb"]), at_once=st.sampled_from([0, 10_000]))
    def start(self, kind, at_once):
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(restoring, "MOST_IN_ONE", at_once)
        self.patch.setattr(restoring, "SLICE", 3)
        self.patch.setattr(branching, "SLICE", 1000 if at_once else 3)
        self.patch.setattr(deletions, "SLICE", 2)
        self.patch.setattr(views, "SLICE", 2)
        self.patch.setattr(deletions, "MOST_IN_ONE", 100 if at_once else 1)
        self.folder = tempfile.TemporaryDirectory()
        self.kind = kind
        self.settings = settings_of_engine(kind, Path(self.folder.name) / "data")
        self.db = InProcess(self.settings)
        self.model = {}
        self.saved = {}
        self.backups = {}
        for place in PLACES:
            self.create(place, "tab")

    def teardown(self):
        if hasattr(self, "db"):
            while self.db.emulator.tick():
                pass
            check_store(self.db.emulator.database)
            registry.call(self.db.emulator, "reset", {"Snapshots": True})
            self.db.emulator.database.background.run_all()
            assert [key for key, _ in dump(self.db.emulator.database) if not key.startswith(b"\x01")] == []
            self.db.emulator.close()
            self.folder.cleanup()
            self.patch.undo()

    def as_(self, place):
        self.db.caller = self.db.emulator.caller(*place)
        return self.db

    @rule(place=places, name=names)
    def create(self, place, name):
        if (place, name) in self.model:
            return
        self.as_(place)("CreateTable", {**NEW, "TableName": name})
        self.db("DescribeTable", TableName=name)
        self.model[place, name] = {}

    @rule(place=places, name=names, number=keys, text=texts, ttl=st.booleans())
    def put_one(self, place, name, number, text, ttl):
        self.put(place, name, number, text, ttl)

    @rule(place=places, text=texts, ttl=st.booleans())
    def put_many(self, place, text, ttl):
        for number in range(6):
            self.put(place, "tab", number, text, ttl)

    def put(self, place, name, number, text, ttl):
        if (place, name) not in self.model:
            return
        item = {"pk": {"S": text}, "sk": {"S": str(number)}, "v": {"S": text}}
        if ttl:
            item["ttl"] = {"N": "2000000000"}
        self.as_(place)("PutItem", TableName=name, Item=item)
        self.model[place, name][text, str(number)] = item

    @rule(place=places, name=names, number=keys, text=texts)
    def delete(self, place, name, number, text):
        if (place, name) not in self.model:
            return
        self.as_(place)("DeleteItem", TableName=name, Key={"pk": {"S": text}, "sk": {"S": str(number)}})
        self.model[place, name].pop((text, str(number)), None)

    @rule(place=places, name=names, what=st.sampled_from(["table", "index", "stream", "ttl", "recovery"]))
    def change(self, place, name, what):
        if (place, name) not in self.model:
            return
        db = self.as_(place)
        table = db("DescribeTable", TableName=name)["Table"]
        if what == "table":
            db("DeleteTable", TableName=name)
            db("ListTables")
            del self.model[place, name]
        elif what == "stream":
            enabled = "StreamSpecification" not in table
            wanted = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"} if enabled else {"StreamEnabled": False}
            db("UpdateTable", TableName=name, StreamSpecification=wanted)
        elif what == "ttl":
            self.db.clock.advance(3601)  # TTL can be changed only once an hour
            enabled = db("DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
            wanted = {"Enabled": enabled == "DISABLED", "AttributeName": "ttl"}
            db("UpdateTimeToLive", TableName=name, TimeToLiveSpecification=wanted)
        elif what == "recovery":
            state = db("DescribeContinuousBackups", TableName=name)["ContinuousBackupsDescription"]
            enabled = state["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
            wanted = {"PointInTimeRecoveryEnabled": not enabled}
            db("UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=wanted)
        elif indexes := table.get("GlobalSecondaryIndexes"):
            update = {"Delete": {"IndexName": indexes[0]["IndexName"]}}
            db("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[update])
        else:
            update = {"Create": index_request("global", "v")}
            define = NEW["AttributeDefinitions"]
            db("UpdateTable", TableName=name, AttributeDefinitions=define, GlobalSecondaryIndexUpdates=[update])

    @rule(place=places, name=names)
    def reset_items(self, place, name):
        if (place, name) in self.model:
            access_key, region = place
            body = {"TableName": name, "AccessKey": access_key, "Region": region}
            registry.call(self.db.emulator, "reset", body)
            self.model[place, name] = {}

    @rule(access_key=st.sampled_from([None, "one", "two", "two"]))
    def reset(self, access_key):
        registry.call(self.db.emulator, "reset", {"AccessKey": access_key} if access_key else {})
        for place, name in list(self.model):
            if access_key in (None, place[0]):
                del self.model[place, name]
        self.backups = {arn: each for arn, each in self.backups.items() if access_key not in (None, each[0][0])}

    @rule(snapshot=st.sampled_from(SNAPSHOTS), access_key=st.sampled_from([None, "one", "two"]), table=st.booleans())
    def save(self, snapshot, access_key, table):
        body = {"Name": snapshot, "Replace": True} | ({"AccessKey": access_key} if access_key else {})
        scope = [(place, name) for place in PLACES + BRANCHES for name in NAMES if access_key in (None, place[0])]
        if table:
            scope = [each for each in scope if each[1] == "tab" and each in self.model]
            if not scope:
                return
            body["Tables"] = ["tab"]
        registry.call(self.db.emulator, "snapshots/save", body)
        self.saved[snapshot] = (scope, deepcopy({each: self.model[each] for each in scope if each in self.model}))

    @precondition(lambda self: self.saved)
    @rule(data=st.data())
    def restore(self, data):
        name = data.draw(st.sampled_from(sorted(self.saved)))
        registry.call(self.db.emulator, "snapshots/restore", {"Name": name})
        self.adopt(name)
        check_store(self.db.emulator.database)

    def adopt(self, name):
        scope, model = self.saved[name]
        for each in scope:
            self.model.pop(each, None)
        self.model |= deepcopy(model)

    @precondition(lambda self: self.saved)
    @rule(data=st.data())
    def delete_snapshot(self, data):
        name = data.draw(st.sampled_from(sorted(self.saved)))
        registry.call(self.db.emulator, "snapshots/delete", {"Name": name})
        del self.saved[name]

    @precondition(lambda self: self.saved)
    @rule(data=st.data(), region=st.sampled_from([None, "us-east-1", "us-west-1"]))
    def branch(self, data, region):
        name = data.draw(st.sampled_from(sorted(self.saved)))
        _, model = self.saved[name]
        targets = [(("three", region or place[1]), table) for place, table in model]
        body = {"Name": name, "AccessKey": "three"} | ({"Region": region} if region else {})
        if len(targets) > len(set(targets)) or set(targets) & set(self.model):
            with pytest.raises(BadDeclaration, match=r"^the account has a table (tab|other) already$"):
                registry.call(self.db.emulator, "snapshots/branch", body)
        else:
            assert registry.call(self.db.emulator, "snapshots/branch", body) == {"Tables": len(targets)}
            self.model |= dict(zip(targets, deepcopy(list(model.values())), strict=True))
        check_store(self.db.emulator.database)

    @rule(place=places, name=names)
    def back_up(self, place, name):
        """Back up a table. Snapshots do not change backups, whose items stay whatever happens to
        tables.
        """
        if (place, name) in self.model:
            made = self.as_(place)("CreateBackup", TableName=name, BackupName="backup")["BackupDetails"]
            self.backups[made["BackupArn"]] = (place, deepcopy(self.model[place, name]))

    @precondition(lambda self: self.backups)
    @rule(data=st.data(), name=names)
    def restore_backup(self, data, name):
        arn = data.draw(st.sampled_from(sorted(self.backups)))
        place, items = self.backups[arn]
        if (place, name) not in self.model:
            self.as_(place)("RestoreTableFromBackup", BackupArn=arn, TargetTableName=name)
            self.db.emulator.database.background.run_all()
            self.db("DescribeTable", TableName=name)
            self.model[place, name] = deepcopy(items)
            check_store(self.db.emulator.database)

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def delete_backup(self, data):
        arn = data.draw(st.sampled_from(sorted(self.backups)))
        place, _ = self.backups.pop(arn)
        self.as_(place)("DeleteBackup", BackupArn=arn)

    @rule(times=st.integers(1, 4))
    def work(self, times):
        for _ in range(times):
            self.db.emulator.tick()

    @precondition(lambda self: self.kind == "lmdb")
    @rule()
    def restart(self):
        self.db.emulator.close()
        now = self.db.clock.now()
        self.db = InProcess(self.settings)
        self.db.clock.advance(now - self.db.clock.now())

    @precondition(lambda self: self.kind == "lmdb" and self.saved)
    @rule(data=st.data(), steps=st.integers(0, 3))
    def restore_and_restart_in_the_middle(self, data, steps):
        name = data.draw(st.sampled_from(sorted(self.saved)))
        work = restoring.restore(self.db.emulator.database, name)
        for _ in range(steps + 1):
            next(work, None)
        work.close()
        self.restart()
        while self.db.emulator.tick():
            pass
        self.adopt(name)
        check_store(self.db.emulator.database)

    @invariant()
    def tables_are_those_of_the_model(self):
        if not hasattr(self, "db"):
            return
        for place in PLACES + BRANCHES:
            names = [name for each, name in self.model if each == place]
            assert self.as_(place)("ListTables")["TableNames"] == sorted(names)
            for name in names:
                items = self.db("Scan", TableName=name)["Items"]
                found = {(item["pk"]["S"], item["sk"]["S"]): item for item in items}
                assert found == self.model[place, name]


TestSnapshots = Snapshots.TestCase
TestSnapshots.settings = settings(profile(40), stateful_step_count=50)
