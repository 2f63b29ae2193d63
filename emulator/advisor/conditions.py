"""Finds the attributes that an expression compares, returns or changes.

An expression that does not parse gives an empty result. Trees of parsed expressions are cached.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from emulator.expressions import ast, parser
from emulator.expressions.problems import ExpressionError

Names = Mapping[str, str]

_CACHED: Final = 512  # the maximum number of cached trees; a tree has about 100 times the bytes of its text
_LONGEST: Final = 1_024  # characters; longer expressions are not parsed, and give an empty result


@lru_cache(_CACHED)
def _condition(text: str) -> ast.ConditionTree | None:
    try:
        return parser.parse_condition(text).tree
    except ExpressionError:
        return None


@lru_cache(_CACHED)
def _update(text: str) -> ast.UpdateTree | None:
    try:
        return parser.parse_update(text).tree
    except ExpressionError:
        return None


@lru_cache(_CACHED)
def _projection(text: str) -> ast.ProjectionTree | None:
    try:
        return parser.parse_projection(text).tree
    except ExpressionError:
        return None


def equalities(text: str, names: Names) -> dict[str, str]:
    """Return the attributes that a condition compares with `=`: attribute -> placeholder.

    Comparisons inside OR or NOT do not count, because an item may meet the condition even if such a
    comparison is false.
    """
    tree = _condition(text) if len(text) <= _LONGEST else None
    found = {}
    for part in () if tree is None else ast.chain(tree, ast.And):
        match part:
            case ast.Compare("=", ast.DocumentPath() as path, ast.Placeholder(name)) | ast.Compare(
                "=", ast.Placeholder(name), ast.DocumentPath() as path
            ) if len(path.steps) == 1:
                found[_top(path, names)] = name
    return found


def equal_attributes(tree: ast.ConditionTree | None) -> tuple[str, ...]:
    """Return the attributes that the WHERE condition of a statement compares with `=`."""
    found = []
    for part in () if tree is None else ast.chain(tree, ast.And):
        match part:
            case ast.Compare("=", ast.DocumentPath((str(name),)), ast.Placeholder()):
                found.append(name)
    return tuple(found)


def projected(text: str, names: Names) -> tuple[str, ...]:
    """Return the top-level attributes of a projection."""
    tree = _projection(text) if len(text) <= _LONGEST else None
    return () if tree is None else tuple({_top(path, names): None for path in tree.paths})


def changes(text: str, names: Names, values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return two dictionaries for an update: attribute -> kind of change, attribute -> new value.

    The kinds are add, subtract, set and remove. If an update runs again, only add and
    subtract change the item again.

    The second dictionary has only the attributes that are set to a value of the request.
    """
    tree = _update(text) if len(text) <= _LONGEST else None
    return ({}, {}) if tree is None else changes_of(tree, names, values)


def changes_of(tree: ast.UpdateTree, names: Names, values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the pair that `changes` returns, for a parsed update."""
    kinds: dict[str, str] = {}
    assigned: dict[str, Any] = {}
    for action in tree.actions:
        name = _top(action.path, names)
        kind = "set"
        match action:
            case ast.AddAction(_, ast.Placeholder(placeholder)):
                # For an ADD of members to a set, the kind is "set", as for an assignment: if it
                # runs twice, the second run has no effect.
                kind = kind_of_addition(values.get(placeholder, {}))
            case ast.RemoveAction() | ast.DeleteAction():
                kind = "remove"
            case ast.SetAction(_, ast.Placeholder(placeholder)):
                if len(action.path.steps) == 1 and placeholder in values:
                    assigned[name] = values[placeholder]
            case ast.SetAction(_, value) if _depends_on(value, name, names):
                kind = "subtract" if isinstance(value, ast.Arithmetic) and value.operator == "-" else "add"
        kinds[name] = kind
    return kinds, assigned


def kind_of_addition(value: Mapping[str, Any]) -> str:
    """Return the kind of change that an ADD of this value makes: add, subtract or set."""
    if "N" not in value:
        return "set"
    return "subtract" if value["N"].startswith("-") else "add"


def words(request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the attribute names that stand in a request's expressions without a # alias."""
    for member, parse in _PARSERS.items():
        text = request.get(member)
        if isinstance(text, str) and len(text) <= _LONGEST:
            try:
                yield from parse(text).words
            except ExpressionError:
                continue


_PARSERS: Final[Mapping[str, Any]] = {
    "KeyConditionExpression": parser.parse_condition,
    "FilterExpression": parser.parse_condition,
    "ConditionExpression": parser.parse_condition,
    "UpdateExpression": parser.parse_update,
    "ProjectionExpression": parser.parse_projection,
}


def _depends_on(operand: ast.Operand, name: str, names: Names) -> bool:
    """Return True if SET computes the new value of an attribute from its old value."""
    paths = [each for each in ast.inner_first(operand) if isinstance(each, ast.DocumentPath)]
    computed = isinstance(operand, ast.Arithmetic) or (
        isinstance(operand, ast.Call) and operand.function == "list_append"
    )
    return computed and any(_top(path, names) == name for path in paths)


def _top(path: ast.DocumentPath, names: Names) -> str:
    step = path.steps[0]
    return names.get(step.name, step.name) if isinstance(step, ast.Alias) else str(step)
