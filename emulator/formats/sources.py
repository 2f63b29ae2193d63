"""Detects the format of files and folders, and reads them.

| path                                   | content                                                   |
|----------------------------------------|-----------------------------------------------------------|
| folder with `manifest-summary.json`    | an export; a file `definition.json` in it defines the table |
| any other folder                       | all files in it and below it                              |
| `*.csv`, `*.tsv`                       | CSV                                                       |
| `*.ion`, binary Ion, or a text that begins with `$ion_1_0` | items in Ion                          |
| `*.yaml`, `*.yml`                      | a document (`_DOCUMENTS`)                                 |
| JSON that begins with `[` or `{"Items": [` | a list of items or definitions                        |
| JSON objects, one in each line         | items                                                     |
| any other JSON                         | a document (`_DOCUMENTS`), or one item                    |

Each file may be compressed with gzip (`.gz`) or Zstandard (`.zst`). The items of a file belong to
the table with the file's name (without its endings), unless the file or the user names another
table.
"""  # noqa: W505 - a table

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import orjson

from emulator.formats import csv_rows, described, ion
from emulator.formats.bounds import LONGEST_DOCUMENT
from emulator.formats.document import Document, KeyLines
from emulator.formats.export_layout import DATA, FILES, ION, SUMMARY, DataFile, Export, is_export, read_export
from emulator.formats.files import HEAD, STDIN, UNREADABLE, document_text, opened, why
from emulator.formats.items import WRAPPERS, ItemReader, is_typed
from emulator.formats.json_text import Values, parse, with_numbers
from emulator.formats.records import (
    WRONG_FORM,
    Definition,
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
"""The file in an export's folder with the definition of its table. `dump` writes it."""

_KNOWN: Final = frozenset((".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".ion", ".yaml", ".yml", ".template"))
_COMPRESSED: Final = frozenset((".gz", ".zst"))
_SCAN: Final = re.compile(rb'\s*\{\s*"Items"\s*:\s*\[')
_TABLE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Source:
    """A file or export.

    defines: whether it may have definitions and so is read before others. parameters: the names of
    the parameters that it uses, None if it may use any.
    """

    name: str
    defines: bool
    reader: Reader
    parameters: frozenset[str] | None = frozenset()

    def records(self, types: TypesOf) -> Iterator[Record]:
        """Yield the records. If the file cannot be read to its end, the last one is a Problem."""
        try:
            for record in self.reader(types):
                yield _checked(record) if type(record) is Definition else record
        except RecursionError:
            yield Problem(Place(self.name), "this is nested too deeply")
        except FormatError as error:
            yield Problem(error.place, error.text)
        except UNREADABLE as error:
            yield Problem(Place(self.name), why(error))


def _checked(definition: Definition) -> Record:
    """Return a definition, or a problem if it does not have the form of one."""
    try:
        definition.check()
    except WRONG_FORM:
        return Problem(definition.place, "this is not a definition of a table: it needs a name, attributes and keys")
    return definition


def sources(paths: Iterable[str], options: ReadOptions) -> list[Source]:
    """Return the sources in these paths, those with definitions first."""
    folders: set[str] = set()
    found = list(chain.from_iterable(_of_path(path, options, folders, named=True) for path in paths))
    return sorted(found, key=lambda source: not source.defines)


def _of_path(path: str, options: ReadOptions, folders: set[str], *, named: bool) -> Iterator[Source]:
    """Yield the sources in a path.

    folders: the real paths of folders that were already read, because links may point to them.
    named: whether the user has named the path. Then it must exist, and may be a pipe.
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
        yield _of_record(path, Problem(Place(path), "this is nested too deeply"))


def _of_record(path: str, record: Record) -> Source:
    return Source(path, defines=True, reader=lambda _types: iter((record,)))


def _left_out(place: Place) -> Notice:
    return Notice(place, "left out: no known format")


def _of_folder(folder: Path, options: ReadOptions, folders: set[str]) -> Iterator[Source]:
    """Yield the sources in a folder. Raises FormatError, OSError."""
    if not is_export(folder):
        for path in sorted(folder.iterdir()):
            if not path.name.startswith("."):
                yield from _of_path(str(path), options, folders, named=False)
        return
    export = read_export(folder)
    if (folder / DEFINITION).is_file():
        yield from _of_path(str(folder / DEFINITION), options, folders, named=True)
    for data in export.files:
        yield Source(str(data.path), defines=False, reader=_data_reader(export, data))
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
    """Return the ending that names the format, in lower case, and the name without endings."""
    if path.suffix.lower() in _COMPRESSED:
        path = path.with_suffix("")
    return path.suffix.lower(), path.stem


def _of_file(path: str, options: ReadOptions) -> Source:
    ending, stem = _endings(Path(path))
    table = stem if path != STDIN and _TABLE_NAME.fullmatch(stem) else None
    head, stream = opened(path)
    if ending == ".ion" or ion.is_ion(head):
        content = _Content(path, stream)
        return Source(path, defines=False, reader=lambda _types: _ion(content, table))
    if ending in (".csv", ".tsv") or options.header:
        content = _Content(path, stream)
        return Source(path, defines=False, reader=lambda types: _csv(content, table, types, options))
    if ending in (".yaml", ".yml") or (ending == ".template" and not head.lstrip().startswith(b"{")):
        with stream:
            return _of_yaml(path, document_text(path, stream), options)
    return _of_json(path, table, head, stream, options)


class _Content:
    """The stream of a file for a later reader.

    Until then, the file is closed, unless it is a pipe.
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


def _of_json(path: str, table: str | None, head: bytes, stream: BinaryIO, options: ReadOptions) -> Source:
    start = head.lstrip()
    reader = ItemReader(table)
    if start.startswith(b"[") or _SCAN.match(head):
        defines, content = b'"KeySchema"' in head, _Content(path, stream)
        return Source(path, defines, lambda _types: _elements(reader, content))
    line, _, rest = start.partition(b"\n")
    second = rest.lstrip().partition(b"\n")[0]
    if (second or len(head) >= HEAD) and (_is_object(line) or _is_object(second)):
        content = _Content(path, stream)
        return Source(path, defines=False, reader=lambda _types: _lines(reader, content))
    try:
        with stream:
            text = document_text(path, stream)
    except TooLong:
        content = _Content(path, stream)
        if content.kept:
            raise
        return Source(path, defines=False, reader=lambda _types: _all_values(reader, content))
    if not text.strip():
        return Source(path, defines=False, reader=lambda _types: iter(()))
    try:
        whole = parse(text, path)
    except FormatError as error:
        if "Extra data" not in error.text:
            raise
        values = Values(BytesIO(text.encode()), path, longest=LONGEST_DOCUMENT)
        return Source(path, defines=False, reader=lambda _types: _values(reader, values))
    return _of_document(Document(path, whole, KeyLines(text), options), reader)


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
            yield _definition_or_item(reader, place, value)


def _lines(reader: ItemReader, content: _Content) -> Iterator[Record]:
    with content.open() as stream:
        yield from reader.lines(stream, content.path)


def _all_values(reader: ItemReader, content: _Content) -> Iterator[Record]:
    with content.open() as stream:
        yield from _values(reader, Values(stream, content.path, longest=LONGEST_DOCUMENT))


def _values(reader: ItemReader, values: Values) -> Iterator[Record]:
    for place, value in values.all():
        yield _definition_or_item(reader, place, value)


def _definition_or_item(reader: ItemReader, place: Place, value: Any) -> Record:  # noqa: ANN401 - JSON
    if described.is_create_input(value) or described.is_description(value):
        try:
            return described.definition(place, with_numbers(value))
        except WRONG_FORM:
            return Problem(place, "this is not the definition of a table: it has another form")
        except RecursionError:
            return Problem(place, "this definition is nested too deeply")
    return reader.record(place, value)


def _of_yaml(path: str, text: str, options: ReadOptions) -> Source:
    from emulator.formats.yaml_text import parse_yaml  # noqa: PLC0415 - an extra

    content = parse_yaml(text, path)
    return _of_document(Document(path, content, KeyLines(text), options), ItemReader())


# --- documents ------------------------------------------------------------------------------------


def _described(document: Document) -> Iterator[Record]:
    yield described.definition(document.place("TableName"), document.content)


def _batch(document: Document) -> Iterator[Record]:
    return ItemReader().requests(document.content.get("RequestItems", document.content), document.file)


def _later(module: str) -> Callable[[Document], Iterator[Record]]:
    """Return a function that imports a module when it is called, and calls its `records`."""

    def read(document: Document) -> Iterator[Record]:
        found: Iterator[Record] = import_module(f"emulator.formats.{module}").records(document)
        return found

    return read


def _parameters_of(module: str) -> Callable[[Document], frozenset[str] | None]:
    """Return a function that imports a module when it is called, and calls its `parameters`."""

    def parameters(document: Document) -> frozenset[str] | None:
        found: frozenset[str] | None = import_module(f"emulator.formats.{module}").parameters(document)
        return found

    return parameters


def _no_parameters(_document: Document) -> frozenset[str]:
    return frozenset()


def _read(read: Callable[[Document], Iterator[Record]], document: Document) -> Iterator[Record]:
    """Yield the records of a document, or a problem if the document has a wrong form."""
    try:
        yield from read(document)
    except WRONG_FORM:
        yield Problem(document.place(), "this document does not have the form that its members suggest")


def _is_batch(content: Mapping[str, Any]) -> bool:
    requests = content.get("RequestItems", content)
    return isinstance(requests, dict) and all(
        isinstance(table, list) and all(isinstance(each, dict) and "PutRequest" in each for each in table)
        for table in requests.values()
    )


class _Kind(NamedTuple):
    """A kind of document: a test that recognises it, its reader, and its parameters."""

    recognised: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Document], Iterator[Record]]
    parameters: Callable[[Document], frozenset[str] | None] = _no_parameters


def _is_template(content: Mapping[str, Any]) -> bool:
    return isinstance(content.get("Resources"), dict)


_DOCUMENTS: Final = (
    _Kind(described.is_description, _described),
    _Kind(described.is_create_input, _described),
    _Kind(lambda content: "DataModel" in content and "ModelName" in content, _later("workbench")),
    _Kind(lambda content: "terraform_version" in content or "planned_values" in content, _later("terraform")),
    _Kind(
        lambda content: "service" in content and "provider" in content,
        _later("serverless"),
        _parameters_of("serverless"),
    ),
    _Kind(_is_template, _later("cloudformation"), _parameters_of("cloudformation")),
    _Kind(lambda content: bool(content) and _is_batch(content), _batch),
)


def _of_document(document: Document, reader: ItemReader) -> Source:
    """Return the source of a document. Raises FormatError if its kind is unknown."""
    path, content = document.file, document.content
    if isinstance(content, dict):
        kind = next((kind for kind in _DOCUMENTS if kind.recognised(content)), None)
        if kind is not None:
            whole = document if kind.read is _batch else replace(document, content=with_numbers(content))
            taken = kind.parameters(whole)
            return Source(path, defines=True, reader=lambda _types: _read(kind.read, whole), parameters=taken)
        if "Items" in content and isinstance(content["Items"], list):
            records = [reader.record(document.place("Items"), each) for each in content["Items"]]
            return Source(path, defines=False, reader=lambda _types: iter(records))
        if not content.keys().isdisjoint(WRAPPERS) or is_typed(content):
            record = reader.record(Place(path, 1), content)
            return Source(path, defines=False, reader=lambda _types: iter((record,)))
    if isinstance(content, list):
        found = [_definition_or_item(reader, Place(path), each) for each in content]
        return Source(path, defines=True, reader=lambda _types: iter(found))
    raise UnknownFormat(
        Place(path),
        "this is neither a list of items nor a known definition of tables: expected items, the output of "
        "describe-table, a template of CloudFormation, SAM or CDK, `terraform show -json`, a Serverless file or a "
        "model of NoSQL Workbench",
    )
