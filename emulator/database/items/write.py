"""The write path: the only code that changes an item.

A write has two halves. `prepare_put`, `prepare_update` and `prepare_delete` read the old item,
evaluate the condition and compute the new item; they raise whatever is wrong and write nothing.
`store` then writes the item, and the table's followers write what depends on it
(schema/followers.py), in the transaction that it is given. Several writes that must happen together
are all prepared before the first is stored.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from emulator import errors, limits
from emulator.database.items.entries import entry_changes
from emulator.database.schema.followers import Change, EntryChange
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput.capacity import Consumed, write_units
from emulator.values.rows import decode_row, encode_row, row_size
from emulator.values.size import changed_size, item_size, value_size
from emulator.values.types import KIND, Item, Values
from emulator.values.wire import depth_exceeded
from storage import ReadTxn, WriteTxn

if TYPE_CHECKING:
    from emulator.expressions.program import Update

_MUCH_TOO_LARGE: Final = 2 * limits.ITEM_SIZE
"""Bytes of an updated item from which on only its size is told: looking at the depth of 150 long lists took 2 s."""
_NESTS: Final = frozenset(("M", "L"))
_SHORT: Final = limits.SORT_KEY // (limits.INDEX_KEY_ATTRIBUTES * 4)
"""Characters that an index key attribute may have without any need to measure: four such, in UTF-8, are within bounds."""


class Guard(NamedTuple):  # half as dear to make as a frozen dataclass, which is 0.4 us of a write
    """A write's condition. `test` sees the existing item, or an empty one, and the request's values."""

    test: Callable[[Item, Values], bool]
    values: Values
    tell_item: bool = False
    """ReturnValuesOnConditionCheckFailure=ALL_OLD: a failure carries the existing item."""
    attributes: frozenset[str] | None = None
    """Top-level names that the test looks at and that may be all it is shown; None: the whole item."""
    duplicate: bool = False
    """The guard of a PartiQL INSERT, whose failure is DuplicateItemException."""


def prepare_put(txn: ReadTxn, table: Table, key: bytes, item: Item, size: int, guard: Guard | None) -> Change:
    """Prepare the replacement of an item; the caller has checked its size, key and index keys."""
    old_row = _current(txn, table, key)
    old = None if guard is None else _passed(table, key, guard, old_row, item)
    return Change(key, old_row, old, encode_row(item, size), item)


def prepare_delete(txn: ReadTxn, table: Table, key: bytes, guard: Guard | None, key_item: Item) -> Change:
    """Prepare the removal of an item, which need not exist. key_item: its key, which the guard need not decode."""
    old_row = _current(txn, table, key)
    old = None if guard is None else _passed(table, key, guard, old_row, key_item)
    return Change(key, old_row, old, None, None)


def prepare_update(
    txn: ReadTxn, table: Table, key: bytes, key_item: Item, update: "Update | None", values: Values, guard: Guard | None
) -> Change:
    """Prepare the change of an item, or its creation from its key.

    Raises the run-time errors of updates (behaviour 4.5) and of the resulting item: size, nesting, index keys.
    """
    old_row = _current(txn, table, key)
    old = None if old_row is None else decode_row(old_row)
    if guard is not None and not guard.test(old or {}, guard.values):
        _refuse_oversized(old or key_item, update, values, exists=old is not None)
        raise _failed(table, key, guard, old_row)
    before = new = key_item if old is None else old
    size = item_size(key_item) if old_row is None else row_size(old_row)
    if update is not None:
        new = update.apply(new, values, exists=old is not None)
        if old is None and not update.creates:
            return Change(key, None, None, None, None)
        check_updated_index_keys(table, new, update)
        size = changed_size(size, before, new, update.attributes)
        if size <= _MUCH_TOO_LARGE:
            _check_depth(new, update)
    if size > limits.ITEM_SIZE:
        raise errors.update_too_large()
    return Change(key, old_row, old, encode_row(new, size), new)


def _check_depth(new: Item, update: "Update") -> None:
    """Raise if an update has made an attribute with parts that are nested too deeply."""
    for name in update.attributes:
        value = new.get(name)
        if value is not None and not _NESTS.isdisjoint(value) and depth_exceeded((value,)):
            raise errors.nesting(about="item")


def store(txn: WriteTxn, table: Table, change: Change, *, times: int = 1) -> Consumed:
    """Write a change and all that follows it; return the units it consumed.

    times: how often the table's own units count, 2 in a transaction. Raises what a precondition or an
    enforced limit refuses, and then has written nothing.
    """
    old_row, new_row = change.old_row, change.new_row
    old_size = 0 if old_row is None else row_size(old_row)
    new_size = 0 if new_row is None else row_size(new_row)
    consumed = Consumed(times * write_units(old_size, new_size))
    if old_row == new_row:
        charge(table, change.key, consumed)
        return consumed
    change.size = new_size - old_size
    if table.indexes:
        if not change.entries:  # they may be known already (ahead.py)
            change.entries = entry_changes(table, change)
        for entry in change.entries:
            if entry.units:
                arms = consumed.local_indexes if entry.index.local else consumed.global_indexes
                arms[entry.index.name] = entry.units
    for precondition in table.preconditions:
        precondition.check(txn, change)
    if table.enforcement is not None and not change.expired:
        charge(table, change.key, consumed, change.entries)
    if new_row is None:
        txn.delete(change.key)
    else:
        txn.put(change.key, new_row)
    for follower in table.followers:
        follower.follow(txn, change)
    return consumed


def charge(table: Table, key: bytes, consumed: Consumed, changes: Sequence[EntryChange] = ()) -> None:
    """Charge a write to the table's enforced throughput. Raises what it refuses."""
    if table.enforcement is None or table.enforcement.throttle is None:
        return
    entries = [
        (change.index.name, keyspace.partition_of(entry), units)
        for change in changes
        if change.index.is_global
        for entry, units in ((change.old_key, change.old_units), (change.new_key, change.new_units))
        if entry is not None
    ]
    table.enforcement.throttle.write(keyspace.partition_of(key), consumed, entries)


def check_index_keys(table: Table, item: Item) -> None:
    """Raise if the item has a secondary index key of a wrong type, empty or too long (behaviour 3.8)."""
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
            _check_index_key_lengths(table, item)


def _check_index_key_lengths(table: Table, item: Item) -> None:
    """Raise if an index's key attributes are longer than allowed (behaviour 2.5). The first index by name is reported."""
    found = [excess for index in table.indexes if (excess := _excess(index, item)) is not None]
    if found:
        raise errors.index_key_too_long(*min(found))


def _excess(index: Index, item: Item) -> tuple[str, str, int, int] | None:
    """Return the index, the attribute with which its HASH or RANGE attributes are too long, their size and their limit."""
    definition = index.definition
    for names, largest in ((definition.hash, limits.PARTITION_KEY), (definition.range, limits.SORT_KEY)):
        size = 0
        for name in names:
            size += value_size(item[name]) if name in item else 0
            if size > largest:
                return index.name, name, size, largest
    return None


def check_given_index_keys(table: Table, update: "Update", values: Values) -> None:
    """Raise if an update gives a secondary index key a wrong type or an empty value, whatever the item is (behaviour 3.8).

    An empty value comes first: it refuses a transaction as a whole, where a wrong type only cancels it (behaviour 8.1).
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


def check_updated_index_keys(table: Table, item: Item, update: "Update") -> None:
    """Raise if an update gave a secondary index key a value it cannot have (behaviour 3.8).

    The text depends on where a wrong type came from: the default of an if_not_exists, or the item.
    """
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
                _check_index_key_lengths(table, item)
            except errors.ApiError:
                raise errors.update_index_key_too_long() from None


def _current(txn: ReadTxn, table: Table, key: bytes) -> bytes | None:
    """Return the row that a write finds. Raises TransactionConflictException where a test declared one."""
    if table.enforcement is not None:
        table.enforcement.refuse_conflict(key)
    return txn.get(key)


def _passed(table: Table, key: bytes, guard: Guard, old_row: bytes | None, keyed: Item) -> Item | None:
    """Return the existing item if the condition holds, None where not all of it was decoded for that.

    keyed: any item with the same key attributes. Raises ConditionalCheckFailedException.
    """
    old = None
    if old_row is None:
        shown: Item = {}
    elif guard.attributes is None or table.indexes:
        shown = old = decode_row(old_row)
    else:  # that not all is decoded saves a sixth of a put of 1 KB
        decode, names = table.view(guard.attributes)
        shown = decode(old_row)
        for name in names:
            shown[name] = keyed[name]
    if not guard.test(shown, guard.values):
        raise _failed(table, key, guard, old_row)
    return old


def _failed(table: Table, key: bytes, guard: Guard, old_row: bytes | None) -> errors.ApiError:
    """Return a failed condition's error; it costs what writing the existing item would (behaviour 9.1)."""
    charge(table, key, Consumed(write_units(0 if old_row is None else row_size(old_row), 0)))
    if guard.duplicate:
        return errors.duplicate_item()
    return errors.conditional_check_failed(decode_row(old_row) if guard.tell_item and old_row is not None else None)


def _refuse_oversized(item: Item, update: "Update | None", values: Values, *, exists: bool) -> None:
    """Raise if the update would make the item too large: that beats a failed condition (behaviour 2.4)."""
    if update is None:
        return
    try:
        new = update.apply(item, values, exists=exists)
    except errors.ApiError:
        return
    if changed_size(item_size(item), item, new, update.attributes) > limits.ITEM_SIZE:
        raise errors.update_too_large()
