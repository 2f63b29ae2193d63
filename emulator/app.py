"""The emulator without HTTP: an engine, a clock, a database and the operations."""

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from emulator import beginnings, errors, limits, operations
from emulator.calls import Call, Calls
from emulator.clock import EmulatorClock, Stopwatch
from emulator.controls.body import BadDeclaration, Body
from emulator.database.catalog.catalog import Caller, Options
from emulator.database.changes.streams import ROLL_OVER, ROLL_OVER_SECONDS
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.store import keyspace
from emulator.database.store.loading import refused
from emulator.log_limits import once_a_minute
from emulator.model.service import operations as service_operations
from emulator.operations.registry import Operation, find
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from emulator.slices import Sliced, Steps
from storage import Engine, LayoutMismatch, open_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from emulator.auto_scaling.service import ScalingService
    from emulator.controls.registry import Evidence, RequestLog
    from emulator.database.definitions.streams import StreamDefinition
    from emulator.database.events import Event
    from emulator.event_sources.api import Answer as LambdaAnswer
    from emulator.event_sources.service import FunctionService
    from emulator.faults.faults import Faults

log = logging.getLogger("emulator")

AUTO_SCALING: Final = "AnyScaleFrontendService."
"""The prefix of X-Amz-Target, and of names of operations, for Application Auto Scaling."""

_REPLICATION_SECONDS: Final = 1.0
"""The seconds between two polls of replication.

A write also begins replication immediately, but only in the process that made the write.
"""

_PACE_SECONDS: Final = 0.1  # the interval between two slices of a backfill that a test has slowed down with a pace
_SCALING_SECONDS: Final = 60.0  # the interval between two runs of auto scaling
_ATTEMPTS: Final = 20  # after this many failed slices of shard rollover, `due_steps` gives up

assert operations, "importing emulator.operations must register the operations of the service"


class Emulator:
    """An engine, a clock, a database and the operations, without HTTP.

    One thread owns an emulator. Only the methods `read` and `free` may run in another thread.

    The constructor raises StorageError if the data folder cannot be opened, BadDeclaration if
    settings.ongoing_transaction is not a valid declaration, and BadConfiguration if the file
    settings.functions is wrong.
    """

    def __init__(
        self, settings: Settings, clock: EmulatorClock | None = None, sharing: SharedMemory | None = None
    ) -> None:
        durable = settings.durable and settings.folder is not None
        self.settings = settings
        self.waits = 0
        self.sharing = sharing
        self.request_log: Callable[[], RequestLog] | None = None  # set by the HTTP server
        self.evidence: Evidence | None = None  # set by the HTTP server while the advisor is on
        self.clock = clock or EmulatorClock(cells=None if sharing is None else sharing.clock_cells)
        self.uptime = Stopwatch() if sharing is None else sharing.uptime
        engine = open_engine(settings.folder, durable=durable, verify=_verify if sharing is None else _trust)
        options = Options(
            shared=settings.shared_db,
            account=settings.account,
            delay=settings.delay_transient_statuses,
            throttle=settings.enforce_throughput,
            collection_limit=settings.item_collection_limit,
            stream_shards=settings.stream_shards,
            kinesis=bool(settings.kinesis_endpoint),
            metered=settings.metrics,
        )
        try:
            self._open(engine, options, sharing)
        except LayoutMismatch as error:
            engine.close()
            raise refused(settings.folder, str(error)) from error
        except BaseException:
            engine.close()
            raise

    def _open(self, engine: Engine, options: Options, sharing: SharedMemory | None) -> None:
        settings = self.settings
        jobs = (
            beginnings.resume_walks,
            beginnings.resume_fillings,
            beginnings.resume_restores,
            beginnings.resume_replication,
        )
        self.database = Database(
            engine,
            self.clock,
            options,
            sharing,
            jobs=jobs,
            removal=beginnings.before_removal,
            waits=beginnings.has_waiting_writes,
        )
        if self.database.owner:
            beginnings.release_snapshots(self.database)
            self.database.scheduler.every(settings.ttl_sweep_interval, partial(beginnings.begin_sweep, self.database))
            self.database.scheduler.every(ROLL_OVER_SECONDS, partial(beginnings.begin_expiry, self.database))
            self.database.scheduler.every(ROLL_OVER_SECONDS, partial(beginnings.begin_forgetting, self.database))
            self.database.scheduler.every(_PACE_SECONDS, partial(beginnings.resume_paced_backfills, self.database))
            self.database.scheduler.every(_REPLICATION_SECONDS, partial(beginnings.resume_replication, self.database))
        if settings.ongoing_transaction:
            _declare_transactions(self.database, settings.ongoing_transaction)
        self.database.catalog.attachments.replicate = partial(beginnings.begin_replication, self.database)
        self.call: Call = self.answer
        """Answers one request, as `answer` does. If there are rules of faults, it applies them."""
        self.calls = Calls(self.database, self.answer, self._adopt_call, sharing)
        self._background = self.database.background
        self._respond = self.database.respond
        self.caller = self.database.catalog.caller
        self._functions: FunctionService | None = None
        if settings.functions or _has_mappings(self.database):
            self._functions = self._load_functions()
        self._scaling: ScalingService | None = None
        self.database.scheduler.every(_SCALING_SECONDS, self._scale)
        self.database.call_scaling = self._ask_scaling

    def account_of(self, access_key: str) -> str:
        """Return the account of an access key."""
        return arns.account_of(access_key, self.settings.account)

    def knows(self, operation: str) -> bool:
        """Return True if the service has this operation, even if the emulator lacks it."""
        return find(operation) is not None or operation in service_operations()

    def load(self, operation: str) -> None:
        """Load the code that the first call of an operation would load.

        The server calls this before it parses a large body. If the code were loaded later, its
        objects would lie in memory among the millions of objects of the body. Then 2 MB of the
        body's memory could not be returned to the system.
        """
        found = find(operation)
        if found is not None:
            found.load()

    def parsed(self, operation: str, body: bytes) -> object:
        """Return the parsed JSON of a large body. Raises orjson.JSONDecodeError.

        If a list or map is too long for any request of the operation, only its first members are
        parsed. The parsed members still exceed the limit, so the checks refuse the request.
        """
        model = service_operations().get(operation)
        if model is None or len(body) <= limits.MIB:
            return orjson.loads(body)
        from emulator.model import shortening  # noqa: PLC0415 - few servers get such bodies

        return shortening.parsed(model, body)

    def read(self, operation: str, body: bytes) -> object:
        """Parse a large body, check types and constraints, and return the request.

        `answer` and `call` take the result as `raw`. This method uses no shared state, so it may
        run in another thread. Raises ApiError, orjson.JSONDecodeError.
        """
        raw = self.parsed(operation, body)
        found = find(operation)
        if found is None:
            return raw
        try:
            request = found.read(raw)
        except errors.ApiError:
            self.free(raw)
            raise
        if isinstance(raw, dict):
            self.free([part for name, part in raw.items() if name not in request])
        return request

    def free(self, request: object) -> None:
        """Free the objects of a large request in the current thread.

        Other threads can run meanwhile. No other code may still use the objects.
        """
        from emulator.model.freeing import free  # noqa: PLC0415 - few servers get such bodies

        free(request)

    def answer(self, operation: str, raw: object, caller: Caller) -> bytes:
        """Return the answer to one request, as JSON. Faults are not applied.

        Raises ApiError, or Sliced if making the answer takes long. raw: the request's body as
        parsed JSON, or what `self.read` returned for it.
        """
        if self._background.slices:
            self._background.run_slice()
        found = find(operation)
        if found is None and operation.startswith(AUTO_SCALING):
            return self._call_scaling(operation.removeprefix(AUTO_SCALING), raw, caller)
        if found is None:
            refusal = errors.not_implemented(operation)
            if once_a_minute.allows(("not implemented", operation)):
                log.warning("%s", refusal.message)
            raise refusal
        try:
            response = self._respond(found, caller, raw)
        except Sliced as sliced:
            steps, again = sliced.steps, partial(self._in_one_piece, found, raw, caller)
            raise Sliced(self.database.run_steps(lambda: steps, again), many_objects=sliced.many_objects) from None
        return response if type(response) is bytes else orjson.dumps(response)

    def _call_scaling(self, name: str, raw: object, caller: Caller) -> bytes:
        """Answer a request to Application Auto Scaling.

        This is a separate method because it has a closure. With the closure in `answer`, a GetItem
        ran 2 % more instructions.
        """
        return orjson.dumps(self.database.run(lambda: self.scaling.answer(name, raw, caller)))

    def _in_one_piece(self, found: Operation, raw: object, caller: Caller) -> bytes:
        response = found.run(self.database, caller, raw)
        return response if type(response) is bytes else orjson.dumps(response)

    def _adopt_call(self, call: Call) -> None:
        """Set `self.call` to the function `call`, which answers all requests from now on."""
        self.call = call

    @property
    def faults(self) -> "Faults":
        """The faults that tests ask for, and their rules. The package is loaded at first use."""
        return self.calls.faults

    @property
    def has_faults(self) -> bool:
        """True if the property `faults` was ever used in this process."""
        return self.calls.has_faults

    @property
    def functions(self) -> "FunctionService":
        """The service that calls Lambda functions with the records of streams.

        It is loaded at first use: most servers never need it.
        """
        if self._functions is None:
            self._functions = self._load_functions()
        return self._functions

    def _load_functions(self) -> "FunctionService":
        from emulator.event_sources.service import FunctionService  # noqa: PLC0415 - a tenth of the start-up time

        return FunctionService(self.database, self.settings, self.sharing)

    @property
    def busy_functions(self) -> "FunctionService | None":
        """The service that calls Lambda functions, None while it has nothing to deliver to them."""
        functions = self._functions
        return functions if functions is not None and functions.busy else None

    def call_functions(self, method: str, path: str, query: str, body: bytes, caller: Caller) -> "LambdaAnswer":
        """Return the answer to a request to Lambda's API: a status and JSON. Raises ApiError."""
        return self.database.run(lambda: self.functions.answer(method, path, query, body, caller))

    @property
    def scaling(self) -> "ScalingService":
        """Application Auto Scaling. The package is loaded at first use."""
        if self._scaling is None:
            from emulator.auto_scaling.service import ScalingService  # noqa: PLC0415 - few servers scale tables

            shared = self.settings.shared_db
            self._scaling = ScalingService(self.database, self._update_table, shared=shared, sharing=self.sharing)
        return self._scaling

    def _ask_scaling(self, name: str, request: object, caller: Caller) -> "Mapping[str, Any]":
        """Return the answer of an operation of Application Auto Scaling. Raises ApiError."""
        return self.scaling.answer(name, request, caller)

    def _update_table(self, request: dict[str, object], caller: Caller) -> None:
        """Call UpdateTable for auto scaling. Raises ApiError."""
        found = find("UpdateTable")
        assert found is not None, "UpdateTable is implemented"
        found.run(self.database, caller, request)

    def _scale(self) -> None:
        """Do the work of auto scaling that is due, if there are scalable targets."""
        if self._scaling is not None or _has_scalable_targets(self.database):
            self.scaling.run()

    def tick(self) -> bool:
        """Run the jobs that are due by the clock, and one slice of long work.

        Return True if a slice ran. The server calls this often, between requests. Work that cannot
        run now, for example on a full disk, runs later.
        """
        self.run_due()
        return self.database.run_slice()

    def run_due(self) -> None:
        """Run the jobs that are due by the clock. Long work is only queued."""
        self.database.try_run(self.database.scheduler.run_due, None)  # a job that fails stays due

    def due_steps(self) -> Steps[None]:
        """Do all work that is due, for the control `clock`, which moves the clock.

        The work is the jobs that are due, backfills that have a pace, and shard rollover. Auto
        scaling usually runs once a minute. Here it always runs, because a scheduled action may be
        due.
        """
        self.run_due()
        self.database.try_run(self._scale, None)
        yield from beginnings.advance_paced_backfills(self.database)
        failures = 0
        slices = self.database.background.slices
        while ROLL_OVER in slices and failures < _ATTEMPTS:
            failures += not self.database.run_slice(ROLL_OVER)
            if ROLL_OVER in slices:
                yield None

    def coming_events(self) -> "Steps[list[Event]]":
        """Return the coming events of all processes, unsorted.

        Their times are times of the emulator's clock.
        """
        from emulator.database.events import Event, next_events  # noqa: PLC0415 - most servers never need it

        found = yield from next_events(self.database)
        if self._functions is not None or _has_mappings(self.database):
            found += [Event(*each) for each in self.functions.next_events()]
        if self._scaling is not None or _has_scalable_targets(self.database):
            found += [Event(*each) for each in self.scaling.next_events()]
        if self.sharing is not None and not self.database.owner:
            delivery = self.sharing.delivery()
            if delivery is not None and delivery[0] > self.clock.now():
                found.append(Event(*delivery))
        return found

    def stream_consumers(self) -> "Iterator[tuple[StreamDefinition, str, str]]":
        """Yield the consumers of streams: the event source mappings.

        Each is a tuple: the stream, a name of the mapping for users, and the name under which the
        store keeps its checkpoints.
        """
        if self._functions is None and not _has_mappings(self.database):
            return
        for mapping in self.functions.mappings.delivering():
            stream = self.database.streams.of_resource(mapping.tenant, arns.resource(mapping.stream_arn))
            if stream is not None:
                yield stream, f"{mapping.function_name} {mapping.uuid}", mapping.consumer

    def close(self) -> None:
        """Commit and sync pending writes, and release the storage."""
        self.database.close()


def _verify(folder: Path) -> None:
    """Verify a data folder that is a copy. Raises Corrupted, LayoutMismatch."""
    from emulator.database import soundness  # noqa: PLC0415 - only copies need it

    soundness.verify(folder)


def _trust(_folder: Path) -> None:
    """Do nothing, unlike `_verify`: the first process of the server has verified the folder."""


def _has_mappings(database: Database) -> bool:
    with database.read() as txn:
        return bool(txn.page(*keyspace.mappings(), 1)[0])


def _has_scalable_targets(database: Database) -> bool:
    with database.read() as txn:
        return bool(txn.page(*keyspace.scalable_targets(), 1)[0])


def _declare_transactions(database: Database, text: str) -> None:
    """Declare the transactions of the setting `ongoing_transaction`. Raises BadDeclaration.

    text: the value of the setting: one declaration or a list of declarations, as JSON.
    """
    from emulator.controls.declarations import declare_transaction  # noqa: PLC0415 - few starts declare anything

    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadDeclaration("it is not JSON") from None
    for each in parsed if isinstance(parsed, list) else [parsed]:
        body: Body = each if isinstance(each, dict) else {}
        declare_transaction(database, body)
