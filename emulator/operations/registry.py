"""The registry of operations: it finds an operation by name, and runs its checks and handler.

A request passes three layers of checks (behaviour 3.1). Layers 1 and 2, types and constraints of
members, come from the service model (`RequestModel`). Layer 3 is the operation's *check*. It gets
only the request, checks combinations of parameters, attribute values and expressions, and returns
an object for the *handler*. The handler finds the table and does the work. Check and handler are
functions in the operation's file.

The parser of layer 1 finds problems in attribute values, but does not report them: the check does,
because each operation has its own order and wording of errors. If a check leaves a problem
unreported, the handler does not run, because it could store a malformed value.

Some operations accept a hundred expressions of 4 KB in one request. Parsing them takes 0.6 s. So
the check of such an operation is a generator that yields between expressions (emulator/slices.py).
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import isgeneratorfunction
from typing import Any, Final

import orjson

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request, RequestModel
from emulator.model.service import request_model
from emulator.slices import Sliced, Steps, finish

Response = dict[str, Any] | bytes
"""A response, as a handler returns it: a dictionary, or JSON as bytes."""

Check = Callable[[Request], Any]
CheckInSteps = Callable[[Request], Steps[Any]]
Decode = Callable[[object], None]
Handler = Callable[[Database, Caller, Request, Any], Response]


class Operation:
    """One operation: its request model, check and handler.

    enveloped: True if the service puts the check's errors into an envelope (see the glossary).
    """

    __slots__ = ("check", "enveloped", "handler", "model", "name")

    def __init__(self, name: str, check: Check | None, handler: Handler, *, enveloped: bool) -> None:
        self.name = name
        self.check = check
        self.handler = handler
        self.enveloped = enveloped
        self.model: RequestModel | None = None  # compiled when the operation is first called

    def run(self, database: Database, caller: Caller, raw: object) -> Response:
        """Check a request, run the handler, and return the response. Raises ApiError.

        raw: the request as parsed JSON, or as the Request that `read` has made of the JSON.
        """
        model = self.model
        if model is None:
            model = self.model = request_model(self.name)
        if type(raw) is Request:
            request = raw.copy()  # the check changes the request, but `run` may be called again with it
        else:
            request = model.parse(raw)
            model.validate(request)
        prepared = None
        if self.check is not None:
            try:
                prepared = self.check(request)
            except errors.ApiError as error:
                if self.enveloped:
                    raise errors.enveloped(error) from None
                raise
        if request.problems:
            raise self.unreported()
        return self.handler(database, caller, request, prepared)

    def load(self) -> RequestModel:
        """Return the request model. The first call compiles it."""
        if self.model is None:
            self.model = request_model(self.name)
        return self.model

    def read(self, raw: object) -> Request:
        """Parse a request; check its types and member constraints; return it. Raises ApiError."""
        model = self.load()
        request = model.parse(raw)
        model.validate(request)
        return request

    def unreported(self) -> AssertionError:
        """Return the exception for a check that did not report a problem in an attribute value."""
        return AssertionError(f"the check of {self.name} did not report a problem in an attribute value")


class OperationInSteps(Operation):
    """An operation whose check may take long, and is a generator.

    If the check does not end in its first step, the connection runs the other steps as slices, and
    then the handler.
    """

    __slots__ = ()

    def run(self, database: Database, caller: Caller, raw: object) -> Response:
        """Return the response to a request, as Operation.run does.

        Raises ApiError. Raises Sliced, with the remaining work, if the check has more steps.
        """
        request = raw.copy() if type(raw) is Request else self.read(raw)
        assert self.check is not None, "OperationInSteps requires a check"
        steps: Steps[Any] = self.check(request)
        try:
            next(steps)
        except StopIteration as end:
            prepared = end.value
        else:
            if database.sliced:
                raise Sliced(self._later(database, caller, request, steps), many_objects=True)
            prepared = finish(steps)
        if request.problems:
            raise self.unreported()
        return self.handler(database, caller, request, prepared)

    def _later(self, database: Database, caller: Caller, request: Request, steps: Steps[Any]) -> Steps[bytes]:
        """Run the rest of the check, and then the handler.

        Errors are raised without their traceback, because its frames keep many objects alive.
        """
        try:
            return (yield from self._finished(database, caller, request, steps))
        except errors.ApiError as error:
            error.__context__ = None
            failure = error.with_traceback(None)
        raise failure

    def _finished(self, database: Database, caller: Caller, request: Request, steps: Steps[Any]) -> Steps[bytes]:
        prepared = yield from steps
        if request.problems:
            raise self.unreported()
        yield None
        database.catch_up()
        try:
            answer = self.handler(database, caller, request, prepared)
        except Sliced as sliced:
            rest = sliced.steps
        else:
            return answer if type(answer) is bytes else orjson.dumps(answer)
        return (yield from rest)


class DecodedOperation(Operation):
    """An operation with a special decoder, which checks the parsed JSON before all other checks.

    decode: a function of the parsed JSON. It raises ApiError for a request that it refuses.
    """

    __slots__ = ("decode",)

    decode: Decode

    def run(self, database: Database, caller: Caller, raw: object) -> Response:
        """Return the response to a request, as Operation.run does. Raises ApiError, Sliced."""
        if type(raw) is not Request:
            self.decode(raw)
        return super().run(database, caller, raw)

    def read(self, raw: object) -> Request:
        """Run the special decoder on the JSON of a request, and then do as Operation.read does."""
        self.decode(raw)
        return super().read(raw)


_operations: Final[dict[str, Operation]] = {}


def operation(
    name: str, *, check: Check | CheckInSteps | None = None, enveloped: bool = False, decode: Decode | None = None
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of an operation.

    check: a function that checks the request alone; None if there is nothing to check. A generator
    function makes the operation an OperationInSteps.
    enveloped: True if the service puts the check's errors into an envelope.
    decode: a function that checks the JSON of a request before all other checks, or None.
    """
    kind = OperationInSteps if isgeneratorfunction(check) else Operation if decode is None else DecodedOperation
    assert not (enveloped and kind is OperationInSteps), "OperationInSteps does not support `enveloped`"

    def register(handler: Handler) -> Handler:
        assert name not in _operations, f"{name} has two handlers"
        _operations[name] = made = kind(name, check, handler, enveloped=enveloped)
        if isinstance(made, DecodedOperation) and decode is not None:
            made.decode = decode
        return handler

    return register


LATER: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("DescribeEndpoints", "DescribeLimits"),
    "backups": ("CreateBackup", "DeleteBackup", "DescribeBackup", "ListBackups"),
    "continuous_backups": ("DescribeContinuousBackups", "UpdateContinuousBackups"),
    "batch": ("BatchGetItem", "BatchWriteItem"),
    "batch_statements": ("BatchExecuteStatement",),
    "execute_transaction": ("ExecuteTransaction",),
    "global_tables": (
        "CreateGlobalTable",
        "DescribeGlobalTable",
        "DescribeGlobalTableSettings",
        "ListGlobalTables",
        "UpdateGlobalTable",
        "UpdateGlobalTableSettings",
    ),
    "bulk": ("CancelBulkOperation", "DescribeBulkOperation", "ListBulkOperations", "StartBulkPutItems"),
    "exports": ("DescribeExport", "ExportTableToPointInTime", "ListExports"),
    "imports": ("DescribeImport", "ImportTable", "ListImports"),
    "insights": ("DescribeContributorInsights", "ListContributorInsights", "UpdateContributorInsights"),
    "kinesis": (
        "DescribeKinesisStreamingDestination",
        "DisableKinesisStreamingDestination",
        "EnableKinesisStreamingDestination",
        "UpdateKinesisStreamingDestination",
    ),
    "policies": ("DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy"),
    "restores": ("RestoreTableFromBackup", "RestoreTableToPointInTime"),
    "replica_scaling": ("DescribeTableReplicaAutoScaling", "UpdateTableReplicaAutoScaling"),
    "statements": ("ExecuteStatement",),
    "tables.operations": ("CreateTable", "DeleteTable", "DescribeTable", "ListTables", "UpdateTable"),
    "streams": ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
    "tags": ("ListTagsOfResource", "TagResource", "UntagResource"),
    "transact": ("TransactGetItems", "TransactWriteItems"),
    "ttl": ("DescribeTimeToLive", "UpdateTimeToLive"),
    "vectors": ("SearchVectors",),
}
"""The modules that are imported at the first call of one of their operations.

Importing them later saves a fifth of the start-up time.
"""

_families: Final = {name: family for family, names in LATER.items() for name in names}


def find(name: str) -> Operation | None:
    """Return the operation with this name; import its module if necessary.

    Return None if the emulator has no such operation.
    """
    registered_operation = _operations.get(name)
    if registered_operation is None and name in _families:
        import_module(f"emulator.operations.{_families[name]}")
        registered_operation = _operations[name]
    return registered_operation


def registered() -> Mapping[str, Operation]:
    """Import all operations; return a mapping from their names to the operations."""
    for name in _families:
        find(name)
    return _operations
