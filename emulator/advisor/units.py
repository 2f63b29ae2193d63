"""Computes the sizes of items, and the capacity units that accesses cost.

Units are estimated from sizes (behaviour 9), unless the server counts them or the answer reports
its consumed capacity. If neither the request nor the answer has an item, the mean item size of the
table is used.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from emulator.advisor.calls import Access, Item
from emulator.advisor.tables import IndexFacts, TableFacts, bare_name
from emulator.database.throughput import capacity
from emulator.values.size import item_size

Json = Mapping[str, Any]


def size_of(item: Item) -> int:
    """Return the size of an item of a request or an answer, in bytes.

    The item need not be canonical. For an item with invalid values, return the length of its JSON.
    """
    try:
        return item_size(dict(item))
    except (AttributeError, IndexError, TypeError, AssertionError):  # an invalid item, for example with a null member
        return len(orjson.dumps(item))


def mean_of(access: Access) -> int:
    """Return the mean item size of an access's table in bytes, 0 if the table is not known."""
    return 0 if access.facts is None else int(access.facts.mean_size())


def pay_write(access: Access, size: int, item: Item) -> None:
    """Set the units of a write: for the item of this size, and for its entries in indexes.

    item: the known attributes of the item. An index has an entry for the item if `item` has all
    key attributes of the index.
    """
    access.write = capacity.write_units(size, size)
    if access.facts is None:
        return
    access.exact = not access.facts.indexes and access.action == "PutItem"
    for index in access.facts.indexes.values():
        if all(name in item for name in index.keys if name not in access.facts.keys):
            access.write += capacity.entry_units(_entry_size(index, access.facts, item, size))


def _entry_size(index: IndexFacts, facts: TableFacts, item: Item, size: int) -> int:
    if index.projection == "ALL":
        return size
    names = index.other.union(index.keys, facts.keys)
    return size_of({name: value for name, value in item.items() if name in names})


def take_consumed(accesses: list[Access], answer: Json) -> None:
    """Replace estimated units of accesses by the ConsumedCapacity that the answer reports.

    If there are several accesses to one table, each gets an equal share of the table's units.
    """
    consumed = answer.get("ConsumedCapacity")
    parts: Iterable[Json] = [consumed] if isinstance(consumed, dict) else consumed or ()
    for part in parts:
        units = part.get("CapacityUnits")
        ours = [each for each in accesses if each.table == bare_name(part.get("TableName", ""))]
        if units is None or not ours:
            continue
        for access in ours:
            access.exact = True
            if access.writes or access.action == "ConditionCheckItem":
                access.write = units / len(ours)
            else:
                access.read = units / len(ours)


def take_units(accesses: list[Access], units: float) -> None:
    """Share the counted units of a request among its accesses, in proportion to their estimates."""
    estimated = sum(access.read + access.write for access in accesses)
    if estimated:
        for access in accesses:
            access.exact = True
            access.read *= units / estimated
            access.write *= units / estimated
