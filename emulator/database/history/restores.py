"""The source of a table that is being restored: a backup, or the history of another table.

jobs/filling.py writes the items. A restore from a history opens the other table at the requested
time, and closes it at the end. A backup's view stays open, because it belongs to the backup.
"""

from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.tables import TableDefinition
from emulator.database.history import past_items
from emulator.database.jobs.filling import Page
from emulator.database.store.registry import DefinitionChange

KIND: Final = "restore"

_OWNED: Final = "past"
_OF_BACKUP: Final = "backup"


def source_of_past(view: int) -> str:
    """Return the text in `Filling.source` for a table that is open only for this restore.

    view: the number of its frozen view.
    """
    return f"{_OWNED} {view}"


def source_of_backup(view: int) -> str:
    """Return the text in `Filling.source` for a backup. view: the number of its frozen view."""
    return f"{_OF_BACKUP} {view}"


class RestoreSource:
    """The items of a restore. owned: whether the restore must close the view at its end."""

    distinct: bool = True

    def __init__(self, database: Database, view: int, *, owned: bool) -> None:
        self._database = database
        self._views = database.views
        self._view = view
        self._owned = owned

    def page(self, position: str, limit: int, size: int) -> Page:
        """Return the next items. Raises Interrupted."""
        with self._database.read() as txn:
            past = past_items.find(self._views, txn, self._view)
            assert past is not None, "the view of a restore is open until the restore ends"
            rows, after = past_items.page(self._views, txn, past, bytes.fromhex(position), limit, size)
        return Page(rows, None if after is None else after.hex())

    def advance(self, change: DefinitionChange, page: Page) -> None:
        """Close the view after the last page, if it belongs to this restore."""
        if page.position is None and self._owned:
            past_items.close_view(self._views, change, self._view)

    def abandon(self, change: DefinitionChange) -> None:
        """Close the view, if it belongs to this restore.

        Afterwards the same transaction may still write keys that the view covers.
        """
        if self._owned:
            past_items.close_view(self._views, change, self._view, last=False)


def source_of(database: Database, definition: TableDefinition) -> RestoreSource:
    """Return the source of a table that is being restored."""
    assert definition.filling is not None, "the table is being restored"
    kind, _, view = definition.filling.source.partition(" ")
    return RestoreSource(database, int(view), owned=kind == _OWNED)
