"""ExecuteStatement and BatchExecuteStatement: PartiQL (behaviour 14).

The check prepares a statement (parses, analyses and compiles it: emulator/partiql). The handler
binds it to its table and runs it like a native read or write. If a statement of a batch fails, its
entry in the response has the error, and the other statements still run.
"""

from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database import transactions
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import ahead, read
from emulator.database.items.ahead import Outcome
from emulator.database.items.requested import Update, Write, has_repeats
from emulator.database.items.write import store
from emulator.database.schema.table import Table
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed, write_units
from emulator.errors import ApiError
from emulator.model.request import Request
from emulator.operations.parameters import check_values, returns_item
from emulator.operations.registry import Response, operation
from emulator.operations.response import consumed_member, consumed_members, member, response_of
from emulator.partiql import pages, plan
from emulator.partiql.ast import Exists
from emulator.partiql.pages import Place
from emulator.partiql.prepare import PreparedStatement, prepare_statement
from emulator.partiql.select import Pages, Read
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Sliced, Steps, in_slices
from emulator.values.rows import decode_row, row_json, row_size
from emulator.values.wire import Problem, first_problem, parse_map, parse_values_of_list
from storage import ReadTxn, WriteTxn

_NO_ITEMS: Final = b'"Items":[]'


def prepared_of(request: Mapping[str, Any]) -> PreparedStatement:
    """Return the statement of a request, or of one member of a batch, with its parameters.

    Raises ApiError.
    """
    return prepare_statement(request["Statement"], request.get("Parameters", ()))


def check_write(write: Write) -> None:
    """Raise if a statement's write breaks a rule about key attributes of its table (behaviour 3.8).

    This function checks the WHERE before the update. UpdateItem checks its condition last.
    """
    write.check_condition()
    write.check()


def _table_of(database: Database, caller: Caller, prepared: PreparedStatement) -> Table:
    """Return the table of a statement. Raises ApiError.

    The error of an invalid statement comes before the error of a missing table.
    """
    try:
        return database.table(caller, prepared.source.table)
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
    """Run one statement, or read one page of a SELECT."""
    table = _table_of(database, caller, prepared)
    consistent = request.get("ConsistentRead", False)
    planned = plan.bind(prepared, table, consistent=consistent, return_item=returns_item(request))
    token = request.get("NextToken")
    start = None if token is None else _place_of(request, token)
    if isinstance(planned, Pages):
        return _run_pages(database, request, planned, prepared.source.table, start)
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
            row, units = _read_row(reading, planned, consistent=consistent)
        item = selected(planned, row)
        consumed = Consumed(units)
    members = [_NO_ITEMS if item is None else b'"Items":[%b]' % item]
    if "ReturnConsumedCapacity" in request:
        members += consumed_member(request, prepared.source.table, consumed)
    return response_of(members)


def _run_pages(database: Database, request: Request, planned: Pages, table_name: str, start: Place | None) -> bytes:
    with database.read() as txn:
        page = pages.read(
            txn,
            planned,
            start,
            request.get("Limit"),
            consistent=request.get("ConsistentRead", False),
            measured=capacity.wanted(request) is not None,
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


def _read_row(txn: ReadTxn, planned: Read, *, consistent: bool) -> tuple[bytes | None, float]:
    """Return the row that a SELECT by key reads, and the units of the read."""
    row = txn.get(planned.key)
    units = read.item_units(row, consistent=consistent)
    read.charge(planned.table, planned.key, planned.key_item, units)
    return row, units


def selected(planned: Read, row: bytes | None) -> bytes | None:
    """Apply the condition and projection of a SELECT by key to a row; return the item's JSON.

    Return None if the SELECT returns no item.
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
# A NextToken is base64 of JSON: [digest of the statement and its parameters, position of the range,
# last key read or null].


def _digest(request: Mapping[str, Any]) -> str:
    bound = orjson.dumps([request["Statement"], request.get("Parameters")], option=orjson.OPT_SORT_KEYS)
    return blake2b(bound, digest_size=12).hexdigest()


def _token_of(request: Mapping[str, Any], place: Place) -> str:
    return b64encode(orjson.dumps([_digest(request), place.position, place.after])).decode()


def _place_of(request: Mapping[str, Any], token: str) -> Place:
    """Return the position in a SELECT's result that a NextToken contains.

    Raises if the token is damaged or belongs to another statement.
    """
    try:
        digest, position, after = orjson.loads(b64decode(token, validate=True))
    except (ValueError, TypeError):
        raise errors.next_token_invalid() from None
    if type(position) is not int or not (after is None or _is_key(after)):
        raise errors.next_token_invalid()
    if digest != _digest(request):
        raise errors.next_token_mismatch()
    return Place(position, after)


def _is_key(after: object) -> bool:
    """Return whether a JSON value is a map of valid attribute values."""
    problems: list[Problem] = []
    try:
        parse_map(after, problems)
    except ApiError:
        return False
    return not problems


# --- BatchExecuteStatement ------------------------------------------------------------------------


@dataclass(slots=True)
class _Member:
    """One statement of a batch, and its result: an item as JSON, or an error.

    row: the row that a read found. After the transaction, `selected` makes `item` from it.
    ahead: the outcome that `_run_writes` prepared. ran: whether the statement was run. If a
    statement fails before it runs, its entry in the response does not name its table (behaviour
    14.5).
    """

    request: Mapping[str, Any]
    prepared: PreparedStatement | None = None
    planned: Read | Write | None = None
    row: bytes | None = None
    ahead: Outcome | None = None
    item: bytes | None = None
    error: ApiError | None = None
    ran: bool = False

    @property
    def table_name(self) -> str:
        """Return the name or ARN of the table, as the client sent it."""
        assert self.prepared is not None, "only prepared statements are run"
        return self.prepared.source.table

    def response(self) -> bytes:
        """Return the statement's entry in the response."""
        members = []
        if self.error is not None:
            error = {"Code": errors.entry_code(self.error), "Message": self.error.message}
            members.append(member(b"Error", error))
        if self.ran:
            members.append(member(b"TableName", self.table_name))
        if self.item is not None:
            members.append(b'"Item":' + self.item)
        return response_of(members)


@dataclass(slots=True)
class _Units:
    """The units that a batch consumed on one table.

    succeeded: whether any statement on the table succeeded. If none did, the units are not
    reported.
    """

    consumed: Consumed = field(default_factory=Consumed)
    succeeded: bool = False


def _check_batch(request: Request) -> Steps[list[_Member]]:
    members = [_Member(each) for each in request["Statements"]]
    characters = 0
    for each in members:
        try:
            if request.problems:
                _check_parameters(each.request)
            each.prepared = prepared_of(each.request)
        except ApiError as error:
            each.error = error.with_traceback(None)
        characters += len(each.request["Statement"])
        if characters >= PARSED_IN_STEP:
            characters = 0
            yield None
    request.mark_reported()  # the entry of each statement reports its own problems
    plan.check_batch([each.prepared for each in members if each.prepared is not None])
    return members


def _check_parameters(statement: Mapping[str, Any]) -> None:
    """Raise the first problem of one statement's parameters.

    This parses the parameters again, because the parsed request does not say which statement a
    problem belongs to.
    """
    problems: list[Problem] = []
    parse_values_of_list(statement.get("Parameters", []), problems)
    if problems:
        raise first_problem(problems).error("partiql")


@operation("BatchExecuteStatement", check=_check_batch)
def batch_execute_statement(
    database: Database, caller: Caller, request: Request, members: Sequence[_Member]
) -> Response:
    """Run up to 25 statements, each on one item: all reads or all writes.

    The statements are independent: if one fails, the others still run.
    """
    for each in members:
        try:
            _bind_member(database, caller, each)
        except ApiError as error:
            each.error = error.with_traceback(None)
    if has_repeats(each.planned.key for each in members if each.planned is not None):
        raise errors.duplicate_keys()
    tables: dict[str, _Units] = {}
    if any(isinstance(each.planned, Write) for each in members):
        run = _run_writes(database, members, tables)
    else:
        run = _run_reads(database, members, tables)
    return in_slices(_batch_response(request, members, tables, run), sliced=database.sliced)


def _batch_response(
    request: Request, members: Sequence[_Member], tables: Mapping[str, _Units], run: Steps[None]
) -> Steps[bytes]:
    yield from run
    responses = [b'"Responses":[%b]' % b",".join([each.response() for each in members])]
    consumed = [(name, units.consumed) for name, units in tables.items() if units.succeeded]
    return response_of(responses + consumed_members(request, consumed))


def _run_reads(database: Database, members: Sequence[_Member], tables: dict[str, _Units]) -> Steps[None]:
    """Read all rows in one snapshot. Then test and project the rows, some of them in each step."""
    with database.read() as txn:
        for each in members:
            _run_read(txn, each, tables)
    decoded = 0
    for each in members:
        if isinstance(each.planned, Read) and each.row is not None:
            each.item = selected(each.planned, each.row)
            decoded += len(each.row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None


def _run_writes(database: Database, members: Sequence[_Member], tables: dict[str, _Units]) -> Steps[None]:
    """Run all writes in one transaction.

    Writes that take long are prepared before the transaction, one write in each step.
    """
    writes = [(each, each.planned) for each in members if isinstance(each.planned, Write)]
    if database.sliced:
        with database.read() as txn:
            work = sum([len(txn.get(write.key) or b"") for _, write in writes])
        if work > ahead.LONG:
            for each, write in writes:
                yield None
                with database.read() as txn:
                    each.ahead = ahead.outcome(txn, write, _returnable(write))
            transactions.refuse_changed_tables(database, [write for _, write in writes])
    with database.write() as writing:
        writing.urgent = all(write.urgent for _, write in writes)
        for each, write in writes:
            _run_write(writing, each, write, tables)


def _returnable(write: Write) -> Collection[str]:
    """Return the attributes that RETURNING MODIFIED may return: those that the update writes."""
    return write.update.attributes if isinstance(write, Update) and write.update is not None else ()


def _bind_member(database: Database, caller: Caller, each: _Member) -> None:
    if each.prepared is None:
        return
    table = _table_of(database, caller, each.prepared)
    consistent = each.request.get("ConsistentRead", False)
    planned = plan.batch_plan(each.prepared, table, consistent=consistent)
    if isinstance(planned, Write):
        check_write(planned)
    each.planned = planned


def _run_read(txn: ReadTxn, each: _Member, tables: dict[str, _Units]) -> None:
    if not isinstance(each.planned, Read):
        return
    each.ran = True
    try:
        consistent = each.request.get("ConsistentRead", False)
        each.row, units = _read_row(txn, each.planned, consistent=consistent)
    except ApiError as error:  # the write was throttled
        each.error = error.with_traceback(None)
        return
    total = tables.setdefault(each.table_name, _Units())
    total.consumed.table += units
    total.succeeded = True


def _run_write(txn: WriteTxn, each: _Member, write: Write, tables: dict[str, _Units]) -> None:
    each.ran = True
    total = tables.setdefault(each.table_name, _Units())
    try:
        change = ahead.prepared(txn, write, _returnable(write), each.ahead)
        total.consumed.add(store(txn, write.table, change))
    except ApiError as error:
        each.error = error.with_traceback(None)
        if error.about == "condition":
            row = txn.get(write.key)
            total.consumed.table += write_units(0 if row is None else row_size(row), 0)
        return
    assert each.prepared is not None, "only prepared statements are run"
    each.item = write.returned(each.prepared.return_values, change)
    total.succeeded = True
