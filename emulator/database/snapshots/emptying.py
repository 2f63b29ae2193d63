"""Deleting all items of a table at once, which no request of DynamoDB can do.

The table keeps its definition, ARN, tags and streams. Its data get new ids. So running walks and
sweeps find no table with the old ids, and end.
"""

from dataclasses import replace

from emulator.database.database import Database
from emulator.database.definitions.numbering import with_new_ids
from emulator.database.jobs import filling
from emulator.database.schema.table import Table
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange


def empty(database: Database, change: DefinitionChange, table: Table) -> None:
    """Delete a table's items, without stream records.

    A Scan that has begun finds no more items. If a restore or a replica was filling the table, the
    table is complete now.
    """
    definition = table.definition
    txn = change.txn
    if definition.filling is not None and definition.filling.kind not in filling.ELSEWHERE:
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
        ttl_filled_to=None,
        membership=None if membership is None else replace(membership, log=next_id(txn)),
    )
    database.catalog.save(change, emptied)
