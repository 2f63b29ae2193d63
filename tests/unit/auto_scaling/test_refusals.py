"""Errors of Application Auto Scaling (control-plane 10)."""

import pytest

from emulator.app import AUTO_SCALING
from emulator.errors import ApiError
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import table_request
from tests.support.throttled_tables import units

READ = "dynamodb:table:ReadCapacityUnits"
INDEX_READ = "dynamodb:index:ReadCapacityUnits"
HERE = {"ServiceNamespace": "dynamodb", "ResourceId": "table/there", "ScalableDimension": READ}
METRIC = {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}
CONFIGURATION = {"TargetValue": 70.0, "PredefinedMetricSpecification": METRIC}


@pytest.fixture
def call():
    """Return a function send(operation, request) that returns code and message of the error."""
    inside = InProcess(Settings(in_memory=True))
    table = table_request("pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=units(5, 5))
    inside("CreateTable", table | {"TableName": "there"})

    def send(operation, request):
        try:
            inside.emulator.call(AUTO_SCALING + operation, request, inside.caller)
        except ApiError as error:
            return error.code, error.message
        return "", None

    assert send("RegisterScalableTarget", HERE | BOUNDS)[0] == ""
    yield send
    inside.emulator.close()


INVALID = "ValidationException"
NOT_FOUND = "ObjectNotFoundException"
ENV = "1 validation error detected: "
MUST = "failed to satisfy constraint: Member must"
BOUNDS = {"MinCapacity": 1, "MaxCapacity": 9}
ACTION = {"ScheduledActionName": "s", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 3}}
POLICY = {"PolicyName": "p", "TargetTrackingScalingPolicyConfiguration": CONFIGURATION}
UNSUPPORTED = "Unsupported service namespace, resource type or scalable dimension"
THE_PLACE = "service namespace: dynamodb, resource ID: table/none, scalable dimension: " + READ
NONE = {"ResourceId": "table/none"}
FORECAST = {"PolicyName": "p", "StartTime": 0, "EndTime": 3600}


def tracking(**configuration):
    return {**POLICY, "TargetTrackingScalingPolicyConfiguration": CONFIGURATION | configuration}


@pytest.mark.parametrize(
    ("operation", "request_", "code", "message"),
    [
        ("RegisterScalableTarget", BOUNDS | NONE, INVALID, "DynamoDB table does not exist: table/none"),
        (
            "RegisterScalableTarget",
            BOUNDS | {"ResourceId": "table/there/index/none", "ScalableDimension": INDEX_READ},
            INVALID,
            "DynamoDB index does not exist: table/there/index/none",
        ),
        (
            "RegisterScalableTarget",
            {"MinCapacity": 10},
            INVALID,
            "Maximum capacity cannot be less than minimum capacity",
        ),
        ("RegisterScalableTarget", BOUNDS | {"ServiceNamespace": "ecs"}, INVALID, UNSUPPORTED),
        ("RegisterScalableTarget", BOUNDS | {"ScalableDimension": INDEX_READ}, INVALID, UNSUPPORTED),
        ("RegisterScalableTarget", BOUNDS | {"ScalableDimension": "ecs:service:DesiredCount"}, INVALID, UNSUPPORTED),
        ("RegisterScalableTarget", BOUNDS | {"ResourceId": "t"}, INVALID, UNSUPPORTED),
        ("RegisterScalableTarget", BOUNDS | {"ResourceId": "table/"}, INVALID, UNSUPPORTED),
        ("RegisterScalableTarget", BOUNDS | {"ResourceId": "table/a/b/c/d/e"}, INVALID, UNSUPPORTED),
        (
            "RegisterScalableTarget",
            {"ResourceId": None},
            INVALID,
            ENV + f"Value null at 'resourceId' {MUST} not be null",
        ),
        (
            "RegisterScalableTarget",
            {"ResourceId": ""},
            INVALID,
            ENV + f"Value '' at 'resourceId' {MUST} have length greater than or equal to 1",
        ),
        (
            "RegisterScalableTarget",
            {"MinCapacity": "1"},
            "SerializationException",
            "The request could not be parsed.",
        ),
        ("DeregisterScalableTarget", NONE, NOT_FOUND, f"No scalable target found for {THE_PLACE}"),
        ("PutScalingPolicy", POLICY | NONE, NOT_FOUND, f"No scalable target found for {THE_PLACE}"),
        (
            "PutScalingPolicy",
            tracking(TargetValue=90.1),
            INVALID,
            (
                "For predefined metric type DynamoDBReadCapacityUtilization, target value must be between '10.0' and "
                "'90.0', but was '90.1'."
            ),
        ),
        (
            "PutScalingPolicy",
            tracking(TargetValue=9),
            INVALID,
            (
                "For predefined metric type DynamoDBReadCapacityUtilization, target value must be between '10.0' and "
                "'90.0', but was '9.0'."
            ),
        ),
        (
            "PutScalingPolicy",
            tracking(TargetValue=None),
            INVALID,
            ENV + f"Value null at 'targetTrackingScalingPolicyConfiguration.targetValue' {MUST} not be null",
        ),
        (
            "PutScalingPolicy",
            tracking(PredefinedMetricSpecification=None),
            INVALID,
            "Exactly one of predefined metric specification and customized metric specification is required",
        ),
        (
            "PutScalingPolicy",
            tracking(PredefinedMetricSpecification={"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}),
            INVALID,
            f"Predefined metric type DynamoDBWriteCapacityUtilization is not supported for scalable dimension {READ}",
        ),
        (
            "PutScalingPolicy",
            {"PolicyName": "p"},
            INVALID,
            "TargetTrackingScaling needs a TargetTrackingScalingPolicyConfiguration",
        ),
        (
            "PutScalingPolicy",
            POLICY | {"PolicyType": "StepScaling"},
            INVALID,
            "Policy type StepScaling is not supported for service namespace dynamodb",
        ),
        (
            "PutScalingPolicy",
            POLICY | {"PolicyType": "Other"},
            INVALID,
            ENV + f"Value 'Other' at 'policyType' {MUST} satisfy enum value set: "
            "[StepScaling, TargetTrackingScaling, PredictiveScaling]",
        ),
        (
            "DeleteScalingPolicy",
            {"PolicyName": "p"} | NONE,
            NOT_FOUND,
            f"No scaling policy found for {THE_PLACE}, policy name: p",
        ),
        ("PutScheduledAction", ACTION | NONE, NOT_FOUND, f"No scalable target found for {THE_PLACE}"),
        (
            "PutScheduledAction",
            ACTION | {"Schedule": None},
            INVALID,
            "Schedule and scalable target action are required to create a scheduled action",
        ),
        ("PutScheduledAction", ACTION | {"Schedule": "daily"}, INVALID, "Invalid schedule expression: daily"),
        ("PutScheduledAction", ACTION | {"EndTime": 1e300}, INVALID, "EndTime is not valid"),
        (
            "PutScheduledAction",
            ACTION | {"ScalableTargetAction": {"MinCapacity": 1 << 31}},
            "SerializationException",
            "The request could not be parsed.",
        ),
        ("PutScheduledAction", ACTION | {"Timezone": "Mars"}, INVALID, "Invalid time zone: Mars"),
        (
            "PutScheduledAction",
            ACTION | {"ScalableTargetAction": {}},
            INVALID,
            "At least one of minimum capacity and maximum capacity is required",
        ),
        (
            "PutScheduledAction",
            ACTION | {"ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 1}},
            INVALID,
            "Maximum capacity cannot be less than minimum capacity",
        ),
        (
            "DeleteScheduledAction",
            {"ScheduledActionName": "s"} | NONE,
            NOT_FOUND,
            f"No scheduled action found for {THE_PLACE}, scheduled action name: s",
        ),
        ("DescribeScalableTargets", {"ScalableDimension": "x"}, INVALID, UNSUPPORTED),
        (
            "DescribeScalableTargets",
            {"ServiceNamespace": "dynamo"},
            INVALID,
            ENV + f"Value 'dynamo' at 'serviceNamespace' {MUST} satisfy enum value set: [ecs, elasticmapreduce, ec2, "
            "appstream, dynamodb, rds, sagemaker, custom-resource, comprehend, lambda, cassandra, kafka, elasticache, "
            "neptune, workspaces]",
        ),
        (
            "DescribeScalableTargets",
            {"ResourceIds": ["a", ""]},
            INVALID,
            ENV + f"Value '' at 'resourceIds.2.member' {MUST} have length greater than or equal to 1",
        ),
        (
            "ListTagsForResource",
            {"ResourceARN": "arn"},
            INVALID,
            ENV + f"Value 'arn' at 'resourceARN' {MUST} satisfy regular expression pattern: "
            "arn:.+:application-autoscaling:.+:[0-9]+:scalable-target/[a-zA-Z0-9-]+",
        ),
        ("GetPredictiveScalingForecast", FORECAST, INVALID, "Scaling policy p is not a predictive scaling policy"),
        (
            "GetPredictiveScalingForecast",
            FORECAST | {"ServiceNamespace": "ecs"},
            INVALID,
            "Scaling policy p is not a predictive scaling policy",
        ),
        ("GetPredictiveScalingForecast", FORECAST | {"ResourceId": "t"}, INVALID, UNSUPPORTED),
        (
            "GetPredictiveScalingForecast",
            FORECAST | {"EndTime": None},
            INVALID,
            ENV + f"Value null at 'endTime' {MUST} not be null",
        ),
        (
            "PutWarmPool",
            {},
            "UnknownOperationException",
            "This server has no operation PutWarmPool of Auto Scaling.",
        ),
    ],
)
def test_refused(call, operation, request_, code, message):
    request = {name: value for name, value in (HERE | request_).items() if value is not None}
    assert call(operation, request) == (code, message)


def test_one_policy_for_a_metric(call):
    assert call("PutScalingPolicy", HERE | POLICY)[0] == ""
    message = "Only one TargetTrackingScaling policy for a given metric specification is allowed."
    assert call("PutScalingPolicy", HERE | POLICY | {"PolicyName": "q"}) == (INVALID, message)


def test_the_first_registration_needs_both_capacities(call):
    call("DeregisterScalableTarget", HERE)
    message = "Both minimum capacity and maximum capacity are required to register a new scalable target"
    assert call("RegisterScalableTarget", HERE | {"MinCapacity": 1}) == (INVALID, message)


def test_a_target_without_tags(call):
    arn = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/none"
    for operation, extra in (
        ("ListTagsForResource", {}),
        ("TagResource", {"Tags": {}}),
        ("UntagResource", {"TagKeys": []}),
    ):
        code, message = call(operation, {"ResourceARN": arn, **extra})
        assert (code, message) == (
            "ResourceNotFoundException",
            f"The scalable target with the ARN {arn} does not exist.",
        )


@pytest.mark.parametrize("raw", [None, [], "text", 1, {"ServiceNamespace": 1}, {"ServiceNamespace": ["dynamodb"]}])
def test_requests_that_cannot_be_parsed(call, raw):
    assert call("DescribeScalableTargets", raw) == ("SerializationException", "The request could not be parsed.")
