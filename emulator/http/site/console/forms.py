"""Fields of a form or of a query string, and the errors for fields that are wrong."""

from collections.abc import Mapping, Sequence
from typing import Final, Self
from urllib.parse import parse_qsl

_MOST_FIELDS: Final = 5000
_TOO_LARGE: Final = 1 << 63


class BadForm(Exception):
    """A field of a form is wrong. The message is for the person who filled in the form."""


def integer(text: str, name: str) -> int:
    """Return the integer in a text. name: the field's name, for the message.

    Raises BadForm if the text is not an integer, or if the integer needs more than 64 bits.
    """
    try:
        found = int(text)
    except ValueError:
        raise BadForm(f"{name}: {text[:100] or 'an empty field'} is not an integer") from None
    if abs(found) >= _TOO_LARGE:
        raise BadForm(f"{name}: {text[:100]} is too large")
    return found


class Fields:
    """The fields of a form or query string. A name may have several values."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Parse an `application/x-www-form-urlencoded` text. Raises BadForm for too many fields."""
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise BadForm(f"the form has more than {_MOST_FIELDS} fields") from None
        return cls([(name, value.replace("\r\n", "\n")) for name, value in pairs])

    def text(self, name: str, default: str = "") -> str:
        """Return the first value of a field, or the default if it is missing."""
        return self._values.get(name, [default])[0]

    def texts(self, name: str) -> list[str]:
        """Return all values of a field."""
        return self._values.get(name, [])

    def required(self, name: str, label: str) -> str:
        """Return the value of a field. Raises BadForm if it is blank.

        label: the name of the field in the error message.
        """
        found = self.text(name)
        if not found.strip():
            raise BadForm(f"{label} is empty")
        return found

    def number(self, name: str, default: int | None = None) -> int:
        """Return a field as an integer, or the default if it is empty.

        Raises BadForm if the field is not an integer of at most 64 bits, or is empty without a
        default.
        """
        found = self.text(name).strip()
        if not found and default is not None:
            return default
        return integer(found, name)

    def flag(self, name: str) -> bool:
        """Return True if a checkbox is checked."""
        return bool(self.text(name))

    def chosen(self, name: str, choices: Sequence[str]) -> str:
        """Return the field's value, which must be one of the choices. Raises BadForm otherwise.

        If the field is missing, return the first choice.
        """
        found = self.text(name, choices[0])
        if found not in choices:
            raise BadForm(f"{name} must be one of these: {', '.join(choices)}")
        return found

    def all(self) -> Mapping[str, Sequence[str]]:
        """Return the values of all fields by their names."""
        return self._values
