"""Controls of snapshots: they save and restore the state of everything, an account or some tables.

| control             | body                                                                     |
|---------------------|--------------------------------------------------------------------------|
| `snapshots`         | none: a GET, which lists all snapshots                                   |
| `snapshots/save`    | `{"Name", "AccessKey"?, "Region"?, "Tables"?: [names], "Replace"?: true}` |
| `snapshots/restore` | `{"Name"}`                                                               |
| `snapshots/delete`  | `{"Name"}`                                                               |
| `snapshots/branch`  | `{"Name", "AccessKey", "Region"?, "Rename"?: {name: new name}}`          |
| `snapshots/items`   | `{"Name", "TableName", "AccessKey", "Region", "Segment"?, "TotalSegments"?, "After"?}` |
| `snapshots/hold`    | `{"Name", "AccessKey"?, "Region"?, "Tables"?}`; a GET lists held snapshots |

- Saving a snapshot takes the same time for one item and for a million. Restoring a snapshot undoes
  the writes since the save, so its time depends on their number.
- A snapshot has items, indexes, streams with their records, time to live, settings, and event
  source mappings with their positions. It does not have the clock, declarations or dead letters.
- The scope of a snapshot is everything, an account, or some tables. Restoring deletes what was
  created in this scope after the save, such as new tables.
- `Tables` selects tables by name, with their streams and event source mappings. A name means all
  tables of that name in the accounts that the other members select.
- A restore that changes more than 6,000 stored keys or some megabytes takes a while. Until it is
  complete, its tables do not exist, no snapshot can be saved, and no other can be restored.
- A restore also restores the positions of event source mappings. So functions get the records after
  these positions again.
- With a store on disk, snapshots survive a restart of the server, as items do.

`snapshots/branch` copies the tables of a snapshot to another account, as they were when the
snapshot was saved. The copies are new tables, with new streams. They have no Kinesis destinations
or event source mappings. The account must not have tables with the names of the copies. Without
`Region`, a copy is in the same region as its original. `Rename` gives copies new names, so a table
can be copied within its account. The result is `{"Tables": number}`.

`snapshots/items` returns a page of the items of a table in a snapshot: `{"Items": [items],
"After"?}`. If the result has `After`, the next call must send this `After` to get the next page. A
result without `After` is the last page of the table or segment.

`snapshots/hold` saves a snapshot, which is then called held. The call lasts until its client
disconnects. Then the server deletes the snapshot. `dump` reads a held snapshot, so its files have
the state of one moment. Of the other controls, only `snapshots/items` accepts the name of a held
snapshot.

The results of saving, restoring and listing describe a snapshot as `{"Name", "Created": seconds
since the epoch, "Tables": number, "Items": number}`.
"""  # noqa: W505 - a table

from functools import partial
from typing import Any, Final

import orjson

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.definitions.tenants import SHARED
from emulator.database.snapshots import branching, holding, restoring, saving
from emulator.database.snapshots.branching import BranchRefused
from emulator.database.snapshots.holding import HELD, UnknownTable, WrongPosition
from emulator.database.snapshots.saving import NameTaken
from emulator.database.snapshots.scope import Scope
from emulator.database.snapshots.snapshot import Restoring, Snapshot, UnknownSnapshot, snapshots
from emulator.slices import Steps
from emulator.values.rows import row_json

_SAVED: Final = ("Name", "AccessKey", "Region", "Tables", "Replace")
_HOLD: Final = ("Name", "AccessKey", "Region", "Tables")
_ITEMS: Final = ("Name", "TableName", "AccessKey", "Region", "Segment", "TotalSegments", "After")
_SEGMENT: Final = (("Segment", 0), ("TotalSegments", 1))
_MOST_SEGMENTS: Final = 1_000_000  # the limit of TotalSegments in a Scan
_LONGEST: Final = 255  # the maximum number of characters of a snapshot's name
_WRONG_AFTER: Final = "the member After must be the After of the last result for the same segment"
_REST: Final = 60.0  # seconds from one step of `hold` to the next; these steps only wait


@control("snapshots", changes=False, summary="list the snapshots")
def listed(emulator: Emulator, _body: Body) -> Result:
    """Return name, time of creation and size of each snapshot that is not held."""
    with emulator.database.read() as txn:
        named = (snapshot for snapshot in snapshots(txn) if not snapshot.name.startswith(HELD))
        return {"Snapshots": [_described(snapshot) for snapshot in named]}


@control(
    "snapshots/save",
    summary="save a snapshot of everything, of an account or of some tables",
    members=("Name", "AccessKey?", "Region?", "Tables?", "Replace?"),
)
def save(emulator: Emulator, body: Body) -> Result:
    """Save a snapshot. Return its description.

    Raises BadDeclaration if the body is wrong, the name is in use, or while a snapshot is being
    restored.
    """
    name = _name(body, _SAVED)
    database = emulator.database
    replaced = member(body, "Replace", bool) if "Replace" in body else False
    work = _Saving(database, name, body, shared=emulator.settings.shared_db, replaced=replaced)
    try:
        return _described(database.rerun(work.run))
    except NameTaken:
        raise BadDeclaration(
            f'there is already a snapshot {name}; to replace it, add "Replace": true to the body'
        ) from None
    except Restoring as error:
        raise BadDeclaration(str(error)) from None


@control("snapshots/restore", summary="restore the state that a snapshot has saved", members=("Name",))
def restore(emulator: Emulator, body: Body) -> Steps[Result]:
    """Restore a snapshot. Return its description.

    Raises BadDeclaration if the body is wrong, or if the snapshot cannot be restored.
    """
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
    """Delete a snapshot that is not held.

    Raises BadDeclaration if the body is wrong, or if the snapshot cannot be deleted.
    """
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
    members=("Name", "AccessKey", "Region?", "Rename?"),
)
def branch(emulator: Emulator, body: Body) -> Steps[Result]:
    """Copy a snapshot's tables to another account. Return their number.

    Raises BadDeclaration if the body is wrong, or if the tables cannot be copied.
    """
    name = _name(body, ("Name", "AccessKey", "Region", "Rename"))
    access_key = member(body, "AccessKey", str)
    region = member(body, "Region", str) if "Region" in body else None
    if not access_key or region == "":
        raise BadDeclaration("the members AccessKey and Region must not be empty")
    database = emulator.database
    try:
        tables = yield from branching.branch(database, name, access_key, region, _renamed(body))
    except UnknownSnapshot:
        raise _unknown(database, name) from None
    except BranchRefused as refused:
        raise BadDeclaration(str(refused)) from None
    return {"Tables": tables}


@control("show_holds", path="snapshots/hold", changes=False, summary="list the snapshots that clients hold")
def show_holds(emulator: Emulator, _body: Body) -> Result:
    """Return the names of the held snapshots."""
    with emulator.database.read() as txn:
        return {"Names": list(holding.holds(txn))}


@control(
    "snapshots/hold",
    repeatable=False,
    ends_with_client=True,
    summary="save a snapshot and keep it as long as the client is connected",
    members=("Name", "AccessKey?", "Region?", "Tables?"),
)
def hold(emulator: Emulator, body: Body) -> Steps[Result]:
    """Save a held snapshot. When the client disconnects, delete it.

    Raises BadDeclaration if the body is wrong, the name is in use, or while a snapshot is being
    restored.
    """
    name = HELD + _name(body, _HOLD)
    database = emulator.database
    work = _Saving(database, name, body, shared=emulator.settings.shared_db, replaced=False)
    try:
        database.rerun(work.run)
    except NameTaken:
        raise BadDeclaration(f"there is already a held snapshot {name.removeprefix(HELD)}") from None
    except Restoring as error:
        raise BadDeclaration(str(error)) from None
    try:
        # Other processes see the snapshot only after a commit. Without this call, they would not
        # see it before the commit of the next write.
        database.commit()
        while True:
            yield _REST
    finally:
        holding.release(database, name)


@control(
    "snapshots/items",
    method="POST",
    changes=False,
    summary="show a page of the items of a table in a snapshot",
    members=("Name", "TableName", "AccessKey", "Region", "Segment?", "TotalSegments?", "After?"),
)
def items(emulator: Emulator, body: Body) -> Result:
    """Return a page of the items of a table in a snapshot.

    Raises BadDeclaration if the body is wrong, or if the snapshot or the table does not exist.
    """
    name = _name(body, _ITEMS)
    table, access_key, region = (member(body, each, str) for each in ("TableName", "AccessKey", "Region"))
    number, total = (member(body, each, int) if each in body else otherwise for each, otherwise in _SEGMENT)
    if not 0 <= number < total <= _MOST_SEGMENTS:
        raise BadDeclaration(
            f"Segment and TotalSegments must be numbers with 0 <= Segment < TotalSegments <= {_MOST_SEGMENTS}"
        )
    tenant = SHARED if emulator.settings.shared_db else (access_key, region)
    database = emulator.database
    after = _after(body)
    try:
        work = partial(holding.page, database, name, tenant, table, (number, total), after)
        rows, last = database.rerun(work)
    except UnknownSnapshot:
        raise _unknown(database, name) from None
    except UnknownTable:
        raise BadDeclaration(f"the snapshot {name} has no table {table}") from None
    except WrongPosition:
        raise BadDeclaration(_WRONG_AFTER) from None
    found = [orjson.Fragment(row_json(row)) for _, row in rows]
    return {"Items": found} if last is None else {"Items": found, "After": last.hex()}


def _renamed(body: Body) -> dict[str, str]:
    """Return the member Rename of a body, which maps old table names to new ones.

    Return {} if the member is missing. Raises BadDeclaration if a new name is not a valid table
    name.
    """
    renamed: dict[str, str] = member(body, "Rename", dict) if "Rename" in body else {}
    for name in renamed.values():
        if not isinstance(name, str) or not arns.is_table_name(name):
            raise BadDeclaration(
                "the new names in the member Rename must have 3 to 255 characters: letters, digits, _, . and -"
            )
    return renamed


def _after(body: Body) -> bytes | None:
    try:
        return bytes.fromhex(member(body, "After", str)) if "After" in body else None
    except ValueError:
        raise BadDeclaration(_WRONG_AFTER) from None


class _Saving:
    """Saves a snapshot. If the transaction is interrupted, the caller calls `run` again.

    Each call of `run` looks up the tables, because they may have changed since the last call.
    """

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
            raise BadDeclaration("the member Tables must be a list of table names")

    def run(self) -> Snapshot:
        """Save the snapshot. Raises BadDeclaration if one of the `Tables` does not exist."""
        # First remove the tables whose deletion is over, so that the snapshot has none of them.
        self._database.catalog.settle_all()
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
    """Return the member Name of a body.

    Raises BadDeclaration if the name is wrong, or if the body has a member not in `members`.
    """
    refuse_unknown(body, *members)
    name: str = member(body, "Name", str)
    if not 0 < len(name) <= _LONGEST:
        raise BadDeclaration(f"the member Name must have 1 to {_LONGEST} characters")
    if name.startswith(HELD):
        raise BadDeclaration("the member Name must not begin with the character NUL")
    return name


def _unknown(database: Database, name: str) -> BadDeclaration:
    with database.read() as txn:
        names = [snapshot.name for snapshot in snapshots(txn) if not snapshot.name.startswith(HELD)]
    return BadDeclaration(f"there is no snapshot {name}; there are: {', '.join(names) or 'none'}")


def _described(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "Name": snapshot.name,
        "Created": snapshot.created,
        "Tables": snapshot.tables,
        "Items": snapshot.items,
    }
