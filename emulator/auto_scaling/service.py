"""The interface of this package: the API, and the work that is due each minute."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from emulator.auto_scaling import schedules, tracking
from emulator.auto_scaling.api import Answer, Api
from emulator.auto_scaling.scaling import Scaling, Update
from emulator.auto_scaling.target import ScalableTarget, ScheduledAction, Wanted
from emulator.auto_scaling.targets import Targets
from emulator.auto_scaling.tracking import LOW_MINUTES, MINUTE
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.shared_memory import SharedMemory


class ScalingService:
    """Answers requests to Application Auto Scaling, and scales the targets.

    update: a function that calls UpdateTable. sharing: the memory that the processes share, None if
    the server has one process.
    """

    def __init__(self, database: Database, update: Update, *, shared: bool, sharing: SharedMemory | None) -> None:
        self._database = database
        self._clock = database.clock
        self._worker = str(0 if sharing is None else sharing.worker_index)
        self.targets = Targets(database, shared=shared)
        self._scaling = Scaling(database, self.targets, update)
        self._api = Api(database, self.targets, self._scaling)

    def answer(self, operation: str, raw: object, caller: Caller) -> Answer:
        """Answer a request, given as parsed JSON. Raises ApiError."""
        return self._api.answer(operation, raw, caller)

    def next_events(self) -> Iterator[tuple[float, str, str]]:
        """Yield (time, "ScheduledAction", target's ARN) for the next run of each action."""
        for target in self.targets:
            for action in target.actions:
                due = _due(action)
                if due is not None:
                    yield due, "ScheduledAction", target.arn

    def run(self) -> None:
        """Scale all targets. A process that is not the owner only stores its counts of units.

        The scheduler calls this each minute, in every process.
        """
        for target in list(self.targets):
            work = self._scale if self._database.owner else self._report
            self._database.rerun(partial(work, target))

    def _report(self, target: ScalableTarget) -> None:
        """Store the units that this process has counted. The owner process reads them."""
        current = self.targets.current(target)
        consumed = {str(minute): units for minute, units in self._consumed(target).items()}
        if current is not None and consumed != current.consumed.get(self._worker, {}):
            self.targets.save(replace(current, consumed={**current.consumed, self._worker: consumed}))

    def _scale(self, target: ScalableTarget) -> None:
        now = self._clock.now()
        current = self._after_actions(self.targets.current(target), now)
        if current is None:
            return
        if current.wanted is not None:
            self._scaling.set(current, current.wanted)
            return
        provisioned = self._scaling.provisioned(current)
        if provisioned is None:
            return
        consumed = self._consumed_by_all(current)
        for policy in current.policies:
            decision = tracking.decision(current, policy, provisioned, consumed, now)
            if decision is not None:
                alarm = policy.alarm(current.resource_id, decision.alarm)
                cause = f"monitor alarm {alarm} in state ALARM triggered policy {policy.name}"
                if decision.units > provisioned:
                    current = replace(current, scaled_out=now)
                else:
                    current = replace(current, scaled_in=now)
                self.targets.save(current)
                self._scaling.set(current, Wanted(decision.units, cause))
                return

    def _after_actions(self, target: ScalableTarget | None, now: float) -> ScalableTarget | None:
        """Execute the scheduled actions that are due, and return the changed target.

        target: None if the target does not exist. The result is None if the target was removed.
        """
        for action in () if target is None or target.is_suspended("ScheduledScalingSuspended") else target.actions:
            due = _due(action)
            if target is None or due is None or due > now:
                continue
            low = target.min_capacity if action.min_capacity is None else action.min_capacity
            high = target.max_capacity if action.max_capacity is None else action.max_capacity
            actions = tuple(replace(each, last=now) if each == action else each for each in target.actions)
            changed = replace(target, actions=actions, min_capacity=min(low, high), max_capacity=max(low, high))
            self.targets.save(changed)
            self._scaling.set_within_bounds(changed)
            target = self.targets.current(changed)
        return target

    def _consumed(self, target: ScalableTarget) -> Mapping[int, float]:
        """Return the units that this process counted lately: minute since the epoch -> units."""
        table = self._scaling.table(target)
        throttle = None if table is None else self._database.enforcer.throttle(table.id)
        if throttle is None:
            return {}
        first = int(self._clock.now() // MINUTE) - LOW_MINUTES
        consumed = throttle.consumed(target.index, target.kind)
        return {minute: units for minute, units in consumed.items() if minute >= first}

    def _consumed_by_all(self, target: ScalableTarget) -> Mapping[int, float]:
        total = dict(self._consumed(target))
        for worker, consumed in target.consumed.items():
            for minute, units in consumed.items() if worker != self._worker else ():
                total[int(minute)] = total.get(int(minute), 0.0) + units
        return total


def _due(action: ScheduledAction) -> float | None:
    """Return the time at which an action happens next, None if it will not happen again."""
    after = action.last if action.start is None else max(action.last, action.start - 1)
    due = schedules.following(action.schedule, action.timezone, after, action.start or action.created)
    return due if due is not None and (action.end is None or due <= action.end) else None
