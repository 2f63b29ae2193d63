"""`reset`: deletes everything, the resources of an account, or the items of a table.

| body                                        | what is deleted                                    |
|---------------------------------------------|----------------------------------------------------|
| `{}`                                        | all tables, streams and event source mappings      |
| `{"Snapshots": true}`                       | as with `{}`, and all snapshots                    |
| `{"AccessKey", "Region"?}`                  | tables, streams and mappings of one account, in    |
|                                             | all regions or in one                              |
| `{"TableName", "AccessKey"?, "Region"?}`    | the items of a table                               |

- `TableName` is an ARN or a name. A name means all tables of that name in the accounts that the
  other members select. The tables stay, with their ARNs, settings and streams. The deletions
  write no stream records.
- `{}` also ends all declarations (throttling, transactions), and sets the emulator's clock to the
  machine's time. Dead letters and functions stay.
- `reset` forgets the ClientRequestTokens of the accounts, so a repeated request runs again.
- With `--shared-db` there is only one account, which any access key selects.
- Deletion protection does not stop `reset`. Clients no longer see the data after the call.
  Background work then deletes large data from the store.

The result counts the tables that were deleted or emptied: `{"Tables": number}`.
"""

from typing import Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.definitions.tenants import SHARED
from emulator.database.schema.table import Table
from emulator.database.snapshots import saving
from emulator.database.snapshots.contents import contents_of, forget_tokens, withdraw
from emulator.database.snapshots.emptying import empty
from emulator.database.snapshots.scope import Scope
from emulator.database.snapshots.snapshot import Restoring, refuse_while_restoring
from emulator.slices import Steps

_MEMBERS: Final = ("TableName", "AccessKey", "Region")
_SNAPSHOTS: Final = "Snapshots"


@control(
    "reset",
    summary="delete everything, the resources of an account, or all items of a table",
    members=("TableName?", "AccessKey?", "Region?", "Snapshots?"),
)
def reset(emulator: Emulator, body: Body) -> Steps[Result]:
    """Delete what the body selects. Return the number of deleted or emptied tables.

    Raises BadDeclaration if the body is wrong, or while a snapshot is being restored.
    """
    name, access_key, region = _read(body)
    # The advisor must examine requests before `reset` deletes their tables.
    if emulator.evidence is not None:
        yield from emulator.evidence.digest_all()
        emulator.evidence.doubt_tables()
    database = emulator.database
    shared = emulator.settings.shared_db
    scope = Scope.of(access_key, region, shared=shared)
    if name is not None:
        return {"Tables": database.rerun(lambda: _reset_items(database, name, scope))}
    try:
        if access_key is None:
            return {"Tables": _reset_everything(emulator, scope, snapshots=bool(body.get(_SNAPSHOTS)))}
        return {"Tables": database.rerun(lambda: _reset_account(database, scope))}
    except Restoring as error:
        raise BadDeclaration(str(error)) from None


def _read(body: Body) -> tuple[str | None, str | None, str | None]:
    """Return the members TableName, AccessKey and Region of a body, None for a missing member.

    Raises BadDeclaration if the body is wrong.
    """
    refuse_unknown(body, *_MEMBERS, _SNAPSHOTS)
    if _SNAPSHOTS in body and member(body, _SNAPSHOTS, bool) and len(body) > 1:
        raise BadDeclaration(f"a body with the member {_SNAPSHOTS} cannot have other members")
    name, access_key, region = (member(body, each, str) if each in body else None for each in _MEMBERS)
    if region is not None and access_key is None:
        raise BadDeclaration("the member Region needs the member AccessKey")
    return name, access_key, region


def _reset_everything(emulator: Emulator, scope: Scope, *, snapshots: bool) -> int:
    """Reset all accounts, the clock and the declarations. Return the number of deleted tables.

    Raises Restoring, and changes nothing, while a snapshot is being restored.
    """
    database = emulator.database
    with database.read() as txn:
        refuse_while_restoring(txn, within=scope)
    if snapshots:
        database.rerun(lambda: saving.delete_all(database))
    emulator.clock.release()
    database.enforcer.clear()
    if emulator.has_faults:
        emulator.faults.reset()
    database.rerun(database.catalog.declare)
    return database.rerun(lambda: _reset_account(database, scope))


def _reset_account(database: Database, scope: Scope) -> int:
    """Delete everything of the accounts in a scope. Return the number of deleted tables.

    Raises Restoring while a snapshot is being restored: the end of the restore would create the
    tables again.
    """
    with database.registries.changing(urgent=True) as change:
        refuse_while_restoring(change.txn, within=scope)
        gone = contents_of(database, change.txn, scope)
        withdraw(database, change, gone)
        forget_tokens(change.txn, scope)
        return len(gone.tables)


def _reset_items(database: Database, name: str, scope: Scope) -> int:
    tables = [table for table in map(database.catalog.settle, database.catalog.named(name)) if table is not None]
    tables = [table for table in tables if scope.owns(_tenant(table, scope))]
    if not tables:
        raise BadDeclaration(f"there is no table {name}")
    for table in list(tables):  # empty a table's replicas too, so that they stay equal to the table
        tables += [other for other in database.catalog.group(table.definition) if other not in tables]
    with database.registries.changing(urgent=True) as change:
        for table in tables:
            empty(database, change, table)
            forget_tokens(change.txn, Scope(*_tenant(table, scope)))
    return len(tables)


def _tenant(table: Table, scope: Scope) -> tuple[str, str]:
    """Return the tenant that owns a table: access key and region, or SHARED with --shared-db."""
    if scope.access_key == SHARED[0]:
        return SHARED
    return table.definition.access_key, table.definition.region
