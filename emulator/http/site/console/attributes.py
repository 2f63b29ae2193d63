"""Converts attribute values to short texts and to ordinary JSON, and JSON to attribute values."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

Attribute = Mapping[str, Any]

KINDS: Final = {
    "S": "String",
    "N": "Number",
    "B": "Binary",
    "BOOL": "Boolean",
    "NULL": "Null",
    "L": "List",
    "M": "Map",
    "SS": "String set",
    "NS": "Number set",
    "BS": "Binary set",
}
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOST: Final = 300  # the maximum number of characters of an attribute value in a table cell of a page


def kind(attribute: Attribute | None) -> str:
    """Return the type of an attribute value, such as `S`, or `none` if there is no value."""
    return next(iter(attribute)) if attribute else "none"


def kind_name(attribute: Attribute | None) -> str:
    """Return the type of an attribute value in words, such as `String set`."""
    return KINDS[kind(attribute)] if attribute else "no value"


def plain(attribute: Attribute) -> Any:  # noqa: ANN401 - JSON
    """Return an attribute value as ordinary JSON.

    Sets become lists. A number becomes a string if reading it as a double would change its digits.
    """
    ((name, value),) = attribute.items()
    match name:
        case "N":
            return _number(value)
        case "NS":
            return [_number(each) for each in value]
        case "L":
            return [plain(each) for each in value]
        case "M":
            return {each: plain(inner) for each, inner in value.items()}
        case "NULL":
            return None
    return value


def plain_item(item: Mapping[str, Attribute]) -> dict[str, Any]:
    """Return an item as ordinary JSON: `plain` converts each value."""
    return {name: plain(value) for name, value in item.items()}


def exact_item(item: Mapping[str, Attribute]) -> dict[str, Any]:
    """Return an item as ordinary JSON. All numbers are JSON numbers with all their digits.

    A program that reads numbers as doubles would lose digits. The console's import keeps them.
    """
    return {name: _exact(value) for name, value in item.items()}


def _exact(attribute: Attribute) -> Any:  # noqa: ANN401 - JSON
    ((name, value),) = attribute.items()
    match name:
        case "N":
            return _exact_number(value)
        case "NS":
            return [_exact_number(each) for each in value]
        case "L":
            return [_exact(each) for each in value]
        case "M":
            return {each: _exact(inner) for each, inner in value.items()}
        case "NULL":
            return None
    return value


def _exact_number(text: str) -> orjson.Fragment | str:
    return orjson.Fragment(text) if _NUMBER.fullmatch(text) else text


def shown(attribute: Attribute | None) -> str:
    """Return an attribute value as a short text for a cell of a table, "" if there is no value."""
    if not attribute:
        return ""
    ((name, value),) = attribute.items()
    if name in ("S", "N", "B"):
        text = value
    elif name == "NULL":
        text = "null"
    else:
        text = orjson.dumps(plain(attribute)).decode()
    return text if len(text) <= _MOST else f"{text[:_MOST]}… ({len(text):,} characters)"


def _number(text: str) -> int | float | str:
    """Return the number in a text, or the text itself if a double would change the digits."""
    try:
        number = int(text)
    except ValueError:
        pass
    else:
        return number if -(1 << 53) <= number <= 1 << 53 else text
    return float(text) if repr(float(text)) == text else text


def retyped(value: Any, before: Attribute | None) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Convert ordinary JSON, which a person has edited, to an attribute value.

    before: the attribute value before the edit. It decides the type, because ordinary JSON has no
    sets, no binaries and no long numbers. If `value` is possible for the old type, the attribute
    keeps this type. Otherwise the type follows from the JSON.
    """
    if before is not None and plain(before) == value and type(plain(before)) is type(value):
        return dict(before)
    was = kind(before)
    content: Any = None if before is None else before[was]
    if was in ("SS", "NS", "BS") and isinstance(value, list) and value and _are_of_set(was, value):
        return {was: [str(each) for each in value]}
    if was == "B" and isinstance(value, str):
        return {"B": value}
    if was == "N" and isinstance(value, str) and _is_number(value):
        return {"N": value}
    match value:
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case int() | float():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list():
            known = content if was == "L" else []
            return {"L": [retyped(each, known[at] if at < len(known) else None) for at, each in enumerate(value)]}
    members = content if was == "M" else {}
    return {"M": {name: retyped(each, members.get(name)) for name, each in value.items()}}


def retyped_item(item: Mapping[str, Any], before: Mapping[str, Attribute]) -> dict[str, Any]:
    """Convert an item that a person has edited as ordinary JSON to attribute values.

    before: the item before the edit.
    """
    return {name: retyped(value, before.get(name)) for name, value in item.items()}


def _are_of_set(kind_of_set: str, values: list[Any]) -> bool:
    if kind_of_set == "NS":
        return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
    return all(isinstance(each, str) for each in values)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
