"""The operations on Kinesis destinations (behaviour 15).

There are four: EnableKinesisStreamingDestination, DisableKinesisStreamingDestination,
UpdateKinesisStreamingDestination and DescribeKinesisStreamingDestination.

A table keeps a list of all destinations that it has or had. All of them are DISABLED or
ENABLE_FAILED, except at most one. database/definitions/kinesis.py explains the statuses. The tests
name the sources of the error texts.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import kinesis as destinations
from emulator.database.definitions.kinesis import (
    ACTIVE,
    DISABLED,
    DISABLING,
    ENABLE_FAILED,
    ENABLING,
    ENDED,
    UPDATING,
)
from emulator.database.definitions.tables import CREATING, DELETING, KinesisDestination, TableDefinition
from emulator.model.request import Request
from emulator.operations.registry import Response, operation

_PRECISION: Final = "ApproximateCreationDateTimePrecision"
_ENABLE: Final = "EnableKinesisStreamingConfiguration"
_UPDATE: Final = "UpdateKinesisStreamingConfiguration"


def _check_disable(request: Request) -> None:
    if _ENABLE in request:
        raise errors.kinesis_disable_configured()


def _check_update(request: Request) -> None:
    if _PRECISION not in request.get(_UPDATE, {}):
        raise errors.kinesis_update_empty()


@operation("EnableKinesisStreamingDestination")
def enable(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Start to send a table's changes to a Kinesis data stream.

    The response always says ENABLING, even if the destination becomes ENABLE_FAILED.
    """
    definition = _definition(database, caller, request)
    if any(_status(database, destination) not in ENDED for destination in definition.kinesis):
        raise errors.kinesis_already_enabled()
    arn = request["StreamArn"]
    failed = destinations.failure(arn, definition.region) is not None
    enabled = KinesisDestination(
        arn,
        ENABLE_FAILED if failed else ENABLING,
        precision=request.get(_ENABLE, {}).get(_PRECISION),
        until=database.catalog.until(),
    )
    # All destinations that the table had before are DISABLED or ENABLE_FAILED now. The stored
    # status may still be DISABLING. So first store DISABLED, which removes the change logs of these
    # destinations. If the request enables one of them again, that destination gets a new log.
    ended = tuple(
        destination if destination.status == ENABLE_FAILED else replace(destination, status=DISABLED)
        for destination in definition.kinesis
    )
    if ended != definition.kinesis:
        definition = database.catalog.change(replace(definition, kinesis=ended)).definition
    table = database.catalog.change(replace(definition, kinesis=_with(definition.kinesis, enabled)))
    if not database.kinesis:
        destinations.log_unconnected([table.definition])
    response = _response(definition, enabled, ENABLING)
    # The response repeats EnableKinesisStreamingConfiguration of the request (behaviour 15).
    return response | {_ENABLE: dict(request.get(_ENABLE, {}))}


@operation("DisableKinesisStreamingDestination", check=_check_disable)
def disable(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Stop sending a table's changes to a Kinesis data stream.

    If the server has a Kinesis endpoint, changes made before this request are still sent.

    The service disables only an ACTIVE destination. If the server has no Kinesis endpoint, a
    destination stays ENABLING, but can be disabled: on the service it would soon be ACTIVE.
    """
    definition = _definition(database, caller, request)
    destination = _destination(definition, request)
    allowed = {ACTIVE} if database.kinesis else {ENABLING}
    if destination is None or _status(database, destination) not in allowed:
        raise errors.kinesis_not_active_to_disable()
    until = database.clock.now() + destinations.DRAIN_SECONDS
    leaving = replace(destination, status=DISABLING if database.kinesis else DISABLED, until=until)
    database.catalog.change(replace(definition, kinesis=_with(definition.kinesis, leaving)))
    return _response(definition, leaving, DISABLING)


@operation("UpdateKinesisStreamingDestination", check=_check_update)
def update(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Change the unit of the times in a destination's records: milliseconds or microseconds.

    The response says UPDATING.
    """
    definition = _definition(database, caller, request)
    destination = _destination(definition, request)
    arn = request["StreamArn"]
    if destination is None:
        raise errors.kinesis_destination_missing(definition.name, arn)
    if _status(database, destination) != ACTIVE:
        raise errors.kinesis_not_active_to_update(definition.name, arn)
    wanted = request[_UPDATE][_PRECISION]
    if wanted == destinations.precision(destination):
        raise errors.kinesis_update_unchanged(wanted, definition.uuid, arn)
    updated = replace(destination, status=UPDATING, precision=wanted, until=database.catalog.until())
    database.catalog.change(replace(definition, kinesis=_with(definition.kinesis, updated)))
    return _response(definition, updated, UPDATING) | {_UPDATE: dict(request[_UPDATE])}


@operation("DescribeKinesisStreamingDestination")
def describe(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return descriptions of all Kinesis destinations that a table has or had."""
    definition = database.described(caller, request["TableName"]).definition
    descriptions = [_described(database, destination, definition.region) for destination in definition.kinesis]
    return {"TableName": definition.name, "KinesisDataStreamDestinations": descriptions}


def _definition(database: Database, caller: Caller, request: Request) -> TableDefinition:
    """Return the definition of the table whose Kinesis destinations the request changes.

    If the table is CREATING or DELETING, this raises the same error as UpdateTable (behaviour
    10.2).
    """
    definition = database.described(caller, request["TableName"]).definition
    if definition.status in (CREATING, DELETING):
        raise errors.being_changed(definition.name, definition.status)
    return definition


def _destination(definition: TableDefinition, request: Request) -> KinesisDestination | None:
    return next((destination for destination in definition.kinesis if destination.arn == request["StreamArn"]), None)


def _status(database: Database, destination: KinesisDestination) -> str:
    return destinations.status(destination, database.clock.now(), connected=database.kinesis)


def _with(known: Iterable[KinesisDestination], changed: KinesisDestination) -> tuple[KinesisDestination, ...]:
    """Return the known destinations, with `changed` in place of the one that has the same ARN.

    If no known destination has this ARN, `changed` is added at the end.
    """
    by_arn = {destination.arn: destination for destination in known} | {changed.arn: changed}
    return tuple(by_arn.values())


def _response(definition: TableDefinition, destination: KinesisDestination, status: str) -> dict[str, Any]:
    return {"TableName": definition.name, "StreamArn": destination.arn, "DestinationStatus": status}


def _described(database: Database, destination: KinesisDestination, region: str) -> dict[str, Any]:
    """Return the description of a destination, as in responses.

    It includes the precision of times if the client has set one, except while the destination is
    DISABLED (behaviour 15).
    """
    status = _status(database, destination)
    description = {"StreamArn": destination.arn, "DestinationStatus": status}
    reason = destinations.failure(destination.arn, region) if status == ENABLE_FAILED else None
    if status == ENABLING and not database.kinesis:
        reason = destinations.UNCONNECTED
    if reason is not None:
        description["DestinationStatusDescription"] = reason
    if destination.precision is not None and status != DISABLED:
        description[_PRECISION] = destination.precision
    return description
