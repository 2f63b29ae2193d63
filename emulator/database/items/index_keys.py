"""Checks of the values that a write gives to attributes of indexes.

These attributes are index key attributes (behaviour 2.5, 3.8), attributes of a SearchSchema, and
vectors (control-plane 15).
"""

from typing import Final

from emulator import errors, limits
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.expressions import program
from emulator.values.size import value_size
from emulator.values.types import KIND, Item, Values

_SHORT: Final = limits.SORT_KEY // (limits.INDEX_KEY_ATTRIBUTES * 4)
"""In characters. Four key attributes of this length always fit into an index key.

A character has at most four bytes.
"""


def check_item(table: Table, item: Item) -> None:
    """Raise if an index key attribute of a whole item has a wrong type, is empty or is too long.

    Also raise if a vector attribute is not a vector.
    """
    for name, (expected, index) in table.index_keys.items():
        value = item.get(name)
        if value is None:
            continue
        ((actual, content),) = value.items()
        if actual != expected:
            raise errors.index_key_type_mismatch(name, expected, actual, index)
        if not content:
            raise errors.empty_index_key(name, KIND[expected], index)
        if len(content) > _SHORT:
            _check_lengths(table, item)
    for vectors in table.vectors:
        if vectors.attribute in item:
            vectors.check(item[vectors.attribute])


def check_given(table: Table, update: program.UpdateProgram, values: Values) -> None:
    """Raise if an update gives an index key a wrong type or an empty value, whatever the item is.

    An empty value is reported before a wrong type. In a transaction, an empty value makes the whole
    request invalid, but a wrong type is a cancellation reason (behaviour 8.1).
    """
    mismatch = None
    for name, (expected, index) in table.index_keys.items():
        given = update.types.get(name)
        if given is None or not given.certain:
            continue
        if given.tag != expected:
            mismatch = mismatch or errors.index_key_type_mismatch(name, expected, given.tag, index)
            continue
        value = given.value(values)
        if value is not None and not value[expected]:
            raise errors.update_to_empty_index_key(KIND[expected])
    if mismatch is not None:
        raise mismatch
    for vectors in table.vectors:
        given = update.types.get(vectors.attribute)
        value = None if given is None or not given.certain else given.value(values)
        if value is not None:
            vectors.check(value)


def check_updated(table: Table, item: Item, update: program.UpdateProgram) -> None:
    """Raise if an update gave an index key attribute of this item a forbidden value.

    For a value of a wrong type, the error's text depends on the origin of the value: the default of
    an if_not_exists, or the item.
    """
    for vectors in table.vectors:
        if vectors.attribute in update.attributes and vectors.attribute in item:
            vectors.check(item[vectors.attribute])
    if table.index_keys.keys().isdisjoint(update.attributes):
        return
    for name, (expected, index) in table.index_keys.items():
        value = item.get(name) if name in update.attributes else None
        if value is None:
            continue
        ((actual, content),) = value.items()
        if actual != expected:
            given = update.types.get(name)
            if given is not None and given.tag == actual:
                raise errors.index_key_type_mismatch(name, expected, actual, index)
            raise errors.update_to_unsupported_index_key_type()
        if not content:
            raise errors.update_to_empty_index_key(KIND[actual])
        if len(content) > _SHORT:
            try:
                _check_lengths(table, item)
            except errors.ApiError:
                raise errors.update_index_key_too_long() from None


def _check_lengths(table: Table, item: Item) -> None:
    """Raise if the key attributes of an index are too long in total.

    If there are several such indexes, the error is about the first in the order of names.
    """
    found = [excess for index in table.indexes if (excess := _excess(index, item)) is not None]
    if found:
        raise errors.index_key_too_long(*min(found))


def _excess(index: Index, item: Item) -> tuple[str, str, int, int] | None:
    """Return the arguments of `index_key_too_long` for one index, None if its key is short enough.

    One limit is for the sum of the HASH attributes, and another for the sum of the RANGE
    attributes. The arguments are: the name of the index, the first attribute with which the sum
    exceeds its limit, the sum up to this attribute, and that limit.
    """
    definition = index.definition
    for names, largest in ((definition.hash, limits.PARTITION_KEY), (definition.range, limits.SORT_KEY)):
        size = 0
        for name in names:
            size += value_size(item[name]) if name in item else 0
            if size > largest:
                return index.name, name, size, largest
    return None
