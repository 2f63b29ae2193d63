"""Transactions: writes that happen together or not at all, and reads at one moment (behaviour 8).

The operations TransactWriteItems, TransactGetItems and ExecuteTransaction make requested writes and
reads (items/requested.py). This module runs them, in the same way for all three operations. If a
part of the request (one read, write or check) fails, the transaction is canceled, and the error has
one reason for each part. If parts are invalid, the error reports only the first of them
(ValidationError). Otherwise the error reports all failed conditions and all conflicts.

If writes take long and the client's connection can wait for slices, the writes are prepared in
slices before the transaction (items/ahead.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

from emulator import errors, limits
from emulator.database import tokens
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import ahead
from emulator.database.items import read as reading
from emulator.database.items.ahead import Outcome
from emulator.database.items.requested import ItemRequest, Write, has_repeats
from emulator.database.items.write import store
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.throughput.capacity import Consumed
from emulator.database.tokens import Token
from emulator.errors import ApiError
from emulator.slices import DECODED_IN_STEP, Steps
from emulator.values.rows import row_size
from storage import Interrupted, ReadTxn, WriteTxn


def check_distinct(parts: Sequence[ItemRequest]) -> None:
    """Raise ApiError if two parts of a transaction are about the same item."""
    if has_repeats(part.key for part in parts):
        raise errors.duplicate_transact_items()


def refuse_strong(tables: Iterable[Table]) -> None:
    """Raise ApiError if any table belongs to a global table with strong consistency.

    The service has no transactions for such tables.
    """
    for table in tables:
        membership = table.definition.membership
        if membership is not None and membership.strong:
            raise errors.strong_group_lacks("transactions")


def canceled_by(failures: Mapping[int, ApiError], count: int) -> ApiError:
    """Return the TransactionCanceledException of a transaction.

    failures: position of a failed part in the transaction -> error of this part. The first part has
    the position 0.
    count: the number of all parts.
    """
    return errors.transaction_canceled(
        [
            errors.cancellation_reason(failures[position]) if position in failures else errors.NO_REASON
            for position in range(count)
        ]
    )


def token_of(database: Database, caller: Caller, operation: str, request: dict[str, Any]) -> Token | None:
    """Return the token of a request, or None if the request has no ClientRequestToken.

    Raises TransactionInProgressException if a test has declared that a transaction with this token
    is in progress.
    """
    token = tokens.token_of(caller, operation, request)
    if token is not None:
        database.enforcer.refuse_token(token.text)
    return token


def run(database: Database, token: Token | None, writes: Sequence[Write]) -> Steps[tuple[list[Consumed], bool]]:
    """Do all writes of a transaction, or none.

    token: the request's ClientRequestToken, or None. Return a pair: the units of each write, and
    True if the same request with this token has run before. Then this call writes nothing, and
    consumes the units of reading the items (behaviour 8.3).

    Raises IdempotentParameterMismatchException if another request has used the token,
    TransactionCanceledException if a write fails, and ValidationException if an update makes an
    index key empty (behaviour 8.1). Raises Interrupted if a table's definition changed between two
    slices.
    """
    if not database.sliced:
        return _run(database, token, writes, (), inf)
    try:
        return _run(database, token, writes, (), ahead.LONG)
    except _TakesLong:
        pass
    yield None
    outcomes: list[Outcome] = []
    work = 0
    for write in writes:
        with database.read() as txn:
            outcomes.append(ahead.outcome(txn, write))
        work += len(outcomes[-1].row or b"") + write.parts * ahead.ATTRIBUTE_BYTES
        if work >= DECODED_IN_STEP:
            work = 0
            yield None
    refuse_changed_tables(database, writes)
    return _run(database, token, writes, outcomes, inf)


class _TakesLong(Exception):
    """The preparation of the writes takes too long for one slice. No write has been stored."""


def refuse_changed_tables(database: Database, parts: Sequence[ItemRequest]) -> None:
    """Raise Interrupted if a table's definition has changed since the request began to use it."""
    if any(database.catalog.current(part.table) is not part.table for part in parts):
        raise Interrupted("A table has changed: run the request again.")


def _run(
    database: Database, token: Token | None, writes: Sequence[Write], outcomes: Sequence[Outcome], most: float
) -> tuple[list[Consumed], bool]:
    """Do all writes in one transaction of the store, and return the result of `run`.

    outcomes: the outcome of preparing each write, if the writes were prepared before the
    transaction, else empty. Raises _TakesLong if preparing the writes takes more work than `most`:
    see `ahead.LONG`.
    """
    now = database.clock.now()
    with database.write() as txn:
        txn.urgent = all(write.urgent for write in writes)
        if token is not None and token.has_run(txn, now):
            return _charge_reads(writes, [txn.get(write.key) for write in writes]), True
        changes = _prepare(txn, writes, outcomes, most)
        moment = database.histories.moment
        moment.fix(now)
        try:
            consumed = _store(txn, writes, changes)
        finally:
            moment.release()
        if token is not None:
            token.remember(txn, now)
    return consumed, False


def _prepare(txn: ReadTxn, writes: Sequence[Write], outcomes: Sequence[Outcome], most: float) -> list[Change]:
    changes = []
    invalid: dict[int, ApiError] = {}
    failed: dict[int, ApiError] = {}
    work = 0
    for position, write in enumerate(writes):
        work += write.parts * ahead.ATTRIBUTE_BYTES
        try:
            if outcomes:
                changes.append(ahead.prepared(txn, write, ahead=outcomes[position]))
            else:
                change = write.prepare(txn)
                size = len(change.old_row or b"") + len(change.new_row or b"")
                if size >= ahead.LARGE:
                    ahead.forget_items(write.table, change)
                work += size
                changes.append(change)
        except ApiError as error:
            if error.about == "request":
                # For example, an index key is empty: the service refuses the request as invalid,
                # and does not report a canceled transaction.
                raise
            if error.about not in ("key", "item"):
                # The traceback refers to this frame, which refers to the error. Without the
                # traceback, the error is freed without a garbage collection.
                failed[position] = error.with_traceback(None)
            elif not invalid:
                invalid[position] = error.with_traceback(None)
            work += len(txn.get(write.key) or b"")
        if work > most:
            raise _TakesLong
    if invalid or failed:
        raise canceled_by(invalid or failed, len(writes))
    return changes


def _store(txn: WriteTxn, writes: Sequence[Write], changes: Sequence[Change]) -> list[Consumed]:
    """Store all changes, and return the units of each write.

    Raises TransactionCanceledException if an enforced limit refuses a write.
    """
    consumed = []
    for position, (write, change) in enumerate(zip(writes, changes, strict=True)):
        try:
            consumed.append(store(txn, write.table, change, times=2))
        except ApiError as error:
            raise canceled_by({position: error}, len(writes)) from None
    return consumed


def read(database: Database, reads: Sequence[ItemRequest]) -> tuple[list[bytes | None], list[Consumed]]:
    """Read items at one moment. Return two lists: the row and the read units of each item.

    The row of a missing item is None. Raises TransactionCanceledException if a test has declared a
    transaction with an item, or if enforced throughput refuses a read. Raises ValidationException
    if the items are too large together.
    """
    _refuse_conflicts(reads)
    with database.read() as txn:
        rows = [txn.get(each.key) for each in reads]
    if sum(row_size(row) for row in rows if row is not None) > limits.TRANSACTION:
        raise errors.transaction_too_large()
    return rows, _charge_reads(reads, rows)


def _refuse_conflicts(reads: Sequence[ItemRequest]) -> None:
    conflicts = {}
    for position, each in enumerate(reads):
        if each.table.enforcement is not None:
            try:
                each.table.enforcement.refuse_conflict(each.key)
            except ApiError as error:
                conflicts[position] = error.with_traceback(None)
    if conflicts:
        raise canceled_by(conflicts, len(reads))


def _charge_reads(reads: Sequence[ItemRequest], rows: Sequence[bytes | None]) -> list[Consumed]:
    """Charge the reads of a transaction, if throughput is enforced. Return the units of each read.

    Raises TransactionCanceledException if the throughput refuses a read.
    """
    consumed = []
    for position, (each, row) in enumerate(zip(reads, rows, strict=True)):
        units = 2 * reading.item_units(row, consistent=True)
        try:
            reading.charge(each.table, each.key, each.key_item, units)
        except ApiError as error:
            raise canceled_by({position: error}, len(reads)) from None
        consumed.append(Consumed(units))
    return consumed
