"""The changes that one write of an item makes in vector indexes.

This module is imported only if a table has vector indexes.
"""

from dataclasses import dataclass, field

from emulator.database.schema.vector_index import VectorIndex


@dataclass(slots=True, eq=False)
class VectorChange:
    """The change that one write of an item makes in one vector index.

    old_entry, new_entry: the entry before and after the write, or None if there is no entry.
    count: by how many entries the index grows.
    size: by how many bytes the entries of the index grow. Their projected attributes count too.
    vectors: by how many bytes the item's vector grows, if each dimension counts four bytes.
    lists: by how many bytes the vector grows, if it counts as an attribute value (a list of
        numbers).
    billed: the bytes that are billed for the write to the index.
    """

    index: VectorIndex
    old_entry: bytes | None = None
    new_entry: bytes | None = None
    count: int = 0
    size: int = 0
    vectors: int = 0
    lists: int = 0
    billed: int = 0


@dataclass(slots=True, eq=False)
class VectorChanges:
    """The changes that one write of an item makes in all vector indexes of its table.

    old_unbilled, new_unbilled: the bytes that are subtracted from the sizes of the old and of the
    new item to get their billed sizes. An indexed vector is billed four bytes for each dimension,
    which is less than its size as a list of numbers.
    indexes: one change for each index, except indexes whose backfill will visit the item later.
    """

    old_unbilled: int = 0
    new_unbilled: int = 0
    indexes: list[VectorChange] = field(default_factory=list)
