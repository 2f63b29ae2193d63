"""From a statement to what the native operations would have been asked: a key, a range, a condition, an update.

    text ──parse──▶ Parsed ──prepare, with parameters──▶ Prepared ──bind, with a table──▶ Read | Pages | Write | Check

`bind` chooses the way by the key schema. What it finds for a table's definition, the *layout*, is kept with the program.

The guards of writes (behaviour 14.3; Developer Guide, "PartiQL delete statements"): UPDATE needs an item that meets the
conditions besides the key; DELETE needs them to hold only where there is an item; INSERT needs that there is none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from typing import Literal as OneOf

from emulator import errors, limits
from emulator.database.items import write
from emulator.database.items.write import Guard
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.expressions import program
from emulator.partiql import select, where
from emulator.partiql.ast import DeleteStatement, Exists, Insert, Returning, Select, UpdateStatement
from emulator.partiql.prepare import Prepared, Program
from emulator.partiql.select import Pages, Read
from emulator.values import wire
from emulator.values.paths import Path
from emulator.values.size import item_size
from emulator.values.types import Item, Values
from storage import ReadTxn


@dataclass(slots=True)
class Write:
    """An INSERT (its `item` and that item's size), UPDATE (its `update`) or DELETE of the item with this key."""

    kind: OneOf["insert", "update", "delete"]
    table: Table
    key: bytes
    key_item: Item
    guard: Guard
    values: Values
    item: Item | None = None
    size: int = 0
    update: program.Update | None = None
    returning: Returning | None = None
    paths: tuple[Path, ...] = ()
    """Document paths of the guard; like the update's targets they must not go into key attributes."""


@dataclass(slots=True)
class Check:
    """An EXISTS: the guard must hold for the item with this key, which must exist."""

    table: Table
    key: bytes
    key_item: Item
    guard: Guard


Plan = Read | Pages | Write | Check


def bind(prepared: Prepared, table: Table, *, consistent: bool = False, tell_item: bool = False) -> Plan:
    """Return the plan of a statement for its table; raises ApiError.

    tell_item: a failed guard tells the item (ReturnValuesOnConditionCheckFailure).
    """
    if prepared.refusal is not None:
        select.check_index(table, prepared.source.index)
        raise prepared.refusal
    found = prepared.program
    if found.layout_of is table.definition:
        layout = found.layout
    else:
        layout = _layout(found, table)
        found.layout, found.layout_of = layout, table.definition
    if type(layout) is select.Layout:
        return select.plan(layout, table, prepared.values, consistent=consistent)
    if type(layout) is _CheckLayout:
        return _check_plan(layout, table, prepared.values, tell_item=tell_item)
    if layout is None:
        return _insert_plan(prepared, table)
    return _write_plan(prepared, layout, table, tell_item=tell_item)


def prepare_write(txn: ReadTxn, plan: Write) -> Change:
    """Run the first half of a write (database/items/write.py): read, check, compute. Raises ApiError."""
    if plan.kind == "insert":
        assert plan.item is not None, "an INSERT has an item"
        return write.prepare_put(txn, plan.table, plan.key, plan.item, plan.size, plan.guard)
    if plan.kind == "delete":
        return write.prepare_delete(txn, plan.table, plan.key, plan.guard, plan.key_item)
    return write.prepare_update(txn, plan.table, plan.key, plan.key_item, plan.update, plan.values, plan.guard)


# --- layouts ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _KeyLayout:
    """UPDATE and DELETE: the placeholders of the key, and what else the WHERE says."""

    key: where.Key
    rest: program.Condition | None


@dataclass(frozen=True, slots=True)
class _CheckLayout(_KeyLayout):
    """The same of an EXISTS."""


def _layout(found: Program, table: Table) -> select.Layout | _KeyLayout | None:
    """Return the layout of a statement; None for INSERT, which has no WHERE."""
    statement = found.parsed.statement
    if isinstance(statement, Select):
        return select.layout(found, statement, table)
    if statement.source.index is not None:
        raise errors.transaction_read_on_index()  # an EXISTS: writes have been refused
    if isinstance(statement, Insert):
        return None
    key, rest = where.key_of(found.where, table.key_names)
    if isinstance(statement, Exists):
        if len(key) != table.key_count or rest is None:
            raise errors.transaction_exists()
        table.check_paths(rest.inner)
        return _CheckLayout(key, rest)
    if len(key) != table.key_count:
        raise errors.statement_without_key()
    return _KeyLayout(key, rest)


# --- writes -------------------------------------------------------------------------------------


def _insert_plan(prepared: Prepared, table: Table) -> Write:
    statement = prepared.statement
    assert isinstance(statement, Insert), "every other statement has a layout"
    item = prepared.values[statement.item.name].get("M")
    if item is None:
        raise errors.item_not_a_map()
    size = item_size(item)
    if size > limits.ITEM_SIZE:
        raise errors.item_too_large()
    if wire.depth_exceeded(item.values()):
        raise errors.nesting()
    key = table.key_of_item(item)
    if table.index_keys:
        write.check_index_keys(table, item)
    return Write("insert", table, key, table.key_attributes(item), _ABSENT, prepared.values, item, size)


_ABSENT: Final = Guard(lambda item, _values: not item, {}, duplicate=True)


def _write_plan(prepared: Prepared, layout: _KeyLayout, table: Table, *, tell_item: bool) -> Write:
    statement, values = prepared.statement, prepared.values
    assert isinstance(statement, UpdateStatement | DeleteStatement), "the others have layouts of their own"
    updates_item = isinstance(statement, UpdateStatement)
    key_item = {name: values[placeholder] for name, placeholder in layout.key}
    return Write(
        "update" if updates_item else "delete",
        table,
        table.item_key(key_item),
        key_item,
        Guard(_guard(layout.rest, missing=not updates_item), values, tell_item),
        values,
        update=prepared.program.update,
        returning=statement.returning,
        paths=() if layout.rest is None else layout.rest.paths,
    )


def _check_plan(layout: _CheckLayout, table: Table, values: Values, *, tell_item: bool) -> Check:
    key_item = {name: values[placeholder] for name, placeholder in layout.key}
    guard = Guard(_guard(layout.rest, missing=False), values, tell_item)
    return Check(table, table.item_key(key_item), key_item, guard)


def _guard(rest: program.Condition | None, *, missing: bool) -> Callable[[Item, Values], bool]:
    """Return the test of a write; missing: what it says of an item that does not exist."""
    if rest is None:
        return lambda item, _values: missing or bool(item)
    test = rest.test
    if missing:
        return lambda item, values: not item or test(item, values)
    return lambda item, values: bool(item) and test(item, values)


# --- rules of batches and transactions ----------------------------------------------------------


def check_batch(statements: Sequence[Prepared]) -> None:
    """Raise unless all statements read or all write (behaviour 14.5)."""
    if len({statement.reads for statement in statements}) > 1:
        raise errors.batch_mixed()


def check_transaction(statements: Sequence[Prepared]) -> None:
    """Raise unless all statements read or all write; EXISTS counts as a write (behaviour 14.6)."""
    if len({statement.reads for statement in statements}) > 1:
        raise errors.transaction_mixed()


def check_in_transaction(prepared: Prepared) -> None:
    """Raise what a transaction refuses about one statement before its table is known (behaviour 14.6)."""
    statement = prepared.statement
    if isinstance(statement, UpdateStatement | DeleteStatement) and statement.returning is not None:
        raise errors.transaction_returning()
    if isinstance(statement, Select | Exists) and statement.source.index is not None:
        raise errors.transaction_read_on_index()


def transaction_plan(prepared: Prepared, table: Table, *, tell_item: bool = False) -> Read | Write | Check:
    """Return the plan of a statement of a transaction; raises ApiError (behaviour 14.6)."""
    plan = bind(prepared, table, tell_item=tell_item)
    if isinstance(plan, Pages) or (isinstance(plan, Read) and plan.test is not None):
        raise errors.transaction_read_without_key()
    return plan


def batch_plan(prepared: Prepared, table: Table, *, consistent: bool = False) -> Read | Write:
    """Return the plan of a statement of a batch; raises ApiError (behaviour 14.5)."""
    statement = prepared.statement
    if isinstance(statement, Exists):
        raise errors.exists_outside_transaction()
    if isinstance(statement, Select) and statement.source.index is not None:
        select.check_index(table, statement.source.index)
        raise prepared.refusal or errors.batch_read_without_key()
    plan = bind(prepared, table, consistent=consistent)
    if isinstance(plan, Pages) or (isinstance(plan, Read) and plan.test is not None):
        raise errors.batch_read_without_key()
    assert not isinstance(plan, Check), "EXISTS is refused above"
    return plan
