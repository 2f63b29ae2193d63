"""ExecuteTransaction: PartiQL statements as one transaction (behaviour 14.6)."""

from collections.abc import Sequence
from typing import Any, Literal

from emulator import errors
from emulator.database import transactions
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items.requested import Write
from emulator.database.schema.table import Table
from emulator.database.throughput.capacity import Consumed
from emulator.database.tokens import Token
from emulator.errors import ApiError
from emulator.model.request import Request
from emulator.operations.parameters import check_values, returns_item
from emulator.operations.registry import Response, operation
from emulator.operations.response import consumed_members, response_of
from emulator.operations.statements import check_write, prepared_of, selected
from emulator.partiql import plan
from emulator.partiql.prepare import PreparedStatement
from emulator.partiql.select import Read
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, PLANNED_IN_STEP, Steps, in_slices


def _check(request: Request) -> Steps[list[PreparedStatement]]:
    check_values(request, "partiql")
    statements = []
    characters = 0
    for each in request["TransactStatements"]:
        statements.append(prepared_of(each))
        characters += len(each["Statement"])
        if characters >= PARSED_IN_STEP:
            characters = 0
            yield None
    plan.check_transaction(statements)
    for position, statement in enumerate(statements):
        try:
            plan.check_in_transaction(statement)
        except ApiError as error:
            raise errors.transaction_statement(position, error) from None
    return statements


@operation("ExecuteTransaction", check=_check)
def execute_transaction(
    database: Database, caller: Caller, request: Request, statements: list[PreparedStatement]
) -> Response:
    """Run up to 100 statements, each on one item. Either all of them take effect, or none does.

    The statements of a request are either all reads, or all writes and checks.
    """
    token = transactions.token_of(database, caller, "ExecuteTransaction", request)
    names = [statement.relation.table for statement in statements]
    tables = [database.table(caller, name) for name in names]
    transactions.refuse_strong(tables)
    return in_slices(_answer(database, request, token, names, tables, statements), sliced=database.sliced)


def _answer(
    database: Database,
    request: Request,
    token: Token | None,
    names: Sequence[str],
    tables: Sequence[Table],
    statements: Sequence[PreparedStatement],
) -> Steps[bytes]:
    plans = yield from _plans(request["TransactStatements"], statements, tables)
    transactions.refuse_changed_tables(database, plans)
    transactions.check_distinct(plans)
    reads = [each for each in plans if isinstance(each, Read)]
    writes = [each for each in plans if isinstance(each, Write)]
    if writes:
        return (yield from _run(database, request, token, names, writes))
    rows, consumed = transactions.read(database, reads)
    return (yield from _selected(request, names, reads, rows, consumed))


def _run(
    database: Database, request: Request, token: Token | None, names: Sequence[str], writes: Sequence[Write]
) -> Steps[bytes]:
    consumed, replayed = yield from transactions.run(database, token, writes)
    return _response(request, names, [], consumed, "Read" if replayed else "Write")


def _selected(
    request: Request,
    names: Sequence[str],
    reads: Sequence[Read],
    rows: Sequence[bytes | None],
    consumed: Sequence[Consumed],
) -> Steps[bytes]:
    """Apply the WHERE and the projection of each statement to its row; return the response.

    Each step decodes some of the rows.
    """
    responses = []
    decoded = 0
    for each, row in zip(reads, rows, strict=True):
        item = selected(each, row)
        responses.append(b"{}" if item is None else b'{"Item":%b}' % item)
        if row is not None:
            decoded += len(row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None
    return _response(request, names, responses, consumed, "Read")


def _response(
    request: Request,
    names: Sequence[str],
    responses: Sequence[bytes],
    consumed: Sequence[Consumed],
    kind: Literal["Read", "Write"],
) -> bytes:
    members = [b'"Responses":[%b]' % b",".join(responses)]
    return response_of(members + consumed_members(request, zip(names, consumed, strict=True), kind))


def _plans(
    requests: Sequence[dict[str, Any]], statements: Sequence[PreparedStatement], tables: Sequence[Table]
) -> Steps[list[Read | Write]]:
    """Return the read or write that each statement asks for. Long statements take several steps.

    Raises ApiError. For an invalid statement, this is the statement's error. For a statement that
    does not fit its table, such as one with a wrong key, it is the error of a canceled transaction.
    """
    plans: list[Read | Write] = []
    characters = 0
    for position, (request, statement, table) in enumerate(zip(requests, statements, tables, strict=True)):
        try:
            each = plan.transaction_plan(statement, table, return_item=returns_item(request))
            if isinstance(each, Write):
                check_write(each)
        except ApiError as error:
            if error.about == "transaction":
                raise errors.transaction_statement(position, error) from None
            if error.about == "request":
                raise
            raise transactions.canceled_by({position: error}, len(statements)) from None
        plans.append(each)
        characters += len(request["Statement"])
        if characters >= PLANNED_IN_STEP:
            characters = 0
            yield None
    return plans
