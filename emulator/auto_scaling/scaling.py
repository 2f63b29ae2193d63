"""Changes the capacity of tables and indexes with UpdateTable."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from emulator import errors
from emulator.auto_scaling.target import MOST_ACTIVITIES, READ, Activity, ScalableTarget, Wanted
from emulator.auto_scaling.targets import Targets
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.database.schema.table import Table

Update = Callable[[dict[str, Any], Caller], object]
"""A function that calls UpdateTable. Raises ApiError."""

_IN_USE: Final = "ResourceInUseException"


class Scaling:
    """Sets the capacity of targets. update: a function that calls UpdateTable."""

    def __init__(self, database: Database, targets: Targets, update: Update) -> None:
        self._database = database
        self._targets = targets
        self._update = update

    def table(self, target: ScalableTarget) -> Table | None:
        """Return the table of a target, None if the table does not exist."""
        return self._database.catalog.find(self._caller(target), target.table, expected=False)

    def provisioned(self, target: ScalableTarget) -> int | None:
        """Return the provisioned units of a target, None if its table is not provisioned."""
        table = self.table(target)
        relation = None if table is None else _relation(table.definition, target.index)
        if table is None or relation is None or table.definition.billing_mode != "PROVISIONED":
            return None
        return relation.read_units if target.kind == READ else relation.write_units

    def set_within_bounds(self, target: ScalableTarget) -> None:
        """Raise the capacity to the target's minimum, or lower it to its maximum, if needed."""
        units = self.provisioned(target)
        if units is not None and units < target.min_capacity:
            self.set(target, Wanted(target.min_capacity, f"minimum capacity was set to {target.min_capacity}"))
        elif units is not None and units > target.max_capacity:
            self.set(target, Wanted(target.max_capacity, f"maximum capacity was set to {target.max_capacity}"))

    def set(self, target: ScalableTarget, wanted: Wanted) -> None:
        """Set the capacity of a target, and store an activity (the log of a change) in the target.

        If the table is being changed, store only `wanted` in the target. The next run of auto
        scaling tries again.
        """
        now = self._database.clock.now()
        activity = Activity(str(uuid.uuid4()), wanted.units, wanted.cause, now, now)
        later = None
        try:
            self._set_capacity(target, wanted.units)
        except errors.ApiError as error:
            if error.code == _IN_USE:
                later = wanted
            activity = replace(activity, failure=error.message or error.code)
        else:
            activity = replace(activity, fulfilled=self._database.catalog.until())
        current = self._targets.current(target)
        if current is None:
            return
        if later is None:
            current = replace(current, activities=(activity, *current.activities)[:MOST_ACTIVITIES])
        self._targets.save(replace(current, wanted=later))

    def _set_capacity(self, target: ScalableTarget, units: int) -> None:
        """Set the capacity of a target's table or index with UpdateTable. Raises ApiError."""
        table = self.table(target)
        relation = None if table is None else _relation(table.definition, target.index)
        if table is None or relation is None:
            raise errors.scaling_resource_missing("table" if target.index is None else "index", target.resource_id)
        elsewhere = next(iter(self._database.catalog.group(table.definition)), None)
        if target.kind == READ and elsewhere is not None:
            self._override_reads(target, elsewhere.definition, units)
            return
        read, write = (units, relation.write_units) if target.kind == READ else (relation.read_units, units)
        throughput = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
        request: dict[str, Any] = {"TableName": target.table}
        if target.index is None:
            request["ProvisionedThroughput"] = throughput
        else:
            update = {"IndexName": target.index, "ProvisionedThroughput": throughput}
            request["GlobalSecondaryIndexUpdates"] = [{"Update": update}]
        self._update(request, self._caller(target))

    def _override_reads(self, target: ScalableTarget, other: TableDefinition, units: int) -> None:
        """Set the read capacity of one replica. Other replicas keep theirs.

        UpdateTable cannot change the replica in the region that gets the request. So the request
        goes to the region of `other`, another replica of the same table.
        """
        override: dict[str, Any] = {"ProvisionedThroughputOverride": {"ReadCapacityUnits": units}}
        if target.index is not None:
            override = {"GlobalSecondaryIndexes": [{"IndexName": target.index, **override}]}
        update = {"Update": {"RegionName": target.region, **override}}
        caller = self._database.catalog.caller(other.access_key, other.region)
        self._update({"TableName": target.table, "ReplicaUpdates": [update]}, caller)

    def _caller(self, target: ScalableTarget) -> Caller:
        return self._database.catalog.caller(target.access_key, target.region)


def _relation(definition: TableDefinition, index: str | None) -> TableDefinition | IndexDefinition | None:
    """Return the definition of a table, or of its global index if `index` is not None.

    Return None if the table has no global index of this name.
    """
    if index is None:
        return definition
    return next((each for each in definition.indexes if each.name == index and not each.local), None)


def exists(table: Table, index: str | None) -> bool:
    """Return True if a table has a global index of this name.

    For the table itself, `index` is None, and the result is True.
    """
    return _relation(table.definition, index) is not None
