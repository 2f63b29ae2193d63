"""Records, which readers yield: definitions of tables, items, problems, notices, with places."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

Item = dict[str, Any]
"""An item as DynamoDB JSON: `{"id": {"S": "a"}}`."""

Types = Mapping[str, str]
"""Names of key attributes -> their types, as in AttributeDefinitions."""


WRONG_FORM: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""The errors that reading a value raises if the value does not have the form of its format: a
number instead of a list, a missing member.
"""

_NAME: Final = "AttributeName"
# The most characters of a message, because a name in a hostile file may have millions.
_LONGEST: Final = 1000


class Place(NamedTuple):
    """A place in a file. line: counted from 1; 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def is_text(value: object) -> bool:
    """Return whether a value is a valid text.

    JSON may contain half of a surrogate pair, such as U+D800, which is not valid.
    """
    return isinstance(value, str) and (value.isascii() or value.isprintable() or _is_utf8(value))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _one_line(message: str) -> str:
    """Return a message as one line: names in it may have line breaks or control characters."""
    shown = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}... ({len(message):,} characters)"
    if shown.isprintable():
        return shown
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)


class ItemRecord(NamedTuple):
    """An item. table: the name of its table, None if the file does not name it."""

    place: Place
    table: str | None
    item: Item


class Setting(NamedTuple):
    """A setting of a table that CreateTable does not make.

    operation: the operation that makes it. request: its request without the name of the table.
    """

    operation: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of a table.

    create: the input of CreateTable. ttl: the attribute for time to live, None if the table has
    none. settings: what is set after the table has become ACTIVE.
    """

    place: Place
    create: dict[str, Any]
    ttl: str | None = None
    settings: tuple[Setting, ...] = ()

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.create["TableName"])

    def check(self) -> None:
        """Raise one of WRONG_FORM unless names and keys have the form that CreateTable needs.

        The loader needs names and keys before it calls the server. The server checks all other
        members.
        """
        members = [("AttributeDefinitions", "AttributeType"), ("KeySchema", "KeyType")]
        names = [each[name] for member, other in members for each in self.create[member] for name in (_NAME, other)]
        texts = (self.create["TableName"], *names, *(() if self.ttl is None else (self.ttl,)))
        if not all(map(is_text, texts)):
            raise TypeError("a name is not a text")
        # Raises an error for texts that are not UTF-8 and numbers that JSON does not have.
        orjson.dumps([self.create, *(setting.request for setting in self.settings)])


class Problem(NamedTuple):
    """A part of a file that cannot be read.

    The problem is reported and counted, and reading continues after that part.
    """

    place: Place
    text: str

    def __str__(self) -> str:
        return _one_line(f"{self.place}: {self.text}")


class Notice(NamedTuple):
    """A part of a file that the reader leaves out on purpose, such as a setting of backups."""

    place: Place
    text: str

    def __str__(self) -> str:
        return _one_line(f"{self.place}: {self.text}")


Record = ItemRecord | Definition | Problem | Notice


class FormatError(Exception):
    """A file cannot be read, or not to its end. `Input.records` turns the error into a Problem."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(_one_line(f"{place}: {text}"))
        self.place = place
        self.text = text


class TooLong(FormatError):
    """A file is too long to be read as a whole."""


class UnknownFormat(FormatError):
    """The format of a file is unknown. In a folder, such a file is left out with a notice."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options for reading files.

    delimiter, header: for CSV. By default, the delimiter depends on the file's ending, and the
    header is the first line. parameters: values for parameters of templates and for `${opt:...}`.
    environment: values for `${env:...}`.
    """

    delimiter: str | None = None
    header: tuple[str, ...] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


TypesOf = Callable[[str | None], Types]
"""A function that returns the types of a table's key attributes, for CSV.

It takes the name of the table, or None.
"""

Reader = Callable[[TypesOf], Iterator[Record]]
