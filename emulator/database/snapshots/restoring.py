"""Restoring snapshots: only the keys that were written since are put back.

What is in the scope now and was not in the snapshot is withdrawn. If few keys were written, one
transaction does everything. If more were written, the first transaction withdraws all definitions
of the scope, so that nobody writes its data. Later slices put keys back, and the last one stores
the definitions. The snapshot's definition says how far this is, so a restart continues it.

Each stream gets a new number `restored`: its consumers begin anew at the restored checkpoints.
"""

from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

import orjson

from emulator.database.database import Database
from emulator.database.jobs import backfill, ttl_fill
from emulator.database.snapshots.contents import Contents, contents_of, forget_tokens, withdraw
from emulator.database.snapshots.saving import is_of
from emulator.database.snapshots.snapshot import Snapshot, UnknownSnapshot, find, refuse_while_restoring, snapshots
from emulator.database.store import keyspace
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange
from emulator.database.views.reading import Pair
from emulator.database.views.recording import plain, value_of
from emulator.database.views.views import View, Views
from emulator.slices import Steps
from storage import ReadTxn
from storage.keycode import prefix_end

AT_ONCE: Final = 12_000
"""The most keys that one transaction puts back together with the definitions: about 50 ms.

An item has a key of its own, one for each index entry, and one for each stream record.
"""

SLICE: Final = 1_000  # keys put back in one slice: about 5 ms


def restore(database: Database, name: str) -> Steps[Snapshot]:
    """Restore a snapshot, in steps; return it. Raises UnknownSnapshot, Restoring."""
    more = database.rerun(partial(_begin, database, name))
    while more:
        yield None
        more = database.rerun(partial(_slice, database, name))
    with database.read() as txn:
        return find(txn, name)


def resume(database: Database) -> None:
    """Queue the restores that an earlier process did not finish."""
    with database.read() as txn:
        unfinished = [snapshot.name for snapshot in snapshots(txn) if snapshot.restoring is not None]
    for name in unfinished:
        database.background.add(("restore", name), partial(_continue, database, name))


def _continue(database: Database, name: str) -> bool:
    try:
        return _slice(database, name)
    except UnknownSnapshot:
        return False


def _begin(database: Database, name: str) -> bool:
    """Restore a snapshot if few keys were written, else begin to; say whether more is to do."""
    views = database.views
    with database.registries.changing(urgent=True) as change:
        txn = change.txn
        snapshot = find(txn, name)
        refuse_while_restoring(txn, but=name)
        if snapshot.restoring is not None:
            return True
        view = _view(views, snapshot)
        then = saved_contents(views, txn, view)
        now = contents_of(database, txn, snapshot.scope)
        withdraw(database, change, now.without(then))
        for record, _ in list(txn.scan(*keyspace.deletions())):
            if is_of(record, then):
                txn.delete(record)
        written = list(islice(views.changed(txn, view), AT_ONCE + 1))
        if len(written) <= AT_ONCE:
            _put_back(views, change, view, written)
            _finish(database, change, snapshot, view, then)
            return False
        for key in now.definitions():
            database.registries.remove(change, key)
        txn.put(snapshot.key, replace(snapshot, restoring="").dump())
    return True


def _slice(database: Database, name: str) -> bool:
    """Put back some keys; with the last of them store the definitions. Say whether more remain."""
    views = database.views
    with database.registries.changing(urgent=True) as change:
        txn = change.txn
        snapshot = find(txn, name)
        if snapshot.restoring is None:
            return False
        view = _view(views, snapshot)
        written = list(islice(views.changed(txn, view, bytes.fromhex(snapshot.restoring)), SLICE))
        _put_back(views, change, view, written)
        if len(written) == SLICE:
            txn.put(snapshot.key, replace(snapshot, restoring=written[-1][0].hex()).dump())
            return True
        then = saved_contents(views, txn, view)
        withdraw(database, change, contents_of(database, txn, snapshot.scope).without(then))
        _finish(database, change, snapshot, view, then)
        txn.put(snapshot.key, replace(snapshot, restoring=None).dump())
    return False


def _view(views: Views, snapshot: Snapshot) -> View:
    view = views.get(snapshot.view)
    assert view is not None, "the view of a snapshot is open until the snapshot is deleted"
    return view


def saved_contents(views: Views, txn: ReadTxn, view: View) -> Contents:
    """Return the contents that a snapshot saved."""
    kept = partial(views.kept, txn, view)
    found = Contents(dict(kept(*keyspace.tables())))
    found.data.update(dict.fromkeys(map(bytes.fromhex, view.prefixes)))
    for key, stored in kept(*keyspace.streams()):
        found.add_stream(key, stored)
    for key, stored in kept(*keyspace.histories()):
        found.add_history(key, stored)
    for key, stored in kept(*keyspace.mappings()):
        found.add_mapping(key, stored)
    found.targets.update(kept(*keyspace.scalable_targets()))
    return found


def _put_back(views: Views, change: DefinitionChange, view: View, written: list[Pair]) -> None:
    """Give keys the values that a view has.

    If no newer view covers the keys, nothing has to be recorded, and the images are no longer
    needed: the live values are those of the view, also for older views.
    """
    alone = views.alone(view)
    txn = plain(change.txn) if alone else change.txn
    for key, image in written:
        value = value_of(image)
        if value is None:
            txn.delete(key)
        else:
            txn.put(key, value)
        if alone:
            txn.delete(view.images + key)


def _finish(database: Database, change: DefinitionChange, snapshot: Snapshot, view: View, then: Contents) -> None:
    """Store definitions, sequence numbers, checkpoints and records of deletions as saved."""
    txn = change.txn
    kept = partial(database.views.kept, txn, view)
    forget_tokens(txn, snapshot.scope)
    for key in then.counters:
        txn.delete(key)
    for prefix in then.checkpoints:
        while txn.drop_range(prefix, prefix_end(prefix), SLICE) == SLICE:
            pass
    for key, value in [*kept(*keyspace.counters()), *kept(*keyspace.all_checkpoints())]:
        txn.put(key, value)
    for record, _ in list(kept(*keyspace.deletions())):
        database.catalog.deletions.begin(txn, keyspace.deleted_range(record)[0])
    for key, stored in then.streams.items():
        fields = {**orjson.loads(stored), "restored": next_id(txn)}
        database.registries.restore(change, key, orjson.dumps(fields))
    for key, stored in (then.histories | then.tables | then.mappings | then.targets).items():
        database.registries.restore(change, key, stored)
    change.then(partial(resume_walks, database))


def resume_walks(database: Database) -> None:
    """Queue the walks that the restored definitions need."""
    backfill.resume_all(database)
    ttl_fill.resume_all(database)
