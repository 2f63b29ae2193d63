"""Groups with strong consistency (control-plane 7; findings DDB-TABLE-257 to 261).

One request makes such a group from an empty table. It adds either two replicas, or one replica and
a witness. One request deletes these replicas and the witness, and so ends the group. No other
request changes which tables belong to the group. A witness exists only in descriptions: its region
has no table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulator import errors
from emulator.database.database import Database
from emulator.database.definitions.replicas import Membership
from emulator.database.definitions.tables import UPDATING, TableDefinition
from emulator.database.items import statistics
from emulator.database.jobs import replication
from emulator.database.schema.table import Table
from emulator.database.store.ids import next_id
from emulator.model.request import Request
from emulator.operations.replicas import checks, scaling
from emulator.operations.replicas.creation import check_new, replica_of, with_replicas
from emulator.operations.tables import settings, throughput
from storage import ReadTxn


def create(database: Database, table: Table, request: Request) -> TableDefinition:
    """Make a group with strong consistency from a table; return the table's changed definition.

    Raises ApiError if the table cannot be in such a group, for example because it has items.
    """
    catalog = database.catalog
    definition = table.definition
    bodies = checks.bodies(request)
    witness = checks.witness(request, "Create")
    if witness == definition.region:
        raise errors.witness_is_local()
    _refuse_features(definition)
    for body in bodies:
        check_new(database, definition, body)
    now, until = database.clock.now(), catalog.until()
    with catalog.changing() as change:
        txn = change.txn
        _refuse_items(txn, table)
        definition = replication.without_membership(database, change, definition)
        regions = [definition.region, *(body["RegionName"] for body in bodies)]
        group = next_id(txn)
        memberships = {
            region: Membership(
                group,
                next_id(txn),
                tuple(other for other in regions if other != region),
                now,
                None if region == definition.region else definition.region,
                strong=True,
                witness=witness,
            )
            for region in regions
        }
        definition = with_replicas(definition, memberships[definition.region], until)
        replicas = [
            catalog.save(change, replica_of(change, definition, body, memberships[body["RegionName"]], now, until))
            for body in bodies
        ]
        definition = catalog.save(change, definition)
    if definition.billing_mode == throughput.PROVISIONED:
        for replica in replicas:
            scaling.copy_writes(database, definition, replica)
    return definition


def _refuse_features(definition: TableDefinition) -> None:
    if any(index.local for index in definition.indexes):
        raise errors.strong_group_lacks("local_indexes")
    if definition.ttl_attribute is not None:
        raise errors.strong_group_lacks("time_to_live")


def _refuse_items(txn: ReadTxn, table: Table) -> None:
    [(items, _)] = statistics.read(txn, table.statistics_key, 1)
    if items:
        raise errors.strong_group_not_empty()


def refuse_creation(definition: TableDefinition, members: Sequence[Table], request: Request) -> None:
    """Raise ApiError if the existing group of a table does not allow a request that adds replicas.

    members: the other tables of the group.
    """
    if not members:
        return
    if "MultiRegionConsistency" in request:
        raise errors.consistency_is_fixed()
    if definition.membership is not None and definition.membership.strong:
        raise errors.strong_group_is_complete()


def delete(
    database: Database,
    definition: TableDefinition,
    members: Sequence[Table],
    bodies: Sequence[Mapping[str, Any]],
    witness: str | None,
) -> TableDefinition:
    """End a group with strong consistency: delete its other tables and its witness.

    Return the changed definition of the table that stays. Raises ApiError if the request does not
    delete the witness and all other tables, or if one of these tables is protected.

    definition: the table that stays.
    members: the other tables.
    bodies: the request's Delete actions.
    witness: the region of the witness that the request deletes, or None.
    """
    membership = definition.membership
    assert membership is not None, "the table is a member"
    if membership.witness != witness:
        raise errors.witness_left()
    if {body["RegionName"] for body in bodies} != {table.definition.region for table in members}:
        raise errors.strong_replica_left()
    for table in members:
        if table.definition.deletion_protection:
            raise errors.replica_protected(table.name, table.definition.region)
    until = database.catalog.until()
    with database.catalog.changing(urgent=True) as change:
        for table in members:
            database.catalog.save(change, settings.deleting(table.definition, until))
        definition = database.catalog.save(change, replace(definition, status=UPDATING, until=until))
    replication.begin(database, definition)
    return definition
