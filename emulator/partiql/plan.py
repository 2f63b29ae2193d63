"""Makes the plan of a statement: the read or write that a native operation would do.

    text ──parse──▶ Parsed ──prepare, parameters──▶ PreparedStatement ──bind, table──▶ Plan

    statement                  plan
    SELECT                     Read (as GetItem) or Pages (as Query, Scan): select.py
    INSERT, UPDATE, DELETE     Put, Update, Delete: database/items/requested.py
    EXISTS                     Check: database/items/requested.py

`bind` chooses the plan by the table's key schema. One part of the plan, the *outline*, depends only
on the statement and the table's definition, and not on values. `Program` keeps the outline for the
table that was used last.

Each write has a guard (behaviour 14.3; Developer Guide, "PartiQL delete statements"). Below, "the
conditions" are those conditions of the WHERE that are not equalities for the key.

- INSERT succeeds only if there is no item with this key.
- UPDATE succeeds only if the item exists and meets the conditions.
- DELETE succeeds if the item meets the conditions. If there is no item, DELETE changes nothing and
  also succeeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from emulator import errors
from emulator.database.items.requested import Check, Delete, Guard, Put, Update, Write
from emulator.database.schema.table import Table
from emulator.expressions import program
from emulator.partiql import select, where
from emulator.partiql.ast import DeleteStatement, Exists, Insert, Select, UpdateStatement
from emulator.partiql.prepare import PreparedStatement, Program
from emulator.partiql.select import Pages, Read
from emulator.values import wire
from emulator.values.size import item_size
from emulator.values.types import Item, Values

Plan = Read | Pages | Write


def bind(prepared: PreparedStatement, table: Table, *, consistent: bool = False, return_item: bool = False) -> Plan:
    """Return the plan of a statement for its table.

    Raises ApiError if the statement does not fit the table, for example its keys.

    return_item: True if the error for a failed condition includes the existing item.
    """
    if prepared.refusal is not None:
        select.check_index(table, prepared.relation.index)
        raise prepared.refusal
    found = prepared.program
    if found.outline_of is table.definition:
        outline = found.outline
    else:
        outline = _outline(found, table)
        found.outline, found.outline_of = outline, table.definition
    if type(outline) is select.Outline:
        return select.plan(outline, table, prepared.values, consistent=consistent)
    write = _put(prepared) if outline is None else _write(prepared, outline, return_item=return_item)
    write.locate(table)
    return write


# --- outlines -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _KeyOutline:
    """The outline of an UPDATE, DELETE or EXISTS: the part of its plan that needs no values.

    key: a pair for each key attribute: its name, and the name of its value's placeholder.
    rest: the conditions of the WHERE that are not equalities for the key; None if there are none.
    """

    key: where.Key
    rest: program.Condition | None


def _outline(found: Program, table: Table) -> select.Outline | _KeyOutline | None:
    """Return the outline of a statement: the part of its plan that needs no values.

    Return None for INSERT, which has no WHERE. Raises ApiError.
    """
    statement = found.parsed.statement
    if isinstance(statement, Select):
        return select.outline(found, statement, table)
    if statement.relation.index is not None:
        # This can only be EXISTS with an index: SELECT has returned above, and prepare.py refuses
        # writes to an index.
        raise errors.transaction_read_on_index()
    if isinstance(statement, Insert):
        return None
    key, rest = where.key_of(found.where, table.key_names)
    if isinstance(statement, Exists):
        if len(key) != table.key_count or rest is None:
            raise errors.transaction_exists()
        table.check_paths(rest.inner)
    elif len(key) != table.key_count:
        raise errors.statement_without_key()
    return _KeyOutline(key, rest)


# --- writes ---------------------------------------------------------------------------------------


def _put(prepared: PreparedStatement) -> Put:
    """Return the write of an INSERT. Raises ApiError for an item that no table accepts."""
    statement = prepared.statement
    assert isinstance(statement, Insert), "a statement without an outline must be an INSERT"
    item = prepared.values[statement.item.name].get("M")
    if item is None:
        raise errors.item_not_a_map()
    put = Put(item, _ABSENT, item_size(item))
    put.check_size()
    if wire.depth_exceeded(item.values()):
        raise errors.nesting()
    return put


_ABSENT: Final = Guard(lambda item, _values: not item, {}, duplicate=True)


def _write(prepared: PreparedStatement, outline: _KeyOutline, *, return_item: bool) -> Write:
    """Return the write of an UPDATE or DELETE, or the check of an EXISTS."""
    statement, values = prepared.statement, prepared.values
    key_item = {name: values[placeholder] for name, placeholder in outline.key}
    test = _test(outline.rest, missing=isinstance(statement, DeleteStatement))
    guard = Guard(test, values, return_item, paths=() if outline.rest is None else outline.rest.inner)
    if isinstance(statement, UpdateStatement):
        return Update(key_item, guard, prepared.program.update, values)
    return Delete(key_item, guard) if isinstance(statement, DeleteStatement) else Check(key_item, guard)


def _test(rest: program.Condition | None, *, missing: bool) -> Callable[[Item, Values], bool]:
    """Return the test of a write's guard, a function that returns True if the write may be done.

    rest: the conditions that an existing item must meet; None if there are no conditions.
    missing: True if the test succeeds when there is no item.
    """
    if rest is None:
        return lambda item, _values: missing or bool(item)
    test = rest.test
    if missing:
        return lambda item, values: not item or test(item, values)
    return lambda item, values: bool(item) and test(item, values)


# --- rules of batches and transactions ------------------------------------------------------------


def check_batch(statements: Sequence[PreparedStatement]) -> None:
    """Raise ApiError if a batch has both reads and writes (behaviour 14.5)."""
    if len({statement.reads for statement in statements}) > 1:
        raise errors.batch_mixed()


def check_transaction(statements: Sequence[PreparedStatement]) -> None:
    """Raise ApiError if a transaction has both reads and writes (behaviour 14.6).

    EXISTS counts as a write.
    """
    if len({statement.reads for statement in statements}) > 1:
        raise errors.transaction_mixed()


def check_in_transaction(prepared: PreparedStatement) -> None:
    """Raise ApiError if a statement cannot be in any transaction (behaviour 14.6).

    This check does not depend on the definition of the statement's table.
    """
    statement = prepared.statement
    if isinstance(statement, UpdateStatement | DeleteStatement) and statement.returning is not None:
        raise errors.transaction_returning()
    if isinstance(statement, Select | Exists) and statement.relation.index is not None:
        raise errors.transaction_read_on_index()


def transaction_plan(prepared: PreparedStatement, table: Table, *, return_item: bool = False) -> Read | Write:
    """Return the plan of a statement in a transaction (behaviour 14.6). Raises ApiError."""
    plan = bind(prepared, table, return_item=return_item)
    if isinstance(plan, Pages) or (isinstance(plan, Read) and plan.test is not None):
        raise errors.transaction_read_without_key()
    return plan


def batch_plan(prepared: PreparedStatement, table: Table, *, consistent: bool = False) -> Read | Write:
    """Return the plan of a statement in a batch (behaviour 14.5). Raises ApiError."""
    statement = prepared.statement
    if isinstance(statement, Exists):
        raise errors.exists_outside_transaction()
    if isinstance(statement, Select) and statement.relation.index is not None:
        select.check_index(table, statement.relation.index)
        raise prepared.refusal or errors.batch_read_without_key()
    plan = bind(prepared, table, consistent=consistent)
    if isinstance(plan, Pages) or (isinstance(plan, Read) and plan.test is not None):
        raise errors.batch_read_without_key()
    return plan
