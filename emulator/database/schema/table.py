"""Compiled tables: definitions of tables in the form that requests use.

Whenever the definition of a table changes, it is compiled into a new `Table`. A `Table` has what
requests need (key names, encoders, prefixes, followers), so that requests need not compute it.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from emulator import errors, limits
from emulator.database.definitions.tables import ACTIVE, IndexDefinition, TableDefinition
from emulator.database.schema.followers import Billing, Follower, Precondition
from emulator.database.schema.index import Index
from emulator.database.store import keyspace
from emulator.database.throughput.enforcement import Enforcement
from emulator.expressions.key_range import KeyNames
from emulator.values.rows import decoder_of
from emulator.values.types import KIND, Item

if TYPE_CHECKING:
    from emulator.database.definitions.vectors import VectorDefinition
    from emulator.database.schema.vector_index import VectorIndex

PartialDecoder = tuple[Callable[[bytes], Item], tuple[str, ...]]
"""A pair: a function that decodes some attributes of a row; the names of some key attributes.

The function does not decode these key attributes. Its caller knows their values and must add them.
"""

_MOST_DECODERS: Final = 256
# A decoder is not cached if the names of its attributes have more characters than this in total.
_LONGEST_DECODER: Final = 4 * limits.EXPRESSION_SIZE


def _is_transient(relation: "TableDefinition | IndexDefinition | VectorDefinition") -> bool:
    """Return True if a table or index has a status that will end, or a change not yet in force."""
    return relation.status != ACTIVE or bool(relation.pending)


def _vectors(definition: TableDefinition, table_keys: tuple[str, ...]) -> "tuple[VectorIndex, ...]":
    """Return a table's compiled vector indexes.

    Few tables have vector indexes, so their code is imported at first use.
    """
    if not definition.vectors:
        return ()
    from emulator.database.schema.vector_index import VectorIndex  # noqa: PLC0415 - start-up time

    return tuple(VectorIndex(index, definition.types, table_keys) for index in definition.vectors)


class Table:
    """A compiled table: names and encoders of its keys, its indexes, and followers.

    Followers write the records that depend on an item, when the item changes.
    """

    __slots__ = (
        "arn",
        "billing",
        "decoders",
        "definition",
        "enforcement",
        "followers",
        "hash",
        "hash_encode",
        "hash_type",
        "id",
        "index_keys",
        "indexes",
        "indexes_by_name",
        "key_count",
        "key_names",
        "key_schema",
        "local_indexes",
        "name",
        "preconditions",
        "prefix",
        "range",
        "range_encode",
        "range_type",
        "restricted",
        "rewrites",
        "statistics_key",
        "transient",
        "vectors",
    )

    def __init__(
        self,
        definition: TableDefinition,
        followers: tuple[Follower, ...] = (),
        preconditions: tuple[Precondition, ...] = (),
    ) -> None:
        types = definition.types
        self.definition = definition
        self.id = definition.id
        self.name = definition.name
        self.arn = definition.arn
        self.hash = definition.hash
        self.hash_type = types[self.hash]
        self.hash_encode = keyspace.KEY_BYTES[self.hash_type]
        self.range = definition.range
        self.range_type = "" if self.range is None else types[self.range]
        self.range_encode = keyspace.KEY_BYTES[self.range_type or "S"]
        self.key_names = (self.hash,) if self.range is None else (self.hash, self.range)
        self.key_count = len(self.key_names)
        self.key_schema = KeyNames((self.hash,), self.key_names[1:], types)
        self.prefix = keyspace.items(definition.id)
        self.statistics_key = keyspace.statistics(definition.id)
        self.followers = followers
        self.preconditions = preconditions
        self.billing: Billing | None = None  # set by the catalog if the table has vector indexes
        # `rewrites` has the followers that are called for a write that does not change the item. In
        # a global table, such a write gets a version too.
        self.rewrites: tuple[Follower, ...] = ()
        # The catalog sets `enforcement`, and sets it again when a test declares a limit, a lag or
        # the like.
        self.enforcement: Enforcement | None = None
        self.transient = _is_transient(definition) or any(map(_is_transient, definition.every_index))
        self.indexes = tuple(
            Index(index, types, self.key_names, position) for position, index in enumerate(definition.indexes, start=1)
        )
        self.indexes_by_name = {index.name: index for index in self.indexes}
        self.local_indexes = any(index.local for index in self.indexes)
        self.vectors = _vectors(definition, self.key_names)
        self.index_keys = self._index_keys()
        # `restricted` says whether indexes restrict the values of attributes that are not in the
        # table's key.
        self.restricted = bool(self.index_keys or self.vectors)
        self.decoders: dict[frozenset[str], PartialDecoder] = {}

    def decoder(self, attributes: frozenset[str]) -> PartialDecoder:
        """Return a function that decodes some attributes of a row, and names of key attributes.

        The function decodes those of `attributes` that are not in the table's key. The names are
        those of `attributes` that are in the key: the caller must add their values, which it knows.
        """
        found = self.decoders.get(attributes)
        if found is None:
            own = tuple(name for name in self.key_names if name in attributes)
            found = decoder_of(attributes.difference(own)), own
            # Do not cache a decoder of very many names, which needs much memory. Only legacy
            # conditions can have that many names.
            if sum(map(len, attributes)) > _LONGEST_DECODER:
                return found
            if len(self.decoders) >= _MOST_DECODERS:
                self.decoders.clear()
            self.decoders[attributes] = found
        return found

    def _index_keys(self) -> dict[str, tuple[str, str]]:
        """Return the key attributes of indexes: name -> (type, name of an index).

        An error message about a key attribute mentions this index. If several indexes use the
        attribute, the dictionary has the first index by name (behaviour 3.8). Attributes of a
        SearchSchema are included, because they follow the same rules (features 1.4). Key attributes
        of the table are left out.
        """
        keys: dict[str, tuple[str, str]] = {}
        names = [(index.name, index.key_names) for index in self.indexes]
        names += [(index.name, tuple(index.search)) for index in self.vectors]
        for index_name, attributes in sorted(names):
            for name in attributes:
                if name not in self.key_names:
                    keys.setdefault(name, (self.definition.types[name], index_name))
        return keys

    def item_key(self, key: Item) -> bytes:
        """Return the storage key for the Key in a request.

        Raises ApiError if an attribute is missing or superfluous, or has a value that is not
        allowed (behaviour 3.8).
        """
        if len(key) != self.key_count:
            raise errors.key_does_not_match_schema()
        try:
            partition = self.hash_encode(key[self.hash])
            sort = b"" if self.range is None else self.range_encode(key[self.range])
        except KeyError:
            raise errors.key_does_not_match_schema() from None
        return self._checked(partition, sort)

    def key_of_item(self, item: Item) -> bytes:
        """Return the storage key for an item.

        Raises ApiError if a key attribute is missing or has a value that is not allowed (behaviour
        3.8).
        """
        try:
            partition = self.hash_encode(item[self.hash])
            sort = b"" if self.range is None else self.range_encode(item[self.range])
        except KeyError:
            raise self._item_key_error(item) from None
        return self._checked(partition, sort)

    def key_attributes(self, item: Item) -> Item:
        """Return the attributes of an item's primary key."""
        return {name: item[name] for name in self.key_names}

    def check_paths(self, paths: Iterable[tuple[str | int, ...]]) -> None:
        """Raise if a path goes into a key attribute, which is always a scalar (behaviour 3.8).

        An error about a key attribute of the table comes before one about a key attribute of an
        index, whatever the order of `paths` is.
        """
        names = [path[0] for path in paths if len(path) > 1]
        for name in names:
            if name in self.key_names:
                raise errors.key_must_be_scalar(str(name))
        for name in names:
            if name in self.index_keys:
                raise errors.key_must_be_scalar(str(name), index=True)

    def _checked(self, partition: bytes, sort: bytes) -> bytes:
        if not partition:
            raise errors.empty_key(self.hash, KIND[self.hash_type])
        if self.range is not None and not sort:
            raise errors.empty_key(self.range, KIND[self.range_type])
        if len(partition) > limits.PARTITION_KEY:
            raise errors.partition_key_too_long()
        if len(sort) > limits.SORT_KEY:
            raise errors.sort_key_too_long()
        return self.prefix + keyspace.digest(partition) + sort

    def _item_key_error(self, item: Item) -> errors.ApiError:
        for name in self.key_names:
            if name not in item:
                return errors.missing_key(name)
        for name in self.key_names:
            actual = next(iter(item[name]))
            expected = self.definition.types[name]
            if actual != expected:
                return errors.key_type_mismatch(name, expected, actual)
        raise AssertionError("a key could not be encoded, but its attributes are there and have the right types")
