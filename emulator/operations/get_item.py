"""GetItem (behaviour 5)."""

import orjson

from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import read
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed
from emulator.expressions import legacy
from emulator.expressions.program import Projection
from emulator.model.request import Request
from emulator.operations.parameters import check_values, projection_of
from emulator.operations.registry import Response, operation
from emulator.operations.response import consumed_member, response_of
from emulator.values.rows import ROW_HEADER, decode_row


def _check(request: Request) -> Projection | None:
    legacy.check_mixing(request)
    check_values(request, "new", numbers_first=True)
    return projection_of(request)


@operation("GetItem", check=_check)
def get_item(database: Database, caller: Caller, request: Request, projection: Projection | None) -> Response:
    """Read one item by its key. Without a projection, return the item's stored JSON unchanged."""
    table = database.table(caller, request["TableName"])
    key = table.item_key(request["Key"])
    if projection is not None and projection.inner:
        table.check_paths(projection.inner)
    with database.read() as txn:
        row = txn.get(key)
    if table.enforcement is not None:
        if table.enforcement.lag is not None:
            with database.read() as txn:
                row = read.seen(txn, table, consistent=request.get("ConsistentRead", False)).get(key)
        read.charge(table, key, request["Key"], _units(request, row))
    if row is None:
        members = []
    elif projection is None:
        members = [b'"Item":' + row[ROW_HEADER:]]
    else:
        members = [b'"Item":' + orjson.dumps(projection.project(decode_row(row)))]
    if capacity.report_mode(request):
        members += consumed_member(request, request["TableName"], Consumed(_units(request, row)))
    return response_of(members)


def _units(request: Request, row: bytes | None) -> float:
    return read.item_units(row, consistent=request.get("ConsistentRead", False))
