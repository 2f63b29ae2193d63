"""What readers yield: definitions of tables, items, problems and notices, each with its place."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

Item = dict[str, Any]
"""An item as DynamoDB JSON: `{"id": {"S": "a"}}`."""

Types = Mapping[str, str]
"""Names of key attributes -> their types, as in AttributeDefinitions."""


WRONG_FORM: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a value raises that has not the form of its format: a number in the place of a
list, a missing member."""

_NAME: Final = "AttributeName"
_LONGEST: Final = 1000  # characters of a message: a name in a hostile file may have millions


class Place(NamedTuple):
    """Where something stands. line: counted from 1; 0 for the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def is_text(value: object) -> bool:
    r"""Say whether a value is a text of UTF-8. JSON may escape half a character: `\ud800`."""
    return isinstance(value, str) and (value.isascii() or value.isprintable() or _is_utf8(value))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _one_line(message: str) -> str:
    """Return a message as one line: names in it may have line breaks or control a terminal."""
    shown = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}... ({len(message):,} characters)"
    if shown.isprintable():
        return shown
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)


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

    def check(self) -> None:
        """Raise one of WRONG_FORM unless names and keys have the form that CreateTable takes.

        The server checks all else. Whoever loads a table needs these before they ask the server.
        """
        members = [("AttributeDefinitions", "AttributeType"), ("KeySchema", "KeyType")]
        names = [each[name] for member, other in members for each in self.create[member] for name in (_NAME, other)]
        texts = (self.create["TableName"], *names, *(() if self.ttl is None else (self.ttl,)))
        if not all(map(is_text, texts)):
            raise TypeError("a name is not a text")
        orjson.dumps(self.create)  # no texts that are not UTF-8, and no numbers that are not JSON


class Problem(NamedTuple):
    """Something that cannot be read. It is reported and counted; the other records are unharmed."""

    place: Place
    text: str

    def __str__(self) -> str:
        return _one_line(f"{self.place}: {self.text}")


class Notice(NamedTuple):
    """Something that the reader leaves out on purpose, such as point-in-time recovery."""

    place: Place
    text: str

    def __str__(self) -> str:
        return _one_line(f"{self.place}: {self.text}")


Record = ItemRecord | Definition | Problem | Notice


class FormatError(Exception):
    """A file, or the rest of it, cannot be read. A source turns it into a Problem."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(_one_line(f"{place}: {text}"))
        self.place = place
        self.text = text


class TooLong(FormatError):
    """A file is too long to be read as a whole."""


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
