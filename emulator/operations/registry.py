"""Which operations exist, and the order of the checks of a request.

An operation is a *check* and a *handler*, side by side in its family's file. The check sees only
the request (layer 3 of behaviour 3.1: parameter combinations, attribute values, expressions). It
returns what the handler needs from it. The handler finds the table and does the work. Types and
member constraints (layers 1 and 2) come from the service model.

Problems of attribute values are found while the request is parsed. The check reports them, in the
operation's own order and wording. If a check forgets to, the registry refuses to run the handler,
because the handler could store a malformed value.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request, RequestModel
from emulator.model.service import request_model

Response = dict[str, Any] | bytes
"""The result of a handler: a dictionary, or finished JSON."""

Check = Callable[[Request], Any]
Handler = Callable[[Database, Caller, Request, Any], Response]


class Operation:
    """One operation: its request model, check and handler.

    enveloped: whether problems that the check finds are reported in an envelope.
    """

    __slots__ = ("check", "enveloped", "handler", "model", "name")

    def __init__(self, name: str, check: Check | None, handler: Handler, *, enveloped: bool) -> None:
        self.name = name
        self.check = check
        self.handler = handler
        self.enveloped = enveloped
        self.model: RequestModel | None = None  # compiled at the first call

    def __call__(self, database: Database, caller: Caller, raw: object) -> Response:
        """Return the response to a request that is parsed JSON. Raises ApiError."""
        model = self.model
        if model is None:
            model = self.model = request_model(self.name)
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
            raise AssertionError(f"the check of {self.name} does not report the problems of attribute values")
        return self.handler(database, caller, request, prepared)


_operations: Final[dict[str, Operation]] = {}


def operation(name: str, *, check: Check | None = None, enveloped: bool = False) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of an operation."""

    def register(handler: Handler) -> Handler:
        assert name not in _operations, f"{name} has two handlers"
        _operations[name] = Operation(name, check, handler, enveloped=enveloped)
        return handler

    return register


LATER: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("DescribeEndpoints", "DescribeLimits"),
    "execute_transaction": ("ExecuteTransaction",),
    "kinesis": (
        "DescribeKinesisStreamingDestination",
        "DisableKinesisStreamingDestination",
        "EnableKinesisStreamingDestination",
        "UpdateKinesisStreamingDestination",
    ),
    "statements": ("BatchExecuteStatement", "ExecuteStatement"),
    "streams": ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
    "tags": ("ListTagsOfResource", "TagResource", "UntagResource"),
    "transact": ("TransactGetItems", "TransactWriteItems"),
    "ttl": ("DescribeTimeToLive", "UpdateTimeToLive"),
}
"""Families that are imported at the first call of one of their operations. That saves a fifth of
the start-up time.
"""

_families: Final = {name: family for family, names in LATER.items() for name in names}


def find(name: str) -> Operation | None:
    """Return the operation with this name, None if there is none (yet)."""
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
