"""Finds, creates and describes tables through an endpoint."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from emulator.client.endpoint import Refused
from emulator.formats.records import Definition, Setting, Types
from emulator.transfer.endpoints import Endpoint

_MISSING: Final = "ResourceNotFoundException"
_OPTIONAL: Final = frozenset(("AccessDeniedException", "UnknownOperationException"))
# Seconds between two polls for the status ACTIVE. A new table on an emulator is ACTIVE immediately,
# a new table on AWS after about 5 s.
_POLL: Final = 0.05
_PATIENCE: Final = 300.0  # seconds to wait for a new table to become ACTIVE


def describe(endpoint: Endpoint, table: str) -> dict[str, Any] | None:
    """Return the `Table` of DescribeTable's answer, or None if there is no such table.

    Raises Refused or Unreachable if the server fails.
    """
    try:
        described: dict[str, Any] = endpoint.call("DescribeTable", {"TableName": table})["Table"]
    except Refused as refusal:
        if refusal.code == _MISSING:
            return None
        raise
    return described


def key_types(description: dict[str, Any]) -> Types:
    """Return name -> type of each key attribute of a table and its indexes."""
    return {each["AttributeName"]: each["AttributeType"] for each in description["AttributeDefinitions"]}


def key_names(description: dict[str, Any]) -> list[str]:
    """Return the names of a table's key attributes: partition key, then sort key."""
    schema = sorted(description["KeySchema"], key=lambda each: str(each["KeyType"]))
    return [each["AttributeName"] for each in schema]


def names(endpoint: Endpoint) -> Iterator[str]:
    """Yield the names of all tables. Raises Refused or Unreachable if the server fails."""
    request: dict[str, Any] = {}
    while True:
        answer = endpoint.call("ListTables", request)
        yield from answer["TableNames"]
        if "LastEvaluatedTableName" not in answer:
            return
        request = {"ExclusiveStartTableName": answer["LastEvaluatedTableName"]}


def create(endpoint: Endpoint, definition: Definition, sleep: Callable[[float], None] = time.sleep) -> None:
    """Create a table, wait until it is ACTIVE, and turn on its time to live if it has one.

    Raises TimeoutError if the table does not become ACTIVE. Raises Refused or Unreachable if the
    server fails.
    """
    endpoint.call("CreateTable", definition.create)
    waited = 0.0
    while (describe(endpoint, definition.name) or {}).get("TableStatus") != "ACTIVE":
        if waited > _PATIENCE:
            raise TimeoutError(f"table {definition.name} is not ACTIVE after {_PATIENCE:.0f} seconds")
        sleep(_POLL)
        waited += _POLL
    if definition.ttl is not None:
        specification = {"Enabled": True, "AttributeName": definition.ttl}
        endpoint.call("UpdateTimeToLive", {"TableName": definition.name, "TimeToLiveSpecification": specification})


def configure(endpoint: Endpoint, definition: Definition) -> Iterator[tuple[Setting, Refused]]:
    """Make the settings that need further requests after CreateTable.

    Yield each setting that the server refuses, with the server's error. Raises Unreachable if the
    server does not answer.
    """
    for setting in definition.settings:
        try:
            endpoint.call(setting.operation, {"TableName": definition.name, **setting.request})
        except Refused as refusal:
            yield setting, refusal


def is_missing(refusal: Refused) -> bool:
    """Return True if a request failed because the server lacks or forbids the operation."""
    return refusal.code in _OPTIONAL


def whole_description(endpoint: Endpoint, table: str) -> dict[str, Any] | None:
    """Return DescribeTable's answer, with time to live and tags added to it (formats/described.py).

    Return None if there is no such table. Raises Refused or Unreachable if the server fails.
    """
    description = describe(endpoint, table)
    if description is None:
        return None
    whole: dict[str, Any] = {"Table": description}
    ttl = _optional(endpoint, "DescribeTimeToLive", {"TableName": table}).get("TimeToLiveDescription", {})
    if "AttributeName" in ttl:
        whole["TimeToLiveDescription"] = ttl
    tags = _optional(endpoint, "ListTagsOfResource", {"ResourceArn": description["TableArn"]}).get("Tags", [])
    if tags:
        whole["Tags"] = tags
    return whole


def _optional(endpoint: Endpoint, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Call an operation and return its answer, or {} if the server lacks or forbids it."""
    try:
        return endpoint.call(operation, request)
    except Refused as refusal:
        if is_missing(refusal):
            return {}
        raise
