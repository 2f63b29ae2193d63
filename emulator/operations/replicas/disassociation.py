"""Disassociation: a replica becomes a regional table and keeps its data (control-plane 6.6).

The table is UPDATING until all writes between it and the other tables of the group have arrived.
Then database/jobs/replication.py removes the table from its group.
"""

from dataclasses import replace

from emulator import errors
from emulator.database.database import Database
from emulator.database.definitions.tables import ACTIVE, UPDATING, TableDefinition
from emulator.database.jobs import replication
from emulator.operations.replicas.members import refuse_busy, refuse_feature


def begin(database: Database, definition: TableDefinition, region: str) -> TableDefinition:
    """Begin to disassociate a table; return its changed definition. Raises ApiError.

    region: the region in the request. It must be the region of the table.
    """
    membership = definition.membership
    if membership is None or not replication.others(database, definition):
        raise errors.replica_not_found()
    if region != definition.region:
        raise errors.disassociation_elsewhere(region)
    refuse_feature(definition, "disassociation")
    refuse_busy(database, definition)
    if definition.status != ACTIVE:
        raise errors.being_changed(definition.name, definition.status)
    if membership.protected:
        raise errors.disassociation_protected(definition.name, region)
    until = database.catalog.until()
    leaving = replace(definition, status=UPDATING, until=until, membership=replace(membership, leaving=True))
    changed = database.catalog.change(leaving).definition
    replication.begin(database, changed)
    return changed


def protected(database: Database, definition: TableDefinition, *, enabled: bool) -> TableDefinition:
    """Return a table's definition with a new value of DisassociationProtectionEnabled.

    Raises ApiError if the table has no replicas, or if its group has strong consistency.
    """
    membership = definition.membership
    if membership is None or not replication.others(database, definition):
        raise errors.disassociation_protection_without_replicas(definition.name)
    refuse_feature(definition, "disassociation")
    return replace(definition, membership=replace(membership, protected=enabled))
