"""ExecuteStatement and BatchExecuteStatement: PartiQL (behaviour 14).

A statement is prepared (parsed, analysed, compiled: emulator/partiql) by the check, bound to its table by the handler, and
run on the paths of the native operations. A batch's statements fail one by one, in entries of the answer.
"""

from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import ahead, write
from emulator.database.items.ahead import Outcome
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed, read_units, write_units
from emulator.errors import ApiError
from emulator.model.request import Request
from emulator.operations.checks import answer, charge_read, check_values, member
from emulator.operations.registry import Response, operation
from emulator.operations.write_item import check_update_paths
from emulator.partiql import pages, plan
from emulator.partiql.ast import Exists
from emulator.partiql.pages import Place
from emulator.partiql.plan import Check, Write, prepare_write
from emulator.partiql.prepare import Prepared
from emulator.partiql.prepare import prepare as prepare_statement
from emulator.partiql.select import Read
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Sliced, Steps, in_slices
from emulator.values import paths
from emulator.values.rows import decode_row, row_json, row_size
from emulator.values.wire import Problem, first_problem, parse_map, parse_values_of_list
from storage import Interrupted, ReadTxn, WriteTxn

_NO_ITEMS: Final = b'"Items":[]'


def prepare(request: Mapping[str, Any]) -> Prepared:
    """Return the statement of a request, or of one member of a batch, with its parameters. Raises ApiError."""
    return prepare_statement(request["Statement"], request.get("Parameters", ()))


def check_paths(planned: Write) -> None:
    """Raise if a write would change a key attribute, or goes into one (behaviour 3.8)."""
    if planned.paths:
        planned.table.check_paths(planned.paths)
    check_update_paths(planned.table, planned.update, planned.values)


def table_of(database: Database, caller: Caller, prepared: Prepared) -> Table:
    """Return the table of a statement. Raises ApiError; what is wrong with the statement comes before a missing table."""
    try:
        return database.table(caller, prepared.source.table)
    except ApiError:
        if prepared.refusal is not None:
            raise prepared.refusal from None
        raise


def tells_item(request: Mapping[str, Any]) -> bool:
    """Say whether a failed condition is to tell the item."""
    return request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"


# --- ExecuteStatement ---------------------------------------------------------------------------


def _check(request: Request) -> Prepared:
    check_values(request, "partiql")
    prepared = prepare(request)
    if isinstance(prepared.statement, Exists):
        raise errors.exists_outside_transaction()
    return prepared


@operation("ExecuteStatement", check=_check)
def execute_statement(database: Database, caller: Caller, request: Request, prepared: Prepared) -> Response:
    """Run one statement; a SELECT a page at a time."""
    name = prepared.source.table
    table = table_of(database, caller, prepared)
    consistent = request.get("ConsistentRead", False)
    planned = plan.bind(prepared, table, consistent=consistent, tell_item=tells_item(request))
    token = request.get("NextToken")
    start = None if token is None else _place_of(request, token)
    if isinstance(planned, Write):
        check_paths(planned)
        with database.write() as txn:
            txn.urgent = planned.kind == "delete"
            written = prepare_write(txn, planned)
            consumed = write.store(txn, table, written)
        item = _returned(planned, written)
        members = [_NO_ITEMS if item is None else b'"Items":[%b]' % item]
    elif isinstance(planned, Read):
        if start is not None:
            raise errors.next_token_invalid()
        with database.read() as txn:
            row, units = _read_row(txn, planned, consistent=consistent)
        item = found_item(planned, row)
        if "ReturnConsumedCapacity" not in request:
            return b'{"Items":[]}' if item is None else b'{"Items":[%b]}' % item
        consumed = Consumed(units)
        members = [_NO_ITEMS if item is None else b'"Items":[%b]' % item]
    else:
        assert not isinstance(planned, Check), "the check refused it"
        measured = capacity.wanted(request) is not None
        with database.read() as txn:
            page = pages.read(
                txn,
                planned,
                start,
                request.get("Limit"),
                consistent=consistent,
                measured=measured,
                sliced=database.sliced,
            )
        if page.later:
            raise Sliced(_answer_later(request, name, page))
        consumed = page.consumed
        members = _page_members(request, page)
    return _answer(request, name, members, consumed)


def _answer_later(request: Request, name: str, page: pages.Result) -> Steps[bytes]:
    yield from page.complete()
    return _answer(request, name, _page_members(request, page), page.consumed)


def _page_members(request: Request, page: pages.Result) -> list[bytes]:
    members = [b'"Items":[' + b",".join(page.items) + b"]"]
    if page.next is not None:
        members.append(member(b"NextToken", _token_of(request, page.next)))
    if page.last is not None:
        members.append(member(b"LastEvaluatedKey", page.last))
    return members


def _answer(request: Request, name: str, members: list[bytes], consumed: Consumed) -> bytes:
    mode = capacity.wanted(request)
    if mode is not None:
        members.append(member(b"ConsumedCapacity", capacity.shape(mode, name, consumed)))
    return answer(members)


def _read_row(txn: ReadTxn, planned: Read, *, consistent: bool) -> tuple[bytes | None, float]:
    """Return the row that a SELECT by key reads, for `found_item`, and the units it cost."""
    row = txn.get(planned.key)
    units = read_units(0 if row is None else row_size(row), consistent=consistent)
    if planned.table.enforcement is not None:
        charge_read(planned.table, planned.key, units)
    return row, units


def found_item(planned: Read, row: bytes | None) -> bytes | None:
    """Return what a SELECT by key makes of the row it read, as JSON; None where nothing exists or matches."""
    if row is None:
        return None
    if planned.test is None and planned.project is None:
        return row_json(row)
    item = decode_row(row)
    if planned.test is not None and not planned.test(item):
        return None
    return row_json(row) if planned.project is None else orjson.dumps(planned.project(item))


def _returned(planned: Write, written: Change) -> bytes | None:
    """Return what RETURNING asks for as JSON, None for nothing (behaviour 14.3)."""
    match planned.returning:
        case "ALL OLD":
            return None if written.old_row is None else row_json(written.old_row)
        case "ALL NEW":
            return None if written.new_row is None else row_json(written.new_row)
        case "MODIFIED OLD" if planned.update is not None:
            item = paths.project(written.old or {}, planned.update.targets)
        case "MODIFIED NEW" if planned.update is not None:
            item = paths.project(written.new or {}, planned.update.targets)
        case _:
            return None
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS) if item else None


# --- NextToken ----------------------------------------------------------------------------------
# base64 of JSON: [digest of the statement and its parameters, position of the range, last key read or null].


def _digest(request: Mapping[str, Any]) -> str:
    bound = orjson.dumps([request["Statement"], request.get("Parameters")], option=orjson.OPT_SORT_KEYS)
    return blake2b(bound, digest_size=12).hexdigest()


def _token_of(request: Mapping[str, Any], place: Place) -> str:
    return b64encode(orjson.dumps([_digest(request), place.position, place.after])).decode()


def _place_of(request: Mapping[str, Any], token: str) -> Place:
    """Return where a token says to go on. Raises ApiError for a foreign or damaged one."""
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
    """Say whether this is a map of attribute values."""
    problems: list[Problem] = []
    try:
        parse_map(after, problems)
    except ApiError:
        return False
    return not problems


# --- BatchExecuteStatement ----------------------------------------------------------------------

_CODES: Final = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
    "RequestLimitExceeded": "RequestLimitExceeded",
    "ValidationException": "ValidationError",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "TransactionConflictException": "TransactionConflict",
    "ThrottlingException": "ThrottlingError",
    "ResourceNotFoundException": "ResourceNotFound",
    "AccessDeniedException": "AccessDenied",
    "DuplicateItemException": "DuplicateItem",
}
"""Codes of the service's errors -> those in the entries of a batch."""


@dataclass(slots=True)
class _Member:
    """One statement of a batch, and what has come of it: an item as JSON, or an error.

    row: what a read found; the item is made of it after the transaction. ahead: see `_run_writes`.
    ran: whether it was run. Only then a failed statement names its table (behaviour 14.5).
    """

    request: Mapping[str, Any]
    prepared: Prepared | None = None
    planned: Read | Write | None = None
    row: bytes | None = None
    ahead: Outcome | None = None
    item: bytes | None = None
    error: ApiError | None = None
    ran: bool = False

    def response(self) -> bytes:
        members = []
        if self.error is not None:
            told = {"Code": _CODES.get(self.error.code, "InternalServerError"), "Message": self.error.message}
            members.append(member(b"Error", told))
        if self.ran and self.prepared is not None:
            members.append(member(b"TableName", self.prepared.source.table))
        if self.item is not None:
            members.append(b'"Item":' + self.item)
        return answer(members)


@dataclass(slots=True)
class _Units:
    """What a batch consumed on one table; told if at least one statement succeeded."""

    consumed: Consumed = field(default_factory=Consumed)
    succeeded: bool = False


def _check_batch(request: Request) -> Steps[list[_Member]]:
    members = [_Member(each) for each in request["Statements"]]
    characters = 0
    for each in members:
        try:
            if request.problems:
                _check_parameters(each.request)
            each.prepared = prepare(each.request)
        except ApiError as error:
            each.error = error
        characters += len(each.request["Statement"])
        if characters >= PARSED_IN_STEP:
            characters = 0
            yield None
    request.mark_reported()  # each in the entry of its statement
    plan.check_batch([each.prepared for each in members if each.prepared is not None])
    return members


def _check_parameters(statement: Mapping[str, Any]) -> None:
    """Raise the problem of one statement's parameters; which statement has one, the batch's problems do not say."""
    problems: list[Problem] = []
    parse_values_of_list(statement.get("Parameters", []), problems)
    if problems:
        raise first_problem(problems).error("partiql")


@operation("BatchExecuteStatement", check=_check_batch)
def batch_execute_statement(
    database: Database, caller: Caller, request: Request, members: Sequence[_Member]
) -> Response:
    """Run up to 25 statements that all read or all write one item each; every one succeeds or fails by itself."""
    for each in members:
        try:
            _bind_member(database, caller, each)
        except ApiError as error:
            each.error = error
    keys = [each.planned.key for each in members if each.planned is not None]
    if len(set(keys)) < len(keys):
        raise errors.duplicate_keys()
    tables: dict[str, _Units] = {}
    if any(isinstance(each.planned, Write) for each in members):
        run = _run_writes(database, members, tables)
    else:
        run = _run_reads(database, members, tables)
    return in_slices(_answer_batch(request, members, tables, run), sliced=database.sliced)


def _answer_batch(
    request: Request, members: Sequence[_Member], tables: Mapping[str, _Units], run: Steps[None]
) -> Steps[bytes]:
    yield from run
    answers = [b'"Responses":[%b]' % b",".join([each.response() for each in members])]
    mode = capacity.wanted(request)
    if mode is not None:
        told = [capacity.shape(mode, name, units.consumed) for name, units in tables.items() if units.succeeded]
        answers.append(member(b"ConsumedCapacity", told))
    return answer(answers)


def _run_reads(database: Database, members: Sequence[_Member], tables: dict[str, _Units]) -> Steps[None]:
    """Read all members at one moment; test and project the rows then, some in each step."""
    with database.read() as txn:
        for each in members:
            _run_read(txn, each, tables)
    decoded = 0
    for each in members:
        if isinstance(each.planned, Read) and each.row is not None:
            each.item = found_item(each.planned, each.row)
            decoded += len(each.row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None


def _run_writes(database: Database, members: Sequence[_Member], tables: dict[str, _Units]) -> Steps[None]:
    """Do all members in one transaction; those that take long are prepared ahead, one in each step."""
    writes = [(each, each.planned) for each in members if isinstance(each.planned, Write)]
    if database.sliced:
        with database.read() as txn:
            work = sum([len(txn.get(planned.key) or b"") for _, planned in writes])
        if work > ahead.LONG:
            for each, planned in writes:
                yield None
                with database.read() as txn:
                    each.ahead = ahead.outcome(
                        txn, planned.table, planned.key, partial(_prepared, planned), _told(planned)
                    )
            if any(database.catalog.current(planned.table) is not planned.table for _, planned in writes):
                raise Interrupted("A table has changed: run the request again.")
    with database.write() as txn:
        txn.urgent = all(planned.kind == "delete" for _, planned in writes)
        for each, planned in writes:
            _run_write(txn, each, planned, tables)


def _prepared(planned: Write, txn: ReadTxn) -> Change:
    return prepare_write(txn, planned)


def _told(planned: Write) -> Collection[str]:
    """Return the attributes that RETURNING may tell."""
    return () if planned.update is None else planned.update.attributes


def _bind_member(database: Database, caller: Caller, each: _Member) -> None:
    if each.prepared is None:
        return
    table = table_of(database, caller, each.prepared)
    consistent = each.request.get("ConsistentRead", False)
    planned = plan.batch_plan(each.prepared, table, consistent=consistent)
    if isinstance(planned, Write):
        check_paths(planned)
    each.planned = planned


def _units_of(each: _Member, tables: dict[str, _Units]) -> _Units:
    assert each.prepared is not None, "only prepared statements are run"
    return tables.setdefault(each.prepared.source.table, _Units())


def _run_read(txn: ReadTxn, each: _Member, tables: dict[str, _Units]) -> None:
    if not isinstance(each.planned, Read):
        return
    each.ran = True
    try:
        consistent = each.request.get("ConsistentRead", False)
        each.row, units = _read_row(txn, each.planned, consistent=consistent)
    except ApiError as error:  # throttled
        each.error = error
        return
    told = _units_of(each, tables)
    told.consumed.table += units
    told.succeeded = True


def _run_write(txn: WriteTxn, each: _Member, planned: Write, tables: dict[str, _Units]) -> None:
    each.ran = True
    told = _units_of(each, tables)
    try:
        if each.ahead is None:
            written = prepare_write(txn, planned)
        else:
            prepare = partial(_prepared, planned)
            kept = _told(planned)
            written = ahead.prepared_before(txn, planned.table, planned.key, prepare, each.ahead, kept)
        told.consumed.add(write.store(txn, planned.table, written))
    except ApiError as error:
        each.error = error
        if error.about == "condition":
            row = txn.get(planned.key)
            told.consumed.table += write_units(0 if row is None else row_size(row), 0)
        return
    each.item = _returned(planned, written)
    told.succeeded = True
