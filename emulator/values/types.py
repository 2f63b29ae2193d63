"""The Python types of items and values, and the tags of DynamoDB's types in groups."""

from collections.abc import Mapping
from typing import Any, Final

Value = dict[str, Any]
"""A canonical attribute value: one tag and its content, e.g. {"S": "x"}, {"N": "1"}, {"L":
[{"BOOL": True}]}.
"""

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
"""All types."""
SET_OF: Final[Mapping[str, str]] = {"S": "SS", "N": "NS", "B": "BS"}
"""Type of a member -> type of its set."""
KIND: Final[Mapping[str, str]] = {"S": "string", "B": "binary", "N": "number"}
"""Type of a key -> its name in errors about empty keys.

N is included, although a number is never empty.
"""
