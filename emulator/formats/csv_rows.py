"""Reads and writes CSV by the rules of the service's import (control-plane 5.4).

The first line has the names of the attributes. The key attributes of the table and its indexes have
the types that the table's definition gives them. All other attributes are strings. An empty field
means that the item lacks the attribute.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final, TextIO

import orjson

from emulator.formats.bounds import LONGEST_ITEM, too_long
from emulator.formats.records import FormatError, Item, ItemRecord, Place, Problem, ReadOptions, Record, Types

# Python's default limit for a field is 128 KB, but an attribute can have almost 400 KB.
_LONGEST_FIELD: Final = 1 << 20


def rows(stream: BinaryIO, file: str, table: str | None, types: Types, options: ReadOptions) -> Iterator[Record]:
    """Yield the items of a CSV file. Raises FormatError.

    table: the name of the table that gets the items, None if unknown.
    types: the types of the table's key attributes.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    delimiter = options.delimiter or ("\t" if ".tsv" in file else ",")
    lines = _Lines(io.TextIOWrapper(stream, "utf-8", newline=""), file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    names = list(options.header) if options.header else None
    while True:
        line = reader.line_num + 1
        place = Place(file, line)
        lines.row = 0
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(place, f"this is not CSV: {error}")
            continue
        except UnicodeDecodeError:
            raise FormatError(place, "this or a following line is not UTF-8") from None
        if not fields:
            continue
        if names is None:
            names = fields
            if len(set(names)) < len(names) or "" in names:
                raise FormatError(place, "the header has an empty or repeated name")
        elif len(fields) > len(names):
            yield Problem(place, f"there are {len(fields)} fields, but the header has {len(names)} names")
        else:
            item = {name: {types.get(name, "S"): text} for name, text in zip(names, fields, strict=False) if text}
            yield ItemRecord(place, table, item)


class _Lines:
    """An iterator over the lines of a text, which raises FormatError if a CSV row is too long.

    row: the number of characters read so far of the current row, which may have several lines.
    `rows` sets it to 0 before each row.
    """

    def __init__(self, text: TextIO, file: str) -> None:
        self._text = text
        self._file = file
        self._number = 0
        self.row = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ITEM)
        if not line:
            raise StopIteration
        self._number += 1
        self.row += len(line)
        if self.row >= LONGEST_ITEM:
            raise FormatError(Place(self._file, self._number), too_long("this row", LONGEST_ITEM))
        return line


class CsvWriter:
    """Writes items as CSV rows. Sets, lists and maps become JSON texts.

    names: the attributes to write, in the order of the columns.
    """

    def __init__(self, stream: TextIO, names: Iterable[str]) -> None:
        self._names = list(names)
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(self._names)

    def write(self, items: Iterable[Item]) -> None:
        """Write a row for each item."""
        self._writer.writerows([_text(item.get(name)) for name in self._names] for item in items)


def _text(value: dict[str, Any] | None) -> str:
    if value is None:
        return ""
    ((kind, content),) = value.items()
    if kind == "NULL":
        return ""
    return content if kind in ("S", "N", "B") else orjson.dumps(content).decode()
