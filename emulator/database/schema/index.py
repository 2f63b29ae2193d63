"""Secondary indexes, compiled from their definitions."""

from collections.abc import Mapping

from emulator import errors, limits
from emulator.database.definitions.tables import CREATING, IndexDefinition
from emulator.database.store import keyspace
from emulator.expressions.key_range import KeyNames
from emulator.values.rows import encode_row
from emulator.values.size import item_size
from emulator.values.types import Item
from storage.keycode import escape


def _key_names(index: IndexDefinition) -> tuple[str, ...]:
    return index.hash + index.range


class Index:
    """A compiled secondary index. It computes the key and the row of an item's entry."""

    __slots__ = (
        "_encoders",
        "_hash_count",
        "attributes",
        "definition",
        "filled_to",
        "is_global",
        "key_names",
        "key_schema",
        "local",
        "name",
        "position",
        "prefix",
        "projects_all",
        "types",
    )

    def __init__(
        self, definition: IndexDefinition, types: Mapping[str, str], table_keys: tuple[str, ...], position: int
    ) -> None:
        self.definition = definition
        self.name = definition.name
        self.local = definition.local
        self.is_global = not definition.local
        # The position of the index's counts in the statistics record. The table has position 0.
        self.position = position
        self.prefix = keyspace.entries(definition.id)
        self.key_names = _key_names(definition)
        self.types = types
        self.key_schema = KeyNames(definition.hash, definition.range, self.types)
        self.projects_all = definition.projection == "ALL"
        self.attributes = frozenset(table_keys + self.key_names + definition.non_key)
        self.filled_to = None if definition.filled_to is None else bytes.fromhex(definition.filled_to)
        self._encoders = tuple((name, keyspace.KEY_BYTES[self.types[name]]) for name in self.key_names)
        self._hash_count = len(definition.hash)

    def key(self, item: Item, item_key: bytes) -> bytes | None:
        """Return the storage key of an item's entry in this index, or None if there is no entry.

        item_key: the item's storage key.
        """
        pieces = []
        for name, encode in self._encoders:
            value = item.get(name)
            if value is None:
                return None
            try:
                pieces.append(encode(value))
            except KeyError:  # a value of a wrong type, which was written before the index existed
                return None
        if b"" in pieces or (max(map(len, pieces)) > limits.SORT_KEY and self._too_long(pieces)):
            return None
        return self.key_of_pieces(pieces, item_key)

    def same_key(self, one: Item, other: Item) -> bool:
        """Return True if two states of one item have the same values of the index's key attributes.

        If so, the entries of both states have the same storage key, or both states have no entry.
        """
        return all(one.get(name) == other.get(name) for name in self.key_names)

    def _too_long(self, pieces: list[bytes]) -> bool:
        hashes, ranges = pieces[: self._hash_count], pieces[self._hash_count :]
        return sum(map(len, hashes)) > limits.PARTITION_KEY or sum(map(len, ranges)) > limits.SORT_KEY

    def key_of_pieces(self, pieces: list[bytes], item_key: bytes) -> bytes:
        """Return the storage key of an entry in this index.

        pieces: the encoded values of the index's key attributes, the HASH attributes first.
        item_key: the item's storage key.
        """
        count = self._hash_count
        return b"".join(
            (
                self.prefix,
                keyspace.joined_digest(pieces[:count]),
                *map(escape, pieces[count:]),
                item_key[keyspace.ITEM_PREFIX :],
            )
        )

    def row(self, item: Item, row: bytes) -> bytes:
        """Return the row of an item's entry.

        row: the item's row. If the index projects all attributes, this is also the entry's row.
        """
        if self.projects_all:
            return row
        projected = self.project(item)
        return encode_row(projected, item_size(projected))

    def project(self, item: Item) -> Item:
        """Return the attributes of an item that this index projects."""
        attributes = self.attributes
        return {name: value for name, value in item.items() if name in attributes}

    def lacks(self, names: frozenset[str]) -> bool:
        """Return True if this index does not project all of these attributes.

        If a global index does not project them all, raise ValidationException: a read of a global
        index cannot get other attributes from the table.
        """
        missing = names - self.attributes
        if missing and self.is_global:
            raise errors.not_projected(self.name, sorted(missing))
        return bool(missing)

    def check_filled(self) -> None:
        """Raise ApiError if the status of the index is CREATING: it cannot be read yet."""
        if self.definition.status == CREATING:
            raise errors.backfilling_index(self.name)

    def covers(self, item_key: bytes) -> bool:
        """Return True if a write to the item with this storage key must update the index.

        If the result is False, the index's backfill has not visited the item yet, and will add it
        later.
        """
        return self.filled_to is None or item_key <= self.filled_to
