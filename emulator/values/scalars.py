"""Parses the contents of scalar attribute values: S, N, B, BOOL and NULL.

The arguments of each parser are the JSON content of the value, the value itself, the list of
problems, and the nesting level of the value (see wire.py). A parser raises an ApiError for a wrong
JSON type, adds other mistakes to the list of problems, and returns the value's size in bytes.
"""

from binascii import a2b_base64, b2a_base64
from typing import Any, Final

from emulator import errors
from emulator.values.json_types import not_a_scalar, not_binary
from emulator.values.number import NumberError, canonical, stored_size
from emulator.values.problems import Problem, report
from emulator.values.size import utf8_size

Raw = dict[str, Any]
"""An attribute value before it is checked, as orjson parsed it."""

BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
"""Strings that the service accepts as a Boolean, in BOOL, NULL and other members of a request."""


def parse_string(content: object, _raw: Raw, _problems: list[Problem], _level: int) -> int:
    """Parse the content of S, which must be a string."""
    if type(content) is not str:
        raise not_a_scalar(content, "String")
    return utf8_size(content)


def parse_number(content: object, raw: Raw, problems: list[Problem], _level: int) -> int:
    """Parse the content of N, and replace it by its canonical text."""
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
    """Parse the content of BOOL, and replace a string such as "yes" by True or False."""
    if type(content) is not bool:
        raw["BOOL"] = boolean(content)
    return 1


def parse_null(content: object, raw: Raw, problems: list[Problem], _level: int) -> int:
    """Parse the content of NULL, which must mean true, and replace it by True."""
    if content is not True:
        if not boolean(content):
            return report(problems, "null_false")
        raw["NULL"] = True
    return 1


def boolean(content: object) -> bool:
    """Return the Boolean that some JSON means: a JSON Boolean, or a string in BOOLEANS.

    Raises ApiError for other JSON.
    """
    if type(content) is bool:
        return content
    if type(content) is not str:
        raise not_a_scalar(content, "Boolean")
    truth = BOOLEANS.get(content.lower())
    if truth is None:
        raise errors.not_a_boolean()
    return truth


def parse_binary(content: object, _raw: Raw, _problems: list[Problem], _level: int) -> int:
    """Parse the content of B, which must be base64 text."""
    return len(decoded(content))


def decoded(content: object) -> bytes:
    """Return the bytes that a base64 text encodes.

    Raises ApiError if the text is not valid base64. A text is also invalid if the encoding of its
    bytes is a different text.
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
