"""Application Auto Scaling on the port of DynamoDB (control-plane 10).

tests/unit/auto_scaling/ tests what depends on time.
"""

import re
from functools import cache

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.http_clients import boto_options
from tests.support.tables import index_request

UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
READ = "dynamodb:table:ReadCapacityUnits"
WRITE = "dynamodb:table:WriteCapacityUnits"
INDEX_READ = "dynamodb:index:ReadCapacityUnits"
DYNAMODB = {"ServiceNamespace": "dynamodb"}
METRIC = {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}
CONFIGURATION = {"TargetValue": 70.0, "PredefinedMetricSpecification": METRIC}


@cache
def scaling_client(url):
    return boto3.client("application-autoscaling", **boto_options(url))


@pytest.fixture
def scaling(endpoint):
    return scaling_client(endpoint)


@pytest.fixture
def table(make_table):
    index = {**index_request("global", "sk"), "ProvisionedThroughput": UNITS}
    return make_table(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS, GlobalSecondaryIndexes=[index])


@pytest.fixture(scope="module")
def shared_target(endpoint, make_shared_table):
    """Return the members that identify a scalable target, which no test changes."""
    name = make_shared_table(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    found = place(name)
    scaling_client(endpoint).register_scalable_target(**found, MinCapacity=1, MaxCapacity=9)
    return found


def place(table, dimension=READ):
    resource = f"table/{table}/index/global" if ":index:" in dimension else f"table/{table}"
    return {**DYNAMODB, "ResourceId": resource, "ScalableDimension": dimension}


def plain(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_life_of_a_target(scaling, client, table):
    where = place(table)
    arn = scaling.register_scalable_target(**where, MinCapacity=8, MaxCapacity=20, Tags={"a": "b"})["ScalableTargetARN"]
    assert re.fullmatch(r"arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/\w+", arn)
    (target,) = scaling.describe_scalable_targets(**DYNAMODB, ResourceIds=[where["ResourceId"]])["ScalableTargets"]
    created = target.pop("CreationTime")
    assert target == {
        **where,
        "MinCapacity": 8,
        "MaxCapacity": 20,
        "RoleARN": "arn:aws:iam::123456789012:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
        "ScalableTargetARN": arn,
    }
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    described = client.describe_table(TableName=table)["Table"]
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 8
    (activity,) = scaling.describe_scaling_activities(**DYNAMODB, ResourceId=where["ResourceId"])["ScalingActivities"]
    assert activity["Cause"] == "minimum capacity was set to 8"
    again = scaling.register_scalable_target(
        **where, MaxCapacity=10, SuspendedState={"ScheduledScalingSuspended": True}
    )
    assert again["ScalableTargetARN"] == arn
    (target,) = scaling.describe_scalable_targets(**where_only(where), ScalableDimension=READ)["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"], target["CreationTime"]) == (8, 10, created)
    assert target["SuspendedState"]["ScheduledScalingSuspended"] is True
    assert plain(scaling.deregister_scalable_target(**where)) == {}
    assert scaling.describe_scalable_targets(**where_only(where))["ScalableTargets"] == []


def where_only(where):
    return {**DYNAMODB, "ResourceIds": [where["ResourceId"]]}


def test_policies(scaling, table):
    where = place(table, INDEX_READ)
    scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=20)
    put = {**where, "PolicyName": "p", "PolicyType": "TargetTrackingScaling"}
    answer = scaling.put_scaling_policy(**put, TargetTrackingScalingPolicyConfiguration=CONFIGURATION)
    resource = f"resource/dynamodb/table/{table}/index/global:policyName/p"
    assert re.fullmatch(
        f"arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:[0-9a-f-]{{36}}:{resource}", answer["PolicyARN"]
    )
    kinds = ("AlarmHigh", "AlarmLow", "ProvisionedCapacityHigh", "ProvisionedCapacityLow")
    for kind, alarm in zip(kinds, answer["Alarms"], strict=True):
        assert alarm["AlarmName"].startswith(f"TargetTracking-table/{table}/index/global-{kind}-")
        assert alarm["AlarmARN"] == f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarm['AlarmName']}"
    changed = CONFIGURATION | {
        "TargetValue": 50.5,
        "ScaleInCooldown": 60,
        "ScaleOutCooldown": 0,
        "DisableScaleIn": True,
    }
    again = scaling.put_scaling_policy(**put, TargetTrackingScalingPolicyConfiguration=changed)
    assert plain(again) == plain(answer)
    (policy,) = scaling.describe_scaling_policies(**DYNAMODB, ResourceId=where["ResourceId"])["ScalingPolicies"]
    del policy["CreationTime"]
    assert policy == {**put, **plain(answer), "TargetTrackingScalingPolicyConfiguration": changed}
    assert scaling.describe_scaling_policies(**where, PolicyNames=["q"])["ScalingPolicies"] == []
    assert plain(scaling.delete_scaling_policy(**where, PolicyName="p")) == {}
    assert scaling.describe_scaling_policies(**where)["ScalingPolicies"] == []


def test_scheduled_actions(scaling, table):
    where = place(table, WRITE)
    scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=20)
    name = {"ScheduledActionName": "morning"}
    action = {"Schedule": "cron(0 8 * * ? *)", "Timezone": "Europe/Berlin", "ScalableTargetAction": {"MinCapacity": 3}}
    scaling.put_scheduled_action(**where, **name, **action)
    (found,) = scaling.describe_scheduled_actions(**where)["ScheduledActions"]
    created, arn = found.pop("CreationTime"), found.pop("ScheduledActionARN")
    assert found == {**where, **name, **action}
    assert arn.startswith("arn:aws:autoscaling:us-east-1:123456789012:scheduledAction:")
    assert arn.endswith(f":resource/dynamodb/table/{table}:scheduledActionName/morning")
    scaling.put_scheduled_action(**where, **name, EndTime=created, ScalableTargetAction={"MaxCapacity": 9})
    (found,) = scaling.describe_scheduled_actions(**DYNAMODB, ScheduledActionNames=["morning"])["ScheduledActions"]
    assert (found["ScalableTargetAction"], found["ScheduledActionARN"]) == ({"MaxCapacity": 9}, arn)
    assert abs((found["EndTime"] - created).total_seconds()) < 1
    scaling.delete_scheduled_action(**where, **name)
    assert scaling.describe_scheduled_actions(**where)["ScheduledActions"] == []


def test_deregistering_removes_policies_and_actions(scaling, table):
    where = place(table)
    for _ in range(2):
        scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=20)
        assert scaling.describe_scaling_policies(**where)["ScalingPolicies"] == []
        assert scaling.describe_scheduled_actions(**where)["ScheduledActions"] == []
        scaling.put_scaling_policy(**where, PolicyName="p", TargetTrackingScalingPolicyConfiguration=CONFIGURATION)
        at = {"Schedule": "at(2100-01-01T00:00:00)", "ScalableTargetAction": {"MinCapacity": 3}}
        scaling.put_scheduled_action(**where, ScheduledActionName="s", **at)
        scaling.deregister_scalable_target(**where)


def test_tags(scaling, table):
    arn = scaling.register_scalable_target(**place(table), MinCapacity=1, MaxCapacity=9)["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {}
    scaling.tag_resource(ResourceARN=arn, Tags={"a": "1", "b": ""})
    scaling.tag_resource(ResourceARN=arn, Tags={"a": "2"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["b", "c"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "2"}
    with pytest.raises(scaling.exceptions.TooManyTagsException):
        scaling.tag_resource(ResourceARN=arn, Tags={str(number): "" for number in range(50)})
    scaling.deregister_scalable_target(**place(table))
    with pytest.raises(scaling.exceptions.ResourceNotFoundException) as caught:
        scaling.list_tags_for_resource(ResourceARN=arn)
    assert caught.value.response["ResourceName"] == arn


PAGES = {
    "describe_scalable_targets": "ScalableTargets",
    "describe_scaling_policies": "ScalingPolicies",
    "describe_scheduled_actions": "ScheduledActions",
    "describe_scaling_activities": "ScalingActivities",
}


def test_pages(scaling, table):
    for dimension, metric in ((READ, METRIC), (WRITE, {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"})):
        where = place(table, dimension)
        scaling.register_scalable_target(**where, MinCapacity=6, MaxCapacity=9)
        configuration = {"TargetValue": 50, "PredefinedMetricSpecification": metric}
        scaling.put_scaling_policy(**where, PolicyName="p", TargetTrackingScalingPolicyConfiguration=configuration)
        action = {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 3}}
        scaling.put_scheduled_action(**where, ScheduledActionName="s", **action)
    for call, member in PAGES.items():
        pages = list(scaling.get_paginator(call).paginate(**DYNAMODB, PaginationConfig={"PageSize": 1}))
        assert all(len(page[member]) == 1 for page in pages)
        found = [each for page in pages for each in page[member] if each["ResourceId"] == f"table/{table}"]
        assert len(found) >= 2
        assert found == [
            each for each in getattr(scaling, call)(**DYNAMODB)[member] if each["ResourceId"] == f"table/{table}"
        ]
        with pytest.raises(scaling.exceptions.InvalidNextTokenException):
            getattr(scaling, call)(**DYNAMODB, NextToken="nonsense")


def test_each_tenant_has_its_own_targets(endpoint, scaling, shared_target):
    other = boto3.client("application-autoscaling", **boto_options(endpoint) | {"aws_access_key_id": "111122223333"})
    assert other.describe_scalable_targets(**DYNAMODB)["ScalableTargets"] == []
    with pytest.raises(ClientError) as caught:
        other.register_scalable_target(**shared_target, MinCapacity=1, MaxCapacity=9)
    missing = f"DynamoDB table does not exist: {shared_target['ResourceId']}"
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": missing}


def test_other_services_have_nothing(scaling):
    for call, member in PAGES.items():
        assert getattr(scaling, call)(ServiceNamespace="ecs")[member] == []


# --- errors: tests/unit/auto_scaling/test_refusals.py has the others ------------------------------


def test_an_error(scaling, table):
    with pytest.raises(scaling.exceptions.ObjectNotFoundException) as caught:
        scaling.deregister_scalable_target(**place(table))
    found, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert found["Message"] == (
        f"No scalable target found for service namespace: dynamodb, resource ID: table/{table}, "
        f"scalable dimension: {READ}"
    )
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (400, 0)
    assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"


def test_bodies_that_are_no_requests(post):
    for body, code in (
        (b"[]", "SerializationException"),
        (b"{", "SerializationException"),
        (b"{}", "ValidationException"),
    ):
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AnyScaleFrontendService.DescribeScalableTargets",
        }
        answer = post("x", body, headers)
        assert (answer.status, answer.json["__type"].rpartition("#")[2]) == (400, code)
