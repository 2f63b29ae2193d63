"""The emulator without HTTP: an engine, a clock, a database and the operations on it."""

from contextlib import suppress

import orjson

from emulator import errors, operations
from emulator.clock import EmulatorClock
from emulator.database import declarations
from emulator.database.catalog import Caller, Options
from emulator.database.database import Database
from emulator.model.service import operations as service_operations
from emulator.operations.registry import registered
from emulator.settings import Settings
from storage import Full, open_engine

assert operations, "importing the package registers the operations"


class Emulator:
    """One emulator; one thread owns it.

    Raises StorageError when its folder cannot be opened, BadDeclaration when settings.ongoing_transaction is none.
    """

    def __init__(self, settings: Settings, clock: EmulatorClock | None = None) -> None:
        path = None if settings.in_memory else settings.data_dir
        options = {} if path is None else {"durable": settings.durable}
        self.settings = settings
        self.clock = clock or EmulatorClock()
        self.database = Database(
            open_engine(path, **options),
            self.clock,
            Options(
                shared=settings.shared_db,
                delay=settings.delay_transient_statuses,
                throttle=settings.enforce_throughput,
                collection_limit=settings.item_collection_limit,
                stream_shards=settings.stream_shards,
            ),
        )
        for declaration in _declarations(settings.ongoing_transaction):
            declarations.transaction(self.database, declaration)
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

    def tick(self) -> bool:
        """Do what has become due by the clock, and a slice of long work; say whether a slice ran.

        Whoever serves calls this often while no request does. A full disk is no reason to stop: the job runs again later.
        """
        with suppress(Full):
            self.database.scheduler.run_due()
        return self._background.run_slice()

    def close(self) -> None:
        """Sync and release the storage."""
        self.database.close()


def _declarations(text: str) -> list[declarations.Body]:
    """Return the JSON objects of a setting that holds one or a list of them."""
    if not text:
        return []
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise declarations.BadDeclaration("it is no JSON") from None
    found = parsed if isinstance(parsed, list) else [parsed]
    return [each if isinstance(each, dict) else {} for each in found]
