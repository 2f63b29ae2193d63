"""ExecuteTransaction: PartiQL statements as one transaction (behaviour 14.6).

The statements become the plans that they are alone, the plans become the steps of a transaction.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from emulator import errors
from emulator.database import transactions
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import write
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.throughput import capacity
from emulator.database.transactions import Step
from emulator.errors import ApiError
from emulator.model.request import Request
from emulator.operations.checks import answer, check_values, member
from emulator.operations.registry import Response, operation
from emulator.operations.statements import check_paths, found_item, prepare, tells_item
from emulator.partiql import plan
from emulator.partiql.plan import Write, prepare_write
from emulator.partiql.prepare import Prepared
from emulator.partiql.select import Read
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Steps, in_slices
from storage import ReadTxn


def _check(request: Request) -> Steps[list[Prepared]]:
    check_values(request, "partiql")
    statements = []
    characters = 0
    for each in request["TransactStatements"]:
        statements.append(prepare(each))
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
def execute_transaction(database: Database, caller: Caller, request: Request, statements: list[Prepared]) -> Response:
    """Run up to 100 statements that all read or all write (or check) one item each; all of them or none."""
    token = transactions.token_of("ExecuteTransaction", request)
    if token is not None:
        database.enforcer.refuse_token(token.text)
    tables = [database.table(caller, statement.source.table) for statement in statements]
    plans = _plans(request["TransactStatements"], statements, tables)
    steps = [_step(each, statement.source.table) for each, statement in zip(plans, statements, strict=True)]
    transactions.refuse_duplicates(step.key for step in steps)
    if all(statement.reads for statement in statements):
        rows, consumed = transactions.read(database, steps)
        reads = [each for each in plans if isinstance(each, Read)]
        answered = _answer_reads(request, steps, reads, rows, consumed)
    else:
        answered = _run(database, caller, request, token, steps)
    return in_slices(answered, sliced=database.sliced)


def _run(
    database: Database, caller: Caller, request: Request, token: transactions.Token | None, steps: Sequence[Step]
) -> Steps[bytes]:
    consumed, replayed = yield from transactions.run(database, caller, token, steps)
    return _answer(request, steps, [], consumed, "Read" if replayed else "Write")


def _answer_reads(
    request: Request,
    steps: Sequence[Step],
    reads: Sequence[Read],
    rows: Sequence[bytes | None],
    consumed: Sequence[capacity.Consumed],
) -> Steps[bytes]:
    """Test and project the rows that the transaction saw, some in each step, and answer."""
    responses = []
    decoded = 0
    for each, row in zip(reads, rows, strict=True):
        item = found_item(each, row)
        responses.append(b"{}" if item is None else b'{"Item":%b}' % item)
        if row is not None:
            decoded += len(row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None
    return _answer(request, steps, responses, consumed, "Read")


def _answer(
    request: Request,
    steps: Sequence[Step],
    responses: Sequence[bytes],
    consumed: Sequence[capacity.Consumed],
    kind: Literal["Read", "Write"],
) -> bytes:
    members = [b'"Responses":[%b]' % b",".join(responses)]
    mode = capacity.wanted(request)
    if mode is not None:
        members.append(member(b"ConsumedCapacity", transactions.told_capacity(mode, steps, consumed, kind)))
    return answer(members)


def _plans(
    requests: Sequence[dict[str, Any]], statements: Sequence[Prepared], tables: Sequence[Table]
) -> list[Read | Write | plan.Check]:
    """Plan every statement.

    Raises what is wrong with a statement, or the cancellation for a key that does not suit its
    table.
    """
    plans = []
    for position, (request, statement, table) in enumerate(zip(requests, statements, tables, strict=True)):
        try:
            each = plan.transaction_plan(statement, table, tell_item=tells_item(request))
            if isinstance(each, Write):
                check_paths(each)
        except ApiError as error:
            if error.about == "transaction":
                raise errors.transaction_statement(position, error) from None
            if error.about == "request":
                raise
            raise transactions.canceled_by((position, error), len(statements)) from None
        plans.append(each)
    return plans


def _step(planned: Read | Write | plan.Check, table_name: str) -> Step:
    step = Step(planned.table, table_name, planned.key, planned.key_item)
    if isinstance(planned, Write):
        step.prepare = partial(_prepared, planned)
        step.deletes = planned.kind == "delete"
    elif isinstance(planned, plan.Check):
        step.prepare = partial(_checked, planned)
        step.checks_only = True
    return step


def _prepared(planned: Write, txn: ReadTxn) -> Change:
    return prepare_write(txn, planned)


def _checked(planned: plan.Check, txn: ReadTxn) -> Change:
    return write.prepare_delete(txn, planned.table, planned.key, planned.guard, planned.key_item)
