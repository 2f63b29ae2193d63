"""Snapshots: save and restore the state of everything, of an account, or of some tables.

| control             | body                                                                     |
|---------------------|--------------------------------------------------------------------------|
| `snapshots`         | (a GET) lists all snapshots                                              |
| `snapshots/save`    | `{"Name", "AccessKey"?, "Region"?, "Tables"?: [names], "Replace"?: true}` |
| `snapshots/restore` | `{"Name"}`                                                               |
| `snapshots/delete`  | `{"Name"}`                                                               |
| `snapshots/branch`  | `{"Name", "AccessKey", "Region"?}`                                       |

- Saving takes the same time for one item and for a million. Restoring undoes later writes.
- A snapshot has items, indexes, streams with their records, time to live, settings, and event
  source mappings with their positions. It does not have the clock, declarations or dead letters.
- Restoring deletes everything that was created in the scope after the save, such as new tables.
- `Tables` selects tables by name, with their streams and event source mappings. A name means all
  tables of that name in the accounts that the other members select.
- If more than 6,000 stored keys change, or some megabytes, the tables do not exist until the
  restore is complete. Until then, no snapshot can be saved, and no other snapshot can be restored.
- Functions get the records after their restored positions again.
- Snapshots are as durable as the data.

`snapshots/branch` copies the tables of a snapshot to another account, as they were when it was
saved. The copies are new tables, with new streams. Kinesis destinations and event source mappings
are not copied. The account must not have tables with these names. Without `Region`, each copy is in
the region of its table. The result is `{"Tables": number}`.

A saved, restored or listed snapshot is `{"Name", "Created": seconds since the epoch, "Tables":
number, "Items": number}`.
"""

from typing import Any, Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.definitions.tenants import SHARED
from emulator.database.snapshots import branching, restoring, saving
from emulator.database.snapshots.branching import BranchRefused
from emulator.database.snapshots.saving import NameTaken
from emulator.database.snapshots.scope import Scope
from emulator.database.snapshots.snapshot import Restoring, Snapshot, UnknownSnapshot, snapshots
from emulator.slices import Steps

_SAVED: Final = ("Name", "AccessKey", "Region", "Tables", "Replace")
_LONGEST: Final = 255  # the most characters of a name


@control("snapshots", changes=False, summary="list the snapshots")
def listed(emulator: Emulator, _body: Body) -> Result:
    """List the snapshots."""
    with emulator.database.read() as txn:
        return {"Snapshots": [_described(snapshot) for snapshot in snapshots(txn)]}


@control(
    "snapshots/save",
    summary="save the state of everything, of an account or of some tables under a name",
    members=("Name", "AccessKey?", "Region?", "Tables?", "Replace?"),
)
def save(emulator: Emulator, body: Body) -> Result:
    """Save a snapshot. Raises BadDeclaration."""
    name = _name(body, _SAVED)
    database = emulator.database
    replaced = member(body, "Replace", bool) if "Replace" in body else False
    work = _Saving(database, name, body, shared=emulator.settings.shared_db, replaced=replaced)
    try:
        return _described(database.rerun(work.run))
    except NameTaken:
        raise BadDeclaration(f'there is a snapshot {name} already; "Replace": true replaces it') from None
    except Restoring as error:
        raise BadDeclaration(str(error)) from None


@control("snapshots/restore", summary="return to the state that a snapshot has", members=("Name",))
def restore(emulator: Emulator, body: Body) -> Steps[Result]:
    """Restore a snapshot. Raises BadDeclaration."""
    name = _name(body, ("Name",))
    try:
        snapshot = yield from restoring.restore(emulator.database, name)
    except UnknownSnapshot:
        raise _unknown(emulator.database, name) from None
    except Restoring as error:
        raise BadDeclaration(str(error)) from None
    return _described(snapshot)


@control("snapshots/delete", summary="delete a snapshot", members=("Name",))
def delete(emulator: Emulator, body: Body) -> Result:
    """Delete a snapshot. Raises BadDeclaration."""
    name = _name(body, ("Name",))
    database = emulator.database
    try:
        database.rerun(lambda: saving.delete(database, name))
    except UnknownSnapshot:
        raise _unknown(database, name) from None
    except Restoring as error:
        raise BadDeclaration(str(error)) from None
    return {}


@control(
    "snapshots/branch",
    summary="copy the tables of a snapshot to another account",
    members=("Name", "AccessKey", "Region?"),
)
def branch(emulator: Emulator, body: Body) -> Steps[Result]:
    """Copy a snapshot's tables. Raises BadDeclaration."""
    name = _name(body, ("Name", "AccessKey", "Region"))
    access_key = member(body, "AccessKey", str)
    region = member(body, "Region", str) if "Region" in body else None
    if not access_key or region == "":
        raise BadDeclaration("the members AccessKey and Region must not be empty")
    database = emulator.database
    try:
        tables = yield from branching.branch(database, name, access_key, region)
    except UnknownSnapshot:
        raise _unknown(database, name) from None
    except BranchRefused as refused:
        raise BadDeclaration(str(refused)) from None
    return {"Tables": tables}


class _Saving:
    """Saves a snapshot. If the work runs again, it finds the scope again."""

    def __init__(self, database: Database, name: str, body: Body, *, shared: bool, replaced: bool) -> None:
        self._database = database
        self._name = name
        self._replaced = replaced
        self._shared = shared
        access_key, region = (member(body, each, str) if each in body else None for each in ("AccessKey", "Region"))
        if region is not None and access_key is None:
            raise BadDeclaration("the member Region needs the member AccessKey")
        self._scope = Scope.of(access_key, region, shared=shared)
        self._tables = member(body, "Tables", list) if "Tables" in body else None
        if self._tables is not None and not all(isinstance(name, str) for name in self._tables):
            raise BadDeclaration("the member Tables must be a list of names")

    def run(self) -> Snapshot:
        """Save the snapshot. Raises BadDeclaration if some table does not exist."""
        self._database.catalog.settle_all()  # so that no deleted table is saved
        scope = self._scope if self._tables is None else Scope(tables=tuple(self._found(self._tables)))
        return saving.save(self._database, self._name, scope, replaced=self._replaced)

    def _found(self, names: list[str]) -> list[tuple[str, str, str]]:
        found: dict[tuple[str, str, str], None] = {}
        for name in names:
            before = len(found)
            for table in self._database.catalog.named(name):
                each = table.definition
                tenant = SHARED if self._shared else (each.access_key, each.region)
                if self._scope.owns(tenant):
                    found[(*tenant, each.name)] = None
            if len(found) == before:
                raise BadDeclaration(f"there is no table {name}")
        return list(found)


def _name(body: Body, members: tuple[str, ...]) -> str:
    """Return the name of a snapshot. Raises BadDeclaration, also for an unknown member."""
    refuse_unknown(body, *members)
    name: str = member(body, "Name", str)
    if not 0 < len(name) <= _LONGEST:
        raise BadDeclaration(f"the member Name must have 1 to {_LONGEST} characters")
    return name


def _unknown(database: Database, name: str) -> BadDeclaration:
    with database.read() as txn:
        names = [snapshot.name for snapshot in snapshots(txn)]
    return BadDeclaration(f"there is no snapshot {name}; there are: {', '.join(names) or 'none'}")


def _described(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "Name": snapshot.name,
        "Created": snapshot.created,
        "Tables": snapshot.tables,
        "Items": snapshot.items,
    }
