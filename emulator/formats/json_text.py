"""Reads a sequence of JSON values from a stream, with the line on which each value begins.

Only one value at a time is in memory.

Numbers become `Number`, which is a text, because a float would lose digits that DynamoDB keeps.
"""

import codecs
import json
import re
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any, BinaryIO, Final, NoReturn

from emulator.formats.bounds import LONGEST_ITEM, is_short_number, too_long
from emulator.formats.records import FormatError, Place


class Number(str):
    """The text of a number, as it is written in JSON."""

    __slots__ = ()


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_constant)
_CHUNK: Final = 1 << 16
_SPACE: Final = re.compile(r"[ \t\r\n]*+")
# If the parser finds an error in the last _TAIL characters of the text read so far, the reason may
# be that the rest of the value is not read yet.
_TAIL: Final = 16


def with_numbers(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value after converting each `Number` in it to a number of Python.

    A number with hundreds of digits becomes a text. No template needs such a number.
    """
    match value:
        case Number() if not is_short_number(value):
            return str(value)
        case Number():
            return int(value) if value.lstrip("-").isdigit() else float(value)
        case dict():
            return {name: with_numbers(each) for name, each in value.items()}
        case list():
            return [with_numbers(each) for each in value]
        case _:
            return value


def parse(text: str, file: str) -> Any:  # noqa: ANN401 - JSON
    """Parse a text that has one JSON value, and return the value. Raises FormatError."""
    try:
        return _DECODER.decode(text)
    except JSONDecodeError as error:
        raise FormatError(Place(file, error.lineno), f"this is not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(Place(file), f"this is not JSON: {error}") from None


class Values:
    """Reads JSON values and single characters from a stream.

    line: the line number of the stream's first line. longest: the maximum number of characters of a
    value.
    """

    def __init__(self, stream: BinaryIO, file: str, line: int = 1, longest: int = LONGEST_ITEM) -> None:
        self._stream = stream
        self._longest = longest
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._position = 0
        self._line = line
        self._ended = False

    @property
    def place(self) -> Place:
        """The place of the next character in the file."""
        return Place(self._file, self._line)

    def next(self) -> str:
        """Skip white space. Return the next character, which stays unread; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._position)
            assert space is not None, "the pattern for white space must also match an empty text"
            self._line += self._text.count("\n", self._position, space.end())
            self._position = space.end()
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Read one character. Raises FormatError if it is not `expected`."""
        found = self.next()
        if found != expected:
            raise FormatError(self.place, f"expected {expected} but found {found or 'the end of the file'}")
        self._position += 1

    def value(self) -> Any:  # noqa: ANN401 - JSON
        """Read a value. Raises FormatError."""
        self.next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._position)
            except JSONDecodeError as error:
                unfinished = error.pos + _TAIL >= len(self._text) or error.msg.startswith("Unterminated")
                if unfinished and self._more():
                    continue
                line = self._line + self._text.count("\n", self._position, error.pos)
                raise FormatError(Place(self._file, line), f"this is not JSON: {error.msg}") from None
            except (ValueError, RecursionError) as error:
                raise FormatError(self.place, f"this is not JSON: {error}") from None
            # A number at the end of the text read so far might continue in the rest of the file.
            if end == len(self._text) and self._more():
                continue
            self._line += self._text.count("\n", self._position, end)
            self._position = end
            return value

    def elements(self) -> Iterator[tuple[Place, Any]]:
        """Read an array. Yield a pair of place and value for each element. Raises FormatError."""
        self.take("[")
        if self.next() == "]":
            self.take("]")
            return
        while True:
            self.next()
            place = self.place
            yield place, self.value()
            if self.next() == "]":
                self.take("]")
                return
            self.take(",")

    def all(self) -> Iterator[tuple[Place, Any]]:
        """Read values until the stream ends. Yield a pair of place and value for each.

        Raises FormatError.
        """
        while self.next():
            place = self.place
            yield place, self.value()

    def _more(self) -> bool:
        """Read more text from the stream. Return False if the stream has ended.

        Each read at least doubles the text of a value that is not complete yet. After each read,
        the value is parsed again from its beginning. So a long value is not parsed too often.
        """
        if self._ended:
            return False
        left = self._text[self._position :]
        if len(left) > self._longest:
            raise FormatError(self.place, too_long("a value", self._longest))
        data = self._stream.read(max(_CHUNK, len(left)))
        self._ended = not data
        try:
            text = self._decode.decode(data, self._ended)
        except UnicodeDecodeError:
            raise FormatError(self.place, "this or a following line is not UTF-8") from None
        self._text = left + text
        self._position = 0
        return bool(data)
