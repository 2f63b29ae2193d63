"""The document paths of an expression.

Aliases in them become names, no two paths may overlap or conflict (behaviour 4.2), and a getter
finds what is at a path in an item.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from emulator.expressions import ast, problems
from emulator.values.paths import Path, descend
from emulator.values.types import Item, Value, Values

Names = Mapping[str, str]
"""ExpressionAttributeNames: "#alias" -> attribute name."""


def resolved(path: ast.Path, names: Names) -> ast.Path:
    """Return the path with names for its aliases; raises ExpressionError for the first that is not defined."""
    for step in path.steps:
        if isinstance(step, ast.Alias):
            break
    else:
        return path
    return ast.Path(tuple([_name(step, names) if isinstance(step, ast.Alias) else step for step in path.steps]))


def _name(alias: ast.Alias, names: Names) -> str:
    name = names.get(alias.name)
    if name is None:
        raise problems.undefined_name(alias.name)
    return name


def steps_of(path: ast.Path) -> Path:
    """Return the steps of a path that the analyser has seen."""
    return cast("Path", path.steps)


def path_getter(path: Path) -> Callable[[Item, Values], Value | None]:
    """Return the function that finds the value at a path."""
    name, *steps = path
    assert isinstance(name, str), "the first step is a name"
    if not steps:
        return lambda item, _values: item.get(name)
    return lambda item, _values: descend(item.get(name), steps)


class _Node:
    """A step that some path took: the first path through it, whether it ends here, and the steps after it."""

    __slots__ = ("children", "ends", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ends = False
        self.children: dict[str | int, _Node] = {}


def check_disjoint(paths: Iterable[ast.Path]) -> None:
    """Raise for the first path that is, begins or continues an earlier one; else for the first conflict.

    Paths conflict where one takes a name and the other an index of the same value.
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
