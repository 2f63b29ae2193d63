"""Checks the members of requests: their types, and the constraints of the service's model.

The model is botocore's. The dictionary SHAPES has the members of each request. Unknown members are
ignored, as on the service. All types are checked before the first constraint. Types and constraints
are checked in the order in which SHAPES has the members.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from emulator import errors
from emulator.auto_scaling.target import DIMENSIONS

Request = dict[str, Any]

_NAMESPACES: Final = (
    "ecs",
    "elasticmapreduce",
    "ec2",
    "appstream",
    "dynamodb",
    "rds",
    "sagemaker",
    "custom-resource",
    "comprehend",
    "lambda",
    "cassandra",
    "kafka",
    "elasticache",
    "neptune",
    "workspaces",
)
_POLICY_TYPES: Final = ("StepScaling", "TargetTrackingScaling", "PredictiveScaling")
_LONGEST: Final = 1600
_INTEGERS: Final = 1 << 31
_ARN: Final = re.compile(r"arn:.+:application-autoscaling:.+:[0-9]+:scalable-target/[a-zA-Z0-9-]+")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a request.

    type: its type in Python; a float member also takes whole numbers.
    required: whether requests must have the member.
    allowed: the valid values of an enumeration, () for any value.
    low, high: the bounds of the length of a text or list.
    members: the members of a structure.
    items: describes the elements of a list or the values of a map.
    """

    type: type
    required: bool = False
    allowed: Sequence[str] = ()
    low: int | None = None
    high: int | None = None
    pattern: re.Pattern[str] | None = None
    members: Mapping[str, "Member"] = field(default_factory=dict)
    items: "Member | None" = None


def _text(low: int = 1, high: int = _LONGEST, *, required: bool = False) -> Member:
    return Member(str, required, low=low, high=high)


_NAME: Final = _text()
_NEEDED: Final = _text(required=True)
_ANY_TEXT: Final = Member(str)
_COUNT: Final = Member(int)
_FLAG: Final = Member(bool)
_TIME: Final = Member(float)
_NAMES: Final = Member(list, high=50, items=_NAME)
_TAGS: Final = Member(dict, items=_text(0, 256))
_ARN_MEMBER: Final = Member(str, required=True, low=1, high=1011, pattern=_ARN)
_PAGING: Final = {"MaxResults": _COUNT, "NextToken": _ANY_TEXT}

_SERVICE: Final = Member(str, required=True, allowed=_NAMESPACES)
_OF_SERVICE: Final = {"ServiceNamespace": _SERVICE}
_OF_RESOURCE: Final = {
    **_OF_SERVICE,
    "ResourceId": _NEEDED,
    "ScalableDimension": Member(str, required=True),
}
_FILTERS: Final = {**_OF_SERVICE, "ResourceId": _NAME, "ScalableDimension": _ANY_TEXT, **_PAGING}
_CONFIGURATION: Final = Member(
    dict,
    members={
        "TargetValue": Member(float, required=True),
        "PredefinedMetricSpecification": Member(
            dict, members={"PredefinedMetricType": Member(str, required=True), "ResourceLabel": _text(1, 1023)}
        ),
        "CustomizedMetricSpecification": Member(dict),
        "ScaleOutCooldown": _COUNT,
        "ScaleInCooldown": _COUNT,
        "DisableScaleIn": _FLAG,
    },
)

SHAPES: Final[Mapping[str, Mapping[str, Member]]] = {
    "RegisterScalableTarget": {
        **_OF_RESOURCE,
        "MinCapacity": _COUNT,
        "MaxCapacity": _COUNT,
        "RoleARN": _NAME,
        "SuspendedState": Member(
            dict,
            members={
                "DynamicScalingInSuspended": _FLAG,
                "DynamicScalingOutSuspended": _FLAG,
                "ScheduledScalingSuspended": _FLAG,
            },
        ),
        "Tags": _TAGS,
    },
    "DescribeScalableTargets": {**_OF_SERVICE, "ResourceIds": _NAMES, "ScalableDimension": _ANY_TEXT, **_PAGING},
    "DeregisterScalableTarget": _OF_RESOURCE,
    "PutScalingPolicy": {
        "PolicyName": _text(1, 256, required=True),
        **_OF_RESOURCE,
        "PolicyType": Member(str, allowed=_POLICY_TYPES),
        "TargetTrackingScalingPolicyConfiguration": _CONFIGURATION,
    },
    "DescribeScalingPolicies": {"PolicyNames": _NAMES, **_FILTERS},
    "DeleteScalingPolicy": {"PolicyName": _NEEDED, **_OF_RESOURCE},
    "PutScheduledAction": {
        **_OF_SERVICE,
        "Schedule": _NAME,
        "Timezone": _NAME,
        "ScheduledActionName": _text(1, 256, required=True),
        **_OF_RESOURCE,
        "StartTime": _TIME,
        "EndTime": _TIME,
        "ScalableTargetAction": Member(dict, members={"MinCapacity": _COUNT, "MaxCapacity": _COUNT}),
    },
    "DescribeScheduledActions": {"ScheduledActionNames": _NAMES, **_FILTERS},
    "DeleteScheduledAction": {**_OF_SERVICE, "ScheduledActionName": _NEEDED, **_OF_RESOURCE},
    "DescribeScalingActivities": {**_FILTERS, "IncludeNotScaledActivities": _FLAG},
    "GetPredictiveScalingForecast": {
        **_OF_RESOURCE,
        "PolicyName": _text(1, 256, required=True),
        "StartTime": Member(float, required=True),
        "EndTime": Member(float, required=True),
    },
    "ListTagsForResource": {"ResourceARN": _ARN_MEMBER},
    "TagResource": {"ResourceARN": _ARN_MEMBER, "Tags": Member(dict, required=True, items=_text(0, 256))},
    "UntagResource": {
        "ResourceARN": _ARN_MEMBER,
        "TagKeys": Member(list, required=True, high=200, items=_text(1, 128)),
    },
}
"""Operation -> the members of its request."""


def parsed(operation: str, raw: object) -> Request:
    """Return the members of a request after all checks. Raises ApiError if one is wrong."""
    if not isinstance(raw, dict):
        raise errors.scaling_not_parsed()
    request = _typed(raw, SHAPES[operation])
    _check(request, SHAPES[operation], "")
    return request


def _typed(raw: Mapping[str, Any], members: Mapping[str, Member]) -> Request:
    """Return the members of a request that the model knows, converted to their types.

    A member with the value null counts as absent. Raises ApiError if a type is wrong.
    members: the known members of the request, or of a structure in it.
    """
    return {
        name: _value(raw[name], member) for name, member in members.items() if name in raw and raw[name] is not None
    }


def _value(raw: Any, member: Member) -> Any:  # noqa: ANN401 - raw is any JSON; the result has the member's type
    if member.type is float and type(raw) in (int, float):
        return _number(raw)
    if member.type is int and type(raw) is float and raw.is_integer():
        raw = int(raw)
    is_typed = type(raw) is member.type
    if not is_typed:
        raise errors.scaling_not_parsed()
    if type(raw) is int and not -_INTEGERS <= raw < _INTEGERS:
        raise errors.scaling_not_parsed()
    if isinstance(raw, dict) and member.members:
        return _typed(raw, member.members)
    if member.items is None:
        return raw
    if isinstance(raw, dict):
        return {name: _value(value, member.items) for name, value in raw.items()}
    return [_value(value, member.items) for value in raw]


def _number(raw: float) -> float:
    number = float(raw)
    if not math.isfinite(number):
        raise errors.scaling_not_parsed()
    return number


def _check(request: Request, members: Mapping[str, Member], path: str) -> None:
    """Raise ApiError for the first constraint that a member violates.

    path: the text that precedes a member's name in the error: "", or a structure's name and a dot.
    """
    for name, member in members.items():
        path_of_member = f"{path}{name[0].lower()}{name[1:]}"
        value = request.get(name)
        if value is None:
            if member.required:
                raise errors.scaling_member_missing(path_of_member)
            continue
        for accepts, constraint in _constraints(member):
            if not accepts(value):
                raise errors.scaling_member_invalid(f"'{value}'", path_of_member, constraint)
        if member.members:
            _check(value, member.members, f"{path_of_member}.")
        if member.items is not None:
            _check_items(value, member.items, path_of_member)


def _check_items(value: Sequence[Any] | Mapping[str, Any], member: Member, path_of_member: str) -> None:
    values = value.values() if isinstance(value, Mapping) else value
    for number, each in enumerate(values, start=1):
        for accepts, constraint in _constraints(member):
            if not accepts(each):
                raise errors.scaling_member_invalid(f"'{each}'", f"{path_of_member}.{number}.member", constraint)


def _constraints(member: Member) -> list[tuple[Callable[[Any], bool], str]]:
    """Return a member's constraints as pairs: a function that checks the value, and a text.

    The function returns False for a wrong value. The text is for the error: "Member must ...".
    """
    found: list[tuple[Callable[[Any], bool], str]] = []
    low, high, pattern = member.low, member.high, member.pattern
    if member.allowed:
        found.append((lambda value: value in member.allowed, errors.must_be_one_of(member.allowed)))
    if low:
        found.append((lambda value: len(value) >= low, errors.min_length(low)))
    if high is not None:
        found.append((lambda value: len(value) <= high, errors.max_length(high)))
    if pattern is not None:
        found.append((lambda value: pattern.fullmatch(value) is not None, errors.must_match(pattern.pattern)))
    return found


def check_dimension(request: Request) -> None:
    """Raise ApiError unless a request names a DynamoDB table or index and its ScalableDimension."""
    found = DIMENSIONS.get(request["ScalableDimension"])
    parts = request["ResourceId"].split("/")
    kinds = {2: ["table"], 4: ["table", "index"]}
    is_named = parts[::2] == kinds.get(len(parts)) and all(parts)
    if request["ServiceNamespace"] != "dynamodb" or found is None or not is_named or parts[-2] != found[0]:
        raise errors.scaling_resource_unsupported()
