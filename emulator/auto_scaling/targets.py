"""Stores all scalable targets in a registry, like definitions (database/store/registry.py)."""

from collections.abc import Iterator
from functools import partial

from emulator.auto_scaling.target import ScalableTarget
from emulator.database.database import Database
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import keyspace
from emulator.database.store.registry import DefinitionChange


class Targets:
    """The targets of an emulator. shared: whether all callers are one tenant.

    Targets that were registered with the opposite `--shared-db` setting are hidden, not deleted.
    """

    def __init__(self, database: Database, *, shared: bool) -> None:
        self._database = database
        self._shared = shared
        self._registry = database.registries.add(
            keyspace.scalable_targets(), partial(ScalableTarget.load, account=database.catalog.account)
        )
        database.registries.reload()

    def __iter__(self) -> Iterator[ScalableTarget]:
        """Yield the targets of all tenants."""
        return (target for target in tuple(self._registry) if (target.tenant == SHARED) is self._shared)

    def of(self, tenant: Tenant) -> list[ScalableTarget]:
        """Return the targets of a tenant, in the order of resources and dimensions."""
        found = (target for target in self if target.tenant == tenant)
        return sorted(found, key=lambda target: (target.resource_id, target.dimension))

    def get(self, tenant: Tenant, resource_id: str, dimension: str) -> ScalableTarget | None:
        """Return a target, None if it is not registered."""
        return self._registry.get(keyspace.scalable_target(*tenant, resource_id, dimension))

    def current(self, target: ScalableTarget) -> ScalableTarget | None:
        """Return the present state of a target from the registry, None if it was removed."""
        return self._registry.get(_key(target))

    def save(self, target: ScalableTarget) -> None:
        """Store a new or changed target, in a separate transaction."""
        with self._database.registries.changing(urgent=True) as change:
            self.save_in(change, target)

    def save_in(self, change: DefinitionChange, target: ScalableTarget) -> None:
        """Store a new or changed target in the transaction of `change`."""
        self._registry.save(change, _key(target), target)

    def remove(self, target: ScalableTarget) -> None:
        """Remove a target, with its policies and scheduled actions."""
        with self._database.registries.changing(urgent=True) as change:
            self._registry.remove(change, _key(target))


def _key(target: ScalableTarget) -> bytes:
    return keyspace.scalable_target(*target.tenant, target.resource_id, target.dimension)
