"""Document paths in items: reading, projecting and changing values.

A path is a tuple of steps: attribute names and list indexes. The path of a.b[0] is ("a", "b", 0).
The first step is always a name. There is no value at a path if a value on the way is missing, or if
its type does not fit the next step.

Several paths are combined into one *tree*: {"a": {"b": {0: leaf}}}. emulator/expressions refuses
paths that overlap or conflict. So no path in a tree is the beginning of another path of the tree.
And the keys of each dictionary in a tree are either all names or all indexes.

Recursion is safe: it ends at the depth of the item, which has at most 32 levels.

Items and values are never changed in place. A change copies the maps and lists along its paths.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from emulator import errors
from emulator.values.types import Item, Value

Step = str | int
Path = tuple[Step, ...]
Tree = dict[Any, Any]
"""Step -> the tree of the next steps, or a leaf if a path ends there. A leaf is never a dict."""

Leaf = TypeVar("Leaf")


def get(item: Item, path: Path) -> Value | None:
    """Return the value at a path, or None if there is no value."""
    return descend(item.get(cast("str", path[0])), path[1:])


def descend(value: Value | None, steps: Sequence[Step]) -> Value | None:
    """Return the value that `steps` lead to from `value`, or None if there is no value."""
    for step in steps:
        if value is None:
            return None
        if type(step) is str:
            members = value.get("M")
            value = None if members is None else members.get(step)
        else:
            elements = value.get("L")
            value = None if elements is None or step >= len(elements) else elements[step]  # type: ignore[operator]
    return value


def tree(leaves: Iterable[tuple[Path, object]]) -> Tree:
    """Combine paths into a tree. leaves: pairs of a path and its leaf, which must not be a dict."""
    root: Tree = {}
    for path, leaf in leaves:
        node = root
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = leaf
    return root


# --- projecting -----------------------------------------------------------------------------------


def project(item: Item, paths: Iterable[Path]) -> Item:
    """Return a new item with only the values at `paths` (behaviour 4.7). See `pick`."""
    return pick(item, tree([(path, True) for path in paths]))


def pick(item: Item, wanted: Tree) -> Item:
    """Return a new item with only the values at the paths of the tree `wanted`.

    Attributes, pairs of maps and elements of lists have the same order as in `item`. The elements
    of a list move together, without gaps. A map or list is left out if it has no wanted value. The
    new item shares the Python objects of its values with `item`.
    """
    picked = {}
    for name, value in item.items():
        below = wanted.get(name)
        if below is not None:
            part = _part(value, below) if type(below) is dict else value
            if part is not None:
                picked[name] = part
    return picked


def position_of(item: Item, path: Path) -> tuple[int, ...]:
    """Return the position in `item` of the value at `path`: one number for each step of the path.

    Each number is the index of a member in its map or list. If values are sorted by their
    positions, they are in the order in which they stand in `item`. `item` must have a value at
    `path`.
    """
    positions = []
    members = item
    elements: list[Value] = []
    for step in path:
        position = list(members).index(step) if isinstance(step, str) else step
        positions.append(position)
        value = members[step] if isinstance(step, str) else elements[step]
        members, elements = value.get("M", {}), value.get("L", [])
    return tuple(positions)


def _part(value: Value, wanted: Tree) -> Value | None:
    members = value.get("M")
    if members is not None:
        # If the keys of `wanted` are indexes, `pick` finds nothing, because keys of maps are names.
        picked = pick(members, wanted)
        return {"M": picked} if picked else None
    elements = value.get("L")
    if elements is None:
        return None
    kept = []
    for index in sorted([step for step in wanted if type(step) is int and step < len(elements)]):
        below = wanted[index]
        element = _part(elements[index], below) if type(below) is dict else elements[index]
        if element is not None:
            kept.append(element)
    return {"L": kept} if kept else None


# --- changing -------------------------------------------------------------------------------------


class Change(Generic[Leaf]):
    """Changes the values at several paths of an item.

    results: leaf of a tree of paths -> the new value at the path that ends in this leaf; None
    removes the value. If the leaves are numbers from 0 on, a list of the new values is enough.
    """

    __slots__ = ("results",)

    def __init__(self, results: Mapping[Leaf, Value | None] | Sequence[Value | None]) -> None:
        self.results: Any = results

    def item(self, old: Item, targets: Tree, skipped: Collection[str] = ()) -> Item:
        """Return a changed copy of an item. targets: the paths to change, as a tree.

        Each path may end at a missing value. But the values on the way must be maps or lists that
        exist: otherwise raise update_path_invalid. Exception: an attribute in `skipped` may be
        missing, and then no path below it is changed.

        Removing a missing value has no effect. New elements past the end of a list are appended, in
        the order of their indexes. Each index refers to the old list, also if other elements are
        removed (behaviour 4.5).
        """
        new = old.copy()
        for name, below in targets.items():
            if type(below) is not dict:
                self._put(new, name, below)
            elif name in new or name not in skipped:
                new[name] = self._value(new.get(name), below)
        return new

    def _put(self, members: dict[str, Value], name: str, leaf: Leaf) -> None:
        result = self.results[leaf]
        if result is None:
            members.pop(name, None)
        else:
            members[name] = result

    def _value(self, old: Value | None, targets: Tree) -> Value:
        if old is not None:
            first = next(iter(targets))
            if type(first) is str:
                members = old.get("M")
                if members is not None:
                    return {"M": self._map(members, targets)}
            else:
                elements = old.get("L")
                if elements is not None:
                    return {"L": self._list(elements, targets)}
        raise errors.update_path_invalid()

    def _map(self, old: dict[str, Value], targets: Tree) -> dict[str, Value]:
        new = old.copy()
        for name, below in targets.items():
            if type(below) is dict:
                new[name] = self._value(new.get(name), below)
            else:
                self._put(new, name, below)
        return new

    def _list(self, old: list[Value], targets: Tree) -> list[Value]:
        new: list[Value | None] = [*old]
        for index in sorted(targets):
            below = targets[index]
            if type(below) is dict:
                new[index] = self._value(old[index] if index < len(old) else None, below)
                continue
            result = self.results[below]
            if index < len(old):
                new[index] = result
            elif result is not None:
                new.append(result)
        return [element for element in new if element is not None]
