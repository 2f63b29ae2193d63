"""Detects the format of files and folders, and reads them.

| path                                   | content                                                   |
|----------------------------------------|-----------------------------------------------------------|
| folder with `manifest-summary.json`    | an export; the file `definition.json`, if it exists, defines the table |
| any other folder                       | all files in the folder and its subfolders                |
| `*.csv`, `*.tsv`                       | CSV                                                       |
| `*.ion`, binary Ion, or a text that begins with `$ion_1_0` | items in Ion                          |
| `*.yaml`, `*.yml`                      | a document (documents.py)                                 |
| JSON that begins with `[` or `{"Items": [` | a list of items or definitions                        |
| JSON objects, one in each line         | items                                                     |
| any other JSON                         | a document (documents.py), or one item                    |

Each file may be compressed with gzip (`.gz`) or Zstandard (`.zst`). The items of a file belong to
the table with the file's name (without its endings), unless the file or the user names another
table.
"""  # noqa: W505 - a table

import os
import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from emulator.formats import csv_rows, ion
from emulator.formats.bounds import LONGEST_DOCUMENT
from emulator.formats.document import Document, KeyLines
from emulator.formats.documents import definition_or_item, of_document
from emulator.formats.export_folders import DATA, FILES, ION, SUMMARY, DataFile, Export, is_export, read_export
from emulator.formats.files import HEAD, STDIN, document_text, opened, why
from emulator.formats.input import Input
from emulator.formats.items import ItemReader
from emulator.formats.json_text import Values, parse
from emulator.formats.records import (
    FormatError,
    Notice,
    Place,
    Problem,
    Reader,
    ReadOptions,
    Record,
    TooLong,
    TypesOf,
    UnknownFormat,
)

DEFINITION: Final = "definition.json"
"""The file in an export's folder that defines the table. `dump` writes it; the service does not."""

_KNOWN: Final = frozenset((".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".ion", ".yaml", ".yml", ".template"))
_COMPRESSED: Final = frozenset((".gz", ".zst"))
_SCAN: Final = re.compile(rb'\s*\{\s*"Items"\s*:\s*\[')
_TABLE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


def inputs(paths: Iterable[str], options: ReadOptions) -> list[Input]:
    """Return the inputs (files and exports to read) at these paths and in folders below them.

    Inputs with definitions of tables come first.
    """
    folders: set[str] = set()
    found = list(chain.from_iterable(_of_path(path, options, folders, named=True) for path in paths))
    return sorted(found, key=lambda source: not source.defines)


def _of_path(path: str, options: ReadOptions, folders: set[str], *, named: bool) -> Iterator[Input]:
    """Yield the inputs in a file or folder.

    folders: the real paths of folders that were already read. A link to one of these is skipped.
    named: True if the user has named this path, False if it was found in a folder. A named path
    must exist, and may be a pipe. A file in a folder is left out if its ending is unknown.
    """
    try:
        place = Path(path)
        if path != STDIN and place.is_dir():
            real = os.path.realpath(place)
            if real not in folders:
                folders.add(real)
                yield from _of_folder(place, options, folders)
        elif named or (_endings(place)[0] in _KNOWN and place.is_file()):
            yield _of_file(path, options)
    except UnknownFormat as error:
        yield _of_record(path, Problem(error.place, error.text) if named else _left_out(error.place))
    except FormatError as error:
        yield _of_record(path, Problem(error.place, error.text))
    except OSError as error:
        yield _of_record(path, Problem(Place(path), why(error)))
    except RecursionError:
        yield _of_record(path, Problem(Place(path), "the values in this file are nested too deeply"))


def _of_record(path: str, record: Record) -> Input:
    return Input(path, defines=True, reader=lambda _types: iter((record,)))


def _left_out(place: Place) -> Notice:
    return Notice(place, "left out: its format is unknown")


def _of_folder(folder: Path, options: ReadOptions, folders: set[str]) -> Iterator[Input]:
    """Yield the inputs in a folder.

    Raises FormatError if the manifest of an export is wrong, and OSError if the folder cannot be
    read.
    """
    if not is_export(folder):
        for path in sorted(folder.iterdir()):
            if not path.name.startswith("."):
                yield from _of_path(str(path), options, folders, named=False)
        return
    export = read_export(folder)
    if (folder / DEFINITION).is_file():
        yield from _of_path(str(folder / DEFINITION), options, folders, named=True)
    for data in export.files:
        yield Input(str(data.path), defines=False, reader=_data_reader(export, data))
    known = {SUMMARY, FILES, DATA, DEFINITION}
    for path in sorted(folder.iterdir()):
        if path.name not in known and path.is_dir():
            yield from _of_path(str(path), options, folders, named=False)


def _data_reader(export: Export, data: DataFile) -> Reader:
    def read(_types: TypesOf) -> Iterator[Record]:
        path = str(data.path)
        _, stream = opened(path)
        count = 0
        with stream:
            if export.output_format == ION:
                records = ion.records(stream, path, export.table)
            else:
                records = ItemReader(export.table).lines(stream, path)
            for record in records:
                count += 1
                yield record
        if data.items is not None and count != data.items:
            yield Problem(Place(str(data.path)), f"the file has {count} items, but its manifest says {data.items}")

    return read


def _endings(path: Path) -> tuple[str, str]:
    """Return a pair: the ending that names the format, in lower case, and the name without endings.

    An ending for compression, such as `.gz`, does not name a format.
    """
    if path.suffix.lower() in _COMPRESSED:
        path = path.with_suffix("")
    return path.suffix.lower(), path.stem


def _of_file(path: str, options: ReadOptions) -> Input:
    ending, stem = _endings(Path(path))
    table = stem if path != STDIN and _TABLE_NAME.fullmatch(stem) else None
    head, stream = opened(path)
    if ending == ".ion" or ion.is_ion(head):
        content = _Content(path, stream)
        return Input(path, defines=False, reader=lambda _types: _ion(content, table))
    if ending in (".csv", ".tsv") or options.header:
        content = _Content(path, stream)
        return Input(path, defines=False, reader=lambda types: _csv(content, table, types, options))
    if ending in (".yaml", ".yml") or (ending == ".template" and not head.lstrip().startswith(b"{")):
        with stream:
            return _of_yaml(path, document_text(path, stream), options)
    return _of_json(path, table, head, stream, options)


class _Content:
    """The content of a file that a reader will open later.

    Until then, a regular file is closed. A pipe or stdin stays open, because it cannot be opened
    again.
    """

    def __init__(self, path: str, stream: BinaryIO) -> None:
        self.path = path
        self._stream = stream
        self.kept = path == STDIN or not Path(path).is_file()
        if not self.kept:
            stream.close()

    def open(self) -> BinaryIO:
        return self._stream if self.kept else opened(self.path)[1]


def _csv(content: _Content, table: str | None, types: TypesOf, options: ReadOptions) -> Iterator[Record]:
    with content.open() as stream:
        yield from csv_rows.rows(stream, content.path, table, types(table), options)


def _ion(content: _Content, table: str | None) -> Iterator[Record]:
    with content.open() as stream:
        yield from ion.records(stream, content.path, table)


def _of_json(path: str, table: str | None, head: bytes, stream: BinaryIO, options: ReadOptions) -> Input:
    start = head.lstrip()
    reader = ItemReader(table)
    if start.startswith(b"[") or _SCAN.match(head):
        defines, content = b'"KeySchema"' in head, _Content(path, stream)
        return Input(path, defines, lambda _types: _elements(reader, content))
    line, _, rest = start.partition(b"\n")
    second = rest.lstrip().partition(b"\n")[0]
    if (second or len(head) >= HEAD) and (_is_object(line) or _is_object(second)):
        content = _Content(path, stream)
        return Input(path, defines=False, reader=lambda _types: _lines(reader, content))
    try:
        with stream:
            text = document_text(path, stream)
    except TooLong:
        content = _Content(path, stream)
        if content.kept:
            raise
        return Input(path, defines=False, reader=lambda _types: _all_values(reader, content))
    if not text.strip():
        return Input(path, defines=False, reader=lambda _types: iter(()))
    try:
        whole = parse(text, path)
    except FormatError as error:
        if "Extra data" not in error.text:
            raise
        values = Values(BytesIO(text.encode()), path, longest=LONGEST_DOCUMENT)
        return Input(path, defines=False, reader=lambda _types: _values(reader, values))
    return of_document(Document(path, whole, KeyLines(text), options), reader)


def _is_object(line: bytes) -> bool:
    try:
        return type(orjson.loads(line)) is dict
    except orjson.JSONDecodeError:
        return False


def _elements(reader: ItemReader, content: _Content) -> Iterator[Record]:
    with content.open() as stream:
        values = Values(stream, content.path)
        if values.next() == "{":
            values.take("{")
            values.value()
            values.take(":")
        for place, value in values.elements():
            yield definition_or_item(reader, place, value)


def _lines(reader: ItemReader, content: _Content) -> Iterator[Record]:
    with content.open() as stream:
        yield from reader.lines(stream, content.path)


def _all_values(reader: ItemReader, content: _Content) -> Iterator[Record]:
    with content.open() as stream:
        yield from _values(reader, Values(stream, content.path, longest=LONGEST_DOCUMENT))


def _values(reader: ItemReader, values: Values) -> Iterator[Record]:
    for place, value in values.all():
        yield definition_or_item(reader, place, value)


def _of_yaml(path: str, text: str, options: ReadOptions) -> Input:
    from emulator.formats.yaml_text import parse_yaml  # noqa: PLC0415 - an extra

    content = parse_yaml(text, path)
    return of_document(Document(path, content, KeyLines(text), options), ItemReader())
