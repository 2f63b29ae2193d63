"""Begins and resumes the walks of tables.

`begin` handles only the walks that `WALKS` of definitions/tables.py lists. `resume_all` also
handles the walks that fill indexes. These are not in `WALKS`, because each index stores the
position of its walk.
"""

from importlib import import_module

from emulator.database.database import Database
from emulator.database.definitions.tables import WALKS
from emulator.database.jobs import backfill, vector_fill
from emulator.database.schema.table import Table


def begin(database: Database, table: Table) -> None:
    """Queue the walks that a new table needs, of those that `WALKS` lists."""
    for field, module in WALKS.items():
        if getattr(table.definition, field) is not None:
            import_module(module).begin(database, table)


def resume_all(database: Database) -> None:
    """Queue all walks that are not complete, of all tables."""
    backfill.resume_all(database)
    vector_fill.resume_all(database)
    for module in WALKS.values():
        import_module(module).resume_all(database)
