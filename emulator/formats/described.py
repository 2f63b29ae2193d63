"""Reads definitions of tables in the form of DynamoDB's own requests and answers.

`{"Table": description}` is DescribeTable's answer. `dump` adds two members to it, which come from
other answers: `Tags` (ListTagsOfResource) and `TimeToLiveDescription` (DescribeTimeToLive).
"""

from collections.abc import Mapping
from typing import Any, Final

from emulator.formats.records import Definition, Place

_COPIED: Final = ("TableName", "AttributeDefinitions", "KeySchema")
_OF_INDEX: Final = ("IndexName", "KeySchema", "Projection")
_OF_VECTOR_INDEX: Final = (
    "IndexName",
    "VectorAttribute",
    "Dimensions",
    "DistanceFunction",
    "SearchSchema",
    "Projection",
)
_OF_THROUGHPUT: Final = ("ReadCapacityUnits", "WriteCapacityUnits")
_OF_CREATE: Final = frozenset(("TableName", "KeySchema", "AttributeDefinitions"))


def is_create_input(value: object) -> bool:
    """Return True if a value looks like the input of CreateTable."""
    return isinstance(value, dict) and value.keys() >= _OF_CREATE and "TableStatus" not in value


def is_description(value: object) -> bool:
    """Return True if a value describes a table.

    The value may be an answer of DescribeTable or CreateTable, or the description inside an answer.
    """
    return _description(value) is not None


def definition(place: Place, value: Mapping[str, Any]) -> Definition:
    """Return the definition of a table.

    value: a value for which `is_create_input` or `is_description` returns True.
    """
    described = _description(value)
    if described is None:
        return Definition(place, dict(value))
    create = create_input(described)
    if value.get("Tags"):
        create["Tags"] = value["Tags"]
    ttl = value.get("TimeToLiveDescription", {})
    enabled = ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return Definition(place, create, ttl["AttributeName"] if enabled else None)


def create_input(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input of CreateTable that creates a table like an existing one.

    table: the description of the existing table.
    """
    on_demand = table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    create = {name: table[name] for name in _COPIED}
    create["BillingMode"] = "PAY_PER_REQUEST" if on_demand else "PROVISIONED"
    create |= _throughput(table, on_demand=on_demand)
    if table.get("LocalSecondaryIndexes"):
        create["LocalSecondaryIndexes"] = [_index(index) for index in table["LocalSecondaryIndexes"]]
    if table.get("GlobalSecondaryIndexes"):
        create["GlobalSecondaryIndexes"] = [
            _index(index) | _throughput(index, on_demand=on_demand) for index in table["GlobalSecondaryIndexes"]
        ]
    if table.get("VectorIndexes"):
        create["VectorIndexes"] = [
            {name: index[name] for name in _OF_VECTOR_INDEX if name in index} for index in table["VectorIndexes"]
        ]
    if table.get("StreamSpecification", {}).get("StreamEnabled"):
        create["StreamSpecification"] = table["StreamSpecification"]
    if table.get("SSEDescription", {}).get("Status") == "ENABLED":
        create["SSESpecification"] = {"Enabled": True, "SSEType": table["SSEDescription"].get("SSEType", "KMS")}
    if "TableClassSummary" in table:
        create["TableClass"] = table["TableClassSummary"]["TableClass"]
    if table.get("DeletionProtectionEnabled"):
        create["DeletionProtectionEnabled"] = True
    return create


def _description(value: object) -> Mapping[str, Any] | None:
    if not isinstance(value, dict):
        return None
    found = value.get("Table", value.get("TableDescription", value))
    return found if isinstance(found, dict) and found.keys() >= {*_OF_CREATE, "TableStatus"} else None


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    return {name: index[name] for name in _OF_INDEX}


def _throughput(owner: Mapping[str, Any], *, on_demand: bool) -> dict[str, Any]:
    if on_demand:
        return {"OnDemandThroughput": owner["OnDemandThroughput"]} if "OnDemandThroughput" in owner else {}
    throughput = owner.get("ProvisionedThroughput", {})
    return {"ProvisionedThroughput": {name: throughput[name] for name in _OF_THROUGHPUT if name in throughput}}
