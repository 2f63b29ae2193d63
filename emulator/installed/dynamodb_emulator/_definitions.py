"""Definition files: what the fixture `dynamodb_tables` creates.

A file has one definition or a list of them, as JSON: a CreateTable request, or the output of
`aws dynamodb describe-table`.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_TABLE = (
    "TableName",
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "OnDemandThroughput",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "StreamSpecification",
    "TableClass",
)
_INDEX = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "OnDemandThroughput")
_INDEXES = ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
_THROUGHPUT = ("ReadCapacityUnits", "WriteCapacityUnits")


class BadDefinition(Exception):
    """A definition file cannot be read. str(error) names the file."""


def requests_of(paths: Sequence[str | os.PathLike[str]]) -> list[dict[str, Any]]:
    """Return the CreateTable requests of definition files. Raises BadDefinition."""
    return [request for path in paths for request in _requests_of(path)]


def _requests_of(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError) as error:
        raise BadDefinition(f"{os.fspath(path)}: {error}") from error
    for each in content if isinstance(content, list) else [content]:
        table = each.get("Table", each) if isinstance(each, dict) else None
        if not isinstance(table, dict) or "TableName" not in table:
            raise BadDefinition(f"{os.fspath(path)}: expected definitions of tables with a TableName")
        yield _request(table)


def _request(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the CreateTable request of a definition: what describes a table has more members."""
    request = _chosen(table, _TABLE)
    if "BillingModeSummary" in table:
        request["BillingMode"] = table["BillingModeSummary"]["BillingMode"]
    for name in _INDEXES:
        if table.get(name):
            request[name] = [_with_throughput(_chosen(index, _INDEX)) for index in table[name]]
    return _with_throughput(request)


def _with_throughput(part: dict[str, Any]) -> dict[str, Any]:
    """Reduce the throughput to that of a request. A table on demand is described with 0 units."""
    units = _chosen(part.pop("ProvisionedThroughput", {}), _THROUGHPUT)
    return {**part, "ProvisionedThroughput": units} if any(units.values()) else part


def _chosen(members: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: members[name] for name in names if members.get(name)}
