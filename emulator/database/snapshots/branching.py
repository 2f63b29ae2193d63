"""Branching: copying a snapshot's tables to another tenant, or copying them under other names.

The copies are new tables: they have new ids, ARNs and streams, and no Kinesis destinations or event
source mappings. If all rows fit in one slice, one transaction copies everything. Otherwise the rows
are copied in slices, and the last slice stores the definitions. So no request can reach an
incomplete copy. Until the last slice, the key prefixes of the copies are reserved
(`Deletions.reserve`): if the process crashes, the next start deletes the copied rows.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import orjson

from emulator.database.database import Database
from emulator.database.definitions.numbering import with_new_ids, without_data
from emulator.database.definitions.tables import COPIED, DELETING, WALKS, TableDefinition
from emulator.database.definitions.tenants import SHARED
from emulator.database.jobs import walks
from emulator.database.snapshots.snapshot import find
from emulator.database.store import keyspace
from emulator.database.store.registry import DefinitionChange
from emulator.database.views.views import View, Views
from emulator.slices import Steps
from storage import WriteTxn
from storage.keycode import prefix_end

# The maximum number of rows that one slice copies, which takes about 4 ms. A slice copies fewer
# rows if they are large (slices.COPIED_IN_STEP).
SLICE: Final = 1_000


class BranchRefused(Exception):
    """A snapshot's tables cannot be copied. The text of the exception says why."""


@dataclass(slots=True)
class _Copy:
    """The state of copying a snapshot's tables.

    view: the frozen view of the snapshot.
    tables: the definitions of the copies.
    prefixes: key prefix in the snapshot -> key prefix of the copy.
    remaining: what must still be copied: pairs (key prefix in the snapshot, first key with this
    prefix to copy).
    """

    view: View
    tables: list[TableDefinition]
    prefixes: Mapping[bytes, bytes]
    remaining: list[tuple[bytes, bytes]]


def branch(
    database: Database, name: str, access_key: str, region: str | None, renamed: Mapping[str, str] | None = None
) -> Steps[int]:
    """Copy a snapshot's tables to another tenant, in steps. Return the number of tables.

    name: the snapshot's name.
    access_key, region: the tenant that gets the copies. If region is None, each copy is in the
    region of the table in the snapshot.
    renamed: name of a table -> name of its copy. Other copies have the names of their tables.

    Raises UnknownSnapshot, and BranchRefused if the copies cannot be made.
    """
    copy = database.rerun(partial(_begin, database, name, access_key, region, renamed or {}))
    try:
        while copy.remaining:
            yield None
            database.rerun(partial(_slice, database, copy))
    except Exception:
        # `resume` queues the deletion of all keys with a reserved prefix. The prefixes of the
        # copies are reserved, so `resume` also removes the copied rows.
        database.catalog.deletions.resume()
        raise
    return len(copy.tables)


def _begin(database: Database, name: str, access_key: str, region: str | None, renamed: Mapping[str, str]) -> _Copy:
    """Copy the first slice of rows of a snapshot's tables. Return the state of the copying.

    If no rows remain, also store the definitions of the copies.
    """
    views = database.views
    with database.registries.changing() as change:
        txn = change.txn
        view = views.get(find(txn, name).view)
        assert view is not None, "the view of a snapshot must stay open until the snapshot is deleted"
        prefixes: dict[bytes, bytes] = {}
        tables = []
        for _, stored in list(views.kept(txn, view, *keyspace.tables())):
            table = TableDefinition.load(_moved(stored, access_key, region, renamed), account=database.catalog.account)
            if table.status != DELETING:
                tables.append(_copied(txn, table, database.clock.now(), prefixes))
        _refuse(database, tables)
        copy = _Copy(view, tables, prefixes, [(prefix, prefix) for prefix in prefixes])
        _copy_rows(views, txn, copy)
        if copy.remaining:
            for prefix in prefixes.values():
                database.catalog.deletions.reserve(txn, prefix)
        else:
            _finish(database, change, copy)
    return copy


def _slice(database: Database, copy: _Copy) -> None:
    """Copy one more slice of rows. If no rows remain, also store the definitions of the copies.

    If this raises an error, it has changed neither the store nor `copy`.
    """
    views = database.views
    deletions = database.catalog.deletions
    before = list(copy.remaining)
    try:
        with database.registries.changing() as change:
            txn = change.txn
            _check(database, txn, copy)
            _copy_rows(views, txn, copy)
            if not copy.remaining:
                for prefix in copy.prefixes.values():
                    deletions.release(txn, prefix)
                _refuse(database, copy.tables)
                _finish(database, change, copy)
    except Exception:
        copy.remaining = before
        raise


def _check(database: Database, txn: WriteTxn, copy: _Copy) -> None:
    """Raise BranchRefused if the snapshot, or the rows copied so far, have been deleted."""
    if database.views.get(copy.view.id) is None:
        raise BranchRefused("the snapshot was deleted while its tables were copied")
    if not all(database.catalog.deletions.is_reserved(txn, prefix) for prefix in copy.prefixes.values()):
        raise BranchRefused("another worker process has deleted the incomplete copies: call again")


def _moved(stored: bytes, access_key: str, region: str | None, renamed: Mapping[str, str]) -> bytes:
    """Return a table's stored definition with the name and the owner that its copy will have."""
    fields = orjson.loads(stored)
    fields["name"] = renamed.get(fields["name"], fields["name"])
    fields["access_key"] = access_key
    fields["region"] = region or fields["region"]
    return orjson.dumps(fields)


def _copied(txn: WriteTxn, table: TableDefinition, now: float, prefixes: dict[bytes, bytes]) -> TableDefinition:
    """Return the definition of a table's copy.

    Also add the key prefixes of the table's data to `prefixes`: prefix in the table -> prefix in
    the copy. The copy of a replica is not a replica.
    """
    table = without_data(replace(table, membership=None), kept=COPIED)
    copied = replace(
        with_new_ids(txn, table),
        uuid=str(uuid.uuid4()),
        created=now,
        stream_label=None,
        kinesis=(),
        recovery_since=None if table.recovery_since is None else now,
    )
    prefixes.update(zip(table.data_prefixes(), copied.data_prefixes(), strict=True))
    prefixes[keyspace.statistics(table.id)] = keyspace.statistics(copied.id)
    start = keyspace.items(copied.id).hex()
    positions: dict[str, Any] = {field: _position(getattr(table, field), start) for field in WALKS}
    return replace(
        copied,
        indexes=tuple(replace(index, filled_to=_position(index.filled_to, start)) for index in copied.indexes),
        vectors=tuple(replace(index, filled_to=_position(index.filled_to, start)) for index in copied.vectors),
        **positions,
    )


def _position(filled_to: str | None, start: str) -> str | None:
    """Convert the position of a walk (jobs/walk.py) from a table to the table's copy.

    filled_to: the position in the table: a key as hex, or "" or None as in walk.py.
    start: the key prefix of the copy's items, as hex. It replaces the prefix in `filled_to`.
    """
    return start + filled_to[len(start) :] if filled_to else filled_to


def _refuse(database: Database, tables: list[TableDefinition]) -> None:
    """Raise BranchRefused if the copies would give a tenant two tables of the same name.

    tables: the definitions of the copies. Two copies can also have the same name, because tables of
    several regions may be copied to one region.
    """
    taken = set()
    for table in tables:
        tenant = SHARED if database.catalog.shared else (table.access_key, table.region)
        key = keyspace.table(*tenant, table.name)
        if key in taken or database.catalog.stored(key) is not None:
            raise BranchRefused(f"the account has a table {table.name} already")
        taken.add(key)


def _copy_rows(views: Views, txn: WriteTxn, copy: _Copy) -> None:
    """Copy up to SLICE rows, or fewer if they are large, and update `copy.remaining`."""
    room = SLICE
    left: list[tuple[bytes, bytes]] = []
    for prefix, start in copy.remaining:
        if room <= 0:
            left.append((prefix, start))
            continue
        rows, last = views.page(txn, copy.view, start, prefix_end(prefix), room)
        target = copy.prefixes[prefix]
        for key, row in rows:
            txn.put(target + key[keyspace.ITEM_PREFIX :], row)
        room -= len(rows) if last is None else room
        if last is not None:
            left.append((prefix, last + b"\0"))
    copy.remaining = left


def _finish(database: Database, change: DefinitionChange, copy: _Copy) -> None:
    for table in copy.tables:
        database.catalog.save(change, table)
    if any(table.is_walked for table in copy.tables):
        change.then(partial(walks.resume_all, database))
