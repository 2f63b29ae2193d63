"""Parses the items in the text of an import form, with the readers of emulator/formats."""

import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

from emulator.formats import csv_rows
from emulator.formats.items import ItemReader
from emulator.formats.json_text import Values
from emulator.formats.records import FormatError, ItemRecord, Problem, ReadOptions, Record, Types

_NAME: Final = "import"
_BOM: Final = "\ufeff"

Item = Mapping[str, Any]


def items_of(text: str, is_csv: bool, types: Types, key_names: Sequence[str]) -> tuple[list[Item], list[str]]:  # noqa: FBT001 - it chooses the kind of text
    """Return the items in a text, and messages about the problems in it.

    If several items have the same key, return only the last one: it would replace the others.
    is_csv: True for CSV, False for JSON.
    types: the types of the key attributes of the table and its indexes, by name.
    """
    data = text.removeprefix(_BOM).encode("utf-8", "replace")
    read = (
        csv_rows.rows(io.BytesIO(data), f"{_NAME}.csv", None, types, ReadOptions()) if is_csv else _of_json(data, types)
    )
    found: dict[str, Item] = {}
    problems: list[str] = []
    try:
        for record in read:
            if isinstance(record, ItemRecord) and not _is_json(record.item):
                problems.append(f"{record.place}: this item has a text that is not UTF-8, or it is nested too deeply")
            elif isinstance(record, ItemRecord):
                found[_key_of(record.item, key_names)] = record.item
            elif isinstance(record, Problem):
                problems.append(str(record))
    except FormatError as error:
        problems.append(str(error))
    return list(found.values()), problems


def _key_of(item: Item, key_names: Sequence[str]) -> str:
    """Return the primary key of an item as a text, which is the same for equal keys (1 and 1.0)."""
    return repr([_canonical(item.get(each)) for each in key_names])


def _canonical(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict) and isinstance(value.get("N"), str):
        try:
            return Decimal(value["N"]).normalize()
        except InvalidOperation:
            pass
    return value


def _is_json(item: Item) -> bool:
    """Return True if an item can be written as JSON.

    This is not possible for an item with half of a surrogate pair, such as U+D800.
    """
    try:
        orjson.dumps(item)
    except orjson.JSONEncodeError:
        return False
    return True


def _of_json(text: bytes, types: Types) -> Iterator[Record]:
    """Yield the items of a JSON array, of JSON lines, or of an answer of Scan.

    In ordinary JSON, key attributes get the types that the table has for them, as in CSV.
    """
    reader, values = ItemReader(), Values(io.BytesIO(text), _NAME)
    each = values.elements() if values.next() == "[" else values.all()
    for place, value in each:
        listed = value.get("Items") if isinstance(value, dict) else None
        for item in listed if isinstance(listed, list) else [value]:
            record = reader.record(place, item)
            if isinstance(record, ItemRecord) and reader.ordinary:
                record = record._replace(item=_with_key_types(record.item, types))
            yield record


def _with_key_types(item: Item, types: Types) -> dict[str, Any]:
    """Return an item whose key attributes have the right types.

    Ordinary JSON has strings for binaries and long numbers. This function converts the strings.
    """
    return {
        name: {types[name]: value["S"]} if types.get(name) in ("N", "B") and "S" in value else value
        for name, value in item.items()
    }
