"""Errors of SearchVectors' JSON decoder. Their messages name a position (control-plane 15).

The texts are those of serde_json, a decoder in Rust. The position says how far the decoder had
read when it found the error: to the end of a null value or, if a member is missing, to the end of
the object. Columns are counted in bytes.
"""

import json
from typing import Final

from emulator.errors.base import CORAL, VALIDATE, ApiError

_BLANKS: Final = " \t\r\n"
_value: Final = json.JSONDecoder().raw_decode


class DecodingError(ApiError):
    """The error for a required member of a request that is missing or null.

    member: the name of the member.
    expected: what the decoder expects instead of null; None if the member is missing.
    text: the request, written as JSON again. Its positions may differ from those in the client's
    body. So `http/front` calls `located`, which makes the error with the client's body.
    """

    def __init__(self, member: str, expected: str | None, text: bytes) -> None:
        self._member = member
        self._expected = expected
        line, column = _position(text.decode(), member if expected else None)
        position = f" at line {line} column {column}"
        if expected is None:
            super().__init__("ValidationException", f"missing field `{member}`{position}", namespace=VALIDATE)
        else:
            message = f"invalid type: null, expected {expected}{position}"
            super().__init__("SerializationException", message, namespace=CORAL, message_member="Message")

    def located(self, text: bytes) -> "DecodingError":
        """Return this error with the position in the body that the client sent.

        If that position cannot be found, return the error unchanged.
        """
        try:
            return DecodingError(self._member, self._expected, text)
        except ValueError:  # the body is not JSON text, for example because it is compressed
            return self


def _position(text: str, null: str | None) -> tuple[int, int]:
    """Return the line and column at which the decoder stopped.

    The decoder stops after the value of a required member that is null. If a required member is
    missing, the decoder stops at the end of the object.

    text: the request as JSON. null: the name of the member that is null, None if one is missing.
    """
    at = _skip(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = _value(text, at)
        value, at = _value(text, _skip(text, text.index(":", at) + 1))
        if name == null and value is None:
            return _counted(text[:at])
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return _counted(text[: at + 1])


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at


def _counted(read: str) -> tuple[int, int]:
    lines = read.split("\n")
    return len(lines), len(lines[-1].encode())
