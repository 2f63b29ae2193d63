"""Parses fields of forms with a number of seconds, with JSON, or with a time."""

from datetime import UTC, datetime
from math import isfinite, nan
from typing import Any

import orjson

from emulator.http.site.console.forms import BadForm, Fields

_SHOWN = 60  # the maximum number of characters of a wrong value that a message quotes


def seconds(form: Fields, name: str, label: str) -> float:
    """Return the number in a field, such as a number of seconds.

    Raises BadForm if the field is not a number. label: the field's name in the error message.
    """
    text = form.text(name).strip()
    # `float` would also accept digits of other scripts, and underscores.
    try:
        found = float(text) if text.isascii() and "_" not in text else nan
    except ValueError:
        found = nan
    if not isfinite(found):
        raise BadForm(f"{label}: {text[:_SHOWN] or 'an empty field'} is not a number of seconds")
    return found


def json_field(form: Fields, name: str, label: str) -> Any:  # noqa: ANN401 - JSON
    """Return the parsed JSON in a field, or None if the field is empty.

    Raises BadForm if it is not JSON. label: the field's name in the error message.
    """
    text = form.text(name).strip()
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadForm(f"{label} is not JSON: {error}") from None


def moment(form: Fields, name: str, label: str) -> float | None:
    """Return the time in a field as seconds since the epoch, or None if the field is empty.

    The field has a time in ISO 8601 (UTC if it names no zone) or seconds since the epoch. Raises
    BadForm for any other text. label: the field's name in the error message.
    """
    text = form.text(name).strip()
    if not text:
        return None
    try:
        return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else _iso(text)
    except ValueError:
        raise BadForm(f"{label}: {text[:_SHOWN]} is not a time such as 2030-01-31T12:00:00") from None


def _iso(text: str) -> float:
    found = datetime.fromisoformat(text.removesuffix(" UTC"))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
