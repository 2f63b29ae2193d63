"""Limits the time and memory that reading an Ion file takes. The library has no limits.

The time that the library takes is quadratic in the digits of a number: a second for 20,000 digits.
A number of DynamoDB has at most 38. So `TextBounds` and `BinaryBounds` check the bytes before the
library reads them. Also, a file can import a symbol table of any size, and the library makes all
its symbols. MOST_SYMBOLS limits their number.
"""

import re
from typing import BinaryIO, Final

from emulator.formats.bounds import LONGEST_ITEM, too_long
from emulator.formats.records import FormatError, Place

MOST_SYMBOLS: Final = 100_000
"""The most symbols of an imported symbol table. Exports of the service import no table."""

_MOST_DIGITS: Final = 1_000
_LONG_NUMBER: Final = re.compile(rb"[:\[,(\s]-?(?:0[xX])?[0-9A-Fa-f_]{%d}" % _MOST_DIGITS)
_TAIL: Final = _MOST_DIGITS + 4
_TOO_LONG: Final = f"a number, or digits that may be one, has more than {_MOST_DIGITS:,} digits"

_VERSION: Final = 0xE0
_BOOL, _LIST, _SEXP, _STRUCT, _ANNOTATION = 1, 11, 12, 13, 14
_NUMBERS: Final = frozenset((2, 3, 5))  # positive and negative ints, decimals
_NULL, _LONG = 15, 14  # special lengths in four bits: the value is null; the length follows
_LONGEST_VARUINT: Final = 9  # bytes


class TextBounds:
    """A stream of text that refuses long numbers.

    It cannot tell where strings are. So it also refuses as many digits after a space in a string.
    """

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream = stream
        self._file = file
        self._tail = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes. Raises FormatError."""
        data = self._stream.read(size)
        window = self._tail + data
        if _LONG_NUMBER.search(window):
            raise FormatError(Place(self._file), _TOO_LONG)
        self._tail = window[-_TAIL:]
        return data


class BinaryBounds:
    """A stream of binary values that refuses large values and long numbers."""

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream = stream
        self._file = file
        self._value = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes. Raises FormatError."""
        if not self._value:
            self._value = self._next_value()
        data, self._value = self._value[:size], self._value[size:]
        return data

    def _next_value(self) -> bytes:
        """Return the bytes of the next value, with all values that it contains."""
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
        except IndexError:  # the value is damaged, which the library reports
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
    """Return the position of a value's content, and its length. Raises IndexError."""
    descriptor = data[position]
    if _has_varuint(descriptor):
        return _varuint(data, position + 1)
    kind, length = descriptor >> 4, descriptor & 15
    return position + 1, 0 if length == _NULL or kind == _BOOL else length


def _varuint(data: bytes, position: int) -> tuple[int, int]:
    """Return the position after a number, and the number. Raises IndexError."""
    number = 0
    for byte in data[position : position + _LONGEST_VARUINT]:
        position += 1
        number = number << 7 | byte & 0x7F
        if byte & 0x80:
            return position, number
    raise IndexError


def _has_long_number(value: bytes) -> bool:
    """Return whether a value contains a long number.

    In a damaged value, only the part before the damage is searched.
    """
    open_values = [(0, len(value), False)]  # position, end, whether it is a struct
    try:
        while open_values:
            position, end, struct = open_values.pop()
            if position >= end:
                continue
            if struct:
                position, _ = _varuint(value, position)  # the name of the field
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
