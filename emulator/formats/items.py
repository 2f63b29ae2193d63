"""Reads items from JSON: with types or as ordinary JSON, alone or inside a wrapper.

| wrapper                                          | source                                      |
|--------------------------------------------------|---------------------------------------------|
| `{"Item": item, "TableName"?}`                   | the service's export, GetItem, PutItem      |
| `{"PutRequest": {"Item": item}}`                 | BatchWriteItem                              |
| `{"Metadata", "Keys", "NewImage", ...}`          | an incremental export                       |
| the item itself                                  | lines and arrays, a scan's `Items`          |

A record of an incremental export without NewImage is a deletion, and becomes a problem.

The first item of a file decides how all its items are read: as items with types
(`{"id": {"S": "a"}}`) or as ordinary JSON (`{"id": "a"}`).
"""

from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, Final, cast

import orjson

from emulator.formats.bounds import LONGEST_ITEM, too_long
from emulator.formats.json_text import Number, Values
from emulator.formats.records import FormatError, ItemRecord, Place, Problem, Record, is_text

WRAPPERS: Final = frozenset(("Item", "PutRequest", "Keys"))
"""A JSON object with one of these members may be a wrapper around an item."""

_TYPES: Final[Mapping[str, type]] = {
    "S": str,
    "N": str,
    "B": str,
    "BOOL": bool,
    "NULL": bool,
    "L": list,
    "M": dict,
    "SS": list,
    "NS": list,
    "BS": list,
}


def is_typed(item: Mapping[str, Any]) -> bool:
    """Return True if an object is an item in DynamoDB JSON: each member is a value with a type.

    Raises RecursionError if the object is nested too deeply.
    """
    return bool(item) and all(map(_is_value, item.values()))


def _is_value(value: Any) -> bool:  # noqa: ANN401 - JSON
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    expected = _TYPES.get(kind)
    if expected is None or not isinstance(content, expected):
        return False
    return kind != "M" or all(map(_is_value, value["M"].values()))


def typed(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Convert an ordinary JSON value to an attribute value."""
    match value:
        case Number() | int() | float() if not isinstance(value, bool):
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case list():
            return {"L": [typed(each) for each in value]}
        case _:
            return {"M": {name: typed(each) for name, each in value.items()}}


def typed_record(place: Place, table: object, item: object) -> ItemRecord | Problem:
    """Return the record of an item with types, or a problem if the item is not a JSON object.

    table: the name of the item's table, None if unknown. The attribute values are not checked,
    because the server does that.
    """
    if type(item) is not dict:
        return Problem(place, "this is not an item: it is not a JSON object")
    if table is not None and not is_text(table):
        return Problem(place, "the name of the table is not a valid string")
    return ItemRecord(place, cast("str | None", table), item)


class ItemReader:
    """Makes records from the JSON objects of one file.

    table: the table of each item whose JSON object does not name a table.
    """

    def __init__(self, table: str | None = None) -> None:
        self._table = table
        self.ordinary: bool | None = None
        """True if the file's items are ordinary JSON, False if they have types.

        None before the first item is read.
        """

    def record(self, place: Place, value: object) -> ItemRecord | Problem:
        """Return the record of an item, which may be inside a wrapper."""
        try:
            return self._record(place, value)
        except RecursionError:
            return Problem(place, "this item is nested too deeply")

    def _record(self, place: Place, value: object) -> ItemRecord | Problem:
        if type(value) is not dict:
            return Problem(place, "this is not an item: it is not a JSON object")
        table: Any = self._table
        item: Any = value
        if WRAPPERS.isdisjoint(value) or is_typed(value):
            pass  # `value` is the item itself, even if the name of an attribute is in WRAPPERS
        elif "Item" in value and value.keys() <= {"Item", "TableName", "ConsumedCapacity"}:
            table, item = value.get("TableName", table), value["Item"]
        elif "PutRequest" in value and len(value) == 1:
            item = value["PutRequest"].get("Item") if type(value["PutRequest"]) is dict else None
        elif "Keys" in value and "Metadata" in value:
            if "NewImage" not in value:
                return Problem(place, "this record of an incremental export is a deletion, which cannot be loaded")
            item = value["NewImage"]
        if type(item) is dict and self.ordinary is None:
            self.ordinary = bool(item) and not is_typed(item)
        if type(item) is dict and self.ordinary:
            item = {name: typed(value) for name, value in item.items()}
        return typed_record(place, table, item)

    def lines(self, stream: BinaryIO, file: str) -> Iterator[Record]:
        """Yield the items in lines of JSON. A line may have several JSON objects."""
        for number, line in enumerate(iter(partial(stream.readline, LONGEST_ITEM + 1), b""), 1):
            place = Place(file, number)
            if len(line) > LONGEST_ITEM:
                yield Problem(place, too_long("the line", LONGEST_ITEM))
                _skip_line(stream, line)
                continue
            if not self.ordinary:
                try:
                    value = orjson.loads(line)
                except orjson.JSONDecodeError:
                    if line.strip():
                        yield from self._one_by_one(line, file, number)
                    continue
                if self.ordinary is not None or _certainly_typed(value):
                    yield self.record(place, value)
                    continue
            yield from self._one_by_one(line, file, number)

    def _one_by_one(self, line: bytes, file: str, number: int) -> Iterator[Record]:
        try:
            for place, value in Values(BytesIO(line.rstrip()), file, number).all():
                yield self.record(place, value)
        except FormatError as error:
            yield Problem(error.place, error.text)

    def requests(self, tables: Mapping[str, Any], file: str) -> Iterator[Record]:
        """Yield the items in BatchWriteItem's `RequestItems`."""
        for table, requests in tables.items():
            for request in requests:
                record = self.record(Place(file), request)
                yield typed_record(record.place, table, record.item) if isinstance(record, ItemRecord) else record


def _skip_line(stream: BinaryIO, part: bytes) -> None:
    """Skip the rest of a line. part: the part that was already read."""
    while part and not part.endswith(b"\n"):
        part = stream.readline(LONGEST_ITEM)


def _certainly_typed(value: object) -> bool:
    """Return True if the first line of a file has an item with types.

    value: the line, parsed by a fast parser that rounds numbers. In an item with types, numbers are
    texts, so they are not rounded. A line of ordinary JSON must be parsed again by a slower parser.
    """
    if type(value) is not dict:
        return False
    item = value.get("Item", value)
    try:
        return type(item) is dict and is_typed(item)
    except RecursionError:  # `record` reports this problem later
        return False
