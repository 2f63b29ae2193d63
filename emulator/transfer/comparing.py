"""Compares two tables: their definitions, then their items.

A comparison keeps the key and a digest of each item of the first table in memory, about 150 bytes.
So the memory grows with the number of items, but not with their size. If two items with the same
key have different digests, the item of the first table is read again, to find the attributes that
differ.

Two items are equal if DynamoDB treats them as equal: the order of the members of a set does not
matter, nor does the spelling of a number (1 and 1.0).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, Final

import orjson

from emulator.client.endpoint import Refused
from emulator.formats.described import create_input
from emulator.formats.records import Item
from emulator.transfer.endpoints import Connect, Endpoint
from emulator.transfer.frozen import scanned
from emulator.transfer.progress import Progress
from emulator.transfer.tables import describe, key_names

_MISSING: Final = "-"  # printed in place of the value of a missing member
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "AttributeDefinitions": ("AttributeName",),
    "GlobalSecondaryIndexes": ("IndexName",),
    "LocalSecondaryIndexes": ("IndexName",),
    "VectorIndexes": ("IndexName",),
    "KeySchema": ("KeyType",),
}
"""Names of lists whose order does not matter -> the member that identifies an element."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two tables to compare.

    connect: a function that opens the table's endpoint. table: the table's name.
    """

    connect: Connect
    table: str


def differences(first: Side, second: Side, progress: Progress) -> Iterator[str]:
    """Yield a line for each difference. Raises Refused or Unreachable if a server fails.

    A line begins with `+` for an item or a table that only `second` has, `-` for an item or a table
    that only `first` has, and `~` for a difference in an item or in the definitions.
    """
    with closing(first.connect()) as one, closing(second.connect()) as other:
        found, wanted = describe(one, first.table), describe(other, second.table)
        if found is None or wanted is None:
            if found is not None or wanted is not None:
                yield f"{'+' if found is None else '-'} table {second.table if found is None else first.table}"
            return
        yield from (f"~ definition: {line}" for line in _definition_lines(one, other, found, wanted))
        keys = key_names(found)
        if keys == key_names(wanted):
            yield from _item_lines(one, first, second, keys, progress)


def _definition_lines(one: Endpoint, other: Endpoint, found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    yield from _lines(_definition(one, found), _definition(other, wanted), "")


def _definition(endpoint: Endpoint, description: dict[str, Any]) -> dict[str, Any]:
    create = {name: value for name, value in create_input(description).items() if name != "TableName"}
    try:
        ttl = endpoint.call("DescribeTimeToLive", {"TableName": description["TableName"]})["TimeToLiveDescription"]
    except Refused:  # Some DynamoDB-compatible servers do not have this operation.
        return create
    if "AttributeName" in ttl:
        create["TimeToLive"] = ttl["AttributeName"]
    return create


def _lines(found: Any, wanted: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - a JSON value
    """Yield a line for each member that differs: `path: value in found -> value in wanted`.

    path: the path of `found` and `wanted` in the tables' definitions.
    """
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in sorted(found.keys() | wanted.keys()):
            inner = f"{path}.{name}" if path else name
            yield from _lines(_named(name, found.get(name)), _named(name, wanted.get(name)), inner)
    elif found != wanted:
        yield f"{path}: {_shown(found)} -> {_shown(wanted)}"


def _named(name: str, value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Convert a list to a mapping if `name`, the list's name, is in _NAMES.

    The keys of the mapping are the values of the member that identifies an element, such as
    IndexName. The values of the mapping have the other members. Return any other `value` unchanged.
    """
    if name not in _NAMES or not isinstance(value, list):
        return value
    (member,) = _NAMES[name]
    return {each[member]: {key: rest for key, rest in each.items() if key != member} for each in value}


def _shown(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return _MISSING if value is None else orjson.dumps(value).decode()


def _item_lines(one: Endpoint, first: Side, second: Side, keys: list[str], progress: Progress) -> Iterator[str]:
    digests: dict[bytes, bytes] = {}
    for page in scanned(first.connect)(first.table, 0, 1):
        for item in page:
            digests[_key(item, keys)] = _digest(item)
        progress.advance(len(page))
    for page in scanned(second.connect)(second.table, 0, 1):
        for item in page:
            key = _key(item, keys)
            digest = digests.pop(key, None)
            if digest is None:
                yield f"+ {_shown(item)}"
            elif digest != _digest(item):
                request = {"TableName": first.table, "Key": {name: item[name] for name in keys}, "ConsistentRead": True}
                before = one.call("GetItem", request).get("Item", {})
                yield from (f"~ {key.decode()} {line}" for line in _attribute_lines(before, item))
        progress.advance(len(page))
    yield from (f"- {key.decode()}" for key in digests)


def _attribute_lines(before: Item, after: Item) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after or canonical(before[name]) != canonical(after[name]):
            yield f"{name}: {_shown(before.get(name))} -> {_shown(after.get(name))}"


def _key(item: Item, keys: Iterable[str]) -> bytes:
    return orjson.dumps({name: canonical(item[name]) for name in keys})


def _digest(item: Item) -> bytes:
    whole = orjson.dumps({name: canonical(value) for name, value in item.items()}, option=orjson.OPT_SORT_KEYS)
    return blake2b(whole, digest_size=16).digest()


def canonical(value: dict[str, Any]) -> dict[str, Any]:
    """Return the canonical form of an attribute value: equal values become equal Python objects."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return {kind: _number(content)}
        case "NS":
            return {kind: sorted(map(_number, content))}
        case "SS" | "BS":
            return {kind: sorted(content)}
        case "L":
            return {kind: [canonical(each) for each in content]}
        case "M":
            return {kind: {name: canonical(each) for name, each in content.items()}}
        case _:
            return value


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if not number else plain
