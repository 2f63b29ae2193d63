"""All event source mappings. They are stored as definitions (database/store/registry.py)."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from emulator.database.changes.consumer import store_positions
from emulator.database.database import Database
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import keyspace
from emulator.database.store.registry import DefinitionChange
from emulator.escaping import printable
from emulator.event_sources.mapping import DELETING, EventSourceMapping
from storage.keycode import prefix_end

log = logging.getLogger("emulator")

_ALL: Final = 1 << 20  # a limit for deleting checkpoints; no mapping has so many


class Mappings:
    """The mappings of an emulator. shared: whether all callers are one tenant.

    Mappings that were created with the opposite `--shared-db` setting are hidden, but not deleted.
    """

    def __init__(self, database: Database, *, shared: bool) -> None:
        self._database = database
        self._shared = shared
        self._mappings: dict[str, EventSourceMapping] = {}
        self._registry = database.registries.add(
            keyspace.mappings(),
            partial(EventSourceMapping.load, account=database.catalog.account),
            self._publish,
            self._withdraw,
        )
        database.registries.reload()

    # --- finding ----------------------------------------------------------------------------------

    def get(self, uuid: str) -> EventSourceMapping | None:
        """Return the mapping of any tenant with this id, or None.

        If the deletion of the mapping is over, remove the mapping and return None.
        """
        return self._settled(uuid)

    def of(self, tenant: Tenant) -> list[EventSourceMapping]:
        """Return a tenant's mappings in the order of their ids.

        Remove all mappings whose deletion is over.
        """
        found = (self._settled(uuid) for uuid in sorted(self._mappings))
        return [mapping for mapping in found if mapping is not None and mapping.tenant == tenant]

    def everything(self) -> list[EventSourceMapping]:
        """Return the mappings of all tenants in the order of their ids."""
        return [self._mappings[uuid] for uuid in sorted(self._mappings)]

    def delivering(self) -> Iterator[EventSourceMapping]:
        """Yield the mappings that deliver records to their functions."""
        has_passed = self._database.catalog.has_passed
        for mapping in tuple(self._mappings.values()):
            if mapping.enabled and mapping.status != DELETING and has_passed(mapping.until):
                yield mapping

    def changing(self, mapping: EventSourceMapping) -> bool:
        """Return whether a mapping is changing to another state."""
        return not self._database.catalog.has_passed(mapping.until)

    def coming(self) -> Iterator[tuple[float, str, str]]:
        """Yield the end of each transient state: time, "MappingState", UUID of the mapping."""
        for mapping in self._mappings.values():
            if self.changing(mapping):
                yield mapping.until, "MappingState", mapping.uuid

    def state(self, mapping: EventSourceMapping) -> str:
        """Return the state of a mapping."""
        return mapping.status if self.changing(mapping) else mapping.steady

    def _settled(self, uuid: str) -> EventSourceMapping | None:
        mapping = self._mappings.get(uuid)
        if mapping is not None and mapping.status == DELETING and not self.changing(mapping):
            self._remove(mapping)
            return None
        return mapping

    # --- changing ---------------------------------------------------------------------------------

    def save(self, mapping: EventSourceMapping, positions: Mapping[int, int] | None = None) -> None:
        """Store a new or changed mapping.

        positions: the first position of a new mapping in each shard.
        """
        with self._database.registries.changing(urgent=True) as change:
            self._save(change, mapping)
            store_positions(change.txn, mapping.consumer, positions or {})

    def delete(self, mapping: EventSourceMapping, until: float) -> EventSourceMapping:
        """Begin to delete a mapping; return it as DELETING.

        until: the time at which the deletion ends. If it has passed already, remove the mapping at
        once.
        """
        deleting = replace(mapping, status=DELETING, until=until)
        if self.changing(deleting):
            self.save(deleting)
        else:
            self._remove(mapping)
        return deleting

    def save_result(self, uuid: str, result: str) -> None:
        """Store the result of a mapping's last invocation. If it is a new problem, log it."""
        held = self._mappings.get(uuid)
        if held is None or held.result == result:
            return
        with self._database.registries.changing(urgent=True) as change:
            self._save(change, replace(held, result=result))
        if result.startswith("PROBLEM"):
            log.warning("event source mapping %s to %s: %s", uuid, printable(held.function_name), printable(result))

    def _save(self, change: DefinitionChange, mapping: EventSourceMapping) -> None:
        self._registry.save(change, _key(mapping), mapping)

    def _remove(self, mapping: EventSourceMapping) -> None:
        prefix = keyspace.checkpoints(mapping.consumer)
        with self._database.registries.changing(urgent=True) as change:
            self._registry.remove(change, _key(mapping))
            change.txn.drop_range(prefix, prefix_end(prefix), _ALL)

    def _publish(self, _key: bytes, mapping: EventSourceMapping) -> None:
        if (mapping.tenant == SHARED) is self._shared:
            self._mappings[mapping.uuid] = mapping

    def _withdraw(self, _key: bytes, mapping: EventSourceMapping) -> None:
        self._mappings.pop(mapping.uuid, None)


def _key(mapping: EventSourceMapping) -> bytes:
    return keyspace.mapping(*mapping.tenant, mapping.uuid)
