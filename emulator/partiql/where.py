"""What a WHERE clause says about keys: a whole key, or the partitions and sort key ranges of queries.

A WHERE is one branch, or several joined by OR; a branch is a chain of conditions joined by AND.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import prod
from typing import Final

from emulator import errors
from emulator.expressions import ast, keys, problems, program
from emulator.expressions import compile as compiler
from emulator.expressions.program import KeyClause, KeyCondition

Key = tuple[tuple[str, str], ...]
"""Key attributes and the placeholders of their values."""

_HASH_VALUES: Final = 50
"""Partition key values after IN (Developer Guide, "PartiQL arithmetic, comparison, and logical operators")."""


def key_of(where: ast.Condition | None, names: Sequence[str]) -> tuple[Key, program.Condition | None]:
    """Return the first equality on each key attribute, and the program of everything else (None: nothing)."""
    found: dict[str, str] = {}
    rest = []
    for part in _parts(where, ast.And):
        clause = _clause(part)
        if (
            clause is not None
            and clause.operator == "="
            and clause.attribute in names
            and clause.attribute not in found
        ):
            found[clause.attribute] = _name(clause.operands[0])
        else:
            rest.append(part)
    return tuple((name, found[name]) for name in names if name in found), _all(rest)


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch as queries.

    queries: a key condition for each partition that it states; sorted: whether those limit the sort key; rest: the
    program of the conditions that no key condition can express.
    """

    queries: tuple[KeyCondition, ...]
    sorted: bool
    rest: program.Condition | None


def branches(where: ast.Condition | None, names: keys.KeyNames) -> tuple[Branch, ...] | None:
    """Return the branches of a WHERE, None unless each of them states its partitions."""
    found = []
    for part in _parts(where, ast.Or):
        branch = _branch(part, names)
        if branch is None:
            return None
        found.append(branch)
    return tuple(found) or None


def _branch(node: ast.Condition, names: keys.KeyNames) -> Branch | None:
    partition: dict[str, tuple[ast.Placeholder, ...]] = {}
    sort: dict[str, tuple[KeyClause, ast.Condition]] = {}
    rest = []
    for part in _parts(node, ast.And):
        clause = _clause(part)
        options = _options(part)
        if options is not None and options[0] in names.hash and options[0] not in partition:
            partition[options[0]] = options[1]
        elif clause is not None and clause.attribute in names.range and clause.attribute not in sort:
            sort[clause.attribute] = (clause, part)
        else:
            rest.append(part)
    if len(partition) < len(names.hash):
        return None
    usable = []
    for name in names.range:
        if name not in sort:
            break
        usable.append(sort.pop(name)[0])
        if usable[-1].operator != "=":
            break
    rest += [part for _, part in sort.values()]
    return Branch(_queries(names, partition, usable), bool(usable), _all(rest))


def _queries(
    names: keys.KeyNames, partition: dict[str, tuple[ast.Placeholder, ...]], sort: Sequence[KeyClause]
) -> tuple[KeyCondition, ...]:
    count = prod(map(len, partition.values()))
    if count > _HASH_VALUES:
        raise errors.statement_expression(problems.too_many_options(count).detail)
    choices = product(*[[KeyClause(name, "=", (value,)) for value in partition[name]] for name in names.hash])
    return tuple(KeyCondition((*choice, *sort)) for choice in choices)


def _parts(node: ast.Condition | None, kind: type[ast.And | ast.Or]) -> Iterator[ast.Condition]:
    """Yield the conditions that a chain of one operator joins, left to right."""
    waiting = [] if node is None else [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, kind):
            waiting += (part.right, part.left)
        else:
            yield part


def _all(parts: Sequence[ast.Condition]) -> program.Condition | None:
    return compiler.condition(reduce(ast.And, parts)) if parts else None


_MIRRORED: Final[dict[ast.Comparator, program.KeyOperator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def _clause(node: ast.Condition) -> KeyClause | None:
    """Return a condition of a top-level attribute with a value as a key clause, None for any other."""
    match node:
        case ast.Compare(operator, ast.Path((str(name),)), ast.Placeholder() as value) if operator != "<>":
            return KeyClause(name, operator, (value,))
        case ast.Compare(operator, ast.Placeholder() as value, ast.Path((str(name),))) if operator != "<>":
            return KeyClause(name, _MIRRORED[operator], (value,))
        case ast.Between(ast.Path((str(name),)), ast.Placeholder() as low, ast.Placeholder() as high):
            return KeyClause(name, "BETWEEN", (low, high))
        case ast.Call("begins_with", (ast.Path((str(name),)), ast.Placeholder() as value)):
            return KeyClause(name, "begins_with", (value,))
    return None


def _name(operand: ast.Placeholder | ast.Literal) -> str:
    assert isinstance(operand, ast.Placeholder), "values of statements are placeholders"
    return operand.name


def _options(node: ast.Condition) -> tuple[str, tuple[ast.Placeholder, ...]] | None:
    """Return the attribute and the values of an equality or an IN."""
    clause = _clause(node)
    if clause is not None and clause.operator == "=":
        return clause.attribute, (ast.Placeholder(_name(clause.operands[0])),)
    if isinstance(node, ast.In) and isinstance(node.operand, ast.Path) and len(node.operand.steps) == 1:
        values = tuple(option for option in node.options if isinstance(option, ast.Placeholder))
        if len(values) == len(node.options):
            return str(node.operand.steps[0]), values
    return None
