"""Writes a table as a resource of Terraform's AWS provider."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from emulator.snippets.requests import Call

_WIDTH: Final = 2  # spaces of indentation for each level
_UNITS: Final = (("max_read_request_units", "MaxReadRequestUnits"), ("max_write_request_units", "MaxWriteRequestUnits"))

Block = list[tuple[str, Any]]
"""The body of a Terraform block: (name, value) of each argument and each inner block, in order.

The value of an inner block is again a `Block`.
"""


def resource(calls: Sequence[Call]) -> str:
    """Return the Terraform resource of a table.

    calls: the requests that `recreation.recreation` returns for the table.
    """
    requests = dict(calls)
    create = requests["CreateTable"]
    body: Block = [
        ("name", create["TableName"]),
        ("billing_mode", create["BillingMode"]),
        *_throughput(create),
        *_keys(create),
    ]
    if "TableClass" in create:
        body.append(("table_class", create["TableClass"]))
    if create.get("DeletionProtectionEnabled"):
        body.append(("deletion_protection_enabled", True))
    if "StreamSpecification" in create:
        body += [("stream_enabled", True), ("stream_view_type", create["StreamSpecification"]["StreamViewType"])]
    if create.get("Tags"):
        body.append(("tags", {each["Key"]: each["Value"] for each in create["Tags"]}))
    for each in create["AttributeDefinitions"]:
        body.append(("attribute", [("name", each["AttributeName"]), ("type", each["AttributeType"])]))
    for index in create.get("GlobalSecondaryIndexes", ()):
        body.append(("global_secondary_index", [*_index(index), *_keys(index), *_throughput(index)]))
    for index in create.get("LocalSecondaryIndexes", ()):
        keys = [each for each in _keys(index) if each[0] != "hash_key"]
        body.append(("local_secondary_index", [*_index(index), *keys]))
    if "SSESpecification" in create:
        body.append(("server_side_encryption", [("enabled", True)]))
    body += _settings(calls)
    lines = "".join(_lines(body, 1))
    left_out = "# aws_dynamodb_table does not support vector indexes: left out.\n" if "VectorIndexes" in create else ""
    return f'{left_out}resource "aws_dynamodb_table" "{_name(create["TableName"])}" {{\n{lines}}}\n'


def _settings(calls: Sequence[Call]) -> Block:
    """Return the Terraform blocks for the settings that the requests after CreateTable make."""
    body: Block = []
    for operation, request in calls:
        if operation == "UpdateTimeToLive":
            setting = request["TimeToLiveSpecification"]
            body.append(("ttl", [("attribute_name", setting["AttributeName"]), ("enabled", True)]))
        elif operation == "UpdateContinuousBackups":
            days = request["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"]
            body.append(("point_in_time_recovery", [("enabled", True), ("recovery_period_in_days", days)]))
        elif operation == "UpdateTable":
            body += _replicas(request)
    return body


def _replicas(request: Mapping[str, Any]) -> Block:
    """Return a block for each replica and witness that an UpdateTable request creates."""
    strong: Block = [("consistency_mode", "STRONG")] if "MultiRegionConsistency" in request else []
    body: Block = [
        ("replica", [*strong, ("region_name", update["Create"]["RegionName"])]) for update in request["ReplicaUpdates"]
    ]
    for update in request.get("GlobalTableWitnessUpdates", ()):
        body.append(("global_table_witness", [("region_name", update["Create"]["RegionName"])]))
    return body


def _keys(owner: Mapping[str, Any]) -> Block:
    """Return the Terraform arguments for the key of a table or index.

    The arguments `hash_key` and `range_key` take one attribute each. If several attributes have the
    same key type, return `key_schema` blocks instead.
    """
    kinds = [each["KeyType"] for each in owner["KeySchema"]]
    if len(set(kinds)) < len(kinds):
        return [
            ("key_schema", [("attribute_name", each["AttributeName"]), ("key_type", each["KeyType"])])
            for each in owner["KeySchema"]
        ]
    names = {"HASH": "hash_key", "RANGE": "range_key"}
    return [(names[each["KeyType"]], each["AttributeName"]) for each in owner["KeySchema"]]


def _index(index: Mapping[str, Any]) -> Block:
    found: Block = [("name", index["IndexName"]), ("projection_type", index["Projection"]["ProjectionType"])]
    if index["Projection"].get("NonKeyAttributes"):
        found.append(("non_key_attributes", tuple(index["Projection"]["NonKeyAttributes"])))
    return found


def _throughput(owner: Mapping[str, Any]) -> Block:
    provisioned = owner.get("ProvisionedThroughput")
    if provisioned:
        return [
            ("read_capacity", provisioned["ReadCapacityUnits"]),
            ("write_capacity", provisioned["WriteCapacityUnits"]),
        ]
    limits = owner.get("OnDemandThroughput")
    if limits:
        return [("on_demand_throughput", [(name, limits[member]) for name, member in _UNITS if member in limits])]
    return []


def _lines(body: Block, depth: int) -> Iterator[str]:
    """Yield the lines of a block, in the format of `terraform fmt`."""
    margin = " " * (_WIDTH * depth)
    waiting: list[tuple[str, str]] = []
    for name, value in body:
        if not isinstance(value, list | Mapping):
            waiting.append((name, _list(value) if isinstance(value, tuple) else _text(value)))
            continue
        yield from _aligned(waiting, margin)
        waiting = []
        if isinstance(value, Mapping):
            yield f"{margin}{name} = {{\n"
            yield from _aligned([(_text(each), _text(text)) for each, text in value.items()], margin + "  ")
        else:
            yield f"\n{margin}{name} {{\n" if depth == 1 else f"{margin}{name} {{\n"
            yield from _lines(value, depth + 1)
        yield f"{margin}}}\n"
    yield from _aligned(waiting, margin)


def _aligned(arguments: Sequence[tuple[str, str]], margin: str) -> Iterator[str]:
    """Yield a line for each argument, with the equals signs aligned."""
    width = max((len(name) for name, _ in arguments), default=0)
    yield from (f"{margin}{name:<{width}} = {text}\n" for name, text in arguments)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: object) -> str:
    """Return a value in Terraform's language. Escape `${` and `%{`, which begin a template."""
    return orjson.dumps(value).decode().replace("${", "$${").replace("%{", "%%{")


def _name(name: str) -> str:
    found = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return found if found[:1].isalpha() else f"table_{found}"
