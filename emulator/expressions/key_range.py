"""Applies a key condition to a key schema, to find the partition and the sort keys of a Query.

This is a separate step because of the order of errors (behaviour 3.1, layers 3 and 5). The service
first checks the rules that need no schema (one condition for each key, no OR, ...). Then it
searches for the table. Then it checks the rules of this module. This module does not know how keys
are stored: its results are attribute values.

Tables and local indexes have one HASH and at most one RANGE attribute. A global index has up to
four of each (features 3). Its entries are sorted by the first RANGE attribute, then by the second
one, and so on. So a query may demand equality for any number of leading RANGE attributes, and have
at most one other condition, on the RANGE attribute after them. `KeyRange` has exactly these
conditions.

The service reports the first problem in this list:

| problem                                              | error                            |
|------------------------------------------------------|----------------------------------|
| a HASH attribute without condition                   | query_missed_key (1)             |
| an operator that no key may have                     | not_indexable (2)                |
| a HASH attribute with another operator than "="      | query_condition_not_supported    |
|                                                      | (1, 3)                           |
| a foreign attribute, and a RANGE attribute is free   | query_missed_key (the free one)  |
| a foreign attribute, and no RANGE attribute is free  | too_many_query_conditions        |
| a RANGE attribute is free or has another operator    | range_gap                        |
| than "=", and a later RANGE attribute has a condition|                                  |
| an operand of another type than the schema's         | key_condition_type               |
| an empty string or binary value                      | empty_key                        |
| values beyond 2048 bytes (HASH), 1024 bytes (RANGE)  | partition_/sort_key_too_long     |

A *foreign* attribute has a condition but is not in the schema. A key attribute is *free* if it has
no condition.

(1) For an index with several HASH attributes, the error in both rows with this mark is
hash_keys_need_equality. It names all HASH attributes without an equality (behaviour 4.3).

(2) Only KeyConditions have such operators. If there is also a foreign attribute and a free RANGE
attribute, query_missed_key is reported first (behaviour 18).

(3) key_condition_type is reported before the error of this row (behaviour 4.3).

For a valid condition, one loop over the clauses is enough. If this loop finds a wrong clause, the
rules are checked one after another to find the error.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from emulator import errors, limits
from emulator.expressions.ast import Placeholder
from emulator.expressions.program import UNINDEXABLE, KeyClause, KeyCondition
from emulator.values.size import value_size
from emulator.values.types import KIND, Value, Values

# Key values that together have at most this many characters cannot exceed a limit. So their bytes
# are not counted. UTF-8 needs at most four bytes for each character, and base64 is longer than the
# bytes that it encodes.
_UNMEASURED: Final = limits.SORT_KEY // 4


@dataclass(frozen=True, slots=True)
class KeyNames:
    """The key attributes of a table or index, in schema order.

    types: the name of each key attribute -> "S", "N" or "B".
    """

    hash: tuple[str, ...]
    range: tuple[str, ...]
    types: Mapping[str, str]


class KeyRange(NamedTuple):
    """The keys that a Query reads: the keys of one partition that meet the conditions below.

    partition: the values of all HASH attributes, in schema order.
    equal: the values that the leading RANGE attributes of the schema must have; empty if the query
        demands no such equality.
    operator: "<", "<=", ">", ">=", "BETWEEN" or "begins_with", the condition on the RANGE attribute
        after those of `equal`; None if there is no such condition.
    operands: the values for `operator`: two for BETWEEN, one for other operators, none if
        `operator` is None. The bounds of BETWEEN were checked before: low <= high.
    """

    partition: tuple[Value, ...]
    equal: tuple[Value, ...]
    operator: str | None
    operands: tuple[Value, ...]


def resolve(condition: KeyCondition, schema: KeyNames, values: Values) -> KeyRange:
    """Return the keys that meet a key condition.

    Raises ApiError if the condition does not fit the schema (texts: behaviour 3.8, 4.3). The table
    in the module's docstring has the order of errors.
    """
    types = schema.types
    given_values: list[Value] = []
    operator: str | None = None
    has_empty = False
    characters = 0
    ordered = _in_schema_order(condition, schema)
    if ordered is None:
        raise _shape_error(condition, schema, values)
    for clause in ordered:
        tag = types[clause.attribute]
        for operand in clause.operands:
            value = values[operand.name] if isinstance(operand, Placeholder) else operand.value
            content = value.get(tag)
            if content is None:
                raise errors.key_condition_type()
            if not content:
                has_empty = True
            characters += len(content)
            given_values.append(value)
        if clause.operator != "=":
            operator = clause.operator
    hashes = len(schema.hash)
    equals = len(given_values) if operator is None else len(given_values) - (2 if operator == "BETWEEN" else 1)
    keys = KeyRange(
        tuple(given_values[:hashes]), tuple(given_values[hashes:equals]), operator, tuple(given_values[equals:])
    )
    if has_empty or characters > _UNMEASURED:
        _check_not_empty(keys, schema)
        _check_lengths(keys)
    return keys


def _in_schema_order(condition: KeyCondition, schema: KeyNames) -> list[KeyClause] | None:
    """Return the clauses in the order of the schema, None if they do not have the required shape.

    The required shape is equality for all HASH attributes and for zero or more leading RANGE
    attributes, then at most one clause with another operator.
    """
    clauses = {clause.attribute: clause for clause in condition.clauses}
    ordered = []
    for name in schema.hash:
        clause = clauses.get(name)
        if clause is None or clause.operator != "=":
            return None
        ordered.append(clause)
    for name in schema.range:
        clause = clauses.get(name)
        if clause is None:
            break
        ordered.append(clause)
        if clause.operator != "=":
            if clause.operator == UNINDEXABLE:
                return None
            break
    return ordered if len(ordered) == len(clauses) else None


def _shape_error(condition: KeyCondition, schema: KeyNames, values: Values) -> errors.ApiError:
    """Return the error for clauses that `_in_schema_order` refused.

    The error is from the first rows of the table in this module's docstring, up to the row with
    range_gap, or it is key_condition_type because of note (3) below the table.
    """
    clauses = {clause.attribute: clause for clause in condition.clauses}
    unequal = [name for name in schema.hash if name not in clauses or clauses[name].operator != "="]
    if any(name not in clauses for name in unequal):
        return errors.query_missed_key(unequal[0]) if len(schema.hash) == 1 else errors.hash_keys_need_equality(unequal)
    conditioned = [name for name in schema.range if name in clauses]
    foreign = len(schema.hash) + len(conditioned) < len(clauses)
    free = next((name for name in schema.range if name not in clauses), None)
    if any(clause.operator == UNINDEXABLE for clause in condition.clauses):
        return errors.query_missed_key(free) if foreign and free is not None else errors.not_indexable()
    if unequal:
        if any(_has_other_type(clauses[name], schema.types[name], values) for name in (*schema.hash, *conditioned)):
            return errors.key_condition_type()
        if len(schema.hash) == 1:
            return errors.query_condition_not_supported()
        return errors.hash_keys_need_equality(unequal)
    if foreign:
        if free is not None:
            return errors.query_missed_key(free)
        return errors.too_many_query_conditions(len(clauses), len(schema.hash) + len(schema.range))
    last = conditioned[-1]
    earlier = schema.range[: schema.range.index(last)]
    return errors.range_gap([name for name in earlier if name not in clauses or clauses[name].operator != "="], last)


def _has_other_type(clause: KeyClause, tag: str, values: Values) -> bool:
    given_values = (
        values[operand.name] if isinstance(operand, Placeholder) else operand.value for operand in clause.operands
    )
    return any(tag not in value for value in given_values)


def _check_not_empty(keys: KeyRange, schema: KeyNames) -> None:
    named = [
        *zip(schema.hash, keys.partition, strict=True),
        *zip(schema.range, keys.equal, strict=False),
        *[(schema.range[len(keys.equal)], value) for value in keys.operands],
    ]
    for name, value in named:
        for tag, content in value.items():
            if not content:
                raise errors.empty_key(name, KIND[tag])


def _check_lengths(keys: KeyRange) -> None:
    """Raise ApiError if the HASH values together, or the RANGE values together, are too long.

    For BETWEEN, only the longer of the two bounds counts.
    """
    if _size(keys.partition) > limits.PARTITION_KEY:
        raise errors.partition_key_too_long()
    if _size(keys.equal) + max(map(value_size, keys.operands), default=0) > limits.SORT_KEY:
        raise errors.sort_key_too_long()


def _size(values: Iterable[Value]) -> int:
    return sum(map(value_size, values))
