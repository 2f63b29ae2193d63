"""Reads models of NoSQL Workbench: tables with their sample data."""

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.formats.document import Document
from emulator.formats.items import typed_record
from emulator.formats.records import WRONG_FORM, Definition, Problem, Record


def records(document: Document) -> Iterator[Record]:
    """Yield the tables of a model. After each table, yield its items."""
    for number, model in enumerate(document.content["DataModel"]):
        name = model.get("TableName", f"number {number + 1}") if isinstance(model, dict) else f"number {number + 1}"
        place = document.place()
        try:
            yield Definition(place, _create(model))
            for item in model.get("TableData") or ():
                yield typed_record(place, model["TableName"], item)
        except WRONG_FORM:
            yield Problem(place, f"table {name}: a part of this table is missing or has a wrong form")


def _create(model: Mapping[str, Any]) -> dict[str, Any]:
    types: dict[str, str] = {}
    create: dict[str, Any] = {"TableName": model["TableName"], "KeySchema": _keys(model, types)}
    provisioned = model.get("BillingMode") == "PROVISIONED"
    settings = model.get("ProvisionedCapacitySettings") or {}
    units = settings.get("ProvisionedThroughput") or {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    throughput = {"ProvisionedThroughput": units} if provisioned else {}
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        indexes = [
            {
                "IndexName": index["IndexName"],
                "KeySchema": _keys(index, types),
                "Projection": index.get("Projection") or {"ProjectionType": "ALL"},
                **(throughput if kind == "GlobalSecondaryIndexes" else {}),
            }
            for index in model.get(kind) or ()
        ]
        if indexes:
            create[kind] = indexes
    create["AttributeDefinitions"] = [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
    create["BillingMode"] = "PROVISIONED" if provisioned else "PAY_PER_REQUEST"
    return create | throughput


def _keys(owner: Mapping[str, Any], types: dict[str, str]) -> list[dict[str, str]]:
    """Return the key schema of a table or index, as in CreateTable.

    types: attribute -> type. This function adds the key attributes of the table or index.
    """
    keys = []
    for member, kind in (("PartitionKey", "HASH"), ("SortKey", "RANGE")):
        attribute = owner["KeyAttributes"].get(member)
        if attribute:
            types[attribute["AttributeName"]] = attribute["AttributeType"]
            keys.append({"AttributeName": attribute["AttributeName"], "KeyType": kind})
    return keys
