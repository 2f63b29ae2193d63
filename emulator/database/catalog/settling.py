"""Settling: ends statuses and puts pending changes into force.

The definition of a table says when a status or a pending change is due. Nothing runs at this time.
The first later request for the table *settles* the table: it stores the new status, puts pending
changes into force, and removes the table if its status is DELETING.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

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
from emulator.database.store.deletions import Deletions
from emulator.database.store.registry import DefinitionChange
from storage import Full

if TYPE_CHECKING:
    from emulator.database.definitions.vectors import VectorDefinition

# how many seconds a status such as CREATING lasts with the setting delay_transient_statuses
TRANSIENT_SECONDS: Final = 3.0


def _never(_definition: TableDefinition) -> bool:
    return False


class Settling:
    """Ends statuses of tables, and puts pending changes of their settings into force.

    delay: how many seconds a status such as CREATING lasts.
    removal: a function that prepares the removal of a table with recovery. It is called before the
    transaction that removes the table, and returns a function to call in this transaction.
    """

    def __init__(self, tables: TableRegistry, deletions: Deletions, clock: Clock, delay: float) -> None:
        self._tables = tables
        self._deletions = deletions
        self._clock = clock
        self._delay = delay
        self.removal: Callable[[TableDefinition], Callable[[DefinitionChange], None]] | None = None

        self.must_wait: Callable[[TableDefinition], bool] = _never
        """Returns True while a table has writes that the other tables of its group must still get.

        The table is removed only after these writes.
        """

    def until(self, begin: float | None = None) -> float:
        """Return the time at which a status such as CREATING ends, in seconds since the epoch.

        begin: the time at which the status begins. None means now.
        """
        return (self._clock.now() if begin is None else begin) + self._delay

    def has_passed(self, until: float) -> bool:
        """Return True if a status that ends at the time `until` has ended.

        A status has also ended if a test has set the clock back to before the status began.
        Otherwise the status might last for years.
        """
        now = self._clock.now()
        return not now < until <= now + self._delay

    def overdue(self, table: Table) -> bool:
        """Return True if a table is still CREATING or DELETING only because the disk is full."""
        definition = table.definition
        if definition.filling is not None or self._is_held(definition):
            return False
        return definition.status in (CREATING, DELETING) and self.has_passed(definition.until)

    def settle_all(self) -> None:
        """Settle all tables. This removes tables whose deletion began before a restart."""
        for table in list(self._tables.everything()):
            self.settle(table)

    def settle(self, table: Table) -> Table | None:
        """End each status of a table that is due to end. Return the table, None if it was removed.

        This may write to the store. If the disk is full, the old status stays until there is room
        (see `overdue`).
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
            if self._is_held(definition):
                return table
            self._remove(table)
            return None
        complete = self.has_passed(definition.until) and definition.filling is None and not definition.is_leaving
        settled = replace(
            in_force(definition, self.has_passed),
            status=ACTIVE if complete else definition.status,
            indexes=tuple(self._settled(definition.indexes)),
            vectors=tuple(self._settled_vectors(definition.vectors)),
        )
        if settled == definition:
            return table
        if len(settled.every_index) < len(definition.every_index):
            return self._without_indexes(table, settled)
        return self._tables.change(settled)

    def _is_held(self, definition: TableDefinition) -> bool:
        return definition.status == DELETING and definition.membership is not None and self.must_wait(definition)

    def _remove(self, table: Table) -> None:
        removal = self.removal if table.definition.recovery_days is not None else None
        keep = None if removal is None else removal(table.definition)
        with self._tables.changing(urgent=True) as change:
            if keep is not None:
                keep(change)
            self._tables.remove(change, table)

    def _settled(self, indexes: Iterable[IndexDefinition]) -> Iterator[IndexDefinition]:
        for index in indexes:
            has_passed = self.has_passed(index.until)
            if index.status == DELETING and has_passed:
                continue
            settled = in_force(index, self.has_passed)
            yield replace(settled, status=ACTIVE) if has_passed and index.filled_to is None else settled

    def _settled_vectors(self, indexes: "Iterable[VectorDefinition]") -> "Iterator[VectorDefinition]":
        for index in indexes:
            has_passed = self.has_passed(index.until)
            if index.status != DELETING or not has_passed:
                yield replace(index, status=ACTIVE) if has_passed and index.filled_to is None else index

    def _without_indexes(self, table: Table, settled: TableDefinition) -> Table:
        """Save a definition without the deleted indexes of a table. Return the new `Table`.

        settled: the definition to save.

        The transaction also deletes the statistics of these indexes. A background job deletes their
        entries.
        """
        keep = {index.id for index in settled.indexes}
        used = {settled.hash, settled.range}.union(*(index.hash + index.range for index in settled.indexes))
        used.update(*(index.search_names for index in settled.vectors))
        settled = replace(settled, types={name: kind for name, kind in settled.types.items() if name in used})
        with self._tables.changing(urgent=True) as change:
            txn = change.txn
            stored = txn.get(table.statistics_key)
            if stored is not None:
                pairs = [stored[at : at + 16] for at in range(0, len(stored), 16)]
                positions = [0, *(i for i, x in enumerate(table.definition.indexes, start=1) if x.id in keep)]
                txn.put(table.statistics_key, b"".join(pairs[i] if i < len(pairs) else bytes(16) for i in positions))
            left = settled.data_prefixes()
            for prefix in table.definition.data_prefixes():
                if prefix not in left:
                    self._deletions.begin(txn, prefix)
            settled = self._tables.save(change, settled)
        return self._tables.published(settled)
