"""ExecuteStatement: runs one PartiQL statement (behaviour 14).

The check of the operation prepares the statement: emulator/partiql parses, analyses and compiles
it. The handler binds the statement to its table, and runs it like a native read or write.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import read
from emulator.database.items.requested import Write
from emulator.database.items.write import store
from emulator.database.schema.table import Table
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed
from emulator.errors import ApiError
from emulator.model.request import Request
from emulator.operations.parameters import check_values, returns_item
from emulator.operations.registry import Response, operation
from emulator.operations.response import consumed_member, member, response_of
from emulator.partiql import pages, plan
from emulator.partiql.ast import Exists
from emulator.partiql.pages import Continuation
from emulator.partiql.prepare import PreparedStatement, prepare_statement
from emulator.partiql.select import Pages, Read
from emulator.slices import Sliced, Steps
from emulator.values.rows import decode_row, row_json
from emulator.values.wire import Problem, parse_map
from storage import ReadTxn

_NO_ITEMS: Final = b'"Items":[]'


def prepared_of(request: Mapping[str, Any]) -> PreparedStatement:
    """Prepare the statement of a request, or of one element of a batch, with its parameters.

    Raises ApiError.
    """
    return prepare_statement(request["Statement"], request.get("Parameters", ()))


def check_write(write: Write) -> None:
    """Raise ApiError if a write breaks a rule about its table's key attributes (behaviour 3.8).

    For a statement, the service checks the WHERE clause before the update, so this function does
    too. For UpdateItem, the service checks the condition last.
    """
    write.check_condition()
    write.check()


def table_of(database: Database, caller: Caller, prepared: PreparedStatement) -> Table:
    """Return the table of a statement. Raises ApiError.

    If the table is missing and the statement is invalid too, the error is about the statement.
    """
    try:
        return database.table(caller, prepared.relation.table)
    except ApiError:
        if prepared.refusal is not None:
            raise prepared.refusal from None
        raise


# --- ExecuteStatement -----------------------------------------------------------------------------


def _check(request: Request) -> PreparedStatement:
    check_values(request, "partiql")
    prepared = prepared_of(request)
    if isinstance(prepared.statement, Exists):
        raise errors.exists_outside_transaction()
    return prepared


@operation("ExecuteStatement", check=_check)
def execute_statement(database: Database, caller: Caller, request: Request, prepared: PreparedStatement) -> Response:
    """Run one statement. A SELECT without a whole primary key returns one page."""
    table = table_of(database, caller, prepared)
    consistent = request.get("ConsistentRead", False)
    planned = plan.bind(prepared, table, consistent=consistent, return_item=returns_item(request))
    token = request.get("NextToken")
    start = None if token is None else _continuation_of(request, token)
    if isinstance(planned, Pages):
        return _run_pages(database, request, planned, prepared.relation.table, start)
    if isinstance(planned, Write):
        check_write(planned)
        with database.write() as txn:
            txn.urgent = planned.urgent
            change = planned.prepare(txn)
            consumed = store(txn, table, change)
        item = planned.returned(prepared.return_values, change)
    else:
        if start is not None:
            raise errors.next_token_invalid()
        with database.read() as reading:
            row, units = read_row(reading, planned, consistent=consistent)
        item = selected(planned, row)
        consumed = Consumed(units)
    members = [_NO_ITEMS if item is None else b'"Items":[%b]' % item]
    if "ReturnConsumedCapacity" in request:
        members += consumed_member(request, prepared.relation.table, consumed)
    return response_of(members)


def _run_pages(
    database: Database, request: Request, planned: Pages, table_name: str, start: Continuation | None
) -> bytes:
    with database.read() as txn:
        page = pages.read(
            txn,
            planned,
            start,
            request.get("Limit"),
            consistent=request.get("ConsistentRead", False),
            measured=capacity.report_mode(request) is not None,
            sliced=database.sliced,
        )
    if page.later:
        raise Sliced(_page_later(request, table_name, page))
    return _page_response(request, table_name, page)


def _page_later(request: Request, table_name: str, page: pages.Result) -> Steps[bytes]:
    yield from page.complete()
    return _page_response(request, table_name, page)


def _page_response(request: Request, table_name: str, page: pages.Result) -> bytes:
    members = [b'"Items":[' + b",".join(page.items) + b"]"]
    if page.next is not None:
        members.append(member(b"NextToken", _token_of(request, page.next)))
    if page.last is not None:
        members.append(member(b"LastEvaluatedKey", page.last))
    return response_of(members + consumed_member(request, table_name, page.consumed))


def read_row(txn: ReadTxn, planned: Read, *, consistent: bool) -> tuple[bytes | None, float]:
    """Return the row that a SELECT by primary key reads, and the consumed units.

    The row is None if there is no item.
    """
    row = read.seen(txn, planned.table, consistent=consistent).get(planned.key)
    units = read.item_units(row, consistent=consistent)
    read.charge(planned.table, planned.key, planned.key_item, units)
    return row, units


def selected(planned: Read, row: bytes | None) -> bytes | None:
    """Return the item that a SELECT by primary key returns, as JSON; None if it returns no item.

    planned: the plan of the SELECT, with its condition and projection.
    row: the row with the primary key, None if there is no such item.
    """
    if row is None:
        return None
    if planned.test is None and planned.project is None:
        return row_json(row)
    item = decode_row(row)
    if planned.test is not None and not planned.test(item):
        return None
    return row_json(row) if planned.project is None else orjson.dumps(planned.project(item))


# --- NextToken ------------------------------------------------------------------------------------
# A NextToken is the base64 of a JSON list: a digest of the statement and its parameters, the number
# of the key range that the next page reads, and the last key that was read in this range. This key
# is null if the next page reads the range from its start.


def _digest(request: Mapping[str, Any]) -> str:
    bound = orjson.dumps([request["Statement"], request.get("Parameters")], option=orjson.OPT_SORT_KEYS)
    return blake2b(bound, digest_size=12).hexdigest()


def _token_of(request: Mapping[str, Any], start: Continuation) -> str:
    return b64encode(orjson.dumps([_digest(request), start.position, start.after])).decode()


def _continuation_of(request: Mapping[str, Any], token: str) -> Continuation:
    """Return the point at which the next page of a SELECT begins, from a NextToken.

    Raises ApiError if the token is damaged or belongs to another statement.
    """
    try:
        digest, position, after = orjson.loads(b64decode(token, validate=True))
    except (ValueError, TypeError):
        raise errors.next_token_invalid() from None
    if type(position) is not int or not (after is None or _is_key(after)):
        raise errors.next_token_invalid()
    if digest != _digest(request):
        raise errors.next_token_mismatch()
    return Continuation(position, after)


def _is_key(after: object) -> bool:
    """Return True if a JSON value is a map of valid attribute values."""
    problems: list[Problem] = []
    try:
        parse_map(after, problems)
    except ApiError:
        return False
    return not problems
