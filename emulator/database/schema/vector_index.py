"""Compiled vector indexes: they compute the bytes of the entry that an item has in the index.

An entry has only the data that a search compares. A search reads the items that it returns from the
table. The bytes of an entry are:

    4 bytes for each dimension     the vector: float32, little-endian
    for each element of SearchSchema, in its order:
        4 bytes                    length of the value, big-endian; FFFFFFFF if the item lacks it
        the rest                   the value, encoded as in storage keys

This module does not use NumPy, so only searches need NumPy.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Final

from emulator import errors
from emulator.database.definitions.vectors import HASH, VectorDefinition
from emulator.database.store import keyspace
from emulator.values.size import item_size, utf8_size
from emulator.values.types import Item, Value
from storage.keycode import u32

FLOAT: Final = 4  # bytes of a float32
ABSENT: Final = 0xFFFFFFFF
"""The length in an entry that means that the item lacks the value."""

_ABSENT: Final = u32(ABSENT)


class VectorIndex:
    """A compiled vector index.

    attributes: the names of the projected attributes; not used if all attributes are projected.
    search: name -> type, for each attribute of SearchSchema.
    """

    __slots__ = (
        "_elements",
        "_pack",
        "attribute",
        "attributes",
        "definition",
        "dimensions",
        "filled_to",
        "name",
        "prefix",
        "projects_all",
        "search",
    )

    def __init__(self, definition: VectorDefinition, types: Mapping[str, str], table_keys: tuple[str, ...]) -> None:
        self.definition = definition
        self.name = definition.name
        self.attribute = definition.attribute
        self.dimensions = definition.dimensions
        self.prefix = keyspace.vectors(definition.id)
        self.projects_all = definition.projection == "ALL"
        self.search = {name: types[name] for name in definition.search_names}
        self.attributes = frozenset((*table_keys, self.attribute, *self.search, *definition.non_key))
        self.filled_to = None if definition.filled_to is None else bytes.fromhex(definition.filled_to)
        self._pack = Struct(f"<{self.dimensions}f").pack
        self._elements = tuple(
            (name, keyspace.KEY_BYTES[types[name]], kind == HASH) for name, kind in definition.search
        )

    @property
    def vector_size(self) -> int:
        """The billed size of a vector in bytes, without the name of its attribute."""
        return FLOAT * self.dimensions

    def vector(self, item: Item | None) -> bytes | None:
        """Return an item's vector as bytes (float32), or None if the item has no valid vector."""
        value = None if item is None else item.get(self.attribute)
        return None if value is None else self._packed(value)

    def check(self, value: Value) -> None:
        """Raise if a value of the vector attribute is not a valid vector (control-plane 15)."""
        if self._packed(value) is not None:
            return
        elements = value.get("L")
        if elements is None:
            raise errors.vector_not_a_list(self.attribute, self.name)
        if len(elements) != self.dimensions:
            raise errors.vector_of_other_size(self.attribute, self.dimensions, len(elements), self.name)
        for position, element in enumerate(elements):
            if float32(element) is None:
                raise errors.vector_with_other_element(self.attribute, position, next(iter(element)), self.name)

    def _packed(self, value: Value) -> bytes | None:
        elements = value.get("L")
        if elements is None or len(elements) != self.dimensions:
            return None
        try:
            return self._pack(*[float(element["N"]) for element in elements])
        except (KeyError, OverflowError):
            return None

    def entry(self, item: Item, vector: bytes) -> bytes | None:
        """Return the bytes of an item's entry, or None if the item must not have an entry.

        An item has no entry if a HASH attribute of SearchSchema is missing, or if any attribute of
        SearchSchema is empty or has a wrong type. Only an item that is older than the index can
        have an attribute of a wrong type.

        vector: the item's vector as float32.
        """
        parts = [vector]
        for name, encode, required in self._elements:
            value = item.get(name)
            if value is None:
                if required:
                    return None
                parts.append(_ABSENT)
                continue
            try:
                encoded = encode(value)
            except KeyError:
                return None
            if not encoded:
                return None
            parts += (u32(len(encoded)), encoded)
        return b"".join(parts)

    def entry_size(self, item: Item) -> int:
        """Return the billed size in bytes of an item's entry (features 1.4).

        The size includes the projected attributes, although the stored entry does not have them.
        """
        projected = {name: value for name, value in self.project(item).items() if name != self.attribute}
        return item_size(projected) + utf8_size(self.attribute) + self.vector_size

    def project(self, item: Item) -> Item:
        """Return the attributes of an item that the index projects."""
        if self.projects_all:
            return item
        attributes = self.attributes
        return {name: value for name, value in item.items() if name in attributes}

    def same_projection(self, one: Item, other: Item) -> bool:
        """Return True if the projected attributes of two states of an item are equal.

        The vector is not compared.
        """
        names = one.keys() | other.keys() if self.projects_all else self.attributes
        return all(one.get(name) == other.get(name) for name in names if name != self.attribute)

    def covers(self, item_key: bytes) -> bool:
        """Return True if a write to the item with this storage key must update the index.

        If the result is False, the index's backfill has not visited the item yet, and will add it
        later.
        """
        return self.filled_to is None or item_key <= self.filled_to


_pack_one: Final = Struct("<f").pack


def float32(value: Value) -> bytes | None:
    """Return a number as a float32 in bytes, or None if it is too large or not a number."""
    try:
        return _pack_one(float(value["N"]))
    except (KeyError, OverflowError):
        return None
