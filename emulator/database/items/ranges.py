"""Conversion of key conditions and start keys to ranges of storage keys.

The storage key of an item ends with the unescaped sort key. In the storage key of an index entry,
other parts follow the sort key (keyspace.py). So the sort key of an entry is escaped and followed
by a terminator. In all other respects, ranges of tables and indexes are alike.
"""

from collections.abc import Mapping

from emulator import errors, limits
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.expressions.key_range import KeyRange
from emulator.values.types import KIND, Item, Value
from storage.keycode import escape, prefix_end

Range = tuple[bytes, bytes]
"""(start, stop): all storage keys with start <= key < stop."""


def query_range(relation: Table | Index, wanted: KeyRange) -> Range:
    """Return the range of storage keys that a Query reads. wanted: the compiled key condition."""
    if isinstance(relation, Table):
        base = relation.prefix + keyspace.digest(relation.hash_encode(wanted.partition[0]))
        if wanted.equal:
            start = base + relation.range_encode(wanted.equal[0])
            return start, start + b"\0"
        if wanted.operator is None:
            return base, prefix_end(base)
        operands = [relation.range_encode(value) for value in wanted.operands]
        return _table_bounds(base, wanted.operator, operands)
    types, names = relation.types, relation.key_names
    pieces = [_bytes(types, name, value) for name, value in zip(names, wanted.partition, strict=False)]
    base = relation.prefix + keyspace.joined_digest(pieces)
    ranges = names[len(pieces) :]
    base += b"".join(escape(_bytes(types, name, value)) for name, value in zip(ranges, wanted.equal, strict=False))
    if wanted.operator is None:
        return base, prefix_end(base)
    name = ranges[len(wanted.equal)]
    operands = [escape(_bytes(types, name, value)) for value in wanted.operands]
    return _index_bounds(base, wanted.operator, operands)


def _bytes(types: Mapping[str, str], name: str, value: Value) -> bytes:
    return keyspace.KEY_BYTES[types[name]](value)


def _table_bounds(base: bytes, operator: str, operands: list[bytes]) -> Range:
    first = base + operands[0]
    match operator:
        case "<":
            return base, first
        case "<=":
            return base, first + b"\0"
        case ">":
            return first + b"\0", prefix_end(base)
        case ">=":
            return first, prefix_end(base)
        case "BETWEEN":
            return first, base + operands[1] + b"\0"
        case _:  # begins_with: all keys that begin with `first`
            return first, prefix_end(first)


def _index_bounds(base: bytes, operator: str, operands: list[bytes]) -> Range:
    first = base + operands[0]
    match operator:
        case "<":
            return base, first
        case "<=":
            return base, prefix_end(first)
        case ">":
            return prefix_end(first), prefix_end(base)
        case ">=":
            return first, prefix_end(base)
        case "BETWEEN":
            return first, prefix_end(base + operands[1])
        case _:  # begins_with: values longer than the operand match too, so remove its terminator
            return first[:-2], prefix_end(first[:-2])


def start_key(table: Table, relation: Table | Index, key: Item) -> bytes:
    """Return the storage key that an ExclusiveStartKey stands for.

    relation: the table or index that is read. key: the ExclusiveStartKey. Raises the errors of a
    Query (behaviour 6.1) for:

    1. other attributes than the key attributes of the table and of the index that is read,
    2. wrong types of the key attributes of the table or index that is read,
    3. wrong types of the table's key attributes, if an index is read,
    4. values that are not allowed in a key.
    """
    if not _has_names(table, relation, key):
        raise errors.starting_key_invalid()
    if not _has_types(table, relation, key):
        raise errors.key_does_not_match_schema()
    if not _has_types(table, table, key):
        raise errors.starting_key_of_other_types()
    try:
        item_key = table.item_key(table.key_attributes(key))
        entry = item_key if isinstance(relation, Table) else relation.key(key, item_key)
    except errors.ApiError as error:
        raise errors.starting_key_invalid(error.message) from None
    if entry is None:
        assert isinstance(relation, Index), "item_key of a table never returns None: this must be an index"
        raise errors.starting_key_invalid(_entry_problem(relation, key).message)
    return entry


def _has_names(table: Table, relation: Table | Index, key: Item) -> bool:
    """Return True if a start key has exactly the key attributes of the table and of `relation`."""
    wanted = table.key_names if isinstance(relation, Table) else {*table.key_names, *relation.key_names}
    return len(key) == len(wanted) and all(name in key for name in wanted)


def _has_types(table: Table, relation: Table | Index, key: Item) -> bool:
    """Return True if `key` has values of the right types for the key attributes of `relation`."""
    types = table.definition.types
    return all(types[name] in key[name] for name in relation.key_names)


def _entry_problem(index: Index, key: Item) -> errors.ApiError:
    """Return the error for a start key whose value for an index key is empty or too long."""
    for name in index.key_names:
        if not _bytes(index.types, name, key[name]):
            return errors.empty_key(name, KIND[index.types[name]])
    size = sum(len(_bytes(index.types, name, key[name])) for name in index.definition.hash)
    return errors.partition_key_too_long() if size > limits.PARTITION_KEY else errors.sort_key_too_long()


def scan_start_key(table: Table, relation: Table | Index, key: Item) -> bytes:
    """Return the storage key that an ExclusiveStartKey of a Scan stands for.

    Raises the errors of a Query (see `start_key`). But in a Scan of a table, wrong names and wrong
    types have the same error text (behaviour 6.1).
    """
    if isinstance(relation, Table) and not (_has_names(table, relation, key) and _has_types(table, relation, key)):
        raise errors.starting_key_of_other_types()
    return start_key(table, relation, key)


def resume(limits: Range, after: bytes, *, reverse: bool) -> Range:
    """Return the part of a range of storage keys that remains to be read after the key `after`.

    reverse: True if the read is in descending order.
    """
    start, stop = limits
    return (start, min(stop, after)) if reverse else (max(start, after + b"\0"), stop)
