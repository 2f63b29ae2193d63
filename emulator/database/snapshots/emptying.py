"""Deleting all items of a table in one step, which no request of DynamoDB can do.

The table keeps its settings, ARN, tags and streams. It gets new ids for its data (items, indexes,
TTL queue). So background work that was queued for the old ids, such as a backfill or a sweep, finds
nothing to do.
"""

from dataclasses import replace

from emulator.database.database import Database
from emulator.database.definitions.numbering import with_new_ids
from emulator.database.definitions.tables import NO_WALKS
from emulator.database.jobs import filling
from emulator.database.schema.table import Table
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange


def empty(database: Database, change: DefinitionChange, table: Table) -> None:
    """Delete all items of a table, without adding stream records.

    If the table was being filled by a restore or as a new replica, the filling ends, and the empty
    table is complete.
    """
    definition = table.definition
    txn = change.txn
    if definition.filling is not None and definition.filling.kind not in filling.FILLED_BY_S3_JOBS:
        filling.abandon(database, change, definition)
        definition = replace(definition, filling=None)
    txn.delete(table.statistics_key)
    for prefix in definition.data_prefixes():
        database.catalog.deletions.drop(txn, prefix)
    membership = definition.membership
    emptied = with_new_ids(txn, database.catalog.emptied(change, definition, database.clock.now()))
    emptied = replace(
        emptied,
        indexes=tuple(replace(index, filled_to=None) for index in emptied.indexes),
        vectors=tuple(replace(index, filled_to=None) for index in emptied.vectors),
        **NO_WALKS,
        membership=None if membership is None else replace(membership, log=next_id(txn)),
    )
    database.catalog.save(change, emptied)
