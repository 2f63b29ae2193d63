"""Ending statuses and putting pending changes into force, each at a stored time.

Nothing happens at that time by itself. The first request for the table afterwards *settles* the
table: it stores the new status, puts pending changes into force, and removes a table that is
DELETING.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from emulator.clock import Clock
from emulator.database.catalog.tables import TableRegistry
from emulator.database.definitions.tables import (
    ACTIVE,
    CREATING,
    DELETING,
    IndexDefinition,
    TableDefinition,
    in_force,
)
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.deletions import Deletions
from storage import Full

TRANSIENT_SECONDS: Final = 3.0  # how long CREATING lasts with delay_transient_statuses


class Settling:
    """Ends statuses and puts pending changes into force. delay: seconds that a status lasts."""

    def __init__(self, tables: TableRegistry, deletions: Deletions, clock: Clock, delay: float) -> None:
        self._tables = tables
        self._deletions = deletions
        self._clock = clock
        self._delay = delay

    def until(self) -> float:
        """Return the time at which a status entered now ends."""
        return self._clock.now() + self._delay

    def has_passed(self, until: float) -> bool:
        """Say whether a status that ends at the time `until` has ended.

        The status has also ended if the clock was set back to before the status began.
        """
        now = self._clock.now()
        return not now < until <= now + self._delay

    def overdue(self, table: Table) -> bool:
        """Say whether CREATING or DELETING lasts too long: the disk is too full to end it."""
        definition = table.definition
        if definition.filling is not None:
            return False
        return definition.status in (CREATING, DELETING) and self.has_passed(definition.until)

    def settle_all(self) -> None:
        """Settle all tables. A table whose deletion an earlier process began is removed now."""
        for table in list(self._tables.everything()):
            self.settle(table)

    def settle(self, table: Table) -> Table | None:
        """End the statuses whose time has come; return the settled table, None if it is gone.

        This writes. On a full disk the old status stays until there is room (`overdue`).
        """
        if not table.transient:
            return table
        try:
            return self._settle(table)
        except Full:
            return table

    def _settle(self, table: Table) -> Table | None:
        definition = table.definition
        if definition.status == DELETING and self.has_passed(definition.until):
            with self._tables.changing(urgent=True) as change:
                self._tables.remove(change, table)
            return None
        complete = self.has_passed(definition.until) and definition.filling is None
        settled = replace(
            in_force(definition, self.has_passed),
            status=ACTIVE if complete else definition.status,
            indexes=tuple(self._settled(definition.indexes)),
        )
        if settled == definition:
            return table
        kept = {index.id for index in settled.indexes}
        gone = [index for index in definition.indexes if index.id not in kept]
        return self._without_indexes(table, settled, gone) if gone else self._tables.change(settled)

    def _settled(self, indexes: Iterable[IndexDefinition]) -> Iterator[IndexDefinition]:
        for index in indexes:
            has_passed = self.has_passed(index.until)
            if index.status == DELETING and has_passed:
                continue
            settled = in_force(index, self.has_passed)
            yield replace(settled, status=ACTIVE) if has_passed and index.filled_to is None else settled

    def _without_indexes(self, table: Table, settled: TableDefinition, gone: list[IndexDefinition]) -> Table:
        """Save a definition that lost indexes.

        The statistics of these indexes, and the attribute definitions that only they needed, are
        deleted now. The entries are deleted in the background.
        """
        keep = {index.id for index in settled.indexes}
        used = {settled.hash, settled.range}.union(*(index.hash + index.range for index in settled.indexes))
        settled = replace(settled, types={name: kind for name, kind in settled.types.items() if name in used})
        with self._tables.changing(urgent=True) as change:
            txn = change.txn
            stored = txn.get(table.statistics_key)
            if stored is not None:
                pairs = [stored[at : at + 16] for at in range(0, len(stored), 16)]
                positions = [0, *(i for i, x in enumerate(table.definition.indexes, start=1) if x.id in keep)]
                txn.put(table.statistics_key, b"".join(pairs[i] if i < len(pairs) else bytes(16) for i in positions))
            for index in gone:
                self._deletions.begin(txn, keyspace.entries(index.id))
            settled = self._tables.save(change, settled)
        return self._tables.published(settled)
