"""Attribute values for people: their kind, and a text of one line."""

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
_MOST: Final = 300  # characters of a value in a cell


def kind(attribute: Attribute | None) -> str:
    """Return the type of an attribute value, `none` if there is no value."""
    return next(iter(attribute)) if attribute else "none"


def kind_name(attribute: Attribute | None) -> str:
    """Return the name of the type of an attribute value."""
    return KINDS[kind(attribute)] if attribute else "no value"


def plain(attribute: Attribute) -> Any:  # noqa: ANN401 - JSON
    """Return an attribute value as ordinary JSON.

    Sets become lists. A number becomes a text if a double would change its digits.
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
    """Return an item as ordinary JSON."""
    return {name: plain(value) for name, value in item.items()}


def exact_item(item: Mapping[str, Attribute]) -> dict[str, Any]:
    """Return an item as ordinary JSON whose numbers have all their digits.

    Only programs that keep the digits read such numbers exactly. Our own import does.
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
    """Return an attribute value as a short text for a cell."""
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
    """Return a number as a number of JSON, or its text if a double would change its digits."""
    try:
        number = int(text)
    except ValueError:
        pass
    else:
        return number if -(1 << 53) <= number <= 1 << 53 else text
    return float(text) if repr(float(text)) == text else text


def retyped(value: Any, before: Attribute | None) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return ordinary JSON as an attribute value.

    before: the value of the attribute before it was edited. JSON has no sets and no binaries, and
    its numbers have fewer digits. So the attribute keeps its type if a value of this type can have
    the content that was written.
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
    """Return an item of ordinary JSON as attribute values. before: the item before the edit."""
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
