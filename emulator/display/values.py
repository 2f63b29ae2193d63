"""Attribute values as text for people, in the form of PartiQL's literals.

| type | text |
|---|---|
| S | `'it''s'` |
| N | `12.5` |
| BOOL, NULL | `true`, `null` |
| B | `b'aGVsbG8='`, which is base64. PartiQL has no literal for it |
| L, M | `[1, 'a']`, `{'a': 1}` |
| SS, NS, BS | `<<'a', 'b'>>` |

Characters that control a terminal are escaped. So a stored text cannot change the colours of the
reader's terminal or clear it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

AttributeValue = Mapping[str, Any]
Item = Mapping[str, AttributeValue]

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, marks that change the direction of a text, surrogates."""


def value_text(value: AttributeValue) -> str:
    """Return an attribute value as text. value: DynamoDB JSON, such as `{"S": "a"}`."""
    ((kind, content),) = value.items()
    return _TEXTS[kind](content)


def item_text(item: Item) -> str:
    """Return an item as text, in the form of a map."""
    return "{" + ", ".join(f"{_string(name)}: {value_text(value)}" for name, value in item.items()) + "}"


def visible(text: str) -> str:
    """Return a text with escapes in place of the characters that control a terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _string(text: str) -> str:
    return "'" + visible(text).replace("'", "''") + "'"


def _binary(text: str) -> str:
    return f"b'{visible(text)}'"


def _set_of(member: Callable[[str], str]) -> Callable[[list[str]], str]:
    return lambda members: "<<" + ", ".join(map(member, members)) + ">>"


_TEXTS: Final[Mapping[str, Callable[[Any], str]]] = {
    "S": _string,
    "N": visible,
    "B": _binary,
    "BOOL": lambda value: "true" if value else "false",
    "NULL": lambda _: "null",
    "L": lambda members: "[" + ", ".join(map(value_text, members)) + "]",
    "M": item_text,
    "SS": _set_of(_string),
    "NS": _set_of(visible),
    "BS": _set_of(_binary),
}
