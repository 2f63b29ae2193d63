"""Requests with far too long names or lists: name of the case -> operation and request."""

from typing import Any, Final

MANY: Final = 11_000  # the number of elements or members in a list or map that is too long

PUT: Final = {"Put": {"TableName": "tab", "Item": {"pk": {"S": "x"}}}}
LONG: Final = "é" * 70_000
ODD: Final = '\x01"\\' * 70_000  # each character takes two to six bytes of JSON
LONG_REQUESTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "empty actions": ("TransactWriteItems", {"TransactItems": [{}] * MANY}),
    "null actions": ("TransactWriteItems", {"TransactItems": [None] * MANY}),
    "whole actions": ("TransactWriteItems", {"TransactItems": [PUT] * MANY}),
    "empty reads": ("TransactGetItems", {"TransactItems": [{}] * MANY}),
    "empty statements": ("BatchExecuteStatement", {"Statements": [{}] * MANY}),
    "empty statements of a transaction": ("ExecuteTransaction", {"TransactStatements": [{}] * MANY}),
    "empty indexes": ("CreateTable", {"TableName": "tab", "GlobalSecondaryIndexes": [{}] * MANY}),
    "tables to write": ("BatchWriteItem", {"RequestItems": {f"t{number}": [] for number in range(MANY)}}),
    "tables to read": ("BatchGetItem", {"RequestItems": {f"t{number}": {} for number in range(MANY)}}),
    "keys to read": ("BatchGetItem", {"RequestItems": {"tab": {"Keys": [{"pk": {"S": "x"}}] * MANY}}}),
    "keys of an index": (
        "UpdateTable",
        {"TableName": "tab", "GlobalSecondaryIndexUpdates": [{"Create": {"KeySchema": [{}] * MANY}}]},
    ),
    "a long name": ("GetItem", {"TableName": LONG, "Key": {}}),
    "a long name of odd characters": ("GetItem", {"TableName": ODD, "Key": {}}),
    "a long name in a path": ("BatchGetItem", {"RequestItems": {ODD: {"Keys": [None] * 50}}}),
    "a long statement": ("ExecuteStatement", {"Statement": ODD}),
    "two long members": (
        "TransactWriteItems",
        {"TransactItems": [{}] * MANY, "ClientRequestToken": ODD, "ReturnConsumedCapacity": LONG},
    ),
    "many long names": (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": ODD, "Key": {}}} for _ in range(12)]},
    ),
}
