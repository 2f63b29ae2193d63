"""Parses the parameters of statements, as users type them in the shell.

| typed | attribute value |
|---|---|
| `'text'` or `"text"` | S |
| `12.50` | N, with all digits |
| `true`, `null` | BOOL, NULL |
| `["a", 1]` | L |
| `{"a": 1}` | M |
| `{"SS": ["a", "b"]}` | SS: an object whose only member has the name of a type is DynamoDB JSON |
"""

import json
import re
from typing import Any, Final

_TYPES: Final = frozenset(("S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"))
_QUOTED: Final = re.compile(r"'((?:[^']|'')*+)'")
_BETWEEN: Final = re.compile(r"[\s,]*")


class NotValues(ValueError):
    """The typed text is not a list of values."""


class _Number(str):
    """A number in JSON, as text, so that no digits are lost."""

    __slots__ = ()


_DECODER: Final = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def values(text: str) -> list[dict[str, Any]]:
    """Return the attribute values in a text that separates them by spaces or commas.

    Raises NotValues if a part of the text is not a value.
    """
    found = []
    position = _match_end(_BETWEEN, text, 0)
    while position < len(text):
        quoted = _QUOTED.match(text, position)
        if quoted:
            found.append({"S": quoted[1].replace("''", "'")})
            position = quoted.end()
        else:
            try:
                value, position = _DECODER.raw_decode(text, position)
            except ValueError as error:
                raise NotValues(f"not a value: {text[position : position + 40]}") from error
            found.append(_attribute(value))
        position = _match_end(_BETWEEN, text, position)
    return found


def _match_end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _attribute(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON value
    """Convert a JSON value to an attribute value."""
    match value:
        case _Number():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case list():
            return {"L": [_attribute(each) for each in value]}
    if len(value) == 1 and value.keys() <= _TYPES:
        return dict(value)
    return {"M": {name: _attribute(each) for name, each in value.items()}}
