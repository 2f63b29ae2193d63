"""Which operations exist, and the order of the checks of a request.

An operation is a *check* and a *handler*, both in the file of its family. The check sees only the
request (layer 3 of behaviour 3.1: parameter combinations, attribute values, expressions), and
returns what the handler needs. The handler finds the table and does the work. Types and member
constraints (layers 1 and 2) come from the service model.

The parser of requests finds problems of attribute values. The operation's check reports them, in
the operation's own order and wording. If a check does not report them, the registry refuses to run
the handler, because the handler could store a malformed value.

Some operations accept a hundred expressions of 4 KB in one request. Parsing them takes 0.6 s. The
check of such an operation is a generator that yields between expressions (emulator/slices.py).
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
"""The result of a handler: a dictionary, or a JSON text."""

Check = Callable[[Request], Any]
CheckInSteps = Callable[[Request], Steps[Any]]
Decode = Callable[[object], None]
Handler = Callable[[Database, Caller, Request, Any], Response]


class Operation:
    """One operation: its request model, check and handler.

    enveloped: whether the errors of the check get an envelope.
    """

    __slots__ = ("check", "enveloped", "handler", "model", "name")

    def __init__(self, name: str, check: Check | None, handler: Handler, *, enveloped: bool) -> None:
        self.name = name
        self.check = check
        self.handler = handler
        self.enveloped = enveloped
        self.model: RequestModel | None = None  # compiled at the first call

    def run(self, database: Database, caller: Caller, raw: object) -> Response:
        """Return the response to a request. Raises ApiError.

        raw: parsed JSON, or the result of `read`.
        """
        model = self.model
        if model is None:
            model = self.model = request_model(self.name)
        if type(raw) is Request:
            request = raw.copy()  # the check changes the request, and may run again
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
        """Return the request model, which is compiled at the first call."""
        if self.model is None:
            self.model = request_model(self.name)
        return self.model

    def read(self, raw: object) -> Request:
        """Return a request whose types and constraints are checked. Raises ApiError."""
        model = self.load()
        request = model.parse(raw)
        model.validate(request)
        return request

    def unreported(self) -> AssertionError:
        """Return the error for a check that does not report problems of attribute values."""
        return AssertionError(f"the check of {self.name} does not report the problems of attribute values")


class OperationInSteps(Operation):
    """An operation whose check may take long and so runs in steps.

    If the check takes longer than a slice, it continues in slices, and the handler runs after the
    last one.
    """

    __slots__ = ()

    def run(self, database: Database, caller: Caller, raw: object) -> Response:
        """Return the response to a request, as in Operation.

        Raises ApiError. Raises Sliced if the response is made in slices.
        """
        request = raw.copy() if type(raw) is Request else self.read(raw)
        assert self.check is not None, "only an operation with a check runs in steps"
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
        """Complete the check, and run the handler.

        An error is raised without its traceback: the frames there have many objects.
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

    decode: raises ApiError if the decoder refuses a request.
    """

    __slots__ = ("decode",)

    decode: Decode

    def run(self, database: Database, caller: Caller, raw: object) -> Response:
        """Return the response to a request, as in Operation. Raises ApiError, Sliced."""
        if type(raw) is not Request:
            self.decode(raw)
        return super().run(database, caller, raw)

    def read(self, raw: object) -> Request:
        """Return a request that the decoder and Operation have checked. Raises ApiError."""
        self.decode(raw)
        return super().read(raw)


_operations: Final[dict[str, Operation]] = {}


def operation(
    name: str, *, check: Check | CheckInSteps | None = None, enveloped: bool = False, decode: Decode | None = None
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of an operation.

    check: None if every request passes. A generator function makes an OperationInSteps.
    enveloped: see Operation. decode: see DecodedOperation.
    """
    kind = OperationInSteps if isgeneratorfunction(check) else Operation if decode is None else DecodedOperation
    assert not (enveloped and kind is OperationInSteps), "an operation with a check in steps cannot be `enveloped`"

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
"""Families that are imported at the first call of one of their operations.

This saves a fifth of the start-up time.
"""

_families: Final = {name: family for family, names in LATER.items() for name in names}


def find(name: str) -> Operation | None:
    """Return the operation with this name, or None if the emulator does not have it."""
    registered_operation = _operations.get(name)
    if registered_operation is None and name in _families:
        import_module(f"emulator.operations.{_families[name]}")
        registered_operation = _operations[name]
    return registered_operation


def registered() -> Mapping[str, Operation]:
    """Return all operations by name."""
    for name in _families:
        find(name)
    return _operations
