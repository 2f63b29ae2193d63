"""The request bodies of all benchmarks, in process and over HTTP."""

from collections.abc import Iterable
from typing import Any

from tests.bench.items import Item, key

Body = dict[str, Any]


def create(table: str, indexes: int = 0) -> Body:
    """Return a CreateTable request with the keys `pk` and `sk` (both S), on demand.

    Each global index `gsi<n>` has the keys `g<n>` and `sk`, and projects all attributes.
    """
    attributes = ["pk", "sk", *(f"g{number}" for number in range(1, indexes + 1))]
    body = {
        "TableName": table,
        "KeySchema": _keys("pk"),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if indexes:
        body["GlobalSecondaryIndexes"] = [
            {"IndexName": f"gsi{name[1:]}", "KeySchema": _keys(name), "Projection": {"ProjectionType": "ALL"}}
            for name in attributes[2:]
        ]
    return body


def _keys(partition: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


def put(table: str, item: Item, **extra: Any) -> Body:
    """Return a PutItem request."""
    return {"TableName": table, "Item": item, **extra}


def get(table: str, item_key: Item) -> Body:
    """Return a GetItem request."""
    return {"TableName": table, "Key": item_key}


def update(table: str, number: int | str) -> Body:
    """Return an UpdateItem request that adds one to the attribute `a`, with a condition."""
    return {
        "TableName": table,
        "Key": key(number),
        "UpdateExpression": "SET a = a + :x",
        "ConditionExpression": "attribute_exists(pk) AND a >= :zero",
        "ExpressionAttributeValues": {":x": {"N": "1"}, ":zero": {"N": "0"}},
    }


def query(table: str, pk: str, **extra: Any) -> Body:
    """Return a Query request for one partition."""
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": pk}},
        **extra,
    }


def batch(table: str, items: Iterable[Item]) -> Body:
    """Return a BatchWriteItem request that puts items into a table."""
    return {"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in items]}}


def transact_puts(table: str, items: Iterable[Item]) -> Body:
    """Return a TransactWriteItems request that puts items into a table."""
    return {"TransactItems": [{"Put": {"TableName": table, "Item": item}} for item in items]}


def transact_gets(table: str, keys: Iterable[Item]) -> Body:
    """Return a TransactGetItems request."""
    return {"TransactItems": [{"Get": {"TableName": table, "Key": item_key}} for item_key in keys]}
