"""BatchExecuteStatement: up to 25 PartiQL statements, each on one item (behaviour 14).

Each statement is prepared, bound to its table and run with functions of statements.py. If a
statement fails, its result in the response has the error, and the other statements still run.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator import errors
from emulator.database import transactions
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import ahead
from emulator.database.items.ahead import Outcome
from emulator.database.items.requested import Update, Write, has_repeats
from emulator.database.items.write import store
from emulator.database.throughput.capacity import Consumed, write_units
from emulator.errors import ApiError
from emulator.model.request import Request
from emulator.operations.registry import Response, operation
from emulator.operations.response import consumed_members, member, response_of
from emulator.operations.statements import check_write, prepared_of, read_row, selected, table_of
from emulator.partiql import plan
from emulator.partiql.prepare import PreparedStatement
from emulator.partiql.select import Read
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Steps, in_slices
from emulator.values.rows import row_size
from emulator.values.wire import Problem, first_problem, parse_values_of_list
from storage import ReadTxn, WriteTxn


@dataclass(slots=True)
class _Member:
    """One statement of a batch, and its result: an item as JSON, or an error.

    planned: the read or write that the statement asks for; None if the statement failed earlier.
    row: the row that a read found. After the transaction, `selected` makes `item` from it.
    ahead: the outcome of a write that takes long, computed before the transaction; otherwise None.
    ran: True if the statement was run. If a statement fails before it runs, its result in the
    response does not name its table (behaviour 14.5).
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
        assert self.prepared is not None, "a statement that could not be prepared has no table name"
        return self.prepared.relation.table

    def response(self) -> bytes:
        """Return the statement's result in the response."""
        members = []
        if self.error is not None:
            error = {"Code": errors.nested_code(self.error), "Message": self.error.message}
            members.append(member(b"Error", error))
        if self.ran:
            members.append(member(b"TableName", self.table_name))
        if self.item is not None:
            members.append(b'"Item":' + self.item)
        return response_of(members)


@dataclass(slots=True)
class _Units:
    """The units that a batch consumed on one table.

    succeeded: True if at least one statement on the table succeeded. Otherwise the response does
    not report the units.
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
    request.mark_reported()  # the response reports each problem as the error of its statement
    plan.check_batch([each.prepared for each in members if each.prepared is not None])
    return members


def _check_parameters(statement: Mapping[str, Any]) -> None:
    """Raise ApiError for the first problem in one statement's parameters.

    The parameters are parsed again, because Request.problems does not say to which statement a
    problem belongs.
    """
    problems: list[Problem] = []
    parse_values_of_list(statement.get("Parameters", []), problems)
    if problems:
        raise first_problem(problems).error("partiql")


@operation("BatchExecuteStatement", check=_check_batch)
def batch_execute_statement(
    database: Database, caller: Caller, request: Request, members: Sequence[_Member]
) -> Response:
    """Run up to 25 statements, each on one item. Either all of them read, or all write.

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
    """Read all rows in one snapshot.

    Then apply the WHERE and the projection of each statement to its row, some rows in each step.
    """
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
    """Return the names of the attributes that an update writes.

    RETURNING MODIFIED returns only these attributes.
    """
    return write.update.attributes if isinstance(write, Update) and write.update is not None else ()


def _bind_member(database: Database, caller: Caller, each: _Member) -> None:
    if each.prepared is None:
        return
    table = table_of(database, caller, each.prepared)
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
        each.row, units = read_row(txn, each.planned, consistent=consistent)
    except ApiError as error:  # the read was throttled
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
    assert each.prepared is not None, "a statement must be prepared before it runs"
    each.item = write.returned(each.prepared.return_values, change)
    total.succeeded = True
