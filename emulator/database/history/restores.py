"""The source of a table that is being restored: a backup, or the history of another table.

jobs/filling.py writes the items into the new table. It reads them from a frozen view. A restore of
a table as it was at an earlier time opens a view only for itself, and closes the view when the
restore ends. A restore from a backup reads the view that belongs to the backup and does not close
it: other restores may need it.
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
    """Return the text for `Filling.source` of a restore from a table's history.

    view: the number of the frozen view that was opened for this restore only.
    """
    return f"{_OWNED} {view}"


def source_of_backup(view: int) -> str:
    """Return the text for `Filling.source` of a restore from a backup.

    view: the number of the backup's frozen view.
    """
    return f"{_OF_BACKUP} {view}"


class RestoreSource:
    """The source from which a restore fills the new table: the items that a frozen view shows.

    view: the number of the frozen view. owned: whether the view must be closed after the restore.
    """

    distinct: bool = True

    def __init__(self, database: Database, view: int, *, owned: bool) -> None:
        self._database = database
        self._views = database.views
        self._view = view
        self._owned = owned

    def page(self, position: str, limit: int, size: int) -> Page:
        """Return the page of the source's items that begins at `position`.

        Raises Interrupted if another process has changed definitions.

        position: an item's key as hexadecimal digits, or "" for the first item.
        """
        with self._database.read() as txn:
            past = past_items.find(self._views, txn, self._view)
            assert past is not None, "the frozen view of a restore must stay open until the restore ends"
            rows, after = past_items.page(self._views, txn, past, bytes.fromhex(position), limit, size)
        return Page(rows, None if after is None else after.hex())

    def advance(self, change: DefinitionChange, page: Page) -> None:
        """After the last page of a restore, close the frozen view if only the restore uses it."""
        if page.position is None and self._owned:
            past_items.close_view(self._views, change, self._view)

    def abandon(self, change: DefinitionChange) -> None:
        """End an incomplete restore: close the frozen view if it was opened only for this restore.

        After this call, the caller may write keys that the view covers, in the same transaction.
        """
        if self._owned:
            past_items.close_view(self._views, change, self._view, no_more_writes=False)


def source_of(database: Database, definition: TableDefinition) -> RestoreSource:
    """Return the source of a table that is being restored."""
    assert definition.filling is not None, "only a table that is being restored has a source"
    kind, _, view = definition.filling.source.partition(" ")
    return RestoreSource(database, int(view), owned=kind == _OWNED)
