"""Reads and writes items in Amazon Ion, like the service's exports (control-plane 4.4).

| DynamoDB         | Ion                                                                |
|------------------|--------------------------------------------------------------------|
| S, B, BOOL, NULL | string, blob, bool, null                                           |
| N                | decimal; an int or a finite float is read too                      |
| L, M             | list, struct                                                       |
| SS, NS, BS       | a list with the annotation `$dynamodb_SS`, `$dynamodb_NS`, `$dynamodb_BS` |

A file is a sequence of structs, as text or binary Ion: `{Item:{...}}`, or the records of an
incremental export. Reading needs the package amazon.ion (the extra `ion`). A string may have at
most 1 MiB. The package does not report line numbers. So problems have the number of the struct
instead of a line number.

Writing does not use the package, because it would take three times as long.
"""

import math
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, BinaryIO, Final, cast

import orjson

from emulator.formats.ion_bounds import MOST_SYMBOLS, BinaryBounds, TextBounds
from emulator.formats.items import WRAPPERS, ItemReader
from emulator.formats.records import FormatError, Item, Place, Problem, Record

_START: Final = b"$ion_1_0 "
_BINARY: Final = b"\xe0\x01\x00\xea"
_LONGEST_TEXT: Final = 1 << 20  # bytes; the maximum length of a string (an item has at most 400 KB)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*").fullmatch
_RESERVED: Final = re.compile(r"null|true|false|nan|\$[0-9]+").fullmatch
_SETS: Final = {"$dynamodb_SS": "SS", "$dynamodb_NS": "NS", "$dynamodb_BS": "BS"}
_OF_DAMAGED: Final = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)
"""The errors that reading damaged Ion raises in addition to the library's own error."""

_IMAGES: Final = ("Item", "Keys", "NewImage", "OldImage", "ExpressionAttributeValues")
_KINDS: Final = {"STRING": "S", "SYMBOL": "S", "BLOB": "B", "BOOL": "BOOL", "INT": "N", "DECIMAL": "N", "FLOAT": "N"}
"""Ion's types of scalars -> the types of attributes."""
_SCALARS: Final[Mapping[type, str]] = {str: "S", bytes: "B", bool: "BOOL", int: "N", Decimal: "N", float: "N"}


# --- writing --------------------------------------------------------------------------------------


def ion_line(item: Item) -> bytes:
    """Return the line of an item in an export, including the line feed."""
    return f"{{Item:{_struct(item)}}}".join(("$ion_1_0 ", "\n")).encode()


def record_line(record: Mapping[str, Item]) -> bytes:
    """Return the line of a record in an incremental export, including the line feed.

    record: name of a member, such as `Keys` or `NewImage` -> its attributes.
    """
    members = ",".join(f"{name}:{_struct(part)}" for name, part in record.items())
    return f"$ion_1_0 {{{members}}}\n".encode()


def _struct(item: Mapping[str, Any]) -> str:
    return "{" + ",".join([f"{_symbol(name)}:{_value(value)}" for name, value in item.items()]) + "}"


@lru_cache(maxsize=1024)
def _symbol(name: str) -> str:
    """Return the Ion text of a field's name, with quotes if the name is not an identifier."""
    if _IDENTIFIER(name) and not _RESERVED(name):
        return name
    escaped = orjson.dumps(name)[1:-1].decode().replace('\\"', '"').replace("'", "\\'")
    return f"'{escaped}'"


def _value(value: Mapping[str, Any]) -> str:
    for kind, content in value.items():
        if kind == "S":
            return orjson.dumps(content).decode()  # Ion has all escapes that JSON has
        if kind == "N":
            return _decimal(content)
        if kind == "M":
            return _struct(content)
        if kind == "L":
            return "[" + ",".join(map(_value, content)) + "]"
        if kind == "BOOL":
            return "true" if content else "false"
        if kind == "B":
            return f"{{{{{content}}}}}"
        if kind == "NULL":
            return "null"
        members = ",".join([_value({kind[0]: member}) for member in content])
        return f"$dynamodb_{kind}::[{members}]"
    raise AssertionError("a value has a type")


def _decimal(text: str) -> str:
    """Return the Ion decimal for a canonical number.

    It always has a dot, because Ion reads a number without a dot as an int.
    """
    return text if "." in text else text + "."


# --- reading --------------------------------------------------------------------------------------


def is_ion(head: bytes) -> bool:
    """Return True if a file that begins with these bytes is Ion."""
    return head.startswith((_BINARY, _START.rstrip()))


def structs(stream: BinaryIO, file: str) -> Iterator[Any]:
    """Yield the values in a stream as objects of `amazon.ion`. Raises FormatError.

    Binary Ion is read with the library's Python code, because its extension module never returns
    for some damaged files. The Python code has a fifth of the extension module's speed.
    """
    try:
        from amazon.ion.exceptions import IonException  # noqa: PLC0415 - an extra
        from amazon.ion.simpleion import IonPyValueModel, load, load_python  # noqa: PLC0415 - an extra
        from amazon.ion.symbols import SymbolTableCatalog  # noqa: PLC0415 - an extra
    except ImportError:
        raise FormatError(Place(file), "Ion needs the extra `ion`: pip install 'dynamodb-emulator[ion]'") from None
    plain = IonPyValueModel.MAY_BE_BARE | IonPyValueModel.SYMBOL_AS_TEXT | IonPyValueModel.STRUCT_AS_STD_DICT

    class Catalog(SymbolTableCatalog):  # type: ignore[misc]
        """A catalog without symbol tables.

        The library finds no symbol table in this catalog. So for each symbol table that a file
        imports, the library makes a placeholder, whose symbols have no texts. `resolve` limits the
        number of symbols in a placeholder.
        """

        def resolve(self, name: str, version: int, max_id: int | None) -> Any:  # noqa: ANN401 - the library's
            if max_id is not None and max_id > MOST_SYMBOLS:
                raise ValueError(f"the file imports {max_id} symbols, and the maximum is {MOST_SYMBOLS}")
            return super().resolve(name, version, max_id)

    shield = _Shield(stream, file)
    number = 1
    try:
        if shield.head == _BINARY:
            values = load_python(cast("Any", shield), Catalog(), single_value=False, parse_eagerly=False)
        else:
            values = load(
                cast("Any", shield),
                single_value=False,
                parse_eagerly=False,
                text_buffer_size_limit=_LONGEST_TEXT,
                value_model=plain,
            )
        for value in values:
            if shield.error is not None:
                break
            yield value
            number += 1
    except (IonException, *_OF_DAMAGED) as error:
        if shield.error is None:
            raise FormatError(Place(file, number), f"this is not Ion: {error}") from None
    if shield.error is not None:
        raise shield.error


class _Shield:
    """The stream that the Ion library reads. It never raises an exception.

    An exception would crash the library's extension module. If reading the file fails, this stream
    keeps the exception in `error`, and seems to end. The function `structs` raises the exception.
    """

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream: BinaryIO | TextBounds | BinaryBounds = stream
        self.error: Exception | None = None
        self.head = self._start = self._next(len(_BINARY))
        self._stream = BinaryBounds(stream, file) if self.head == _BINARY else TextBounds(stream, file)

    def read(self, size: int = -1) -> bytes:
        if self._start:
            start, self._start = self._start, b""
            return start
        return self._next(size)

    def tell(self) -> int:
        return 0

    def seek(self, _position: int) -> None:
        """Go back to the start. The library does this after it has read the first bytes."""
        self._start = self.head

    def _next(self, size: int) -> bytes:
        if self.error is None:
            try:
                return self._stream.read(size)
            except Exception as error:  # noqa: BLE001 - `structs` raises it
                self.error = error
        return b""


def wrapped(value: object) -> dict[str, Any] | str:
    """Convert a struct to the JSON of an item, or of a wrapper that ItemReader knows (items.py).

    If the struct is neither an item nor a wrapper, return a text that says why.
    """
    if not isinstance(value, Mapping):
        return "this is not an item: it is not a struct"
    try:
        if WRAPPERS.isdisjoint(value) or not all(isinstance(value.get(name, {}), Mapping) for name in _IMAGES):
            return _item(value)
        return {name: _item(part) if name in _IMAGES else _plain(part) for name, part in value.items()}
    except _NotAValue as error:
        return str(error)


def records(stream: BinaryIO, file: str, table: str | None) -> Iterator[Record]:
    """Yield the items of an Ion file. Raises FormatError. table: the items' table, if known."""
    reader = ItemReader(table)
    reader.ordinary = False
    for number, value in enumerate(structs(stream, file), 1):
        place = Place(file, number)
        found = wrapped(value)
        yield Problem(place, found) if isinstance(found, str) else reader.record(place, found)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any Ion value
    """Return a value with Python's str and dict in place of the library's types."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return str(value) if isinstance(value, str) else value


class _NotAValue(Exception):
    """A value of Ion that no attribute can have."""


def _item(struct: Mapping[str, Any]) -> Item:
    return {name: _attribute(value) for name, value in struct.items()}


def _attribute(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any Ion value
    kind = _kind(value)
    if kind is not None:
        return {kind: _content(kind, value)}
    if isinstance(value, Mapping):
        return {"M": _item(value)}
    if isinstance(value, list):
        annotations = (each.text for each in getattr(value, "ion_annotations", ()))
        found = next((_SETS[name] for name in annotations if name in _SETS), None)
        if found is None:
            return {"L": [_attribute(each) for each in value]}
        return {found: [_member(found[0], each) for each in value]}
    if value is None or type(value).__name__ == "IonPyNull":
        return {"NULL": True}
    raise _NotAValue(f"an attribute cannot have the value {value!r:.100}")


def _kind(value: Any) -> str | None:  # noqa: ANN401 - any Ion value
    """Return the attribute type of a scalar, such as "S"; None for any other value."""
    kind = _SCALARS.get(type(value))
    if kind is not None:
        return kind
    ion_type = getattr(value, "ion_type", None)
    return None if type(value).__name__ == "IonPyNull" or ion_type is None else _KINDS.get(ion_type.name)


def _content(kind: str, value: Any) -> Any:  # noqa: ANN401 - any scalar
    if kind == "N":
        if isinstance(value, float) and not math.isfinite(value):
            raise _NotAValue(f"{value} is not a number")
        return str(value)
    if kind == "BOOL":
        return bool(value)
    return b64encode(value).decode() if kind == "B" else str(value)


def _member(kind: str, value: Any) -> Any:  # noqa: ANN401 - any Ion value
    """Convert an Ion value to a member of a set. kind: the members' type, such as "N"."""
    if _kind(value) != kind:
        raise _NotAValue(f"a set of {kind} cannot have the member {value!r:.100}")
    return _content(kind, value)
