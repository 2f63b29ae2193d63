"""Parses the contents of scalar attribute values: S, N, B, BOOL and NULL.

Each parser gets the JSON content of the value, the value itself, the list of problems and the
nesting level (see wire.py). It returns the size in bytes.
"""

from binascii import a2b_base64, b2a_base64
from typing import Any, Final

from emulator import errors
from emulator.values.json_types import not_a_scalar, not_binary
from emulator.values.number import NumberError, canonical, stored_size
from emulator.values.problems import Problem, report
from emulator.values.size import utf8_size

Raw = dict[str, Any]
"""A value as orjson parsed it."""

BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
"""Strings that are accepted as a Boolean, here and in other members of a request."""


def parse_string(content: object, _raw: Raw, _problems: list[Problem], _level: int) -> int:
    """Parse the content of S."""
    if type(content) is not str:
        raise not_a_scalar(content, "String")
    return utf8_size(content)


def parse_number(content: object, raw: Raw, problems: list[Problem], _level: int) -> int:
    """Parse the content of N, and store its canonical form in the value."""
    if type(content) is not str:
        raise not_a_scalar(content, "String")
    try:
        text = canonical(content)
    except NumberError as error:
        return report(problems, error.kind, error.text)
    if text is not content:
        raw["N"] = text
    return stored_size(text)


def parse_boolean(content: object, raw: Raw, _problems: list[Problem], _level: int) -> int:
    """Parse the content of BOOL, and store true or false in the value."""
    if type(content) is not bool:
        raw["BOOL"] = boolean(content)
    return 1


def parse_null(content: object, raw: Raw, problems: list[Problem], _level: int) -> int:
    """Parse the content of NULL, which must be true."""
    if content is not True:
        if not boolean(content):
            return report(problems, "null_false")
        raw["NULL"] = True
    return 1


def boolean(content: object) -> bool:
    """Return whether JSON means true or false. Raises if it means neither."""
    if type(content) is bool:
        return content
    if type(content) is not str:
        raise not_a_scalar(content, "Boolean")
    truth = BOOLEANS.get(content.lower())
    if truth is None:
        raise errors.not_a_boolean()
    return truth


def parse_binary(content: object, _raw: Raw, _problems: list[Problem], _level: int) -> int:
    """Parse the content of B."""
    return len(decoded(content))


def decoded(content: object) -> bytes:
    """Return the bytes of a base64 text.

    Raises an error if encoding these bytes would give another text.
    """
    if type(content) is not str:
        raise not_binary(content)
    if len(content) % 4:
        raise errors.base64_length(len(content))
    try:
        data = a2b_base64(content)
    except ValueError:
        raise errors.base64_tail() from None
    if b2a_base64(data, newline=False) != content.encode():
        raise errors.base64_tail()
    return data
