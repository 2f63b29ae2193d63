"""Saving and deleting snapshots, which are saved states of tables that a test can restore.

The time to save a snapshot depends on the number of tables, and not on the number of items.
"""

from dataclasses import replace

from emulator.database.database import Database
from emulator.database.items import statistics
from emulator.database.snapshots.contents import Contents, contents_of
from emulator.database.snapshots.scope import Scope
from emulator.database.snapshots.snapshot import (
    Incomplete,
    Restoring,
    Snapshot,
    find,
    refuse_while_restoring,
    snapshots,
)
from emulator.database.store import keyspace
from emulator.database.store.registry import DefinitionChange
from emulator.database.views.views import View, Views
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end


class NameTaken(Exception):
    """A snapshot with this name already exists."""


def save(database: Database, name: str, scope: Scope, *, replaced: bool = False) -> Snapshot:
    """Save a snapshot of the resources in a scope.

    replaced: True if the new snapshot may replace an older snapshot with the same name.

    Raises NameTaken if a snapshot with the same name exists and may not be replaced. Raises
    Restoring if any snapshot is being restored, and Incomplete if a table of the scope is being
    filled.
    """
    views = database.views
    with database.registries.changing() as change:
        txn = change.txn
        refuse_while_restoring(txn)
        stored = txn.get(keyspace.snapshot(name))
        if stored is not None:
            if not replaced:
                raise NameTaken(name)
            _close(views, change, Snapshot.load(stored))
        contents = contents_of(database, txn, scope)
        for table in contents.incomplete:
            raise Incomplete(table.name)
        view = views.open(change, contents.data)
        _keep(views, txn, view, contents)
        counts = [_count(database, txn, key) for key in contents.tables]
        now = database.clock.now()
        snapshot = Snapshot(name, scope, view.id, now, len(contents.tables), sum(counts))
        txn.put(snapshot.key, snapshot.dump())
    return snapshot


def delete(database: Database, name: str) -> None:
    """Delete a snapshot. Raises UnknownSnapshot, and Restoring if it is being restored."""
    views = database.views
    with database.registries.changing(urgent=True) as change:
        snapshot = find(change.txn, name)
        _close(views, change, snapshot)
        change.txn.delete(snapshot.key)


def delete_all(database: Database) -> None:
    """Delete all snapshots, even if a snapshot is being restored.

    The restore is not completed: the values that were already put back stay.
    """
    views = database.views
    with database.registries.changing(urgent=True) as change:
        for snapshot in list(snapshots(change.txn)):
            _close(views, change, replace(snapshot, restoring=None))
            change.txn.delete(snapshot.key)


def _close(views: Views, change: DefinitionChange, snapshot: Snapshot) -> None:
    if snapshot.restoring is not None:
        raise Restoring(snapshot.name)
    view = views.get(snapshot.view)
    assert view is not None, "the view of a snapshot must stay open until the snapshot is deleted"
    views.close(change, view)


def _count(database: Database, txn: ReadTxn, key: bytes) -> int:
    table = database.catalog.stored(key)
    return 0 if table is None else statistics.read(txn, keyspace.statistics(table.id), 1)[0][0]


def _keep(views: Views, txn: WriteTxn, view: View, contents: Contents) -> None:
    """Add to a snapshot's frozen view the records that a restore needs in addition to the data.

    These records are definitions, counters, checkpoints and records of deletions.
    """
    for key, stored in contents.definitions().items():
        views.keep(txn, view, key, stored)
    for key in contents.counters:
        value = txn.get(key)
        if value is not None:
            views.keep(txn, view, key, value)
    for prefix in contents.checkpoints:
        for key, value in list(txn.scan(prefix, prefix_end(prefix))):
            views.keep(txn, view, key, value)
    for record, value in list(txn.scan(*keyspace.deletions())):
        if deletes_from(record, contents):
            views.keep(txn, view, record, value)


def deletes_from(record: bytes, contents: Contents) -> bool:
    """Return True if a deletion in slices deletes keys of these contents.

    record: the storage key of the deletion's record.
    """
    start, _ = keyspace.deleted_range(record)
    return start[: keyspace.ITEM_PREFIX] in contents.data or start in contents.checkpoints
