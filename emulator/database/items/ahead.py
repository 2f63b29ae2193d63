"""Preparing writes ahead: before the transaction that stores them begins.

Preparing the write of a large item takes up to 30 ms, and a request may have a hundred writes. So
the writes are prepared in slices (emulator/slices.py), and other requests are answered between two
slices. One of these requests may change an item whose write is already prepared. So the transaction
compares the stored row with the row from which the write was prepared. If they differ, it prepares
the write again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from emulator.database.items.entries import entry_changes
from emulator.database.items.requested import Write
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.errors import ApiError
from emulator.values.types import Item
from storage import ReadTxn

# If the rows of a request have more bytes than this, its writes are prepared in slices. Preparing
# this many bytes takes 10 to 30 ms.
LONG: Final = 1 << 20
# To prepare one attribute of an update takes as long as to prepare this many bytes of a row.
ATTRIBUTE_BYTES: Final = 64
# If the old and the new row of a write together have at least this many bytes, `forget_items` is
# called. For smaller rows, the call would free too little memory.
LARGE: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of preparing a write: a change or an error.

    row: the item's stored row when the write was prepared, or None if the item did not exist.
    """

    row: bytes | None
    change: Change | None = None
    error: ApiError | None = None


def outcome(txn: ReadTxn, write: Write, kept: Collection[str] = ()) -> Outcome:
    """Prepare a write and return its outcome.

    kept: the attributes that the caller will read from the items of the change.
    """
    row = txn.get(write.key)
    try:
        return Outcome(row, change=prepared(txn, write, kept))
    except ApiError as error:
        return Outcome(row, error=error.with_traceback(None))


def prepared(txn: ReadTxn, write: Write, kept: Collection[str] = (), ahead: Outcome | None = None) -> Change:
    """Return the change that a write makes. Raises ApiError if the write fails.

    kept: the attributes that the caller will read from the items of the change.
    ahead: the outcome of an earlier preparation of this write. If the stored row is no longer the
    same, the write is prepared again.
    """
    if ahead is None or txn.get(write.key) != ahead.row:
        change = write.prepare(txn)
        if len(change.old_row or b"") + len(change.new_row or b"") >= LARGE:
            forget_items(write.table, change, kept)
        return change
    if ahead.error is not None:
        raise ahead.error
    if write.table.enforcement is not None:
        write.table.enforcement.refuse_write(txn, write.key)
    assert ahead.change is not None, "the outcome of a preparation must have a change or an error"
    return ahead.change


def forget_items(table: Table, change: Change, kept: Collection[str] = ()) -> None:
    """Drop attributes of a change's decoded items to free memory: an item can take 40 MB.

    The key attributes and the TTL attribute remain. kept: other attributes that must remain.
    """
    if table.indexes:
        change.entries = entry_changes(table, change)
    if table.billing is not None:
        # by_index computes `change.vectors`. It needs all attributes of the items, so call it
        # before the attributes are dropped.
        table.billing.by_index(change)
    names = {*table.key_names, *kept}
    if table.definition.ttl_attribute is not None:
        names.add(table.definition.ttl_attribute)
        change.old_item()
    change.old = _part(change.old, names)
    change.new = _part(change.new, names)


def _part(item: Item | None, names: Collection[str]) -> Item | None:
    return None if item is None else {name: item[name] for name in names if name in item}
