"""The database: one object with the tables, the storage engine, the clock and the background work.

Code outside this package calls the database through one of its entrances (entrances.py).
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from emulator import errors
from emulator.clock import Background, Clock, Scheduler
from emulator.database.catalog.catalog import Caller, Catalog, Options, require
from emulator.database.catalog.enforcer import Enforcer
from emulator.database.changes.streams import ROLL_OVER_SECONDS
from emulator.database.definitions import kinesis
from emulator.database.definitions.tables import TableDefinition
from emulator.database.entrances import Entrances
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.access import EngineAccess
from emulator.database.store.registry import DefinitionChange, Registries
from emulator.database.store.versions import SharedEngine, Versions
from emulator.shared_memory import SharedMemory
from emulator.slices import InThread
from storage import Engine, Full, Interrupted, ReadTxn, StorageError
from storage.host import group_commit_of, numbered_of, upkeep_of

if TYPE_CHECKING:
    from emulator.database.definitions.backups import Backup
    from emulator.database.s3_jobs import S3Jobs
    from emulator.database.vectors.held import HeldVectors
    from emulator.database.views.views import Views

log = logging.getLogger("emulator")

_DEFAULTS: Final = Options()

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class Operation(Protocol[_T_co]):
    """An operation of the service, as `Database.respond` calls it."""

    def run(self, database: "Database", caller: Caller, raw: object) -> _T_co:
        """Return the response to a request. raw: its parsed JSON.

        Raises ApiError, and Sliced if the response is made in slices.
        """
        ...


def _no_disk() -> int:
    """Return the free bytes of a store that uses no disk: always 0."""
    return 0


class Database(Entrances):
    """The catalog, transactions and background work, for every operation.

    One thread owns the database.

    sharing: memory that this process shares with other processes on the same data folder. None if
    this process is the only one.
    jobs: functions, each of which queues the unfinished work of one kind.
    removal: a function that is called before a table with recovery is removed, to make a backup
    (see Removal). None means that no backup is made.
    waits: a function that returns True if a table must wait before its removal (see Waits). None
    means that no table waits.

    group_commit, numbered and upkeep are attributes for three optional services of an engine
    (storage/host.py). An attribute is None if the engine does not offer the service. Otherwise, the
    attribute is the engine itself.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        options: Options = _DEFAULTS,
        sharing: SharedMemory | None = None,
        jobs: Iterable["Job"] = (),
        removal: "Removal | None" = None,
        waits: "Waits | None" = None,
    ) -> None:
        self._jobs = tuple(jobs)
        self._shared = sharing is not None
        self.group_commit = group_commit_of(engine)
        self.upkeep = upkeep_of(engine)
        self.numbered = numbered_of(engine)
        self.versions = Versions(sharing, self.group_commit)
        if sharing is not None:
            engine = SharedEngine(engine, self.versions)
        self.engine = engine
        self.clock = clock
        room = _no_disk if self.upkeep is None else self.upkeep.free_bytes
        self.background = Background(wait=(Interrupted,), full=(Full,), room=room)
        self.scheduler = Scheduler(clock)
        self.enforcer = Enforcer(clock, throttle_all=options.throttle, metered=options.metered)
        self.access = EngineAccess(engine, self._adopt_write)
        self.registries = Registries(self.access, self.versions)
        self.catalog = Catalog(
            self.access, clock, self.background, self.enforcer, options, self.versions, self.registries
        )
        self.backups = self.registries.add(keyspace.backups(), partial(_load_backup, options.account))
        if removal is not None:
            self.catalog.settling.removal = partial(removal, self)
        if waits is not None:
            self.catalog.settling.must_wait = partial(waits, self)
        self._views: Views | None = None
        self._s3_jobs: S3Jobs | None = None
        self._held_vectors: HeldVectors | None = None
        self.registries.on_reload(self._notice_views)
        self.registries.on_reload(self._notice_s3_jobs)
        self.read = engine.read
        self.read_committed = engine.read if self.group_commit is None else self.group_commit.read_committed
        self.write = self.access.write
        self.streams = self.catalog.streams
        self.histories = self.catalog.histories
        self.kinesis = options.kinesis
        self.backfills: dict[int, tuple[float, float]] = {}
        """Id of an index -> (time, items), for each index filled at a pace (jobs/pacing.py).

        A walk visits the table's items to fill the index. time: when `items` last grew, or was set
        to 0, in seconds since the epoch. items: the number of items that the walk may visit without
        exceeding the pace at that time. Each visited item is subtracted.
        """
        # `call_scaling` runs an operation of Application Auto Scaling; app.py sets it
        self.call_scaling: ScalingCall = _no_scaling
        self.sliced = False
        self.in_thread: InThread | None = None
        self.refresh()
        self.owner = sharing is None or sharing.owner
        if self.owner:
            self._take_over()
        self._resume()

    def _adopt_write(self) -> None:
        """Set `self.write` to the current function that opens a write transaction of the engine.

        A copy of the function in this object saves each caller an attribute lookup.
        """
        self.write = self.access.write

    @property
    def views(self) -> "Views":
        """The frozen views. Most servers have no views, so the first use imports their code.

        The first use also reloads definitions, so it must not be inside a transaction.
        """
        if self._views is None:
            self._views = self._load_views()
            self.refresh()
        return self._views

    def _notice_views(self, txn: ReadTxn) -> None:
        """Import the code of views if the store has views. Then the registries load the views."""
        if self._views is None and txn.page(*keyspace.views(), 1)[0]:
            self._views = self._load_views()

    def _load_views(self) -> "Views":
        from emulator.database.views.views import Views  # noqa: PLC0415 - start-up time

        return Views(self.access, self.registries, self.versions, self.catalog.deletions, self.background)

    @property
    def held_vectors(self) -> "HeldVectors":
        """The vector indexes in memory. The first use imports NumPy."""
        if self._held_vectors is None:
            from emulator.database.vectors.held import HeldVectors  # noqa: PLC0415 - an extra

            self._held_vectors = HeldVectors()
        return self._held_vectors

    def drop_vectors(self) -> None:
        """Drop deleted vector indexes from memory, and those that no search has used lately."""
        held = self._held_vectors
        if held is not None and len(held):
            held.drop_idle()
            tables = self.catalog.everything()
            held.drop_others({(index.id, index.restored) for table in tables for index in table.definition.vectors})

    @property
    def s3_jobs(self) -> "S3Jobs":
        """The exports, imports and bulk operations. The first use imports their code.

        The first use also reloads definitions, so it must not be inside a transaction.
        """
        if self._s3_jobs is None:
            self._s3_jobs = self._load_s3_jobs()
            self.refresh()
        return self._s3_jobs

    @property
    def known_s3_jobs(self) -> "S3Jobs | None":
        """The exports, imports and bulk operations. None if the store has no such jobs."""
        return self._s3_jobs

    def _notice_s3_jobs(self, txn: ReadTxn) -> None:
        if self._s3_jobs is None and txn.page(*keyspace.s3_jobs(), 1)[0]:
            self._s3_jobs = self._load_s3_jobs()

    def _load_s3_jobs(self) -> "S3Jobs":
        from emulator.database.s3_jobs import S3Jobs  # noqa: PLC0415 - start-up time

        return S3Jobs(self.registries, self.catalog.account)

    def _resume(self) -> None:
        """Queue unfinished background work, after a start, a lost commit or the end of a process.

        Several processes may queue the same work. Then each process does some of its slices.
        """
        self.catalog.deletions.resume()
        if self._views is not None:
            self._views.resume()
        for resume in self._jobs:
            resume(self)

    def _take_over(self) -> None:
        """End the statuses that are due to end, and schedule the work that runs at intervals.

        Only the owner process calls this.
        """
        self.rerun(self.catalog.settle_all)
        self.rerun(self.catalog.apply_lags)
        if not self.kinesis:
            kinesis.log_unconnected(table.definition for table in self.catalog.everything())
        self.scheduler.every(ROLL_OVER_SECONDS, self.streams.begin_roll_over)
        self.scheduler.every(ROLL_OVER_SECONDS, self.histories.begin_trimming)

    def recover(self) -> None:
        """Reload everything from the store after a commit failed or was lost.

        Raises StorageError if the store cannot be read.
        """
        self.refresh()
        self._resume()

    def respond(self, operation: "Operation[_T]", caller: Caller, raw: object) -> _T:
        """Return the response of an operation to a request. raw: the request's parsed JSON.

        Raises Sliced if the response is made in slices, and the errors of `Entrances.run`. This
        method does the same as `Entrances.run`, but does not call it: `Entrances.run` needs a
        function as argument, and making one for each request would make a GetItem 1 % slower.
        """
        try:
            if self._shared and self.versions.is_stale():
                self.refresh()
            return operation.run(self, caller, raw)
        except (Full, Interrupted) as error:
            return self._run_failed(error, partial(operation.run, self, caller, raw))

    # --- tables -----------------------------------------------------------------------------------

    def table(self, caller: Caller, name: str) -> Table:
        """Return a table for an operation on items.

        The call settles the table, which may write to the store. Raises a
        ResourceNotFoundException whose text does not name the table (behaviour 3.1), the errors of
        wrong ARNs (behaviour 3.4), and Full if the table's status should have ended, but the disk
        has no room to store the new status.
        """
        table = caller.tables.get(name)
        if table is None or table.transient:
            table = self.catalog.find(caller, name, data_plane=True)
            if table is not None and self.catalog.overdue(table):
                raise Full(f"No room is left on the disk to change the status of table {name}.")
            return require(table)
        return table

    def described(self, caller: Caller, name: str, *, restoring: bool = False) -> Table:
        """Return a table in any status, for an operation on tables.

        The call settles the table, which may write to the store.

        restoring: True to find also a table that is being restored. For most operations, such a
        table does not exist (control-plane 0.3).

        Raises the errors of a missing table and of wrong ARNs, with the texts of the control plane.
        """
        table = self.catalog.find(caller, name)
        if table is None or (table.definition.is_restored and not restoring):
            raise errors.table_not_found(name)
        return table

    @property
    def pending(self) -> bool:
        """True if there are writes that wait for `commit`."""
        return self.group_commit is not None and self.group_commit.pending

    def commit(self) -> None:
        """Commit pending writes, then notify other processes of changed definitions.

        Raises a StorageError, such as Interrupted, Lost or Full, if the commit fails.
        """
        if self.group_commit is not None:
            self.group_commit.commit()
            self.versions.committed()

    def sync(self) -> None:
        """Sync all earlier commits, so that they survive a power cut.

        If the disk fails, log a warning.
        """
        if self.upkeep is None:
            return
        try:
            self.upkeep.sync()
        except StorageError as error:
            log.warning(
                "the store could not be synced, so a power cut would lose the writes since the last sync: %s", error
            )

    def close(self) -> None:
        """Close the engine. The next start of a server continues unfinished background work."""
        self.engine.close()


def _load_backup(account: str, stored: bytes) -> "Backup":
    """Load a stored Backup. Most servers have no backup, so the first use imports the class."""
    from emulator.database.definitions.backups import Backup  # noqa: PLC0415 - start-up time

    return Backup.load(stored, account)


ScalingCall = Callable[[str, object, Caller], Mapping[str, Any]]
"""A function that answers an operation of Application Auto Scaling.

It gets the name of the operation, the request and the caller. It raises ApiError.
"""


def _no_scaling(operation: str, _request: object, _caller: Caller) -> Mapping[str, Any]:
    raise AssertionError(f"`call_scaling` must be set before a call of {operation}")


Job = Callable[[Database], None]
"""A function that queues the unfinished work of one kind (`jobs/`)."""

Removal = Callable[[Database, TableDefinition], Callable[[DefinitionChange], None]]
"""A function that is called before a table with recovery is removed.

It returns another function, which is called in the transaction that removes the table.
"""

Waits = Callable[[Database, TableDefinition], bool]
"""A function that returns True while a table of a group must still replicate writes.

The table is removed only after the function has returned False.
"""
