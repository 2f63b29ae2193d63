"""PutItem, UpdateItem, DeleteItem (behaviour 4.5, 4.6, 5). Their checks' problems come in the envelope."""

from typing import Any, Final

from emulator import errors, limits
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import collections, write
from emulator.database.items.write import Guard
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.expressions import legacy
from emulator.expressions.bind import Bound
from emulator.expressions.program import Update
from emulator.model.nesting import nests_deeply
from emulator.model.request import Request
from emulator.operations.checks import (
    NO_VALUES,
    answer,
    attributes_member,
    bound_of,
    check_values,
    consumed_member,
    guard_of,
    member,
)
from emulator.operations.registry import Response, operation
from emulator.values import paths
from emulator.values.rows import row_json
from emulator.values.types import Item, Values

_ASKING: Final = frozenset(("ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"))
"""Members without which the answer to a write is empty."""


_OLD_VALUES: Final = ("NONE", "ALL_OLD")
"""What PutItem and DeleteItem can return."""


def _check_write(request: Request) -> Bound | None:
    legacy.check_mixing(request)
    check_values(request, "new", numbers_first=True)
    return bound_of(request)


def _check_put(request: Request) -> tuple[Bound | None, Guard | None]:
    legacy.check_mixing(request)
    if request.get("ReturnValues", "NONE") not in _OLD_VALUES:
        raise errors.return_values_not_allowed(bare=nests_deeply(request))
    check_values(request, "new")
    if request["Item"].size > limits.ITEM_SIZE:
        raise errors.item_too_large()
    bound = bound_of(request)
    return bound, guard_of(request, bound)


def _check_delete(request: Request) -> tuple[Bound | None, Guard | None]:
    if request.get("ReturnValues", "NONE") not in _OLD_VALUES:
        raise errors.return_values_not_allowed(bare=nests_deeply(request))
    bound = _check_write(request)
    return bound, guard_of(request, bound)


def _check_update(request: Request) -> tuple[Bound | None, Guard | None, Update | None]:
    bound = _check_write(request)
    update = None if bound is None else bound.update
    if "AttributeUpdates" in request:
        update = legacy.attribute_updates(request)
    return bound, guard_of(request, bound), update


def _check_condition_paths(table: Table, bound: Bound | None) -> None:
    if bound is not None and bound.condition is not None and bound.condition.inner:
        table.check_paths(bound.condition.inner)


@operation("PutItem", check=_check_put, enveloped=True)
def put_item(
    database: Database, caller: Caller, request: Request, checked: tuple[Bound | None, Guard | None]
) -> Response:
    """Put an item, replacing the one with its key."""
    bound, guard = checked
    item = request["Item"]
    table = database.table(caller, request["TableName"])
    key = table.key_of_item(item)
    if table.index_keys:
        write.check_index_keys(table, item)
    _check_condition_paths(table, bound)
    with database.write() as txn:
        prepared = write.prepare_put(txn, table, key, item, item.size, guard)
        consumed = write.store(txn, table, prepared)
    if _ASKING.isdisjoint(request):
        return b"{}"
    members = _old_item(request, prepared) + consumed_member(request, consumed)
    return answer(members + _metrics(database, table, request, item))


@operation("DeleteItem", check=_check_delete, enveloped=True)
def delete_item(
    database: Database, caller: Caller, request: Request, checked: tuple[Bound | None, Guard | None]
) -> Response:
    """Delete an item, which need not exist."""
    bound, guard = checked
    table = database.table(caller, request["TableName"])
    key = table.item_key(request["Key"])
    _check_condition_paths(table, bound)
    with database.write() as txn:
        txn.urgent = True
        prepared = write.prepare_delete(txn, table, key, guard, request["Key"])
        consumed = write.store(txn, table, prepared)
    if _ASKING.isdisjoint(request):
        return b"{}"
    members = _old_item(request, prepared) + consumed_member(request, consumed)
    return answer(members + _metrics(database, table, request, request["Key"]))


@operation("UpdateItem", check=_check_update, enveloped=True)
def update_item(
    database: Database, caller: Caller, request: Request, checked: tuple[Bound | None, Guard | None, Update | None]
) -> Response:
    """Change an item's attributes, or create it."""
    bound, guard, update = checked
    key_item = request["Key"]
    table = database.table(caller, request["TableName"])
    key = table.item_key(key_item)
    values = request.get("ExpressionAttributeValues", NO_VALUES)
    check_update_paths(table, update, values)
    _check_condition_paths(table, bound)
    if update is not None and not (update.cost.light and type(values) is dict):
        _check_cost(update, values)
    with database.write() as txn:
        prepared = write.prepare_update(txn, table, key, key_item, update, values, guard)
        consumed = write.store(txn, table, prepared)
    if _ASKING.isdisjoint(request):
        return b"{}"
    members = _returned(request.get("ReturnValues"), update, prepared) + consumed_member(request, consumed)
    return answer(members + _metrics(database, table, request, key_item))


def _check_cost(update: Update, values: Values) -> None:
    """Raise if an update writes more than an item may have: before its condition is evaluated (behaviour 2.4)."""
    if update.cost.total(values) > limits.ITEM_SIZE:
        raise errors.update_too_large()


def check_update_paths(table: Table, update: Update | None, values: Values) -> None:
    """Raise if an update does not fit the keys of its table, whatever the item is (behaviour 3.8).

    It may not write a key attribute or below one, go into a key attribute of the table or of an index, nor give an index
    key a wrong type or an empty value.
    """
    if update is None:
        return
    for name in table.key_names:
        if name in update.attributes:
            raise errors.cannot_update_key(name)
    if update.inner:
        table.check_paths(update.inner)
    if table.index_keys:
        write.check_given_index_keys(table, update, values)


def _old_item(request: Request, prepared: Change) -> list[bytes]:
    if request.get("ReturnValues") != "ALL_OLD" or prepared.old_row is None:
        return []
    return [b'"Attributes":' + row_json(prepared.old_row)]


def _returned(mode: str | None, update: Update | None, prepared: Change) -> list[bytes]:
    """Return the Attributes member of an update (behaviour 4.6)."""
    match mode:
        case "ALL_NEW":
            return [] if prepared.new_row is None else [b'"Attributes":' + row_json(prepared.new_row)]
        case "ALL_OLD":
            return [] if prepared.old_row is None else [b'"Attributes":' + row_json(prepared.old_row)]
        case "UPDATED_NEW" if update is not None:
            return attributes_member(b"Attributes", paths.project(prepared.new or {}, update.targets))
        case "UPDATED_OLD" if update is not None:
            return attributes_member(b"Attributes", paths.project(prepared.old or {}, update.targets))
        case _:
            return []


def _metrics(database: Database, table: Table, request: Any, item: Item) -> list[bytes]:  # noqa: ANN401
    if request.get("ReturnItemCollectionMetrics") != "SIZE" or not table.local_indexes:
        return []
    with database.read() as txn:
        return [member(b"ItemCollectionMetrics", collections.metrics(txn, table, item))]
