"""Errors of SearchVectors' decoder of JSON, which names a place in the text (control-plane 15).

The texts are those of serde_json, a decoder in Rust. The place is where the decoder had read to, in
bytes: after the wrong value, or at the end of the object.
"""

import json
from typing import Final

from emulator.errors.base import CORAL, VALIDATE, ApiError

_BLANKS: Final = " \t\r\n"
_value: Final = json.JSONDecoder().raw_decode


class DecodingError(ApiError):
    """A required member of a request that is missing, or null.

    member: its name. expected: what the decoder expects instead of null; None if the member is
    missing. text: the request as JSON. Who has the text that the client sent makes the error anew
    with `located`.
    """

    def __init__(self, member: str, expected: str | None, text: bytes) -> None:
        self._member = member
        self._expected = expected
        line, column = _place(text.decode(), member if expected else None)
        place = f" at line {line} column {column}"
        if expected is None:
            super().__init__("ValidationException", f"missing field `{member}`{place}", namespace=VALIDATE)
        else:
            message = f"invalid type: null, expected {expected}{place}"
            super().__init__("SerializationException", message, namespace=CORAL, message_member="Message")

    def located(self, text: bytes) -> "DecodingError":
        """Return the error with the place in the text that the client sent, if it can be found."""
        try:
            return DecodingError(self._member, self._expected, text)
        except ValueError:  # such as a compressed body
            return self


def _place(text: str, null: str | None) -> tuple[int, int]:
    """Return line and column of the end of an object's member `null`, or of the object's end."""
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
