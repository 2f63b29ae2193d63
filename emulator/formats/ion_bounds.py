"""Limits the time and memory that reading an Ion file takes. The Ion library has no limits.

The time that the library takes is quadratic in the digits of a number: a second for 20,000 digits.
A number of DynamoDB has at most 38 digits. So `TextBounds` and `BinaryBounds` check the bytes of a
file for longer numbers before the library gets them. A file can also import a symbol table of any
size, and the library makes all symbols of the table. MOST_SYMBOLS limits their number.
"""

import re
from typing import BinaryIO, Final

from emulator.formats.bounds import LONGEST_ITEM, too_long
from emulator.formats.records import FormatError, Place

MOST_SYMBOLS: Final = 100_000
"""The maximum number of symbols in an imported symbol table.

Exports of the service import no symbol table.
"""

_MOST_DIGITS: Final = 1_000
_LONG_NUMBER: Final = re.compile(rb"[:\[,(\s]-?(?:0[xX])?[0-9A-Fa-f_]{%d}" % _MOST_DIGITS)
_TAIL: Final = _MOST_DIGITS + 4
_TOO_LONG: Final = f"more than {_MOST_DIGITS:,} digits in a row, which is too long for a number"

_VERSION: Final = 0xE0
_BOOL, _LIST, _SEXP, _STRUCT, _ANNOTATION = 1, 11, 12, 13, 14
_NUMBERS: Final = frozenset((2, 3, 5))  # types of a value: positive int, negative int, decimal
# Special lengths in the first byte of a binary value: 15 for a null, 14 if a VarUInt with the
# length follows.
_NULL, _LONG = 15, 14
_LONGEST_VARUINT: Final = 9  # the maximum length of a VarUInt (see `_varuint`), in bytes


class TextBounds:
    """A stream of text Ion that refuses long numbers.

    It does not know where strings begin and end. So it also refuses a string that contains a long
    number, for example after a space.
    """

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream = stream
        self._file = file
        self._tail = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`. Raises FormatError for a long number."""
        data = self._stream.read(size)
        window = self._tail + data
        if _LONG_NUMBER.search(window):
            raise FormatError(Place(self._file), _TOO_LONG)
        self._tail = window[-_TAIL:]
        return data


class BinaryBounds:
    """A stream of binary Ion that refuses large values and long numbers."""

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream = stream
        self._file = file
        self._value = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`.

        Raises FormatError for a large value or a long number.
        """
        if not self._value:
            self._value = self._next_value()
        data, self._value = self._value[:size], self._value[size:]
        return data

    def _next_value(self) -> bytes:
        """Return the bytes of the next value, including all values inside it; b"" at the end."""
        head = self._stream.read(1)
        if not head:
            return b""
        if head[0] == _VERSION:
            return head + self._stream.read(3)
        if _has_varuint(head[0]):
            while len(head) <= _LONGEST_VARUINT:
                byte = self._stream.read(1)
                head += byte
                if not byte or byte[0] & 0x80:
                    break
        try:
            _, length = _length(head, 0)
        except IndexError:  # the value is damaged, and the library reports this
            return head
        if length > LONGEST_ITEM:
            raise FormatError(Place(self._file), too_long("a value", LONGEST_ITEM))
        value = head + self._stream.read(length)
        if _has_long_number(value):
            raise FormatError(Place(self._file), _TOO_LONG)
        return value


def _has_varuint(descriptor: int) -> bool:
    kind, length = descriptor >> 4, descriptor & 15
    return kind != _BOOL and (length == _LONG or (kind == _STRUCT and length == 1))


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Return a pair: the position of a value's content, and the content's length in bytes.

    Raises IndexError if the value is damaged. position: where the value begins.
    """
    descriptor = data[position]
    if _has_varuint(descriptor):
        return _varuint(data, position + 1)
    kind, length = descriptor >> 4, descriptor & 15
    return position + 1, 0 if length == _NULL or kind == _BOOL else length


def _varuint(data: bytes, position: int) -> tuple[int, int]:
    """Read a VarUInt, Ion's unsigned integer with 7 bits in each byte.

    Return a pair: the position after the VarUInt, and its value. Raises IndexError if it has no
    end.
    """
    number = 0
    for byte in data[position : position + _LONGEST_VARUINT]:
        position += 1
        number = number << 7 | byte & 0x7F
        if byte & 0x80:
            return position, number
    raise IndexError


def _has_long_number(value: bytes) -> bool:
    """Return True if a value is or contains a long number.

    In a damaged value, only the part before the damage is searched.
    """
    open_values = [(0, len(value), False)]  # ranges to search: start, end, and True for the fields of a struct
    try:
        while open_values:
            position, end, struct = open_values.pop()
            if position >= end:
                continue
            if struct:
                position, _ = _varuint(value, position)  # skip the name of the field
            kind = value[position] >> 4
            content, length = _length(value, position)
            if kind in _NUMBERS and length > _MOST_DIGITS // 2:
                return True
            open_values.append((content + length, end, struct))
            if kind == _ANNOTATION:
                start, names = _varuint(value, content)
                open_values.append((start + names, content + length, False))
            elif kind in (_LIST, _SEXP, _STRUCT):
                open_values.append((content, content + length, kind == _STRUCT))
    except IndexError:
        pass
    return False
