"""Writes that are prepared ahead of the transaction that stores them.

To prepare the write of a large item takes up to 30 ms, and a request may have a hundred of them. So
they are prepared in slices (emulator/slices.py), each on the row that it finds. The transaction
compares the rows and prepares again what has changed since: its outcome is that of a transaction
that prepares everything itself.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from emulator.database.items.entries import entry_changes
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.errors import ApiError
from emulator.values.types import Item
from storage import ReadTxn

Prepare = Callable[[ReadTxn], Change]
"""The first half of a write. Raises ApiError."""

LONG: Final = 1 << 20  # bytes of rows that writes of one request read and make: 10 to 30 ms
LARGE: Final = 64 << 10  # bytes of the rows of a write whose items are not kept


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of preparing a write on the row that it found: the write, or why it cannot be done."""

    row: bytes | None
    prepared: Change | None = None
    error: ApiError | None = None


def prepared_now(txn: ReadTxn, table: Table, prepare: Prepare, kept: Collection[str] = ()) -> Change:
    """Return a prepared write, without its items if they are large, apart from kept attributes. Raises ApiError."""
    prepared = prepare(txn)
    if len(prepared.old_row or b"") + len(prepared.new_row or b"") >= LARGE:
        forget_items(table, prepared, kept)
    return prepared


def forget_items(table: Table, change: Change, kept: Collection[str] = ()) -> None:
    """Work out what followers need of the items, and keep no more: an item of 400 KB can take 40 MB of memory."""
    if table.indexes:
        change.entries = entry_changes(table, change)
    names = {*table.key_names, *kept}
    if table.definition.ttl_attribute is not None:
        names.add(table.definition.ttl_attribute)
        change.old_item()
    change.old = _part(change.old, names)
    change.new = _part(change.new, names)


def _part(item: Item | None, names: Collection[str]) -> Item | None:
    return None if item is None else {name: item[name] for name in names if name in item}


def outcome(txn: ReadTxn, table: Table, key: bytes, prepare: Prepare, kept: Collection[str] = ()) -> Outcome:
    """Prepare the write of the item with a storage key."""
    row = txn.get(key)
    try:
        return Outcome(row, prepared=prepared_now(txn, table, prepare, kept))
    except ApiError as error:
        return Outcome(row, error=error)


def prepared_before(
    txn: ReadTxn, table: Table, key: bytes, prepare: Prepare, ahead: Outcome, kept: Collection[str] = ()
) -> Change:
    """Return what was prepared ahead, or prepare it again where the row is another by now. Raises ApiError."""
    if txn.get(key) != ahead.row:
        return prepared_now(txn, table, prepare, kept)
    if ahead.error is not None:
        raise ahead.error
    if table.enforcement is not None:
        table.enforcement.refuse_conflict(key)
    assert ahead.prepared is not None, "what cannot be done has an error"
    return ahead.prepared
