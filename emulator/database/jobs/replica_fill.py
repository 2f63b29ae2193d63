"""The source of a new replica: the items and versions of another region's table.

A version says when and in which region an item was last written (changes/replicas.py). Items and
versions are read in a frozen view, which was opened in the transaction that created the replica.
That transaction also set the new replica's position in the log of each region. So replication
(replication.py) brings all later writes once the replica is complete.
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
    """Open a frozen view of a table of a group. Return the `Filling` for the new replica.

    source: the table from which the replica will be filled.
    """
    assert source.membership is not None, "the source is a table of the group"
    log = keyspace.replica(source.membership.log)
    view = database.views.open(change, [keyspace.items(source.id), log])
    return Filling(KIND, f"{view.id} {source.id} {source.membership.log}")


class ReplicaSource:
    """The source of a new replica. The first pages have the items' versions, the others the items.

    view: the number of the frozen view. table: the id of the table to read. log: the id of its
    replication data. into: the id of the replication data of the new replica.
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
        """Return the page at a position. Raises Interrupted.

        A page of versions has no rows: `advance` stores the versions.
        """
        if position.startswith(_ITEMS):
            rows, after = self._rows(keyspace.items(self._table), position.removeprefix(_ITEMS), limit, size)
            return Page(rows, None if after is None else _ITEMS + after)
        prefix = keyspace.item_versions(keyspace.replica(self._log))
        self._versions, after = self._rows(prefix, position.removeprefix(_VERSIONS), limit, size)
        return Page((), _ITEMS if after is None else _VERSIONS + after)

    def _rows(self, prefix: bytes, start: str, limit: int, size: int) -> tuple[list[tuple[bytes, bytes]], str | None]:
        view = self._views.get(self._view)
        assert view is not None, "the view is open until the replica is complete"
        with self._database.read() as txn:
            found, last = self._views.page(txn, view, prefix + bytes.fromhex(start), prefix_end(prefix), limit, size)
        rows = [(key[len(prefix) :], value) for key, value in found]
        return rows, None if last is None else (last[len(prefix) :] + b"\0").hex()

    def advance(self, change: DefinitionChange, page: Page) -> None:
        """Store the versions of a page. After the last page, close the view."""
        for item, version in self._versions:
            replicas.set_version(change.txn, self._into, item, replicas.version_in(version))
        if page.position is None:
            self._close(change, last=True)
            change.then(partial(replication.begin_all, self._database))

    def abandon(self, change: DefinitionChange) -> None:
        """Close the view.

        After this call, the caller may write keys that the view covers, in the same transaction.
        """
        self._close(change, last=False)

    def _close(self, change: DefinitionChange, *, last: bool) -> None:
        view = self._views.get(self._view)
        if view is not None and not view.closing:
            self._views.close(change, view, last=last)


def source_of(database: Database, definition: TableDefinition) -> ReplicaSource:
    """Return the source of a replica that is being filled."""
    assert definition.filling is not None, "the replica is being filled"
    assert definition.membership is not None, "a replica is a table of a group"
    view, table, log = map(int, definition.filling.source.split())
    return ReplicaSource(database, view, table, log, definition.membership.log)
