"""The tables of each tenant, and the tenants that have a table with a given name.

No operation creates a tenant (definitions/tenants.py): any access key and region in a request is a
tenant. So there may be very many tenants. A tenant without tables uses memory only while something
refers to its `Tables` object. No lookup may loop over all tenants.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from weakref import WeakValueDictionary

from emulator.database.definitions.tenants import Tenant
from emulator.database.schema.table import Table


class Tables:
    """The tables of one tenant; only Tenants changes them.

    The class has a dictionary as attribute. If it were a subclass of dict, each request would need
    800 more instructions.
    """

    __slots__ = ("__weakref__", "_names", "by_name")

    def __init__(self) -> None:
        self.by_name: dict[str, Table] = {}
        self._names: list[str] = []  # the names of the tables, sorted

    def after(self, name: str | None) -> str | None:
        """Return the first table name after `name` in sorted order, None if there is none.

        If `name` is None, return the first of all names.
        """
        at = 0 if name is None else bisect_right(self._names, name)
        return self._names[at] if at < len(self._names) else None

    def put(self, table: Table) -> None:
        """Add a table, or replace the table with the same name."""
        if table.name not in self.by_name:
            insort(self._names, table.name)
        self.by_name[table.name] = table

    def remove(self, name: str) -> None:
        """Remove the table with this name, which must exist."""
        del self.by_name[name]
        del self._names[bisect_left(self._names, name)]


class Tenants:
    """All tenants that have tables, and those whose `Tables` object is still in use."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[Tenant, Tables] = WeakValueDictionary()
        # the tenants that have tables; `_known` has only weak references to their `Tables`
        self._occupied: dict[Tenant, Tables] = {}
        self._by_name: dict[str, dict[Tenant, None]] = {}

    def tables(self, tenant: Tenant) -> Tables:
        """Return the `Tables` of a tenant, a new object if there is none.

        Later calls return the same object as long as something refers to it.
        """
        tables = self._known.get(tenant)
        if tables is None:
            tables = self._known[tenant] = Tables()
        return tables

    def get(self, tenant: Tenant, name: str) -> Table | None:
        """Return the tenant's table with this name, None if there is none."""
        tables = self._occupied.get(tenant)
        return None if tables is None else tables.by_name.get(name)

    def put(self, tenant: Tenant, table: Table) -> None:
        """Add a table of a tenant, or replace the tenant's table with the same name."""
        tables = self._occupied[tenant] = self.tables(tenant)
        tables.put(table)
        self._by_name.setdefault(table.name, {})[tenant] = None

    def remove(self, tenant: Tenant, name: str) -> None:
        """Remove a table, if the tenant has one with this name."""
        tables = self._occupied.get(tenant)
        if tables is None or name not in tables.by_name:
            return
        tables.remove(name)
        if not tables.by_name:
            del self._occupied[tenant]
        tenants = self._by_name[name]
        del tenants[tenant]
        if not tenants:
            del self._by_name[name]

    def tenants_with(self, name: str) -> Mapping[Tenant, None]:
        """Return the tenants that have a table of this name, as the keys of a mapping."""
        return self._by_name.get(name, {})

    def occupied(self) -> Mapping[Tenant, Tables]:
        """Return the tenants that have tables, each with its tables."""
        return self._occupied

    def __iter__(self) -> Iterator[tuple[Tenant, dict[str, Table]]]:
        """Yield each tenant that has tables, with a dictionary of its tables by name."""
        return ((tenant, tables.by_name) for tenant, tables in self._occupied.items())
