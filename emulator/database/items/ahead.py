"""Preparing writes ahead: before the transaction that stores them.

Preparing the write of a large item takes up to 30 ms, and a request may have a hundred writes. So
the writes are prepared in slices (emulator/slices.py), each write from the row that is stored then.
If the row has changed when the transaction begins, the transaction prepares that write again. So
the result is the same as if the transaction had prepared all writes.
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

# bytes of a request's old and new rows; to prepare this many takes 10 to 30 ms
LONG: Final = 1 << 20
# the bytes of rows whose preparation takes as long as that of one attribute of an update
PART: Final = 64
# bytes of a write's old and new row; with fewer, `forget_items` saves too little
LARGE: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of preparing a write: a change or an error.

    row: the stored row from which the write was prepared.
    """

    row: bytes | None
    change: Change | None = None
    error: ApiError | None = None


def outcome(txn: ReadTxn, write: Write, kept: Collection[str] = ()) -> Outcome:
    """Prepare a write and return the outcome: a change or an error. kept: see `prepared`."""
    row = txn.get(write.key)
    try:
        return Outcome(row, change=prepared(txn, write, kept))
    except ApiError as error:
        return Outcome(row, error=error.with_traceback(None))


def prepared(txn: ReadTxn, write: Write, kept: Collection[str] = (), ahead: Outcome | None = None) -> Change:
    """Return the change that a write makes. Raises ApiError.

    kept: names of the attributes that the caller needs.
    ahead: the outcome of preparing this write earlier. It is used only if the stored row is still
    the same; otherwise the write is prepared again.
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
    assert ahead.change is not None, "a write that has no change must have an error"
    return ahead.change


def forget_items(table: Table, change: Change, kept: Collection[str] = ()) -> None:
    """Drop unneeded attributes of a change's items: a decoded item can take 40 MB.

    kept: names of the attributes that the caller needs.
    """
    if table.indexes:
        change.entries = entry_changes(table, change)
    if table.billing is not None:
        table.billing.by_index(change)  # called only because the change keeps the result
    names = {*table.key_names, *kept}
    if table.definition.ttl_attribute is not None:
        names.add(table.definition.ttl_attribute)
        change.old_item()
    change.old = _part(change.old, names)
    change.new = _part(change.new, names)


def _part(item: Item | None, names: Collection[str]) -> Item | None:
    return None if item is None else {name: item[name] for name in names if name in item}
