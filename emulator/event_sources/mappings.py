"""All event source mappings, in memory and in storage, which is written first.

Where several processes share the store, a counter in it tells each when another has changed mappings.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import keyspace
from emulator.escaping import printable
from emulator.event_sources.mapping import DELETING, EventSourceMapping
from storage import ReadTxn, WriteTxn
from storage.keycode import prefix_end, u64

log = logging.getLogger("emulator")

_CHANGES: Final = keyspace.counter("mappings")
_ALL: Final = 1 << 20  # more than a mapping has checkpoints


class Mappings:
    """The mappings of an emulator. shared: one tenant for all callers; others' mappings wait until opened so again."""

    def __init__(self, database: Database, *, shared: bool) -> None:
        self._database = database
        self._shared = shared
        self._mappings: dict[str, EventSourceMapping] = {}
        self._changes = b""
        with database.read() as txn:
            self._load(txn)

    def _load(self, txn: ReadTxn) -> None:
        self._changes = txn.get(_CHANGES) or b""
        stored = (self._loaded(value) for _, value in txn.scan(*keyspace.mappings()))
        found = {mapping.uuid: mapping for mapping in stored if (mapping.tenant == SHARED) is self._shared}
        held = self._mappings
        self._mappings = {uuid: held[uuid] if held.get(uuid) == each else each for uuid, each in found.items()}

    def _loaded(self, stored: bytes) -> EventSourceMapping:
        return EventSourceMapping.load(stored, self._database.catalog.account)

    def _refresh(self) -> None:
        """Take over what other processes have changed; one process alone has nothing to look for."""
        if self._database.versions.shared:
            with self._database.read() as txn:
                if (txn.get(_CHANGES) or b"") != self._changes:
                    self._load(txn)

    # --- finding ----------------------------------------------------------------------------------------------------

    def get(self, uuid: str) -> EventSourceMapping | None:
        """Return a mapping by its id, whosever it is."""
        self._refresh()
        return self._settled(uuid)

    def of(self, tenant: Tenant) -> list[EventSourceMapping]:
        """Return the mappings of an access key and region in the order of their ids."""
        self._refresh()
        found = (self._settled(uuid) for uuid in sorted(self._mappings))
        return [mapping for mapping in found if mapping is not None and mapping.tenant == tenant]

    def delivering(self) -> Iterator[EventSourceMapping]:
        """Walk the mappings whose functions are to be invoked."""
        self._refresh()
        has_passed = self._database.catalog.has_passed
        for mapping in tuple(self._mappings.values()):
            if mapping.enabled and mapping.status != DELETING and has_passed(mapping.until):
                yield mapping

    def changing(self, mapping: EventSourceMapping) -> bool:
        """Say whether a mapping is on its way to another state."""
        return not self._database.catalog.has_passed(mapping.until)

    def state(self, mapping: EventSourceMapping) -> str:
        """Return the state in which a mapping is."""
        return mapping.status if self.changing(mapping) else mapping.steady

    def _settled(self, uuid: str) -> EventSourceMapping | None:
        """Return a mapping, None where it was deleted and that is over by now."""
        mapping = self._mappings.get(uuid)
        if mapping is not None and mapping.status == DELETING and not self.changing(mapping):
            self._remove(mapping)
            return None
        return mapping

    # --- changing ---------------------------------------------------------------------------------------------------

    def save(self, mapping: EventSourceMapping, positions: Mapping[int, int] | None = None) -> None:
        """Store a new or changed mapping and, for a new one, where it begins in each shard."""
        with self._database.write() as txn:
            txn.urgent = True
            self._put(txn, mapping)
            for shard, position in (positions or {}).items():
                txn.put(keyspace.checkpoint(mapping.consumer, shard), u64(position))
        self._mappings[mapping.uuid] = mapping

    def delete(self, mapping: EventSourceMapping, until: float) -> EventSourceMapping:
        """Begin to delete a mapping, which is over at a time; return it as it is until then."""
        deleting = replace(mapping, status=DELETING, until=until)
        if self.changing(deleting):
            self.save(deleting)
        else:
            self._remove(mapping)
        return deleting

    def _put(self, txn: WriteTxn, mapping: EventSourceMapping) -> None:
        self._count(txn)
        txn.put(keyspace.mapping(*mapping.tenant, mapping.uuid), mapping.dump())

    def _remove(self, mapping: EventSourceMapping) -> None:
        prefix = keyspace.checkpoints(mapping.consumer)
        with self._database.write() as txn:
            txn.urgent = True
            self._count(txn)
            txn.delete(keyspace.mapping(*mapping.tenant, mapping.uuid))
            txn.drop_range(prefix, prefix_end(prefix), _ALL)
        self._mappings.pop(mapping.uuid, None)

    def _count(self, txn: WriteTxn) -> None:
        """Count a change. This process goes on with what it holds, unless others have made changes in between."""
        before = txn.get(_CHANGES) or b""
        after = u64(int.from_bytes(before, "big") + 1)
        txn.put(_CHANGES, after)
        if before == self._changes:
            self._changes = after

    # --- what delivery tells ----------------------------------------------------------------------------------------

    def tell_result(self, uuid: str, result: str) -> None:
        """Note how the latest processing went; a problem is told in the log too, when it is new."""
        held = self._mappings.get(uuid)
        if held is None or held.result == result:
            return
        with self._database.write() as txn:
            txn.urgent = True
            stored = txn.get(keyspace.mapping(*held.tenant, uuid))
            if stored is None:
                return
            mapping = replace(self._loaded(stored), result=result)
            self._put(txn, mapping)
        self._mappings[uuid] = mapping
        if result.startswith("PROBLEM"):
            log.warning("event source mapping %s to %s: %s", uuid, printable(mapping.function_name), printable(result))

    def checkpoints(self, mapping: EventSourceMapping) -> dict[int, int]:
        """Return the number of the next record to read by shard, for the shards that have one stored."""
        prefix = keyspace.checkpoints(mapping.consumer)
        with self._database.read() as txn:
            stored = list(txn.scan(prefix, prefix_end(prefix)))
        return {int.from_bytes(key[-4:], "big"): int.from_bytes(value, "big") for key, value in stored}

    def checkpoint(self, mapping: EventSourceMapping, positions: Mapping[int, int], gone: Collection[int]) -> None:
        """Store how far a mapping has come in some shards, and forget shards that are gone; nothing if it is deleted."""
        with self._database.write() as txn:
            txn.urgent = True
            if txn.get(keyspace.mapping(*mapping.tenant, mapping.uuid)) is None:
                return
            for shard, position in positions.items():
                txn.put(keyspace.checkpoint(mapping.consumer, shard), u64(position))
            for shard in gone:
                txn.delete(keyspace.checkpoint(mapping.consumer, shard))
