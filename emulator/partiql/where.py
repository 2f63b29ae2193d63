"""Finds keys in a WHERE clause: one whole key, or partitions and ranges of sort keys.

A WHERE consists of branches that are joined by OR. A branch consists of conditions that are joined
by AND. This module handles keys of one HASH and at most one RANGE attribute, because SELECT
refuses indexes whose keys have more attributes (behaviour 14.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from emulator import errors
from emulator.expressions import ast, key_range, problems, program
from emulator.expressions import compile as compiler
from emulator.expressions.program import KeyClause, KeyCondition

Key = tuple[tuple[str, str], ...]
"""Pairs of a key attribute's name, and the placeholder name of its value."""

_HASH_VALUES: Final = 50
"""The maximum number of partition key values that an IN may have.

Source: Developer Guide, "PartiQL arithmetic, comparison, and logical operators".
"""


def key_of(where: ast.ConditionTree | None, names: Sequence[str]) -> tuple[Key, program.Condition | None]:
    """Return a pair: the first equality for each key attribute, and all other conditions, compiled.

    An equality is a pair of attribute name and placeholder name. If there are no other conditions,
    the second element of the result is None. names: the key attributes.
    """
    key, others = key_parts(where, names)
    return key, _all(others)


def key_parts(where: ast.ConditionTree | None, names: Sequence[str]) -> tuple[Key, list[ast.ConditionTree]]:
    """Return a pair: the first equality for each key attribute, and all other conditions as trees.

    An equality is a pair of attribute name and placeholder name. names: the key attributes.
    """
    if where is None:
        return (), []
    placeholders: dict[str, str] = {}
    others = []
    for part in ast.chain(where, ast.And):
        clause = _clause(part)
        if (
            clause is not None
            and clause.operator == "="
            and clause.attribute in names
            and clause.attribute not in placeholders
        ):
            placeholders[clause.attribute] = _name(clause.operands[0])
        else:
            others.append(part)
    return tuple((name, placeholders[name]) for name in names if name in placeholders), others


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a WHERE, as queries. The branches are joined by OR.

    queries: one key condition for each partition that the branch names.
    sorted: True if these key conditions limit the sort key.
    rest: the conditions that a key condition cannot express, compiled; None without any.
    """

    queries: tuple[KeyCondition, ...]
    sorted: bool
    rest: program.Condition | None


def branches(where: ast.ConditionTree | None, names: key_range.KeyNames) -> tuple[Branch, ...] | None:
    """Return the branches of a WHERE: its parts that are joined by OR.

    Return None if there is no WHERE, or if a branch has no equality or IN for the partition key.
    """
    if where is None:
        return None
    result = []
    for part in ast.chain(where, ast.Or):
        branch = _branch(part, names)
        if branch is None:
            return None
        result.append(branch)
    return tuple(result)


def _branch(node: ast.ConditionTree, names: key_range.KeyNames) -> Branch | None:
    parts = branch_parts(node, names)
    if parts is None:
        return None
    queries, others = parts
    return Branch(queries, any(len(query.clauses) > 1 for query in queries), _all(others))


def branch_parts(
    node: ast.ConditionTree, names: key_range.KeyNames
) -> tuple[tuple[KeyCondition, ...], list[ast.ConditionTree]] | None:
    """Split a branch into key conditions, one for each partition, and its other conditions.

    Return None if the branch has no equality or IN for the partition key. Raises ApiError if the
    branch names too many partitions. node: the branch: one condition, or several joined by AND.
    """
    [hash_name] = names.hash
    partitions: tuple[ast.Placeholder, ...] | None = None
    sort: KeyClause | None = None
    others = []
    for part in ast.chain(node, ast.And):
        clause = _clause(part)
        options = _options(part)
        if partitions is None and options is not None and options[0] == hash_name:
            partitions = options[1]
        elif sort is None and clause is not None and clause.attribute in names.range:
            sort = clause
        else:
            others.append(part)
    if partitions is None:
        return None
    if len(partitions) > _HASH_VALUES:
        raise errors.statement_expression(problems.too_many_options(len(partitions)).detail)
    sort_clauses = () if sort is None else (sort,)
    return tuple(KeyCondition((KeyClause(hash_name, "=", (value,)), *sort_clauses)) for value in partitions), others


def _all(parts: Sequence[ast.ConditionTree]) -> program.Condition | None:
    return compiler.condition(reduce(ast.And, parts)) if parts else None


def _clause(node: ast.ConditionTree) -> KeyClause | None:
    """Return a condition as a clause of a key condition.

    Return None if it does not compare a top-level attribute with a value.
    """
    match node:
        case ast.Compare(operator, ast.DocumentPath((str(name),)), ast.Placeholder() as value) if operator != "<>":
            return KeyClause(name, operator, (value,))
        case ast.Compare(operator, ast.Placeholder() as value, ast.DocumentPath((str(name),))) if operator != "<>":
            return KeyClause(name, program.MIRRORED[operator], (value,))
        case ast.Between(ast.DocumentPath((str(name),)), ast.Placeholder() as low, ast.Placeholder() as high):
            return KeyClause(name, "BETWEEN", (low, high))
        case ast.Call("begins_with", (ast.DocumentPath((str(name),)), ast.Placeholder() as value)):
            return KeyClause(name, "begins_with", (value,))
    return None


def _name(operand: ast.Placeholder | ast.Literal) -> str:
    assert isinstance(operand, ast.Placeholder), "each value in a statement's tree must be a placeholder"
    return operand.name


def _options(node: ast.ConditionTree) -> tuple[str, tuple[ast.Placeholder, ...]] | None:
    """Return a pair for an equality or IN: the attribute name, and the values as placeholders.

    Return None for any other condition.
    """
    clause = _clause(node)
    if clause is not None and clause.operator == "=":
        return clause.attribute, (ast.Placeholder(_name(clause.operands[0])),)
    if isinstance(node, ast.In) and isinstance(node.operand, ast.DocumentPath) and len(node.operand.steps) == 1:
        values = tuple(option for option in node.options if isinstance(option, ast.Placeholder))
        if len(values) == len(node.options):
            return str(node.operand.steps[0]), values
    return None
