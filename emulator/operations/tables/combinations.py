"""Checks which changes one UpdateTable request combines (behaviour 10.4).

A request usually asks for one change. The service allows only these combinations of changes:

- BillingMode, ProvisionedThroughput and updates of global indexes
- BillingMode and OnDemandThroughput
- a switch to on-demand mode and a change of the stream
- a new index and BillingMode

The combinations and the order of the errors come from these findings: ack-api-quirks,
DDB-TABLE-156, 160, 174, 359, 382, 433, 456.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from emulator import errors
from emulator.database.definitions.tables import CREATING, DELETING, UPDATING, TableDefinition
from emulator.errors import ApiError
from emulator.model.request import Request
from emulator.operations.tables import vector_rules
from emulator.operations.tables.settings import class_of
from emulator.operations.tables.throughput import PROVISIONED

_CHANGES: Final = (
    "ProvisionedThroughput",
    "BillingMode",
    "StreamSpecification",
    "GlobalSecondaryIndexUpdates",
    "VectorIndexUpdates",
    "SSESpecification",
    "TableClass",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
    "WarmThroughput",
    "ReplicaUpdates",
    "DisassociationProtectionEnabled",
    "GlobalTableSettingsReplicationMode",
)
_ABSENT_IF_EMPTY: Final = ("OnDemandThroughput", "WarmThroughput")
_ALONE: Final = {
    "SSESpecification": "Server-Side Encryption modification",
    "TableClass": "TableClass modification",
    "DeletionProtectionEnabled": "DeletionProtection modification",
    "ReplicaUpdates": "Replica modification",
    "DisassociationProtectionEnabled": "DisassociationProtection modification",  # this text is inferred, not observed
    "GlobalTableSettingsReplicationMode": "GlobalTableSettingsReplicationMode modification",  # this text is inferred
}
"""Member that a request must not combine with other changes -> its name in the error.

If a request has several of these members, the error is about the first of them in this order.
"""

_MAKE_UPDATING: Final = frozenset({"ProvisionedThroughput", "BillingMode", "StreamSpecification", "TableClass"})
"""Members that make the table UPDATING if they change it.

Other changes leave the table ACTIVE, even while they are pending.
"""

_LISTED: Final = (
    "ProvisionedThroughput",
    "BillingMode",
    "UpdateStreamEnabled",
    "GlobalSecondaryIndexUpdates",
    "SSESpecification",
    "ReplicaUpdates",
    "MultiAccountReplicaReady",
    "ReplicaTransitRoleArn",
    "MultiRegionConsistency",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
    "WarmThroughput",
    "TableClass",
)
"""Members that the service names in the error for a request without changes, in the error's order.

The error leaves out the members that the request has. UpdateStreamEnabled, MultiAccountReplicaReady
and ReplicaTransitRoleArn are not in the SDK's model (behaviour 10.4).
"""

_NOTHING: Final = frozenset(
    {"TableName", "AttributeDefinitions", "MultiRegionConsistency", "GlobalTableWitnessUpdates"}
)
"""Members that change nothing by themselves (control-plane 20.1)."""

_INDEX_MEMBERS: Final = frozenset(
    {"TableName", "AttributeDefinitions", "GlobalSecondaryIndexUpdates", "VectorIndexUpdates"}
)
"""Members that are allowed in a request while an index of its table is created or deleted."""

_NOTHING_IF_EMPTY: Final = (*_ABSENT_IF_EMPTY, "GlobalSecondaryIndexUpdates", "VectorIndexUpdates")


def check_asks_for_something(request: Request) -> None:
    """Raise ApiError if the request asks for no change.

    The error lists members of UpdateTable that ask for changes and are not in this request
    (behaviour 10.4).
    """
    empty = {member for member in _NOTHING_IF_EMPTY if not request.get(member)}
    if request.keys() <= _NOTHING | empty:
        missing = [member for member in _LISTED if member not in request]
        raise errors.nothing_to_update(missing)


def check_combination(request: Request) -> None:
    """Raise ApiError if the request combines changes that the service allows only separately."""
    updates = request.get("GlobalSecondaryIndexUpdates")
    if updates is not None and not updates:
        raise errors.empty_index_list("GlobalSecondaryIndexUpdates")
    _check_index_updates(updates or ())
    if "VectorIndexUpdates" in request:
        vector_rules.check_updates(request)
    changes = {member for member in _CHANGES if member in request} - {
        member for member in _ABSENT_IF_EMPTY if not request.get(member)
    }
    if changes - {"ReplicaUpdates"} and _changes_members(request):
        raise errors.membership_changes_alone()
    for error in _mismatches(changes, _actions(request), request.get("BillingMode")):
        raise error
    if len(_builds(request)) > 1:
        raise errors.one_online_index()


def reports_updating(request: Request) -> bool:
    """Return True if the response of UpdateTable has the status UPDATING.

    This was observed: findings DDB-TABLE-135, 148, 410.
    """
    return bool(_builds(request)) or not _MAKE_UPDATING.isdisjoint(request)


def makes_updating(definition: TableDefinition, request: Request) -> bool:
    """Return True if a request makes its table UPDATING until the change is in force.

    If a request only sets a billing mode or table class that the table already has, the table stays
    ACTIVE, but the response says UPDATING (finding DDB-TABLE-177).
    """
    unchanged = set()
    if request.get("BillingMode") == definition.billing_mode:
        unchanged.add("BillingMode")
    if request.get("TableClass") == class_of(definition):
        unchanged.add("TableClass")
    return bool(_builds(request)) or not (_MAKE_UPDATING - unchanged).isdisjoint(request)


def refuse_while_updating(definition: TableDefinition, request: Request) -> None:
    """Raise ApiError if a table that is UPDATING does not allow this request.

    While an index of the table is created or deleted, a request may change only other indexes. If
    the request changes this index, or the capacity of the table, the error names the index
    (control-plane 20.4; findings DDB-TABLE-149, 163). If it changes anything else, the error names
    only the table. If the table is UPDATING for another reason, every request is refused.
    """
    vector_rules.refuse_while_updating(definition, request)
    online = [index for index in definition.every_index if index.status in (CREATING, DELETING)]
    online = [index for index in online if index.until == definition.until]
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        ((action, body),) = update.items()
        for index in online:
            if index.name == body["IndexName"] and (action, index.status) != ("Create", CREATING):
                raise errors.index_in_use(definition.name, index.name, index.status, action)
    if online and not {"ProvisionedThroughput", "BillingMode"}.isdisjoint(request):
        names = [index.name for index in online]
        raise errors.capacity_in_use(definition.name, names, online[0].status)
    if not online or request.keys() - _INDEX_MEMBERS:
        raise errors.being_changed(definition.name, UPDATING)


def _changes_members(request: Request) -> bool:
    """Return True if a request has witness updates, or sets the consistency of new replicas."""
    return "GlobalTableWitnessUpdates" in request or {"MultiRegionConsistency", "ReplicaUpdates"} <= request.keys()


def _actions(request: Request) -> list[str]:
    members = ("GlobalSecondaryIndexUpdates", "VectorIndexUpdates")
    return [action for member in members for update in request.get(member, ()) for action in update]


def _builds(request: Request) -> list[str]:
    """Return a list: "Create" or "Delete" for each index that the request creates or deletes."""
    return [action for action in _actions(request) if action != "Update"]


def _check_index_updates(updates: Iterable[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for update in updates:
        if not update:
            raise errors.index_update_empty()
        if len(update) > 1:
            raise errors.index_update_ambiguous()
        ((_, body),) = update.items()
        name = body["IndexName"]
        if name in seen:
            raise errors.index_updated_twice(name)
        seen.add(name)


def _mismatches(changes: set[str], actions: list[str], billing_mode: str | None) -> Iterator[ApiError]:
    """Yield the errors for combinations of changes that are not allowed.

    The errors have the order of behaviour 10.7, unless another order was observed.

    changes: the names of the request's members that change something.
    actions: "Create", "Update" or "Delete" for each index that the request names.
    billing_mode: the BillingMode of the request, or None.
    """
    builds = "Create" in actions or "Delete" in actions
    for member, name in _ALONE.items():
        if member in changes and len(changes) > 1:
            yield errors.only_change(name)
    if "WarmThroughput" in changes and "Create" in actions:
        yield errors.index_creation_with_warm_throughput()
    if "OnDemandThroughput" in changes and changes - {"OnDemandThroughput", "BillingMode"}:
        yield errors.maximums_not_combinable()
    if "WarmThroughput" in changes and len(changes) > 1:
        yield errors.only_change("WarmThroughput")
    if "StreamSpecification" in changes and ("ProvisionedThroughput" in changes or billing_mode == PROVISIONED):
        yield errors.stream_change_with_throughput()
    if builds and "ProvisionedThroughput" in changes:
        yield errors.index_change_with_throughput()
    if builds and "StreamSpecification" in changes:
        yield errors.index_change_with_stream()
