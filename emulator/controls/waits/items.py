"""Conditions of waits for one item: it exists, it fulfils an expression, or it has expired.

| body                                                                    | met when                  |
|-------------------------------------------------------------------------|---------------------------|
| `{"TableName", "Key"}`                                                  | the item exists           |
| `{"TableName", "Key", "ConditionExpression", "ExpressionAttribute..."}` | the expression is true    |
| `{"TableName", "Expired": key}`                                         | there is no item          |

The expression means the same as in a DeleteItem. If there is no item, the expression is tested on
an item without attributes. So `attribute_not_exists(key)` waits until there is no item.
"""  # noqa: W505 - a table

from typing import Any

from emulator.controls.body import BadDeclaration, Body
from emulator.controls.registry import Emulator
from emulator.controls.waits.condition import Seen, TableTarget, chosen, refusals
from emulator.database.changes.ttl_queue import queue_of
from emulator.database.items.requested import Delete
from emulator.database.schema.table import Table
from emulator.operations.registry import find
from emulator.values.rows import decode_row
from emulator.values.types import Item

EXPRESSIONS = ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")


def _checked(raw: Any) -> Delete:  # noqa: ANN401 - JSON
    """Check a DeleteItem request with the members of a body; return its requested write.

    The write is never done: conditions only use its key and its guard. Raises BadDeclaration if a
    member is wrong.
    """
    operation = find("DeleteItem")
    assert operation is not None
    assert operation.check is not None
    with refusals():
        operation.load()
        assert operation.model is not None
        request = operation.model.parse(raw)
        operation.model.validate(request)
        checked: Delete = operation.check(request)
    return checked


class ItemCondition:
    """The condition that an item exists, or fulfils a ConditionExpression."""

    def __init__(self, emulator: Emulator, body: Body) -> None:
        self._target = TableTarget(emulator, body)
        self._wanted = _checked({"TableName": "checked", **chosen(body, "Key", *EXPRESSIONS)})

    def look(self) -> Seen:
        """Read the item. Test the expression on it, or its existence if there is no expression."""
        table = self._target.usable()
        if isinstance(table, Seen):
            return table
        item = _item(self._target, table, self._wanted)
        guard = self._wanted.guard
        met = item is not None if guard is None else guard.test({} if item is None else item, guard.values)
        return Seen(met, {"Item": item})


class ExpiryCondition:
    """The condition that an item no longer exists, in a table with time to live."""

    def __init__(self, emulator: Emulator, body: Body) -> None:
        self._clock = emulator.clock
        self._target = TableTarget(emulator, body)
        self._wanted = _checked({"TableName": "checked", "Key": body["Expired"]})

    def look(self) -> Seen:
        """Read the item. Raises BadDeclaration if it exists and the table's time to live is off."""
        table = self._target.usable()
        if isinstance(table, Seen):
            return table
        item = _item(self._target, table, self._wanted)
        if item is None:
            return Seen(met=True, shown={"Item": None})
        queue = queue_of(table.definition)
        if queue is None:
            raise BadDeclaration(f"the time to live of table {table.name} is not enabled: UpdateTimeToLive enables it")
        expiry = queue.expiry(item)
        expires = None if expiry is None else expiry / 1000
        return Seen(met=False, shown={"Item": item, "ExpiresAt": expires, "Now": self._clock.now()})


def _item(target: TableTarget, table: Table, wanted: Delete) -> Item | None:
    with refusals():
        wanted.locate(table)
        wanted.check()
    with target.database.read() as txn:
        row = txn.get(wanted.key)
    return None if row is None else decode_row(row)
