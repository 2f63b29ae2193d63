"""The source from which a new replica is filled: items and versions of another region's table.

A version says when and in which region an item was last written (changes/replicas.py). Items and
versions are read in a frozen view, which was opened in the transaction that created the replica.
That transaction also stored, in the log of each region, which write the new replica needs next. So
once the replica is complete, replication (replication.py) applies all writes that were made after
that transaction.
"""

from functools import partial
from typing import Final

from emulator.database.changes import replicas
from emulator.database.database import Database
from emulator.database.definitions.tables import Filling, TableDefinition
from emulator.database.jobs import replication
from emulator.database.jobs.filling import Page
from emulator.database.store import keyspace
from emulator.database.store.registry import DefinitionChange
from storage.keycode import prefix_end

KIND: Final = "replica"

_VERSIONS: Final = "versions "
_ITEMS: Final = "items "


def begin(database: Database, change: DefinitionChange, source: TableDefinition) -> Filling:
    """Open a frozen view of the table `source`. Return the `Filling` for the new replica.

    source: the table of the same global table from which the replica will be filled.
    """
    assert source.membership is not None, "a replica must be filled from a table of its group"
    log = keyspace.replica(source.membership.log)
    view = database.views.open(change, [keyspace.items(source.id), log])
    return Filling(KIND, f"{view.id} {source.id} {source.membership.log}")


class ReplicaSource:
    """The source of a new replica: first come pages with versions of items, then pages with items.

    view: the number of the frozen view.
    table: the id of the table to read.
    log: the id of the replication data of the table to read.
    into: the id of the replication data of the new replica.
    """

    distinct: bool = True

    def __init__(self, database: Database, view: int, table: int, log: int, into: int) -> None:
        self._database = database
        self._views = database.views
        self._view = view
        self._table = table
        self._log = log
        self._into = into
        self._versions: list[tuple[bytes, bytes]] = []

    def page(self, position: str, limit: int, size: int) -> Page:
        """Return the page of versions or items that begins at a position.

        position: `Page.position` of the page before, "" for the first page. A page of versions has
        no rows: the method `advance` stores the versions. Raises Interrupted if another process has
        changed definitions.
        """
        if position.startswith(_ITEMS):
            rows, after = self._rows(keyspace.items(self._table), position.removeprefix(_ITEMS), limit, size)
            return Page(rows, None if after is None else _ITEMS + after)
        prefix = keyspace.item_versions(keyspace.replica(self._log))
        self._versions, after = self._rows(prefix, position.removeprefix(_VERSIONS), limit, size)
        return Page((), _ITEMS if after is None else _VERSIONS + after)

    def _rows(self, prefix: bytes, start: str, limit: int, size: int) -> tuple[list[tuple[bytes, bytes]], str | None]:
        view = self._views.get(self._view)
        assert view is not None, "the frozen view must stay open until the replica is complete"
        with self._database.read() as txn:
            found, last = self._views.page(txn, view, prefix + bytes.fromhex(start), prefix_end(prefix), limit, size)
        rows = [(key[len(prefix) :], value) for key, value in found]
        return rows, None if last is None else (last[len(prefix) :] + b"\0").hex()

    def advance(self, change: DefinitionChange, page: Page) -> None:
        """Store the versions of items that the method `page` has just read.

        After the last page, close the frozen view.
        """
        for item, version in self._versions:
            replicas.set_version(change.txn, self._into, item, replicas.version_in(version))
        if page.position is None:
            self._close(change, no_more_writes=True)
            change.then(partial(replication.begin_all, self._database))

    def abandon(self, change: DefinitionChange) -> None:
        """Close the frozen view, because the incomplete replica is being removed.

        After this call, the caller may write keys that the view covers, in the same transaction.
        """
        self._close(change, no_more_writes=False)

    def _close(self, change: DefinitionChange, *, no_more_writes: bool) -> None:
        view = self._views.get(self._view)
        if view is not None and not view.closing:
            self._views.close(change, view, no_more_writes=no_more_writes)


def source_of(database: Database, definition: TableDefinition) -> ReplicaSource:
    """Return the source of a replica that is being filled."""
    assert definition.filling is not None, "only a replica that is being filled has a source"
    assert definition.membership is not None, "a replica must be a table of a group"
    view, table, log = map(int, definition.filling.source.split())
    return ReplicaSource(database, view, table, log, definition.membership.log)
