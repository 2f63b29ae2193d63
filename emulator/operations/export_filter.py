"""Compiles an export's FilterSpecification: which items and attributes to export.

See control-plane 4.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator import errors
from emulator.database.items import ranges
from emulator.database.schema.table import Table
from emulator.database.store.keyspace import ITEM_PREFIX
from emulator.expressions import key_range
from emulator.expressions.program import Condition, Projection
from emulator.operations.parameters import NO_VALUES, bound_of
from emulator.values.types import Item, Values

_EXPRESSIONS: Final = ("FilterExpression", "ProjectionExpression", "KeyConditionExpression")


@dataclass(frozen=True, slots=True)
class Selection:
    """The parts of a table that an export writes.

    start, stop: the first key to export, and the key after the last one. These are keys of the
    store, without the table's prefix. `stop` is None if the export continues to the last item.
    """

    start: bytes = b""
    stop: bytes | None = None
    filter: Condition | None = None
    values: Values | None = None
    projection: Projection | None = None

    def takes(self, item: Item) -> bool:
        """Return True if an item meets the filter, or if there is no filter."""
        return self.filter is None or self.filter.test(item, self.values or NO_VALUES)

    def projected(self, item: Item) -> Item:
        """Return an item with only those of its attributes that the export writes."""
        return item if self.projection is None else self.projection.project(item)

    @property
    def whole(self) -> bool:
        """True if the export writes all items from `start` to `stop`, with all attributes."""
        return self.filter is None and self.projection is None


EVERYTHING: Final = Selection()


def selection_of(specification: Mapping[str, Any] | None, table: Table) -> Selection:
    """Return the Selection that a FilterSpecification describes. Raises ValidationException.

    If there is no FilterSpecification (None), return the selection of the whole table.
    """
    if specification is None:
        return EVERYTHING
    if not specification:
        raise errors.filter_specification_empty()
    try:
        return _selection(specification, table)
    except errors.ApiError as error:
        raise errors.filter_specification_invalid(error) from None


def _selection(specification: Mapping[str, Any], table: Table) -> Selection:
    bound = bound_of(specification)
    if bound is None or not any(name in specification for name in _EXPRESSIONS):
        raise errors.only_with_expressions("ExpressionAttributeNames")
    values = specification.get("ExpressionAttributeValues", NO_VALUES)
    start, stop = b"", None
    if bound.key_condition is not None:
        wanted = key_range.resolve(bound.key_condition, table.key_schema, values)
        first, last = ranges.query_range(table, wanted)
        start, stop = first[ITEM_PREFIX:], last[ITEM_PREFIX:]
    if bound.filter is not None:
        table.check_paths(bound.filter.inner)
        named = [name for name in table.key_names if name in bound.filter.attributes]
        if bound.key_condition is not None and named:
            raise errors.filter_on_key("Filter Expression", named[0])
    return Selection(start, stop, bound.filter, values, bound.projection)
