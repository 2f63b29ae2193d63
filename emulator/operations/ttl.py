"""UpdateTimeToLive and DescribeTimeToLive (behaviour 12, control-plane 20.2).

database/changes/ttl_queue.py defines which items expire, and when.
"""

from dataclasses import replace
from typing import Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.tables import CREATING, DELETING, TableDefinition
from emulator.database.jobs import ttl_fill
from emulator.model.request import Request
from emulator.operations.registry import Response, operation

# After a change, the service refuses another change for this many seconds. Times from 1,812 to
# 1,871 seconds were observed (finding DDB-TABLE-143).
_INTERVAL: Final = 1860.0


@operation("UpdateTimeToLive")
def update_time_to_live(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Switch TTL on or off. The response repeats TimeToLiveSpecification from the request."""
    specification = request["TimeToLiveSpecification"]
    attribute, enabled = specification["AttributeName"], specification["Enabled"]
    definition = database.described(caller, request["TableName"]).definition
    now = database.clock.now()
    if definition.membership is not None:
        from emulator.operations.replicas.members import refuse_feature  # noqa: PLC0415 - few tables have replicas

        refuse_feature(definition, "time_to_live")
    _check(definition, attribute, enabled=enabled, now=now)
    others = () if definition.membership is None else _replicas(database, definition)
    catalog = database.catalog
    with catalog.changing(urgent=True) as change:
        changed = [
            catalog.save(change, replace(each, ttl_attribute=attribute if enabled else None, ttl_changed=now))
            for each in (definition, *others)
        ]
    if enabled:
        for each in changed:
            ttl_fill.begin(database, catalog.published(each))
    return {"TimeToLiveSpecification": dict(specification)}


@operation("DescribeTimeToLive")
def describe_time_to_live(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Describe the TTL setting of a table, with the status ENABLED or DISABLED.

    Like the service's, the response never has ENABLING or DISABLING (control-plane 20.2).
    """
    definition = database.described(caller, request["TableName"]).definition
    if definition.status in (CREATING, DELETING):
        raise errors.ttl_not_described(definition.status)
    if definition.ttl_attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": definition.ttl_attribute}}


def _replicas(database: Database, definition: TableDefinition) -> list[TableDefinition]:
    """Return the other tables of a global table, which share its TTL setting.

    Raises ApiError if a replica is being added.
    """
    from emulator.database.jobs import replication  # noqa: PLC0415 - few tables have replicas

    found = [table.definition for table in replication.others(database, definition)]
    for each in found:
        if each.status == CREATING:
            raise errors.replica_being_added(each.name, each.region)
    return found


def _check(definition: TableDefinition, attribute: str, *, enabled: bool, now: float) -> None:
    """Raise ApiError if the table does not allow this change of TTL now."""
    if definition.status in (CREATING, DELETING):
        raise errors.ttl_table_changing(definition.name, definition.status)
    current = definition.ttl_attribute
    if not enabled and current is None:
        raise errors.ttl_already("disabled")
    if enabled and current == attribute:
        raise errors.ttl_already("enabled")
    if current is not None and current != attribute:
        raise errors.ttl_on_another_attribute(current)
    changed = definition.ttl_changed
    # If `now - changed` is below 0, a test has set the clock back. Then allow the change.
    if changed is not None and 0 <= now - changed < _INTERVAL:
        raise errors.ttl_changed_too_often()
