"""The records that readers yield: definitions of tables, items, problems and notices.

Each record has its place, that is, file and line.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

Item = dict[str, Any]
"""An item as DynamoDB JSON: `{"id": {"S": "a"}}`."""

Types = Mapping[str, str]
"""Names of key attributes -> their types, as in AttributeDefinitions."""


WRONG_FORM: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""The errors that reading a value raises if the value has a wrong form.

Examples of a wrong form are a number instead of a list, and a missing member.
"""

_NAME: Final = "AttributeName"
# The maximum number of characters in a message. A name in a hostile file may have millions.
_LONGEST: Final = 1000


class Place(NamedTuple):
    """A place in a file. line: counted from 1; 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def is_text(value: object) -> bool:
    """Return True if a value is a valid string.

    JSON may contain half of a surrogate pair, such as U+D800, which is not valid in UTF-8.
    """
    return isinstance(value, str) and (value.isascii() or value.isprintable() or _is_utf8(value))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _one_line(message: str) -> str:
    """Return a message as one line. Escape line breaks and control characters in the message."""
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
    """A setting of a table for which an operation other than CreateTable must be called.

    operation: the name of the operation. request: the request for it, without TableName.
    """

    operation: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of a table.

    create: the input of CreateTable.
    ttl: the attribute for time to live, None if time to live is off.
    settings: the settings to make after the table has become ACTIVE.
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
        """Raise one of the exceptions in WRONG_FORM if CreateTable cannot be called with `create`.

        CreateTable cannot be called if the table's name, key schema or attribute definitions are
        missing, if a name or type is not a valid string, or if a value cannot be written as JSON.
        The server checks everything else.
        """
        members = [("AttributeDefinitions", "AttributeType"), ("KeySchema", "KeyType")]
        names = [each[name] for member, other in members for each in self.create[member] for name in (_NAME, other)]
        texts = (self.create["TableName"], *names, *(() if self.ttl is None else (self.ttl,)))
        if not all(map(is_text, texts)):
            raise TypeError("a name is not a text")
        # This raises TypeError for invalid UTF-8, and for a number of more than 64 bits.
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
    """A part of a file that the reader leaves out on purpose, such as the import of a table."""

    place: Place
    text: str

    def __str__(self) -> str:
        return _one_line(f"{self.place}: {self.text}")


Record = ItemRecord | Definition | Problem | Notice


class FormatError(Exception):
    """A file, or the rest of a file, cannot be read. `Input.records` yields a Problem for it."""

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

    delimiter: the character that separates the fields of CSV; None if the file's ending decides.
    header: the names of the attributes in CSV; None if the first line has the names.
    parameters: values for parameters of templates, and for `${opt:...}` in Serverless files.
    environment: values for `${env:...}` in Serverless files.
    """

    delimiter: str | None = None
    header: tuple[str, ...] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


TypesOf = Callable[[str | None], Types]
"""A function from the name of a table to the types of its key attributes. The reader of CSV calls
it, with None if the name of the table is not known.
"""

Reader = Callable[[TypesOf], Iterator[Record]]
