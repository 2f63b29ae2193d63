"""TransactWriteItems and TransactGetItems (service-behaviour.md 8).

Order of problems: whatever a request says wrong by itself is a ValidationException, action by action; then missing tables;
then two actions on one item. What an action cannot do to its item cancels the transaction: first the key and type errors
and failing updates (only the first is told), else every condition that does not hold and every conflict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from emulator import errors, limits
from emulator.database import capacity, collections, keyspace, tokens, write
from emulator.database.capacity import Consumed, read_units, write_units
from emulator.database.catalog import Caller
from emulator.database.database import Database
from emulator.database.schema import KIND, Table
from emulator.database.write import Guard, Prepared
from emulator.errors import ApiError
from emulator.expressions.bind import Bound, bind
from emulator.expressions.program import Projection, Update
from emulator.model.request import Request
from emulator.operations.checks import NO_VALUES, answer, bound_of, charge_read, check_key_paths, guard_of, member
from emulator.operations.registry import Response, operation
from emulator.operations.write_item import check_update_paths
from emulator.values.problems import Problem, first_problem
from emulator.values.size import item_size
from emulator.values.types import Item, Value, Values
from emulator.values.wire import ROW_HEADER, ParsedItem, decode_row, parse_map, parse_values, row_size
from storage import ReadTxn, WriteTxn

Kind = Literal["Put", "Update", "Delete", "ConditionCheck"]

_KINDS: Final = frozenset(("Put", "Update", "Delete", "ConditionCheck"))


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
    table: Table | None = None
    key: bytes = b""


# --- TransactWriteItems ---------------------------------------------------------------------------------------------


def _check_write(request: Request) -> list[Action]:
    actions = []
    size = 0
    for element in request["TransactItems"]:
        if len(element) != 1:
            raise errors.one_action_only()
        ((kind, body),) = element.items()
        if request.problems:
            _check_values(body)
        action = _action(kind, body)
        actions.append(action)
        size += _payload(action)
    if size > limits.TRANSACTION:
        raise errors.transaction_too_large()
    return actions


def _check_values(body: Mapping[str, Any]) -> None:
    """Raise the first problem of one action's values (reference 3.7).

    Depth counts where a value is stored. An expression's value that is too deep takes part as another one, which is like
    it in what matters: equal to nothing that is stored, and refused where it would be.
    """
    problems: list[Problem] = []
    for name in ("Item", "Key"):
        if name in body:
            parse_map(dict(body[name]), problems)
    values = body.get("ExpressionAttributeValues", {})
    for placeholder, value in values.items():
        found: list[Problem] = []
        parse_values({placeholder: value}, found)
        problems += [problem for problem in found if problem.kind != "nesting"]
        if any(problem.kind == "nesting" for problem in found):
            values[placeholder] = _TOO_DEEP[next(iter(value))]
    if not problems:
        return
    told = first_problem(problems)
    if told.kind == "nesting" and "Key" in body:
        bound_of(body)  # an expression's problem beats a key that is too deep
    raise told.error("older")


def _nested(tag: str) -> Value:
    """Return a value of a type, L or M, with one level more than can be stored."""
    value: Value = {"S": ""}
    for _ in range(limits.NESTING):
        value = {"L": [value]} if tag == "L" else {"M": {"": value}}
    return value


_TOO_DEEP: Final = {tag: _nested(tag) for tag in "LM"}


def _check_key(key: Item) -> None:
    """Raise if a key has an empty value, which needs no table to be seen (reference 8.1)."""
    for name, value in key.items():
        for tag in ("S", "B"):
            if value.get(tag) == "":
                raise errors.empty_key(name, KIND[tag])


def _action(kind: Kind, body: Mapping[str, Any]) -> Action:
    bound = bound_of(body)
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
    consumed, replayed = run(database, caller, "TransactWriteItems", request, actions)
    kind: Literal["Read", "Write"] = "Read" if replayed else "Write"
    members = capacity_members(request, actions, consumed, kind)
    if request.get("ReturnItemCollectionMetrics") == "SIZE" and not replayed:
        members += _metrics(database, actions)
    return answer(members)


def run(
    database: Database, caller: Caller, operation_name: str, request: Request, actions: Sequence[Action]
) -> tuple[list[Consumed], bool]:
    """Do all actions or none; return what each consumed and whether this was a replay of a known token.

    Raises ApiError: missing table, two actions on one item, mismatching token, TransactionCanceledException.
    """
    token = request.get("ClientRequestToken")
    if token is not None:
        database.enforcer.refuse_token(token)
    resolve_tables(database, caller, actions)
    _resolve_keys(actions)
    now = database.clock.now()
    mark = tokens.fingerprint(request) if token is not None else b""
    with database.write() as txn:
        if token is not None and tokens.has_run(txn, caller, operation_name, token, mark, now):
            return _replayed(txn, actions), True
        consumed = _store(txn, _prepare(txn, actions), actions)
        if token is not None:
            tokens.remember(txn, caller, operation_name, token, mark, now)
    return consumed, False


def resolve_tables(database: Database, caller: Caller, actions: Iterable[Action]) -> None:
    """Find every action's table. Raises ResourceNotFoundException."""
    for action in actions:
        action.table = database.table(caller, action.table_name)


def _resolve_keys(actions: Sequence[Action]) -> None:
    """Find every action's storage key, and refuse two on one item; keys that do not fit cancel the transaction."""
    failure: tuple[int, ApiError] | None = None
    for position, action in enumerate(actions):
        try:
            _resolve_key(action)
        except ApiError as error:
            if (
                error.message is not None
                and error.message.startswith(errors.INVALID_VALUES)
                and "Key: " in error.message
            ):
                raise  # an empty key value is the request's own fault (reference 8.1)
            failure = failure or (position, error)
    keys = [action.key for action in actions if action.key]
    if len(set(keys)) < len(keys):
        raise errors.duplicate_transact_items()
    if failure is not None:
        raise _only(failure, len(actions))


def _resolve_key(action: Action) -> None:
    table = action.table
    assert table is not None, "tables are found before keys"
    if action.item is not None:
        action.key = table.key_of_item(action.item)
        write.check_index_keys(table, action.item)
    else:
        action.key = table.item_key(action.key_item)
    check_update_paths(table, action.update)
    if action.bound is not None and action.bound.condition is not None:
        check_key_paths(table, action.bound.condition.paths)


def _only(failure: tuple[int, ApiError], count: int) -> ApiError:
    """Return the cancellation in which one action has a reason and all others have none."""
    reasons = [errors.NO_REASON] * count
    reasons[failure[0]] = errors.cancellation_reason(failure[1])
    return errors.transaction_canceled(reasons)


def _prepare(txn: ReadTxn, actions: Sequence[Action]) -> list[Prepared]:
    """Prepare every action. Raises TransactionCanceledException with the reasons of all that cannot happen."""
    prepared = []
    reasons = [errors.NO_REASON] * len(actions)
    failed = False
    for position, action in enumerate(actions):
        try:
            prepared.append(_prepare_one(txn, action))
        except ApiError as error:
            if error.code == "ValidationException":
                raise _only((position, error), len(actions)) from None
            reasons[position] = errors.cancellation_reason(error)
            failed = True
    if failed:
        raise errors.transaction_canceled(reasons)
    return prepared


def _prepare_one(txn: ReadTxn, action: Action) -> Prepared:
    table = action.table
    assert table is not None, "tables are found before anything is prepared"
    if action.item is not None:
        return write.prepare_put(txn, table, action.key, action.item, action.item.size, action.guard)
    if action.kind == "Update":
        return write.prepare_update(txn, table, action.key, action.key_item, action.update, action.values, action.guard)
    return write.prepare_delete(txn, table, action.key, action.guard)


def _store(txn: WriteTxn, prepared: Sequence[Prepared], actions: Sequence[Action]) -> list[Consumed]:
    """Write everything. Raises TransactionCanceledException where an enforced limit refuses one of the writes."""
    consumed = []
    for position, (action, each) in enumerate(zip(actions, prepared, strict=True)):
        try:
            if action.kind == "ConditionCheck":
                checked = Consumed(2 * _checked_units(each))
                write.charge(each.table, each.key, checked)
                consumed.append(checked)
            else:
                consumed.append(write.store(txn, each, times=2))
        except ApiError as error:
            raise _only((position, error), len(actions)) from None
    return consumed


def _checked_units(checked: Prepared) -> float:
    """Return what a ConditionCheck costs: a write of the image it read (reference 9.1)."""
    return write_units(0 if checked.old_row is None else row_size(checked.old_row), 0)


def _replayed(txn: ReadTxn, actions: Sequence[Action]) -> list[Consumed]:
    """Return what a transaction that has run already costs: reading its items (reference 8.3)."""
    rows = [txn.get(action.key) for action in actions]
    sizes = [0 if row is None else row_size(row) for row in rows]
    _charge_reads(actions, sizes)
    return [Consumed(2 * read_units(size, consistent=True)) for size in sizes]


def capacity_members(
    request: Request, actions: Sequence[Action], consumed: Sequence[Consumed], kind: Literal["Read", "Write"]
) -> list[bytes]:
    """Return the ConsumedCapacity member, an entry for each table, or nothing where it is not asked for."""
    mode = capacity.wanted(request)
    if mode is None:
        return []
    tables: dict[str, Consumed] = {}
    for action, units in zip(actions, consumed, strict=True):
        tables.setdefault(action.table_name, Consumed()).add(units)
    told = [capacity.shape(mode, name, units, kind) for name, units in tables.items()]
    return [member(b"ConsumedCapacity", told)]


def _metrics(database: Database, actions: Sequence[Action]) -> list[bytes]:
    """Return the ItemCollectionMetrics member: each collection that was written, once."""
    told: dict[str, list[dict[str, Any]]] = {}
    seen = set()
    with database.read() as txn:
        for action in actions:
            table = action.table
            assert table is not None, "the transaction has run"
            collection = (table.id, keyspace.partition_of(action.key))
            if action.kind != "ConditionCheck" and table.local_indexes and collection not in seen:
                seen.add(collection)
                told.setdefault(action.table_name, []).append(collections.metrics(txn, table, action.key_item))
    return [member(b"ItemCollectionMetrics", told)] if told else []


# --- TransactGetItems -----------------------------------------------------------------------------------------------


def _check_get(request: Request) -> list[tuple[Action, Projection | None]]:
    reads: list[tuple[Action, Projection | None]] = []
    for element in request["TransactItems"]:
        body = element["Get"]
        if request.problems:
            _check_values(body)
        names = "ProjectionExpression" in body or "ExpressionAttributeNames" in body
        projection = bind(body).projection if names else None
        _check_key(body["Key"])
        reads.append((Action("ConditionCheck", body["TableName"], body["Key"]), projection))
    return reads


@operation("TransactGetItems", check=_check_get)
def transact_get_items(
    database: Database, caller: Caller, request: Request, reads: list[tuple[Action, Projection | None]]
) -> Response:
    """Read up to 100 items as they are at one moment."""
    actions = [action for action, _ in reads]
    resolve_tables(database, caller, actions)
    _resolve_keys(actions)
    _refuse_held(actions)
    with database.read() as txn:
        rows = [txn.get(action.key) for action in actions]
    sizes = [0 if row is None else row_size(row) for row in rows]
    if sum(sizes) > limits.TRANSACTION:
        raise errors.transaction_too_large()
    _charge_reads(actions, sizes)
    responses = [_response(row, projection) for row, (_, projection) in zip(rows, reads, strict=True)]
    members = [b'"Responses":[%b]' % b",".join(responses)]
    consumed = [Consumed(2 * read_units(size, consistent=True)) for size in sizes]
    return answer(members + capacity_members(request, actions, consumed, "Read"))


def _refuse_held(actions: Sequence[Action]) -> None:
    """Raise TransactionCanceledException if items are in an ongoing transaction (reference 8.4)."""
    reasons = []
    for action in actions:
        try:
            if action.table is not None and action.table.enforcement is not None:
                action.table.enforcement.refuse_conflict(action.key)
            reasons.append(errors.NO_REASON)
        except ApiError as error:
            reasons.append(errors.cancellation_reason(error))
    if any(reason is not errors.NO_REASON for reason in reasons):
        raise errors.transaction_canceled(reasons)


def _charge_reads(actions: Sequence[Action], sizes: Sequence[int]) -> None:
    """Charge enforced throughput. Raises TransactionCanceledException for the first read that it refuses."""
    for position, (action, size) in enumerate(zip(actions, sizes, strict=True)):
        try:
            if action.table is not None:
                charge_read(action.table, action.key, 2 * read_units(size, consistent=True))
        except ApiError as error:
            raise _only((position, error), len(actions)) from None


def _response(row: bytes | None, projection: Projection | None) -> bytes:
    if row is None:
        return b"{}"
    if projection is None:
        return b'{"Item":%b}' % row[ROW_HEADER:]
    item = projection.project(decode_row(row))
    return b'{"Item":%b}' % orjson.dumps(item) if item else b"{}"
