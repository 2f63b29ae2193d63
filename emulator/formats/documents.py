"""Recognises the kinds of document, and reads them.

A document is a file that is read as a whole, such as a template.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any, Final, NamedTuple

from emulator.formats import described
from emulator.formats.document import Document
from emulator.formats.input import Input
from emulator.formats.items import WRAPPERS, ItemReader, is_typed
from emulator.formats.json_text import with_numbers
from emulator.formats.records import WRONG_FORM, Place, Problem, Record, UnknownFormat


def definition_or_item(reader: ItemReader, place: Place, value: Any) -> Record:  # noqa: ANN401 - JSON
    """Return the record of a value, which is either the definition of a table or an item."""
    if described.is_create_input(value) or described.is_description(value):
        try:
            return described.definition(place, with_numbers(value))
        except WRONG_FORM:
            return Problem(place, "a member of this table definition is missing or has a wrong form")
        except RecursionError:
            return Problem(place, "this definition is nested too deeply")
    return reader.record(place, value)


def _described(document: Document) -> Iterator[Record]:
    yield described.definition(document.place("TableName"), document.content)


def _batch(document: Document) -> Iterator[Record]:
    return ItemReader().requests(document.content.get("RequestItems", document.content), document.file)


def _later(module: str) -> Callable[[Document], Iterator[Record]]:
    """Return a function that reads a document with a module's function `records`.

    The module is imported at the first call.
    """

    def read(document: Document) -> Iterator[Record]:
        found: Iterator[Record] = import_module(f"emulator.formats.{module}").records(document)
        return found

    return read


def _parameters_of(module: str) -> Callable[[Document], frozenset[str] | None]:
    """Return a function that calls a module's function `parameters`.

    The module is imported at the first call.
    """

    def parameters(document: Document) -> frozenset[str] | None:
        found: frozenset[str] | None = import_module(f"emulator.formats.{module}").parameters(document)
        return found

    return parameters


def _no_parameters(_document: Document) -> frozenset[str]:
    return frozenset()


def _read(read: Callable[[Document], Iterator[Record]], document: Document) -> Iterator[Record]:
    """Yield the records of a document. If a part of it has a wrong form, end with a Problem."""
    try:
        yield from read(document)
    except WRONG_FORM:
        yield Problem(document.place(), "a part of this document is missing or has a wrong form")


def _is_batch(content: Mapping[str, Any]) -> bool:
    requests = content.get("RequestItems", content)
    return isinstance(requests, dict) and all(
        isinstance(table, list) and all(isinstance(each, dict) and "PutRequest" in each for each in table)
        for table in requests.values()
    )


class _Kind(NamedTuple):
    """A kind of document.

    recognised: returns True if the content of a document is of this kind.
    read: yields the records of a document.
    parameters: returns the names of the template parameters that a document uses, or None if the
    document may use any parameter.
    """

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


def of_document(document: Document, reader: ItemReader) -> Input:
    """Return a document as an Input. Raises FormatError if the kind of the document is unknown.

    reader: makes records from the items of the document, if it has items.
    """
    path, content = document.file, document.content
    if isinstance(content, dict):
        kind = next((kind for kind in _DOCUMENTS if kind.recognised(content)), None)
        if kind is not None:
            whole = document if kind.read is _batch else replace(document, content=with_numbers(content))
            taken = kind.parameters(whole)
            return Input(path, defines=True, reader=lambda _types: _read(kind.read, whole), parameters=taken)
        if "Items" in content and isinstance(content["Items"], list):
            records = [reader.record(document.place("Items"), each) for each in content["Items"]]
            return Input(path, defines=False, reader=lambda _types: iter(records))
        if not content.keys().isdisjoint(WRAPPERS) or is_typed(content):
            record = reader.record(Place(path, 1), content)
            return Input(path, defines=False, reader=lambda _types: iter((record,)))
    if isinstance(content, list):
        found = [definition_or_item(reader, Place(path), each) for each in content]
        return Input(path, defines=True, reader=lambda _types: iter(found))
    raise UnknownFormat(
        Place(path),
        "this is neither a list of items nor a known definition of tables: expected items, the output of "
        "describe-table, a template of CloudFormation, SAM or CDK, `terraform show -json`, a Serverless file or a "
        "model of NoSQL Workbench",
    )
