"""Checks of the values that a write gives to the attributes that indexes use.

These attributes are the key attributes of secondary indexes (behaviour 2.5, 3.8), and the vectors
and SearchSchema attributes of vector indexes (control-plane 15).
"""

from typing import Final

from emulator import errors, limits
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.expressions import program
from emulator.values.size import value_size
from emulator.values.types import KIND, Item, Values

_SHORT: Final = limits.SORT_KEY // (limits.INDEX_KEY_ATTRIBUTES * 4)
"""The length in characters up to which an index key value needs no check of the total key size.

An index key has at most four values of a kind (HASH or RANGE), and a character has at most four
bytes. So the four values always fit if none of them is longer.
"""


def check_item(table: Table, item: Item) -> None:
    """Raise if an item cannot be put because of an attribute that an index uses.

    An index key attribute must not have a wrong type, be empty or be too long. An attribute with a
    vector index must be a valid vector.
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
    """Raise if an update gives an indexed attribute a forbidden value, whatever the old item is.

    A value is forbidden if it is empty, has a wrong type, or is not a valid vector. An empty value
    is reported before a wrong type. In a transaction, an empty value makes the whole request
    invalid, but a wrong type is a cancellation reason (behaviour 8.1).
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
    """Raise if an update has given an indexed attribute of this item a forbidden value.

    item: the item after the update. The error about a wrong type has one text if the update
    itself determines the type, and another text if the value comes from the old item.
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
    """Raise if the item's values for the key attributes of an index are too long in total.

    If several indexes have this problem, the error names the first in alphabetical order.
    """
    found = [excess for index in table.indexes if (excess := _excess(index, item)) is not None]
    if found:
        raise errors.index_key_too_long(*min(found))


def _excess(index: Index, item: Item) -> tuple[str, str, int, int] | None:
    """Return the arguments of `index_key_too_long`, or None if the index key is short enough.

    The HASH attributes have one limit for their total size, and the RANGE attributes have another.
    The arguments are: the name of the index, the attribute at which the total first exceeds the
    limit, the total up to and including this attribute, and the limit.
    """
    definition = index.definition
    for names, largest in ((definition.hash, limits.PARTITION_KEY), (definition.range, limits.SORT_KEY)):
        size = 0
        for name in names:
            size += value_size(item[name]) if name in item else 0
            if size > largest:
                return index.name, name, size, largest
    return None
