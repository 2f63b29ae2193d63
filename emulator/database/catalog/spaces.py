"""Which tables each space has, and which spaces have a table of some name.

A *space* is what callers share who see the same tables: an access key and a region, or everybody (`--shared-db`). There
is nothing to create: each access key and region that asks has a space. So a space without tables must cost nothing once
nobody holds it, and no look-up may walk over spaces.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from typing import Final
from weakref import WeakValueDictionary

from emulator.database.schema.table import Table

Space = tuple[str, str]
"""Access key and region."""

SHARED: Final[Space] = ("", "")
"""The one space of all callers with --shared-db."""


class Tables:
    """The tables of one space; only Spaces changes them.

    `by_name` is a dictionary of its own, because methods of a subclass of dict cost 800 instructions
    more in each request.
    """

    __slots__ = ("__weakref__", "_names", "by_name")

    def __init__(self) -> None:
        self.by_name: dict[str, Table] = {}
        self._names: list[str] = []  # sorted

    def after(self, name: str | None) -> str | None:
        """Return the name that follows a name in order, the first one for None; None behind the last."""
        at = 0 if name is None else bisect_right(self._names, name)
        return self._names[at] if at < len(self._names) else None

    def put(self, table: Table) -> None:
        """Add a table, or replace the one of its name."""
        if table.name not in self.by_name:
            insort(self._names, table.name)
        self.by_name[table.name] = table

    def remove(self, name: str) -> None:
        """Remove a table."""
        del self.by_name[name]
        del self._names[bisect_left(self._names, name)]


class Spaces:
    """All spaces that have tables, or that somebody holds."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[Space, Tables] = WeakValueDictionary()
        self._occupied: dict[Space, Tables] = {}  # those with tables: nobody else may hold them
        self._places: dict[str, dict[Space, None]] = {}

    def tables(self, space: Space) -> Tables:
        """Return the tables of a space: the same object, alive, for as long as anybody holds it."""
        tables = self._known.get(space)
        if tables is None:
            tables = self._known[space] = Tables()
        return tables

    def get(self, space: Space, name: str) -> Table | None:
        """Return a table."""
        tables = self._occupied.get(space)
        return None if tables is None else tables.by_name.get(name)

    def put(self, space: Space, table: Table) -> None:
        """Add a table, or replace the one of its name."""
        tables = self._occupied[space] = self.tables(space)
        tables.put(table)
        self._places.setdefault(table.name, {})[space] = None

    def remove(self, space: Space, name: str) -> None:
        """Remove a table, if it is there."""
        tables = self._occupied.get(space)
        if tables is None or name not in tables.by_name:
            return
        tables.remove(name)
        if not tables.by_name:
            del self._occupied[space]
        places = self._places[name]
        del places[space]
        if not places:
            del self._places[name]

    def places(self, name: str) -> Mapping[Space, None]:
        """Return the spaces that have a table of this name, as the keys of a mapping."""
        return self._places.get(name, {})

    def occupied(self) -> Mapping[Space, Tables]:
        """Return the spaces that have tables."""
        return self._occupied

    def __iter__(self) -> Iterator[tuple[Space, dict[str, Table]]]:
        """Walk the spaces that have tables, with these by name."""
        return ((space, tables.by_name) for space, tables in self._occupied.items())
