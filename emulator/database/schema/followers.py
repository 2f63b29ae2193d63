"""What follows a write: index entries, statistics, item collections, the TTL queue, stream records.

`items.write.store` writes an item's row and then lets each follower of the table write what the
change brings with it, in the same transaction. So nothing that depends on an item can be stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from emulator.database.schema.index import Index
from emulator.values.rows import decode_row
from emulator.values.types import Item
from storage import WriteTxn


@dataclass(slots=True)
class EntryChange:
    """What a write does to one index: at most one entry goes (old_key), at most one comes or changes (new_key).

    Units are write capacity units (behaviour 9.2); count and size are differences of the index's
    number of entries and bytes.
    """

    index: Index
    old_key: bytes | None = None
    new_key: bytes | None = None
    new_row: bytes = b""
    old_units: float = 0.0
    new_units: float = 0.0
    count: int = 0
    size: int = 0

    @property
    def units(self) -> float:
        """Return what the change costs."""
        return self.old_units + self.new_units


@dataclass(slots=True)
class Change:
    """A change of one item that has passed all checks.

    key: the item's storage key. Rows and items are None where there is no item, before or after.
    """

    key: bytes
    old_row: bytes | None
    old: Item | None
    """Also None until somebody needs it: see `old_item`."""
    new_row: bytes | None
    new: Item | None
    expired: bool = False
    """A deletion by TTL: it costs nothing, and stream records say so (behaviour 12)."""
    size: int = 0
    """By how many bytes the table's rows grow; `store` sets this and the following."""
    entries: Sequence[EntryChange] = ()
    """One for each index, in their order."""
    collection_size: int = 0
    """Bytes of the item collection after the change, for tables with local indexes."""

    @property
    def count(self) -> int:
        """Return by how many items the table grows."""
        return (self.new_row is not None) - (self.old_row is not None)

    def old_item(self) -> Item | None:
        """Return the item before the write, decoded at the first call."""
        if self.old is None and self.old_row is not None:
            self.old = decode_row(self.old_row)
        return self.old


class Follower(Protocol):
    """Something that changes with every change of an item of one table."""

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Write what the change brings with it. The row is written already; nothing may be refused any more."""


class Precondition(Protocol):
    """Something that may refuse a change of an item of one table."""

    def check(self, txn: WriteTxn, change: Change) -> None:
        """Raise an ApiError if the change must not happen. Nothing of it is written yet."""
