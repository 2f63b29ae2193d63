"""The emulator without HTTP: an engine, a clock, a database and the operations on it."""

import orjson

from emulator import errors, operations
from emulator.clock import Clock, SystemClock
from emulator.database.catalog import Caller, Options
from emulator.database.database import Database
from emulator.model.service import operations as service_operations
from emulator.operations.registry import registered
from emulator.settings import Settings
from storage import Full, open_engine

assert operations, "importing the package registers the operations"


class Emulator:
    """One emulator; one thread owns it. Raises StorageError when its folder cannot be opened."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        path = None if settings.in_memory else settings.data_dir
        options = {} if path is None else {"durable": settings.durable}
        self.settings = settings
        self.clock = clock or SystemClock()
        self.database = Database(
            open_engine(path, **options),
            self.clock,
            Options(
                shared=settings.shared_db,
                delay=settings.delay_transient_statuses,
                throttle=settings.enforce_throughput,
                collection_limit=settings.item_collection_limit,
            ),
        )
        self._background = self.database.background
        self._operations = dict(registered())
        self.caller = self.database.catalog.caller

    def knows(self, operation: str) -> bool:
        """Say whether the service has an operation of this name, implemented here or not."""
        return operation in self._operations or operation in service_operations()

    def call(self, operation: str, raw: object, caller: Caller) -> bytes:
        """Answer one request, given as parsed JSON, with JSON. Raises ApiError."""
        background = self._background
        if background:
            background.run_slice()
        found = self._operations.get(operation)
        if found is None:
            raise errors.not_implemented(operation)
        try:
            answer = found(self.database, caller, raw)
        except Full:
            raise errors.storage_full() from None
        return answer if type(answer) is bytes else orjson.dumps(answer)

    def close(self) -> None:
        """Sync and release the storage."""
        self.database.close()
