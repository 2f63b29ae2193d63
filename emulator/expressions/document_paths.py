"""Resolves, checks and follows the document paths of expressions.

This module replaces the aliases in paths by names, refuses paths that overlap or conflict
(behaviour 4.2), and makes functions that find the value at a path in an item.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from emulator.expressions import ast, problems
from emulator.values.paths import Path, descend
from emulator.values.types import Item, Value, Values

Names = Mapping[str, str]
"""ExpressionAttributeNames: "#alias" -> attribute name."""


def resolved(path: ast.DocumentPath, names: Names) -> ast.DocumentPath:
    """Return the path with names instead of aliases.

    Raises ExpressionError for the first alias that is not defined.
    """
    for step in path.steps:
        if isinstance(step, ast.Alias):
            break
    else:
        return path
    return ast.DocumentPath(tuple([_name(step, names) if isinstance(step, ast.Alias) else step for step in path.steps]))


def _name(alias: ast.Alias, names: Names) -> str:
    name = names.get(alias.name)
    if name is None:
        raise problems.undefined_name(alias.name)
    return name


def steps_of(path: ast.DocumentPath) -> Path:
    """Return the steps of a path that has no aliases."""
    return cast("Path", path.steps)


def path_getter(path: Path) -> Callable[[Item, Values], Value | None]:
    """Return a function that returns the value at a path in an item.

    The function returns None if the item has no value at this path.
    """
    name, *steps = path
    assert isinstance(name, str), "the first step of a path must be a name"
    if not steps:
        return lambda item, _values: item.get(name)
    return lambda item, _values: descend(item.get(name), steps)


class _Node:
    """A node of the tree that `check_disjoint` builds of all paths: one step of one or more paths.

    path: the first path that has this step.
    ends: True if a path ends with this step.
    children: the steps that follow directly after this step -> their nodes.
    """

    __slots__ = ("children", "ends", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ends = False
        self.children: dict[str | int, _Node] = {}


def check_disjoint(paths: Iterable[ast.DocumentPath]) -> None:
    """Raise an error for the first path that overlaps an earlier path.

    If no paths overlap, raise an error for the first two paths that conflict.

    Two paths overlap if they are equal, or if one path is the beginning of the other path. Two
    paths conflict if the same value must be a map for one path and a list for the other path.
    """
    root = _Node(())
    conflict = None
    for checked in paths:
        path = steps_of(checked)
        node = root
        for step in path:
            if node.ends:
                raise problems.paths_overlap(node.path, path)
            child = node.children.get(step)
            if child is None:
                for other, rival in node.children.items():
                    if conflict is None and isinstance(other, str) is not isinstance(step, str):
                        conflict = problems.paths_conflict(rival.path, path)
                    break
                child = node.children[step] = _Node(path)
            node = child
        if node.ends or node.children:
            raise problems.paths_overlap(node.path, path)
        node.ends = True
    if conflict is not None:
        raise conflict
