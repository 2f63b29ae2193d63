"""Tables of CloudFormation, SAM and CDK templates.

| resource                      | becomes                                                          |
|-------------------------------|------------------------------------------------------------------|
| `AWS::DynamoDB::Table`        | CreateTable with the same members                                |
| `AWS::DynamoDB::GlobalTable`  | the table of the first replica                                   |
| `AWS::Serverless::SimpleTable`| a table with one key, on demand unless it has a throughput       |

If a resource has no table name, its logical id becomes the table's name; CloudFormation would add
the stack's name and random letters. Properties that the emulator does not need are left out with a
notice.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from emulator.formats.bounds import Unresolved
from emulator.formats.document import Document
from emulator.formats.intrinsics import Resolver, parameters_of
from emulator.formats.records import WRONG_FORM, Definition, Notice, Problem, Record

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
)
_LEFT_OUT: Final = (
    "ContributorInsightsSpecification",
    "ImportSourceSpecification",
    "KinesisStreamSpecification",
    "PointInTimeRecoverySpecification",
    "ResourcePolicy",
    "WarmThroughput",
)
_OF_INDEX: Final = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "OnDemandThroughput")
_NUMBERS: Final = frozenset(("ReadCapacityUnits", "WriteCapacityUnits", "MaxReadRequestUnits", "MaxWriteRequestUnits"))
_SIMPLE_TYPES: Final = {"String": "S", "Number": "N", "Binary": "B"}


def records(document: Document) -> Iterator[Record]:
    """Yield the tables of a template. A table that cannot be read is a problem."""
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
            properties = resolver.resolve(resource.get("Properties") or {})
            left_out = [each for each in _LEFT_OUT if each in properties]
            create = read({"TableName": name, **properties})
            ttl = properties.get("TimeToLiveSpecification") or {}
            enabled = str(ttl.get("Enabled", False)).lower() == "true"
            definition = Definition(place, create, str(ttl["AttributeName"]) if enabled else None)
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


def _table(properties: Properties) -> Properties:
    create: Properties = {name: properties[name] for name in _COPIED if name in properties}
    create["TableName"] = str(create["TableName"])
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if kind in create:
            create[kind] = [{name: index[name] for name in _OF_INDEX if name in index} for index in create[kind]]
    if "StreamSpecification" in properties:
        view_type = properties["StreamSpecification"]["StreamViewType"]
        create["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view_type}
    sse = properties.get("SSESpecification") or {}
    if str(sse.get("SSEEnabled", False)).lower() == "true":
        create["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
    if properties.get("Tags"):
        create["Tags"] = [{"Key": tag["Key"], "Value": str(tag["Value"])} for tag in properties["Tags"]]
    if "DeletionProtectionEnabled" in create:
        create["DeletionProtectionEnabled"] = str(create["DeletionProtectionEnabled"]).lower() == "true"
    numbered: Properties = _with_numbers(create)
    return numbered


def _with_numbers(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value in which all members that must be numbers are numbers.

    They are texts if they come from parameters of a template.
    """
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: int(each) if name in _NUMBERS else _with_numbers(each) for name, each in value.items()}


def _global_table(properties: Properties) -> Properties:
    replica = properties["Replicas"][0]
    provisioned = properties.get("BillingMode") == "PROVISIONED"
    of_replica = {index["IndexName"]: index for index in replica.get("GlobalSecondaryIndexes", ())}
    indexes = [
        index | _throughput(index, of_replica.get(index["IndexName"], {}), provisioned=provisioned)
        for index in properties.get("GlobalSecondaryIndexes", ())
    ]
    whole = properties | _throughput(properties, replica, provisioned=provisioned)
    for name in ("DeletionProtectionEnabled", "TableClass", "Tags"):
        if name in replica:
            whole[name] = replica[name]
    if indexes:
        whole["GlobalSecondaryIndexes"] = indexes
    return _table(whole)


def _throughput(owner: Properties, replica: Properties, *, provisioned: bool) -> Properties:
    """Return the throughput of a global table or of one of its indexes.

    owner: the properties of the table or index. replica: its properties in the first replica.
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


def _simple_table(properties: Properties) -> Properties:
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


_KINDS: Final[Mapping[str, Callable[[Properties], Properties]]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::DynamoDB::GlobalTable": _global_table,
    "AWS::Serverless::SimpleTable": _simple_table,
}
