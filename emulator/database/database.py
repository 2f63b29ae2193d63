"""The database: tables on top of a storage engine, and the clock by which they live."""

import logging
from typing import Final

from emulator import errors
from emulator.clock import Background, Clock, Scheduler
from emulator.database import backfill
from emulator.database.catalog import Caller, Catalog, Options, require
from emulator.database.enforcement import Enforcer
from emulator.database.schema import Table
from emulator.database.streams import TURN_SECONDS
from storage import Engine, Full, StorageError

log = logging.getLogger("emulator")

_DEFAULTS: Final = Options()


class Database:
    """What every operation gets: the catalog, transactions and background work. Synchronous, owned by one thread."""

    def __init__(self, engine: Engine, clock: Clock, options: Options = _DEFAULTS) -> None:
        self.engine = engine
        self.clock = clock
        self.background = Background(wait=Full)
        self.scheduler = Scheduler(clock)
        self.enforcer = Enforcer(clock, throttle_all=options.throttle)
        self.catalog = Catalog(engine, clock, self.background, self.enforcer, options)
        self.read = engine.read
        self.write = engine.write
        self.catalog.settle_all()
        backfill.resume_all(self)
        self.streams = self.catalog.streams
        self.scheduler.every(TURN_SECONDS, self.streams.turn)

    def table(self, caller: Caller, name: str) -> Table:
        """Return a table for the data plane. Raises ResourceNotFoundException without detail (reference 3.1)."""
        table = caller.tables.get(name)
        if table is None or table.transient:
            return require(self.catalog.find(caller, name))
        return table

    def described(self, caller: Caller, name: str) -> Table:
        """Return a table for the control plane, whatever its status. Raises its form of ResourceNotFoundException."""
        table = self.catalog.find(caller, name)
        if table is None:
            raise errors.table_not_found(name)
        return table

    def sync(self) -> None:
        """Make every commit so far survive a power cut; a disk that refuses is worth a warning, not the end."""
        try:
            self.engine.sync()
        except StorageError as error:
            log.warning("what was stored since the last sync would not survive a power cut: %s", error)

    def close(self) -> None:
        """Release the engine; unfinished background work goes on when the folder is opened again."""
        self.engine.close()
