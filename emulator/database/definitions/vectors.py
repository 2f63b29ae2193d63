"""The definitions of vector indexes (features 1, control-plane 15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from emulator.database.store.loading import from_fields

HASH: Final = "HASH"
"""The type of a SearchSchema element that partitions the index.

Each search must give a value for this element.
"""

COSINE: Final = "COSINE"
DOT_PRODUCT: Final = "DOT_PRODUCT"
EUCLIDEAN: Final = "EUCLIDEAN"


@dataclass(frozen=True, slots=True)
class VectorDefinition:
    """A vector index as it is stored in its table's definition.

    attribute: the attribute with the vectors. distance: COSINE, DOT_PRODUCT or EUCLIDEAN.
    search: name and type (HASH or INLINE_FILTER) of each element of SearchSchema.
    restored: a number that changes when a snapshot of the index is restored. A change means that
    the vectors in memory are outdated.
    The other fields mean the same as in IndexDefinition.
    """

    id: int
    name: str
    attribute: str
    dimensions: int
    distance: str
    projection: str
    non_key: tuple[str, ...] = ()
    search: tuple[tuple[str, str], ...] = ()
    restored: int = 0
    filled_to: str | None = None
    status: str = "CREATING"
    until: float = 0.0
    pending: ClassVar[tuple[()]] = ()
    """A vector index never has pending changes."""

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Return the definition of an index. stored: the index's part of the table's JSON."""
        search = tuple((name, kind) for name, kind in stored["search"])
        return from_fields(cls, {**stored, "non_key": tuple(stored["non_key"]), "search": search})

    @property
    def search_names(self) -> tuple[str, ...]:
        """The names of the attributes in the index's SearchSchema, in the order of the schema."""
        return tuple(name for name, _ in self.search)
