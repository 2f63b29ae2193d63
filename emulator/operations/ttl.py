"""UpdateTimeToLive and DescribeTimeToLive: the setting (service-behaviour.md 12). Items do not expire yet."""

from dataclasses import replace
from typing import Final

from emulator import errors
from emulator.database.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request
from emulator.operations.registry import Response, operation

_INTERVAL: Final = 3600.0  # seconds in which the setting may change once


@operation("UpdateTimeToLive")
def update_time_to_live(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Switch expiry on or off; the answer echoes the specification."""
    specification = request["TimeToLiveSpecification"]
    table = database.described(caller, request["TableName"])
    definition = table.definition
    current, attribute = definition.ttl_attribute, specification["AttributeName"]
    if specification["Enabled"]:
        if current == attribute:
            raise errors.validation("TimeToLive is already enabled")
        if current is not None:
            raise errors.validation(
                f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
            )
    elif current is None:
        raise errors.validation("TimeToLive is already disabled")
    elif current != attribute:
        raise errors.validation(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
        )
    now = database.clock.now()
    if definition.ttl_changed is not None and now - definition.ttl_changed < _INTERVAL:
        raise errors.validation("Time to live has been modified multiple times within a fixed interval")
    enabled = attribute if specification["Enabled"] else None
    database.catalog.change(replace(definition, ttl_attribute=enabled, ttl_changed=now))
    return {"TimeToLiveSpecification": dict(specification)}


@operation("DescribeTimeToLive")
def describe_time_to_live(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Describe the setting; the attribute is told only while expiry is on."""
    attribute = database.described(caller, request["TableName"]).definition.ttl_attribute
    if attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}}
