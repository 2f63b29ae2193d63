"""The database: tables on top of a storage engine, and the clock by which they live."""

import logging
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from emulator import errors
from emulator.clock import Background, Clock, Scheduler
from emulator.database.catalog.catalog import Caller, Catalog, Options, require
from emulator.database.catalog.enforcer import Enforcer
from emulator.database.changes.streams import TURN_SECONDS
from emulator.database.definitions import kinesis
from emulator.database.schema.table import Table
from emulator.database.store.versions import SharedEngine, Versions
from emulator.log_limits import once_a_minute
from emulator.shared_memory import SharedMemory
from storage import Engine, Full, Interrupted, Lost, StorageError
from storage.host import group_commit_of, upkeep_of

log = logging.getLogger("emulator")

_DEFAULTS: Final = Options()
_ATTEMPTS: Final = 20  # at a request that other processes keep from running, before it fails

_T = TypeVar("_T")


def report_full(error: Full) -> None:
    """Log that a write was refused for want of room, once a minute."""
    if once_a_minute.allows("disk full"):
        log.error("writes are refused because the disk is full: %s", error)


def _no_disk() -> int:
    """Return the free bytes of a store without a disk, as a figure that never changes."""
    return 0


class Database:
    """What every operation gets: the catalog, transactions and background work. Synchronous, owned by one thread.

    sharing: what is shared with other processes that use the same folder; None if there are none.
    jobs: the kinds of long work that an earlier start may have left unfinished.
    group_commit, upkeep: what the engine offers its host (storage/host.py), or None.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        options: Options = _DEFAULTS,
        sharing: SharedMemory | None = None,
        jobs: Iterable["Job"] = (),
    ) -> None:
        self._jobs = tuple(jobs)
        self.group_commit = group_commit_of(engine)
        self.upkeep = upkeep_of(engine)
        self.versions = Versions(sharing, self.group_commit)
        if sharing is not None:
            engine = SharedEngine(engine, self.versions)
        self.engine = engine
        self.clock = clock
        room = _no_disk if self.upkeep is None else self.upkeep.free_bytes
        self.background = Background(wait=(Interrupted,), full=(Full,), room=room)
        self.scheduler = Scheduler(clock)
        self.enforcer = Enforcer(clock, throttle_all=options.throttle)
        self.catalog = Catalog(engine, clock, self.background, self.enforcer, options, self.versions)
        self.read = engine.read
        self.read_committed = engine.read if self.group_commit is None else self.group_commit.read_committed
        self.write = engine.write
        self.streams = self.catalog.streams
        self.kinesis = options.kinesis
        self.sliced = False  # whoever calls operations can wait for an answer in slices: they may raise Sliced
        self.owner = sharing is None or sharing.owner
        if self.owner:
            self._take_over()
        self._resume()

    def _resume(self) -> None:
        """Go on with the work that was left unfinished: by an earlier start, a process that died, or a lost commit.

        What several processes go on with they do in turns, slice by slice; what is done already is passed over.
        """
        self.catalog.drops.resume()
        for resume in self._jobs:
            resume(self)

    def _take_over(self) -> None:
        """End what the clock has ended, and see to what it will bring: one process does that for all."""
        self.rerun(self.catalog.settle_all)
        if not self.kinesis:
            kinesis.log_unconnected(table.definition for table in self.catalog.everything())
        self.scheduler.every(TURN_SECONDS, self.streams.turn)

    def refresh(self) -> None:
        """Take over what other processes have changed about tables and streams."""
        self.catalog.reload()

    def recover(self) -> None:
        """Go back to what is stored, after a commit that failed or was lost. Raises StorageError."""
        self.refresh()
        self._resume()

    def rerun(self, work: Callable[[], _T]) -> _T:
        """Return what work() returns; run it again, on the newest definitions, where it was interrupted.

        What is interrupted has changed nothing. Raises Interrupted after many attempts, and Lost.
        """
        for _ in range(_ATTEMPTS):
            try:
                return work()
            except Lost:  # it would be again, until the commit has told
                raise
            except Interrupted:
                self.refresh()
        return work()

    def table(self, caller: Caller, name: str) -> Table:
        """Return a table for the data plane. Raises ResourceNotFoundException without detail (behaviour 3.1), Full.

        An ARN that names no table of the caller's own raises its error (behaviour 3.4).
        """
        table = caller.tables.get(name)
        if table is None or table.transient:
            table = self.catalog.find(caller, name, data_plane=True)
            if table is not None and self.catalog.overdue(table):
                raise Full(f"No room is left on the disk for the status of table {name}.")
            return require(table)
        return table

    def described(self, caller: Caller, name: str) -> Table:
        """Return a table for the control plane, whatever its status. Raises its form of the same errors."""
        table = self.catalog.find(caller, name)
        if table is None:
            raise errors.table_not_found(name)
        return table

    @property
    def pending(self) -> bool:
        """Whether there are writes that `commit` has yet to make certain."""
        return self.group_commit is not None and self.group_commit.pending

    def commit(self) -> None:
        """Commit pending writes; then notify other processes of changed definitions.

        Raises as GroupCommit.commit does.
        """
        if self.group_commit is not None:
            self.group_commit.commit()
            self.versions.committed()

    def sync(self) -> None:
        """Make every commit so far survive a power cut. If the disk refuses, log a warning."""
        if self.upkeep is None:
            return
        try:
            self.upkeep.sync()
        except StorageError as error:
            log.warning("what was stored since the last sync would not survive a power cut: %s", error)

    def close(self) -> None:
        """Release the engine; unfinished background work goes on when the folder is opened again."""
        self.engine.close()


Job = Callable[[Database], None]
"""Queues what an earlier start has left unfinished of one kind of long work (`jobs/`)."""
