"""The changes of vector indexes by one write. Only tables with such indexes load this module."""

from dataclasses import dataclass, field

from emulator.database.schema.vector_index import VectorIndex


@dataclass(slots=True, eq=False)
class VectorChange:
    """The change of one vector index by one write.

    old_entry, new_entry: the entry before and after the write; None if there is none. count, size:
    how many entries, and bytes of projected entries, the index grows by. vectors, lists: how many
    bytes of vectors it grows by, measured as vectors and as lists. billed: the bytes that are
    billed for the write to the index.
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
    """The changes of all vector indexes of a table by one write.

    old_unbilled, new_unbilled: how many bytes of the item before and after the write are not
    billed.
    indexes: the changes of the indexes. It has no change of an index whose backfill will visit the
    item later.
    """

    old_unbilled: int = 0
    new_unbilled: int = 0
    indexes: list[VectorChange] = field(default_factory=list)
