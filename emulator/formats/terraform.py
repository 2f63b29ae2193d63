"""Reads tables and items from the output of `terraform show -json` for a plan or a state.

Tables and items are the resources `aws_dynamodb_table` and `aws_dynamodb_table_item`, in all
modules. The following resources add a setting to a table of the same file:

| resource                                     | operation                           |
|----------------------------------------------|-------------------------------------|
| `aws_dynamodb_contributor_insights`          | UpdateContributorInsights           |
| `aws_dynamodb_kinesis_streaming_destination` | EnableKinesisStreamingDestination   |
| `aws_dynamodb_resource_policy`               | CreateTable with `ResourcePolicy`   |

A resource of this list is left out with a notice in two cases: its values are known only after
`apply`, like the ARNs in a plan, or its table is in another file.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson

from emulator.formats.document import Document
from emulator.formats.items import typed_record
from emulator.formats.records import WRONG_FORM, Definition, Notice, Problem, Record, Setting, is_text

_LEFT_OUT: Final = ("replica", "import_table", "restore_source_name", "restore_source_table_arn")


def records(document: Document) -> Iterator[Record]:
    """Yield the tables, then the items.

    Yield a Problem for a table or item with a value that is missing or known only after `apply`.
    """
    content = document.content
    values = content.get("planned_values") or content.get("values")
    found = _resources(values.get("root_module") if isinstance(values, dict) else None)
    resources = [each for each in found if each.get("mode") != "data"]
    additions: dict[str, list[_Addition]] = defaultdict(list)
    for resource in resources:
        read_addition = _ADDITIONS.get(str(resource.get("type")))
        if read_addition is None:
            continue
        address = str(resource.get("address", resource["type"]))
        try:
            addition = read_addition(address, resource["values"])
        except WRONG_FORM as error:
            yield Notice(document.place(), f"{address} left out: its values are known only after `apply`: {error}")
        else:
            additions[addition.table].append(addition)
    for record in _read(document, resources, "aws_dynamodb_table", _table):
        if isinstance(record, Definition):
            yield _with(record, additions.pop(record.name, []))
        else:
            yield record
    for each in (addition for left in additions.values() for addition in left):
        yield Notice(document.place(), f"{each.address} left out: the file has no table {each.table}")
    yield from _read(document, resources, "aws_dynamodb_table_item", _item)


_Reader = Callable[[Document, Mapping[str, Any]], Iterator[Record]]


def _read(document: Document, resources: list[Mapping[str, Any]], kind: str, reader: _Reader) -> Iterator[Record]:
    """Yield the records of all resources of one type, and a Problem for each wrong resource."""
    for resource in resources:
        if resource.get("type") == kind:
            try:
                yield from reader(document, resource)
            except WRONG_FORM as error:
                address = resource.get("address", kind)
                text = f"{address}: a value is missing, wrong, or known only after `apply`: {error}"
                yield Problem(document.place(), text)


def _resources(module: object) -> Iterator[Mapping[str, Any]]:
    """Yield the resources of a module and of its child modules. Malformed values are skipped."""
    modules = [module]
    while modules:
        each = modules.pop()
        if isinstance(each, dict):
            resources, children = each.get("resources"), each.get("child_modules")
            yield from (found for found in resources or () if isinstance(found, dict))
            modules += reversed(children or ())


def _table(document: Document, resource: Mapping[str, Any]) -> Iterator[Record]:
    values = resource["values"]
    on_demand = values.get("billing_mode") == "PAY_PER_REQUEST"
    create: dict[str, Any] = {
        "TableName": values["name"],
        "BillingMode": values.get("billing_mode") or "PROVISIONED",
        "AttributeDefinitions": [
            {"AttributeName": each["name"], "AttributeType": each["type"]} for each in values["attribute"]
        ],
        "KeySchema": _keys(values),
        **_throughput(values, on_demand=on_demand),
    }
    indexes = [
        {**_index(each), "KeySchema": _keys(each), **_throughput(each, on_demand=on_demand)}
        for each in values.get("global_secondary_index") or ()
    ]
    local = [
        {**_index(each), "KeySchema": _keys({**each, "hash_key": values["hash_key"]})}
        for each in values.get("local_secondary_index") or ()
    ]
    if indexes:
        create["GlobalSecondaryIndexes"] = indexes
    if local:
        create["LocalSecondaryIndexes"] = local
    if values.get("stream_enabled"):
        create["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": values["stream_view_type"]}
    if any(each.get("enabled") for each in values.get("server_side_encryption") or ()):
        create["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
    if values.get("table_class"):
        create["TableClass"] = values["table_class"]
    if values.get("deletion_protection_enabled"):
        create["DeletionProtectionEnabled"] = True
    tags = {**(values.get("tags_all") or {}), **(values.get("tags") or {})}
    if tags:
        create["Tags"] = [{"Key": name, "Value": value} for name, value in tags.items()]
    ttl = [each["attribute_name"] for each in values.get("ttl") or () if each.get("enabled")]
    place = document.place()
    left_out = [name for name in _LEFT_OUT if values.get(name)]
    if left_out:
        yield Notice(place, f"{resource['address']}: {', '.join(left_out)} left out")
    yield Definition(place, create, ttl[0] if ttl else None, tuple(_recovery(values)))


def _recovery(values: Mapping[str, Any]) -> Iterator[Setting]:
    for each in values.get("point_in_time_recovery") or ():
        if each.get("enabled"):
            wanted: dict[str, Any] = {"PointInTimeRecoveryEnabled": True}
            if each.get("recovery_period_in_days"):
                wanted["RecoveryPeriodInDays"] = each["recovery_period_in_days"]
            yield Setting("UpdateContinuousBackups", {"PointInTimeRecoverySpecification": wanted})


def _keys(owner: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the key schema of a table or index, as in CreateTable.

    Terraform has the keys in `hash_key` and `range_key`, or in blocks `key_schema`.
    """
    blocks = owner.get("key_schema")
    if blocks and not owner.get("hash_key"):
        return [{"AttributeName": each["attribute_name"], "KeyType": each["key_type"]} for each in blocks]
    keys = [{"AttributeName": owner["hash_key"], "KeyType": "HASH"}]
    if owner.get("range_key"):
        keys.append({"AttributeName": owner["range_key"], "KeyType": "RANGE"})
    return keys


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index["projection_type"]}
    if index.get("non_key_attributes"):
        projection["NonKeyAttributes"] = index["non_key_attributes"]
    return {"IndexName": index["name"], "Projection": projection}


def _throughput(owner: Mapping[str, Any], *, on_demand: bool) -> dict[str, Any]:
    if not on_demand:
        units = {"ReadCapacityUnits": owner["read_capacity"], "WriteCapacityUnits": owner["write_capacity"]}
        return {"ProvisionedThroughput": units}
    limits = {}
    for block in owner.get("on_demand_throughput") or ():
        for name, member in (("read", "MaxReadRequestUnits"), ("write", "MaxWriteRequestUnits")):
            units = block.get(f"max_{name}_request_units")
            if units is not None and units > 0:
                limits[member] = units
    return {"OnDemandThroughput": limits} if limits else {}


# --- resources that add a setting to a table ------------------------------------------------------


class _Addition(NamedTuple):
    """A setting that another resource adds to a table.

    address: the address of the resource. table: the name of the table. create: members to add to
    the input of CreateTable. settings: settings to make after the table's creation.
    """

    address: str
    table: str
    create: Mapping[str, Any]
    settings: tuple[Setting, ...] = ()


def _with(definition: Definition, additions: list[_Addition]) -> Definition:
    """Return a definition after adding the settings of other resources."""
    for each in additions:
        create, settings = {**definition.create, **each.create}, (*definition.settings, *each.settings)
        definition = replace(definition, create=create, settings=settings)
    return definition


def _insights(address: str, values: Mapping[str, Any]) -> _Addition:
    request = {"ContributorInsightsAction": "ENABLE"}
    if values.get("index_name"):
        request["IndexName"] = values["index_name"]
    if values.get("mode"):
        request["ContributorInsightsMode"] = values["mode"]
    return _Addition(address, _text(values["table_name"]), {}, (Setting("UpdateContributorInsights", request),))


def _kinesis(address: str, values: Mapping[str, Any]) -> _Addition:
    request: dict[str, Any] = {"StreamArn": values["stream_arn"]}
    precision = values.get("approximate_creation_date_time_precision")
    if precision:
        request["EnableKinesisStreamingConfiguration"] = {"ApproximateCreationDateTimePrecision": precision}
    setting = Setting("EnableKinesisStreamingDestination", request)
    return _Addition(address, _text(values["table_name"]), {}, (setting,))


def _policy(address: str, values: Mapping[str, Any]) -> _Addition:
    """Read the resource policy of a table.

    The resource may also be a stream. Then the result has a name that no table has. So `records`
    leaves the policy out, and yields a Notice.
    """
    table = _text(values["resource_arn"]).partition(":table/")[2]
    return _Addition(address, table, {"ResourcePolicy": values["policy"]})


_ADDITIONS: Final[Mapping[str, Callable[[str, Mapping[str, Any]], _Addition]]] = {
    "aws_dynamodb_contributor_insights": _insights,
    "aws_dynamodb_kinesis_streaming_destination": _kinesis,
    "aws_dynamodb_resource_policy": _policy,
}


def _text(value: object) -> str:
    """Return a value that must be a valid string. Raises TypeError if it is not."""
    if not is_text(value):
        raise TypeError("a name is not a text")
    return str(value)


def _item(document: Document, resource: Mapping[str, Any]) -> Iterator[Record]:
    values = resource["values"]
    yield typed_record(document.place(), values["table_name"], orjson.loads(values["item"]))
