"""Followers: they write the records that depend on an item when the item changes.

`items.write.store` writes an item's row. Then it calls each follower of the table, in the same
transaction. So a record that depends on an item always agrees with it. A follower writes one kind
of records: index entries, entries of vector indexes, statistics, sizes of item collections, tickets
in the TTL queue, records of streams, of the history and of other logs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from emulator.database.schema.index import Index
from emulator.values.rows import decode_row
from emulator.values.types import Item
from storage import WriteTxn

if TYPE_CHECKING:
    from emulator.database.schema.vector_changes import VectorChanges


@dataclass(slots=True, eq=False)
class EntryChange:
    """The change that one write of an item makes in one index.

    old_key: the storage key of the entry that is removed; None if no entry is removed.
    new_key, new_row: the key and row of the entry that is added or replaced; new_key is None if no
    entry is added or replaced.
    old_units, new_units: the write units that removing and adding cost (behaviour 9.2).
    count, size: by how many entries and bytes the index grows; negative if it shrinks.
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
        """The write units that the change of an index entry consumes."""
        return self.old_units + self.new_units


@dataclass(slots=True, eq=False)
class Change:
    """A change of one item that has passed all checks.

    key: the item's storage key. old_row: the stored row, or None if there was no item before the
    change. new_row, new: the new row and item, or None if there is no item after the change.
    """

    key: bytes
    old_row: bytes | None
    old: Item | None
    """The decoded `old_row`, or None if there was no item or its row is not decoded yet.

    Call `old_item` to get the old item.
    """
    new_row: bytes | None
    new: Item | None
    expired: bool = False
    """Whether TTL deletes the item (behaviour 12).

    Such a deletion consumes no capacity, and its stream record says that TTL deleted the item.
    """
    size: int = 0
    """By how many bytes the item grows; negative if it shrinks.

    `store` and the followers set this field and the fields below.
    """
    entries: Sequence[EntryChange] = ()
    """One entry change for each secondary index of the table, in the order of `table.indexes`."""
    collection_size: int = 0
    """The size in bytes of the item collection after the change, for tables with local indexes."""
    recorded: bytes = b""
    """The position of the change's record in the table's history; b"" if it has no history."""
    version: bytes = b""
    """The version that the change got in another region; b"" for a change made in this region."""
    vectors: "VectorChanges | None" = None
    """The changes of the table's vector indexes. None until they are needed."""

    @property
    def count(self) -> int:
        """The number of items by which the change makes the table grow: -1, 0 or 1."""
        return (self.new_row is not None) - (self.old_row is not None)

    def old_item(self) -> Item | None:
        """Return the old item, or None if there was no item. The first call decodes `old_row`."""
        if self.old is None and self.old_row is not None:
            self.old = decode_row(self.old_row)
        return self.old


class Follower(Protocol):
    """Writes one kind of records that depend on the items of a table, whenever an item changes."""

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Write the records that depend on the changed item. Do not raise an ApiError.

        The item's row is already written, so it is too late to refuse the change.
        """


class Precondition(Protocol):
    """A rule that can refuse changes of the items of one table."""

    def check(self, txn: WriteTxn, change: Change) -> None:
        """Raise an ApiError if the change must be refused.

        This is called before any part of the change is written.
        """


class Billing(Protocol):
    """Computes the billed sizes of writes to a table with vector indexes.

    For such a write, the billed sizes differ from the sizes of the item. Tables without vector
    indexes have no `Billing`.
    """

    def sizes(self, change: Change, old_size: int, new_size: int) -> tuple[int, int]:
        """Return the billed sizes of the item before and after a change.

        old_size, new_size: the sizes of the item by the rules of values/size.py.
        """

    def by_index(self, change: Change) -> dict[str, int]:
        """Return the bytes billed for the change in each index: name of a vector index -> bytes."""
