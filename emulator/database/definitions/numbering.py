"""Replaces or removes the ids of data in a table's definition, for copies and emptied tables.

`OWN_DATA` and `LOGS` of tables.py list the fields with ids. If you add a field with an id, add it
to one of these lists. You need not change this module, or the code that copies, empties or
replicates tables.
"""

from collections.abc import Container
from dataclasses import replace
from typing import Any

from emulator.database.definitions.tables import LOGS, OWN_DATA, TableDefinition
from emulator.database.store.ids import next_id
from storage import WriteTxn


def with_new_ids(txn: WriteTxn, definition: TableDefinition) -> TableDefinition:
    """Return a definition with new ids for the table, its indexes, its TTL queue and its lag log.

    OWN_DATA of tables.py lists the fields with the ids of the TTL queue and the lag log. The ids of
    streams, history and membership stay.
    """
    numbered = replace(
        definition,
        id=next_id(txn),
        indexes=tuple(replace(index, id=next_id(txn)) for index in definition.indexes),
        vectors=tuple(replace(index, id=next_id(txn)) for index in definition.vectors),
    )
    own: dict[str, Any] = {name: next_id(txn) for name in OWN_DATA if getattr(definition, name) is not None}
    return replace(numbered, **own)


def without_data(definition: TableDefinition, kept: Container[str] = ()) -> TableDefinition:
    """Return a table's definition without the ids of TTL queue, lag log, stream and history.

    OWN_DATA and LOGS of tables.py list the fields with these ids. When the definition is saved,
    `Attachments.reconcile` creates the data that the table's settings need, with new ids.

    kept: the names of the fields that keep their ids.
    """
    gone: dict[str, Any] = {name: None for name in (*OWN_DATA, *LOGS) if name not in kept}
    return replace(definition, **gone)
