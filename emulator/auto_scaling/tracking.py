"""Computes the capacity that a target tracking policy demands (control-plane 10).

For each minute, the policy compares the utilization with its TargetValue. The utilization is the
consumed units in percent of the provisioned units. The service has an alarm of CloudWatch for each
direction:

- AlarmHigh: in each of the last two minutes, the utilization was above the TargetValue.
- AlarmLow: in each of the last fifteen minutes, the utilization was more than 20 percentage points
  below the TargetValue.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.auto_scaling.target import ScalableTarget, ScalingPolicy

MINUTE: Final = 60
HIGH_MINUTES: Final = 2
LOW_MINUTES: Final = 15
_MARGIN: Final = 20.0  # percentage points; AlarmLow: the utilization is below TargetValue by more than this margin

METRICS: Final = {"Read": "DynamoDBReadCapacityUtilization", "Write": "DynamoDBWriteCapacityUtilization"}
"""Kind of capacity -> the predefined metric of its utilization."""

Units = Mapping[int, float]
"""Minute since the epoch -> the units consumed in it. Minutes without consumption are missing."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A demanded capacity. alarm: the alarm that demands it, AlarmHigh or AlarmLow."""

    units: int
    alarm: str


def decision(
    target: ScalableTarget, policy: ScalingPolicy, provisioned: int, consumed: Units, now: float
) -> Decision | None:
    """Return the capacity that a policy demands now, None if it demands no change.

    provisioned: units per second. consumed: minute since the epoch -> units. now: in seconds.
    """
    configuration = policy.configuration
    if configuration.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType") != METRICS[target.kind]:
        return None
    utilization = configuration["TargetValue"] / 100
    current = int(now // MINUTE)
    last = [consumed.get(minute, 0.0) for minute in range(current - LOW_MINUTES, current)]
    if all(units > utilization * provisioned * MINUTE for units in last[-HIGH_MINUTES:]):
        wanted = _wanted(target, last[-1], utilization)
        if wanted > provisioned and _may(target, "Out", configuration.get("ScaleOutCooldown", 0), now):
            return Decision(wanted, "AlarmHigh")
    low = (configuration["TargetValue"] - _MARGIN) / 100
    watched = (current - LOW_MINUTES) * MINUTE >= policy.created
    if watched and all(units < max(low, 0.0) * provisioned * MINUTE for units in last):
        wanted = _wanted(target, max(last), utilization)
        if (
            wanted < provisioned
            and not configuration.get("DisableScaleIn", False)
            and _may(target, "In", configuration.get("ScaleInCooldown", 0), now)
        ):
            return Decision(wanted, "AlarmLow")
    return None


def _wanted(target: ScalableTarget, consumed: float, utilization: float) -> int:
    """Return the capacity with which the utilization would be `utilization`.

    consumed: the units consumed in a minute. utilization: the policy's TargetValue as a fraction.
    The target's bounds limit the result.
    """
    units = math.ceil(consumed / MINUTE / utilization)
    return max(target.min_capacity, min(units, target.max_capacity))


def _may(target: ScalableTarget, direction: str, cooldown: int, now: float) -> bool:
    """Return True if a policy may raise (`direction` Out) or lower (In) the capacity now.

    The result is False while this direction is suspended, and for `cooldown` seconds after a
    policy last changed the capacity in this direction.
    """
    last = target.scaled_out if direction == "Out" else target.scaled_in
    if target.is_suspended(f"DynamicScaling{direction}Suspended"):
        return False
    return last is None or not 0 <= now - last < cooldown
