"""Fields of forms that are numbers of seconds, JSON, or times."""

from datetime import UTC, datetime
from math import isfinite, nan
from typing import Any

import orjson

from emulator.http.site.console.forms import BadForm, Fields

_SHOWN = 60  # characters of a wrong value that an error repeats


def seconds(form: Fields, name: str, label: str) -> float:
    """Return a field as a number of seconds. Raises BadForm."""
    text = form.text(name).strip()
    # Python also reads digits of other scripts, and underscores.
    try:
        found = float(text) if text.isascii() and "_" not in text else nan
    except ValueError:
        found = nan
    if not isfinite(found):
        raise BadForm(f"{label}: {text[:_SHOWN] or 'an empty field'} is not a number of seconds")
    return found


def json_field(form: Fields, name: str, label: str) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON in a field, None if the field is empty. Raises BadForm."""
    text = form.text(name).strip()
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadForm(f"{label} is not JSON: {error}") from None


def moment(form: Fields, name: str, label: str) -> float | None:
    """Return a time in UTC as seconds since the epoch, None if the field is empty. Raises BadForm.

    The field has ISO 8601, as a browser sends it, or seconds since the epoch.
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
