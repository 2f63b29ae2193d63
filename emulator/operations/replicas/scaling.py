"""The auto scaling of one replica: calls of Application Auto Scaling in the replica's region.

A dimension is the read or the write capacity of a table or index. Each dimension has at most one
scalable target, and each target has one policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from emulator import errors, limits
from emulator.database.database import Database
from emulator.database.definitions.tables import TableDefinition

READ: Final = "Read"
WRITE: Final = "Write"

_CONFIGURATION: Final = "TargetTrackingScalingPolicyConfiguration"
_SHOWN: Final = ("DisableScaleIn", "ScaleInCooldown", "ScaleOutCooldown", "TargetValue")
_MOST_UNITS: Final = (1 << 31) - 1
_DISABLED: Final[Mapping[str, Any]] = {"AutoScalingDisabled": True, "ScalingPolicies": []}

NEW_INDEX: Final[Mapping[str, Any]] = {
    "MinimumUnits": 1,
    "MaximumUnits": 10,
    "ScalingPolicyUpdate": {_CONFIGURATION: {"TargetValue": 70.0}},
}
"""The auto scaling of writes for a new index of a provisioned global table (control-plane 10)."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """The read or the write capacity of a table or a global index.

    index: the name of the index, None for the table. kind: READ or WRITE.
    """

    index: str | None
    kind: str


class Settings:
    """The auto scaling settings of one table in one region, and of its global indexes."""

    def __init__(self, database: Database, definition: TableDefinition) -> None:
        self._database = database
        self._table = definition.name
        self._caller = database.catalog.caller(definition.access_key, definition.region)

    def described(self, dimension: Dimension) -> dict[str, Any]:
        """Return the AutoScalingSettingsDescription of the capacity that `dimension` names."""
        target = self._target(dimension)
        policies = self._policies(dimension)
        if target is None or not policies:
            return dict(_DISABLED)
        return {
            "MinimumUnits": target["MinCapacity"],
            "MaximumUnits": target["MaxCapacity"],
            "AutoScalingRoleArn": target["RoleARN"],
            "ScalingPolicies": [
                {
                    "PolicyName": policy["PolicyName"],
                    _CONFIGURATION: {
                        name: policy[_CONFIGURATION][name] for name in _SHOWN if name in policy[_CONFIGURATION]
                    },
                }
                for policy in policies
            ],
        }

    def check(self, dimension: Dimension, change: Mapping[str, Any]) -> None:
        """Raise the ApiError that `enable` would raise for a change, without changing anything.

        change: AutoScalingSettingsUpdate of a request.
        """
        value = float(change["ScalingPolicyUpdate"][_CONFIGURATION]["TargetValue"])
        low, high = limits.TARGET_VALUES
        metric = self._metric(dimension)
        if max(change["MinimumUnits"], change["MaximumUnits"]) > _MOST_UNITS:
            raise errors.replica_scaling_refused(errors.scaling_not_parsed())
        if change["MaximumUnits"] < change["MinimumUnits"]:
            raise errors.replica_scaling_refused(errors.scaling_capacity_reversed())
        if not low <= value <= high:
            raise errors.replica_scaling_refused(errors.scaling_target_value(metric, value))

    def _metric(self, dimension: Dimension) -> str:
        return f"DynamoDB{dimension.kind}CapacityUtilization"

    def enable(self, dimension: Dimension, change: Mapping[str, Any]) -> None:
        """Register the scalable target of a dimension, and replace its scaling policy.

        dimension: which capacity to scale. change: AutoScalingSettingsUpdate of a request.
        """
        names = self._names(dimension)
        role = {"RoleARN": change["AutoScalingRoleArn"]} if "AutoScalingRoleArn" in change else {}
        bounds = {"MinCapacity": change["MinimumUnits"], "MaxCapacity": change["MaximumUnits"]}
        update = change["ScalingPolicyUpdate"]
        name = update.get("PolicyName", f"{self._metric(dimension)}:{names['ResourceId']}")
        metric = {"PredefinedMetricType": self._metric(dimension)}
        tracking = {**update[_CONFIGURATION], "PredefinedMetricSpecification": metric}
        self._ask("RegisterScalableTarget", {**names, **bounds, **role})
        for policy in self._policies(dimension):
            if policy["PolicyName"] != name:
                self._ask("DeleteScalingPolicy", {**names, "PolicyName": policy["PolicyName"]})
        self._ask(
            "PutScalingPolicy",
            {**names, "PolicyName": name, "PolicyType": "TargetTrackingScaling", _CONFIGURATION: tracking},
        )

    def disable(self, dimension: Dimension) -> None:
        """Stop the scaling of a dimension: remove its scalable target, if any, with its policy."""
        if self._target(dimension) is not None:
            self._ask("DeregisterScalableTarget", self._names(dimension))

    def copy(self, dimension: Dimension, source: "Settings") -> None:
        """Copy the scalable target and policies of a dimension from the settings `source`.

        `source` has the settings of the same table in another region. If `source` has no target
        for the dimension, do nothing.
        """
        target = source._target(dimension)  # noqa: SLF001 - of the same class
        if target is None:
            return
        names = self._names(dimension)
        self._ask(
            "RegisterScalableTarget",
            {
                **names,
                "MinCapacity": target["MinCapacity"],
                "MaxCapacity": target["MaxCapacity"],
                "SuspendedState": target["SuspendedState"],
            },
        )
        for policy in source._policies(dimension):  # noqa: SLF001 - of the same class
            kept = {name: policy[name] for name in ("PolicyName", "PolicyType", _CONFIGURATION)}
            self._ask("PutScalingPolicy", {**names, **kept})

    def _names(self, dimension: Dimension) -> dict[str, str]:
        """Return the request members by which Application Auto Scaling finds a scalable target."""
        resource, kind = f"table/{self._table}", "table"
        if dimension.index is not None:
            resource, kind = f"{resource}/index/{dimension.index}", "index"
        return {
            "ServiceNamespace": "dynamodb",
            "ResourceId": resource,
            "ScalableDimension": f"dynamodb:{kind}:{dimension.kind}CapacityUnits",
        }

    def _target(self, dimension: Dimension) -> Mapping[str, Any] | None:
        names = self._names(dimension)
        names["ResourceIds"] = [names.pop("ResourceId")]  # type: ignore[assignment]
        found = self._ask("DescribeScalableTargets", names)["ScalableTargets"]
        return found[0] if found else None

    def _policies(self, dimension: Dimension) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self._ask("DescribeScalingPolicies", self._names(dimension))[
            "ScalingPolicies"
        ]
        return found

    def _ask(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an operation of Application Auto Scaling; return its response.

        Raises ApiError: the error of Application Auto Scaling, in DynamoDB's wording.

        If another process interrupts the call, only the call runs again, and not the whole request,
        because the request has already stored its earlier changes.
        """
        call = partial(self._database.call_scaling, operation, dict(request), self._caller)
        try:
            return self._database.rerun(call)
        except errors.ApiError as error:
            raise errors.replica_scaling_refused(error) from None


def copy_writes(database: Database, source: TableDefinition, replica: TableDefinition) -> None:
    """Copy the auto scaling of writes from a table to its new replica (control-plane 10)."""
    old, new = Settings(database, source), Settings(database, replica)
    for name in (None, *(index.name for index in replica.indexes if not index.local)):
        new.copy(Dimension(name, WRITE), old)
