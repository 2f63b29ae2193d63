"""Requested writes: a Put, Update, Delete or Check of one item that a request asks for.

Operations on one item, batches, transactions and PartiQL make these objects from a request. Then
each operation takes the steps below. Their order depends on the operation, because each operation
reports errors in another order. Only the last step writes. A transaction prepares all of its writes
before it stores the first.

    Put.check_size     refuse an item of more than 400 KB
    locate(table)      compute the storage key; for a Put also check the index key attributes
    check_condition    refuse a condition with a path into a key attribute
    check              refuse an update that is wrong for every item, then call check_condition
    Update.check_cost  refuse an update that writes more bytes than an item may have
    prepare(txn)       read the item, test the condition, compute the new item; return a Change
    write.store        write the change (items/write.py)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Final

import orjson

from emulator import errors, limits
from emulator.database.items import index_keys
from emulator.database.items.write import charge
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.throughput.capacity import Consumed, write_units
from emulator.expressions import program
from emulator.values import paths
from emulator.values.paths import Path
from emulator.values.rows import decode_row, encode_row, row_json, row_size
from emulator.values.size import changed_size, item_size
from emulator.values.types import Item, Values
from emulator.values.wire import depth_exceeded
from storage import ReadTxn


@dataclass(slots=True, eq=False)  # not frozen, because making a frozen object takes 0.4 us longer
class Guard:
    """A write's condition.

    test: returns True if the condition is met. Its arguments are the stored item, or {} if there is
    none, and `values`.
    values: the values of the request's placeholders such as `:v`.
    """

    test: Callable[[Item, Values], bool]
    values: Values
    return_item: bool = False
    """Whether the error shows the stored item: ReturnValuesOnConditionCheckFailure=ALL_OLD."""
    attributes: frozenset[str] | None = None
    """The attributes that the test reads, or None if the test needs the whole item."""
    paths: tuple[Path, ...] = ()
    """The paths into attributes that the test reads. `check_condition` refuses paths into keys."""
    duplicate: bool = False
    """Whether this is the condition of PartiQL's INSERT: it fails with DuplicateItemException."""


@dataclass(slots=True, eq=False)
class ItemRequest:
    """A read, write or check of one item that a request asks for.

    key_item: the item's key attributes; for a Put, the whole item.
    table, key: the item's table and its storage key. `locate` sets these two fields.
    """

    key_item: Item
    table: Table = field(init=False, repr=False)
    key: bytes = field(init=False, repr=False)

    def locate(self, table: Table) -> None:
        """Set `table`, and compute the item's storage key.

        Raises ApiError if a key attribute is missing or has a value that is not allowed (behaviour
        3.8).
        """
        self.table = table
        self.key = table.item_key(self.key_item)

    def check(self) -> None:
        """Raise if the request uses a key attribute in a way that is not allowed.

        The order of the checks is that of PutItem, UpdateItem and DeleteItem. PartiQL has another
        order.
        """


def has_repeats(keys: Iterable[bytes]) -> bool:
    """Return True if a key occurs twice. keys: the storage key of each item in a request."""
    keys = list(keys)
    return len(set(keys)) < len(keys)


@dataclass(slots=True, eq=False)
class Get(ItemRequest):
    """A read of one item in a transaction. projection: which attributes to return, None for all."""

    projection: program.Projection | None = None

    def check(self) -> None:
        """Raise if the projection has a path into a key attribute, which is always a scalar."""
        if self.projection is not None:
            self.table.check_paths(self.projection.inner)


@dataclass(slots=True, eq=False)
class Write(ItemRequest):
    """A write of one item. A Check counts as a write, but it only tests a condition."""

    guard: Guard | None
    urgent: ClassVar[bool] = False
    """True if the write needs no space. So it may use the reserve of a full disk."""

    def check_condition(self) -> None:
        """Raise if the condition has a path into a key attribute, which is always a scalar."""
        guard = self.guard
        if guard is not None and guard.paths:
            self.table.check_paths(guard.paths)

    check = check_condition

    @property
    def parts(self) -> int:
        """The number of attributes that an update changes, to estimate how long the update takes.

        It is 0 for all other writes.
        """
        return 0

    def prepare(self, txn: ReadTxn) -> Change:
        """Read the item, test the condition and return the change.

        Raises ApiError if the condition is not met, or if a fault or a declaration of a test
        refuses the write.
        """
        # Each subclass has this method. The class is not abstract, because with an abstract class a
        # PutItem took 1 % more instructions.
        raise NotImplementedError

    def returned(self, mode: str | None, change: Change) -> bytes | None:
        """Return the attributes for ReturnValues=`mode` as JSON, or None if there are none."""
        row = change.old_row if mode == "ALL_OLD" else change.new_row if mode == "ALL_NEW" else None
        return None if row is None else row_json(row)


# For speed, the functions `_stored`, `_allowed` and `_failed` are not methods of Write, and Guard
# is not a NamedTuple: with methods and a NamedTuple, an UpdateItem took 0.7 % more instructions.


def _stored(txn: ReadTxn, table: Table, key: bytes) -> bytes | None:
    """Return the item's row, or None if there is no item.

    Raises ApiError if the write must fail: a test has declared that a transaction or another region
    is writing the item, or a fault refuses the write.
    """
    if table.enforcement is not None:
        table.enforcement.refuse_write(txn, key)
    return txn.get(key)


def _allowed(table: Table, key: bytes, guard: Guard, old_row: bytes | None, key_item: Item) -> Item | None:
    """Raise if the condition `guard` is not met. Return the old item if it was decoded completely.

    Return None if there is no old item, or if only some of its attributes were decoded. key_item:
    the item's key attributes, or the whole new item.
    """
    old = None
    if old_row is None:
        shown: Item = {}
    elif guard.attributes is None or table.indexes:
        shown = old = decode_row(old_row)
    else:  # decode only what the test reads: a put of 1 KB takes a sixth less time
        decode, names = table.decoder(guard.attributes)
        shown = decode(old_row)
        for name in names:
            shown[name] = key_item[name]
    if not guard.test(shown, guard.values):
        raise _failed(table, key, guard, old_row, key_item)
    return old


def _failed(table: Table, key: bytes, guard: Guard, old_row: bytes | None, key_item: Item) -> errors.ApiError:
    """Charge the write whose condition has failed, and return the error (behaviour 9.1)."""
    charge(table, key, Consumed(write_units(0 if old_row is None else row_size(old_row), 0)), key_item)
    if guard.duplicate:
        return errors.duplicate_item()
    return errors.conditional_check_failed(decode_row(old_row) if guard.return_item and old_row is not None else None)


@dataclass(slots=True, eq=False)
class Put(Write):
    """The creation or replacement of an item. size: the size of the new item in bytes."""

    size: int

    def check_size(self) -> None:
        """Raise if the new item has more than 400 KB."""
        if self.size > limits.ITEM_SIZE:
            raise errors.item_too_large()

    def locate(self, table: Table) -> None:
        """Set `table`, and compute the item's storage key.

        Raises if a key attribute, or an attribute that an index uses, has a forbidden value
        (behaviour 3.8).
        """
        self.table = table
        self.key = table.key_of_item(self.key_item)
        if table.restricted:
            index_keys.check_item(table, self.key_item)

    def prepare(self, txn: ReadTxn) -> Change:
        """Test the condition and return the change that stores the new item.

        Raises ApiError if the condition is not met, or if a fault or a declaration of a test
        refuses the write.
        """
        table, key, guard = self.table, self.key, self.guard
        old_row = _stored(txn, table, key)
        old = None if guard is None else _allowed(table, key, guard, old_row, self.key_item)
        return Change(key, old_row, old, encode_row(self.key_item, self.size), self.key_item)


@dataclass(slots=True, eq=False)
class Delete(Write):
    """The deletion of an item. It is no error if the item does not exist."""

    urgent: ClassVar[bool] = True

    def prepare(self, txn: ReadTxn) -> Change:
        """Test the condition and return the change that deletes the item.

        Raises ApiError if the condition is not met, or if a fault or a declaration of a test
        refuses the write.
        """
        table, key, guard = self.table, self.key, self.guard
        old_row = _stored(txn, table, key)
        old = None if guard is None else _allowed(table, key, guard, old_row, self.key_item)
        return Change(key, old_row, old, None, None)


@dataclass(slots=True, eq=False)
class Check(Write):
    """A condition that a transaction tests on an item, without changing the item.

    It comes from a ConditionCheck of TransactWriteItems, or from EXISTS in PartiQL.
    """

    urgent: ClassVar[bool] = True

    def prepare(self, txn: ReadTxn) -> Change:
        """Test the condition, and return a change that leaves the item as it is.

        Storing this change costs as much as a write (behaviour 9.1).
        """
        table, key, guard = self.table, self.key, self.guard
        old_row = _stored(txn, table, key)
        old = None if guard is None else _allowed(table, key, guard, old_row, self.key_item)
        return Change(key, old_row, old, old_row, old)


_MUCH_TOO_LARGE: Final = 2 * limits.ITEM_SIZE
"""The maximum number of bytes of an updated item whose depth of nesting is checked.

A larger item is refused anyway. For an item with 150 long lists, the check of the depth took 2 s.
"""
_NESTS: Final = frozenset(("M", "L"))


@dataclass(slots=True, eq=False)
class Update(Write):
    """The update of an item. If the item does not exist, the update creates it from its key.

    update: the compiled update, or None if the request changes no attribute. values: the values of
    the request's placeholders such as `:v`.
    """

    update: program.UpdateProgram | None
    values: Values

    @property
    def parts(self) -> int:
        """The number of attributes that the update changes.

        It serves to estimate how long the update takes.
        """
        return 0 if self.update is None else len(self.update.attributes)

    def check(self) -> None:
        """Raise if the update or the condition is wrong, whatever the stored item is.

        These are the checks of behaviour 3.8. The update must not write a key attribute of the
        table. It must not use a path into a key attribute of the table or an index. It must not
        give an index key attribute a wrong type or an empty value. The condition must not use a
        path into a key attribute.
        """
        update, table = self.update, self.table
        if update is not None:
            for name in table.key_names:
                if name in update.attributes:
                    raise errors.cannot_update_key(name)
            if update.inner:
                table.check_paths(update.inner)
            if table.restricted:
                index_keys.check_given(table, update, self.values)
        self.check_condition()

    def check_cost(self) -> None:
        """Raise if the values that the update writes are larger than an item may be.

        Only the operation UpdateItem makes this check, before it tests the condition (behaviour
        2.4).
        """
        update, values = self.update, self.values
        if update is None or (update.cost.light and type(values) is dict):
            return
        if update.cost.total(values) > limits.ITEM_SIZE:
            raise errors.update_too_large()

    def prepare(self, txn: ReadTxn) -> Change:
        """Test the condition, apply the update and return the change.

        Raises ApiError if the update is wrong for the stored item (behaviour 4.5), or if the size,
        the nesting or an indexed attribute of the new item is not allowed.
        """
        table, key, update, guard, key_item = self.table, self.key, self.update, self.guard, self.key_item
        old_row = _stored(txn, table, key)
        old = None if old_row is None else decode_row(old_row)
        if guard is not None and not guard.test(old or {}, guard.values):
            self._refuse_oversized(old)
            raise _failed(table, key, guard, old_row, key_item)
        before = new = key_item if old is None else old
        size = item_size(key_item) if old_row is None else row_size(old_row)
        if update is not None:
            new = update.apply(new, self.values, exists=old is not None)
            if old is None and not update.creates:
                return Change(key, None, None, None, None)
            if table.restricted:
                index_keys.check_updated(table, new, update)
            size = changed_size(size, before, new, update.attributes)
            if size <= _MUCH_TOO_LARGE:
                _check_depth(new, update)
        if size > limits.ITEM_SIZE:
            raise errors.update_too_large()
        return Change(key, old_row, old, encode_row(new, size), new)

    def returned(self, mode: str | None, change: Change) -> bytes | None:
        """Return the attributes for ReturnValues=`mode` as JSON, or None if there are none."""
        if self.update is None or mode not in ("UPDATED_OLD", "UPDATED_NEW"):
            return Write.returned(self, mode, change)
        item = change.old if mode == "UPDATED_OLD" else change.new
        attributes = paths.project(item or {}, self.update.targets)
        return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS) if attributes else None

    def _refuse_oversized(self, old: Item | None) -> None:
        """Raise if the new item would be too large. Call this after the condition has failed.

        If the condition fails and the new item is too large, the service reports only the error
        about the size (behaviour 2.4).
        """
        if self.update is None:
            return
        item = old or self.key_item
        try:
            new = self.update.apply(item, self.values, exists=old is not None)
        except errors.ApiError:
            return
        if changed_size(item_size(item), item, new, self.update.attributes) > limits.ITEM_SIZE:
            raise errors.update_too_large()


def _check_depth(new: Item, update: program.UpdateProgram) -> None:
    """Raise if an attribute of `new` that the update has written is nested too deeply."""
    for name in update.attributes:
        value = new.get(name)
        if value is not None and not _NESTS.isdisjoint(value) and depth_exceeded((value,)):
            raise errors.nesting(about="item")
