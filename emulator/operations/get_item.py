"""GetItem (behaviour 5)."""

from typing import Any

import orjson

from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed, read_units
from emulator.expressions import legacy
from emulator.expressions.program import Projection
from emulator.model.request import Request
from emulator.operations.checks import (
    answer,
    bound_of,
    charge_read,
    check_values,
    consumed_member,
)
from emulator.operations.registry import Response, operation
from emulator.values.rows import ROW_HEADER, decode_row, row_size


def projection_of(request: Any) -> Projection | None:  # noqa: ANN401 - a request or one table's part of a batch
    """Return the projection of a request, None for whole items."""
    bound = bound_of(request)
    if "AttributesToGet" in request:
        return legacy.attributes_to_get(request["AttributesToGet"])
    return None if bound is None else bound.projection


def _check(request: Request) -> Projection | None:
    legacy.check_mixing(request)
    check_values(request, "new", numbers_first=True)
    return projection_of(request)


@operation("GetItem", check=_check)
def get_item(database: Database, caller: Caller, request: Request, projection: Projection | None) -> Response:
    """Read one item by its key. A whole item goes into the response as its stored JSON."""
    table = database.table(caller, request["TableName"])
    key = table.item_key(request["Key"])
    if projection is not None and projection.inner:
        table.check_paths(projection.inner)
    with database.read() as txn:
        row = txn.get(key)
    if table.enforcement is not None:
        charge_read(table, key, _units(request, row))
    if row is None:
        members = []
    elif projection is None:
        members = [b'"Item":' + row[ROW_HEADER:]]
    else:
        members = [b'"Item":' + orjson.dumps(projection.project(decode_row(row)))]
    if capacity.wanted(request):
        members += consumed_member(request, Consumed(_units(request, row)))
    return answer(members)


def _units(request: Request, row: bytes | None) -> float:
    return read_units(0 if row is None else row_size(row), consistent=request.get("ConsistentRead", False))
