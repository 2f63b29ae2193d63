"""The registry of all tables: definitions in the store, compiled tables in memory."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from emulator.database.catalog.attachments import Attachments
from emulator.database.catalog.enforcer import Enforcer
from emulator.database.catalog.tenants import Tenants
from emulator.database.definitions.tables import TableDefinition
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.deletions import Deletions
from emulator.database.store.registry import DefinitionChange, Registries


class TableRegistry:
    """All tables of an engine's store.

    account: the account of every access key that is not itself an account number.
    shared: True if all callers are one tenant.
    """

    def __init__(
        self,
        registries: Registries,
        attachments: Attachments,
        deletions: Deletions,
        enforcer: Enforcer,
        *,
        account: str,
        shared: bool,
    ) -> None:
        self._registries = registries
        self._registry = registries.add(
            keyspace.tables(), partial(TableDefinition.load, account=account), self._publish, self._withdraw
        )
        self._attachments = attachments
        attachments.group = self.group
        self._deletions = deletions
        self._enforcer = enforcer
        self._shared = shared
        self.tenants = Tenants()

    # --- finding ----------------------------------------------------------------------------------

    def everything(self) -> Iterator[Table]:
        """Yield all tables that callers can reach.

        A server with `--shared-db` hides the tables that were created without this setting. A
        server without it hides the tables that were created with it. Hidden tables stay in the
        store.
        """
        for tenant, tables in self.tenants:
            if self._reachable(tenant):
                yield from tables.values()

    def stored(self, key: bytes) -> TableDefinition | None:
        """Return the table definition with this storage key, None if no definition has the key."""
        return self._registry.get(key)

    def named(self, name: str) -> list[Table]:
        """Return the tables with this name or ARN that callers can reach, of all tenants."""
        bare = name.rpartition("/")[2] if name.startswith("arn:") else name
        found = (
            self.tenants.get(tenant, bare) for tenant in self.tenants.tenants_with(bare) if self._reachable(tenant)
        )
        return [table for table in found if table is not None and name in (table.name, table.arn)]

    def current(self, table: Table) -> Table | None:
        """Return the table with its newest definition, None if the table was deleted.

        A new table with the same name is a different table.
        """
        found = self.tenants.get(self._tenant(table.definition), table.name)
        return found if found is not None and found.id == table.id else None

    def sibling(self, definition: TableDefinition, region: str) -> Table | None:
        """Return the table with the same name and access key in another region.

        Return None if there is no such table.
        """
        return None if self._shared else self.tenants.get((definition.access_key, region), definition.name)

    def group(self, definition: TableDefinition) -> Iterator[Table]:
        """Yield the other tables of a table's group (its replicas in other regions).

        The tables are in the order of their regions in `definition.membership.others`. Two tables
        are in one group only if the membership of each has the region of the other.
        """
        membership = definition.membership
        others = () if membership is None or self._shared else membership.tenants(definition.access_key)
        for tenant in others:
            table = self.tenants.get(tenant, definition.name)
            other = None if table is None else table.definition.membership
            if table is None or other is None or membership is None or other.group != membership.group:
                continue
            if definition.region in other.others:
                yield table

    def published(self, definition: TableDefinition) -> Table:
        """Return the compiled table of a saved definition.

        Call this after the transaction that saved the definition has ended.
        """
        table = self.tenants.get(self._tenant(definition), definition.name)
        assert table is not None, "a saved definition must have a table once `changing` has ended"
        return table

    # --- changing ---------------------------------------------------------------------------------

    def changing(self, *, urgent: bool = False) -> AbstractContextManager[DefinitionChange]:
        """Open a write transaction that changes definitions (see `Registries.changing`)."""
        return self._registries.changing(urgent=urgent)

    def save(self, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
        """Store a new or changed definition. Return it with the ids of its attachments."""
        definition = self._attachments.reconcile(change, definition)
        self._registry.save(change, self._key(definition), definition)
        return definition

    def change(self, definition: TableDefinition) -> Table:
        """Store a changed definition in a separate transaction. Return the compiled table."""
        with self.changing(urgent=True) as change:
            definition = self.save(change, definition)
        return self.published(definition)

    def remove(self, change: DefinitionChange, table: Table) -> None:
        """Remove a table. A background job then deletes its items and other data."""
        self._registry.remove(change, self._key(table.definition))
        self._attachments.detach(change, table.definition)
        change.txn.delete(table.statistics_key)
        for prefix in table.definition.data_prefixes():
            self._deletions.begin(change.txn, prefix)

    def emptied(self, change: DefinitionChange, definition: TableDefinition, now: float) -> TableDefinition:
        """Return the definition that a table has after all its items were deleted.

        If recovery is on, a new history begins at `now`, in seconds since the epoch.
        """
        self._attachments.detach(change, definition)
        since = None if definition.recovery_since is None else now
        return replace(definition, history=None, recovery_since=since)

    def recompile(self) -> None:
        """Compile all tables of this process again, so that changed limits take effect."""
        for tenant, tables in self.tenants:
            for table in tables.values():
                self.tenants.put(tenant, self._compiled(table.definition))

    # --- publishing -------------------------------------------------------------------------------

    def _reachable(self, tenant: Tenant) -> bool:
        return (tenant == SHARED) is self._shared

    def _tenant(self, definition: TableDefinition) -> Tenant:
        return SHARED if self._shared else (definition.access_key, definition.region)

    def _key(self, definition: TableDefinition) -> bytes:
        return keyspace.table(*self._tenant(definition), definition.name)

    def _compiled(self, definition: TableDefinition) -> Table:
        table = self._attachments.compiled(definition)
        table.enforcement = self._enforcer.enforcement_of(table, self._attachments.in_flight(definition))
        return table

    def _publish(self, key: bytes, definition: TableDefinition) -> None:
        access_key, region, name = keyspace.table_of(key)
        before = self.tenants.get((access_key, region), name)
        if before is not None and before.id != definition.id:
            self._enforcer.forget(before.id)
        self.tenants.put((access_key, region), self._compiled(definition))

    def _withdraw(self, key: bytes, definition: TableDefinition) -> None:
        access_key, region, _ = keyspace.table_of(key)
        self._enforcer.forget(definition.id)
        self.tenants.remove((access_key, region), definition.name)
