"""Application Auto Scaling changes capacity as time passes (control-plane 10).

Throughput is enforced.
"""

import json
from copy import copy
from itertools import count

import pytest

from emulator.app import AUTO_SCALING
from emulator.controls import registry
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request
from tests.support.throttled_tables import enforce, units

READ = "dynamodb:table:ReadCapacityUnits"
WRITE = "dynamodb:table:WriteCapacityUnits"
KEY = {"pk": {"S": "a"}}


class Scaled:
    """A provisioned table in process. Its methods call Application Auto Scaling for the table."""

    def __init__(self, db, read=10, write=10, **extra):
        self.db = db
        request = table_request("pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=units(read, write), **extra)
        self.name = request["TableName"]
        db("CreateTable", request)
        enforce(db, self.name)
        db("DescribeTable", TableName=self.name)

    def call(self, operation, index=None, **members):
        resource = f"table/{self.name}" + (f"/index/{index}" if index else "")
        place = {"ServiceNamespace": "dynamodb", "ResourceId": resource, "ScalableDimension": READ}
        return json.loads(self.db.emulator.call(AUTO_SCALING + operation, {**place, **members}, self.db.caller))

    def register(self, low=5, high=100, **members):
        return self.call("RegisterScalableTarget", MinCapacity=low, MaxCapacity=high, **members)

    def track(self, target=50.0, **members):
        configuration = {
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            **members,
        }
        extra = {"PolicyName": "p", "PolicyType": "TargetTrackingScaling"}
        return self.call("PutScalingPolicy", **extra, TargetTrackingScalingPolicyConfiguration=configuration)

    def capacity(self):
        """Return the provisioned (read units, write units) of the table."""
        found = self.db("DescribeTable", TableName=self.name)["Table"]["ProvisionedThroughput"]
        return found["ReadCapacityUnits"], found["WriteCapacityUnits"]

    def activities(self, **members):
        return self.call("DescribeScalingActivities", **members)["ScalingActivities"]

    def read(self):
        """Consume a read unit."""
        self.db("GetItem", TableName=self.name, Key=KEY, ConsistentRead=True)

    def minutes(self, number, rate=0, consume=None):
        """Let minutes pass. Call `consume` (or `read`) `rate` times in each second."""
        for _ in range(number):
            for _ in range(60 if rate else 0):
                for _ in range(rate):
                    (consume or self.read)()
                self.db.clock.advance(1)
            self.db.clock.advance(0 if rate else 60)
            self.db.emulator.run_due()


@pytest.fixture
def scaled(db):
    db.clock.freeze(1_700_000_040.0)  # the start of a minute
    return Scaled(db)


def test_a_minimum_above_the_capacity_is_set_at_once(scaled):
    scaled.register(20, 30)
    assert scaled.capacity() == (20, 10)
    (activity,) = scaled.activities()
    assert activity.keys() == {
        *("ActivityId", "ServiceNamespace", "ResourceId", "ScalableDimension", "Description", "Cause"),
        *("StartTime", "EndTime", "StatusCode", "StatusMessage"),
    }
    assert activity["Description"] == "Setting read capacity units to 20."
    assert activity["Cause"] == "minimum capacity was set to 20"
    assert activity["StatusCode"] == "Successful"
    assert activity["StatusMessage"] == (
        "Successfully set read capacity units to 20. Change successfully fulfilled by dynamodb."
    )
    scaled.register(1, 15)
    assert scaled.capacity() == (15, 10)
    assert scaled.activities()[0]["Cause"] == "maximum capacity was set to 15"
    scaled.db("UpdateTable", TableName=scaled.name, ProvisionedThroughput=units(40, 10))
    scaled.minutes(2)
    assert scaled.capacity() == (40, 10), "a manual value is not corrected"


def test_scaling_out_after_two_minutes(scaled):
    scaled.register()
    scaled.track()
    scaled.minutes(1, rate=7)
    assert scaled.capacity() == (10, 10)
    scaled.minutes(1, rate=7)
    assert scaled.capacity() == (14, 10), "7 units a second are half of 14"
    (activity,) = scaled.activities()
    alarm = scaled.call("DescribeScalingPolicies")["ScalingPolicies"][0]["Alarms"][0]["AlarmName"]
    assert alarm.startswith(f"TargetTracking-table/{scaled.name}-AlarmHigh-")
    assert activity["Cause"] == f"monitor alarm {alarm} in state ALARM triggered policy p"
    scaled.minutes(3, rate=6)
    assert scaled.capacity() == (14, 10), "less than the target"


def test_the_maximum_and_the_cooldown(scaled):
    scaled.register(5, 12)
    scaled.track(ScaleOutCooldown=300)
    scaled.minutes(2, rate=7)
    assert scaled.capacity() == (12, 10)
    scaled.register(5, 100)
    scaled.minutes(4, rate=8)
    assert scaled.capacity() == (12, 10)
    scaled.minutes(1, rate=8)
    assert scaled.capacity() == (16, 10)


def test_scaling_in_after_fifteen_minutes(scaled):
    scaled.register(2)
    scaled.track()
    scaled.minutes(14, rate=2)
    assert scaled.capacity() == (10, 10)
    scaled.minutes(1, rate=2)
    assert scaled.capacity() == (4, 10)
    assert "AlarmLow" in scaled.activities()[0]["Cause"]


def test_an_idle_table_scales_to_its_minimum_in_one_jump_of_the_clock(scaled):
    scaled.register(3)
    scaled.track()
    registry.call(scaled.db.emulator, "move_clock", {"Advance": 3600})
    assert scaled.capacity() == (3, 10)


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({"DisableScaleIn": True}, {}),
        ({}, {"DynamicScalingInSuspended": True}),
        ({"CustomizedMetricSpecification": {}}, {}),
    ],
)
def test_no_scaling_in(scaled, members, state):
    scaled.register(3, SuspendedState=state)
    if "CustomizedMetricSpecification" in members:
        members = {**members, "PredefinedMetricSpecification": None}
    scaled.track(**members)
    scaled.minutes(20)
    assert scaled.capacity() == (10, 10)


def test_decreases_that_are_used_up_fail(scaled):
    scaled.register(1)
    for number in (9, 8, 7, 6):
        scaled.db("UpdateTable", TableName=scaled.name, ProvisionedThroughput=units(number, 10))
        scaled.db("DescribeTable", TableName=scaled.name)
    scaled.track()
    scaled.minutes(15)
    (activity,) = scaled.activities()
    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"].startswith(
        "Failed to set read capacity units to 1. Reason: Subscriber limit exceeded: Provisioned throughput decreases"
    )


def test_the_capacity_of_an_index(db):
    db.clock.freeze(1_700_000_040.0)
    index = {**index_request("global", "g"), "ProvisionedThroughput": units(10, 10)}
    scaled = Scaled(db, define="g:S", GlobalSecondaryIndexes=[index])
    dimension = {"ScalableDimension": "dynamodb:index:WriteCapacityUnits"}
    scaled.call("RegisterScalableTarget", "global", MinCapacity=1, MaxCapacity=50, **dimension)
    metric = {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}
    configuration = {"TargetValue": 50, "PredefinedMetricSpecification": metric}
    extra = {"PolicyName": "p", "TargetTrackingScalingPolicyConfiguration": configuration}
    scaled.call("PutScalingPolicy", "global", **extra, **dimension)
    numbers = count()

    def write():
        number = str(next(numbers))
        db("PutItem", TableName=scaled.name, Item={"pk": {"S": number}, "g": {"S": number}})

    scaled.minutes(2, 7, write)
    found = db("DescribeTable", TableName=scaled.name)["Table"]
    assert found["ProvisionedThroughput"]["WriteCapacityUnits"] == 10
    assert found["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 14


def test_scheduled_actions(scaled):
    scaled.register(5, 100)
    later = scaled.db.clock.now() + 90
    at = "at(2023-11-14T22:15:30)"
    action = {"ScheduledActionName": "up", "Schedule": at, "ScalableTargetAction": {"MinCapacity": 30}}
    scaled.call("PutScheduledAction", **action)
    moved = registry.call(scaled.db.emulator, "move_clock", {"Next": True})
    arn = scaled.call("DescribeScalableTargets")["ScalableTargets"][0]["ScalableTargetARN"]
    assert moved["Events"] == [{"Time": later, "Kind": "ScheduledAction", "Resource": arn}]
    assert scaled.capacity() == (30, 10)
    (target,) = scaled.call("DescribeScalableTargets")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (30, 100)
    assert registry.call(scaled.db.emulator, "move_clock", {"Next": True})["Events"] == []


def test_a_scheduled_action_between_two_times(scaled):
    now = scaled.db.clock.now()
    scaled.register(5, 100)
    action = {
        "ScheduledActionName": "up",
        "Schedule": "rate(10 minutes)",
        "StartTime": now + 600,
        "EndTime": now + 1500,
        "ScalableTargetAction": {"MinCapacity": 30, "MaxCapacity": 40},
    }
    scaled.call("PutScheduledAction", **action)
    scaled.minutes(9)
    assert scaled.capacity() == (10, 10)
    scaled.minutes(1)
    assert scaled.capacity() == (30, 10)
    scaled.register(1, 100)
    scaled.db("UpdateTable", TableName=scaled.name, ProvisionedThroughput=units(2, 10))
    scaled.db("DescribeTable", TableName=scaled.name)
    scaled.minutes(10)
    assert scaled.capacity() == (30, 10)
    scaled.register(1, 100)
    scaled.db("UpdateTable", TableName=scaled.name, ProvisionedThroughput=units(2, 10))
    scaled.minutes(20)
    assert scaled.capacity() == (2, 10)


def test_a_busy_table_is_scaled_later(engine_name, tmp_path):
    db = InProcess(settings_of_engine(engine_name, tmp_path / "slow", delay_transient_statuses=True))
    scaled = Scaled(db)
    scaled.register(20, 30)
    assert scaled.activities() == [], "the table is still CREATING"
    db.clock.advance(60)
    db.emulator.run_due()
    (activity,) = scaled.activities()
    assert activity["StatusCode"] == "InProgress"
    assert activity["StatusMessage"] == (
        "Successfully set read capacity units to 20. Waiting for change to be fulfilled by dynamodb."
    )
    assert "EndTime" not in activity
    db.clock.advance(3)
    assert scaled.capacity() == (20, 10)
    assert scaled.activities()[0]["StatusCode"] == "Successful"
    db.emulator.close()


def test_targets_outlive_tables_and_restarts(tmp_path):
    before = Scaled(InProcess(Settings(data_dir=tmp_path / "data")))
    before.register(5, 20, Tags={"a": "b"})
    before.track()
    before.call(
        "PutScheduledAction", ScheduledActionName="s", Schedule="rate(1 day)", ScalableTargetAction={"MinCapacity": 6}
    )
    before.register(12, 20)
    found = [before.call(f"Describe{kind}") for kind in ("ScalableTargets", "ScalingPolicies", "ScheduledActions")]
    before.db("DeleteTable", TableName=before.name)
    before.db("ListTables")
    activities = before.activities()
    before.db.emulator.close()
    after = InProcess(Settings(data_dir=tmp_path / "data"))
    before.db = after
    assert [
        before.call(f"Describe{kind}") for kind in ("ScalableTargets", "ScalingPolicies", "ScheduledActions")
    ] == found
    assert before.activities() == activities
    after.clock.advance(120)
    after.emulator.run_due()
    after.emulator.close()


def test_snapshots_and_resets_know_targets(db):
    scaled = Scaled(db)
    scaled.register(5, 20)
    registry.call(db.emulator, "snapshots/save", {"Name": "s"})
    scaled.register(6, 20)
    registry.call(db.emulator, "snapshots/restore", {"Name": "s"})
    assert scaled.call("DescribeScalableTargets")["ScalableTargets"][0]["MinCapacity"] == 5
    registry.call(db.emulator, "reset", {})
    assert scaled.call("DescribeScalableTargets")["ScalableTargets"] == []
    registry.call(db.emulator, "snapshots/restore", {"Name": "s"})
    assert scaled.call("DescribeScalableTargets")["ScalableTargets"][0]["MinCapacity"] == 5
    assert scaled.capacity() == (10, 10)


def test_a_table_on_demand_is_not_scaled(scaled):
    scaled.register()
    scaled.track()
    scaled.db("UpdateTable", TableName=scaled.name, BillingMode="PAY_PER_REQUEST")
    scaled.minutes(20)
    assert scaled.activities() == []
    assert len(scaled.call("DescribeScalableTargets")["ScalableTargets"]) == 1


def test_the_owner_adds_up_what_all_workers_have_consumed(tmp_path):
    """Each of two workers consumes 4 units a second, so the target of 50 percent needs 16 units."""
    sharing = SharedMemory(2)
    other = copy(sharing)
    other.worker_index = 1
    settings = Settings(data_dir=tmp_path / "data", enforce_throughput=True)
    owner, worker = InProcess(settings, sharing), InProcess(settings, other)
    for each in (owner, worker):
        each.clock.freeze(1_700_000_040.0)
    scaled = Scaled(worker)
    scaled.register()
    scaled.track()
    for _ in range(2):
        for _ in range(60):
            for each in (owner, worker):
                for _ in range(4):
                    each("GetItem", TableName=scaled.name, Key=KEY, ConsistentRead=True)
                each.clock.advance(1)
        worker.emulator.run_due()
        owner.emulator.run_due()
    assert scaled.capacity() == (16, 10)
    for each in (owner, worker):
        each.emulator.close()
