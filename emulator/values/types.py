"""Names for the shapes that travel through the emulator."""

from typing import Any

Value = dict[str, Any]
"""A canonical attribute value: one tag and its content, e.g. {"S": "x"}, {"N": "1"}, {"L": [{"BOOL": True}]}."""

Item = dict[str, Value]
"""Attribute name -> canonical value."""

Values = dict[str, Value]
"""ExpressionAttributeValues: ":name" -> canonical value."""
