"""Parses and checks requests to Lambda's API with botocore's model, as for DynamoDB requests.

A failed constraint is a `ValidationException`, as on AWS ("1 validation error detected: Value '' at
'eventSourceArn' failed to satisfy constraint: ..", quoted in pulumi/pulumi-aws #646). The model
also has members for other event sources. `checked` refuses the members that are not allowed for a
DynamoDB stream (Lambda: "Lambda parameters for Amazon DynamoDB event source mappings").
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from emulator.event_sources import errors
from emulator.event_sources.filters import BadPattern, compile_filters
from emulator.model.request import Request, RequestModel
from emulator.model.service import read_model
from emulator.model.shapes import OperationModel, Shapes

_SERVICE: Final = "lambda/2015-03-31"
_FILTERS: Final = 10
_YOUNGEST_AGE: Final = 60

_IDENTIFYING: Final = frozenset(("UUID", "EventSourceArn", "FunctionName", "StartingPosition"))
_CHANGEABLE: Final = frozenset(
    (
        "Enabled",
        "BatchSize",
        "FilterCriteria",
        "MaximumBatchingWindowInSeconds",
        "ParallelizationFactor",
        "DestinationConfig",
        "MaximumRecordAgeInSeconds",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "FunctionResponseTypes",
    )
)


@cache
def _shapes() -> Shapes:
    return Shapes(read_model(_SERVICE)["shapes"])


@cache
def _model(operation: str) -> RequestModel:
    return RequestModel(OperationModel(operation, "", f"{operation}Request", _shapes()))


def parsed(operation: str, raw: object) -> Request:
    """Return the parsed request. Raises ApiError if a type or value does not fit the model."""
    model = _model(operation)
    request = model.parse(raw)
    model.validate(request)
    return request


def checked(request: Mapping[str, Any]) -> None:
    """Raise InvalidParameterValueException for the first member with a value that is not allowed.

    Either AWS does not allow the value for DynamoDB streams, or this emulator does not support it.
    """
    for name, value in request.items():
        # An empty list, 0 or false in a member requests nothing, so it is not refused.
        if name not in _IDENTIFYING | _CHANGEABLE and value:
            raise errors.member_unsupported(name)
    if request.get("DestinationConfig", {}).get("OnSuccess", {}).get("Destination"):
        raise errors.member_unsupported("DestinationConfig.OnSuccess")
    if -1 < request.get("MaximumRecordAgeInSeconds", -1) < _YOUNGEST_AGE:
        raise errors.record_age_refused()
    patterns = [each.get("Pattern", "") for each in request.get("FilterCriteria", {}).get("Filters", ())]
    if len(patterns) > _FILTERS:
        raise errors.filters_too_many()
    try:
        compile_filters(patterns)
    except BadPattern:
        raise errors.filter_invalid() from None
