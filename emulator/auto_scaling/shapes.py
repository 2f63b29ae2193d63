"""Makes the JSON that describes targets, policies, actions and activities (control-plane 10)."""

from collections.abc import Mapping
from typing import Any, Final

from emulator.auto_scaling.target import ALARMS, NAMESPACE, Activity, ScalableTarget, ScalingPolicy, ScheduledAction

Shape = dict[str, Any]

_ROLE: Final = (
    "arn:aws:iam::{}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
)
_SUSPENSIONS: Final = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def _target_id(target: ScalableTarget) -> Shape:
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": target.resource_id,
        "ScalableDimension": target.dimension,
    }


def target_shape(target: ScalableTarget) -> Shape:
    """Return the JSON that describes a scalable target in an answer."""
    return {
        **_target_id(target),
        "MinCapacity": target.min_capacity,
        "MaxCapacity": target.max_capacity,
        "RoleARN": target.role or _ROLE.format(target.account),
        "CreationTime": target.created,
        "SuspendedState": {name: target.is_suspended(name) for name in _SUSPENSIONS},
        "ScalableTargetARN": target.arn,
    }


def policy_arn(target: ScalableTarget, policy: ScalingPolicy) -> str:
    """Return the ARN of a policy."""
    resource = f"resource/{NAMESPACE}/{target.resource_id}:policyName/{policy.name}"
    return f"arn:aws:autoscaling:{target.region}:{target.account}:scalingPolicy:{policy.uuid}:{resource}"


def alarms(target: ScalableTarget, policy: ScalingPolicy) -> list[Mapping[str, str]]:
    """Return the member Alarms of a policy in an answer."""
    names = [policy.alarm(target.resource_id, kind) for kind in ALARMS]
    prefix = f"arn:aws:cloudwatch:{target.region}:{target.account}:alarm:"
    return [{"AlarmName": name, "AlarmARN": prefix + name} for name in names]


def policy_shape(target: ScalableTarget, policy: ScalingPolicy) -> Shape:
    """Return the JSON that describes a policy in an answer."""
    return {
        "PolicyARN": policy_arn(target, policy),
        "PolicyName": policy.name,
        **_target_id(target),
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": policy.configuration,
        "Alarms": alarms(target, policy),
        "CreationTime": policy.created,
    }


def action_shape(target: ScalableTarget, action: ScheduledAction) -> Shape:
    """Return the JSON that describes a scheduled action in an answer."""
    resource = f"resource/{NAMESPACE}/{target.resource_id}:scheduledActionName/{action.name}"
    shape = {
        "ScheduledActionName": action.name,
        "ScheduledActionARN": (
            f"arn:aws:autoscaling:{target.region}:{target.account}:scheduledAction:{action.uuid}:{resource}"
        ),
        **_target_id(target),
        "Schedule": action.schedule,
        "Timezone": action.timezone,
        "StartTime": action.start,
        "EndTime": action.end,
        "ScalableTargetAction": _present(
            {"MinCapacity": action.min_capacity, "MaxCapacity": action.max_capacity},
        ),
        "CreationTime": action.created,
    }
    return _present(shape)


def activity_shape(target: ScalableTarget, activity: Activity, *, fulfilled: bool) -> Shape:
    """Return the JSON that describes an activity in an answer.

    fulfilled: True if the change is in force.
    """
    change = f"{target.kind.lower()} capacity units to {activity.units}."
    shape = {
        "ActivityId": activity.id,
        **_target_id(target),
        "Description": f"Setting {change}",
        "Cause": activity.cause,
        "StartTime": activity.started,
        "EndTime": activity.fulfilled,
        "StatusCode": "Successful",
        "StatusMessage": f"Successfully set {change} Change successfully fulfilled by dynamodb.",
    }
    if activity.failure is not None:
        return shape | {"StatusCode": "Failed", "StatusMessage": f"Failed to set {change} Reason: {activity.failure}"}
    if not fulfilled:
        del shape["EndTime"]
        message = f"Successfully set {change} Waiting for change to be fulfilled by dynamodb."
        return shape | {"StatusCode": "InProgress", "StatusMessage": message}
    return shape


def _present(shape: Shape) -> Shape:
    return {name: value for name, value in shape.items() if value is not None}
