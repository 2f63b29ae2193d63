"""TransactWriteItems and TransactGetItems (behaviour 8).

Order of problems: whatever a request says wrong by itself is a ValidationException, action by action; then missing tables;
then two actions on one item. What an action cannot do to its item cancels the transaction: first the key and type errors
and failing updates (only the first is told), else every condition that does not hold and every conflict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

import orjson

from emulator import errors, limits
from emulator.database import transactions
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import write
from emulator.database.items.write import Guard
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.throughput import capacity
from emulator.database.transactions import Step
from emulator.errors import ApiError
from emulator.expressions.bind import Bound, bind
from emulator.expressions.program import Projection, Update
from emulator.model.request import Request
from emulator.operations.checks import NO_VALUES, answer, guard_of, member, text_length
from emulator.operations.registry import Response, operation
from emulator.operations.write_item import check_update_paths
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Steps, in_slices
from emulator.values.problems import Problem, first_problem
from emulator.values.rows import ROW_HEADER, decode_row
from emulator.values.size import item_size
from emulator.values.types import KIND, Item, Value, Values
from emulator.values.wire import ParsedItem, parse_map, parse_values
from storage import ReadTxn

Kind = Literal["Put", "Update", "Delete", "ConditionCheck"]


@dataclass(slots=True)
class Action:
    """One action as far as its request tells: what it does to which item, on which condition."""

    kind: Kind
    table_name: str
    key_item: Item
    """The item's key; for a Put the item itself."""
    item: ParsedItem | None = None
    guard: Guard | None = None
    update: Update | None = None
    values: Values = field(default_factory=dict)
    bound: Bound | None = None


# --- TransactWriteItems -------------------------------------------------------------------------


def _check_write(request: Request) -> Steps[list[Action]]:
    actions = []
    size = characters = 0
    for element in request["TransactItems"]:
        if len(element) != 1:
            raise errors.one_action_only() if element else errors.no_transact_action()
        ((kind, body),) = element.items()
        if request.problems:
            _check_values(body)
        action = _action(kind, body)
        actions.append(action)
        size += _payload(action)
        if action.bound is not None:
            characters += text_length(body)
            if characters >= PARSED_IN_STEP:
                characters = 0
                yield None
    request.mark_reported()  # those that _check_values lets pass have stand-ins
    if size > limits.TRANSACTION:
        raise errors.transaction_too_large()
    return actions


def _check_values(body: Mapping[str, Any]) -> None:
    """Raise the first problem of one action's values (behaviour 3.7).

    Depth counts where a value is stored. An expression's value with just one level too many takes part as another one,
    which is like it in what matters: equal to nothing that is stored, and refused where it would be. Deeper ones are
    refused here (behaviour 3.7: 32 maps around a scalar pass, 40 do not; what is between is not recorded).
    """
    problems: list[Problem] = []
    for name in ("Item", "Key"):
        if name in body:
            parse_map(dict(body[name]), problems)
    values = body.get("ExpressionAttributeValues", {})
    for placeholder, value in values.items():
        found: list[Problem] = []
        parse_values({placeholder: value}, found)
        if any(problem.kind == "nesting" for problem in found) and not _is_refused_up_front(value):
            found = [problem for problem in found if problem.kind != "nesting"]
            values[placeholder] = _TOO_DEEP[next(iter(value))]
        problems += found
    if not problems:
        parse_values(dict(values), problems)
        problems = [problem for problem in problems if problem.kind == "values_size"]
    if not problems:
        return
    told = first_problem(problems)
    if told.kind == "nesting" and told.placeholder is None and "Key" in body:
        _bound(body)  # an expression's problem beats a key that is too deep
    raise told.error("old")


def _is_refused_up_front(value: Value) -> bool:
    """Say whether an expression's value has two levels more than can be stored."""
    level: list[Value] = [value]
    for _ in range(limits.NESTING + 1):
        level = [part for each in level for part in _parts(each)]
    return bool(level)


def _parts(value: Value | None) -> Iterable[Value]:
    """Return the values inside a value; what lies too deep was not made canonical and may be null."""
    if not value:
        return ()
    return (*(value.get("L") or ()), *(value.get("M") or {}).values())


def _nested(tag: str) -> Value:
    """Return a value of a type, L or M, with one level more than can be stored."""
    value: Value = {"S": ""}
    for _ in range(limits.NESTING):
        value = {"L": [value]} if tag == "L" else {"M": {"": value}}
    return value


_TOO_DEEP: Final = {tag: _nested(tag) for tag in "LM"}


def _check_key(key: Item) -> None:
    """Raise if a key has an empty value, which needs no table to be seen (behaviour 8.1)."""
    for name, value in key.items():
        for tag in ("S", "B"):
            if value.get(tag) == "":
                raise errors.empty_key(name, KIND[tag])


_EXPRESSIONS: Final = frozenset(("ConditionExpression", "UpdateExpression", "ProjectionExpression"))


def _bound(body: Mapping[str, Any]) -> Bound | None:
    """Return a member's expressions; names and values for none of them are no problem here, unlike elsewhere (observed)."""
    return None if _EXPRESSIONS.isdisjoint(body) else bind(body)


def _action(kind: Kind, body: Mapping[str, Any]) -> Action:
    bound = _bound(body)
    item = body.get("Item")
    if item is None:
        _check_key(body["Key"])
    elif item.size > limits.ITEM_SIZE:
        raise errors.item_too_large()
    return Action(
        kind,
        body["TableName"],
        item if item is not None else body["Key"],
        item,
        guard_of(body, bound),
        None if bound is None else bound.update,
        body.get("ExpressionAttributeValues", NO_VALUES),
        bound,
    )


def _payload(action: Action) -> int:
    """Return the bytes that an action's item or key and values count towards the limit of the request."""
    own = action.item.size if action.item is not None else item_size(action.key_item)
    return own + sum(item_size({"": value}) for value in action.values.values())


@operation("TransactWriteItems", check=_check_write)
def transact_write_items(database: Database, caller: Caller, request: Request, actions: list[Action]) -> Response:
    """Do all actions or none."""
    token = transactions.token_of("TransactWriteItems", request)
    if token is not None:
        database.enforcer.refuse_token(token.text)
    steps = _steps(database, caller, actions)
    return in_slices(_run(database, caller, request, token, steps), sliced=database.sliced)


def _run(
    database: Database,
    caller: Caller,
    request: Request,
    token: transactions.Token | None,
    steps: Sequence[Step],
) -> Steps[bytes]:
    consumed, replayed = yield from transactions.run(database, caller, token, steps)
    members = []
    mode = capacity.wanted(request)
    if mode is not None:
        told = transactions.told_capacity(mode, steps, consumed, "Read" if replayed else "Write")
        members.append(member(b"ConsumedCapacity", told))
    if request.get("ReturnItemCollectionMetrics") == "SIZE" and not replayed:
        metrics = transactions.told_collections(database, steps)
        members += [member(b"ItemCollectionMetrics", metrics)] if metrics else []
    return answer(members)


def _steps(database: Database, caller: Caller, actions: Sequence[Action]) -> list[Step]:
    """Find every action's table and item. Raises ResourceNotFoundException, and for keys that do not fit a cancellation."""
    tables = [database.table(caller, action.table_name) for action in actions]
    steps = []
    failure: transactions.Failure | None = None
    for position, (action, table) in enumerate(zip(actions, tables, strict=True)):
        try:
            steps.append(_step(action, table))
        except ApiError as error:
            if error.about == "request":
                raise  # an empty key, or a path into one (behaviour 8.1)
            failure = failure or (position, error)
    transactions.refuse_duplicates(step.key for step in steps)
    if failure is not None:
        raise transactions.canceled_by(failure, len(actions))
    return steps


def _step(action: Action, table: Table) -> Step:
    if action.item is not None:
        key = table.key_of_item(action.item)
        write.check_index_keys(table, action.item)
    else:
        key = table.item_key(action.key_item)
    check_update_paths(table, action.update, action.values)
    if action.bound is not None:
        for program in (action.bound.condition, action.bound.projection):
            if program is not None:
                table.check_paths(program.inner)
    prepare = partial(_prepare, action, table, key)
    kind = action.kind
    return Step(table, action.table_name, key, action.key_item, prepare, kind == "ConditionCheck", kind == "Delete")


def _prepare(action: Action, table: Table, key: bytes, txn: ReadTxn) -> Change:
    if action.item is not None:
        return write.prepare_put(txn, table, key, action.item, action.item.size, action.guard)
    if action.kind == "Update":
        return write.prepare_update(txn, table, key, action.key_item, action.update, action.values, action.guard)
    return write.prepare_delete(txn, table, key, action.guard, action.key_item)


# --- TransactGetItems ---------------------------------------------------------------------------


def _check_get(request: Request) -> Steps[list[tuple[Action, Projection | None]]]:
    reads: list[tuple[Action, Projection | None]] = []
    characters = 0
    for element in request["TransactItems"]:
        body = element["Get"]
        if request.problems:
            _check_values(body)
        bound = _bound(body)
        _check_key(body["Key"])
        projection = None if bound is None else bound.projection
        reads.append((Action("ConditionCheck", body["TableName"], body["Key"], bound=bound), projection))
        if bound is not None:
            characters += text_length(body)
            if characters >= PARSED_IN_STEP:
                characters = 0
                yield None
    request.mark_reported()
    return reads


@operation("TransactGetItems", check=_check_get)
def transact_get_items(
    database: Database, caller: Caller, request: Request, reads: list[tuple[Action, Projection | None]]
) -> Response:
    """Read up to 100 items as they are at one moment."""
    steps = _steps(database, caller, [action for action, _ in reads])
    rows, consumed = transactions.read(database, steps)
    mode = capacity.wanted(request)
    members = []
    if mode is not None:
        members.append(member(b"ConsumedCapacity", transactions.told_capacity(mode, steps, consumed, "Read")))
    steps_left = _answer(rows, [projection for _, projection in reads], members)
    return in_slices(steps_left, sliced=database.sliced)


def _answer(
    rows: Sequence[bytes | None], projections: Sequence[Projection | None], members: Sequence[bytes]
) -> Steps[bytes]:
    """Return the answer, with members behind the responses; rows are what the transaction saw."""
    responses = []
    decoded = 0
    for row, projection in zip(rows, projections, strict=True):
        responses.append(_response(row, projection))
        if row is not None and projection is not None:
            decoded += len(row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None
    return answer([b'"Responses":[%b]' % b",".join(responses), *members])


def _response(row: bytes | None, projection: Projection | None) -> bytes:
    if row is None:
        return b"{}"
    if projection is None:
        return b'{"Item":%b}' % row[ROW_HEADER:]
    item = projection.project(decode_row(row))
    return b'{"Item":%b}' % orjson.dumps(item) if item else b"{}"
