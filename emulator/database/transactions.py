"""Transactions: all of several writes or none, and reads of one moment (behaviour 8).

TransactWriteItems, TransactGetItems and ExecuteTransaction say what they want as *steps*; everything after that is the same
for them and is here. A step that cannot be done cancels the transaction, with one reason for each step: a step that is
wrong (ValidationError) is told alone, failed conditions and conflicts are told all together.

If the caller can wait, steps that take long are prepared in slices before the transaction (ahead.py).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from emulator import errors, limits
from emulator.database import tokens
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import ahead, collections, write
from emulator.database.items.ahead import Outcome
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed, read_units, write_units
from emulator.errors import ApiError
from emulator.slices import DECODED_IN_STEP, Steps
from emulator.values.rows import row_size
from emulator.values.types import Item
from storage import Interrupted, ReadTxn, WriteTxn

Failure = tuple[int, ApiError]
"""A step's position and why it cannot be done."""


@dataclass(slots=True)
class Step:
    """One part of a transaction: what it does to the item with this storage key.

    table_name: as the request has it; prepare: the first half of the write
    (database/items/write.py), None for a step that only reads; checks_only: the prepared write is a
    condition, nothing is stored; deletes: it can only delete the item.
    """

    table: Table
    table_name: str
    key: bytes
    key_item: Item
    prepare: Callable[[ReadTxn], Change] | None = None
    checks_only: bool = False
    deletes: bool = False


def refuse_duplicates(keys: Iterable[bytes]) -> None:
    """Raise if two steps are about one item."""
    keys = list(keys)
    if len(set(keys)) < len(keys):
        raise errors.duplicate_transact_items()


def canceled_by(failure: Failure, count: int) -> ApiError:
    """Return the cancellation in which one of `count` steps has a reason and all others have none."""
    reasons = [errors.NO_REASON] * count
    reasons[failure[0]] = errors.cancellation_reason(failure[1])
    return errors.transaction_canceled(reasons)


# --- writing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """A ClientRequestToken, the operation whose token it is, and the mark of the request it stands for."""

    text: str
    operation: str
    mark: bytes


def token_of(operation: str, request: dict[str, Any]) -> Token | None:
    """Return a request's token."""
    text = request.get("ClientRequestToken")
    return None if text is None else Token(text, operation, tokens.fingerprint(request))


def run(
    database: Database, caller: Caller, token: Token | None, steps: Sequence[Step]
) -> Steps[tuple[list[Consumed], bool]]:
    """Do all steps or none; return what each consumed and whether this replays a token that is known.

    Raises IdempotentParameterMismatchException, TransactionCanceledException, and ValidationException where an update
    makes an index key empty (behaviour 8.1). Raises Interrupted if a table has changed between two slices.
    """
    if not database.sliced:
        return _run(database, caller, token, steps, [], inf)
    try:
        return _run(database, caller, token, steps, [], ahead.LONG)
    except _TakesLong:
        pass
    yield None
    outcomes = []
    work = 0
    for step in steps:
        assert step.prepare is not None, "a step that is run writes or checks"
        with database.read() as txn:
            outcomes.append(ahead.outcome(txn, step.table, step.key, step.prepare))
        work += len(outcomes[-1].row or b"")
        if work >= DECODED_IN_STEP:
            work = 0
            yield None
    if any(database.catalog.current(step.table) is not step.table for step in steps):
        raise Interrupted("A table has changed: run the request again.")
    return _run(database, caller, token, steps, outcomes, inf)


class _TakesLong(Exception):
    """Preparing the steps takes long. Nothing was written."""


def _run(
    database: Database,
    caller: Caller,
    token: Token | None,
    steps: Sequence[Step],
    outcomes: Sequence[Outcome],
    most: float,
) -> tuple[list[Consumed], bool]:
    """Do all steps in one transaction. Raises _TakesLong if that takes more work than `most`.

    outcomes: of the steps, if they were prepared ahead.
    """
    now = database.clock.now()
    with database.write() as txn:
        txn.urgent = all(step.deletes or step.checks_only for step in steps)
        if token is not None and tokens.has_run(txn, caller, token.operation, token.text, token.mark, now):
            return _replayed(txn, steps), True
        consumed = _store(txn, _prepare(txn, steps, outcomes, most), steps)
        if token is not None:
            tokens.remember(txn, caller, token.operation, token.text, token.mark, now)
    return consumed, False


def _prepare(txn: ReadTxn, steps: Sequence[Step], outcomes: Sequence[Outcome], most: float) -> list[Change]:
    prepared = []
    reasons = [errors.NO_REASON] * len(steps)
    wrong: Failure | None = None
    work = 0
    for position, step in enumerate(steps):
        assert step.prepare is not None, "a step that is run writes or checks"
        try:
            if outcomes:
                each = ahead.prepared_before(txn, step.table, step.key, step.prepare, outcomes[position])
            else:
                each = step.prepare(txn)
                size = len(each.old_row or b"") + len(each.new_row or b"")
                if size >= ahead.LARGE:
                    ahead.forget_items(step.table, each)
                work += size
            prepared.append(each)
        except ApiError as error:
            if error.about == "request":
                raise  # an empty index key: no cancellation, and it comes before one
            if error.about in ("key", "item"):
                wrong = wrong or (position, error)
            else:
                reasons[position] = errors.cancellation_reason(error)
            work += len(txn.get(step.key) or b"")
        if work > most:
            raise _TakesLong
    if wrong is not None:
        raise canceled_by(wrong, len(steps))
    if len(prepared) < len(steps):
        raise errors.transaction_canceled(reasons)
    return prepared


def _store(txn: WriteTxn, prepared: Sequence[Change], steps: Sequence[Step]) -> list[Consumed]:
    """Write everything. Raises TransactionCanceledException where an enforced limit refuses one of the writes."""
    consumed = []
    for position, (step, each) in enumerate(zip(steps, prepared, strict=True)):
        try:
            if step.checks_only:
                checked = Consumed(2 * _checked_units(each))
                write.charge(step.table, each.key, checked)
                consumed.append(checked)
            else:
                consumed.append(write.store(txn, step.table, each, times=2))
        except ApiError as error:
            raise canceled_by((position, error), len(steps)) from None
    return consumed


def _checked_units(checked: Change) -> float:
    """Return what a condition check costs: a write of the image it read (behaviour 9.1)."""
    return write_units(0 if checked.old_row is None else row_size(checked.old_row), 0)


def _replayed(txn: ReadTxn, steps: Sequence[Step]) -> list[Consumed]:
    """Return what a transaction that has run already costs: reading its items (behaviour 8.3)."""
    return _charge_reads(steps, [txn.get(step.key) for step in steps])


# --- reading --------------------------------------------------------------------------------------------------------


def read(database: Database, steps: Sequence[Step]) -> tuple[list[bytes | None], list[Consumed]]:
    """Return the rows of all steps as they are at one moment, None for a missing item, and what each consumed.

    Raises TransactionCanceledException where an item is in an ongoing transaction or throughput is refused.
    """
    _refuse_conflicts(steps)
    with database.read() as txn:
        rows = [txn.get(step.key) for step in steps]
    if sum(row_size(row) for row in rows if row is not None) > limits.TRANSACTION:
        raise errors.transaction_too_large()
    return rows, _charge_reads(steps, rows)


def _refuse_conflicts(steps: Sequence[Step]) -> None:
    reasons = [errors.NO_REASON] * len(steps)
    conflict = False
    for position, step in enumerate(steps):
        if step.table.enforcement is not None:
            try:
                step.table.enforcement.refuse_conflict(step.key)
            except ApiError as error:
                reasons[position] = errors.cancellation_reason(error)
                conflict = True
    if conflict:
        raise errors.transaction_canceled(reasons)


def _charge_reads(steps: Sequence[Step], rows: Sequence[bytes | None]) -> list[Consumed]:
    """Return what reading the rows costs, charged to enforced throughput. Raises what that refuses."""
    consumed = []
    for position, (step, row) in enumerate(zip(steps, rows, strict=True)):
        units = 2 * read_units(0 if row is None else row_size(row), consistent=True)
        enforcement = step.table.enforcement
        if enforcement is not None and enforcement.throttle is not None:
            try:
                enforcement.throttle.read(None, keyspace.partition_of(step.key), units)
            except ApiError as error:
                raise canceled_by((position, error), len(steps)) from None
        consumed.append(Consumed(units))
    return consumed


# --- what is told ---------------------------------------------------------------------------------------------------


def told_capacity(
    mode: str, steps: Sequence[Step], consumed: Sequence[Consumed], kind: Literal["Read", "Write"]
) -> list[dict[str, Any]]:
    """Return the entries of ConsumedCapacity, one for each table."""
    tables: dict[str, Consumed] = {}
    for step, units in zip(steps, consumed, strict=True):
        tables.setdefault(step.table_name, Consumed()).add(units)
    return [capacity.shape(mode, name, units, kind) for name, units in tables.items()]


def told_collections(database: Database, steps: Sequence[Step]) -> dict[str, list[dict[str, Any]]]:
    """Return ItemCollectionMetrics by table: each collection that was written, once."""
    told: dict[str, list[dict[str, Any]]] = {}
    seen = set()
    with database.read() as txn:
        for step in steps:
            collection = (step.table.id, keyspace.partition_of(step.key))
            if not step.checks_only and step.table.local_indexes and collection not in seen:
                seen.add(collection)
                told.setdefault(step.table_name, []).append(collections.metrics(txn, step.table, step.key_item))
    return told
