"""No broken request of Application Auto Scaling gets a 500; a refused one changes nothing.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.app import AUTO_SCALING
from emulator.errors import ApiError
from emulator.settings import Settings
from tests.support import malformed
from tests.support.in_process import InProcess
from tests.support.invariants import dump
from tests.support.profile import profile
from tests.support.tables import table_request

_PLACE = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/there",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}
_ARN = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/none"

SEEDS: dict[str, dict[str, Any]] = {
    "RegisterScalableTarget": {
        **_PLACE,
        "MinCapacity": 5,
        "MaxCapacity": 9,
        "RoleARN": "role",
        "SuspendedState": {"DynamicScalingInSuspended": True},
        "Tags": {"a": "b"},
    },
    "PutScalingPolicy": {
        **_PLACE,
        "PolicyName": "p",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 70.5,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            "ScaleInCooldown": 60,
            "DisableScaleIn": False,
        },
    },
    "PutScheduledAction": {
        **_PLACE,
        "ScheduledActionName": "s",
        "Schedule": "cron(0 10,12 * JAN-MAR ? *)",
        "Timezone": "Europe/Berlin",
        "StartTime": 1_700_000_000,
        "EndTime": 1_800_000_000.5,
        "ScalableTargetAction": {"MinCapacity": 5},
    },
    "DescribeScalableTargets": {**_PLACE, "ResourceIds": ["table/there"], "MaxResults": 1, "NextToken": "YQ=="},
    "DescribeScalingPolicies": {**_PLACE, "PolicyNames": ["p"], "MaxResults": 1},
    "DescribeScheduledActions": {**_PLACE, "ScheduledActionNames": ["s"]},
    "DescribeScalingActivities": {**_PLACE, "IncludeNotScaledActivities": True},
    "GetPredictiveScalingForecast": {**_PLACE, "PolicyName": "p", "StartTime": 0, "EndTime": 3600},
    "DeleteScalingPolicy": {**_PLACE, "PolicyName": "p"},
    "DeleteScheduledAction": {**_PLACE, "ScheduledActionName": "s"},
    "ListTagsForResource": {"ResourceARN": _ARN},
    "TagResource": {"ResourceARN": _ARN, "Tags": {"a": "b"}},
    "UntagResource": {"ResourceARN": _ARN, "TagKeys": ["a"]},
    "DeregisterScalableTarget": _PLACE,
}


@pytest.fixture(scope="module")
def db() -> Iterator[InProcess]:
    inside = InProcess(Settings(in_memory=True))
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    table = table_request("pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    inside("CreateTable", {**table, "TableName": "there"})
    inside("DescribeTable", TableName="there")
    yield inside
    inside.emulator.close()


@pytest.mark.parametrize("operation", SEEDS)
def test_broken_requests(db: InProcess, operation: str) -> None:
    def call(name: str, request: Any) -> None:
        db.emulator.call(AUTO_SCALING + name, request, db.caller)

    for name in ("RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"):
        call(name, SEEDS[name])
    listed = json.loads(db.emulator.call(AUTO_SCALING + "DescribeScalableTargets", _PLACE, db.caller))
    seed = SEEDS[operation]
    if "ResourceARN" in seed:
        seed = {**seed, "ResourceARN": listed["ScalableTargets"][0]["ScalableTargetARN"]}

    @profile(100)
    @given(body=st.one_of(malformed.mutated(seed).map(malformed.encode), malformed.bodies(seed)))
    def throw(body: bytes) -> None:
        try:
            request = orjson.loads(body)
        except ValueError:
            return
        before = dump(db.emulator.database)
        try:
            call(operation, request)
        except ApiError as error:
            refusal = error
        else:
            refusal = None
        assert refusal is None or (refusal.status == 400 and refusal.message)
        assert refusal is None or dump(db.emulator.database) == before
        db.emulator.run_due()
        list(db.emulator.coming_events())

    throw()
