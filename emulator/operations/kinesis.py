"""Enable-, Disable-, Describe- and UpdateKinesisStreamingDestination (service-behaviour.md 15).

A table has one destination at a time that is not DISABLED; those that once were are told as DISABLED. What their statuses
mean is told in database/kinesis_destinations.py; where the errors' texts come from, in the tests.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from emulator import errors
from emulator.database import kinesis_destinations as destinations
from emulator.database.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import CREATING, DELETING, KinesisDestination, TableDefinition
from emulator.database.kinesis_destinations import ACTIVE, DISABLED, DISABLING, ENABLING, UPDATING
from emulator.model.request import Request
from emulator.operations.registry import Response, operation

_STREAM_ARN: Final = re.compile(r"arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[a-zA-Z0-9_.-]{1,128}")
_PRECISION: Final = "ApproximateCreationDateTimePrecision"
_ENABLE: Final = "EnableKinesisStreamingConfiguration"
_UPDATE: Final = "UpdateKinesisStreamingConfiguration"


def _check_arn(request: Request) -> None:
    if _STREAM_ARN.fullmatch(request["StreamArn"]) is None:
        raise errors.invalid_kinesis_stream_arn(request["StreamArn"])


def _check_update(request: Request) -> None:
    _check_arn(request)
    if _PRECISION not in request.get(_UPDATE, {}):
        raise errors.kinesis_update_empty()


@operation("EnableKinesisStreamingDestination", check=_check_arn)
def enable(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Begin to record a table's changes for a data stream; it is ENABLING in the answer."""
    definition = _definition(database, caller, request)
    if any(_status(database, each) != DISABLED for each in definition.kinesis):
        raise errors.kinesis_already_enabled()
    arn = request["StreamArn"]
    enabled = KinesisDestination(
        arn, ENABLING, precision=request.get(_ENABLE, {}).get(_PRECISION), until=database.catalog.until()
    )
    # A DISABLING that the clock has ended is ended in the store first: it may be of the same data stream.
    ended = tuple(replace(each, status=DISABLED) for each in definition.kinesis)
    if ended != definition.kinesis:
        definition = database.catalog.change(replace(definition, kinesis=ended)).definition
    table = database.catalog.change(replace(definition, kinesis=_with(definition.kinesis, enabled)))
    if not database.kinesis:
        destinations.tell_unconnected([table])
    return _answer(definition, enabled, request, _ENABLE)


@operation("DisableKinesisStreamingDestination", check=_check_arn)
def disable(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Stop recording; what was written before is still put where there is an endpoint.

    An ENABLING that only an endpoint would end can be left too: on the service it ends within minutes.
    """
    definition = _definition(database, caller, request)
    destination = _destination(definition, request)
    allowed = {ACTIVE} if database.kinesis else {ENABLING}
    if destination is None or _status(database, destination) not in allowed:
        raise errors.kinesis_not_active_to_disable()
    until = database.clock.now() + destinations.DRAIN_SECONDS
    leaving = replace(destination, status=DISABLING if database.kinesis else DISABLED, until=until)
    database.catalog.change(replace(definition, kinesis=_with(definition.kinesis, leaving)))
    return _answer(definition, replace(leaving, status=DISABLING), request, _ENABLE)


@operation("UpdateKinesisStreamingDestination", check=_check_update)
def update(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Change the precision of the records' times; the destination is UPDATING in the answer."""
    definition = _definition(database, caller, request)
    destination = _destination(definition, request)
    if destination is None or _status(database, destination) != ACTIVE:
        raise errors.kinesis_not_active_to_update()
    wanted = request[_UPDATE][_PRECISION]
    if wanted == destinations.precision(destination):
        raise errors.kinesis_update_unchanged(wanted)
    updated = replace(destination, status=UPDATING, precision=wanted, until=database.catalog.until())
    database.catalog.change(replace(definition, kinesis=_with(definition.kinesis, updated)))
    return _answer(definition, updated, request, _UPDATE)


@operation("DescribeKinesisStreamingDestination")
def describe(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Describe all destinations that a table has or had."""
    definition = database.described(caller, request["TableName"]).definition
    told = [_described(database, each) for each in definition.kinesis]
    return {"TableName": definition.name, "KinesisDataStreamDestinations": told}


def _definition(database: Database, caller: Caller, request: Request) -> TableDefinition:
    """Return the table whose destinations are to be changed. Raises as UpdateTable does (reference 10.2)."""
    definition = database.described(caller, request["TableName"]).definition
    word = {CREATING: "created", DELETING: "deleted"}.get(definition.status)
    if word is not None:
        raise errors.still_in_use(f"Table is being {word}: {definition.name}")
    return definition


def _destination(definition: TableDefinition, request: Request) -> KinesisDestination | None:
    return next((each for each in definition.kinesis if each.arn == request["StreamArn"]), None)


def _status(database: Database, destination: KinesisDestination) -> str:
    return destinations.status(destination, database.clock.now(), connected=database.kinesis)


def _with(known: Iterable[KinesisDestination], changed: KinesisDestination) -> tuple[KinesisDestination, ...]:
    """Return the destinations with one of them changed in its place, or added."""
    by_arn = {each.arn: each for each in known} | {changed.arn: changed}
    return tuple(by_arn.values())


def _answer(
    definition: TableDefinition, destination: KinesisDestination, request: Request, configuration: str
) -> dict[str, Any]:
    """Tell what becomes of a destination; the configuration is echoed where it was given."""
    told = {
        "TableName": definition.name,
        "StreamArn": destination.arn,
        "DestinationStatus": destination.status,
    }
    return told | ({configuration: dict(request[configuration])} if configuration in request else {})


def _described(database: Database, destination: KinesisDestination) -> dict[str, Any]:
    status = _status(database, destination)
    told = {"StreamArn": destination.arn, "DestinationStatus": status}
    if status == ENABLING and not database.kinesis:
        told["DestinationStatusDescription"] = destinations.UNCONNECTED
    if destination.precision is not None:
        told[_PRECISION] = destination.precision
    return told
