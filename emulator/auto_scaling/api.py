"""The operations of Application Auto Scaling (control-plane 10)."""

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import orjson

from emulator import errors, limits
from emulator.auto_scaling import requests, schedules, shapes
from emulator.auto_scaling.requests import Request, check_dimension
from emulator.auto_scaling.scaling import Scaling, exists
from emulator.auto_scaling.target import (
    DIMENSIONS,
    NAMESPACE,
    ScalableTarget,
    ScalingPolicy,
    ScheduledAction,
    target_id,
)
from emulator.auto_scaling.targets import Targets
from emulator.auto_scaling.tracking import METRICS
from emulator.clock import EARLIEST, LATEST
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database

Answer = Mapping[str, Any]

_PAGE: Final = 50
_TRACKING: Final = "TargetTrackingScaling"

_T = TypeVar("_T", ScalingPolicy, ScheduledAction)


class Api:
    """Answers requests to Application Auto Scaling."""

    def __init__(self, database: Database, targets: Targets, scaling: Scaling) -> None:
        self._database = database
        self._targets = targets
        self._scaling = scaling
        self._operations: Mapping[str, Callable[[Caller, Request], Answer]] = {
            "RegisterScalableTarget": self._register,
            "DescribeScalableTargets": self._describe_targets,
            "DeregisterScalableTarget": self._deregister,
            "PutScalingPolicy": self._put_policy,
            "DescribeScalingPolicies": self._describe_policies,
            "DeleteScalingPolicy": self._delete_policy,
            "PutScheduledAction": self._put_action,
            "DescribeScheduledActions": self._describe_actions,
            "DeleteScheduledAction": self._delete_action,
            "DescribeScalingActivities": self._describe_activities,
            "GetPredictiveScalingForecast": self._forecast,
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def answer(self, operation: str, raw: object, caller: Caller) -> Answer:
        """Answer a request, given as parsed JSON. Raises ApiError."""
        handler = self._operations.get(operation)
        if handler is None:
            raise errors.scaling_operation_unknown(operation)
        return handler(caller, requests.parsed(operation, raw))

    # --- targets ----------------------------------------------------------------------------------

    def _register(self, caller: Caller, request: Request) -> Answer:
        """Register a target, or change it.

        If the capacity of the table or index is outside the new bounds, set it to the nearer bound
        immediately.
        """
        check_dimension(request)
        before = self._targets.get(caller.tenant, *_ids(request))
        if before is None:
            _check_tags(request.get("Tags", {}), "")
            before = self._new_target(caller, request)
        target = replace(
            before,
            min_capacity=request.get("MinCapacity", before.min_capacity),
            max_capacity=request.get("MaxCapacity", before.max_capacity),
            role=request.get("RoleARN", before.role),
            suspended={**before.suspended, **request.get("SuspendedState", {})},
        )
        if target.max_capacity < target.min_capacity:
            raise errors.scaling_capacity_reversed()
        self._targets.save(target)
        self._scaling.set_within_bounds(target)
        return {"ScalableTargetARN": target.arn}

    def _new_target(self, caller: Caller, request: Request) -> ScalableTarget:
        resource_id, dimension = request["ResourceId"], request["ScalableDimension"]
        target = ScalableTarget(
            id=target_id(caller.tenant, resource_id, dimension),
            access_key=caller.access_key,
            account=caller.account,
            region=caller.region,
            resource_id=resource_id,
            dimension=dimension,
            min_capacity=request.get("MinCapacity", 0),
            max_capacity=request.get("MaxCapacity", 0),
            created=self._database.clock.now(),
            shared=caller.shared,
            tags=request.get("Tags", {}),
        )
        table = self._scaling.table(target)
        if table is None or not exists(table, target.index):
            raise errors.scaling_resource_missing("table" if target.index is None else "index", resource_id)
        if "MinCapacity" not in request or "MaxCapacity" not in request:
            raise errors.scaling_capacity_required()
        return target

    def _describe_targets(self, caller: Caller, request: Request) -> Answer:
        names = request.get("ResourceIds")
        found = (target for target in self._found(caller, request) if names is None or target.resource_id in names)
        return _page("ScalableTargets", [shapes.target_shape(target) for target in found], request)

    def _deregister(self, caller: Caller, request: Request) -> Answer:
        """Remove a target with its policies and scheduled actions.

        The table or index keeps its present capacity.
        """
        self._targets.remove(self._target(caller, request))
        return {}

    # --- policies ---------------------------------------------------------------------------------

    def _put_policy(self, caller: Caller, request: Request) -> Answer:
        """Add the policy of a request, or change the target's policy that has the same name."""
        target = self._target(caller, request)
        kind = request.get("PolicyType", _TRACKING)
        if kind != _TRACKING:
            raise errors.scaling_policy_type_unsupported(kind)
        configuration = request.get("TargetTrackingScalingPolicyConfiguration")
        if configuration is None:
            raise errors.scaling_configuration_required()
        name = request["PolicyName"]
        _check_configuration(target, configuration, name)
        before = _named(target.policies, name)
        policy = ScalingPolicy(
            name,
            str(uuid.uuid4()) if before is None else before.uuid,
            configuration,
            self._database.clock.now() if before is None else before.created,
        )
        self._targets.save(replace(target, policies=_with(target.policies, policy)))
        return {"PolicyARN": shapes.policy_arn(target, policy), "Alarms": shapes.alarms(target, policy)}

    def _describe_policies(self, caller: Caller, request: Request) -> Answer:
        names = request.get("PolicyNames")
        found = [
            shapes.policy_shape(target, policy)
            for target in self._found(caller, request)
            for policy in target.policies
            if names is None or policy.name in names
        ]
        return _page("ScalingPolicies", found, request)

    def _delete_policy(self, caller: Caller, request: Request) -> Answer:
        name = request["PolicyName"]
        target = self._target_with(caller, request, "policies", name, errors.scaling_policy_not_found)
        self._targets.save(replace(target, policies=_without(target.policies, name)))
        return {}

    # --- scheduled actions ------------------------------------------------------------------------

    def _put_action(self, caller: Caller, request: Request) -> Answer:
        """Add the scheduled action of a request, or change the one that has the same name."""
        target = self._target(caller, request)
        name, now = request["ScheduledActionName"], self._database.clock.now()
        before = _named(target.actions, name)
        if before is None:
            if "Schedule" not in request or "ScalableTargetAction" not in request:
                raise errors.scaling_schedule_required()
            before = ScheduledAction(name, str(uuid.uuid4()), request["Schedule"], now, now)
        given = request.get("ScalableTargetAction")
        bounds = {"MinCapacity": before.min_capacity, "MaxCapacity": before.max_capacity} if given is None else given
        action = replace(
            before,
            schedule=request.get("Schedule", before.schedule),
            last=now,
            timezone=request.get("Timezone", before.timezone),
            start=request.get("StartTime", before.start),
            end=request.get("EndTime", before.end),
            min_capacity=bounds.get("MinCapacity"),
            max_capacity=bounds.get("MaxCapacity"),
        )
        if action.min_capacity is None and action.max_capacity is None:
            raise errors.scaling_action_empty()
        if None not in (low := action.min_capacity, high := action.max_capacity) and high < low:  # type: ignore[operator]
            raise errors.scaling_capacity_reversed()
        for member, time in (("StartTime", action.start), ("EndTime", action.end)):
            if time is not None and not EARLIEST <= time < LATEST:
                raise errors.scaling_time_invalid(member)
        schedules.check(action.schedule, action.timezone)
        self._targets.save(replace(target, actions=_with(target.actions, action)))
        return {}

    def _describe_actions(self, caller: Caller, request: Request) -> Answer:
        names = request.get("ScheduledActionNames")
        found = [
            shapes.action_shape(target, action)
            for target in self._found(caller, request)
            for action in target.actions
            if names is None or action.name in names
        ]
        return _page("ScheduledActions", found, request)

    def _delete_action(self, caller: Caller, request: Request) -> Answer:
        name = request["ScheduledActionName"]
        target = self._target_with(caller, request, "actions", name, errors.scaling_action_not_found)
        self._targets.save(replace(target, actions=_without(target.actions, name)))
        return {}

    # --- activities -------------------------------------------------------------------------------

    def _describe_activities(self, caller: Caller, request: Request) -> Answer:
        """Describe the last activities of targets, the newest first."""
        has_passed = self._database.catalog.has_passed
        found = [(target, each) for target in self._found(caller, request) for each in target.activities]
        found.sort(key=lambda pair: -pair[1].started)
        described = [
            shapes.activity_shape(target, each, fulfilled=has_passed(each.fulfilled)) for target, each in found
        ]
        return _page("ScalingActivities", described, request)

    # --- forecasts --------------------------------------------------------------------------------

    def _forecast(self, _caller: Caller, request: Request) -> Answer:
        """Refuse a forecast, because only ECS has predictive policies (AWS: ScalingPolicy)."""
        if request["ServiceNamespace"] == NAMESPACE:
            check_dimension(request)
        raise errors.scaling_forecast_unsupported(request["PolicyName"])

    # --- tags -------------------------------------------------------------------------------------

    def _list_tags(self, caller: Caller, request: Request) -> Answer:
        return {"Tags": self._of_arn(caller, request).tags}

    def _tag(self, caller: Caller, request: Request) -> Answer:
        target = self._of_arn(caller, request)
        tags = {**target.tags, **request["Tags"]}
        _check_tags(tags, target.arn)
        self._targets.save(replace(target, tags=tags))
        return {}

    def _untag(self, caller: Caller, request: Request) -> Answer:
        target = self._of_arn(caller, request)
        tags = {name: value for name, value in target.tags.items() if name not in request["TagKeys"]}
        self._targets.save(replace(target, tags=tags))
        return {}

    # --- finding ----------------------------------------------------------------------------------

    def _target(self, caller: Caller, request: Request) -> ScalableTarget:
        """Return the target that a request names. Raises ObjectNotFoundException."""
        check_dimension(request)
        target = self._targets.get(caller.tenant, *_ids(request))
        if target is None:
            raise errors.scaling_target_not_found(*_ids(request))
        return target

    def _target_with(
        self,
        caller: Caller,
        request: Request,
        parts: str,
        name: str,
        missing: Callable[[str, str, str], errors.ApiError],
    ) -> ScalableTarget:
        """Return the target that a request names and that has a policy or action with this name.

        parts: "policies" or "actions". missing: a function that makes the ApiError to raise if
        there is no such target, or if it has no such policy or action.
        """
        check_dimension(request)
        target = self._targets.get(caller.tenant, *_ids(request))
        if target is None or _named(getattr(target, parts), name) is None:
            raise missing(*_ids(request), name)
        return target

    def _found(self, caller: Caller, request: Request) -> Iterable[ScalableTarget]:
        """Return the targets that a Describe request selects."""
        dimension = request.get("ScalableDimension")
        if dimension is not None and request["ServiceNamespace"] == NAMESPACE and dimension not in DIMENSIONS:
            raise errors.scaling_resource_unsupported()
        if request["ServiceNamespace"] != NAMESPACE:
            return ()
        resource_id = request.get("ResourceId")
        return (
            target
            for target in self._targets.of(caller.tenant)
            if dimension in (None, target.dimension) and resource_id in (None, target.resource_id)
        )

    def _of_arn(self, caller: Caller, request: Request) -> ScalableTarget:
        """Return the target with the ARN in the request. Raises ResourceNotFoundException."""
        arn = request["ResourceARN"]
        for target in self._targets.of(caller.tenant):
            if target.arn == arn:
                return target
        raise errors.scaling_arn_not_found(arn)


def _check_configuration(target: ScalableTarget, configuration: Mapping[str, Any], name: str) -> None:
    """Raise ApiError if a policy's configuration does not fit its target.

    name: the policy's name.
    """
    predefined = configuration.get("PredefinedMetricSpecification")
    if (predefined is None) is ("CustomizedMetricSpecification" not in configuration):
        raise errors.scaling_metric_required()
    if predefined is None:
        return
    metric, value = predefined["PredefinedMetricType"], configuration["TargetValue"]
    if metric != METRICS[target.kind]:
        raise errors.scaling_metric_unsupported(metric, target.dimension)
    low, high = limits.TARGET_VALUES
    if not low <= value <= high:
        raise errors.scaling_target_value(metric, value)
    others = (each.configuration for each in target.policies if each.name != name)
    if any("PredefinedMetricSpecification" in each for each in others):
        raise errors.scaling_metric_repeated()


def _check_tags(tags: Mapping[str, str], arn: str) -> None:
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise errors.scaling_too_many_tags(arn)
    for name in tags:
        if not 1 <= len(name) <= limits.TAG_KEY:
            constraint = errors.max_length(limits.TAG_KEY) if name else errors.min_length(1)
            raise errors.scaling_tag_key_invalid(name, constraint)


def _ids(request: Request) -> tuple[str, str]:
    """Return the resource id and the dimension of the target that a request names."""
    return request["ResourceId"], request["ScalableDimension"]


def _named(parts: Iterable[_T], name: str) -> _T | None:
    return next((part for part in parts if part.name == name), None)


def _with(parts: Iterable[_T], changed: _T) -> tuple[_T, ...]:
    """Return policies or actions with `changed` added, in place of one with the same name."""
    by_name = {part.name: part for part in parts} | {changed.name: changed}
    return tuple(by_name.values())


def _without(parts: Iterable[_T], name: str) -> tuple[_T, ...]:
    return tuple(part for part in parts if part.name != name)


def _page(member: str, found: list[dict[str, Any]], request: Request) -> Answer:
    """Return an answer with one page of a list. Raises InvalidNextTokenException.

    member: the answer's member for the list. found: the whole list. The NextToken contains `member`
    and the number of elements on earlier pages.
    """
    limit = request.get("MaxResults", _PAGE)
    limit = limit if 1 <= limit <= _PAGE else _PAGE
    start = 0
    if "NextToken" in request:
        try:
            kind, start = orjson.loads(base64.b64decode(request["NextToken"], validate=True))
        except (ValueError, TypeError):
            raise errors.scaling_token_invalid() from None
        if kind != member or type(start) is not int or start < 0:
            raise errors.scaling_token_invalid()
    answer: dict[str, Any] = {member: found[start : start + limit]}
    if start + limit < len(found):
        answer["NextToken"] = base64.b64encode(orjson.dumps([member, start + limit])).decode()
    return answer
