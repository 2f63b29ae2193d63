"""`ttl`: deletes all expired items now.

`TableName` in the body, a name or an ARN, selects tables. A body without `TableName` selects all
tables. The result counts the deleted items: `{"Deleted": number, "Tables": {ARN: number}}`.
"""

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.declarations import tables_named
from emulator.controls.registry import Emulator, Result, control
from emulator.database.jobs import ttl_sweep
from emulator.slices import Steps


@control("ttl", summary="delete all items whose time to live is over, in one table or in all", members=("TableName?",))
def sweep(emulator: Emulator, body: Body) -> Steps[Result]:
    """Delete the expired items of the selected tables.

    Raises BadDeclaration if the body is wrong, if the table that it names does not exist, or if the
    time to live of this table is not enabled.
    """
    refuse_unknown(body, "TableName")
    database = emulator.database
    swept = ttl_sweep.tables(database)
    if "TableName" in body:
        name = member(body, "TableName", str)
        named = tables_named(database, name)
        if not named:
            raise BadDeclaration(f"there is no table {name}")
        swept = [table for table in swept if table in named]
        if not swept:
            raise BadDeclaration(f"the time to live of table {name} is not enabled: UpdateTimeToLive enables it")
    deleted = yield from ttl_sweep.sweep(database, swept)
    return {"Deleted": deleted.total(), "Tables": deleted}
