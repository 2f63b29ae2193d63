"""Errors of SearchVectors' JSON decoder. Their messages name a place (control-plane 15).

The texts are those of serde_json, a decoder in Rust. The place is the last one that the decoder had
read, in bytes: the end of the wrong value, or the end of the object.
"""

import json
from typing import Final

from emulator.errors.base import CORAL, VALIDATE, ApiError

_BLANKS: Final = " \t\r\n"
_value: Final = json.JSONDecoder().raw_decode


class DecodingError(ApiError):
    """A required member of a request that is missing, or null.

    member: its name. expected: what the decoder expects instead of null; None if the member is
    missing. text: the request as JSON. `located` replaces the error once the body is known.
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
        """Return the error with the place in the client's body, if the place can be found."""
        try:
            return DecodingError(self._member, self._expected, text)
        except ValueError:  # for example, the body is compressed
            return self


def _place(text: str, null: str | None) -> tuple[int, int]:
    """Return line and column of the end of the object or, if it is null, of the member `null`."""
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
