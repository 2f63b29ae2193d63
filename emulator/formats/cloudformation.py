"""Reads tables from CloudFormation, SAM and CDK templates.

| resource                      | becomes                                                          |
|-------------------------------|------------------------------------------------------------------|
| `AWS::DynamoDB::Table`        | CreateTable with the same members                                |
| `AWS::DynamoDB::GlobalTable`  | CreateTable, with the settings of the first replica              |
| `AWS::Serverless::SimpleTable`| CreateTable with only a partition key, on demand by default      |

If a resource has no table name, its logical id becomes the table's name. (CloudFormation would also
add the stack's name and random letters.) CreateTable has no members for some properties. Other
operations make these settings after the table exists:

| property                           | operation                                                   |
|------------------------------------|-------------------------------------------------------------|
| `TimeToLiveSpecification`          | UpdateTimeToLive                                            |
| `PointInTimeRecoverySpecification` | UpdateContinuousBackups                                     |
| `ContributorInsightsSpecification` | UpdateContributorInsights, of the table and of its indexes  |
| `KinesisStreamSpecification`       | EnableKinesisStreamingDestination                           |

A setting with a value that is known only on AWS, such as the ARN of a Kinesis stream, is left out
with a notice. Imports (`ImportSourceSpecification`) are left out too.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from emulator.formats.bounds import Unresolved
from emulator.formats.document import Document
from emulator.formats.intrinsics import Resolver, parameters_of
from emulator.formats.records import WRONG_FORM, Definition, Notice, Problem, Record, Setting

Properties = dict[str, Any]

_COPIED: Final = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "TableClass",
    "TableName",
    "VectorIndexes",
    "WarmThroughput",
)
_LEFT_OUT: Final = "ImportSourceSpecification"
_INSIGHTS: Final = "ContributorInsightsSpecification"
_RECOVERY: Final = "PointInTimeRecoverySpecification"
_KINESIS: Final = "KinesisStreamSpecification"
_OPTIONAL: Final = (_INSIGHTS, _RECOVERY, _KINESIS, "ResourcePolicy")
"""Properties that are left out of a table if a value in them is known only on AWS."""

_OF_INDEX: Final = (
    "IndexName",
    "KeySchema",
    "Projection",
    "ProvisionedThroughput",
    "OnDemandThroughput",
    "WarmThroughput",
)
_NUMBERS: Final = frozenset(
    (
        "ReadCapacityUnits",
        "WriteCapacityUnits",
        "MaxReadRequestUnits",
        "MaxWriteRequestUnits",
        "ReadUnitsPerSecond",
        "WriteUnitsPerSecond",
        "Dimensions",
        "RecoveryPeriodInDays",
    )
)
_SIMPLE_TYPES: Final = {"String": "S", "Number": "N", "Binary": "B"}


def records(document: Document) -> Iterator[Record]:
    """Yield the definitions of a template's tables, and a Problem for each wrong table."""
    content = document.content
    resolver = Resolver(content, document.options.parameters)
    for name, resource in content["Resources"].items():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        read = _KINDS.get(kind) if isinstance(kind, str) else None
        if read is None:
            continue
        place = document.place(name)
        try:
            if "Condition" in resource and not resolver.is_true(resource["Condition"]):
                continue
            properties, left_out = _resolved(resolver, resource.get("Properties") or {})
            create, owner = read({"TableName": name, **properties})
            ttl = properties.get("TimeToLiveSpecification") or {}
            attribute = str(ttl["AttributeName"]) if _is_true(ttl.get("Enabled", False)) else None
            definition = Definition(place, create, attribute, tuple(_settings(owner)))
            definition.check()
        except Unresolved as error:
            yield Problem(place, f"table {name}: {error}")
            continue
        except RecursionError:
            yield Problem(place, f"table {name}: the properties are nested too deeply")
            continue
        except WRONG_FORM:
            yield Problem(place, f"table {name}: the properties do not have the form of {kind}")
            continue
        if left_out:
            yield Notice(place, f"table {create['TableName']}: {', '.join(left_out)} left out")
        yield definition


def parameters(document: Document) -> frozenset[str]:
    """Return the names of the parameters of a template."""
    return parameters_of(document.content)


def _resolved(resolver: Resolver, properties: Any) -> tuple[Properties, list[str]]:  # noqa: ANN401 - JSON
    """Return a pair: the properties after resolving functions, and the names of omitted properties.

    Raises Unresolved if the value of a required property cannot be found, and one of the exceptions
    in WRONG_FORM if the properties do not have the required form.
    """
    found: Properties = {}
    left_out = []
    for name, value in properties.items():
        try:
            resolved = resolver.resolve({name: _without_key(value) if name == "SSESpecification" else value})
        except Unresolved:
            if name not in _OPTIONAL:
                raise
            left_out.append(name)
        else:
            found |= resolved
    if found.pop(_LEFT_OUT, None):
        left_out.append(_LEFT_OUT)
    return found, left_out


def _without_key(encryption: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an SSESpecification without its KMS key, which is often known only on AWS."""
    if not isinstance(encryption, dict):
        return encryption
    return {name: value for name, value in encryption.items() if name != "KMSMasterKeyId"}


def _is_true(value: object) -> bool:
    """Return True if a value is true, or the text "true" that a parameter of a template gives."""
    return str(value).lower() == "true"


def _settings(owner: Properties) -> Iterator[Setting]:
    """Yield the settings that other operations make after the creation of a table.

    owner: the properties of the table, or of the first replica of a global table.
    """
    recovery = owner.get(_RECOVERY) or {}
    if _is_true(recovery.get("PointInTimeRecoveryEnabled", False)):
        wanted = {**_with_numbers(recovery), "PointInTimeRecoveryEnabled": True}
        yield Setting("UpdateContinuousBackups", {_RECOVERY: wanted})
    yield from _insights(owner, {})
    for index in owner.get("GlobalSecondaryIndexes") or ():
        yield from _insights(index, {"IndexName": index["IndexName"]})
    kinesis = owner.get(_KINESIS)
    if kinesis:
        request = {"StreamArn": kinesis["StreamArn"]}
        precision = {name: value for name, value in kinesis.items() if name != "StreamArn"}
        if precision:
            request["EnableKinesisStreamingConfiguration"] = precision
        yield Setting("EnableKinesisStreamingDestination", request)


def _insights(owner: Properties, names: Properties) -> Iterator[Setting]:
    """Yield the setting that turns on Contributor Insights, if a table or index asks for it.

    owner: the properties of the table or index.
    names: `{"IndexName": name}` for an index, {} for a table.
    """
    insights = owner.get(_INSIGHTS) or {}
    if _is_true(insights.get("Enabled", False)):
        mode = {"ContributorInsightsMode": insights["Mode"]} if "Mode" in insights else {}
        yield Setting("UpdateContributorInsights", {**names, "ContributorInsightsAction": "ENABLE", **mode})


def _table(properties: Properties) -> tuple[Properties, Properties]:
    """Return a pair: the input of CreateTable, and the properties that `_settings` reads."""
    create: Properties = {name: properties[name] for name in _COPIED if name in properties}
    create["TableName"] = str(create["TableName"])
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if kind in create:
            create[kind] = [{name: index[name] for name in _OF_INDEX if name in index} for index in create[kind]]
    if "StreamSpecification" in properties:
        view_type = properties["StreamSpecification"]["StreamViewType"]
        create["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view_type}
    sse = properties.get("SSESpecification") or {}
    if _is_true(sse.get("SSEEnabled", False)):
        create["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
    if properties.get("Tags"):
        create["Tags"] = [{"Key": tag["Key"], "Value": str(tag["Value"])} for tag in properties["Tags"]]
    if "DeletionProtectionEnabled" in create:
        create["DeletionProtectionEnabled"] = _is_true(create["DeletionProtectionEnabled"])
    numbered: Properties = _with_numbers(create)
    policy = properties.get("ResourcePolicy")
    if policy:
        numbered["ResourcePolicy"] = orjson.dumps(policy["PolicyDocument"]).decode()
    return numbered, properties


def _with_numbers(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value after converting the members that must be numbers to numbers.

    A member is a text if its value comes from a parameter of the template.
    """
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: int(each) if name in _NUMBERS else _with_numbers(each) for name, each in value.items()}


def _global_table(properties: Properties) -> tuple[Properties, Properties]:
    replica = properties["Replicas"][0]
    provisioned = properties.get("BillingMode") == "PROVISIONED"
    of_replica = {index["IndexName"]: index for index in replica.get("GlobalSecondaryIndexes", ())}
    indexes = [
        index | _throughput(index, of_replica.get(index["IndexName"], {}), provisioned=provisioned)
        for index in properties.get("GlobalSecondaryIndexes", ())
    ]
    whole = properties | _throughput(properties, replica, provisioned=provisioned)
    for name in ("DeletionProtectionEnabled", "ResourcePolicy", "TableClass", "Tags"):
        if name in replica:
            whole[name] = replica[name]
    if indexes:
        whole["GlobalSecondaryIndexes"] = indexes
    return _table(whole)[0], replica


def _throughput(owner: Properties, replica: Properties, *, provisioned: bool) -> Properties:
    """Return the member of CreateTable with the throughput of a global table or its index.

    Return {} if the throughput is on demand without limits.

    owner: the properties of the table or index.
    replica: the properties of the same table or index in the first replica.
    """
    if not provisioned:
        found: Properties = {}
        if "WriteOnDemandThroughputSettings" in owner:
            found |= owner["WriteOnDemandThroughputSettings"]
        if "ReadOnDemandThroughputSettings" in replica:
            found |= replica["ReadOnDemandThroughputSettings"]
        return {"OnDemandThroughput": found} if found else {}
    write = owner["WriteProvisionedThroughputSettings"]["WriteCapacityAutoScalingSettings"]
    read = replica.get("ReadProvisionedThroughputSettings") or owner["ReadProvisionedThroughputSettings"]
    units = (
        read["ReadCapacityUnits"] if "ReadCapacityUnits" in read else _least(read["ReadCapacityAutoScalingSettings"])
    )
    return {"ProvisionedThroughput": {"ReadCapacityUnits": units, "WriteCapacityUnits": _least(write)}}


def _least(scaling: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a number, perhaps as a text
    return scaling.get("SeedCapacity", scaling["MinCapacity"])


def _simple_table(properties: Properties) -> tuple[Properties, Properties]:
    key = properties.get("PrimaryKey") or {"Name": "id", "Type": "String"}
    tags = properties.get("Tags") or {}
    whole = {
        "TableName": properties["TableName"],
        "AttributeDefinitions": [{"AttributeName": key["Name"], "AttributeType": _SIMPLE_TYPES[key["Type"]]}],
        "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
        "SSESpecification": properties.get("SSESpecification"),
        "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
    }
    throughput = properties.get("ProvisionedThroughput")
    if throughput:
        return _table({**whole, "ProvisionedThroughput": throughput})
    return _table({**whole, "BillingMode": "PAY_PER_REQUEST"})


_KINDS: Final[Mapping[str, Callable[[Properties], tuple[Properties, Properties]]]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::DynamoDB::GlobalTable": _global_table,
    "AWS::Serverless::SimpleTable": _simple_table,
}
