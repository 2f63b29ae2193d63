"""Opens, closes and trims the histories of all tables.

Each time recovery is enabled for a table, a new history begins. A history is deleted when it is
closed and no stream record refers to it. Background work deletes a history's records that are older
than its retention, in slices. This work may be late. So readers ignore records from before the
recovery window.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from emulator.clock import Background, Clock, Moment, microseconds
from emulator.database.definitions.streams import RETENTION
from emulator.database.definitions.tables import DAY, TableDefinition
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.store import keyspace
from emulator.database.store.deletions import Deletions
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange, Registries
from emulator.limits import MIB
from storage import Engine, ReadTxn
from storage.keycode import prefix_end

if TYPE_CHECKING:
    from emulator.database.changes.history import History
    from emulator.database.definitions.histories import HistoryDefinition

SLICE: Final = 500
"""The maximum number of records that one slice deletes.

The store has two keys for each record (history.py), and the slice deletes both.

Such a slice takes 4 ms.
"""

SIZE: Final = 4 * MIB
"""A slice ends when the records that it has deleted have this size in bytes together."""


class NeededImages(NamedTuple):
    """Which images of an item the records of a table's streams have.

    old: True if the records have the item before the change. new: True if they have the item after
    the change.
    """

    old: bool
    new: bool


class Histories:
    """All histories in the store of an engine.

    shared: True if all callers are one tenant.
    moment: the clock that gives each change its time. alone: True if no other process writes to the
    store.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        background: Background,
        deletions: Deletions,
        registries: Registries,
        *,
        shared: bool,
    ) -> None:
        self._shared = shared
        self._engine = engine
        self._clock = clock
        self._background = background
        self._deletions = deletions
        self._registries = registries
        self.alone = not registries.shared
        self.moment = Moment(clock)
        self._registry = registries.add(keyspace.histories(), _load, self._publish, self._forget)
        self._logs: dict[int, History] = {}
        # The id of a history -> the time at which to delete the history or its old records.
        # The time is inf while this deletion is queued or running.
        self._due: dict[int, float] = {}

    # --- finding ----------------------------------------------------------------------------------

    def get(self, number: int) -> "HistoryDefinition | None":
        """Return the open or closed history with this id, None if there is none."""
        return self._registry.get(keyspace.history(number))

    def log(self, number: int | None) -> "History | None":
        """Return the History object that writes the records of the history with this id.

        Return None if the history is closed or does not exist.
        """
        return None if number is None else self._logs.get(number)

    def owned(self, owns: Callable[[Tenant], bool]) -> "Iterator[HistoryDefinition]":
        """Yield the open and closed histories of the tenants for which `owns` returns True."""
        return (each for each in self._registry if owns((each.access_key, each.region)))

    # --- changing ---------------------------------------------------------------------------------

    def open(self, change: DefinitionChange, table: TableDefinition, days: int, images: NeededImages) -> int:
        """Store a new history of a table. Return the history's id.

        days: for how many days the history keeps records. images: the images that records of the
        table's streams need; the history's records keep them.
        """
        from emulator.database.definitions.histories import HistoryDefinition  # noqa: PLC0415 - few tables have one

        number = next_id(change.txn)
        tenant = SHARED if self._shared else (table.access_key, table.region)
        self._save(
            change,
            HistoryDefinition(number, *tenant, table.name, days * DAY, referred=any(images), both=images.new),
        )
        return number

    def adjust(self, change: DefinitionChange, number: int, days: int, images: NeededImages) -> None:
        """Change the retention of an open history, and the images that its records keep.

        days: for how many days the history keeps records. images: the images that the table's
        streams need.
        """
        history = self._known(number)
        referred = history.referred or any(images)
        changed = replace(history, retention=days * DAY, referred=referred, both=images.new)
        if changed != history:
            self._save(change, changed)

    def close(self, change: DefinitionChange, number: int) -> None:
        """Close a history. It is deleted once no stream record refers to it."""
        history = self._known(number)
        now = self._clock.now()
        closed = replace(history, retention=RETENTION, closed=now)
        if closed.gone(now):
            self._remove(change, number)
        else:
            self._save(change, closed)

    def _known(self, number: int) -> "HistoryDefinition":
        history = self.get(number)
        assert history is not None, "a history in use must have a definition"
        return history

    def _save(self, change: DefinitionChange, history: "HistoryDefinition") -> None:
        self._registry.save(change, keyspace.history(history.id), history)

    def _remove(self, change: DefinitionChange, number: int) -> None:
        self._registry.remove(change, keyspace.history(number))
        self._deletions.begin(change.txn, keyspace.history_records(number))
        self._deletions.begin(change.txn, keyspace.history_pointers(number))

    def _publish(self, _key: bytes, history: "HistoryDefinition") -> None:
        number = history.id
        self._due[number] = 0.0  # due now; the trimming then sets the next time
        if history.closed is not None:
            self._logs.pop(number, None)
        elif number in self._logs:
            self._logs[number].adopt(history)
        else:
            from emulator.database.changes.history import History  # noqa: PLC0415 - few tables have a history

            self._logs[number] = History(history, self.moment, alone=self.alone)

    def _forget(self, _key: bytes, history: "HistoryDefinition") -> None:
        self._logs.pop(history.id, None)
        self._due.pop(history.id, None)

    # --- what is due by the clock -----------------------------------------------------------------

    def begin_trimming(self) -> None:
        """Queue the work on histories that is due.

        The work deletes old records, and closed histories that nothing needs.
        """
        now = self._clock.now()
        for number in [number for number, due in self._due.items() if due <= now]:
            self._due[number] = inf
            self._background.add(("history", number), partial(self._trim_slice, number))

    def _trim_slice(self, number: int) -> bool:
        """Delete one slice of a history's old records, or a whole history that nothing needs.

        Return True if old records may remain.
        """
        from emulator.database.changes.history import micros_of, position  # noqa: PLC0415 - as above
        from emulator.database.definitions.histories import SLACK  # noqa: PLC0415

        history = self.get(number)
        if history is None:
            return False
        now = self._clock.now()
        if history.gone(now):
            with self._registries.changing(urgent=True) as change:
                self._remove(change, number)
            return False
        records, keys = keyspace.history_records(number), keyspace.history_pointers(number)
        bound = records + position(microseconds(max(0.0, now - history.retention - SLACK)) + 1)
        with self._engine.write() as txn:
            txn.urgent = True
            old, more = _oldest(txn, records, bound)
            for key, item in old:
                txn.delete(keys + keyspace.history_item(item) + key[keyspace.ITEM_PREFIX :])
                txn.delete(key)
            if more:
                return True
            first = next(txn.scan(bound, prefix_end(records)), None)
        oldest = now if first is None else micros_of(first[0][keyspace.ITEM_PREFIX :]) / 1_000_000
        due = oldest + history.retention + SLACK
        self._due[number] = due if history.closed is None else min(due, history.closed + RETENTION + SLACK)
        return False


def _oldest(txn: ReadTxn, start: bytes, stop: bytes) -> tuple[list[tuple[bytes, bytes]], bool]:
    """Return the first records in a range of storage keys, and True if more records may follow.

    Each record is returned as a pair: its storage key, and the key of the item that has changed.
    """
    from emulator.database.changes.history import item_of  # noqa: PLC0415 - few tables have a history

    found: list[tuple[bytes, bytes]] = []
    size = 0
    for key, stored in txn.scan(start, stop):
        found.append((key, item_of(stored)))
        size += len(stored)
        if len(found) == SLICE or size >= SIZE:
            return found, True
    return found, False


def _load(stored: bytes) -> "HistoryDefinition":
    """Load a stored HistoryDefinition. Import its class at the first use: few servers need it."""
    from emulator.database.definitions.histories import HistoryDefinition  # noqa: PLC0415 - start-up time

    return HistoryDefinition.load(stored)
