"""UpdateTable with ReplicaUpdates: the replicas of a table are created, changed or deleted."""

from collections.abc import Sequence
from dataclasses import replace

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.tables import ACTIVE, CREATING, UPDATING, TableDefinition
from emulator.database.jobs import replication
from emulator.database.schema.table import Table
from emulator.model.request import Request
from emulator.operations.replicas import accounts, checks, creation, disassociation, strong
from emulator.operations.replicas.members import refuse_busy, refuse_deletion
from emulator.operations.replicas.overrides import overridden
from emulator.operations.tables import settings
from emulator.regions import COMMERCIAL


def update(database: Database, caller: Caller, table: Table, request: Request) -> TableDefinition:
    """Run the actions of ReplicaUpdates; return the table's changed definition. Raises ApiError."""
    if caller.shared:
        raise errors.replicas_need_regions()
    definition = table.definition
    ((kind, _),) = request["ReplicaUpdates"][0].items()
    names = [body["RegionName"] for body in checks.bodies(request)]
    if kind == "Disassociate":
        return disassociation.begin(database, definition, names[0])
    _check_regions(definition, names)
    members = replication.others(database, definition)
    creating = [each.definition.region for each in members if each.definition.status == CREATING]
    if kind == "Create" and not set(names).isdisjoint(creating):
        raise errors.replica_being_created(definition.name, [definition.region, *creating])
    accounts.refuse_updates(definition)
    refuse_busy(database, definition)
    if definition.status != ACTIVE:
        raise errors.being_changed(definition.name, definition.status)
    if kind == "Create":
        return _create(database, table, members, request)
    return _change(database, definition, members, kind, request)


def _check_regions(definition: TableDefinition, names: Sequence[str]) -> None:
    for region in names:
        if region not in COMMERCIAL:
            raise errors.replica_region_unknown(region, COMMERCIAL)
        if region == definition.region:
            raise errors.replica_is_local()


def _create(database: Database, table: Table, members: Sequence[Table], request: Request) -> TableDefinition:
    definition = table.definition
    strong.refuse_creation(definition, members, request)
    if request.get("MultiRegionConsistency") == "STRONG":
        return strong.create(database, table, request)
    [body] = checks.bodies(request)
    return creation.create(database, definition, members, body)


def _change(
    database: Database, definition: TableDefinition, members: Sequence[Table], kind: str, request: Request
) -> TableDefinition:
    """Run the Update or Delete actions of a request; return the table's changed definition.

    members: the other tables of the group. kind: "Update" or "Delete".
    """
    bodies = checks.bodies(request)
    membership = definition.membership
    is_strong = membership is not None and membership.strong and bool(members)
    if kind == "Delete" and len(bodies) > 1 and not is_strong:
        raise errors.several_replica_actions()
    by_region = {each.definition.region: each.definition for each in members}
    missing = [body["RegionName"] for body in bodies if body["RegionName"] not in by_region]
    if missing:
        raise errors.replicas_not_in_group(missing) if members else errors.replica_not_found()
    witness = checks.witness(request, "Delete")
    if witness is not None and (membership is None or membership.witness != witness):
        raise errors.witnesses_not_in_group([witness])
    if kind == "Delete" and is_strong:
        return strong.delete(database, definition, members, bodies, witness)
    [body] = bodies
    target = by_region[body["RegionName"]]
    until = database.catalog.until()
    if kind == "Delete":
        if target.deletion_protection:
            raise errors.replica_protected(target.name, target.region)
        refuse_deletion(database, target)
        changed = settings.deleting(target, until)
    else:
        changed = replace(overridden(definition, target, body), status=UPDATING, until=until)
    with database.catalog.changing(urgent=True) as change:
        database.catalog.save(change, changed)
        definition = database.catalog.save(change, replace(definition, status=UPDATING, until=until))
    if kind == "Delete":
        replication.begin(database, changed)
        replication.begin(database, definition)
    return definition
