"""Auto scaling of replicas: its two operations, and scaling in each region (control-plane 9)."""

import json
from typing import Any

import pytest

from emulator.app import AUTO_SCALING
from emulator.controls import registry
from tests.support.regions import REGIONS, TABLE, Regions
from tests.support.tables import index_request, table_request

EAST, WEST, SOUTH = REGIONS
READ = "dynamodb:table:ReadCapacityUnits"
WRITE = "dynamodb:table:WriteCapacityUnits"
UNITS = {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}
PROVISIONED = {
    **table_request(
        "k:S",
        define="g:S",
        BillingMode="PROVISIONED",
        ProvisionedThroughput=UNITS,
        GlobalSecondaryIndexes=[{**index_request("global", "g"), "ProvisionedThroughput": UNITS}],
    ),
    "TableName": "music",
}
DISABLED = {"AutoScalingDisabled": True, "ScalingPolicies": []}
ROLE = (
    "arn:aws:iam::{}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
)


def change(low: int = 5, high: int = 100, target: float = 50.0, **members: Any) -> dict[str, Any]:
    """Return an AutoScalingSettingsUpdate: bounds of the units, and the target in percent."""
    policy = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": target}}
    return {"MinimumUnits": low, "MaximumUnits": high, "ScalingPolicyUpdate": policy, **members}


def scaling(regions: Regions, region: str, operation: str, index: str | None = None, **members: Any) -> Any:
    """Call Application Auto Scaling for the write capacity of the table or an index."""
    kind, resource = ("table", "table/music") if index is None else ("index", f"table/music/index/{index}")
    place = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": resource,
        "ScalableDimension": f"dynamodb:{kind}:WriteCapacityUnits",
    }
    caller = regions.inside.emulator.caller("test", region)
    return json.loads(regions.inside.emulator.call(AUTO_SCALING + operation, {**place, **members}, caller))


def scale_writes(regions: Regions, region: str, index: str | None = None) -> None:
    scaling(regions, region, "RegisterScalableTarget", index, MinCapacity=1, MaxCapacity=50)
    tracking = {
        "TargetValue": 60,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
    }
    scaling(
        regions,
        region,
        "PutScalingPolicy",
        index,
        PolicyName="own",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )


@pytest.fixture
def regions() -> Regions:
    """Return an emulator with a provisioned table in EAST and a replica of it in WEST.

    The write capacity of the table and of its index is scaled.
    """
    made = Regions()
    made.clock.freeze(1_700_000_040.0)  # the start of a minute
    made(EAST, "CreateTable", **PROVISIONED)
    scale_writes(made, EAST)
    scale_writes(made, EAST, "global")
    made.replicate(WEST)
    return made


def update(regions: Regions, region: str = EAST, **members: Any) -> Any:
    return regions(region, "UpdateTableReplicaAutoScaling", TableName="music", **members)["TableAutoScalingDescription"]


def described(regions: Regions, region: str = EAST) -> Any:
    answer = regions(region, "DescribeTableReplicaAutoScaling", TableName="music")["TableAutoScalingDescription"]
    return {each["RegionName"]: each for each in answer["Replicas"]}


def reads(regions: Regions) -> dict[str, Any]:
    """Return region -> (minimum, maximum) of read capacity, or None if it is not scaled."""
    found = described(regions)
    settings = {region: found[region]["ReplicaProvisionedReadCapacityAutoScalingSettings"] for region in found}
    return {
        region: (each["MinimumUnits"], each["MaximumUnits"]) if each != DISABLED else None
        for region, each in settings.items()
    }


def test_description_of_a_new_replica(regions):
    answer = regions(WEST, "DescribeTableReplicaAutoScaling", TableName="music")["TableAutoScalingDescription"]
    account = regions.inside.caller.account
    copied = {
        "MinimumUnits": 1,
        "MaximumUnits": 50,
        "AutoScalingRoleArn": ROLE.format(account),
        "ScalingPolicies": [
            {"PolicyName": "own", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0}},
        ],
    }
    replica = {
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "global",
                "IndexStatus": "ACTIVE",
                "ProvisionedReadCapacityAutoScalingSettings": DISABLED,
                "ProvisionedWriteCapacityAutoScalingSettings": copied,
            }
        ],
        "ReplicaProvisionedReadCapacityAutoScalingSettings": DISABLED,
        "ReplicaProvisionedWriteCapacityAutoScalingSettings": copied,
        "ReplicaStatus": "ACTIVE",
    }
    assert answer == {
        "TableName": "music",
        "TableStatus": "ACTIVE",
        "Replicas": [{"RegionName": region, **replica} for region in (WEST, EAST)],
    }


def test_write_capacity_is_changed_in_all_regions(regions):
    answer = update(regions, WEST, ProvisionedWriteCapacityAutoScalingUpdate=change(2, 40))
    before = answer["Replicas"][0]["ReplicaProvisionedWriteCapacityAutoScalingSettings"]
    assert before["MaximumUnits"] == 50, "the answer has the settings before the change"
    for replica in described(regions).values():
        found = replica["ReplicaProvisionedWriteCapacityAutoScalingSettings"]
        assert (found["MinimumUnits"], found["MaximumUnits"]) == (2, 40)
        [policy] = found["ScalingPolicies"]
        assert policy["PolicyName"] == "DynamoDBWriteCapacityUtilization:table/music"
        assert policy["TargetTrackingScalingPolicyConfiguration"] == {"TargetValue": 50.0}
    [target] = scaling(regions, WEST, "DescribeScalableTargets")["ScalableTargets"][:1]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 40)
    update(regions, ProvisionedWriteCapacityAutoScalingUpdate={"AutoScalingDisabled": True})
    for replica in described(regions).values():
        assert replica["ReplicaProvisionedWriteCapacityAutoScalingSettings"] == DISABLED


def test_read_capacity_is_changed_in_one_region(regions):
    part = {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": change(3, 30)}
    update(regions, ReplicaUpdates=[part])
    assert reads(regions) == {EAST: None, WEST: (3, 30)}
    off = {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": {"AutoScalingDisabled": True}}
    update(regions, ReplicaUpdates=[off])
    assert reads(regions) == {EAST: None, WEST: None}


def test_capacity_of_an_index(regions):
    policy = {
        "PolicyName": "mine",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 80, "ScaleInCooldown": 5, "DisableScaleIn": True},
    }
    writes = {"IndexName": "global", "ProvisionedWriteCapacityAutoScalingUpdate": change(ScalingPolicyUpdate=policy)}
    own = {"IndexName": "global", "ProvisionedReadCapacityAutoScalingUpdate": change(7, 70)}
    part = {"RegionName": WEST, "ReplicaGlobalSecondaryIndexUpdates": [own]}
    update(regions, GlobalSecondaryIndexUpdates=[writes], ReplicaUpdates=[part])
    for region, bounds in ((EAST, None), (WEST, (7, 70))):
        [index] = described(regions)[region]["GlobalSecondaryIndexes"]
        [found] = index["ProvisionedWriteCapacityAutoScalingSettings"]["ScalingPolicies"]
        assert found == {
            "PolicyName": "mine",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 80.0,
                "ScaleInCooldown": 5,
                "DisableScaleIn": True,
            },
        }
        settings = index["ProvisionedReadCapacityAutoScalingSettings"]
        if bounds is None:
            assert settings == DISABLED
        else:
            assert (settings["MinimumUnits"], settings["MaximumUnits"]) == bounds


def test_a_new_index_of_a_group_is_scaled(regions):
    create = {**index_request("later", "h"), "ProvisionedThroughput": UNITS}
    regions(
        EAST,
        "UpdateTable",
        TableName="music",
        AttributeDefinitions=[{"AttributeName": "h", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )
    regions.drain()
    regions.described(WEST)
    for replica in described(regions).values():
        [index] = [each for each in replica["GlobalSecondaryIndexes"] if each["IndexName"] == "later"]
        found = index["ProvisionedWriteCapacityAutoScalingSettings"]
        assert (found["MinimumUnits"], found["MaximumUnits"]) == (1, 10)
        assert found["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"] == {"TargetValue": 70.0}


# --- scaling by consumption -----------------------------------------------------------------------


def capacity(regions: Regions) -> list[tuple[int, int]]:
    """Return (read units, write units) of the table in EAST and in WEST."""
    found = [regions.described(region)["ProvisionedThroughput"] for region in (EAST, WEST)]
    return [(each["ReadCapacityUnits"], each["WriteCapacityUnits"]) for each in found]


def minutes(regions: Regions, number: int, rate: int, region: str, operation: str, **members: Any) -> None:
    """Let minutes pass. Call an operation `rate` times in each second."""
    for _ in range(number):
        for _ in range(60):
            for _ in range(rate):
                regions(region, operation, TableName="music", **members)
            regions.clock.advance(1)
        regions.inside.emulator.run_due()
        regions.drain()


@pytest.fixture
def enforced(regions: Regions) -> Regions:
    registry.call(regions.inside.emulator, "throttling", {"Enforced": True})
    return regions


def test_reads_of_a_replica_scale_only_this_replica(enforced):
    part = {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": change()}
    update(enforced, ReplicaUpdates=[part])
    minutes(enforced, 2, 7, WEST, "GetItem", Key={"k": {"S": "a"}}, ConsistentRead=True)
    assert capacity(enforced) == [(10, 10), (14, 10)]
    [replica] = enforced.described(EAST)["Replicas"]
    assert replica["ProvisionedThroughputOverride"] == {"ReadCapacityUnits": 14}


def test_writes_scale_all_replicas_and_keep_their_reads(enforced):
    override = {"RegionName": WEST, "ProvisionedThroughputOverride": {"ReadCapacityUnits": 9}}
    enforced(EAST, "UpdateTable", TableName="music", ReplicaUpdates=[{"Update": override}])
    minutes(enforced, 2, 9, WEST, "PutItem", Item={"k": {"S": "a"}})
    assert capacity(enforced) == [(10, 15), (9, 15)]


# --- errors ---------------------------------------------------------------------------------------

FAILED = "Failed to update settings for global table with name: \u2018music\u2019"
WRITES = "ProvisionedWriteCapacityAutoScalingUpdate"
READS = "ReplicaProvisionedReadCapacityAutoScalingUpdate"
REQUIRED = "are required unless auto scaling is being disabled."
LESS = {"MinimumUnits": 1}
REFUSED = [
    ({WRITES: {}}, FAILED + f": Parameters 'MaximumUnits', 'ScalingPolicyUpdate', 'MinimumUnits' {REQUIRED}"),
    ({WRITES: LESS}, FAILED + f": Parameters 'MaximumUnits', 'ScalingPolicyUpdate' {REQUIRED}"),
    (
        {WRITES: {"AutoScalingDisabled": True, "MinimumUnits": 1, "MaximumUnits": 2}},
        FAILED + ": Parameters 'MaximumUnits', 'MinimumUnits' must be left blank when disabling auto scaling.",
    ),
    ({}, FAILED + " because at least one update parameter must be specified."),
    (
        {"ReplicaUpdates": [{"RegionName": WEST}]},
        FAILED + f" because at least one update parameter must be specified for region: \u2018{WEST}\u2019.",
    ),
    (
        {"ReplicaUpdates": [{"RegionName": WEST, READS: change()}, {"RegionName": WEST, READS: change()}]},
        FAILED + f" because the regions: \u2018[{WEST}]\u2019 were specified more than once.",
    ),
    (
        {"ReplicaUpdates": [{"RegionName": SOUTH, READS: change()}]},
        ("Update global table operation failed because one or more replicas were not part of the global table. Please "
        f"retry the request without these replicas: [{SOUTH}]."),
    ),
    (
        {WRITES: change(target=95)},
        ("For predefined metric type DynamoDBWriteCapacityUtilization, target value must be between '10.0' and '90.0', "
        "but was '95.0'. (Service: AWSApplicationAutoScaling; Status Code: 400; Error Code: ValidationException)"),
    ),
    (
        {WRITES: change(9, 8)},
        ("Maximum capacity cannot be less than minimum capacity (Service: AWSApplicationAutoScaling; Status Code: 400; "
        "Error Code: ValidationException)"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("members", "message"), REFUSED)
def test_refused(regions, members, message):
    before = described(regions)
    error = regions.error(EAST, "UpdateTableReplicaAutoScaling", TableName="music", **members)
    assert error == ("ValidationException", message)
    assert described(regions) == before


def test_a_missing_index(regions):
    updates = [{"IndexName": "none", WRITES: change()}]
    found = regions.error(EAST, "UpdateTableReplicaAutoScaling", TableName="music", GlobalSecondaryIndexUpdates=updates)
    text = FAILED + " because the global secondary indexes with names: \u2018[none]\u2019 do not exist."
    assert found == ("ResourceNotFoundException", text)


def test_a_group_on_demand():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    text = (
        "Failed to update global table with name \u2018music\u2018. Replicas 'EU-WEST-1', 'US-EAST-1' BillingMode is "
        f"PayPerRequest. You must convert table's BillingMode to PROVISIONED to set parameters: '{WRITES}'."
    )
    error = regions.error(EAST, "UpdateTableReplicaAutoScaling", TableName="music", **{WRITES: change()})
    assert error == ("ValidationException", text)
    update(regions, **{WRITES: {"AutoScalingDisabled": True}})
    assert reads(regions) == {EAST: None, WEST: None}
