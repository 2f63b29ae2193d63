"""Document paths in items: reading, projecting, changing.

A path is a tuple of attribute names and list indexes that begins with a name: ("a", "b", 0) for a.b[0]. Several paths
that are walked together are one *tree*: {"a": {"b": {0: leaf}}}. In a tree no path begins another (the analyser refuses
such paths), and below one value there are either names or indexes. Walks go as deep as the item does, at most 32
levels, however long a path is; where a path meets a missing value or one of another type, nothing is there.

Items and values are never changed, only copied along the paths that change.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from emulator import errors
from emulator.values.types import Item, Value

Step = str | int
Path = tuple[Step, ...]
Tree = dict[Any, Any]
"""Step -> tree of the steps after it; at the end of a path whatever `tree` was given for it, which is no dict."""

Leaf = TypeVar("Leaf")


def get(item: Item, path: Path) -> Value | None:
    """Return the value at a path, None if there is none."""
    return descend(item.get(cast("str", path[0])), path[1:])


def descend(value: Value | None, steps: Sequence[Step]) -> Value | None:
    """Return what is at the end of the steps below a value, None if nothing."""
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
    """Return the tree of paths with their leaves, which must not be dicts."""
    root: Tree = {}
    for path, leaf in leaves:
        node = root
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = leaf
    return root


# --- projecting -----------------------------------------------------------------------------------------------------


def project(item: Item, paths: Iterable[Path]) -> Item:
    """Return a new item of what is at the paths (behaviour 4.7); see `pick`."""
    return pick(item, tree([(path, True) for path in paths]))


def pick(item: Item, wanted: Tree) -> Item:
    """Return a new item of the parts in a tree.

    Maps keep the wanted entries, lists the wanted elements side by side, both in the item's order. A map or list none of
    whose wanted parts exist is left out itself. Whole values are shared with the item.
    """
    picked = {}
    for name, value in item.items():
        below = wanted.get(name)
        if below is not None:
            part = _part(value, below) if type(below) is dict else value
            if part is not None:
                picked[name] = part
    return picked


def place(item: Item, path: Path) -> tuple[int, ...]:
    """Return where the value at a path stands in an item, by which such values sort in the item's order.

    There must be a value at the path.
    """
    found = []
    entries = item
    elements: list[Value] = []
    for step in path:
        number = list(entries).index(step) if isinstance(step, str) else step
        found.append(number)
        value = entries[step] if isinstance(step, str) else elements[step]
        entries, elements = value.get("M", {}), value.get("L", [])
    return tuple(found)


def _part(value: Value, wanted: Tree) -> Value | None:
    members = value.get("M")
    if members is not None:
        # Indexes are no keys of maps, so a tree of indexes finds nothing here.
        entries = pick(members, wanted)
        return {"M": entries} if entries else None
    elements = value.get("L")
    if elements is None:
        return None
    found = []
    for index in sorted([step for step in wanted if type(step) is int and step < len(elements)]):
        below = wanted[index]
        element = _part(elements[index], below) if type(below) is dict else elements[index]
        if element is not None:
            found.append(element)
    return {"L": found} if found else None


# --- changing -------------------------------------------------------------------------------------------------------


class Change(Generic[Leaf]):
    """One change of several paths: what each leaf of their tree becomes, None meaning "removed"."""

    __slots__ = ("results",)

    def __init__(self, results: Mapping[Leaf, Value | None] | Sequence[Value | None]) -> None:
        self.results: Any = results

    def item(self, old: Item, targets: Tree, skipped: Collection[str] = ()) -> Item:
        """Return the changed copy of an item.

        Values on the way to a leaf must exist and be maps or lists, else update_path_invalid is raised; attributes in
        `skipped` are left alone where they are missing. Removing what is not there does nothing. New elements past a
        list's end are appended in the order of their indexes; removals go by the old indexes (behaviour 4.5).
        """
        new = old.copy()
        for name, below in targets.items():
            if type(below) is not dict:
                self._put(new, name, below)
            elif name in new or name not in skipped:
                new[name] = self._value(new.get(name), below)
        return new

    def _put(self, entries: dict[str, Value], name: str, leaf: Leaf) -> None:
        result = self.results[leaf]
        if result is None:
            entries.pop(name, None)
        else:
            entries[name] = result

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
