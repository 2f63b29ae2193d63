"""Restoring snapshots: the resources in a snapshot's scope get the state in which they were saved.

If a key was written after the snapshot was saved, a restore puts the saved value of the key back.
If a resource was created in the snapshot's scope after the snapshot was saved, the restore removes
the resource. If few keys were written, one transaction does everything. Otherwise the first
transaction removes all definitions of the scope, so no request can write to its tables. Later
slices put keys back, and the last slice stores the definitions. The position of the restore is
stored with the snapshot, so the restore continues after a restart.

Each restored stream and each restored vector index gets a new number in the field `restored`. A
consumer of the stream notices the new number, and starts again from the restored checkpoint. A
process with the index's vectors in memory also notices the new number, and reads the vectors again.

A restored replica stays in its group only if the whole group is in the scope of the snapshot.
"""

from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Final

import orjson

from emulator.database.database import Database
from emulator.database.definitions.tables import TableDefinition
from emulator.database.jobs import walks
from emulator.database.snapshots.contents import Contents, contents_of, forget_tokens, withdraw
from emulator.database.snapshots.saving import deletes_from
from emulator.database.snapshots.scope import Scope
from emulator.database.snapshots.snapshot import Snapshot, UnknownSnapshot, find, refuse_while_restoring, snapshots
from emulator.database.store import keyspace
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange
from emulator.database.views.reading import Pair
from emulator.database.views.recording import ABSENT, plain
from emulator.database.views.views import View, Views
from emulator.slices import Steps, first_pairs
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end

MOST_IN_ONE: Final = 6_000
"""The maximum number of written keys that one transaction restores, in about 20 ms.

The number counts the keys written since the snapshot was saved: one for a changed item, and one for
each of its index entries and stream records. If values are large, the maximum is lower
(slices.COPIED_IN_STEP).
"""

# The maximum number of keys whose values one slice puts back, in about 5 ms. A slice has fewer keys
# if their values are large.
SLICE: Final = 1_000


def restore(database: Database, name: str) -> Steps[Snapshot]:
    """Restore the snapshot with this name, in steps. Return the snapshot.

    Raises UnknownSnapshot, and Restoring if another snapshot is being restored.
    """
    more = database.rerun(partial(_begin, database, name))
    while more:
        yield None
        more = database.rerun(partial(_slice, database, name))
    with database.read() as txn:
        return find(txn, name)


def resume(database: Database) -> None:
    """Queue background work that continues each unfinished restore of a snapshot."""
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
    """Restore a snapshot completely if few keys were written since it was saved.

    Otherwise begin to restore it. Return True if `_slice` must continue the restore.
    """
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
            if deletes_from(record, then):
                txn.delete(record)
        written, more = first_pairs(views.changed(txn, view), MOST_IN_ONE + 1)
        if not more:
            _put_back(views, change, view, written)
            _finish(database, change, snapshot, view, then)
            return False
        for key in now.definitions():
            database.registries.remove(change, key)
        txn.put(snapshot.key, replace(snapshot, restoring="").dump())
    return True


def _slice(database: Database, name: str) -> bool:
    """Put back the values of one slice of keys. If no keys remain, also store the definitions.

    name: the snapshot that is being restored. Return True if keys remain.
    """
    views = database.views
    with database.registries.changing(urgent=True) as change:
        txn = change.txn
        snapshot = find(txn, name)
        if snapshot.restoring is None:
            return False
        view = _view(views, snapshot)
        written, more = first_pairs(views.changed(txn, view, bytes.fromhex(snapshot.restoring)), SLICE)
        _put_back(views, change, view, written)
        if more:
            txn.put(snapshot.key, replace(snapshot, restoring=written[-1][0].hex()).dump())
            return True
        then = saved_contents(views, txn, view)
        withdraw(database, change, contents_of(database, txn, snapshot.scope).without(then))
        _finish(database, change, snapshot, view, then)
        txn.put(snapshot.key, replace(snapshot, restoring=None).dump())
    return False


def _view(views: Views, snapshot: Snapshot) -> View:
    view = views.get(snapshot.view)
    assert view is not None, "the view of a snapshot must stay open until the snapshot is deleted"
    return view


def saved_contents(views: Views, txn: ReadTxn, view: View) -> Contents:
    """Return the contents of a snapshot: all that was stored for its scope when it was saved.

    view: the snapshot's frozen view.
    """
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
    """Set some keys to the values that a frozen view shows.

    If a newer view covers the keys, the newer view must still show the values that the keys had
    before this call. So this call stores those values as originals in the newer view, as any other
    write does. If no newer view covers the keys, this call deletes the keys' originals from `view`:
    the current values of the keys now equal them, and `view` and older views show these values.

    written: pairs (key, its original). An original is the value that `view` shows for the key, or
    a mark that the key was absent.
    """
    alone = views.alone(view)
    txn = plain(change.txn) if alone else change.txn
    put, delete = txn.put, txn.delete
    for key, original in written:
        if original == ABSENT:
            delete(key)
        else:
            put(key, original[1:])
    if not alone:
        return
    originals = view.originals
    # One `drop_range` for many keys takes a quarter of the time of deleting the keys one by one.
    for _, group in groupby(written, _prefix):
        keys = [key for key, _ in group]
        txn.drop_range(originals + keys[0], originals + keys[-1] + b"\0", len(keys))


def _prefix(pair: Pair) -> bytes:
    return pair[0][: keyspace.ITEM_PREFIX]


def _finish(database: Database, change: DefinitionChange, snapshot: Snapshot, view: View, then: Contents) -> None:
    """End a restore: store the snapshot's definitions, sequence numbers, checkpoints and deletions.

    then: the contents of the snapshot, as they were when it was saved.
    """
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
    for key, stored in then.tables.items():
        alone = _without_group(database, change, stored, snapshot.scope)
        database.registries.restore(change, key, _with_new_vectors(txn, alone))
    for key, stored in (then.histories | then.mappings | then.targets).items():
        database.registries.restore(change, key, stored)
    change.then(partial(walks.resume_all, database))


def _without_group(database: Database, change: DefinitionChange, stored: bytes, scope: Scope) -> bytes:
    """Return a table's stored definition. Omit its membership unless its whole group is restored.

    scope: the scope of the restored snapshot. If another table of the group is not in the scope,
    the other table keeps its current items. Then the restored table no longer has the same items as
    the group, so the restored table must leave the group.
    """
    table = TableDefinition.load(stored)
    membership = table.membership
    if membership is None or all(
        scope.owns(tenant) and scope.has(tenant, table.name) for tenant in membership.tenants(table.access_key)
    ):
        return stored
    database.catalog.deletions.begin(change.txn, keyspace.replica(membership.log))
    return replace(table, membership=None).dump()


def _with_new_vectors(txn: WriteTxn, stored: bytes) -> bytes:
    """Return a table's stored definition with a new number `restored` in each vector index.

    The number keeps processes from using vectors that they read into memory before the restore.
    """
    fields = orjson.loads(stored)
    if not fields.get("vectors"):
        return stored
    vectors = [{**each, "restored": next_id(txn)} for each in fields["vectors"]]
    return orjson.dumps({**fields, "vectors": vectors})
