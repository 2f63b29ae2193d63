"""CreateTable, DescribeTable, ListTables, DeleteTable, UpdateTable (behaviour 10)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions.tables import ACTIVE, CREATING, DELETING, UPDATING, IndexDefinition, TableDefinition
from emulator.database.items.counts import counts
from emulator.database.jobs import backfill
from emulator.database.schema import describe
from emulator.database.schema.table import Table
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange
from emulator.model.request import Request
from emulator.operations.registry import Response, operation
from emulator.operations.tables import rules, settings, throughput, updates, vector_rules
from emulator.operations.tables.combinations import makes_updating, refuse_while_updating, reports_updating

_DEFAULT_PAGE: Final = 100
_MODE: Final = "GlobalTableSettingsReplicationMode"
_PROTECTION: Final = "DisassociationProtectionEnabled"
_OF_REPLICATION: Final = frozenset((_MODE, _PROTECTION))
_INDEX_UPDATES: Final = ("GlobalSecondaryIndexUpdates", "VectorIndexUpdates")
_TABLES_PER_ACCOUNT: Final = 2500  # the default quota (AWS's documentation: "Service quotas")


@operation("CreateTable", check=rules.check_create)
def create_table(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Create a table. The response says CREATING."""
    name = request["TableName"]
    catalog = database.catalog
    existing = catalog.find(caller, name, expected=False)
    if existing is not None:
        if existing.definition.is_restored:
            raise errors.table_being_restored(name)
        if existing.definition.status == CREATING:
            _refuse_busy(existing.definition)
        raise errors.table_exists(name)
    throughput.check_quotas(request, request.get("GlobalSecondaryIndexes", ()), caller.region)
    if len(caller.tables) >= _TABLES_PER_ACCOUNT:
        raise errors.too_many_tables(_TABLES_PER_ACCOUNT)
    if "GlobalTableSourceArn" in request:
        return {"TableDescription": _created_replica(database, caller, request)}
    until = catalog.until()
    with catalog.changing() as change:
        txn = change.txn
        definition = settings.definition_of(request, caller, next_id(txn), database.clock.now(), until)
        definition = replace(
            definition,
            indexes=tuple(replace(index, id=next_id(txn), until=until) for index in definition.indexes),
            vectors=tuple(replace(index, id=next_id(txn), until=until) for index in definition.vectors),
        )
        definition = catalog.save(change, definition)
    return {"TableDescription": describe.created(definition)}


@operation("DescribeTable")
def describe_table(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return the settings and the state of a table, with its current number of items and size."""
    table = database.described(caller, request["TableName"], restoring=True)
    return {"Table": _description(database, table)}


@operation("ListTables")
def list_tables(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return a page of the names of the caller's tables, in order."""
    limit = request.get("Limit", _DEFAULT_PAGE)
    names, more = database.catalog.page(caller, request.get("ExclusiveStartTableName"), limit)
    answer: dict[str, Any] = {"TableNames": names}
    if more:
        answer["LastEvaluatedTableName"] = names[-1]
    return answer


@operation("DeleteTable")
def delete_table(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Delete a table. The response says DELETING. A background job deletes the table's data."""
    table = database.described(caller, request["TableName"], restoring=True)
    definition = table.definition
    if definition.status in (ACTIVE, UPDATING) and any(index.status != ACTIVE for index in definition.every_index):
        raise errors.indexes_being_changed()
    if definition.membership is not None:
        _members().refuse_busy(database, definition)
    _refuse_busy(definition)
    if definition.policy is not None and not database.catalog.has_passed(definition.policy.until):
        raise errors.policy_update_pending(definition.name)
    if definition.deletion_protection:
        if definition.membership is not None:
            _members().refuse_protected(database, definition)
        raise errors.deletion_protected()
    if definition.membership is not None:
        _members().refuse_deletion(database, definition)
    counts = _counts(database, table)
    changed = settings.deleting(definition, database.catalog.until())
    database.catalog.change(changed)
    if definition.membership is not None:
        _members().send_last_writes(database, changed)
    return {"TableDescription": describe.deleted(changed, counts[0], database.clock.now())}


@operation("UpdateTable", check=updates.check_update)
def update_table(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Change a table's settings, its global or vector indexes, or its replicas."""
    table = database.described(caller, request["TableName"])
    definition = table.definition
    if "ReplicaUpdates" in request:
        return {"TableDescription": _with_replicas(database, caller, table, request)}
    if definition.membership is not None:
        _members().refuse_busy(database, definition)
    if definition.status == UPDATING:
        refuse_while_updating(definition, request)
    else:
        _refuse_busy(definition)
    catalog = database.catalog
    now, until = database.clock.now(), catalog.until()
    changes = [(_changed(definition, request, now, until), request)]
    if not _OF_REPLICATION.isdisjoint(request):
        changes = [(_with_replication(database, definition, request), request)]
    for other, shared in _others(database, definition, request):
        changes.append((_changed(other, shared, now, until), shared))
    urgent = not any("Create" in update for member in _INDEX_UPDATES for update in request.get(member, ()))
    created: list[tuple[TableDefinition, IndexDefinition]] = []
    saved: list[TableDefinition] = []
    with catalog.changing(urgent=urgent) as change:
        for changed, wanted in changes:
            with_indexes, new = _with_indexes(change, changed, wanted, until)
            with_indexes = catalog.save(change, with_indexes)
            saved.append(with_indexes)
            created += [(with_indexes, index) for index in new]
    if "VectorIndexUpdates" in request:
        from emulator.database.jobs import vector_fill  # noqa: PLC0415 - few tables need it

        for each in saved:
            vector_fill.begin_all(database, catalog.published(each))
    for each, index in created:
        backfill.begin(database, catalog.published(each), index.id)
        if each.membership is not None and each.billing_mode == throughput.PROVISIONED:
            _members().scale_new_index(database, each, index.name)
    return {"TableDescription": _updated(_description(database, catalog.published(saved[0])), request)}


def _changed(definition: TableDefinition, request: Request, now: float, until: float) -> TableDefinition:
    """Return a table's definition with the changes of UpdateTable.

    Indexes are not created or deleted yet: `_with_indexes` does that.
    """
    changed = updates.updated(definition, request, now, until)
    if makes_updating(definition, request):
        changed = replace(changed, status=UPDATING, until=until)
    return changed


def _with_indexes(
    change: DefinitionChange, definition: TableDefinition, request: Request, until: float
) -> tuple[TableDefinition, list[IndexDefinition]]:
    """Apply the index changes that an UpdateTable request asks for to a table's definition.

    Return the changed definition, and the list of new global indexes.
    """
    indexes = list(definition.indexes)
    created: list[IndexDefinition] = []
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        if "Create" in update:
            index = updates.new_index(definition, update["Create"], next_id(change.txn), until)
            indexes.append(index)
            created.append(index)
        elif "Delete" in update:
            name = update["Delete"]["IndexName"]
            indexes = [
                replace(current, status=DELETING, until=until) if current.name == name else current
                for current in indexes
            ]
    definition = replace(definition, indexes=tuple(indexes))
    if "VectorIndexUpdates" in request:
        definition = vector_rules.changed(definition, request, next_id(change.txn), until)
    return definition, created


# --- replicas -------------------------------------------------------------------------------------


def _members() -> ModuleType:
    """Import and return the module operations/replicas/members.py. Only global tables need it."""
    from emulator.operations.replicas import members  # noqa: PLC0415 - start-up time

    return members


def _others(
    database: Database, definition: TableDefinition, request: Request
) -> Iterator[tuple[TableDefinition, Request]]:
    """Yield a pair for each other table of a table's group that the request changes too.

    A pair has the definition of the table, and the part of the request that applies to it.
    """
    if definition.membership is None:
        return
    from emulator.database.jobs import replication  # noqa: PLC0415 - few tables have replicas
    from emulator.operations.replicas import members  # noqa: PLC0415 - few tables have replicas

    for table in replication.others(database, definition):
        shared = members.shared_part(table.definition, definition, request)
        if shared.keys() - {"TableName", "AttributeDefinitions"}:
            yield table.definition, shared


def _with_replication(database: Database, definition: TableDefinition, request: Request) -> TableDefinition:
    """Return a table's definition with a changed replication mode or disassociation protection."""
    from emulator.operations.replicas import accounts, disassociation  # noqa: PLC0415 - few tables have replicas

    if _MODE in request:
        return accounts.with_mode(database, definition, request[_MODE])
    return disassociation.protected(database, definition, enabled=request[_PROTECTION])


def _created_replica(database: Database, caller: Caller, request: Request) -> dict[str, Any]:
    """Create a replica in the caller's account, of a table that another account owns.

    Return the replica's description.
    """
    from emulator.operations.replicas import accounts, members  # noqa: PLC0415 - few tables have replicas

    definition = accounts.create(database, caller, request)
    description = describe.created(definition)
    members.describe_members(database, definition, description, settle=False)
    return description


def _with_replicas(database: Database, caller: Caller, table: Table, request: Request) -> dict[str, Any]:
    """Run ReplicaUpdates; return the table's description.

    Like the service's response, the description has the replicas as they were before the change.
    """
    from emulator.operations.replicas import members  # noqa: PLC0415 - few tables have replicas
    from emulator.operations.replicas import updates as replicas  # noqa: PLC0415 - few tables have replicas

    before = _description(database, table)
    definition = replicas.update(database, caller, table, request)
    after = describe.described(definition, _counts(database, table), database.clock.now())
    members.describe_members(database, definition, after, settle=False)
    after.pop("GlobalTableWitnesses", None)
    if "GlobalTableWitnesses" in before:
        after["GlobalTableWitnesses"] = before["GlobalTableWitnesses"]
    return {**after, "TableStatus": UPDATING, "Replicas": before.get("Replicas", [])}


def _updated(description: dict[str, Any], request: Request) -> dict[str, Any]:
    """Change a table's description from DescribeTable's form to UpdateTable's; return it.

    The responses of UpdateTable and DescribeTable differ in two ways. UpdateTable may say UPDATING
    where DescribeTable says ACTIVE. UpdateTable returns -1 for each maximum of OnDemandThroughput
    that the request removes, and DescribeTable leaves the maximum out.
    """
    if reports_updating(request):
        description["TableStatus"] = UPDATING
    updates = {update["Update"]["IndexName"]: update["Update"] for update in _index_updates(request)}
    described = [(description, request)]
    described += [
        (index, updates[index["IndexName"]])
        for index in description.get("GlobalSecondaryIndexes", ())
        if index["IndexName"] in updates
    ]
    for relation, members in described:
        removed = throughput.removed_maximums(members)
        if removed:
            relation["OnDemandThroughput"] = {**relation.get("OnDemandThroughput", {}), **removed}
    return description


def _index_updates(request: Request) -> Iterator[dict[str, Any]]:
    return (update for update in request.get("GlobalSecondaryIndexUpdates", ()) if "Update" in update)


def _refuse_busy(definition: TableDefinition) -> None:
    """Raise ResourceInUseException unless the table is ACTIVE (behaviour 10.2)."""
    if definition.status != ACTIVE:
        raise errors.being_changed(definition.name, definition.status)


def _description(database: Database, table: Table) -> dict[str, Any]:
    description = describe.described(table.definition, _counts(database, table), database.clock.now())
    if table.definition.membership is not None:
        _members().describe_members(database, table.definition, description)
    return description


def _counts(database: Database, table: Table) -> Sequence[tuple[int, int]]:
    """Return pairs of (number of items, bytes): for the table, its indexes, its vector indexes."""
    with database.read() as txn:
        return counts(txn, table)
