"""What readers yield: definitions of tables, items, problems and notices, each with its place."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Item = dict[str, Any]
"""An item as DynamoDB JSON: `{"id": {"S": "a"}}`."""

Types = Mapping[str, str]
"""Names of key attributes -> their types, as in AttributeDefinitions."""


class Place(NamedTuple):
    """Where something stands. line: counted from 1; 0 for the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class ItemRecord(NamedTuple):
    """An item. table: its table's name, None if the file does not say it."""

    place: Place
    table: str | None
    item: Item


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of a table.

    create: the input of CreateTable. ttl: the attribute of the time to live, None without one.
    """

    place: Place
    create: dict[str, Any]
    ttl: str | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.create["TableName"])


class Problem(NamedTuple):
    """Something that cannot be read. It is reported and counted; the other records are unharmed."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Notice(NamedTuple):
    """Something that the reader leaves out on purpose, such as point-in-time recovery."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


Record = ItemRecord | Definition | Problem | Notice


class FormatError(Exception):
    """A file, or the rest of it, cannot be read. A source turns it into a Problem."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(f"{place}: {text}")
        self.place = place
        self.text = text


class UnknownFormat(FormatError):
    """A file is of no known kind. In a folder, such a file is left out with a notice."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reader cannot find in the files.

    delimiter, header: of CSV; without them the file's ending and its first line decide. parameters:
    values of the parameters of templates, and of `${opt:...}`. environment: for `${env:...}`.
    """

    delimiter: str | None = None
    header: tuple[str, ...] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


TypesOf = Callable[[str | None], Types]
"""The name of a table, or None -> the types of its key attributes; CSV needs them."""

Reader = Callable[[TypesOf], Iterator[Record]]
