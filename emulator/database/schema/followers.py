"""Followers of a write: index entries, statistics, collections, vectors, the TTL queue, streams.

`items.write.store` writes an item's row. Then each follower of the table writes the records that
depend on the item, in the same transaction. So no such record can be stale.
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
    """The change of one index by one write.

    At most one entry is removed (old_key), and at most one is added or replaced (new_key).
    old_units and new_units are write capacity units (behaviour 9.2). count and size: how many
    entries and bytes the index grows by.
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
        """Return the write units that the change consumes."""
        return self.old_units + self.new_units


@dataclass(slots=True, eq=False)
class Change:
    """A change of one item that has passed all checks.

    key: the item's storage key. old_row and old are None if there was no item before the change.
    new_row and new are None if there is no item after the change.
    """

    key: bytes
    old_row: bytes | None
    old: Item | None
    """The decoded `old_row`; None if there is no item or it is not decoded yet.

    Use `old_item` to read it.
    """
    new_row: bytes | None
    new: Item | None
    expired: bool = False
    """Whether TTL deletes the item (behaviour 12).

    Such a deletion consumes no capacity, and its stream record says that TTL deleted the item.
    """
    size: int = 0
    """How many bytes the table's rows grow by. `store` sets this field and those below."""
    entries: Sequence[EntryChange] = ()
    """One entry change for each index of the table, in the order of the indexes."""
    collection_size: int = 0
    """The size in bytes of the item collection after the change, for tables with local indexes."""
    recorded: bytes = b""
    """The position of the change's record in the table's history, empty if it has no history."""
    version: bytes = b""
    """The version that the change got in another region, empty for a change of this region."""
    vectors: "VectorChanges | None" = None
    """The changes of vector indexes, for tables that have some."""

    @property
    def count(self) -> int:
        """Return by how many items the table grows: -1, 0 or 1."""
        return (self.new_row is not None) - (self.old_row is not None)

    def old_item(self) -> Item | None:
        """Return the item before the write. The first call decodes it."""
        if self.old is None and self.old_row is not None:
            self.old = decode_row(self.old_row)
        return self.old


class Follower(Protocol):
    """Writes the records that depend on the items of one table, whenever an item changes."""

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Write the records that depend on the changed item.

        The item's row is already written, so this must not raise an error.
        """


class Precondition(Protocol):
    """A rule that can refuse changes of the items of one table."""

    def check(self, txn: WriteTxn, change: Change) -> None:
        """Raise an ApiError to refuse the change. No part of the change is written yet."""


class Billing(Protocol):
    """Computes the billed sizes of writes to a table with vector indexes.

    They differ from the sizes of the items. Other tables have no `Billing`.
    """

    def sizes(self, change: Change, old_size: int, new_size: int) -> tuple[int, int]:
        """Return the billed sizes of the item before and after a change.

        old_size, new_size: its sizes by the rules of values/size.py.
        """

    def by_index(self, change: Change) -> dict[str, int]:
        """Return name of a vector index -> the bytes billed for the change in that index."""
