"""What a write does to the vector indexes of its table. Only tables with such indexes load this."""

from dataclasses import dataclass, field

from emulator.database.schema.vector_index import VectorIndex


@dataclass(slots=True, eq=False)
class VectorChange:
    """What a write does to one vector index.

    old_entry, new_entry: the entry before and after; None if there is none. count and size are the
    growth of the index, in entries and in bytes of projected entries. vectors and lists are the
    growth of the bytes of vectors, as vectors and as lists. billed: the bytes that the write to the
    index is billed for.
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
    """What a write does to the vector indexes of its table.

    old_unbilled, new_unbilled: by how many bytes the item before and after is larger than what is
    billed. indexes: the indexes that a backfill will not update.
    """

    old_unbilled: int = 0
    new_unbilled: int = 0
    indexes: list[VectorChange] = field(default_factory=list)
