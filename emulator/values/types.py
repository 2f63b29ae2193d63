"""The Python types of items and attribute values, and groups of DynamoDB's types."""

from collections.abc import Mapping
from typing import Any, Final

Value = dict[str, Any]
"""A canonical attribute value: tag -> content, such as {"S": "x"} or {"L": [{"BOOL": True}]}."""

Item = dict[str, Value]
"""Attribute name -> canonical value."""

Values = dict[str, Value]
"""ExpressionAttributeValues: ":name" -> canonical value."""

ORDERED: Final = frozenset({"S", "N", "B"})
"""The types whose values have an order.

Keys and operands of `<`, `<=`, `>`, `>=` must have one of these types.
"""
SETS: Final = frozenset({"SS", "NS", "BS"})
TYPES: Final = ORDERED | SETS | {"L", "M", "BOOL", "NULL"}
"""The tags of all types."""
SET_OF: Final[Mapping[str, str]] = {"S": "SS", "N": "NS", "B": "BS"}
"""Type of a set's members -> type of the set."""
KIND: Final[Mapping[str, str]] = {"S": "string", "B": "binary", "N": "number"}
"""Type of a key attribute -> its name in errors about empty key values.

N is included, although a number is never empty.
"""
