"""Stores, finds and deletes event source mappings.

Mappings are stored as definitions (database/store/registry.py).
"""

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

_ALL: Final = 1 << 20  # a limit above the number of checkpoints of any mapping, so that all of them are deleted


class Mappings:
    """The event source mappings of an emulator.

    Mappings that were created with the opposite `--shared-db` setting are hidden, but not deleted.

    shared: the setting `--shared-db`. If it is True, all callers are one tenant.
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
        """Return the mapping with this id, of any tenant. Return None if there is no such mapping.

        If the mapping is DELETING and the end of this state has passed, remove the mapping and
        return None.
        """
        return self._settled(uuid)

    def of(self, tenant: Tenant) -> list[EventSourceMapping]:
        """Return a tenant's mappings in the order of their ids.

        First remove all mappings that have reached the end of the state DELETING.
        """
        found = (self._settled(uuid) for uuid in sorted(self._mappings))
        return [mapping for mapping in found if mapping is not None and mapping.tenant == tenant]

    def everything(self) -> list[EventSourceMapping]:
        """Return the mappings of all tenants in the order of their ids."""
        return [self._mappings[uuid] for uuid in sorted(self._mappings)]

    def delivering(self) -> Iterator[EventSourceMapping]:
        """Yield the mappings that deliver records: enabled, and not in a transient state."""
        has_passed = self._database.catalog.has_passed
        for mapping in tuple(self._mappings.values()):
            if mapping.enabled and mapping.status != DELETING and has_passed(mapping.until):
                yield mapping

    def changing(self, mapping: EventSourceMapping) -> bool:
        """Return True while a mapping is in a transient state, such as Creating."""
        return not self._database.catalog.has_passed(mapping.until)

    def next_events(self) -> Iterator[tuple[float, str, str]]:
        """Yield a triple for each mapping in a transient state: time, "MappingState", UUID.

        The time is the end of the state.
        """
        for mapping in self._mappings.values():
            if self.changing(mapping):
                yield mapping.until, "MappingState", mapping.uuid

    def state(self, mapping: EventSourceMapping) -> str:
        """Return the present state of a mapping, as Lambda's API shows it."""
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

        positions: for a new mapping, the number of each shard -> the first position to read.
        """
        with self._database.registries.changing(urgent=True) as change:
            self._save(change, mapping)
            store_positions(change.txn, mapping.consumer, positions or {})

    def delete(self, mapping: EventSourceMapping, until: float) -> EventSourceMapping:
        """Give a mapping the state DELETING, and return it with this state.

        until: the time at which the state ends and the mapping is removed. If the time has passed
        already, remove the mapping now.
        """
        deleting = replace(mapping, status=DELETING, until=until)
        if self.changing(deleting):
            self.save(deleting)
        else:
            self._remove(mapping)
        return deleting

    def save_result(self, uuid: str, result: str) -> None:
        """Store the result of a mapping's last invocation. If it is a new problem, also log it."""
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
